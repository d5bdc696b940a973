"""Making a set again from its provenance, and saying what differs.

The plan in the provenance has every code to the bit, and the model is known by the hash of its weights: nothing else is
needed, but for images that are shown as they are. A set that was processed is processed again.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaia_stim.config import ProcessingConfig, RemakeConfig, make
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file, hash_json, read_json
from gaia_stim.images import IMAGE_SUFFIXES, Pixels, find_images
from gaia_stim.outputs import FILES, files_in, stands
from gaia_stim.pipeline.match import process
from gaia_stim.pipeline.models import open_space_by_hash
from gaia_stim.pipeline.sets import Source, build
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import STIMULI
from gaia_stim.stimuli.plan import Plan, hash_pixels
from gaia_stim.stimuli.sets import PROVENANCE, SET, StimulusSet, beside, write_set


class _Record(BaseModel):
    """What is needed of a provenance; it may have more."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class _Model(_Record):
    run: str
    model_hash: str


class _Step(_Record):
    options: dict[str, Any]
    made_of: dict[str, Any]


class _Provenance(_Record):
    threads: int = Field(ge=1, le=1024)
    request: dict[str, Any]
    model: _Model
    sources: list[Source]
    plan: dict[str, Any]
    processing: list[_Step] = []


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


@dataclass(frozen=True)
class RemakeResult:
    """Where the set is that was made again, and how it compares."""

    out: Path
    stimuli: int
    model: Path
    compared_with: Path | None
    identical: bool | None
    """Whether every file is the same, byte for byte; None where there was nothing to compare with."""
    different: list[Difference]
    different_files: list[str]
    """Others than the stimuli."""
    changed_build: list[Change]


def remake(config: RemakeConfig, listen: Listener = silent) -> RemakeResult:
    """Make a set again from its provenance and compare it with what is there.

    Raises `DataError` where the provenance is damaged or an image that is needed is gone, `CheckpointError` where the
    model is not found, `ConfigError` where the folder holds something else.
    """
    is_set = config.target.is_dir()
    given = StimulusSet.open(config.target) if is_set else None
    if given:
        given.rows()  # a manifest that is damaged, or leads elsewhere, is refused before anything is made
    provenance = given.provenance if given else _read(config.target)
    record = _checked(provenance, config.target)
    plan = Plan.from_json(record.plan)
    out = config.out or beside(config.target if is_set else config.target.parent, "_remade")
    if out.resolve() in (config.target.resolve(), config.target.resolve().parent):
        raise ConfigError(f"{out}: is the set itself; give another --out")
    space = open_space_by_hash(record.model.model_hash, Path(record.model.run), config.model, listen)
    if plan.codes.shape[1] != space.latent:
        raise DataError(f"{config.target}: its codes have {plan.codes.shape[1]} numbers, the model's {space.latent}")
    with _threads(record.threads):
        now = build()
        if stands(out, SET, record.request, force=config.force):
            listen(Note(f"{out} holds this very set already: only compared"))
            made = StimulusSet.open(out)
        else:
            plan = _with_sources(plan, record.sources, space, config.images)
            made = _make(out, plan, space, {**provenance, **now}, record, listen)
    different = _differences(given, made) if given else []
    files = _different_files(given.folder, made.folder) if given else []
    changes = [
        Change(name, str(provenance[name]), str(value))
        for name, value in now.items()
        if name in provenance and provenance[name] != value
    ]
    for text in _say(given, different, files, changes):
        listen(Note(text, warning=True))
    identical = None if given is None else not (different or files)
    return RemakeResult(
        out, len(made), space.run, given.folder if given else None, identical, different, files, changes
    )


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise DataError(f"{path}: no such stimulus set or provenance.json")
    found = read_json(path)
    if not isinstance(found, dict):
        raise DataError(f"{path}: not the provenance of a stimulus set")
    return found


def _checked(provenance: Mapping[str, Any], where: Path) -> _Provenance:
    try:
        return _Provenance.model_validate(provenance)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"{where}: not the provenance of a stimulus set ('{place}': {first['msg'].lower()})") from None


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """As many threads as then: sums come out in another order on another number of them."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _with_sources(plan: Plan, sources: list[Source], space: Space, folder: Path | None) -> Plan:
    """The plan with its images, where they are found; raw stimuli cannot be made without. Raises `DataError`."""
    wanted = set(plan.source_hashes.values())
    elsewhere: dict[str, Path] = {}
    if wanted and folder is not None:
        elsewhere = {hash_file(path): path for path in find_images(folder)}
    found: dict[str, Pixels] = {}
    for source in sources if wanted else ():
        path = Path(source.path)
        if path.suffix.lower() not in IMAGE_SUFFIXES:  # a measured scale
            continue
        if not (path.is_file() and hash_file(path) == source.image_hash):
            if source.image_hash not in elsewhere:
                continue
            path = elsewhere[source.image_hash]
        pixels = space.prepare(path)
        if (name := hash_pixels(pixels)) in wanted:
            found[name] = pixels
    plan = replace(plan, sources={at: found[name] for at, name in plan.source_hashes.items() if name in found})
    if missing := [row for row in plan.rows if row.raw and row.position not in plan.sources]:
        named = {source.source_id: source.path for source in sources}
        parents = {named.get(parent, parent) for row in missing for parent in (row.source_ids or "").split(";")}
        raise DataError(
            f"{missing[0].stim_id} is a source image itself, which is not in the provenance, and not one of "
            f"{', '.join(sorted(parents))} is there as it was; name a folder that has it with --images"
        )
    return plan


def _make(
    out: Path, plan: Plan, space: Space, provenance: Mapping[str, Any], record: _Provenance, listen: Listener
) -> StimulusSet:
    requests = [*(step.made_of for step in record.processing), record.request]
    start = {name: value for name, value in provenance.items() if name not in ("plan", "processing")}
    start = {**start, "request": requests[0], "model": {**provenance["model"], "run": str(space.run)}}
    if not record.processing:
        return write_set(out, plan, space, start, listen)
    with tempfile.TemporaryDirectory(prefix="gaia-stim-") as folder:
        made = write_set(Path(folder) / "0", plan, space, start, listen)
        for number, (step, request) in enumerate(zip(record.processing, requests[1:], strict=True), start=1):
            options = make(ProcessingConfig, step.options)
            is_last = number == len(record.processing)
            made = process(made, options, out if is_last else Path(folder) / str(number), request, listen)
    return made


def _differences(given: StimulusSet, made: StimulusSet) -> list[Difference]:
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


def _different_files(given: Path, made: Path) -> list[str]:
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


def _say(
    given: StimulusSet | None, different: list[Difference], files: list[str], changes: list[Change]
) -> Iterator[str]:
    if given and different:
        yield f"{len(different)} of {len(given)} stimuli are not the same"
    elif given and (others := [name for name in files if name not in (PROVENANCE,)]):
        yield f"all stimuli are the same, but not {', '.join(others)}"
    if changes and (different or given is None):
        told = "; ".join(f"{change.what} {change.then}, now {change.now}" for change in changes)
        yield f"the build is not the same: {told}"
