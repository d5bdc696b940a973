"""A table file as cells of text: CSV in its dialects, CelebA's own format, and XLSX.

Every row is counted while it is read: a reader that fills up short rows, as pandas does, would give an image the
labels of its neighbours' columns and say nothing. A header may lack a name for the images, as CelebA's does; it is
then one cell shorter than every row.
"""

import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gaia_stim.cells import LARGEST, MOST_COLUMNS, unguarded
from gaia_stim.errors import DataError
from gaia_stim.images import IMAGE_SUFFIXES

LARGEST_UNPACKED = 2_000_000_000
"""Bytes that an XLSX may unpack to."""
SHEETS = (".xlsx", ".xlsm")

_IMAGE = "(image|img|picture|photo|stim|stimulus)"
_IMAGE_NAME = re.compile(rf"{_IMAGE}?(file|path|filename|filepath)|{_IMAGE}(name|id)?")
"""What a column of images is usually called, without case and signs: `Image_ID` is `imageid`."""

_ZIP, _OLD_EXCEL, _UTF16 = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", (b"\xff\xfe", b"\xfe\xff")

Record: TypeAlias = tuple[int, list[str]]
"""A line number, from 1, and the cells that begin there."""


@dataclass(frozen=True, eq=False)
class Cells:
    """A table as it is written; no row is longer or shorter than the header."""

    file: Path
    header: list[str]
    """Names, stripped; the first is empty where the header has none for it."""
    columns: list[npt.NDArray[np.object_]]
    """(rows,) of text each, as written."""
    lines: npt.NDArray[np.int64]
    """(rows,), the line of the file that a row begins on, from 1."""


def plain(cell: str) -> str:
    """A cell's text: without spaces around it, and as it was before it was guarded."""
    return unguarded(cell.strip())


def is_image_name(header: str) -> bool:
    """Whether a column of that name usually holds images."""
    return _IMAGE_NAME.fullmatch(re.sub(r"[\W_]", "", header.casefold())) is not None


def read_cells(file: Path, image_column: str | None = None) -> Cells:
    """The cells of a CSV, TSV, semicolon- or space-separated text, or of an XLSX's first sheet.

    A first line that is only a number is the count of rows, and has to be. The header has a name for every column;
    it may lack that of the images, the first. Raises `DataError`, with the line, where that is not so.
    """
    content = _content(file)
    is_sheet = file.suffix.lower() in SHEETS or content.startswith(_ZIP)
    if content.startswith(_OLD_EXCEL):
        raise DataError(f"{file}: an old Excel file; save it as .xlsx or as CSV UTF-8")
    text = "" if is_sheet else _decoded(file, content)
    separator = None if is_sheet else _separator(text)
    records = _sheet(file, content) if is_sheet else _text(file, text, separator)
    filled = (record for record in records if any(cell.strip() for cell in record[1]))
    first, head = next(filled, (1, []))
    count = _count(head)
    line, head = (first, head) if count is None else next(filled, (first, []))
    header = _header(file, line, head)
    is_celeba = count is not None or (separator is None and not is_sheet)
    cells = _body(file, header, filled, is_sheet, _is_named(header, image_column), is_celeba)
    if count is not None and count != len(cells.lines):
        raise DataError(f"{file}:{first}: says {count:,} images, but {len(cells.lines):,} rows follow")
    return cells


def _count(head: list[str]) -> int | None:
    """The number of rows, where the line says nothing else."""
    said = [text for cell in head if (text := cell.strip())]
    return int(said[0]) if len(said) == 1 and re.fullmatch("[0-9]{1,12}", said[0]) else None


def _content(file: Path) -> bytes:
    try:
        if not file.is_file():
            raise DataError(f"{file}: {'is a folder; name the file' if file.is_dir() else 'no such file'} of labels")
        if (size := file.stat().st_size) > LARGEST:
            raise DataError(f"{file}: too large for a table of labels: {size:,} bytes; at most {LARGEST:,} are read")
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error})") from error


def _decoded(file: Path, content: bytes) -> str:
    way_out = "save it as CSV UTF-8"
    if content.startswith(_UTF16):
        raise DataError(f"{file}: is UTF-16 text; {way_out}")
    if (place := content.find(b"\0")) >= 0:
        raise DataError(f"{file}:{_line(content, place)}: a NUL byte: not a table of text, or damaged; {way_out}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        odd = f"byte 0x{content[error.start]:02x}"
        raise DataError(f"{file}:{_line(content, error.start)}: not UTF-8 ({odd}); {way_out}") from None


def _line(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1


def _separator(text: str) -> str | None:
    """What parts the cells of the header; None for spaces."""
    lines = (line for line in io.StringIO(text, newline=None) if line.strip())
    head = next((line for line in lines if not re.fullmatch(r'[\s,;"]*\d+[\s,;"]*', line)), "").strip()
    if "\t" in head:
        return "\t"
    return max(",;", key=head.count) if "," in head or ";" in head else None


def _text(file: Path, text: str, separator: str | None) -> Iterator[Record]:
    stream = io.StringIO(text, newline="")
    if separator is None:
        yield from enumerate((line.split() for line in stream), 1)
        return
    reader = csv.reader(stream, delimiter=separator, strict=True, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{file}:{line}: not a CSV table ({error}); is a quotation mark missing?") from error


def _header(file: Path, line: int, head: list[str]) -> list[str]:
    names = [plain(cell) for cell in head]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise DataError(f"{file}: is empty; a table of labels has a header and a row for each image")
    if file_name := next((name for name in names if name.lower().endswith(IMAGE_SUFFIXES)), None):
        raise DataError(
            f"{file}:{line}: '{file_name}' is in the place of a column's name; a header is needed before it"
        )
    if len(names) > MOST_COLUMNS:
        raise DataError(f"{file}:{line}: more than {MOST_COLUMNS:,} columns")
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name and (other := first.setdefault(name, number)) != number:
            raise DataError(f"{file}:{line}: columns {other} and {number} are both called '{name}'; rename one")
    return names


def _is_named(header: list[str], image_column: str | None) -> bool:
    return image_column in header or any(is_image_name(name) for name in header)


def _body(
    file: Path, header: list[str], records: Iterator[Record], is_sheet: bool, is_named: bool, is_celeba: bool
) -> Cells:
    """The rows below a header.

    One that names no images is taken to lack their column where that is the format (`is_celeba`), else where the first
    row is one cell longer: a row that lacks a value must not move all values to the next column.
    """
    cells: list[str] = []
    lines: list[int] = []
    width = len(header)
    for line, row in records:
        if not lines and not is_named and (is_celeba or len(_trimmed(row, width)) == width + 1):
            header = ["", *header]
            width += 1
        if len(row) != width:
            row = _fitted(f"{file}:{line}", row, header, is_sheet)
        # One object for each different text: most cells of a table are the same few.
        cells.extend(map(sys.intern, row))
        lines.append(line)
    if not lines:
        raise DataError(f"{file}: has a header but no rows")
    columns = [np.array(cells[column::width], dtype=object) for column in range(width)]
    return Cells(file, header, columns, np.array(lines, dtype=np.int64))


def _fitted(where: str, row: list[str], header: list[str], is_sheet: bool) -> list[str]:
    """The row without empty cells beyond the header; a sheet has no short rows, only empty cells."""
    width = len(header)
    fitted = _trimmed(row, width)
    if is_sheet:
        fitted = fitted + [""] * (width - len(fitted))
    if len(fitted) == width:
        return fitted
    if header[0]:
        raise DataError(f"{where}: {len(fitted)} cells, but the header names {width} columns")
    named = f"the header names {width - 1} attributes and the image comes before them"
    raise DataError(f"{where}: {len(fitted)} cells, where {width} are needed: {named}")


def _trimmed(row: list[str], width: int) -> list[str]:
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    return row


def _sheet(file: Path, content: bytes) -> Iterator[Record]:
    """The rows of the first sheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > LARGEST_UNPACKED:
            raise DataError(f"{file}: too large: unpacks to {unpacked:,} bytes; at most {LARGEST_UNPACKED:,} are read")
        yield from _sheet_rows(file, content)
    except DataError:
        raise
    except Exception as error:  # a damaged workbook makes openpyxl raise nearly anything
        raise DataError(f"{file}: not an XLSX workbook, or damaged ({error})") from error


def _sheet_rows(file: Path, content: bytes) -> Iterator[Record]:
    from openpyxl import load_workbook

    # Twice: only the file's text says that a cell is a formula, and only its last value what that came to.
    books = [load_workbook(io.BytesIO(content), read_only=True, data_only=values) for values in (False, True)]
    sheets = [book.worksheets[0] for book in books]
    for sheet in sheets:
        sheet.reset_dimensions()  # what programs write there is often wrong
    for line, (written, row) in enumerate(zip(*(sheet.iter_rows() for sheet in sheets), strict=True), 1):
        for formula, cell in zip(written, row, strict=True):
            if formula.data_type == "f" and cell.value is None:
                raise DataError(
                    f"{file}:{line}: cell {formula.coordinate} is a formula without its value;"
                    " open the file in a spreadsheet program and save it, or save it as CSV UTF-8"
                )
        yield line, [_as_text(cell.value) for cell in row]


def _as_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
