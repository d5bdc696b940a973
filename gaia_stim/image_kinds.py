"""Which kind of picture a file holds: told by its first bytes, not by its name.

Only harmless kinds are read (Pillow would hand an EPS to Ghostscript). Others are known so that they can be counted,
and named with their reason: a folder with a camera's raw file in it has one picture more than are used.
"""

import importlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

Reader: TypeAlias = Callable[[io.BytesIO], Image.Image]

HEAD = 256
"""Bytes at the beginning of a file that tell its kind; all of its brands, or the <svg after a prolog, are within."""
WAY_OUT = "save it as PNG, TIFF or JPEG"
HEIF_MISSING = "HEIC and HEIF are read by pillow-heif, which is not installed: pip install 'gaia-stim[heif]'"
AVIF_MISSING = "AVIF is read by Pillow 11.3 or newer: pip install --upgrade pillow"
READ = "PNG, JPEG, TIFF, GIF, WebP, BMP, PNM, AVIF and HEIC are read"
NO_IMAGE = "not an image"
TOO_LARGE_HERE = "too large for the memory that is free"


class Unreadable(Exception):
    """Whole, but of a kind for which there is no faithful 8-bit picture, or nothing here that reads it."""


@dataclass(frozen=True)
class Kind:
    """A kind of picture."""

    name: str
    """As a message calls it: "a Photoshop file"."""
    read: Reader | None = None
    """Pillow's class, called directly: `Image.open` has a size limit of its own, which warns on stderr and does not say
    width and height."""


def opened(content: bytes) -> Image.Image:
    """The picture in a file, its header read and its pixels not yet.

    Raises `Unreadable` for what is no image, or of a kind that is not read; anything where it is damaged.
    """
    kind = kind_of(content)
    if kind is None:
        raise Unreadable(NO_IMAGE)
    if kind.read is None:
        raise Unreadable(f"{kind.name}, which is not read; {WAY_OUT}")
    return kind.read(io.BytesIO(content))


def kind_of(content: bytes) -> Kind | None:
    """The kind of picture that begins with these bytes (`HEAD` of them suffice); None where it is none."""
    head = content[:HEAD]
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if b"<svg" in head:
        return _SVG
    return next((kind for begins, kind in _KINDS if begins.match(head)), None)


def is_lifted(reason: str) -> bool:
    """Whether the reason why a file could not be read then is none any more: of what reads it was not there."""
    if reason.startswith(TOO_LARGE_HERE):
        return True
    if reason.startswith(NO_IMAGE):
        return not reason.endswith(READ)
    return (reason == HEIF_MISSING and _has("pillow_heif")) or (reason == AVIF_MISSING and _has("PIL.AvifImagePlugin"))


def _has(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def _of_brands(head: bytes) -> Kind | None:
    """Of a container that says by its brands what is in it (ISO 14496-12); films have others."""
    end = min(len(head), int.from_bytes(head[:4], "big"))
    brands = {head[at : at + 4] for at in (8, *range(16, end, 4))}
    return next((kind for known, kind in _BRANDS if brands & known), None)


def _read_heif(stream: io.BytesIO) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise Unreadable(HEIF_MISSING) from None
    image: Image.Image = HeifImageFile(stream)
    return image


def _read_avif(stream: io.BytesIO) -> Image.Image:
    try:
        from PIL import AvifImagePlugin
    except ImportError:
        raise Unreadable(AVIF_MISSING) from None
    return AvifImagePlugin.AvifImageFile(stream)


def _read_tiff(stream: io.BytesIO) -> Image.Image:
    image = TiffImagePlugin.TiffImageFile(stream)
    # DNGVersion, or NewSubfileType "reduced resolution": most cameras' raw files are TIFFs that begin with a preview.
    if 50706 in image.tag_v2 or image.tag_v2.get(254, 0) & 1:
        raise Unreadable(f"{_RAW.name}, which is not read; {WAY_OUT}")
    return image


_RAW = Kind("a camera's raw file, or a preview")
_SVG = Kind("an SVG drawing")
_BRANDS = (
    (frozenset([b"avif", b"avis"]), Kind("AVIF", _read_avif)),
    (frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]), Kind("HEIF", _read_heif)),
    (frozenset([b"crx "]), _RAW),
)
_KINDS = tuple(
    (re.compile(begins, re.DOTALL), kind)
    for begins, kind in (
        (rb"\x89PNG\r\n\x1a\n", Kind("PNG", PngImagePlugin.PngImageFile)),
        (rb"\xff\xd8\xff", Kind("JPEG", JpegImagePlugin.jpeg_factory)),
        (rb"II\*\0.{4}CR|FUJIFILMCCD-RAW|IIRO|IIRS|MMOR|IIU\0|FOVb|\0MRM", _RAW),
        (rb"II[*+]\0|MM\0[*+]", Kind("TIFF", _read_tiff)),
        (rb"GIF8[79]a", Kind("GIF", GifImagePlugin.GifImageFile)),
        # A recording of sound is RIFF, too.
        (rb"RIFF.{4}WEBP", Kind("WebP", WebPImagePlugin.WebPImageFile)),
        # Two letters that text begins with, too: "BMI,age" and "P1 0.3". So the length of the header, width and height.
        (rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", Kind("BMP", BmpImagePlugin.BmpImageFile)),
        (rb"P[1-6](#|\s+(#|\d+\s+[#\d]))", Kind("PNM", PpmImagePlugin.PpmImageFile)),
        (rb"P7\s|P[Ff]\s", Kind("PAM or PFM")),
        (rb"8BPS", Kind("a Photoshop file")),
        (rb"\xff\x0a|\0{3}\x0cJXL ", Kind("JPEG XL")),
        (rb"\0{3}\x0cjP  |\xff\x4f\xff\x51", Kind("JPEG 2000")),
        (rb"v/1\x01|#\?RADIANCE|#\?RGBE", Kind("an HDR picture")),
        (rb"%!PS-Adobe-\S+ EPSF", Kind("an EPS drawing")),
        (rb"gimp xcf", Kind("a GIMP file")),
        (rb"qoif", Kind("QOI")),
    )
)
