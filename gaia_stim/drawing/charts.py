"""Charts as plain geometry: where curves, ticks and dots lie. A page draws them as SVG, `plots` as pixels."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Point = tuple[float, float]
"""(x, y): as measured, or in pixels from the top left."""

TICKS = 5
"""At most about so many an axis."""
DOTS = 60
"""Curves of at most so many points show each."""
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
"""Between ticks, times a power of ten."""
FLAT = 1e-6
"""Values that differ by less of their size are drawn as equal."""


@dataclass(frozen=True)
class Frame:
    """A chart's size and the edges of its plot, in pixels from the top left; outside stand ticks, labels and title."""

    width: float
    height: float
    left: float
    top: float
    right: float
    bottom: float
    inset: float = 0.0
    """Between the plot's edges and the ends of the axes, so that dots do not lie on the edge."""
    says: bool = False
    """Whether what a chart says has its place above the plot, a line each; pages write it themselves."""


PAGE = Frame(480, 230, left=68, top=12, right=466, bottom=188)
"""Of a chart in a page."""


@dataclass(frozen=True)
class Series:
    """A curve before it is drawn. Values that are not finite are left out."""

    name: str
    x: Iterable[float]
    y: Iterable[float]
    joined: bool = True
    """Whether neighbours have something between them."""
    dotted: bool = True
    """Whether each point is a dot too, unless there are many; points that are not joined always are."""
    radii: Sequence[float] = ()
    """Of the dots, in pixels; none are all alike. The values of such a series are finite."""
    labels: Sequence[str] = ()
    """What stands beside the dots, where something does; so here."""

    @property
    def points(self) -> list[Point]:
        """The finite ones."""
        points = ((float(x), float(y)) for x, y in zip(self.x, self.y, strict=True))
        return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


class Tick(NamedTuple):
    """A labelled place on an axis, in pixels."""

    at: float
    label: str


class Dot(NamedTuple):
    """A point of a curve, in pixels, and what it says when pointed at."""

    x: float
    y: float
    says: str
    radius: float = 0.0
    """In pixels; 0 is what all have that are alike."""
    label: str = ""


class Curve(NamedTuple):
    """A drawn series: its corners, none where its dots are not joined, and its dots if they are shown."""

    name: str
    corners: Sequence[Point]
    dots: Sequence[Dot]


@dataclass(frozen=True)
class Chart:
    """A chart ready to be drawn. Without curves there is nothing to see."""

    title: str
    says: str
    """What it shows, for those who cannot see it, and below the title for those who can."""
    x_label: str
    y_label: str
    """What the axes measure, and in what."""
    curves: Sequence[Curve]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    frame: Frame
    reference: float | None = None
    """Height of a dashed line to compare with, in pixels."""
    band: Sequence[Point] = ()
    """Corners of an interval round the curves."""
    marks: Sequence[Sequence[Point]] = ()
    """Thin lines: where something lies, and its interval."""


def chart(
    title: str,
    says: str,
    x_label: str,
    y_label: str,
    series: Sequence[Series],
    *,
    frame: Frame = PAGE,
    reference: float | None = None,
    band: tuple[Series, Series] | None = None,
    from_zero: bool = True,
    marks: Sequence[Series] = (),
) -> Chart:
    """A chart of these series, on axes that hold them all, and 0 too on the upright one unless not `from_zero`.

    `band` are the lower and the upper end of an interval; `reference` is a value of y; `marks` are lines of which the
    axes take no notice.
    """
    shown = [(one, points) for one in series if (points := one.points)]
    low, high = (one.points for one in band) if band else ([], [])
    points = [point for _, points in shown for point in points] + low + high
    xs = [x for x, _ in points] or [0.0, 1.0]
    ys = [y for _, y in points] + ([] if reference is None else [reference]) or [0.0, 1.0]
    across = _Axis.over(xs, frame.left + frame.inset, frame.right - frame.inset, tight=True)
    ys = [0.0, *ys] if from_zero else ys
    up = _Axis.over(ys, frame.bottom - frame.inset, frame.top + frame.inset, tight=not from_zero)

    def drawn(points: Sequence[Point]) -> list[Point]:
        return [(across.at(x), up.at(y)) for x, y in points]

    def dots(one: Series, points: Sequence[Point]) -> list[Dot]:
        radii, labels = one.radii or [0.0] * len(points), one.labels or [""] * len(points)
        return [
            Dot(across.at(x), up.at(y), f"{one.name}: {short(y)} at {short(x)}", radius, label)
            for (x, y), radius, label in zip(points, radii, labels, strict=True)
        ]

    curves = [
        Curve(
            one.name,
            drawn(points) if one.joined else [],
            dots(one, points) if not one.joined or (one.dotted and len(points) <= DOTS) else [],
        )
        for one, points in shown
    ]
    return Chart(
        title,
        says,
        x_label,
        y_label,
        curves,
        across.ticks(),
        up.ticks(),
        frame,
        None if reference is None else up.at(reference),
        drawn(low + high[::-1]),
        [drawn(ends) for one in marks if len(ends := one.points) > 1],
    )


@dataclass(frozen=True)
class _Axis:
    """Values from `low` to `high` along pixels from `begin` to `end`."""

    low: float
    high: float
    step: float
    begin: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], begin: float, end: float, *, tight: bool) -> "_Axis":
        """An axis that holds the values: it ends at them where it is `tight`, else at round numbers."""
        low, high = min(values), max(values)
        if high - low <= FLAT * max(abs(low), abs(high)):
            low, high = low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
        step = _step((high - low) / TICKS)
        if not tight:
            low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        return cls(low, high, step, begin, end)

    def at(self, value: float) -> float:
        """The pixel of a value."""
        return round(self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin), 1)

    def ticks(self) -> list[Tick]:
        """Round numbers from end to end, with as few digits as tell them apart."""
        first, last = math.ceil(self.low / self.step - 1e-6), math.floor(self.high / self.step + 1e-6)
        values = [number * self.step for number in range(first, last + 1)]
        labels = [short(value) for value in values]
        for digits in range(4, 10):
            if len(set(labels)) == len(values):
                break
            labels = [short(value, digits) for value in values]
        return [Tick(self.at(value), label) for value, label in zip(values, labels, strict=True)]


def short(value: float, digits: int = 3) -> str:
    """A number as it stands at an axis: 0.04, 100k, 2.5M."""
    for unit, name in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= unit:
            return f"{value / (1e3 if name == 'k' else unit):.{digits + 1}g}{name}"
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:,.0f}"


def _step(rough: float) -> float:
    scale = 10.0 ** math.floor(math.log10(rough))
    return next(step * scale for step in STEPS if step * scale >= rough * (1 - 1e-9))
