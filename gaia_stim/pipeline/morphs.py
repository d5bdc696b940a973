"""Continua: stimuli on paths between images."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import MorphConfig
from gaia_stim.dataset import image_ids
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file
from gaia_stim.images import Pixels
from gaia_stim.pipeline.models import open_space
from gaia_stim.space import SPACINGS
from gaia_stim.space.paths import Line
from gaia_stim.space.space import Space
from gaia_stim.space.spacing import Spaced
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.sets import (
    SHEET,
    STIMULI,
    Sheet,
    StimulusSet,
    reconstruction_error,
    stands,
    stimulus_ids,
    write_set,
)
from gaia_stim.tables import look_up


@dataclass(frozen=True)
class MorphResult:
    """Where the continuum is, and how even its steps are."""

    out: Path
    stimuli: int
    sheet: Path
    spacing: str
    steps_cv_before: float
    steps_cv: float
    model_hash: str


@dataclass(frozen=True)
class Source:
    """An image that stimuli are made of."""

    source_id: str
    path: str
    image_hash: str


def morph(config: MorphConfig, listen: Listener = silent) -> MorphResult:
    """Make a continuum between two images and write it as a stimulus set.

    Raises `DataError` for an unreadable image, `CheckpointError` for the model, `ConfigError` where the folder holds
    something else.
    """
    place_stimuli = look_up(SPACINGS, "spacing", config.spacing)
    out = config.out or Path(f"morph_{config.first.stem}_{config.second.stem}")
    space = open_space(config.model, listen)
    pictures = [space.prepare(path) for path in (config.first, config.second)]
    sources = describe_sources([config.first, config.second])
    request = {
        "verb": "morph",
        "options": {
            name: value for name, value in config.request().items() if name not in ("first", "second", "model")
        },
        "model_hash": space.model_hash,
        "sources": [source.image_hash for source in sources],
    }
    if stands(out, request, config.force):
        listen(Note(f"{out} holds this very set already: nothing to do"))
        return _result(out)
    line = Line(*space.encode(pictures))
    spaced: Spaced = place_stimuli(lambda t: space.decode(line(t)), config.steps)
    write_set(
        out,
        _stimuli(space, config, line, spaced, pictures, sources),
        config.steps,
        provenance(request, space, sources) | {"path": {"kind": "line"}, "spacing": _spacing_record(config, spaced)},
        Sheet(title=f"{config.first.name} to {config.second.name}, alpha"),
        listen,
        continuum=True,
    )
    return _result(out)


def _result(out: Path) -> MorphResult:
    made = StimulusSet.open(out)
    spacing = made.provenance["spacing"]
    return MorphResult(
        out,
        len(made),
        out / SHEET,
        spacing["spacing"],
        spacing["steps_cv_before"],
        spacing["steps_cv"],
        made.provenance["model"]["model_hash"],
    )


def describe_sources(paths: list[Path]) -> list[Source]:
    """The images that stimuli are made of, with ids and hashes for manifest and provenance."""
    ids = image_ids([path.name for path in paths])
    if len(set(ids)) < len(ids):
        ids = image_ids([path.absolute().as_posix() for path in paths])
    return [Source(name, str(path), hash_file(path)) for name, path in zip(ids, paths, strict=True)]


def provenance(request: dict[str, Any], space: Space, sources: list[Source]) -> dict[str, Any]:
    """What every set tells of how it was made, to make it again on the same build. No dates: same in, same out."""
    import torch

    return {
        "gaia_stim": gaia_stim.__version__,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "request": request,
        "model": {
            "run": str(space.run),
            "model_hash": space.model_hash,
            "model": space.config.model.model_dump(),
        },
        "sources": [vars(source) for source in sources],
    }


def _stimuli(
    space: Space, config: MorphConfig, line: Line, spaced: Spaced, ends: list[Pixels], sources: list[Source]
) -> Iterator[tuple[Row, Pixels]]:
    last = config.steps - 1
    ids = stimulus_ids("m", config.steps)
    rendered = chain.from_iterable(space.rendered(line(spaced.places)))
    for position, (stim_id, alpha, picture) in enumerate(zip(ids, spaced.places, rendered, strict=True)):
        end = {0: ends[0], last: ends[1]}.get(position)
        raw = config.raw_endpoints and end is not None
        row = Row(
            stim_id=stim_id,
            image=f"{STIMULI}/{stim_id}.png",
            kind="morph",
            position=position,
            alpha=float(alpha),
            source_ids=";".join(source.source_id for source in sources),
            raw=int(raw),
            reconstruction_error=None if end is None else reconstruction_error(end if raw else picture, end),
            model_hash=space.model_hash,
        )
        yield row, end if raw and end is not None else picture


def _spacing_record(config: MorphConfig, spaced: Spaced) -> dict[str, Any]:
    return {
        "spacing": config.spacing,
        "step_metric": "RMS difference of sRGB pixels",
        "steps_cv_before": spaced.variation_before,
        "steps_cv": spaced.variation,
    }
