"""Charts on paper: one way of painting, and a pen for pixels (Pillow alone), for SVG and for PDF."""

from collections.abc import Iterator, Sequence

import numpy as np

from gaia_stim.drawing.charts import Chart, Frame, Point
from gaia_stim.drawing.ink import FAINT, INK, SERIES, drawable, font_of, shortened
from gaia_stim.drawing.pens import PdfPen, Pen, PixelPen, SvgPen
from gaia_stim.images import Pixels, png_bytes

PANEL = Frame(320, 214, left=70, top=28, right=308, bottom=172, inset=9)
"""Of a plot that lies beside others on a sheet."""
SINGLE = Frame(480, 440, left=70, top=40, right=464, bottom=388, inset=9)
"""Of a plot in a file of its own."""
BAND = (208, 220, 236)
DOT = 3.5
TITLE, LABEL = 13, 11
"""Heights of text in pixels."""
LINE = 15
"""Between the lines of what a chart says."""
ACROSS = 4
"""Panels side by side in a figure, at most."""


def plot(chart: Chart, warned: bool = False) -> Pixels:
    """The chart as (height, width, 3) uint8; with `warned`, title and curves have the colour of a warning."""
    pen = PixelPen(round(chart.frame.width), round(chart.frame.height))
    paint(chart, pen, warned)
    return np.array(pen.image())


def figure_files(charts: Sequence[Chart]) -> Iterator[tuple[str, bytes]]:
    """The charts side by side, row by row, as the ends of files' names with their bytes: PNG (twice as fine as the
    others' points), SVG, PDF. All are drawn alike, and the same charts are the same bytes.
    """
    columns = min(ACROSS, len(charts))
    wide, high = (max(getattr(one.frame, side) for one in charts) for side in ("width", "height"))
    size = round(columns * wide), round(-(-len(charts) // columns) * high)
    for ending, pen in ((".png", PixelPen(*size, fine=2)), (".svg", SvgPen(*size)), (".pdf", PdfPen(*size))):
        for number, chart in enumerate(charts):
            pen.origin = number % columns * wide, number // columns * high
            paint(chart, pen)
        yield ending, png_bytes(np.array(pen.image())) if isinstance(pen, PixelPen) else pen.content()


def paint(chart: Chart, pen: Pen, warned: bool = False) -> None:
    """Draw the chart with that pen."""
    frame, colours = chart.frame, SERIES[1:] if warned else SERIES
    if chart.band:
        pen.polygon(chart.band, BAND)
    corners = [(frame.left, frame.top), (frame.right, frame.top), (frame.right, frame.bottom)]
    pen.line([*corners, (frame.left, frame.bottom), corners[0], corners[1]], FAINT)
    for tick in chart.x_ticks:
        pen.line([(tick.at, frame.bottom), (tick.at, frame.bottom + 3)], FAINT)
    for tick in chart.y_ticks:
        pen.line([(frame.left - 3, tick.at), (frame.left, tick.at)], FAINT)
    if chart.reference is not None:
        pen.line([(frame.left, chart.reference), (frame.right, chart.reference)], FAINT)
    for mark in chart.marks:
        pen.line(mark, INK)
    for number, curve in enumerate(chart.curves):
        colour = colours[number % len(colours)]
        if len(curve.corners) > 1:
            pen.line(curve.corners, colour, 2)
        for dot in curve.dots:
            pen.circle((dot.x, dot.y), dot.radius or DOT, colour)
    _write(chart, pen, SERIES[1] if warned else INK)


def _write(chart: Chart, pen: Pen, title_colour: tuple[int, int, int]) -> None:
    """All that is text."""
    frame = chart.frame
    room = frame.width - frame.left - 4
    lines = chart.says.splitlines() if frame.says else []
    said = [shortened(drawable(line), room, font_of(LABEL)) for line in lines]
    bottom = frame.top - 8
    for line in reversed(said):
        pen.text((frame.left, bottom), line, INK, LABEL, "lb")
        bottom -= LINE
    if chart.title:
        title = shortened(drawable(chart.title), room, font_of(TITLE))
        pen.text((frame.left, bottom), title, title_colour, TITLE, "lb")
    for dot in (dot for curve in chart.curves for dot in curve.dots if dot.label):
        end = "r" if dot.x > (frame.left + frame.right) / 2 else "l"
        pen.text((dot.x + (7 if end == "l" else -7), dot.y), drawable(dot.label), INK, LABEL, f"{end}m")
    for tick in chart.x_ticks:
        pen.text((tick.at, frame.bottom + 6), tick.label, INK, LABEL, "mt")
    for tick in chart.y_ticks:
        pen.text((frame.left - 6, tick.at), tick.label, INK, LABEL, "rm")
    middle: Point = ((frame.left + frame.right) / 2, frame.bottom + 22)
    pen.text(middle, drawable(chart.x_label), INK, LABEL, "mt")
    label = shortened(drawable(chart.y_label), frame.height - 8, font_of(LABEL))
    pen.upwards((2, (frame.top + frame.bottom) / 2), label, INK, LABEL)
