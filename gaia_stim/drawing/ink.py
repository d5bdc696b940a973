"""What all pictures are written and drawn with: colours, one font, and text that fits where it stands."""

import io
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

from gaia_stim.errors import ConfigError
from gaia_stim.files import hash_bytes
from gaia_stim.gate import content_of

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
FAMILY = "Helvetica, Arial, sans-serif"
"""The letters of SVG: what every machine has."""
LARGEST_FONT = 1 << 26
"""Bytes; those of all of the world's scripts have fewer."""
_SAMPLE = 13
"""Height of the font in which a glyph is looked for."""
_MEASURED = 100
"""Height of the font in which lengths are measured."""


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


@dataclass(frozen=True)
class Typeface:
    """Letters that a figure is written with: how files call it, and its TrueType file."""

    name: str
    """As PDF has it."""
    family: str
    """As SVG has it, with what may stand for it."""
    content: bytes = field(repr=False, compare=False)
    spells: bool = False
    """Whether what it may lack is spelled out, whether it lacks it or not."""

    def at(self, height: float) -> Font:
        """The font, in pixels."""
        return _font_at(self, height)

    def length(self, text: str, height: float) -> float:
        """How wide a text is, in the unit of `height`."""
        return float(self.at(_MEASURED).getlength(text)) * height / _MEASURED

    def fitted(self, text: str, room: float, height: float) -> str:
        """The text as it can be drawn, with its middle left out where it is wider than `room`."""
        return shortened(drawable(text, self), room * _MEASURED / height, self.at(_MEASURED))


@cache
def plain() -> Typeface:
    """Pillow's own (CC0), of which a PDF has the letters that it uses; SVG names what every machine has."""
    return Typeface("Aileron", FAMILY, font_bytes(), spells=True)


def typeface(path: Path) -> Typeface:
    """The user's font. Raises `ConfigError` where the file is no TrueType font, `DataError` where none is there."""
    content = content_of(path, LARGEST_FONT)
    try:
        family = ImageFont.truetype(io.BytesIO(content), _SAMPLE).getname()[0] or path.stem
    except OSError:
        raise ConfigError(f"{path}: is not a font; give a TrueType file (.ttf)") from None
    if content[:4] not in (b"\0\1\0\0", b"true"):
        raise ConfigError(f"{path}: its letters are not TrueType outlines, which a PDF needs here; give a .ttf")
    family = " ".join(re.sub(r"[^\w -]", " ", family).split())
    return Typeface(f"{family}-{hash_bytes(content)[-8:]}", f"'{family}', {FAMILY}", content)


@cache
def _font_at(face: Typeface, height: float) -> Font:
    return ImageFont.truetype(io.BytesIO(face.content), height)


def widest(texts: Sequence[str], font: Font) -> int:
    """Pixels that the longest of the texts takes; there is at least one."""
    return max(math.ceil(font.getlength(text)) for text in texts)


def drawable(text: str, face: Typeface | None = None) -> str:
    """The text on one line, without characters that the font has no glyph for."""
    return "".join(_drawn(character, face) for character in " ".join(text.split()))


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


def _drawn(character: str, face: Typeface | None) -> str:
    if character in _SPELLED and (face is None or face.spells):
        return _SPELLED[character]
    if character.isascii() or _glyph(character, face) != _glyph("\uffff", face):
        return character
    return _SPELLED.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


@cache
def _glyph(character: str, face: Typeface | None) -> bytes:
    return bytes((font_of(_SAMPLE) if face is None else face.at(_SAMPLE)).getmask(character))
