"""Ways through the latent space: t in [0, 1] goes to codes.

`Line` is what a morph is made on, and a caricature too: the line from a norm to a face, beyond 1. The paths of `PATHS`
lead through any number of codes and are made of them alone: `Polyline` and `Spline` from the first to the last, `Wheel`
round and back. They know where on them the codes lie (`knots`). Each is as long as it is and t measures how far along
one is, so that equal steps of t are equal lengths of the path. The straight way from one place to the next is as long,
but where the path turns between them: round the corner of a `Polyline` it is shorter.

Codes are float32; every path meets its first and last code to the bit.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy
from jaxtyping import Float32, Float64

from gaia_stim.errors import DataError

Code = Float32[npt.NDArray[np.float32], " latent"]
Codes = Float32[npt.NDArray[np.float32], "n latent"]
Places = Float64[npt.NDArray[np.float64], " n"]

ARC_SAMPLES = 4096
"""Points at which the length of a curve is taken: the speed is then constant to about 1e-6."""


class Path(Protocol):
    """A curve in the latent space."""

    def __call__(self, t: Places) -> Codes:
        """The codes at the places `t`, one row each."""


@dataclass(frozen=True, eq=False)
class Line:
    """The straight line from code `a` to code `b`, which it meets exactly at 0 and 1; beyond is extrapolation."""

    a: Code
    b: Code

    def __call__(self, t: Places) -> Codes:
        share = np.asarray(t, dtype=np.float32)[:, None]
        return (1 - share) * self.a + share * self.b


@dataclass(frozen=True, eq=False)
class Polyline:
    """Straight from each code to the next at constant speed; through two it is the `Line`, beyond its ends as well.

    Raises `DataError` where two neighbours are the same code.
    """

    points: Codes
    knots: Places = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "knots", _knots(self.points, len(self.points)))

    def __call__(self, t: Places) -> Codes:
        places = np.asarray(t, dtype=np.float64)
        piece = np.clip(np.searchsorted(self.knots, places, side="right") - 1, 0, len(self.points) - 2)
        start, end = self.knots[piece], self.knots[piece + 1]
        return Line(self.points[piece], self.points[piece + 1])((places - start) / (end - start))


@dataclass(frozen=True, eq=False)
class Spline:
    """The natural cubic spline through the codes, from the first to the last at constant speed; through two the `Line`.

    No corner to see when it is walked. Its parameter is the length of the chords before it is walked by its own length.
    Raises as `Polyline`.
    """

    points: Codes
    knots: Places = field(init=False)
    _curve: Path = field(init=False, repr=False)

    def __post_init__(self) -> None:
        knots = _knots(self.points, len(self.points))
        # A cubic through two is straight too, but meets it only nearly.
        curve: Polyline | _Walked = Polyline(self.points)
        if len(self.points) > 2:
            curve = _walked(_cubic(knots, self.points, "natural"), knots)
        object.__setattr__(self, "knots", curve.knots)
        object.__setattr__(self, "_curve", curve)

    def __call__(self, t: Places) -> Codes:
        return self._curve(t)


@dataclass(frozen=True, eq=False)
class Wheel:
    """A closed smooth loop through the codes in their order and back to the first, at constant speed.

    The periodic cubic spline over the length of the chords, walked by its own length: t counts whole turns, so 1 is 0
    again. Raises `DataError` for fewer than three codes, of which no loop can be made, and as `Polyline`.
    """

    points: Codes
    knots: Places = field(init=False)
    _curve: Path = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise DataError(f"a wheel leads through at least 3 images, not {len(self.points)}")
        closed = np.concatenate([self.points, self.points[:1]])
        chords = _knots(closed, len(self.points))
        curve = _walked(_cubic(chords, closed, "periodic"), chords)
        object.__setattr__(self, "_curve", curve)
        object.__setattr__(self, "knots", curve.knots[:-1])

    def __call__(self, t: Places) -> Codes:
        return self._curve(np.mod(np.asarray(t, dtype=np.float64), 1.0))


@dataclass(frozen=True, eq=False)
class _Walked:
    """A curve with t measuring how far along it one is, from 0 to 1."""

    curve: Path
    at: Places
    """Samples of the curve's own parameter."""
    travelled: Places
    """How far along they are."""
    knots: Places
    """The same of what the curve was made through."""

    def __call__(self, t: Places) -> Codes:
        return self.curve(np.interp(t, self.travelled, self.at))


def _walked(curve: Path, knots: Places) -> _Walked:
    """The curve walked by its own length; knots are among the samples, so that they are met and not passed by."""
    at = np.union1d(np.linspace(0, 1, ARC_SAMPLES + 1), knots)
    travelled = np.concatenate([[0.0], np.cumsum(distances(curve(at)))])
    travelled /= travelled[-1]
    return _Walked(curve, at, travelled, np.interp(knots, at, travelled))


def average(points: Codes) -> Code:
    """The mean of codes: what an average image is decoded from, and a norm for caricatures."""
    mean: Code = points.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def _cubic(knots: Places, points: Codes, ends: str) -> Path:
    spline = scipy.interpolate.CubicSpline(knots, points.astype(np.float64), bc_type=ends)

    def curve(t: Places) -> Codes:
        codes: Codes = spline(t).astype(np.float32)
        # Where a number is 0, the polynomial comes only near it.
        codes[t == 0], codes[t == 1] = points[0], points[-1]
        return codes

    return curve


def _knots(points: Codes, images: int) -> Places:
    """Where along the chords each point lies, from 0 to 1; of a loop the first is there again as the last."""
    if images < 2:
        raise DataError(f"a path leads through at least 2 images, not {images}")
    check_apart(points, images)
    lengths = distances(points)
    knots: Places = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()
    knots[-1] = 1.0
    return knots


def check_apart(points: Codes, images: int) -> None:
    """Raises `DataError` where two neighbours on a path through so many images are one: nothing lies between them."""
    if not (lengths := distances(points)).all():
        place = int(np.argmin(lengths))
        after = (place + 1) % images
        raise DataError(f"images {place + 1} and {after + 1} of the path have the same code: nothing lies between them")


def distances(points: Codes) -> Places:
    """From each point to the next."""
    found: Places = np.linalg.norm(np.diff(points.astype(np.float64), axis=0), axis=1)
    return found
