"""A figure for paper: panels in rows on a page of a given width, as SVG, PDF or PNG. All lengths are in points."""

import io
from collections.abc import Iterator, Sequence
from typing import Protocol

from gaia_stim.drawing.ink import INK, Typeface, plain
from gaia_stim.drawing.pens import PdfPen, Pen, PixelPen, SvgPen

POINTS_A_MM = 72 / 25.4
COLUMN = 130 * POINTS_A_MM
"""A page wider than that has narrow panels side by side."""
GAP = 12.0
"""Between panels."""
LETTER, LETTER_ROOM = 10.0, 14.0
"""Height of a panel's letter, and of the line that it stands in."""
DPI = 300
"""Of a PNG; the others hold lines as lines."""
ENDINGS = (".svg", ".pdf", ".png")


class Panel(Protocol):
    """A part of a figure, as wide as it is told to be."""

    @property
    def is_wide(self) -> bool:
        """Whether it takes a whole row of a page."""

    def height(self, width: float, face: Typeface) -> float: ...

    def paint(self, pen: Pen, width: float, face: Typeface) -> None:
        """Draw it with its top left at (0, 0)."""


def page(
    panels: Sequence[Panel], width: float, ending: str, face: Typeface | None = None, *, letters: bool = True
) -> bytes:
    """The file; the same panels are the same bytes. Several panels have letters, unless not `letters`."""
    known = face or plain()
    room = LETTER_ROOM if letters and len(panels) > 1 else 0.0
    placed, high = _placed(panels, width, known, room)
    pen = _pen(ending, width, high, face)
    for number, (panel, x, y, wide) in enumerate(placed):
        pen.origin = x, y
        if room:
            pen.text((0, 0), chr(ord("a") + number % 26), INK, LETTER, "lt")
        pen.origin = x, y + room
        panel.paint(pen, wide, known)
    if isinstance(pen, PixelPen):
        stream = io.BytesIO()
        pen.image().save(stream, format="PNG", dpi=(DPI, DPI))
        return stream.getvalue()
    return pen.content()


Placed = tuple[Panel, float, float, float]
"""A panel, where its top left is, and how wide it is."""


def _placed(panels: Sequence[Panel], width: float, face: Typeface, room: float) -> tuple[list[Placed], float]:
    """Every panel's place, and the height of all."""
    found: list[Placed] = []
    top = 0.0
    for row in _rows(panels, width):
        wide = (width - GAP * (len(row) - 1)) / len(row)
        wide = wide if row[0].is_wide or width <= COLUMN else (width - GAP) / 2
        found += [(panel, place * (wide + GAP), top, wide) for place, panel in enumerate(row)]
        top += room + max(panel.height(wide, face) for panel in row) + GAP
    return found, top - GAP


def _rows(panels: Sequence[Panel], width: float) -> Iterator[list[Panel]]:
    waiting: list[Panel] = []
    for panel in panels:
        if panel.is_wide or width <= COLUMN:
            yield from ([waiting] if waiting else [])
            waiting = []
            yield [panel]
        else:
            waiting.append(panel)
            if len(waiting) == 2:
                yield waiting
                waiting = []
    yield from ([waiting] if waiting else [])


def _pen(ending: str, width: float, height: float, face: Typeface | None) -> PixelPen | SvgPen | PdfPen:
    wide, high = round(width, 2), round(height, 2)
    if ending == ".svg":
        return SvgPen(wide, high, face, unit="pt")
    return PdfPen(wide, high, face) if ending == ".pdf" else PixelPen(wide, high, DPI / 72, face or plain(), 2)
