"""Contact sheets: many small pictures as one, to look at.

Tiles keep their pixels: they are only ever enlarged by whole factors without interpolation, so that what is
seen is what the file holds. Text never overlaps and is never cut off: it is set smaller, then its middle is
left out.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from gaia_stim.drawing.ink import INK, WHITE, Colour, Font, drawable, font_of, shortened, widest
from gaia_stim.images import Pixels

TILE = 96
"""Small stimuli are enlarged until a tile is at least so many pixels wide and high."""
LABEL_SIZES, TITLE_SIZE = (13, 12, 11, 10), 18
"""Heights of text in pixels; of labels, the largest at which all of them fit."""
LINE = LABEL_SIZES[0] + 6
"""Pixels that a line of labels takes."""
MARGIN = 16
TITLE_ROOM = 480
"""A sheet is made at most so wide for the sake of its title."""


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
    under = _texts("labels", labels, len(images))
    beside = _texts("row_labels", row_labels, rows)
    above = _texts("column_labels", column_labels, columns)
    heading = drawable(title) if title else ""

    height, width = (max(image.shape[axis] for image in images) for axis in (0, 1))
    factor = scale or max(1, -(-TILE // min(height, width)))
    height, width = height * factor, width * factor
    beside_font = _font(beside, 3 * width)
    left = MARGIN + (min(3 * width, widest(beside, beside_font)) + 8 if beside else 0)
    top = MARGIN + (TITLE_SIZE + 14 if heading else 0) + (LINE if above else 0)
    right, down = width + gap, height + (LINE if under else 0) + gap

    def corner(index: int) -> tuple[int, int]:
        return left + index % columns * right, top + index // columns * down

    across = left + columns * right - gap + MARGIN
    if heading:
        across = max(across, min(TITLE_ROOM, widest([heading], font_of(TITLE_SIZE))) + 2 * MARGIN)
    canvas = Image.new("RGB", (across, top + rows * down - gap + MARGIN), background)

    for index, image in enumerate(images):
        tile = _tile(image, factor)
        x, y = corner(index)
        canvas.paste(tile, (x + (width - tile.width) // 2, y + (height - tile.height) // 2))
    ink = INK if sum(background) >= 3 * 118 else WHITE
    pen = ImageDraw.Draw(canvas)

    def write(text: str, x: float, y: float, room: float, font: Font, anchor: str) -> None:
        pen.text((x, y), shortened(text, room, font), ink, font, anchor=anchor)

    if heading:
        write(heading, MARGIN, MARGIN + TITLE_SIZE / 2, across - 2 * MARGIN, font_of(TITLE_SIZE), "lm")
    room = width - 2
    under_font, above_font = _font(under, room), _font(above, room)
    for index, text in enumerate(under):
        x, y = corner(index)
        write(text, x + width / 2, y + height + LINE / 2, room, under_font, "mm")
    for index, text in enumerate(above):
        x, y = corner(index)
        write(text, x + width / 2, y - LINE / 2, room, above_font, "mm")
    for index, text in enumerate(beside):
        x, y = corner(index * columns)
        write(text, x - 8, y + height / 2, x - 8 - MARGIN, beside_font, "rm")
    return np.array(canvas)


def column_sheet(columns: Sequence[Pixels], labels: Sequence[str], title: str) -> Pixels:
    """A contact sheet with a column for each of `columns`, (rows, H, W, 1 or 3) uint8 each, their names above them."""
    images = [image for row in zip(*columns, strict=True) for image in row]
    return contact_sheet(images, len(columns), column_labels=labels, title=title)


def _texts(what: str, given: Sequence[str] | None, expected: int) -> list[str]:
    if given is not None and len(given) != expected:
        raise ValueError(f"{len(given)} {what} for {expected}")
    return [drawable(text) for text in given or ()]


def _tile(image: Pixels, factor: int) -> Image.Image:
    enlarged = np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)
    return Image.fromarray(np.broadcast_to(enlarged, (*enlarged.shape[:2], 3)).copy())


def _font(texts: Sequence[str], room: float) -> Font:
    """The largest font for labels in which all texts fit, else the smallest."""
    fonts = [font_of(size) for size in LABEL_SIZES]
    return next((font for font in fonts if not texts or widest(texts, font) <= room), fonts[-1])
