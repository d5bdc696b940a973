"""Line charts as plain geometry: where lines, ticks and dots lie; the template draws them as SVG.

A page for printing needs few kinds of chart, and a drawing library would bring its own fonts, colours and megabytes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 14.0, 12.0, 42.0
"""Room round the plot, for the ticks' labels."""
TICKS = 5
"""At most about so many an axis."""
DOTS = 60
"""Lines of at most so many points show each."""
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Series:
    """A line before it is drawn."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Dot:
    """A point of a line, and what it says when pointed at."""

    x: float
    y: float
    says: str


@dataclass(frozen=True)
class Line:
    """A drawn line: SVG points, none where its dots are not to be joined, and its dots if they are few."""

    name: str
    points: str
    dots: Sequence[Dot]


@dataclass(frozen=True)
class Chart:
    """A chart ready to be drawn."""

    title: str
    says: str
    """What it shows, for those who cannot see it, and below the title for those who can."""
    x_label: str
    lines: Sequence[Line]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    reference: float | None = None
    """Height of a dashed line to compare with."""
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


def line_chart(
    title: str,
    says: str,
    x_label: str,
    series: Sequence[Series],
    *,
    reference: float | None = None,
    joined: bool = True,
) -> Chart | None:
    """A chart of these lines, on axes that hold them all and 0 too; None where there is nothing to draw.

    Values that are not numbers are left out. Where neighbours have nothing between them, points are not `joined`.
    """
    shown = [(one, points) for one in series if (points := _finite(one))]
    if not shown:
        return None
    xs = [x for _, points in shown for x, _ in points]
    ys = [y for _, points in shown for _, y in points] + ([] if reference is None else [reference])
    x_ticks, low_x, high_x = _axis(min(xs), max(xs), tight=True)
    y_ticks, low_y, high_y = _axis(min(0.0, *ys), max(0.0, *ys), tight=False)

    def across(x: float) -> float:
        return round(LEFT + (x - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT), 1)

    def up(y: float) -> float:
        return round(HEIGHT - BOTTOM - (y - low_y) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM), 1)

    lines = [
        Line(
            one.name,
            " ".join(f"{across(x)},{up(y)}" for x, y in points) if joined else "",
            [Dot(across(x), up(y), f"{one.name}: {short(y)} at {short(x)}") for x, y in points]
            if len(points) <= DOTS or not joined
            else [],
        )
        for one, points in shown
    ]
    return Chart(
        title,
        says,
        x_label,
        lines,
        [Tick(across(x), short(x)) for x in x_ticks],
        [Tick(up(y), short(y)) for y in y_ticks],
        None if reference is None else up(reference),
    )


def short(value: float) -> str:
    """A number as it stands at an axis: 0.04, 100k, 2.5M."""
    for unit, name in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= unit:
            return f"{value / (1e3 if name == 'k' else unit):.4g}{name}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _finite(series: Series) -> list[tuple[float, float]]:
    return [
        (float(x), float(y)) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(x) and math.isfinite(y)
    ]


def _axis(low: float, high: float, *, tight: bool) -> tuple[list[float], float, float]:
    """Round ticks from `low` to `high`, and where the axis begins and ends."""
    if high <= low:
        low, high = low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
    step = _step((high - low) / TICKS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [number * step for number in range(first, last + 1)]
    if tight:
        return [tick for tick in ticks if low - step * 1e-6 <= tick <= high + step * 1e-6], low, high
    return ticks, ticks[0], ticks[-1]


def _step(rough: float) -> float:
    scale = 10.0 ** math.floor(math.log10(rough))
    return next(step * scale for step in STEPS if step * scale >= rough * (1 - 1e-9))
