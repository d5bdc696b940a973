"""What all pictures are written and drawn with: colours, one font, and text that fits where it stands."""

import io
import math
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour: TypeAlias = tuple[int, int, int]
"""sRGB, 0 to 255."""

WHITE: Colour = (255, 255, 255)
INK: Colour = (24, 24, 24)
FAINT: Colour = (205, 205, 205)
"""Frames and rules."""
SERIES: tuple[Colour, ...] = ((70, 110, 160), (200, 60, 40))
"""Of the curves of a chart, in turn; the second is also that of a warning."""

_SPELLED = {"α": "alpha", "β": "beta", "γ": "gamma", "→": "to", "×": "x"} | dict.fromkeys("−–—", "-")
"""What Pillow's built-in font may lack, and texts may hold; other letters lose their accents."""
_SAMPLE = 13
"""Height of the font in which a glyph is looked for."""


@cache
def font_of(height: int) -> Font:
    """The font, in pixels."""
    return ImageFont.load_default(height)


def font_bytes() -> bytes:
    """The font's file."""
    letters = getattr(font_of(_SAMPLE), "path", None)
    if not isinstance(letters, io.BytesIO):
        raise RuntimeError("Pillow was built without FreeType, and its own font cannot be put into a file")
    return letters.getvalue()


def widest(texts: Sequence[str], font: Font) -> int:
    """Pixels that the longest of the texts takes; there is at least one."""
    return max(math.ceil(font.getlength(text)) for text in texts)


def drawable(text: str) -> str:
    """The text on one line, without characters that the font has no glyph for."""
    return "".join(map(_drawn, " ".join(text.split())))


def shortened(text: str, room: float, font: Font) -> str:
    """The text, with its middle left out where it is wider than `room`: the ends tell file names apart."""
    if font.getlength(text) <= room:
        return text
    for kept in range(len(text) - 1, 0, -1):
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        if font.getlength(short) <= room:
            return short
    return ""


def upwards(text: str, font: Font, height: int) -> Image.Image:
    """A label that reads upwards: its text on white, (the text's length + 2) pixels high and `height` + 6 wide."""
    label = Image.new("RGB", (widest([text], font) + 2, height + 6), WHITE)
    ImageDraw.Draw(label).text((0, label.height / 2), text, INK, font, anchor="lm")
    return label.rotate(90, expand=True)


def _drawn(character: str) -> str:
    if character in _SPELLED:
        return _SPELLED[character]
    if character.isascii() or _glyph(character) != _glyph("\uffff"):
        return character
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


@cache
def _glyph(character: str) -> bytes:
    return bytes(font_of(_SAMPLE).getmask(character))
