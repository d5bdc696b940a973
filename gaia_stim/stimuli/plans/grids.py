"""Grids: stimuli between four images, as plans."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gaia_stim.errors import ConfigError
from gaia_stim.events import Listener, silent
from gaia_stim.space import SPACINGS
from gaia_stim.space.layouts import Block, Coordinates, spaced_grid
from gaia_stim.space.photographs import Weights
from gaia_stim.space.space import Image, Space
from gaia_stim.space.spacing import HumanScale, Spacing, choose_spacing
from gaia_stim.space.varying import VARY_BOTH, Vary
from gaia_stim.stimuli.carrying import RESTORED, SOURCE, Size
from gaia_stim.stimuli.judging import judged
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sources import SourceImage, encoded, gather, joined_ids


def check_grid_spacing(name: str, degrees: float | None = None, listen: Listener = silent) -> Spacing:
    """As `choose_spacing`. Raises `ConfigError` for one that was measured on a continuum."""
    found = choose_spacing(name, degrees, listen)
    if isinstance(found, HumanScale):
        raise ConfigError(f"--spacing {name}: a scale is of one continuum; a grid takes {', '.join(SPACINGS)}")
    return found


def grid_plan(
    space: Space,
    corners: Sequence[Image | SourceImage],
    rows: int,
    columns: int,
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
    """A grid between four images (top left, top right, bottom left, bottom right), row by row from the top left.

    Raises `ConfigError` for a spacing that was measured on a continuum, else as `morph_plan`.

    >>> from gaia_stim.samples import deal, draw_face
    >>> corners = [draw_face(deal(face, seed=7), size=64) for face in (2, 5, 8, 11)]
    >>> space = Space.load()
    >>> grid_plan(space, corners, rows=2, columns=3).pictures(space).shape
    (6, 64, 64, 3)
    """
    images = gather(space, corners)
    own = Size.of(space, images, size, detail)
    spaced_by = check_grid_spacing(spacing, own.degrees(space, pixels_per_degree), listen)
    found = encoded(space, images, refine, points, listen, is_carried=own.side is not None)
    codes = vary.codes(space, found.codes)
    block = Block(codes)
    weights, moves = (share(found.codes, between_corners) for share in (vary.weights, vary.shapes))
    placed = spaced_grid(
        own.render(space, images, found, block, weights, moves, rows * columns, spacing), spaced_by, columns, rows
    )
    total = rows * columns
    positions = np.arange(total).reshape(rows, columns)
    lines = [*positions.tolist(), *positions.T.tolist()]
    ids = joined_ids(images)
    at_corners = (0, columns - 1, total - columns, total - 1)
    return Plan(
        rows=[
            replace(Row.numbered("grid", position, total), grid_u=float(u), grid_v=float(v), source_ids=ids)
            for position, (u, v) in enumerate(placed.places)
        ],
        codes=block(placed.places),
        title=" - ".join(image.source.source_id for image in images) + vary.words,
        record={
            "path": {"kind": "grid", "rows": rows, "columns": columns},
            **vary.record(),
            **found.record,
        },
        measured=lambda shown: {
            "spacing": {**placed.record(spacing), **own.measuring(total, spacing), **judged(shown, lines, spacing)}
        },
        columns=columns,
        sources={
            place: image.picture
            for place, image, is_own in zip(at_corners, images, (codes == found.codes).all(axis=1), strict=True)
            if is_own
        },
        carrying=own.carrying(space, images, found, weights(placed.places), moves(placed.places)),
    )


def between_corners(places: Coordinates) -> Weights:
    """How much of each corner is in the stimuli at (u, v): (n, 4)."""
    u, v = places.T
    return np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], axis=1)
