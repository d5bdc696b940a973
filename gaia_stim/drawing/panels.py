"""What a figure for paper is made of: rows of pictures, a wheel of them, and plots. All lengths are in points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gaia_stim.drawing.charts import Chart, Point
from gaia_stim.drawing.ink import FAINT, INK, Typeface
from gaia_stim.drawing.pens import Pen
from gaia_stim.drawing.plots import paint
from gaia_stim.images import Pixels

TEXT = 7.0
"""Height of letters; journals ask for 6 to 8 points."""
LINE = 10.0
"""What a line of them takes."""
GAP = 2.0
"""Between pictures."""
SMALLEST = 20.0
"""A strip whose pictures would be smaller goes on in another row."""
ROUNDS = 40


@dataclass(frozen=True, eq=False)
class Tiles:
    """Pictures in rows, with what is known of each, of its row and of its column."""

    pictures: Sequence[Pixels]
    columns: int
    under: Sequence[str] = ()
    """Of each picture."""
    above: Sequence[str] = ()
    """Of each column."""
    beside: Sequence[str] = ()
    """Of each row."""
    x_label: str = ""
    y_label: str = ""
    folds: bool = False
    """Whether it is one strip, which may go on in further rows."""

    is_wide = True

    def height(self, width: float, face: Typeface) -> float:
        return self._laid(width, face).height

    def paint(self, pen: Pen, width: float, face: Typeface) -> None:
        laid = self._laid(width, face)
        for index, picture in enumerate(self.pictures):
            x, y = laid.corner(index)
            pen.picture((x, y), laid.wide, laid.high, picture)
            if self.under:
                self._write(pen, (x + laid.wide / 2, y + laid.high + LINE / 2), self.under[index], laid.wide, face)
        for column, text in enumerate(self.above[: laid.columns]):
            x, _ = laid.corner(column)
            self._write(pen, (x + laid.wide / 2, laid.top - LINE / 2), text, laid.wide, face)
        for row, text in enumerate(self.beside):
            _, y = laid.corner(row * laid.columns)
            room = laid.left - 4 - (LINE if self.y_label else 0)
            pen.text((laid.left - 4, y + laid.high / 2), face.fitted(text, room, TEXT), INK, TEXT, "rm")
        if self.x_label:
            middle = (laid.left + width) / 2
            self._write(pen, (middle, laid.height - LINE / 2), self.x_label, width - laid.left, face)
        if self.y_label:
            pictures = (laid.top + laid.height - (LINE if self.x_label else 0)) / 2
            pen.upwards((0, pictures), face.fitted(self.y_label, laid.height - laid.top, TEXT), INK, TEXT)

    def _write(self, pen: Pen, middle: Point, text: str, room: float, face: Typeface) -> None:
        pen.text(middle, face.fitted(text, room, TEXT), INK, TEXT, "mm")

    def _laid(self, width: float, face: Typeface) -> "_Laid":
        widest = max((face.length(text, TEXT) for text in self.beside), default=0.0)
        left = (min(widest, width / 4) + 4 if self.beside else 0.0) + (LINE + 2 if self.y_label else 0.0)
        room = width - left
        columns = min(self.columns, max(1, int((room + GAP) / (SMALLEST + GAP)))) if self.folds else self.columns
        if self.folds:
            # As many in each row: 12 become 6 and 6, not 11 and 1.
            columns = -(-len(self.pictures) // -(-len(self.pictures) // columns))
        wide = (room - GAP * (columns - 1)) / columns
        high = wide * max(picture.shape[0] / picture.shape[1] for picture in self.pictures)
        rows = -(-len(self.pictures) // columns)
        top = LINE if self.above else 0.0
        down = high + (LINE if self.under else 0.0) + GAP
        height = top + rows * down - GAP + (LINE if self.x_label else 0.0)
        return _Laid(columns, left, top, wide, high, down, height)


@dataclass(frozen=True)
class _Laid:
    """Where everything of a panel of pictures lies."""

    columns: int
    left: float
    top: float
    wide: float
    high: float
    down: float
    """From row to row."""
    height: float

    def corner(self, index: int) -> Point:
        """The top left of a picture."""
        row, column = divmod(index, self.columns)
        return self.left + column * (self.wide + GAP), self.top + row * self.down


@dataclass(frozen=True, eq=False)
class Wheel:
    """Pictures on a circle, counter-clockwise from the right; they are square."""

    pictures: Sequence[Pixels]
    degrees: Sequence[float]
    named: Sequence[bool]
    """Which of the places are labelled with their degrees."""
    label: str = ""
    """In the middle."""

    is_wide = False

    def height(self, width: float, face: Typeface) -> float:
        return width

    def paint(self, pen: Pen, width: float, face: Typeface) -> None:
        middle = width / 2
        side = self._side(width)
        radius = (width - side) / 2
        inner = radius - side * 0.75 - 2
        ring = [_on(middle, inner, degrees) for degrees in range(0, 361, 3)]
        pen.line(ring, FAINT, 0.75)
        for picture, degrees, is_named in zip(self.pictures, self.degrees, self.named, strict=True):
            x, y = _on(middle, radius, degrees)
            pen.picture((x - side / 2, y - side / 2), side, side, picture)
            pen.line([_on(middle, inner, degrees), _on(middle, inner - 3, degrees)], INK, 0.75)
            if is_named:
                pen.text(_on(middle, inner - 12, degrees), f"{degrees:g}°", INK, TEXT, "mm")
        pen.text((middle, middle), face.fitted(self.label, 1.4 * max(1.0, inner - 24), TEXT), INK, TEXT, "mm")

    def _side(self, width: float) -> float:
        """The largest side with which no two pictures touch: half the way to the answer each time."""
        low, high = 0.0, width / 3
        for _ in range(ROUNDS):
            side = (low + high) / 2
            places = [_on(0, (width - side) / 2, degrees) for degrees in self.degrees]
            neighbours = zip(places, [*places[1:], places[0]], strict=True)
            is_free = all(max(abs(a - c), abs(b - d)) >= side + GAP for (a, b), (c, d) in neighbours)
            low, high = (side, high) if is_free else (low, side)
        return low


@dataclass(frozen=True, eq=False)
class Plotted:
    """A chart, and pictures that lie in it by their middles, in the chart's own pixels."""

    chart: Chart
    pictures: Sequence[tuple[Point, Pixels]] = ()
    side: float = 0.0
    """Of a picture, in the same."""
    is_wide: bool = False

    def height(self, width: float, face: Typeface) -> float:
        return self.chart.frame.height * width / self.chart.frame.width

    def paint(self, pen: Pen, width: float, face: Typeface) -> None:
        pen.scale = width / self.chart.frame.width
        paint(self.chart, pen)
        for (x, y), picture in self.pictures:
            pen.picture((x - self.side / 2, y - self.side / 2), self.side, self.side, picture)
        pen.scale = 1.0


def _on(middle: float, radius: float, degrees: float) -> Point:
    turn = math.radians(degrees)
    return middle + radius * math.cos(turn), middle - radius * math.sin(turn)
