"""FAULTS 8: a folder nobody cleaned. Each file is a picture or a reason, in bounded time and memory."""

import contextlib
import io
import random
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from faults.conftest import times
from gaia_stim import cli
from gaia_stim.dataset import open_dataset
from gaia_stim.errors import DataError
from gaia_stim.events import Event, Note
from gaia_stim.images import MAX_PIXELS, decode_image

SLOWEST = 10.0
"""Seconds a file, on a machine that is busy with other things."""


def content(form: str, mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    """A real file of a picture that is not all one colour."""
    chance = np.random.default_rng(0)
    grey = np.linspace(0, 255, size[0] * size[1]).reshape(size[::-1]) * chance.uniform(0.7, 1, size[::-1])
    image = Image.fromarray(grey.astype(np.uint8)).convert("RGB").convert(mode)
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


REAL = {
    "png": content("PNG"),
    "png-alpha": content("PNG", "RGBA"),
    "png-palette": content("PNG", "P"),
    "png-grey": content("PNG", "L"),
    "jpeg": content("JPEG"),
    "jpeg-cmyk": content("JPEG", "CMYK"),
    "jpeg-progressive": content("JPEG", progressive=True),
    "jpeg-exif": content("JPEG", exif=(exif := Image.Exif(), exif.__setitem__(0x0112, 6))[0]),
    "tiff": content("TIFF"),
    "tiff-lzw": content("TIFF", compression="tiff_lzw"),
    "gif": content("GIF", "P"),
    "webp": content("WEBP"),
    "bmp": content("BMP"),
    "ppm": content("PPM"),
    "avif": content("AVIF"),
}
with contextlib.suppress(ImportError):
    import pillow_heif

    pillow_heif.register_heif_opener()
    REAL["heif"] = content("HEIF")


def outcome(found: bytes) -> tuple[str, float]:
    """What became of a file, and how many seconds that took. Any error but `DataError` is a bug."""
    began = time.monotonic()
    try:
        pixels = decode_image(found, "x.png")
    except DataError as error:
        assert str(error).startswith("x.png: ") and "\n" not in str(error)
        return "reason", time.monotonic() - began
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] in (1, 3) and pixels.size > 0
    return "picture", time.monotonic() - began


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real file with bytes flipped, replaced, cut out, put twice, or of another file."""
    found = bytearray(draw(st.sampled_from(sorted(REAL.values()))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        length = draw(st.integers(1, 16))
        match draw(st.integers(0, 5)):
            case 0:
                found[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                found[at : at + length] = draw(st.binary(min_size=length, max_size=length))
            case 2:
                del found[at : at + length]
            case 3:
                found[at:at] = found[at : at + length]
            case 4:
                del found[at:]
            case 5:
                found[at : at + 4] = struct.pack(">I", draw(st.sampled_from([0, 1, 2**31 - 1, 2**32 - 1, 65_535])))
    return bytes(found)


@settings(
    max_examples=times(300, 12_000),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(found=mutated())
def test_mutated_files(found: bytes) -> None:
    assert outcome(found)[1] < SLOWEST


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *others: bytes, colour: int = 2) -> bytes:
    """A PNG whose checksums are right, whatever it claims."""
    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + ihdr + b"".join(others) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_mutated_pngs_with_checksums_that_fit() -> None:
    """Mutations that the format's own checksums do not catch first."""
    chance = random.Random(0)
    rows = b"".join(bytes([0, *(chance.randrange(256) for _ in range(24))]) for _ in range(8))
    for _ in range(times(200, 12_000)):
        wrong = bytearray(rows)
        wrong[chance.randrange(len(rows))] = chance.randrange(256)
        sizes = [chance.choice([0, 1, 8, 9, 300, 12_000, 2**31 - 1]) for _ in range(2)]
        found = png(*sizes, bytes(wrong)[: chance.randrange(len(rows))], colour=chance.choice([0, 2, 3, 4, 6, 7]))
        assert outcome(found)[1] < SLOWEST


def peak_in_a_process(imports: str, work: str) -> int:
    """The most memory, beyond what it begins with, that a process of its own takes for some work."""
    peak = "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    starts = "import numpy, resource, PIL.ImageCms\nfrom pathlib import Path"
    code = f"{starts}\n{imports}\nbefore = {peak}\n{work}\nprint({peak} - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    return int(run.stdout) * 1024


def peak_of(found: Path) -> int:
    """The most memory that reading a file takes, whether it can be read or not."""
    imports = "import contextlib, gaia_stim.errors\nfrom gaia_stim.images import decode_image, read_bytes"
    work = f"with contextlib.suppress(gaia_stim.errors.DataError): decode_image(read_bytes(Path({str(found)!r})), 'x')"
    return peak_in_a_process(imports, work)


BOMBS: dict[str, Callable[[], bytes]] = {
    "a giga pixel": lambda: png(100_000, 10_000, bytes(1000)),
    "just too many pixels": lambda: png(10_001, 10_000, bytes(1000)),
    "text that unpacks to 100 MB": lambda: png(
        1, 1, bytes(4), chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10**8), 9))
    ),
    "a profile that unpacks to 100 MB": lambda: png(
        1, 1, bytes(4), chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(10**8), 9))
    ),
    "a bitmap that claims to be huge": lambda: (
        b"BM" + struct.pack("<IHHIIiiHH", 0, 0, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 24) + bytes(24)
    ),
    "an animation of thousands of frames": lambda: (
        lambda stream: (
            Image.new("P", (64, 64)).save(
                stream, "GIF", save_all=True, append_images=[Image.new("P", (64, 64), n % 256) for n in range(3000)]
            ),
            stream.getvalue(),
        )[1]
    )(io.BytesIO()),
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_bombs(name: str, tmp_path: Path) -> None:
    """Small files that unpack to much: refused, or read for what they show, in little memory."""
    (tmp_path / "bomb.png").write_bytes(BOMBS[name]())
    assert (tmp_path / "bomb.png").stat().st_size < 2_000_000
    assert peak_of(tmp_path / "bomb.png") < 150_000_000


def test_the_largest_image_that_is_read_has_bounded_memory(tmp_path: Path) -> None:
    """As many pixels as are allowed, claimed by a file of a kilobyte: some bytes a pixel, and no more."""
    (tmp_path / "large.png").write_bytes(png(10_000, MAX_PIXELS // 10_000, bytes(1000)))
    assert peak_of(tmp_path / "large.png") < 12 * MAX_PIXELS


def test_a_folder_nobody_cleaned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of FAULTS 8: loaded as a viewer would show it, or listed with a reason; `--strict` ends with 3."""
    folder = tmp_path / "photos"
    folder.mkdir()
    good = {
        "cmyk.jpg": REAL["jpeg-cmyk"],
        "alpha.png": REAL["png-alpha"],
        "turned.jpg": REAL["jpeg-exif"],
        "plain.png": REAL["png"],
        "palette.gif": REAL["gif"],
        "wrong name.png": REAL["jpeg-progressive"],
        "ünïcode.webp": REAL["webp"],
    }
    sixteen = io.BytesIO()
    Image.fromarray((np.arange(1200).reshape(30, 40) * 54).astype(np.uint16)).save(sixteen, "PNG")
    good["sixteen.png"] = sixteen.getvalue()
    bad = {
        "cut.jpg": (REAL["jpeg"][:-200], "truncated"),
        "cut.png": (REAL["png"][: len(REAL["png"]) // 2], "truncated"),
        "empty.png": (b"", "the file is empty"),
        "note.png": (b"not a picture at all", "not an image, although its name ends in .png"),
        "bomb.png": (BOMBS["a giga pixel"](), "too large: 100000 x 10000 pixels"),
        "half.tif": (REAL["tiff-lzw"][:200], ""),
    }
    for name, found in good.items():
        (folder / name).write_bytes(found)
    for name, (found, _) in bad.items():
        (folder / name).write_bytes(found)
    # What passes `open` and `verify` and fails at `load` is the fault that this is about.
    with Image.open(folder / "cut.jpg") as image:
        image.verify()
    told: list[Event] = []
    dataset = open_dataset(folder, 16, listen=told.append)
    assert set(dataset.table["path"]) == set(good)
    skipped = dict(dataset.skipped)
    assert set(skipped) == set(bad)
    for name, (_, reason) in bad.items():
        assert reason in skipped[name], name
    [warned] = [event.text for event in told if isinstance(event, Note) and event.warning]
    assert warned.startswith("6 of 14 files skipped: ") and all(name in warned for name in bad)
    assert cli.main(["-q", "train", str(folder), "--strict", "--preset", "tiny", "--size", "16", "--out", "run"]) == 3
    err = capsys.readouterr().err
    assert "6 of 14 files cannot be read" in err and len(err.splitlines()) <= 15
    assert not (tmp_path / "run").exists()


def test_many_large_images_at_once_take_the_memory_of_one(tmp_path: Path) -> None:
    """On however many threads: a large picture is decoded, looked at and made small before the next one."""
    folder = tmp_path / "large"
    folder.mkdir()
    row = bytes([0, *([200, 100, 50] * 5500)])
    one = png(5500, 5000, row * 5000)
    for index in range(times(4, 12)):
        (folder / f"{index}.png").write_bytes(one)
    peak = peak_in_a_process(
        "from gaia_stim.dataset import open_dataset", f"open_dataset(Path({str(folder)!r}), 16, workers=8)"
    )
    assert peak < 16 * 5500 * 5000
