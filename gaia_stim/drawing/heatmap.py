"""A matrix as a picture: coloured cells with their numbers, drawn with Pillow alone."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from gaia_stim.drawing.ink import INK, WHITE, Colour, font_of, upwards, widest
from gaia_stim.images import Pixels

CELL = 40
MARGIN = 16
QUIET, UNKNOWN = (150, 150, 150), (235, 235, 235)
"""Of numbers near 0, and of cells without one."""
HIGH, LOW = (178, 24, 43), (33, 102, 172)
"""Red above 0, blue below: told apart by the colour-blind too."""
NUMBERS, NAMES, TITLE = 12, 13, 17


def heatmap(
    matrix: npt.NDArray[np.floating],
    names: Sequence[str],
    title: str,
    framed: npt.NDArray[np.bool_] | None = None,
    full: float = 1.0,
) -> Pixels:
    """A square matrix with its names left and above, uint8 (H, W, 3); full colour at ±`full`, frames round `framed`.

    Cells that are not numbers are grey.
    """
    small, font, large = (font_of(size) for size in (NUMBERS, NAMES, TITLE))
    room = widest(names, font) + 8
    left, top = MARGIN + room, MARGIN + TITLE + 14 + room
    side = CELL * len(names)
    width = max(left + side + MARGIN, widest([title], large) + 2 * MARGIN)
    canvas = Image.new("RGB", (width, top + side + MARGIN), WHITE)
    pen = ImageDraw.Draw(canvas)
    pen.text((MARGIN, MARGIN + TITLE / 2), title, INK, large, anchor="lm")
    for place, name in enumerate(names):
        pen.text((left - 8, top + (place + 0.5) * CELL), name, INK, font, anchor="rm")
        label = upwards(name, font, NAMES)
        canvas.paste(label, (left + place * CELL + CELL // 2 - label.width // 2, top - 8 - label.height))
    for row in range(len(names)):
        for column in range(len(names)):
            value = float(matrix[row, column])
            x, y = left + column * CELL, top + row * CELL
            colour = _colour(value / full)
            pen.rectangle((x, y, x + CELL - 2, y + CELL - 2), fill=colour)
            if math.isfinite(value):
                ink = WHITE if sum(colour) < 360 else INK if abs(value) >= 0.05 else QUIET
                pen.text((x + CELL / 2 - 1, y + CELL / 2 - 1), _number(value), ink, small, anchor="mm")
            if framed is not None and framed[row, column]:
                pen.rectangle((x, y, x + CELL - 2, y + CELL - 2), outline=INK, width=2)
    return np.array(canvas)


def _number(value: float) -> str:
    text = f"{value:.2f}"
    return "0" if float(text) == 0 else text.replace("0.", ".", 1) if abs(value) < 0.995 else text


def _colour(share: float) -> Colour:
    if not math.isfinite(share):
        return UNKNOWN
    # The square root lets a tenth be seen.
    strength = math.sqrt(min(1.0, abs(share)))
    end = HIGH if share > 0 else LOW
    red, green, blue = (round(255 + (part - 255) * strength) for part in end)
    return red, green, blue
