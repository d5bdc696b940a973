"""What charts are drawn with: the same strokes as pixels, as SVG and as PDF, in pixels from the top left."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw

from gaia_stim.drawing.charts import Point
from gaia_stim.drawing.ink import FAMILY, WHITE, Colour, Typeface, font_of, plain, upwards
from gaia_stim.images import Pixels, png_bytes, resized

OVERSAMPLING = 4
"""Lines and dots are drawn so many times larger and averaged down: Pillow does not smooth edges."""

ANCHORS = {"l": "start", "m": "middle", "r": "end"}
BASELINES = {"t": 0.75, "m": 0.35, "b": -0.2}
"""How far below its anchor a text's letters stand, of their height."""


class Pen(Protocol):
    """Draws on one page."""

    origin: Point
    """Where a chart's own top left is, on the page."""
    scale: float
    """How many of the page's units are one of the chart's."""

    def polygon(self, corners: Sequence[Point], colour: Colour) -> None: ...

    def line(self, corners: Sequence[Point], colour: Colour, width: float = 1) -> None: ...

    def circle(self, middle: Point, radius: float, colour: Colour) -> None: ...

    def picture(self, at: Point, width: float, height: float, pixels: Pixels) -> None:
        """A picture (H, W, 1 or 3) with its top left there; files hold its own pixels."""

    def text(self, at: Point, text: str, colour: Colour, height: float, anchor: str) -> None:
        """`anchor` is Pillow's: l, m, r and t, m, b, which part of the text lies there."""

    def upwards(self, at: Point, text: str, colour: Colour, height: float) -> None:
        """A label that reads upwards, right of a point and with its middle at its height."""


class PixelPen:
    """Pixels, `fine` times as many as points each way."""

    def __init__(
        self,
        width: float,
        height: float,
        fine: float = 1,
        face: Typeface | None = None,
        oversampling: int = OVERSAMPLING,
    ) -> None:
        self.origin: Point = (0, 0)
        self.scale = 1.0
        self.fine, self.oversampling, self.face = fine, oversampling, face
        self._size = round(width * fine), round(height * fine)
        self._large = Image.new("RGB", (self._size[0] * oversampling, self._size[1] * oversampling), WHITE)
        self._pen = ImageDraw.Draw(self._large)
        self._pictures: list[tuple[Point, Point, Pixels]] = []
        self._texts: list[tuple[Point, str, Colour, float, str]] = []

    def _at(self, place: Point) -> Point:
        """In pixels of what comes out."""
        x, y = ((one * self.scale + begin) * self.fine for one, begin in zip(place, self.origin, strict=True))
        return x, y

    def _scaled(self, places: Sequence[Point]) -> list[float]:
        return [one * self.oversampling for place in places for one in self._at(place)]

    def polygon(self, corners: Sequence[Point], colour: Colour) -> None:
        self._pen.polygon(self._scaled(corners), fill=colour)

    def line(self, corners: Sequence[Point], colour: Colour, width: float = 1) -> None:
        thick = max(1, round(width * self.scale * self.fine * self.oversampling))
        self._pen.line(self._scaled(corners), fill=colour, width=thick, joint="curve")

    def circle(self, middle: Point, radius: float, colour: Colour) -> None:
        (x, y) = middle
        self._pen.ellipse(self._scaled([(x - radius, y - radius), (x + radius, y + radius)]), fill=colour)

    def picture(self, at: Point, width: float, height: float, pixels: Pixels) -> None:
        self._pictures.append((self._at(at), self._at((at[0] + width, at[1] + height)), pixels))

    def text(self, at: Point, text: str, colour: Colour, height: float, anchor: str) -> None:
        self._texts.append((self._at(at), text, colour, height * self.scale * self.fine, anchor))

    def upwards(self, at: Point, text: str, colour: Colour, height: float) -> None:
        self.text(at, text, colour, height, "")

    def image(self) -> Image.Image:
        """What was drawn. Pictures and letters come last, for they are smooth already."""
        image = self._large.resize(self._size, Image.Resampling.BOX)
        pen = ImageDraw.Draw(image)
        for begin, end, pixels in self._pictures:
            (left, top), (right, bottom) = (tuple(map(round, corner)) for corner in (begin, end))
            small = resized(pixels, max(1, bottom - top), max(1, right - left))
            image.paste(Image.fromarray(np.broadcast_to(small, (*small.shape[:2], 3)).copy()), (left, top))
        for (x, y), text, colour, height, anchor in self._texts:
            font = font_of(round(height)) if self.face is None else self.face.at(height)
            if anchor:
                pen.text((x, y), text, colour, font, anchor=anchor)
            elif text:
                label = upwards(text, font, round(height))
                top = round(y - label.height / 2)
                image.paste(label, (round(x), min(max(2, top), image.height - label.height)))
        return image


class SvgPen:
    """SVG, a stroke an element. `unit` is that of a figure that is printed: pt."""

    def __init__(self, width: float, height: float, face: Typeface | None = None, unit: str = "") -> None:
        self.origin: Point = (0, 0)
        self.scale = 1.0
        family = escape(face.family) if face else FAMILY
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}{unit}" height="{height:g}{unit}" '
            f'viewBox="0 0 {width:g} {height:g}" font-family="{family}">',
            f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        ]

    def _at(self, place: Point) -> Point:
        x, y = (round(one * self.scale + begin, 2) for one, begin in zip(place, self.origin, strict=True))
        return x, y

    def _points(self, corners: Sequence[Point]) -> str:
        return " ".join("{:g},{:g}".format(*self._at(corner)) for corner in corners)

    def polygon(self, corners: Sequence[Point], colour: Colour) -> None:
        self._parts.append(f'<polygon points="{self._points(corners)}" fill="{_hex(colour)}"/>')

    def line(self, corners: Sequence[Point], colour: Colour, width: float = 1) -> None:
        self._parts.append(
            f'<polyline points="{self._points(corners)}" fill="none" stroke="{_hex(colour)}" '
            f'stroke-width="{width * self.scale:g}" stroke-linejoin="round"/>'
        )

    def circle(self, middle: Point, radius: float, colour: Colour) -> None:
        x, y = self._at(middle)
        self._parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius * self.scale:.2f}" fill="{_hex(colour)}"/>')

    def picture(self, at: Point, width: float, height: float, pixels: Pixels) -> None:
        x, y = self._at(at)
        content = base64.b64encode(png_bytes(pixels)).decode()
        self._parts.append(
            f'<image x="{x:g}" y="{y:g}" width="{width * self.scale:.2f}" height="{height * self.scale:.2f}" '
            f'preserveAspectRatio="none" href="data:image/png;base64,{content}"/>'
        )

    def text(self, at: Point, text: str, colour: Colour, height: float, anchor: str) -> None:
        x, y = self._at(at)
        self._write(text, colour, height, f'x="{x:g}" y="{y:g}" dy="{BASELINES[anchor[1]]}em"', anchor[0])

    def upwards(self, at: Point, text: str, colour: Colour, height: float) -> None:
        x, y = self._at((at[0] + height, at[1]))
        self._write(text, colour, height, f'transform="translate({x:g} {y:g}) rotate(-90)"', "m")

    def _write(self, text: str, colour: Colour, height: float, place: str, anchor: str) -> None:
        about = f'font-size="{height * self.scale:g}" fill="{_hex(colour)}" text-anchor="{ANCHORS[anchor]}"'
        self._parts.append(f"<text {place} {about}>{escape(text)}</text>")

    def content(self) -> bytes:
        """The file."""
        return "\n".join([*self._parts, "</svg>\n"]).encode()


class PdfPen:
    """PDF by reportlab, a point a pixel; without the time, so that the same page is the same bytes."""

    def __init__(self, width: float, height: float, face: Typeface | None = None) -> None:
        from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas

        self.origin: Point = (0, 0)
        self.scale = 1.0
        known = face or plain()
        self._stream, self._height, self._wide, self._font = io.BytesIO(), height, stringWidth, known.name
        registerFont(TTFont(known.name, io.BytesIO(known.content)))
        self._page = Canvas(self._stream, pagesize=(width, height), invariant=1)
        self._page.setCreator("gaia-stim")

    def _at(self, place: Point) -> Point:
        x, y = (one * self.scale + begin for one, begin in zip(place, self.origin, strict=True))
        return x, self._height - y

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
        self._page.setLineWidth(width * self.scale)
        self._page.setLineJoin(1)
        self._page.drawPath(self._path(corners), stroke=1, fill=0)

    def circle(self, middle: Point, radius: float, colour: Colour) -> None:
        self._page.setFillColorRGB(*_shares(colour))
        self._page.circle(*self._at(middle), radius * self.scale, stroke=0, fill=1)

    def picture(self, at: Point, width: float, height: float, pixels: Pixels) -> None:
        from reportlab.lib.utils import ImageReader

        x, y = self._at((at[0], at[1] + height))
        image = Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy())
        self._page.drawImage(ImageReader(image), x, y, width * self.scale, height * self.scale)

    def text(self, at: Point, text: str, colour: Colour, height: float, anchor: str) -> None:
        x, y = self._at(at)
        down = BASELINES[anchor[1]] * height * self.scale
        self._write((x, y - down), text, colour, height, anchor[0])

    def upwards(self, at: Point, text: str, colour: Colour, height: float) -> None:
        x, y = self._at((at[0] + height, at[1]))
        self._page.saveState()
        self._page.translate(x, y)
        self._page.rotate(90)
        self._write((0, 0), text, colour, height, "m")
        self._page.restoreState()

    def _write(self, at: Point, text: str, colour: Colour, height: float, anchor: str) -> None:
        size = height * self.scale
        back = {"l": 0.0, "m": 0.5, "r": 1.0}[anchor] * self._wide(text, self._font, size)
        self._page.setFillColorRGB(*_shares(colour))
        self._page.setFont(self._font, size)
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
