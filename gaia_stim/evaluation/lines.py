"""ACAI's lines: pictures whose right interpolation is known, and how near a model comes (arXiv:1807.07543).

In Berthelot et al. (2018) a picture is a radius of a circle, its angle all that varies; between two angles lies the
arc. Each frame of a decoded line between two codes is looked up among 10,000 drawn lines: its *distance* is how unlike
the nearest of them it is, and the angles of the nearest say how evenly the line turns (*smoothness*, 0 is best too).

Drawing and scores are those of the authors' release, oddities included, so that figures stand beside the published
ones. Two things that these scores do not see stand beside them: a model that knows one line only has 0 and 0 (but its
ends are not the lines they should be), and one may fade a line instead of turning it (the ink of the middle tells).
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from gaia_stim.errors import ConfigError
from gaia_stim.images import Pixels
from gaia_stim.space.paths import Line
from gaia_stim.space.space import Space

SIZE, LENGTH, WIDTH = 32, 15.0, 2.0
REFERENCES = 10_000
"""Lines that frames are compared with, their angles evenly round the circle."""
PAIRS, STEPS = 256, 16
NO_TURN = 1e-4
"""Radians; a line that turns less has no smoothness. The authors' code then counts it as 0."""
CHUNK = 1_024
"""Frames compared at a time: 80 MB of similarities."""

Angles = npt.NDArray[np.float64]
"""Radians, counter-clockwise from the right."""
Lines = Float[npt.NDArray[np.float64], "... 32 32"]
"""Pictures in [0, 1], the background 0."""


class LineFigures(NamedTuple):
    """How near to turning lines are, and what that leaves out; means over lines (and frames)."""

    distance: float
    """Smallest cosine distance, in [−1, 1] pixels, of a frame to a drawn line: 0 is best, a cross-fade has 6e-3."""
    smoothness: float
    """The largest step's share of all the turning, minus what it is in even steps: 0 is best, one jump 0.93."""
    end_error: float
    """Degrees by which the ends' nearest lines are off the lines that they should be."""
    ink: float
    """Mean intensity of the middle two frames over that of the true ends: 1 is best, of a faded line less."""


def draw_lines(angles: Angles) -> Lines:
    """Lines from the centre, at these angles: (n,) to (n, 32, 32).

    As the authors' `draw_line` has them: each row that the line crosses (each column, where it is rather flat) is
    covered along `WIDTH` pixels of itself, the pixels at the edge in part; the row of the upper (left) end in part
    too, that of the lower (right) end wholly. The stroke is taken a row before the one where it is drawn, which
    shifts it sideways by as much as it leans.
    """
    turned = np.asarray(angles, dtype=np.float64)
    tip = SIZE / 2 + LENGTH * np.stack([-np.sin(turned), np.cos(turned)], axis=-1)
    centre = np.full_like(tip, SIZE / 2)
    flat = (np.abs(tip - centre)[:, 0] < np.abs(tip - centre)[:, 1])[:, None]
    # (along, across) the rows, or the columns where it is flat.
    tip = np.where(flat, tip[:, ::-1], tip)
    start, end = np.where(tip[:, :1] < SIZE / 2, tip, centre), np.where(tip[:, :1] < SIZE / 2, centre, tip)
    (along, across), (lean_along, lean_across) = start.T[..., None], (end - start).T[..., None]
    slope = lean_across / lean_along

    cells = np.arange(SIZE)
    rows = (cells >= np.floor(along)) & (cells < np.ceil(end[:, :1]))
    share = rows * np.where(cells < np.ceil(along), np.ceil(along) - along, 1.0)
    left = (across - WIDTH / 2 + (cells - along - 0.5) * slope)[..., None]
    covered = np.clip(np.minimum(left + WIDTH, cells + 1) - np.maximum(left, cells), 0, 1)
    drawn = share[..., None] * covered
    lines: Lines = np.where(flat[..., None], drawn.transpose(0, 2, 1), drawn)
    return lines


def line_pixels(lines: Lines) -> Pixels:
    """Lines as grey pictures: (n, 32, 32) to uint8 (n, 32, 32, 1)."""
    return np.round(lines[..., None] * 255).astype(np.uint8)


def random_angles(count: int, seed: int | Sequence[int]) -> Angles:
    """Angles uniform on the circle, (count,); the first of more are the same."""
    angles: Angles = np.random.default_rng(seed).uniform(0, 2 * np.pi, count)
    return angles


# -- the scores -------------------------------------------------------------------------------------------------------


def figures(frames: Lines, ends: Angles) -> LineFigures:
    """The figures of lines between pictures: frames (l, steps, 32, 32), and the angles they should join, (l, 2)."""
    distances, angles = nearest_lines(frames.reshape(-1, SIZE, SIZE))
    turning = angles.reshape(frames.shape[:2])
    off = np.angle(np.exp(1j * (turning[:, [0, -1]] - ends)))
    middle = frames[:, [(frames.shape[1] - 1) // 2, frames.shape[1] // 2]]
    return LineFigures(
        distance=float(distances.mean()),
        smoothness=float(np.nan_to_num(smoothness(turning)).mean()),
        end_error=float(np.rad2deg(np.abs(off)).mean()),
        ink=float(middle.mean() / draw_lines(ends.ravel()).mean()),
    )


def nearest_lines(pictures: Lines) -> tuple[npt.NDArray[np.float64], Angles]:
    """Cosine distance to the nearest of the drawn lines, and its angle: (n, 32, 32) to (n,) and (n,)."""
    references = _references()
    distances, angles = np.empty(len(pictures)), np.empty(len(pictures))
    for start in range(0, len(pictures), CHUNK):
        similarities = _units(pictures[start : start + CHUNK]) @ references.T
        nearest = similarities.argmax(axis=1)
        distances[start : start + CHUNK] = 1 - similarities.max(axis=1)
        angles[start : start + CHUNK] = 2 * np.pi * nearest / REFERENCES
    return distances, angles


def smoothness(angles: Angles) -> npt.NDArray[np.float64]:
    """How uneven the turning of each line is: (l, steps) to (l,), in [0, ∞); nan for a line that does not turn.

    The largest of its steps as a share of the angle between its ends, minus 1 / (steps − 1). Angles are unwrapped.
    """
    unwrapped = np.unwrap(angles)
    total = np.abs(unwrapped[:, -1] - unwrapped[:, 0])
    turns = total >= NO_TURN
    largest = np.abs(np.diff(unwrapped)).max(axis=1)
    share = np.where(turns, largest / np.where(turns, total, 1), np.nan)
    uneven: npt.NDArray[np.float64] = share - 1 / (angles.shape[1] - 1)
    return uneven


@cache
def _references() -> npt.NDArray[np.float64]:
    return _units(draw_lines(2 * np.pi * np.arange(REFERENCES) / REFERENCES))


def _units(pictures: Lines) -> npt.NDArray[np.float64]:
    """Pictures as vectors of length 1, of pixels in [−1, 1]: the background, which is −1, counts."""
    vectors = 2 * pictures.reshape(len(pictures), -1) - 1
    units: npt.NDArray[np.float64] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


# -- models and controls ----------------------------------------------------------------------------------------------


def random_ends(seed: int, pairs: int = PAIRS) -> Angles:
    """The angles that are to be joined: (pairs, 2)."""
    return random_angles(2 * pairs, seed).reshape(pairs, 2)


def check_shape(space: Space) -> None:
    """Raise `ConfigError` where a model's pictures are not of the lines' size and channels."""
    if space.shape != (SIZE, SIZE, 1):
        size, _, channels = space.shape
        raise ConfigError(
            f"{space.run}: its pictures have {size} px and {channels} channels, lines {SIZE} px and one; "
            "'gaia-stim benchmark lines --methods gaia,ae' trains models of lines"
        )


def interpolate(space: Space, ends: Angles) -> Lines:
    """What a model shows on the straight line between the codes of two lines: (l, 2) to (l, steps, 32, 32).

    Raises as `check_shape`.
    """
    check_shape(space)
    codes = space.encode(line_pixels(draw_lines(ends.ravel()))).reshape(len(ends), 2, -1)
    between = np.concatenate([Line(a, b)(np.linspace(0, 1, STEPS)) for a, b in codes])
    return space.decode(between).reshape(len(ends), STEPS, SIZE, SIZE) / 255


def arcs(ends: Angles) -> Lines:
    """What is right: lines that turn evenly from one to the other, the shorter way."""
    a, b = ends.T
    turn = np.angle(np.exp(1j * (b - a)))
    angles = a[:, None] + turn[:, None] * np.linspace(0, 1, STEPS)
    return draw_lines(angles.ravel()).reshape(len(ends), STEPS, SIZE, SIZE)


def blends(ends: Angles) -> Lines:
    """A cross-fade: every frame is no line, and the nearest jumps from the one to the other."""
    a, b = (draw_lines(angles)[:, None] for angles in ends.T)
    share = np.linspace(0, 1, STEPS)[:, None, None]
    return a + (b - a) * share


def jumps(ends: Angles) -> Lines:
    """The one line, then at once the other: every frame is a line, and none lies between."""
    a, b = (draw_lines(angles)[:, None] for angles in ends.T)
    return np.where((np.linspace(0, 1, STEPS) < 0.5)[:, None, None], a, b)


CONTROLS = {"true arcs": arcs, "pixel blend": blends, "hard jump": jumps}
"""Interpolations whose figures are known, to read a model's by."""
PUBLISHED = {"AE": (6.88e-3, 0.44), "VAE": (1.21e-3, 0.49), "ACAI": (0.24e-3, 0.10)}
"""Distance and smoothness in the paper, after 16.8 million images, of networks with 64 latents."""
