"""What charts are drawn with: the same strokes as pixels, as SVG and as PDF, in pixels from the top left."""

import io
from collections.abc import Sequence
from html import escape
from typing import Protocol

from PIL import Image, ImageDraw

from gaia_stim.drawing.charts import Point
from gaia_stim.drawing.ink import WHITE, Colour, font_bytes, font_of, upwards

OVERSAMPLING = 4
"""Lines and dots are drawn so many times larger and averaged down: Pillow does not smooth edges."""
FONT = "Aileron"
"""Pillow's own font (CC0), of which a PDF has the letters that it uses."""


ANCHORS = {"l": "start", "m": "middle", "r": "end"}
BASELINES = {"t": 0.75, "m": 0.35, "b": -0.2}
"""How far below its anchor a text's letters stand, of their height."""


class Pen(Protocol):
    """Draws on one page."""

    origin: Point
    """Where a chart's own top left is."""

    def polygon(self, corners: Sequence[Point], colour: Colour) -> None: ...

    def line(self, corners: Sequence[Point], colour: Colour, width: float = 1) -> None: ...

    def circle(self, middle: Point, radius: float, colour: Colour) -> None: ...

    def text(self, at: Point, text: str, colour: Colour, height: int, anchor: str) -> None:
        """`anchor` is Pillow's: l, m, r and t, m, b, which part of the text lies there."""

    def upwards(self, at: Point, text: str, colour: Colour, height: int) -> None:
        """A label that reads upwards, right of a point and with its middle at its height."""


class PixelPen:
    """Pixels, `fine` times as many as points each way."""

    def __init__(self, width: int, height: int, fine: int = 1) -> None:
        self.origin: Point = (0, 0)
        self.fine, self.times = fine, fine * OVERSAMPLING
        self._large = Image.new("RGB", (width * self.times, height * self.times), WHITE)
        self._pen = ImageDraw.Draw(self._large)
        self._texts: list[tuple[Point, str, Colour, int, str]] = []

    def _scaled(self, places: Sequence[Point]) -> list[float]:
        return [(one + begin) * self.times for place in places for one, begin in zip(place, self.origin, strict=True)]

    def polygon(self, corners: Sequence[Point], colour: Colour) -> None:
        self._pen.polygon(self._scaled(corners), fill=colour)

    def line(self, corners: Sequence[Point], colour: Colour, width: float = 1) -> None:
        self._pen.line(self._scaled(corners), fill=colour, width=round(width * self.times), joint="curve")

    def circle(self, middle: Point, radius: float, colour: Colour) -> None:
        (x, y) = middle
        self._pen.ellipse(self._scaled([(x - radius, y - radius), (x + radius, y + radius)]), fill=colour)

    def text(self, at: Point, text: str, colour: Colour, height: int, anchor: str) -> None:
        self._texts.append(((at[0] + self.origin[0], at[1] + self.origin[1]), text, colour, height, anchor))

    def upwards(self, at: Point, text: str, colour: Colour, height: int) -> None:
        self.text(at, text, colour, height, "")

    def image(self) -> Image.Image:
        """What was drawn. Letters come last, for they are smooth already."""
        size = self._large.width // OVERSAMPLING, self._large.height // OVERSAMPLING
        image = self._large.resize(size, Image.Resampling.BOX)
        pen = ImageDraw.Draw(image)
        for (x, y), text, colour, height, anchor in self._texts:
            font = font_of(height * self.fine)
            if anchor:
                pen.text((x * self.fine, y * self.fine), text, colour, font, anchor=anchor)
            elif text:
                label = upwards(text, font, height * self.fine)
                top = round(y * self.fine - label.height / 2)
                image.paste(label, (round(x * self.fine), min(max(2, top), image.height - label.height)))
        return image


class SvgPen:
    """SVG, a stroke an element."""

    def __init__(self, width: int, height: int) -> None:
        self.origin: Point = (0, 0)
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        ]

    def _at(self, place: Point) -> Point:
        return round(place[0] + self.origin[0], 2), round(place[1] + self.origin[1], 2)

    def _points(self, corners: Sequence[Point]) -> str:
        return " ".join("{:g},{:g}".format(*self._at(corner)) for corner in corners)

    def polygon(self, corners: Sequence[Point], colour: Colour) -> None:
        self._parts.append(f'<polygon points="{self._points(corners)}" fill="{_hex(colour)}"/>')

    def line(self, corners: Sequence[Point], colour: Colour, width: float = 1) -> None:
        self._parts.append(
            f'<polyline points="{self._points(corners)}" fill="none" stroke="{_hex(colour)}" stroke-width="{width:g}" '
            'stroke-linejoin="round"/>'
        )

    def circle(self, middle: Point, radius: float, colour: Colour) -> None:
        x, y = self._at(middle)
        self._parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:.2f}" fill="{_hex(colour)}"/>')

    def text(self, at: Point, text: str, colour: Colour, height: int, anchor: str) -> None:
        x, y = self._at(at)
        self._write(text, colour, height, f'x="{x:g}" y="{y:g}" dy="{BASELINES[anchor[1]]}em"', anchor[0])

    def upwards(self, at: Point, text: str, colour: Colour, height: int) -> None:
        x, y = self._at((at[0] + height, at[1]))
        self._write(text, colour, height, f'transform="translate({x:g} {y:g}) rotate(-90)"', "m")

    def _write(self, text: str, colour: Colour, height: int, place: str, anchor: str) -> None:
        about = f'font-size="{height}" fill="{_hex(colour)}" text-anchor="{ANCHORS[anchor]}"'
        self._parts.append(f"<text {place} {about}>{escape(text)}</text>")

    def content(self) -> bytes:
        """The file."""
        return "\n".join([*self._parts, "</svg>\n"]).encode()


class PdfPen:
    """PDF by reportlab, a point a pixel; without the time, so that the same page is the same bytes."""

    def __init__(self, width: int, height: int) -> None:
        from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas

        self.origin: Point = (0, 0)
        self._stream, self._height, self._wide = io.BytesIO(), height, stringWidth
        registerFont(TTFont(FONT, io.BytesIO(font_bytes())))
        self._page = Canvas(self._stream, pagesize=(width, height), invariant=1)
        self._page.setCreator("gaia-stim")

    def _at(self, place: Point) -> Point:
        return place[0] + self.origin[0], self._height - place[1] - self.origin[1]

    def _path(self, corners: Sequence[Point]) -> object:
        path = self._page.beginPath()
        path.moveTo(*self._at(corners[0]))
        for corner in corners[1:]:
            path.lineTo(*self._at(corner))
        return path

    def polygon(self, corners: Sequence[Point], colour: Colour) -> None:
        self._page.setFillColorRGB(*_shares(colour))
        self._page.drawPath(self._path(corners), stroke=0, fill=1)

    def line(self, corners: Sequence[Point], colour: Colour, width: float = 1) -> None:
        self._page.setStrokeColorRGB(*_shares(colour))
        self._page.setLineWidth(width)
        self._page.setLineJoin(1)
        self._page.drawPath(self._path(corners), stroke=1, fill=0)

    def circle(self, middle: Point, radius: float, colour: Colour) -> None:
        self._page.setFillColorRGB(*_shares(colour))
        self._page.circle(*self._at(middle), radius, stroke=0, fill=1)

    def text(self, at: Point, text: str, colour: Colour, height: int, anchor: str) -> None:
        x, y = self._at(at)
        self._write((x, y - BASELINES[anchor[1]] * height), text, colour, height, anchor[0])

    def upwards(self, at: Point, text: str, colour: Colour, height: int) -> None:
        x, y = self._at((at[0] + height, at[1]))
        self._page.saveState()
        self._page.translate(x, y)
        self._page.rotate(90)
        self._write((0, 0), text, colour, height, "m")
        self._page.restoreState()

    def _write(self, at: Point, text: str, colour: Colour, height: int, anchor: str) -> None:
        back = {"l": 0.0, "m": 0.5, "r": 1.0}[anchor] * self._wide(text, FONT, height)
        self._page.setFillColorRGB(*_shares(colour))
        self._page.setFont(FONT, height)
        self._page.drawString(at[0] - back, at[1], text)

    def content(self) -> bytes:
        """The file."""
        self._page.showPage()
        self._page.save()
        return self._stream.getvalue()


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _shares(colour: Colour) -> tuple[float, ...]:
    return tuple(one / 255 for one in colour)
