"""Charts as pixels, drawn with Pillow alone."""

import numpy as np
from PIL import Image, ImageDraw

from gaia_stim.drawing.charts import Chart, Frame
from gaia_stim.drawing.ink import FAINT, INK, SERIES, WHITE, drawable, font_of, shortened, upwards
from gaia_stim.images import Pixels

PANEL = Frame(320, 214, left=70, top=28, right=308, bottom=172, inset=9)
"""Of a plot that lies beside others on a sheet."""
SINGLE = Frame(480, 440, left=70, top=40, right=464, bottom=388, inset=9)
"""Of a plot in a file of its own."""
BAND = (208, 220, 236)
DOT = 3.5
OVERSAMPLING = 4
"""Lines and dots are drawn so many times larger and averaged down: Pillow does not smooth edges."""
TITLE, LABEL = 13, 11
"""Heights of text in pixels."""


def plot(chart: Chart, warned: bool = False) -> Pixels:
    """The chart as (height, width, 3) uint8; with `warned`, title and curves have the colour of a warning."""
    frame = chart.frame
    image = _drawn(chart, SERIES[1:] if warned else SERIES)
    pen = ImageDraw.Draw(image)
    font, small = font_of(TITLE), font_of(LABEL)
    title = shortened(drawable(chart.title), frame.width - frame.left - 4, font)
    pen.text((frame.left, frame.top - 8), title, SERIES[1] if warned else INK, font, anchor="lb")
    for tick in chart.x_ticks:
        pen.text((tick.at, frame.bottom + 6), tick.label, INK, small, anchor="mt")
    for tick in chart.y_ticks:
        pen.text((frame.left - 6, tick.at), tick.label, INK, small, anchor="rm")
    middle = (frame.left + frame.right) / 2
    pen.text((middle, frame.bottom + 22), drawable(chart.x_label), INK, small, anchor="mt")
    label = upwards(shortened(drawable(chart.y_label), frame.height - 8, small), small, LABEL)
    top = round((frame.top + frame.bottom - label.height) / 2)
    image.paste(label, (2, min(max(2, top), image.height - label.height)))
    return np.array(image)


def _drawn(chart: Chart, colours: tuple[tuple[int, int, int], ...]) -> Image.Image:
    """All that is no text."""
    frame = chart.frame
    width, height = round(frame.width), round(frame.height)
    large = Image.new("RGB", (width * OVERSAMPLING, height * OVERSAMPLING), WHITE)
    pen = ImageDraw.Draw(large)

    def scaled(*places: tuple[float, float]) -> list[float]:
        return [one * OVERSAMPLING for place in places for one in place]

    if chart.band:
        pen.polygon(scaled(*chart.band), fill=BAND)
    pen.rectangle(scaled((frame.left, frame.top), (frame.right, frame.bottom)), outline=FAINT, width=OVERSAMPLING)
    for tick in chart.x_ticks:
        pen.line(scaled((tick.at, frame.bottom), (tick.at, frame.bottom + 3)), fill=FAINT, width=OVERSAMPLING)
    for tick in chart.y_ticks:
        pen.line(scaled((frame.left - 3, tick.at), (frame.left, tick.at)), fill=FAINT, width=OVERSAMPLING)
    if chart.reference is not None:
        ends = (frame.left, chart.reference), (frame.right, chart.reference)
        pen.line(scaled(*ends), fill=FAINT, width=OVERSAMPLING)
    for number, curve in enumerate(chart.curves):
        colour = colours[number % len(colours)]
        if len(curve.corners) > 1:
            pen.line(scaled(*curve.corners), fill=colour, width=2 * OVERSAMPLING, joint="curve")
        for dot in curve.dots:
            pen.ellipse(scaled((dot.x - DOT, dot.y - DOT), (dot.x + DOT, dot.y + DOT)), fill=colour)
    return large.resize((width, height), Image.Resampling.BOX)
