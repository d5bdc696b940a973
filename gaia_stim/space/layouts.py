"""Stimuli in more than one direction: the flat piece of latent space between four codes, or 2ⁿ of them.

One direction is interpolated after the other, each time on a `Line`; so whatever lies on an edge is, to the bit, a
morph of that edge's corners. The same is true of a grid that is spaced by its pictures: each edge is spaced as that
morph would be, and the inside is made to fit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from gaia_stim.errors import DataError
from gaia_stim.images import Pixels
from gaia_stim.metrics.distance import pixel_distance, variation
from gaia_stim.space.paths import Codes, Line, Places
from gaia_stim.space.spacing import Distance, Spaced, Spacing, equal_shares, evenness

Coordinates = Float64[npt.NDArray[np.float64], "n directions"]
Grid = Float64[npt.NDArray[np.float64], "rows columns 2"]
Steps = list[npt.NDArray[np.float64]]
Render = Callable[[Coordinates], Pixels]

ROUNDS = 12
MOVE = 0.7
"""Share of both corrections, along the row and along the column, that a stimulus takes: together they overshoot."""
EVEN_ENOUGH = 0.01
MOST_FITTED = 1024
"""Inside larger grids nothing is fitted: their steps are small, and their pictures many."""
MEASURED_LINES = 16
"""Of more rows, or columns, so many are measured, evenly spread."""


@dataclass(frozen=True, eq=False)
class Block:
    """The n-linear block between 2ⁿ corners: two make a line, four a sheet (TL, TR, BL, BR), eight a cube.

    Corner k is where direction j is at bit j of k: the first direction changes fastest. Raises `DataError` where the
    corners are not 2, 4, 8 … many.
    """

    corners: Codes

    def __post_init__(self) -> None:
        if len(self.corners) < 2 or len(self.corners).bit_count() != 1:
            raise DataError(f"a lattice has 2, 4, 8 … corners, not {len(self.corners)}")

    @property
    def directions(self) -> int:
        """How many directions there are to go in."""
        return len(self.corners).bit_length() - 1

    def __call__(self, places: Coordinates) -> Codes:
        """The codes at `places`, each with a coordinate in [0, 1] for each direction."""
        shares = np.asarray(places, dtype=np.float64)
        ends: list[Codes] = [np.broadcast_to(corner, (len(shares), len(corner))) for corner in self.corners]
        for direction in range(self.directions):
            ends = [Line(a, b)(shares[:, direction]) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        return ends[0]


def lattice(counts: Sequence[int]) -> Coordinates:
    """The places of an even lattice with that many along each direction: (product, directions), the first fastest.

    For `(columns, rows)`: row by row from the top left. Raises `DataError` where a direction has fewer than 2.
    """
    if any(count < 2 for count in counts):
        raise DataError(f"a lattice has at least 2 stimuli along each direction, not {min(counts)}")
    steps = [np.linspace(0, 1, count) for count in counts]
    return np.stack([along.ravel(order="F") for along in np.meshgrid(*steps, indexing="ij")], axis=1)


def crossed(top: Places, bottom: Places, left: Places, right: Places) -> Coordinates:
    """The places of a grid whose edges are divided as given, each from 0 to 1: row by row from the top left, (u, v).

    Each stimulus lies where the straight line between its places on the top and the bottom edge crosses the one
    between its places on the left and the right edge; on the edges that is the edge's own place.
    """
    top, left = np.meshgrid(top, left)
    bottom, right = np.meshgrid(bottom, right)
    # u = (1 − v) · top + v · bottom and v = (1 − u) · left + u · right, solved for u.
    u = ((1 - left) * top + left * bottom) / (1 - (bottom - top) * (right - left))
    v = (1 - u) * left + u * right
    return np.stack([u.ravel(), v.ravel()], axis=1)


@dataclass(frozen=True, eq=False)
class SpacedGrid:
    """Places of a grid row by row from the top left, (u, v), and how even its steps are: before, and as placed."""

    places: Coordinates
    variation_before: float
    """Mean over rows and columns of their steps' coefficient of variation, on an even lattice."""
    variation: float
    metric: str

    def record(self, name: str) -> dict[str, str | float]:
        """What provenance tells of it."""
        return evenness(name, self.metric, self.variation_before, self.variation)


def spaced_grid(render: Render, spacing: Spacing, columns: int, rows: int) -> SpacedGrid:
    """Places whose steps along each row are equal, and along each column, as `spacing` measures them.

    An edge is placed as a continuum between its corners. What is inside starts where the edges' places cross and then
    moves, round by round, along its row and its column towards equal steps; the best round is kept.
    """

    def edge(fixed: int, at: float, steps: int) -> Spaced:
        return spacing(lambda t: render(np.insert(t[:, None], fixed, at, axis=1)), steps)

    even = lattice((columns, rows)).reshape(rows, columns, 2)
    top, bottom = edge(1, 0.0, columns), edge(1, 1.0, columns)
    left, right = edge(0, 0.0, rows), edge(0, 1.0, rows)
    before = _unevenness(render, top.distance or pixel_distance, even)
    if top.distance is None:
        return SpacedGrid(even.reshape(-1, 2), before, before, top.metric)
    placed = crossed(top.places, bottom.places, left.places, right.places).reshape(rows, columns, 2)
    if rows * columns <= MOST_FITTED:
        placed = _fitted(render, top.distance, placed)
    after = _unevenness(render, top.distance, placed)
    return SpacedGrid(placed.reshape(-1, 2), before, after, top.metric)


def _fitted(render: Render, distance: Distance, start: Grid) -> Grid:
    placed, best, least = start, start, np.inf
    for _ in range(ROUNDS):
        across, down = _steps(render, distance, placed)
        uneven = _mean_variation(across, down)
        if uneven < least:
            best, least = placed, uneven
        if least < EVEN_ENOUGH:
            break
        in_rows = np.stack([_along(line, steps) for line, steps in zip(placed, across, strict=True)])
        in_columns = np.stack([_along(placed[:, i], steps) for i, steps in enumerate(down)], axis=1)
        inside = (slice(1, -1), slice(1, -1))
        moved = placed.copy()
        moved[inside] += MOVE * ((in_rows - placed) + (in_columns - placed))[inside]
        placed = np.clip(moved, 0, 1)
    return best


def _along(line: Coordinates, steps: npt.NDArray[np.float64]) -> Coordinates:
    """The places of a line moved along it, to equal shares of its summed steps."""
    shares = equal_shares(np.arange(len(line), dtype=np.float64), steps, len(line))
    return np.stack([np.interp(shares, np.arange(len(line)), axis) for axis in line.T], axis=1)


def _steps(render: Render, distance: Distance, grid: Grid) -> tuple[Steps, Steps]:
    """The lengths of the steps along each row, and along each column."""
    rows, columns = grid.shape[:2]
    shown = render(grid.reshape(-1, 2))
    table = shown.reshape(rows, columns, *shown.shape[1:])
    across = [distance(table[row, :-1], table[row, 1:]) for row in range(rows)]
    down = [distance(table[:-1, column], table[1:, column]) for column in range(columns)]
    return across, down


def _mean_variation(across: Steps, down: Steps) -> float:
    return float(np.mean([variation(steps) for steps in (*across, *down)]))


def _unevenness(render: Render, distance: Distance, grid: Grid) -> float:
    """Mean over rows and columns of their steps' coefficient of variation; line by line, for a grid can be large."""
    lines = [*_spread(grid), *_spread(grid.transpose(1, 0, 2))]
    shown = (render(line) for line in lines)
    return float(np.mean([variation(distance(pictures[:-1], pictures[1:])) for pictures in shown]))


def _spread(lines: Grid) -> list[Coordinates]:
    chosen = np.unique(np.linspace(0, len(lines) - 1, MEASURED_LINES).astype(int))
    return [lines[index] for index in chosen]
