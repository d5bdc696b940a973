"""Continua: stimuli on paths between images, as plans.

plan = morph_plan(space, "anna.png", "bert.png", steps=9, spacing="pixel")
pictures = plan.pictures(space)
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.errors import in_brief
from gaia_stim.events import Listener, silent
from gaia_stim.images import Pixels
from gaia_stim.metrics.distance import pixel_distance, variation
from gaia_stim.space import PATHS
from gaia_stim.space import paths as shapes
from gaia_stim.space.paths import Codes, Places
from gaia_stim.space.photographs import Weights
from gaia_stim.space.space import Image, Space
from gaia_stim.space.spacing import HumanScale, Spaced, choose_spacing, unevenness
from gaia_stim.space.varying import VARY_BOTH, Vary
from gaia_stim.stimuli.carrying import RESTORED, SOURCE, Size
from gaia_stim.stimuli.judging import judged
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sources import SourceImage, encoded, gather, joined_ids
from gaia_stim.tables import look_up

WHEEL = "wheel"
TURN = 360.0
NAMED = 12


def morph_plan(
    space: Space,
    a: Image | SourceImage,
    b: Image | SourceImage,
    steps: int,
    spacing: str = "latent",
    *,
    extrapolate: float = 0.0,
    raw_endpoints: bool = False,
    pixels_per_degree: float | None = None,
    refine: int = 0,
    points: Path | None = None,
    size: str = SOURCE,
    detail: str = RESTORED,
    vary: Vary = VARY_BOTH,
    listen: Listener = silent,
) -> Plan:
    """`steps` stimuli from `a` (alpha 0) to `b` (alpha 1), each end moved outwards by `extrapolate`.

    With `raw_endpoints` the ends are the images themselves, as they are anyway where photographs are carried along
    (`size`: "source", "model" or pixels; see `stimuli.carrying`). `pixels_per_degree` is how large the stimuli are to
    the eye, for "nlpd" spacing. `points` is a file of points of the images, which come to lie on one another.
    With `vary` only shape or texture goes from one to the other. Raises `DataError` for an image that cannot be read or
    a measured scale or points that do not fit, `ConfigError` for an unknown spacing.

    >>> from gaia_stim.samples import deal, draw_face
    >>> a, b = (draw_face(deal(face, seed=7), size=64) for face in (2, 5))
    >>> space = Space.load()
    >>> [row.alpha for row in morph_plan(space, a, b, steps=5, extrapolate=0.5).rows]
    [-0.5, 0.0, 0.5, 1.0, 1.5]
    """
    images = gather(space, [a, b])
    own = Size.of(space, images, size, detail)
    spaced_by = choose_spacing(spacing, own.degrees(space, pixels_per_degree), listen)
    ends = encoded(space, images, refine, points, listen, is_carried=own.side is not None)
    codes = vary.codes(space, ends.codes)
    shapes.check_apart(codes, len(codes))
    line = shapes.Line(*codes)
    weights, moves = (share(ends.codes, between_two) for share in (vary.weights, vary.shapes))
    render = own.render(space, images, ends, line, weights, moves, steps, spacing)
    spaced = spaced_by(render, steps, (0.0 - extrapolate, 1.0 + extrapolate))
    rows = _rows("morph", spaced.places, images)
    if raw_endpoints and own.side is None and not isinstance(spaced_by, HumanScale):
        spaced = _between_photographs(spaced, space, line, [image.picture for image in images])
    if raw_endpoints:
        rows = [replace(row, raw=int(row.position in (0, steps - 1))) for row in rows]
    return Plan(
        rows=rows,
        codes=line(spaced.places),
        title=" to ".join(_name(image) for image in images) + vary.words + ", alpha",
        record={"path": {"kind": "line"}, **vary.record(), **ends.record},
        measured=lambda shown: {
            "spacing": {
                **spaced.record(spacing),
                **own.measuring(steps, spacing),
                **judged(shown, [range(steps)], spacing),
            }
        },
        continuum=True,
        sources=_standing(images, _are(ends.codes, codes), spaced.places, np.array([0.0, 1.0])),
        carrying=own.carrying(space, images, ends, weights(spaced.places), moves(spaced.places)),
    )


def path_plan(
    space: Space,
    images: Sequence[Image | SourceImage],
    steps: int,
    path: str = "spline",
    spacing: str = "latent",
    *,
    pixels_per_degree: float | None = None,
    refine: int = 0,
    points: Path | None = None,
    size: str = SOURCE,
    detail: str = RESTORED,
    vary: Vary = VARY_BOTH,
    listen: Listener = silent,
) -> Plan:
    """`steps` stimuli on one path of `PATHS` through the images, in their order; raises as `morph_plan`.

    >>> from gaia_stim.samples import deal, draw_face
    >>> faces = [draw_face(deal(face, seed=7), size=64) for face in (2, 5, 8)]
    >>> [row.angle_deg for row in path_plan(Space.load(), faces, steps=4, path="wheel").rows]
    [0.0, 90.0, 180.0, 270.0]
    """
    found = gather(space, images)
    own = Size.of(space, found, size, detail)
    knots = encoded(space, found, refine, points, listen, is_carried=own.side is not None)
    codes = vary.codes(space, knots.codes)
    curve = look_up(PATHS, "path", path)(codes)
    is_wheel = path == WHEEL
    # The last place of a turn is the first one again: it counts as a step, and is not shown twice.
    along = partial(between_neighbours, curve.knots, is_wheel)
    weights, moves = (share(knots.codes, along) for share in (vary.weights, vary.shapes))
    render = own.render(space, found, knots, curve, weights, moves, steps, spacing)
    spaced = choose_spacing(spacing, own.degrees(space, pixels_per_degree), listen)(render, steps + is_wheel)
    places = spaced.places[:steps]
    rows = _rows("wheel" if is_wheel else "path", places, found)
    round_ = [*range(steps), *([0] if is_wheel else [])]
    latent_steps = shapes.distances(curve(spaced.places))
    if is_wheel:
        rows = [replace(row, angle_deg=TURN * row.position / steps) for row in rows]
    return Plan(
        rows=rows,
        codes=curve(places),
        title=f"{path} through {in_brief([_name(image) for image in found], NAMED)}{vary.words}",
        record={
            "path": {
                "kind": path,
                "sources_at": _marks(found, curve.knots),
                "latent_steps_cv": variation(latent_steps),
            },
            **vary.record(),
            **knots.record,
        },
        measured=lambda shown: {
            "spacing": {**spaced.record(spacing), **own.measuring(steps, spacing), **judged(shown, [round_], spacing)}
        },
        continuum=True,
        sources=_standing(found, _are(knots.codes, codes), places, curve.knots),
        carrying=own.carrying(space, found, knots, weights(places), moves(places)),
    )


def between_two(t: Places) -> Weights:
    """How much of each end is in the stimuli at t: (n, 2)."""
    return np.stack([1 - t, t], axis=1)


def between_neighbours(knots: Places, is_closed: bool, t: Places) -> Weights:
    """How much of each image is in the stimuli at t: of the two that it lies between, (n, images)."""
    ends = np.concatenate([knots, [1.0]]) if is_closed else knots
    turn = np.mod(t, 1.0) if is_closed else t
    before = np.clip(np.searchsorted(ends, turn, side="right") - 1, 0, len(ends) - 2)
    share = (turn - ends[before]) / (ends[before + 1] - ends[before])
    weights = np.zeros((len(t), len(knots)))
    each = np.arange(len(t))
    weights[each, before] += 1 - share
    weights[each, (before + 1) % len(knots)] += share
    return weights


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


def _rows(kind: str, places: Places, images: Sequence[SourceImage]) -> list[Row]:
    ids = joined_ids(images)
    return [
        replace(Row.numbered(kind, position, len(places)), alpha=float(alpha), source_ids=ids)
        for position, alpha in enumerate(places)
    ]


def _marks(images: Sequence[SourceImage], knots: Places) -> list[dict[str, Any]]:
    return [{"source_id": image.source.source_id, "at": float(at)} for image, at in zip(images, knots, strict=True)]


def _standing(
    images: Sequence[SourceImage], is_own: Sequence[bool], places: Places, knots: Places
) -> dict[int, Pixels]:
    """By position: the image that a stimulus stands for, where it is exactly at one, and all of its code is its own."""
    at = {float(knot): image.picture for knot, image, own in zip(knots, images, is_own, strict=True) if own}
    return {position: at[float(place)] for position, place in enumerate(places) if float(place) in at}


def _are(a: Codes, b: Codes) -> list[bool]:
    return [np.array_equal(one, other) for one, other in zip(a, b, strict=True)]


def _name(image: SourceImage) -> str:
    return re.split(r"[/\\]", image.source.path)[-1] or image.source.source_id
