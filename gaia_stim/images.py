"""Pictures as files and as arrays: the only place that knows EXIF, alpha, colour profiles and pixel ranges.

A file becomes what a viewer would show, as uint8 sRGB: upright, first frame, 8 bits a channel, its colour
profile applied, transparency laid over a background; (H, W, 1) where it is grey, (H, W, 3) where it is
colour. Nothing is guessed: a file that cannot be read wholly and faithfully is a `DataError` that says why.
What is an image is told by the first bytes (`image_kinds`), of a file that is named as of one in a folder.
"""

import contextlib
import io
import os
import re
import stat
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageColor, ImageOps

from gaia_stim.devices import free_memory
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.files import STAGING_MARK, hash_bytes, write_bytes
from gaia_stim.image_kinds import HEAD, NO_IMAGE, READ, TOO_LARGE_HERE, Unreadable, kind_of, opened
from gaia_stim.names import DRAWN_SUFFIXES
from gaia_stim.names import IMAGE_SUFFIXES as IMAGE_SUFFIXES

Pixels: TypeAlias = npt.NDArray[np.uint8]
Positions: TypeAlias = npt.NDArray[np.float64]
"""(n, 2) of x to the right and y down."""
Result = TypeVar("Result")

MADE = (
    ("config.json", "log.jsonl"),
    ("provenance.json", "manifest.csv"),
    ("export.json", "README.md"),
    ("audit.json", "audit.csv"),
)
"""By these files a run, a stimulus set, an export and an audit are known."""

MAX_PIXELS = 100_000_000
"""Larger images are refused from their header alone: a decompression bomb is a small file that fills the
memory."""
MAX_BYTES = 1 << 30
"""Larger files are refused unread."""
LARGE_PIXELS = 25_000_000
"""Images above this are decoded one at a time, so that many threads do not need many times the memory."""
_BYTES_A_PIXEL = {"1": 4, "L": 4, "I;16": 10, "I;16B": 10, "I": 14, "F": 14, "P": 14, "RGB": 14, "CMYK": 18}
"""What reading an image takes at most, by Pillow's mode; of any other 24."""
PNG_COMPRESSION = 4
"""zlib's level; fixed, because it decides the bytes of every stimulus."""

_ROWS = 256
"""Of a picture that is scaled at a time."""

_large = threading.Lock()

# Of a strange file Pillow tells whoever looks at stderr; what matters of it is in our own messages.
warnings.filterwarnings("ignore", module=r"PIL\.")


NAMED = 3
"""How many files a message names of one kind."""
LINK_OUT = "a link that leads out of the folder"
LINK_HIDDEN = "a link to a hidden folder"

LeftOut: TypeAlias = tuple[str, str]
"""A file that is not used, and why."""


@dataclass(frozen=True)
class Listing:
    """What is in a folder: all that is an image by its first bytes, or is called so."""

    images: list[str]
    """Paths relative to the folder, with `/`, sorted."""
    left_out: list[LeftOut] = field(default_factory=list)
    """Links that are not followed, likewise."""
    made: list[str] = field(default_factory=list)
    """Folders in it that gaia-stim made, whose pictures are no images of the user's."""

    @property
    def hint(self) -> str:
        """How to have what is left out, for the end of a message."""
        return "; --follow-links follows the links" if self.left_out else ""


def find_images(folder: Path) -> list[Path]:
    """All image files below `folder`, in the order of `list_images`; raises as it does."""
    return [folder / name for name in list_images(folder)]


def list_images(folder: Path) -> list[str]:
    """All image files below `folder`; see `survey`."""
    return survey(folder).images


def every_image(folder: Path, *, follow_links: bool = False) -> list[Path]:
    """All image files below `folder`. Raises `DataError` as `survey`, and where one is left out."""
    found = survey(folder, follow_links=follow_links)
    if found.left_out:
        raise DataError(f"{folder}: {counted(found.left_out)}; name these files themselves, or take the links away")
    return [folder / name for name in found.images]


def survey(folder: Path, *, follow_links: bool = False) -> Listing:
    """All image files below `folder`, by their first bytes or by their names, and what is left out of it.

    Hidden files and folders are skipped, unfinished ones, and what was made in there: runs, sets, exports. Links that
    lead out of `folder` are left out, unless they are to be followed. Raises `DataError` where there is no such folder,
    or no image in it.
    """
    if not folder.exists():
        raise DataError(f"no such folder: {folder}")
    if not folder.is_dir():
        raise DataError(f"{folder}: is a file; a folder of images is needed")
    walk = _Walk(os.path.realpath(folder), follow_links)
    walk.through(str(folder), "")
    found = Listing(sorted(walk.images), sorted(walk.left_out), sorted(walk.made))
    if not found.images and (pictures := next(_pictures(folder / name for name in found.made), None)):
        raise DataError(
            f"{folder}: no images in it but those in what gaia-stim made there (stimulus sets, runs, exports), which "
            f"are skipped; to take the pictures of one, give their own folder: {pictures}"
        )
    if not found.images:
        told = f"; {counted(found.left_out)}{found.hint}" if found.left_out else ""
        suffixes = " ".join(IMAGE_SUFFIXES)
        raise DataError(
            f"{folder}: no images in it: no file begins as one, or has a name that ends in {suffixes} "
            f"(hidden files are not looked at){told}"
        )
    return found


def counted(left_out: Sequence[LeftOut]) -> str:
    """Why files are not used: each kind of reason with how many they are, and the first of them."""
    kinds: dict[str, list[LeftOut]] = {}
    for name, reason in left_out:
        kinds.setdefault(re.split(r" \(|[:;,]", reason)[0], []).append((name, reason))
    return "; ".join(_of_one_kind(kind, some) for kind, some in kinds.items())


def _of_one_kind(kind: str, some: Sequence[LeftOut]) -> str:
    if len(some) == 1:
        return ": ".join(some[0])
    # The reason where it is the same for all; sizes, say, and what Pillow says in brackets, are each file's own.
    reasons = {reason.split(" (")[0] for _, reason in some}
    return f"{kind if len(reasons) > 1 else reasons.pop()} ({len(some)}: {first([name for name, _ in some])})"


def first(names: Sequence[str]) -> str:
    """The first of some names, as a message has them."""
    return f"{', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''}"


@dataclass
class _Walk:
    """Goes through a folder. Paths are text: a Path a file would be slow where there are a million."""

    home: str
    follow_links: bool
    images: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    """Where it has been, with all links resolved; kept where links are followed, which may lead in a circle."""

    def through(self, folder: str, inside: str) -> None:
        """Go through a folder and those in it; `inside` begins the relative paths."""
        if self.follow_links:
            real = os.path.realpath(folder)
            if real in self.seen:
                return
            self.seen.add(real)
        try:
            with os.scandir(folder) as entries:
                found = [entry for entry in entries if not _is_hidden(entry.name)]
        except OSError as error:
            raise DataError(f"{error.filename}: cannot be listed ({error.strerror})") from error
        if self.follow_links:
            # Where several links lead to one folder, the same one of them is taken on every disk.
            found.sort(key=lambda entry: (entry.is_symlink(), entry.name))
        for entry in found:
            if entry.is_symlink():
                self._link(entry, inside)
            elif entry.is_dir():
                self._folder(entry, inside)
            elif _may_be_image(entry):
                self.images.append(inside + entry.name)

    def _folder(self, entry: os.DirEntry[str], inside: str) -> None:
        if _is_made(Path(entry.path)):
            self.made.append(inside + entry.name)
        else:
            self.through(entry.path, f"{inside}{entry.name}/")

    def _link(self, entry: os.DirEntry[str], inside: str) -> None:
        is_folder = os.path.isdir(entry.path)  # noqa: PTH112
        real = os.path.realpath(entry.path)
        is_inside = real == self.home or real.startswith(self.home.rstrip(os.sep) + os.sep)
        is_hidden = is_inside and any(map(_is_hidden, Path(real.removeprefix(self.home)).parts))
        if is_folder and is_inside and not is_hidden:
            return  # its images have their own place
        if is_folder and self.follow_links:
            self._folder(entry, inside)
        elif not is_folder and not _may_be_image(entry):
            return
        elif not is_folder and (is_inside or self.follow_links):
            self.images.append(inside + entry.name)
        else:
            self.left_out.append((inside + entry.name, LINK_HIDDEN if is_hidden else LINK_OUT))


def _may_be_image(entry: os.DirEntry[str]) -> bool:
    # By its name first, for that costs nothing: 10,000 files take 0.03 s, and 0.15 s where each has to be opened.
    return entry.name.lower().endswith((*IMAGE_SUFFIXES, *DRAWN_SUFFIXES)) or is_image(entry.path)


def is_image(path: str | Path) -> bool:
    """Whether a file is a picture by its first bytes, also of a kind that is not read; False where it is not there."""
    try:
        # A pipe would be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return False
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and kind_of(os.read(descriptor, HEAD)) is not None
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _is_made(folder: Path) -> bool:
    """Whether gaia-stim made a folder among images, a run or a set say: its pictures are no images of the user's."""
    return any(all((folder / name).is_file() for name in names) for names in MADE)


def _pictures(made: Iterable[Path]) -> Iterator[Path]:
    """Of folders that gaia-stim made, where their pictures are: of a set its stimuli, not its sheet."""
    for folder in made:
        found = (path for path in sorted(folder.rglob("*/*")) if path.suffix.lower() in IMAGE_SUFFIXES)
        yield from (path.parent for path in found)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", STAGING_MARK))


def read_image(path: Path, background: str = "white") -> Pixels:
    """An image file as uint8 sRGB, (H, W, 1) where it is stored grey, else (H, W, 3); see `decode_image`."""
    return decode_image(read_bytes(path), str(path), background)


def read_bytes(path: Path) -> bytes:
    """The content of an image file, undecoded. Raises `DataError` where it is missing, huge, or of a nameless name.

    A file that does not begin as an image does is not read to its end, and refused.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        # Every table and every provenance that will name it is UTF-8.
        raise DataError(f"{path}: its name is not valid UTF-8; rename it") from None
    try:
        if not path.is_file():
            if path.is_dir():
                raise DataError(f"{path}: is a folder, not an image; name one in it")
            broken = "is a link to a file that is not there" if path.is_symlink() else "no such file"
            broken = "is no file but a pipe or a device" if path.exists() else broken
            broken += " by that pattern" if broken == "no such file" and set(path.name) & set("*?") else ""
            raise DataError(f"{path}: {broken}")
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: too large: more than {MAX_BYTES >> 20} MiB")
        with path.open("rb") as stream:
            _check_kind(stream.read(HEAD), str(path))
            stream.seek(0)
            return stream.read()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error


def _check_kind(content: bytes, name: str) -> None:
    """Whether a file that begins so is of a kind of image. Raises `DataError`, beginning with `name`."""
    if not content:
        raise DataError(f"{name}: the file is empty")
    if kind_of(content) is None:
        suffix = Path(name).suffix
        although = f", although its name ends in {suffix}" if suffix.lower() in IMAGE_SUFFIXES else ""
        raise DataError(f"{name}: {NO_IMAGE}{although}; {READ}")


def decode_image(content: bytes, name: str, background: str = "white") -> Pixels:
    """The content of an image file as uint8 sRGB, (H, W, 1) where it is stored grey, else (H, W, 3).

    16-bit grey, and 32-bit integers, which are taken as 16-bit ones (0 to 65535), are scaled and rounded:
    65535 is 255; of 16-bit colour the high byte is kept (Pillow does that). Floats must lie in [0, 1]. EXIF
    orientation and an embedded colour profile are applied (a broken one is ignored); CMYK without a profile
    is converted naively; transparency is laid over `background` in sRGB. Only the first frame or page is
    read; of HEIF the main one.

    Raises `DataError`, beginning with `name`, where the content is not wholly an image, or an image of more
    than `MAX_PIXELS` pixels; `ConfigError` where `background` is no colour.
    """
    ground = parse_colour(background)
    _check_kind(content, name)
    try:
        with opened(content) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                limit = f"at most {MAX_PIXELS // 1_000_000} megapixels are read"
                raise DataError(f"{name}: too large: {width} x {height} pixels; {limit}")
            if width * height > LARGE_PIXELS:
                _check_memory(name, image)
            with _large if width * height > LARGE_PIXELS else contextlib.nullcontext():
                image.load()
                flat = _flat(_to_srgb(_eight_bit(_upright(image))), ground)
                pixels = np.array(flat)
    except (DataError, MemoryError):
        raise
    except Unreadable as error:
        raise DataError(f"{name}: {error}") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{name}: too large ({error})") from error
    except Exception as error:
        # Hostile bytes make Pillow raise nearly anything: SyntaxError, struct.error, IndexError, zlib.error …
        said = " ".join(str(error).split())
        cut = any(word in said.lower() for word in ("truncated", "end of file", "not enough"))
        raise DataError(f"{name}: {'truncated' if cut else 'damaged'} ({said})") from error
    return pixels.reshape(pixels.shape[0], pixels.shape[1], -1)


def _check_memory(name: str, image: Image.Image) -> None:
    """Whether this machine can decode an image. Raises `DataError` with the numbers."""
    needed = image.width * image.height * _BYTES_A_PIXEL.get(image.mode, 24)
    if needed > (free := free_memory()):
        size = f"{image.width} x {image.height} pixels take about {needed / 1e9:.1f} GB to read"
        raise DataError(f"{name}: {TOO_LARGE_HERE}: {size}, and {free / 1e9:.1f} GB are free; make it smaller")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a picture was before it was made square."""

    height: int
    width: int
    several: bool
    """Whether the file has more than the picture that is used, the first: an animation, or pages."""

    @property
    def cut(self) -> float:
        """The share of it that lies outside of its centre square."""
        return 1 - min(self.height, self.width) / max(self.height, self.width, 1)


def shape_of(content: bytes) -> Shape:
    """Of an image file that can be read, from its header."""
    with opened(content) as image:
        # Cameras put a small copy behind the picture (MPO), which nobody misses.
        return Shape(image.height, image.width, image.format != "MPO" and _has_more(image))


def has_several(path: Path) -> bool:
    """Whether a file that can be read has more than the picture that is used."""
    return shape_of(read_bytes(path)).several


def several_in_words(paths: Sequence[str]) -> str:
    """What a listener hears of files that have more than the picture that is used."""
    held = "1 file holds" if len(paths) == 1 else f"{len(paths)} files hold"
    return f"{held} several pictures (frames or pages), of which the first is used: {first(paths)}"


def _has_more(image: Image.Image) -> bool:
    """Whether there is a second picture in the file."""
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # to look for it is to read what may be damaged
        return False


def in_turn_if_large(content: bytes, work: Callable[[], Result]) -> Result:
    """What `work` makes of an image file; of large ones one at a time, so that many threads take the memory of one.

    Always on the same thread, too: what one thread has freed is kept for that thread.
    """
    is_large = False
    # Whatever is wrong with it, `decode_image` will say.
    with contextlib.suppress(Exception), opened(content) as image:
        is_large = image.width * image.height > LARGE_PIXELS
    return _one_thread(os.getpid()).submit(work).result() if is_large else work()


@cache
def _one_thread(process: int) -> ThreadPoolExecutor:
    # One a process: a fork has no threads of its parent's.
    return ThreadPoolExecutor(1, thread_name_prefix="large-images")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF says nothing about the pixels, and fails in as many ways as broken pixels
        return image


def _eight_bit(image: Image.Image) -> Image.Image:
    """The image in mode L, LA, RGB, RGBA or CMYK."""
    if image.mode.startswith("I") or image.mode == "F":
        return _scaled(image)
    if image.mode in ("1", "L", "LA", "La"):
        mode = "LA" if image.has_transparency_data else "L"
    elif image.mode == "CMYK":
        return image
    else:
        mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode == mode:
        return image
    profile = image.info.get("icc_profile")
    try:
        converted = image.convert("LA").convert(mode) if image.mode == "La" else image.convert(mode)
    except ValueError as error:
        raise Unreadable(f"colour mode {image.mode} is not supported; save it as RGB") from error
    converted.info["icc_profile"] = profile
    return converted


def _scaled(image: Image.Image) -> Image.Image:
    values: npt.NDArray[Any] = np.asarray(image)
    grey = np.empty(values.shape, np.uint8)
    # Some rows at a time: what is in between takes many times the memory of the picture.
    for rows in (slice(begin, begin + _ROWS) for begin in range(0, len(values), _ROWS)):
        grey[rows] = _scaled_floats(values[rows]) if image.mode == "F" else _scaled_integers(values[rows])
    scaled = Image.fromarray(grey)
    if isinstance(key := image.info.get("transparency"), int):
        scaled.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    scaled.info["icc_profile"] = image.info.get("icc_profile")
    return scaled


def _scaled_floats(values: npt.NDArray[Any]) -> Pixels:
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise Unreadable("floating-point values outside [0, 1]; save it with values in [0, 1], or as 8 or 16 bits")
    grey: Pixels = np.rint(values * 255).astype(np.uint8)
    return grey


def _scaled_integers(values: npt.NDArray[Any]) -> Pixels:
    if values.min() < 0 or values.max() > 65535:
        raise Unreadable("integers outside 0 to 65535; save it as 8 or 16 bits")
    grey: Pixels = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return grey


def _to_srgb(image: Image.Image) -> Image.Image:
    """The image in mode L, LA, RGB or RGBA, in sRGB."""
    plain = image.convert("RGB") if image.mode == "CMYK" else image
    content = image.info.get("icc_profile")
    if not content:
        return plain
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        description = ImageCms.getProfileDescription(profile).lower()
        if "srgb" in description and "linear" not in description:
            return plain  # converting would only round
        colour = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
        converted = ImageCms.profileToProfile(colour, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return plain
    if converted is None:
        return plain
    if image.mode in ("L", "LA"):
        converted = converted.convert("L")
    if image.mode in ("LA", "RGBA"):
        converted.putalpha(image.getchannel("A"))
    return converted


def _flat(image: Image.Image, ground: tuple[int, int, int]) -> Image.Image:
    """The image in mode L or RGB, over `ground`; grey stays grey where the ground is grey too."""
    if image.mode in ("L", "RGB"):
        return image
    canvas = Image.new("RGBA", image.size, (*ground, 255))
    canvas.alpha_composite(image.convert("RGBA"))
    grey = image.mode == "LA" and len(set(ground)) == 1
    return canvas.getchannel("R") if grey else canvas.convert("RGB")


def is_grey(pixels: Pixels) -> bool:
    """Whether (H, W, C) pixels are grey in content: one channel, or three equal ones."""
    if pixels.shape[2] == 1:
        return True
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return bool(np.array_equal(red, green) and np.array_equal(green, blue))


def image_has_colour(path: Path, background: str = "white") -> bool:
    """Whether an image file is not grey in content; see `decode_image`."""
    content = read_bytes(path)
    return in_turn_if_large(content, lambda: not is_grey(decode_image(content, str(path), background)))


def with_channels(pixels: Pixels, channels: Literal[1, 3]) -> Pixels:
    """(H, W, C) pixels with `channels` channels: grey is repeated; colour becomes Rec. 601 luma (Pillow's
    "L")."""
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    return np.array(Image.fromarray(pixels).convert("L"))[..., None]


def fit_image(pixels: Pixels, size: int, fit: Literal["crop", "pad"], background: str = "white") -> Pixels:
    """(H, W, C) pixels made (size, size, C): the centre square is cut out, or the sides are padded with
    `background`.

    Resized by Lanczos with its support scaled to the reduction, so that nothing aliases, on sRGB-encoded
    values. Grey pixels are padded with the background's luma. Pixels of that size already come back as they
    are.
    """
    height, width, channels = pixels.shape
    if (height, width) == (size, size):
        return pixels
    if fit == "crop":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        return resized(pixels[top : top + side, left : left + side], size, size)
    ground = np.array(parse_colour(background), dtype=np.uint8).reshape(1, 1, 3)
    scale = size / max(height, width)
    # Padding after resizing: a thin strip padded first would need the memory of its square.
    inner = resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))
    top, left = (size - inner.shape[0]) // 2, (size - inner.shape[1]) // 2
    padded = np.empty((size, size, channels), dtype=np.uint8)
    padded[:] = with_channels(ground, 1 if channels == 1 else 3)
    padded[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return padded


@dataclass(frozen=True)
class Frame:
    """The square of an image that `fit_image` shows, in pixels of the image: where its positions lie in a picture."""

    left: float
    top: float
    side: float

    @classmethod
    def of(cls, height: int, width: int, fit: Literal["crop", "pad"]) -> "Frame":
        """That of an image of so many pixels."""
        side = min(height, width) if fit == "crop" else max(height, width)
        if fit == "crop":
            return cls((width - side) // 2, (height - side) // 2, side)
        return cls((width - side) / 2, (height - side) / 2, side)

    def model(self, points: Positions) -> Positions:
        """Positions (n, 2) in the image's pixels, their centres whole numbers, in half sides of the picture."""
        return (points + 0.5 - (self.left, self.top)) * (2 / self.side) - 1

    def pixels(self, points: Positions) -> Positions:
        """The way back."""
        return (points + 1) * (self.side / 2) + (self.left, self.top) - 0.5


def shrunk(pixels: Pixels, longest: int) -> Pixels:
    """The picture with its longer side at most so many pixels."""
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    return resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))


def resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """The picture at another size, by Lanczos with its support scaled to a reduction."""
    if pixels.shape[:2] == (height, width):
        return np.ascontiguousarray(pixels)
    image = _as_image(pixels)
    # Beyond a sixfold reduction a box average takes the first part: the same picture to the eye, many times
    # faster.
    resized = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.array(resized).reshape(height, width, -1)


def _as_image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))


def png_bytes(pixels: Pixels) -> bytes:
    """(H, W, 1 or 3) pixels as a PNG file without metadata: the same pixels are the same bytes on the same
    Pillow."""
    stream = io.BytesIO()
    _as_image(pixels).save(stream, format="PNG", compress_level=PNG_COMPRESSION)
    return stream.getvalue()


def webp_bytes(pixels: Pixels) -> bytes:
    """The same without loss for browsers, a quarter smaller."""
    stream = io.BytesIO()
    _as_image(pixels).save(stream, format="WEBP", **SAVED_AS["WEBP"])
    return stream.getvalue()


SAVED_AS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}
"""What a kind of file is asked for, so that as little as possible is lost."""


def is_written(suffix: str) -> bool:
    """Whether there are files of the kind that `suffix` names which `image_bytes` can make."""
    return Image.registered_extensions().get(suffix.lower()) in Image.SAVE


def image_bytes(pixels: Pixels, suffix: str) -> bytes:
    """Pixels as a file of the kind that `suffix` names: PNG as `png_bytes`, JPEG with as little loss as it can.

    Raises `DataError` for a kind that cannot be written.
    """
    if not is_written(suffix):
        raise DataError(f"images cannot be written as '{suffix}'; convert them to PNG or JPEG first")
    kind = Image.registered_extensions()[suffix.lower()]
    if kind == "PNG":
        return png_bytes(pixels)
    stream = io.BytesIO()
    _as_image(pixels).save(stream, kind, **SAVED_AS.get(kind, {}))
    return stream.getvalue()


def write_png(path: Path, pixels: Pixels) -> None:
    """Write (H, W, 1 or 3) pixels as a PNG, in one step; see `png_bytes`."""
    write_bytes(path, png_bytes(pixels))


def parse_colour(text: str) -> tuple[int, int, int]:
    """A colour as (red, green, blue), 0 to 255. Raises `ConfigError` where `text` names no opaque colour."""
    try:
        colour = ImageColor.getrgb(text.strip())
    except ValueError:
        colour = None
    if colour is None or len(colour) != 3:  # four numbers where it is transparent
        raise ConfigError(f"'{text}' is not a colour; give a name such as white or grey, or #rrggbb")
    return colour


def hash_pixels(pixels: Pixels) -> str:
    """SHA-256 of (H, W, C) pixels and their shape: the same for two files of one picture."""
    return hash_bytes(repr(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes())


def to_float(pixels: Pixels) -> npt.NDArray[np.float32]:
    """uint8 (N, H, W, C) as float32 (N, C, H, W) in [0, 1]."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def to_bytes(values: npt.NDArray[np.floating[Any]]) -> Pixels:
    """Float (N, C, H, W) as uint8 (N, H, W, C): clipped to [0, 1], times 255, rounded half to even.

    Raises `ValueError` at NaN, which no byte can stand for.
    """
    if np.isnan(values).any():
        raise ValueError("NaN among the values of an image")
    scaled = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(scaled.transpose(0, 2, 3, 1))
