"""What is too much, or no number: refused before the work, in bounded memory and time."""

import io
import resource
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faults.conftest import TINY, times
from faults.processes import Command
from faults.test_broken_images import chunk, peak_in_a_process, peak_of
from gaia_stim import cli
from gaia_stim.images import MAX_PIXELS
from gaia_stim.runs import Run
from gaia_stim.space.codes import CodeTable, write_codes
from gaia_stim.space.space import Space
from gaia_stim.tabular import read_table
from gaia_stim.tensors import read_tensors, write_tensors

Capture = pytest.CaptureFixture[str]


# -- numbers that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, 3e38])
def test_weights_that_make_no_picture(
    value: float, plant: Callable[..., Path], faces: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Not a number, or so large that what is made of it is none: the model is named, and nothing is written."""
    run = Run(plant(size=32))
    tensors, about = read_tensors(run.weights)
    hostile = {name: torch.full_like(tensor, value) for name, tensor in tensors.items()}
    write_tensors(run.weights, hostile, about)
    a, b = sorted(faces.iterdir())[:2]
    for words in (["morph", str(a), str(b), "--out", "out"], ["encode", str(a), "--out", "out.csv"]):
        assert cli.main(["-q", *words, "-m", str(run.path)]) == 4
        err = capsys.readouterr().err
        assert "bug" not in err and "planted" in err, err
    assert not list(tmp_path.glob("*out*"))


def test_codes_that_make_no_picture(tiny_run: Path, tmp_path: Path, capsys: Capture) -> None:
    """The code and its number are named."""
    latent, by = Space.load(tiny_run).latent, Space.load(tiny_run).model_hash
    codes = np.zeros((3, latent), np.float32)
    codes[1] = 3e38
    write_codes(tmp_path / "codes.csv", CodeTable(codes, by, ["a", "b", "c"], ["a", "b", "c"], ["sha256_0"] * 3))
    assert cli.main(["-q", "decode", "codes.csv", "-m", str(tiny_run), "--out", "out"]) == 3
    err = capsys.readouterr().err
    assert "bug" not in err and "code 2: " in err and "3e+38" in err and not (tmp_path / "out").exists(), err


# -- what is gone, and what nobody could open -------------------------------------------------------------------------


def test_a_run_that_is_deleted_while_it_trains(command: Callable[..., Command], faces: Path, tmp_path: Path) -> None:
    given = {**TINY, "images-seen": 400_000, "save-seconds": 0.05}
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    started = command("-q", "train", faces, "--out", "run", *words).start()
    deadline = time.monotonic() + 120
    while not Run(tmp_path / "run").states and time.monotonic() < deadline:
        time.sleep(0.02)
    (tmp_path / "run").rename(tmp_path / "moved")
    ended = started.wait()
    assert ended.code == 3 and "deleted or moved while it was trained" in ended.err, ended
    assert "Traceback" not in ended.err and not (tmp_path / "run").exists()


def test_a_record_that_nobody_could_open(
    plant: Callable[..., Path], faces: Path, tmp_path: Path, capsys: Capture
) -> None:
    """`sample --n 13000` of a model of 4,096 numbers: refused before the first picture, with how many would do."""
    run = plant(size=16, latent=4096)
    began = time.monotonic()
    code = cli.main(["-q", "sample", "--images", str(faces), "--n", "13000", "-m", str(run), "--out", "out"])
    err = capsys.readouterr().err
    assert code == 2 and "at most" in err, err
    assert time.monotonic() - began < 60 and not list(tmp_path.glob("*out*"))


# -- workbooks --------------------------------------------------------------------------------------------------------

OPEN = "http://schemas.openxmlformats.org"
BOOK = (
    f'<workbook xmlns="{OPEN}/spreadsheetml/2006/main" xmlns:r="{OPEN}/officeDocument/2006/relationships"><sheets>'
    '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
)
RELATED = (
    f'<Relationships xmlns="{OPEN}/package/2006/relationships"><Relationship Id="r1" '
    f'Type="{OPEN}/officeDocument/2006/relationships/{{}}" Target="{{}}"/></Relationships>'
)
HEAD = "".join(f'<c r="{c}1" t="inlineStr"><is><t>{text}</t></is></c>' for c, text in (("A", "image"), ("B", "age")))
FACE = '<row r="2"><c r="A2" t="inlineStr"><is><t>a.png</t></is></c><c r="B2"><v>3</v></c></row>'


def workbook(rows: str, path: Path) -> Path:
    """A real workbook whose one sheet has these rows below its header."""
    rows = f'<sheetData><row r="1">{HEAD}</row>{rows}</sheetData>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", RELATED.format("officeDocument", "xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", BOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", RELATED.format("worksheet", "worksheets/sheet1.xml"))
        archive.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{OPEN}/spreadsheetml/2006/main">{rows}</worksheet>'
        )
    return path


STYLED = '<row r="{0}" s="1"><c r="A{0}" s="1"/></row>'
WORKBOOKS: dict[str, Callable[[], str]] = {
    "a row far away": lambda: FACE + '<row r="999999999"><c r="A999999999"><v>1</v></c></row>',
    "a styled row far away": lambda: FACE + '<row r="999999999" s="1"><c r="A999999999" s="1"/></row>',
    "a million styled rows": lambda: (
        FACE + "".join(f'<row r="{n}" s="1"><c r="A{n}" s="1"/></row>' for n in range(3, 10**6))
    ),
    "cells without an end": lambda: FACE + f'<row r="3">{"<c/>" * 4_000_000}</row>',
    "a ratio of a thousand": lambda: FACE + " " * 400_000_000,
}


def test_a_workbook_that_is_as_it_should_be(tmp_path: Path) -> None:
    """So those below are workbooks, and what is wrong with them is what they are called by."""
    assert read_table(workbook(FACE, tmp_path / "labels.xlsx")).frame.to_numpy().tolist() == [["a.png", "3"]]


@pytest.mark.parametrize("name", times(list(WORKBOOKS)[:1], list(WORKBOOKS)))
def test_workbooks_without_bounds(name: str, tmp_path: Path) -> None:
    """A table or a reason, in bounded time and memory."""
    path = workbook(WORKBOOKS[name](), tmp_path / "labels.xlsx")
    imports = "import contextlib, gaia_stim.errors, pandas, python_calamine\nfrom gaia_stim.tabular import read_table"
    work = f"with contextlib.suppress(gaia_stim.errors.DataError): read_table(Path({str(path)!r}))"
    began = time.process_time() + children()
    peak = peak_in_a_process(imports, work)
    seconds = time.process_time() + children() - began
    assert peak < 500_000_000 and seconds < 30, (peak, seconds)


def children() -> float:
    """Seconds of processor that processes of this one have taken."""
    taken = resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken.ru_utime + taken.ru_stime


# -- large images -----------------------------------------------------------------------------------------------------


def sixteen_bits(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0))
    packer, row = zlib.compressobj(1), bytes(1 + 2 * width)
    rows = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def saved(mode: str, form: str) -> Callable[[int, int], bytes]:
    def content(width: int, height: int) -> bytes:
        stream = io.BytesIO()
        Image.new(mode, (width, height)).save(stream, form, **({"method": 0} if form == "WEBP" else {}))
        return stream.getvalue()

    return content


LARGE: dict[str, tuple[Callable[[int, int], bytes], int, int]] = {
    # how it is made, pixels of its width, bytes a pixel that reading it takes at most
    "a PNG of 16 bits": (sixteen_bits, 10_000, 10),
    "a tall PNG": (saved("RGB", "PNG"), 1_000, 14),
    "a WebP": (saved("RGB", "WEBP"), 10_000, 14),
    "a TIFF of floats": (saved("F", "TIFF"), 10_000, 14),
}


@pytest.mark.parametrize("name", times(list(LARGE)[:1], list(LARGE)))
def test_large_images_take_what_is_stated(name: str, tmp_path: Path) -> None:
    """Nearly as many pixels as are read at all; the file's own bytes beside."""
    make, width, most = LARGE[name]
    pixels = times(26, 99) * 1_000_000
    (tmp_path / "large").write_bytes(make(width, min(pixels // width, 16_383 if name == "a WebP" else pixels)))
    assert pixels < MAX_PIXELS
    peak = peak_of(tmp_path / "large") - (tmp_path / "large").stat().st_size
    assert peak < most * pixels + 30_000_000, peak / pixels
