"""A matrix as a picture: coloured cells with their numbers, drawn with Pillow alone."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from gaia_stim.images import Pixels

CELL = 40
MARGIN = 16
WHITE, INK, FAINT, UNKNOWN = (255, 255, 255), (24, 24, 24), (150, 150, 150), (235, 235, 235)
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
    small, font, large = (ImageFont.load_default(size) for size in (NUMBERS, NAMES, TITLE))
    widest = max(math.ceil(font.getlength(name)) for name in names)
    left, top = MARGIN + widest + 8, MARGIN + TITLE + 14 + widest + 8
    side = CELL * len(names)
    width = max(left + side + MARGIN, math.ceil(large.getlength(title)) + 2 * MARGIN)
    canvas = Image.new("RGB", (width, top + side + MARGIN), WHITE)
    pen = ImageDraw.Draw(canvas)
    pen.text((MARGIN, MARGIN + TITLE / 2), title, INK, large, anchor="lm")
    for place, name in enumerate(names):
        pen.text((left - 8, top + (place + 0.5) * CELL), name, INK, font, anchor="rm")
        _upwards(canvas, name, left + place * CELL + CELL // 2, top - 8, font)
    for row in range(len(names)):
        for column in range(len(names)):
            value = float(matrix[row, column])
            x, y = left + column * CELL, top + row * CELL
            colour = _colour(value / full)
            pen.rectangle((x, y, x + CELL - 2, y + CELL - 2), fill=colour)
            if math.isfinite(value):
                ink = WHITE if sum(colour) < 360 else INK if abs(value) >= 0.05 else FAINT
                pen.text((x + CELL / 2 - 1, y + CELL / 2 - 1), _number(value), ink, small, anchor="mm")
            if framed is not None and framed[row, column]:
                pen.rectangle((x, y, x + CELL - 2, y + CELL - 2), outline=INK, width=2)
    return np.array(canvas)


def _number(value: float) -> str:
    text = f"{value:.2f}"
    return "0" if float(text) == 0 else text.replace("0.", ".", 1) if abs(value) < 0.995 else text


def _colour(share: float) -> tuple[int, int, int]:
    if not math.isfinite(share):
        return UNKNOWN
    # The square root lets a tenth be seen.
    strength = math.sqrt(min(1.0, abs(share)))
    end = HIGH if share > 0 else LOW
    red, green, blue = (round(255 + (part - 255) * strength) for part in end)
    return red, green, blue


def _upwards(
    canvas: Image.Image, text: str, x: int, bottom: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> None:
    """Text that reads upwards, centred over x."""
    width, height = math.ceil(font.getlength(text)) + 2, NAMES + 6
    label = Image.new("RGB", (width, height), WHITE)
    ImageDraw.Draw(label).text((0, height / 2), text, INK, font, anchor="lm")
    canvas.paste(label.rotate(90, expand=True), (x - height // 2, bottom - width))
