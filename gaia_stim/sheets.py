"""Contact sheets: many small pictures as one, to look at.

Tiles keep their pixels: they are only ever enlarged by whole factors without interpolation, so that what is
seen is what the file holds. Text never overlaps and is never cut off: it is set smaller, then its middle is
left out.
"""

import math
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels: TypeAlias = npt.NDArray[np.uint8]
Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour: TypeAlias = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
INK: Colour = (24, 24, 24)
TILE = 96
"""Small stimuli are enlarged until a tile is at least so many pixels wide and high."""
LABEL_SIZES, TITLE_SIZE = (13, 12, 11, 10), 18
"""Heights of text in pixels; of labels, the largest at which all of them fit."""
MARGIN = 16
TITLE_ROOM = 480
"""A sheet is made at most so wide for the sake of its title."""

_SPELLED = {"α": "alpha", "β": "beta", "γ": "gamma", "→": "to", "×": "x"} | dict.fromkeys("−–—", "-")
"""What Pillow's built-in font may lack, and labels may hold; other letters lose their accents."""


def contact_sheet(
    images: Sequence[Pixels] | Pixels,
    columns: int,
    *,
    labels: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    title: str | None = None,
    gap: int = 4,
    scale: int | None = None,
    background: Colour = WHITE,
) -> Pixels:
    """Lay images out row by row, as (H, W, 3) uint8.

    `images` are (H, W, 1 or 3) uint8 and may differ in size: each is centred in a tile as large as the
    largest. `labels` stand under the images, `row_labels` left of the rows, `column_labels` above the
    columns. `scale` is the whole factor by which images are enlarged; without it small ones are enlarged to
    at least `TILE` pixels. Raises `ValueError` where there is nothing to lay out, or a number of labels that
    does not fit.
    """
    columns = min(columns, len(images))
    if columns < 1:
        raise ValueError("a sheet needs at least one image and one column")
    rows = -(-len(images) // columns)
    for what, given, expected in (
        ("labels", labels, len(images)),
        ("row_labels", row_labels, rows),
        ("column_labels", column_labels, columns),
    ):
        if given is not None and len(given) != expected:
            raise ValueError(f"{len(given)} {what} for {expected}")

    height, width = (max(image.shape[axis] for image in images) for axis in (0, 1))
    factor = scale or max(1, -(-TILE // min(height, width)))
    height, width = height * factor, width * factor
    labels, row_labels, column_labels = _drawable(labels), _drawable(row_labels), _drawable(column_labels)
    heading = _drawable([title])[0] if title else ""
    beside = _font(row_labels, 3 * width)
    title_font = _font_of(TITLE_SIZE)
    line = LABEL_SIZES[0] + 6
    left = MARGIN + (min(3 * width, _widest(row_labels, beside)) + 8 if row_labels else 0)
    top = MARGIN + (TITLE_SIZE + 14 if heading else 0) + (line if column_labels else 0)
    down, right = height + (line if labels else 0) + gap, width + gap
    full_width = max(
        left + columns * right - gap + MARGIN,
        min(TITLE_ROOM, _widest([heading], title_font)) + 2 * MARGIN if heading else 0,
    )
    canvas = Image.new("RGB", (full_width, top + rows * down - gap + MARGIN), background)
    pen = ImageDraw.Draw(canvas)
    ink = INK if sum(background) >= 3 * 118 else WHITE

    for index, image in enumerate(images):
        tile = _tile(image, factor)
        x, y = left + index % columns * right, top + index // columns * down
        canvas.paste(tile, (x + (width - tile.width) // 2, y + (height - tile.height) // 2))

    room = width - 2
    if heading:
        text = _fitting(heading, full_width - 2 * MARGIN, title_font)
        pen.text((MARGIN, MARGIN + TITLE_SIZE / 2), text, ink, title_font, anchor="lm")
    font = _font(labels, room)
    for index, text in enumerate(labels):
        place = (
            left + index % columns * right + width / 2,
            top + index // columns * down + height + line / 2,
        )
        pen.text(place, _fitting(text, room, font), ink, font, anchor="mm")
    font = _font(column_labels, room)
    for index, text in enumerate(column_labels):
        place = (left + index * right + width / 2, top - line / 2)
        pen.text(place, _fitting(text, room, font), ink, font, anchor="mm")
    for index, text in enumerate(row_labels):
        place = (left - 8, top + index * down + height / 2)
        pen.text(place, _fitting(text, left - 8 - MARGIN, beside), ink, beside, anchor="rm")
    return np.array(canvas)


def _tile(image: Pixels, factor: int) -> Image.Image:
    enlarged = np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)
    return Image.fromarray(np.broadcast_to(enlarged, (*enlarged.shape[:2], 3)).copy())


def _drawable(texts: Sequence[str] | None) -> list[str]:
    """The texts on one line each, without characters that the font has no glyph for."""
    return ["".join(map(_drawn, " ".join(text.split()))) for text in texts or ()]


def _drawn(character: str) -> str:
    if character in _SPELLED:
        return _SPELLED[character]
    if character.isascii() or _glyph(character) != _glyph("\uffff"):
        return character
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


@cache
def _glyph(character: str) -> bytes:
    return bytes(_font_of(LABEL_SIZES[0]).getmask(character))


@cache
def _font_of(size: int) -> Font:
    return ImageFont.load_default(size)


def _font(texts: Sequence[str], room: float) -> Font:
    """The largest font for labels in which all texts fit, else the smallest."""
    fonts = [_font_of(size) for size in LABEL_SIZES]
    return next((font for font in fonts if not texts or _widest(texts, font) <= room), fonts[-1])


def _widest(texts: Sequence[str], font: Font) -> int:
    return max(math.ceil(font.getlength(text)) for text in texts)


def _fitting(text: str, room: float, font: Font) -> str:
    """The text, with its middle left out where it is wider than `room`: the ends tell file names apart."""
    if font.getlength(text) <= room:
        return text
    for kept in range(len(text) - 1, 0, -1):
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        if font.getlength(short) <= room:
            return short
    return ""
