"""Continua: stimuli on paths between images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.config import InterpolateConfig, MorphConfig
from gaia_stim.events import Listener, silent
from gaia_stim.images import Pixels
from gaia_stim.metrics.distance import pixel_distance
from gaia_stim.pipeline.ingredients import Gain, Ingredients, encoded, gains, gather
from gaia_stim.pipeline.models import open_space
from gaia_stim.pipeline.sets import Source, make_set
from gaia_stim.space import PATHS
from gaia_stim.space import paths as shapes
from gaia_stim.space.paths import Places
from gaia_stim.space.space import Space
from gaia_stim.space.spacing import HumanScale, Spaced, Spacing, choose_spacing, unevenness
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import SHEET, StimulusSet
from gaia_stim.tables import look_up

WHEEL = "wheel"
TURN = 360.0


@dataclass(frozen=True)
class MorphResult:
    """Where the continuum is, and how even its steps are."""

    out: Path
    stimuli: int
    sheet: Path
    path: str
    spacing: str
    steps_cv_before: float
    steps_cv: float
    refinement: tuple[Gain, ...]
    model_hash: str


def morph(config: MorphConfig, listen: Listener = silent) -> MorphResult:
    """Make a continuum between two images and write it as a stimulus set.

    Raises `DataError` for an unreadable image, `CheckpointError` for the model, `ConfigError` where the folder holds
    something else.
    """
    spacing = choose_spacing(config.spacing)
    out = config.out or Path(f"morph_{config.first.stem}_{config.second.stem}")
    space = open_space(config.model, listen)
    images = gather(space, [config.first, config.second])
    made = make_set(
        out,
        config,
        space,
        [*images.sources, *measured(spacing)],
        lambda: _morph_plan(config, space, spacing, images, listen),
        listen,
        force=config.force,
    )
    return _result(out, made)


def interpolate(config: InterpolateConfig, listen: Listener = silent) -> MorphResult:
    """Make stimuli on one path through several images and write them as a stimulus set; raises as `morph`."""
    look_up(PATHS, "path", config.path)
    spacing = choose_spacing(config.spacing)
    out = config.out or Path(f"{config.path}_{config.images[0].stem}_{config.images[-1].stem}")
    space = open_space(config.model, listen)
    images = gather(space, config.images)
    made = make_set(
        out,
        config,
        space,
        [*images.sources, *measured(spacing)],
        lambda: _path_plan(config, space, spacing, images, listen),
        listen,
        force=config.force,
    )
    return _result(out, made)


def measured(spacing: Spacing) -> list[Source]:
    """The file of a measured scale: what stimuli are made of as much as images are."""
    if not isinstance(spacing, HumanScale):
        return []
    return [Source("measured_scale", str(spacing.file), spacing.file_hash)]


def _morph_plan(config: MorphConfig, space: Space, spacing: Spacing, images: Ingredients, listen: Listener) -> Plan:
    ends = encoded(space, images, config.refine, listen)
    line = shapes.Line(*ends.codes)
    stretch = (0.0 - config.extrapolate, 1.0 + config.extrapolate)
    spaced = spacing(lambda t: space.decode(line(t)), config.steps, stretch)
    rows = _rows("morph", spaced.places, images.sources)
    if config.raw_endpoints and not isinstance(spacing, HumanScale):
        spaced = _between_photographs(spaced, space, line, images.pictures)
    if config.raw_endpoints:
        rows = [replace(row, raw=int(row.position in (0, config.steps - 1))) for row in rows]
    return Plan(
        rows=rows,
        codes=line(spaced.places),
        title=f"{config.first.name} to {config.second.name}, alpha",
        record={"path": {"kind": "line"}, **ends.record},
        measured=lambda: {"spacing": spaced.record(config.spacing)},
        continuum=True,
        sources=_standing(images, spaced.places, np.array([0.0, 1.0])),
    )


def _between_photographs(spaced: Spaced, space: Space, line: shapes.Line, photographs: list[Pixels]) -> Spaced:
    """The same places, their steps measured as written: a photograph is a jump away from its reconstruction.

    They are not moved for it: no stimulus in between can make up for that jump.
    """
    distance = spaced.distance or pixel_distance

    def written(t: Places) -> Pixels:
        shown = space.decode(line(t))
        shown[t == 0], shown[t == 1] = photographs
        return shown

    def measure() -> tuple[float, float]:
        even = np.linspace(0, 1, len(spaced.places))
        return unevenness(written, distance, even), unevenness(written, distance, spaced.places)

    return replace(spaced, measure=measure)


def _path_plan(
    config: InterpolateConfig, space: Space, spacing: Spacing, images: Ingredients, listen: Listener
) -> Plan:
    points = encoded(space, images, config.refine, listen)
    path = look_up(PATHS, "path", config.path)(points.codes)
    is_wheel = config.path == WHEEL
    # The last place of a turn is the first one again: it counts as a step, and is not shown twice.
    spaced = spacing(lambda t: space.decode(path(t)), config.steps + is_wheel)
    places = spaced.places[: config.steps]
    rows = _rows("wheel" if is_wheel else "path", places, images.sources)
    if is_wheel:
        rows = [replace(row, angle_deg=TURN * row.position / config.steps) for row in rows]
    return Plan(
        rows=rows,
        codes=path(places),
        title=f"{config.path} through {', '.join(given.name for given in config.images)}",
        record={
            "path": {"kind": config.path, "sources_at": _marks(images.sources, path.knots)},
            **points.record,
        },
        measured=lambda: {"spacing": spaced.record(config.spacing)},
        continuum=True,
        sources=_standing(images, places, path.knots),
    )


def _rows(kind: str, places: Places, sources: Sequence[Source]) -> list[Row]:
    ids = ";".join(source.source_id for source in sources)
    return [
        replace(Row.numbered(kind, position, len(places)), alpha=float(alpha), source_ids=ids)
        for position, alpha in enumerate(places)
    ]


def _marks(sources: Sequence[Source], knots: Places) -> list[dict[str, Any]]:
    return [{"source_id": source.source_id, "at": float(at)} for source, at in zip(sources, knots, strict=True)]


def _standing(images: Ingredients, places: Places, knots: Places) -> dict[int, Pixels]:
    """By position: the image that a stimulus stands for, where it is exactly at one."""
    at = {float(knot): picture for knot, picture in zip(knots, images.pictures, strict=True)}
    return {position: at[float(place)] for position, place in enumerate(places) if float(place) in at}


def _result(out: Path, made: StimulusSet) -> MorphResult:
    plan = made.provenance["plan"]
    return MorphResult(
        out,
        len(made),
        out / SHEET,
        plan["path"]["kind"],
        plan["spacing"]["name"],
        plan["spacing"]["steps_cv_before"],
        plan["spacing"]["steps_cv"],
        gains(plan),
        made.provenance["model"]["model_hash"],
    )
