"""A set made again from its provenance, and what is not as it was.

The plan in the provenance has every code to the bit, and the model is known by the hash of its weights: nothing else is
needed, but for images that are shown as they are. A set that was processed is processed again.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.config import ProcessingConfig, make
from gaia_stim.errors import DataError
from gaia_stim.events import Listener
from gaia_stim.files import hash_file, hash_json, read_json
from gaia_stim.images import Pixels, find_images, hash_pixels, is_image
from gaia_stim.metrics.photometry import display_of
from gaia_stim.outputs import FILES, files_in
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import STIMULI
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.processing.matching import Way
from gaia_stim.stimuli.processing.process import process
from gaia_stim.stimuli.provenance import Provenance, Source
from gaia_stim.stimuli.sets import PROVENANCE, StimulusSet
from gaia_stim.stimuli.sources import SourceImage, read_source
from gaia_stim.stimuli.writing import write_set


@dataclass(frozen=True)
class Difference:
    """A stimulus that is not the same."""

    stim_id: str
    what: str
    largest: int | None = None
    """Of the differences of its pixels, in levels of 8 bits."""
    pixels: float | None = None
    """Share of the pixels that differ."""


@dataclass(frozen=True)
class Change:
    """Something that the bytes of a stimulus can depend on, and that is not as it was."""

    what: str
    then: str
    now: str


@contextmanager
def threads_as_then(count: int) -> Iterator[None]:
    """As many threads as then: sums come out in another order on another number of them."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def with_sources(plan: Plan, sources: Sequence[Source], space: Space, folder: Path | None) -> Plan:
    """The plan with its images, where they are found; photographs and raw stimuli cannot be made without.

    Raises `DataError`, naming the image that is gone.
    """
    wanted = set(plan.source_hashes.values())
    needed = set(plan.carrying.ids) if plan.carrying else set()
    images = _found(sources, space, folder) if wanted or needed else {}
    seen = {hash_pixels(image.picture): image.picture for image in images.values()}
    plan = replace(plan, sources={at: seen[name] for at, name in plan.source_hashes.items() if name in seen})
    paths = {source.source_id: source.path for source in sources}
    if plan.carrying is not None:
        if gone := [name for name in plan.carrying.ids if name not in images]:
            raise DataError(
                f"{paths.get(gone[0], gone[0])}: the photograph is not there as it was; name a folder that has it with "
                "--images, or take the model's own pictures with --size model"
            )
        return replace(plan, carrying=plan.carrying.reading(space, images))
    if missing := [row for row in plan.rows if row.raw and row.position not in plan.sources]:
        parents = {paths.get(parent, parent) for row in missing for parent in (row.source_ids or "").split(";")}
        raise DataError(
            f"{missing[0].stim_id} is a source image itself, which is not in the provenance, and not one of "
            f"{', '.join(sorted(parents))} is there as it was; name a folder that has it with --images"
        )
    return plan


def _found(sources: Sequence[Source], space: Space, folder: Path | None) -> dict[str, SourceImage]:
    """The images among the sources, by id, where they are as they were: in their places, else in the folder."""
    elsewhere = {hash_file(path): path for path in find_images(folder)} if folder is not None else {}
    found: dict[str, SourceImage] = {}
    for source in sources:
        path = Path(source.path)
        if path.is_file() and not is_image(path):  # a measured scale
            continue
        if not (path.is_file() and hash_file(path) == source.image_hash):
            if source.image_hash not in elsewhere:
                continue
            path = elsewhere[source.image_hash]
        found[source.source_id] = read_source(space, source, path)
    return found


def made_again(
    out: Path, plan: Plan, space: Space, provenance: Mapping[str, Any], record: Provenance, listen: Listener
) -> StimulusSet:
    """A set rendered from its plan and processed as it was, with what its provenance says of this build."""
    requests = [*(step.made_of for step in record.processing), record.request]
    start = {name: value for name, value in provenance.items() if name not in ("plan", "processing")}
    start = {**start, "request": requests[0], "model": {**provenance["model"], "run": str(space.run)}}
    if not record.processing:
        return write_set(out, plan, space, start, listen)
    with tempfile.TemporaryDirectory(prefix="gaia-stim-") as folder:
        made = write_set(Path(folder) / "0", plan, space, start, listen)
        for number, (step, request) in enumerate(zip(record.processing, requests[1:], strict=True), start=1):
            way = Way(make(ProcessingConfig, step.options), display_of(step.display), step.method)
            is_last = number == len(record.processing)
            made = process(made, way, out if is_last else Path(folder) / str(number), request, listen)
    return made


def differences(given: StimulusSet, made: StimulusSet) -> list[Difference]:
    """The stimuli of two sets that are not the same, and how far apart their pixels are."""
    now = {row.stim_id: row for row in made.rows()}
    found = []
    for row in given.rows():
        if row.stim_id not in now:
            found.append(Difference(row.stim_id, "is in the manifest, and not in the plan of the provenance"))
            continue
        again = now.pop(row.stim_id)
        try:
            image_hash, then = given.picture(row.image)
        except DataError as error:
            found.append(Difference(row.stim_id, str(error).removeprefix(f"{given.folder}/")))
            continue
        if image_hash == row.image_hash == again.image_hash:
            continue
        largest, share = _difference(then, made.picture(again.image)[1])
        if image_hash != row.image_hash:
            what = "its file was changed after the set was written"
        else:
            what = "is another picture here" if largest != 0 else "has the same pixels, compressed to other bytes"
        found.append(Difference(row.stim_id, what, largest, share))
    return found + [Difference(name, "is in the plan of the provenance, and not in the manifest") for name in now]


def _difference(a: Pixels, b: Pixels) -> tuple[int | None, float | None]:
    if a.shape != b.shape:
        return None, None
    levels = np.abs(a.astype(np.int16) - b)
    return int(levels.max()), float((levels > 0).any(axis=-1).mean())


def different_files(given: Path, made: Path) -> list[str]:
    """The other files of two sets that are not the same, by name."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in (given, made)
        for _, path in files_in(folder)
        if path.is_file() and path.parent.name != STIMULI
    }
    return [name for name in sorted(names) if _hash(given / name) != _hash(made / name)]


def _hash(path: Path) -> str | None:
    if path.name == PROVENANCE and path.is_file():
        # Sets of version 0.1 do not say the hashes of their files, which are compared themselves.
        return hash_json({name: value for name, value in read_json(path).items() if name != FILES})
    return hash_file(path) if path.is_file() else None
