"""Tables as the bytes of files, and back: the way out has a way in, so that a test can hold them against each other."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from openpyxl import Workbook, load_workbook

from gaia_stim.errors import DataError
from gaia_stim.export.linter import Cell, Table
from gaia_stim.stimuli.cells import unguarded

NOTHING_IN_BIDS = "n/a"
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP archive can say: the same table is the same bytes."""
_WHEN = re.compile(rb"<dcterms:(created|modified)([^>]*)>[^<]*</dcterms:\1>")


def csv_bytes(table: Table) -> bytes:
    """UTF-8 without a byte-order mark, a line a row; numbers in the shortest form that reads back equal."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_text(cell) for cell in row] for row in table.rows)
    return stream.getvalue().encode()


def tsv_bytes(table: Table) -> bytes:
    """As BIDS wants it: tabs, no quotation marks, `n/a` where nothing is. No text has a tab or a line's end in it."""
    lines = [table.columns, *([_text(cell) or NOTHING_IN_BIDS for cell in row] for row in table.rows)]
    return "".join("\t".join(line) + "\n" for line in lines).encode()


def xlsx_bytes(table: Table) -> bytes:
    """One sheet; text is text, and a number is written as exactly as in a CSV and as whole or not whole."""
    book = Workbook()
    sheet = book.active
    sheet.title = "conditions"
    for row, cells in enumerate([table.columns, *table.rows], 1):
        for column, value in enumerate(cells, 1):
            if value is not None:
                cell = sheet.cell(row, column, _text(value))
                # Else openpyxl makes formulas of text, and rounds numbers to 16 digits.
                cell.data_type = "s" if isinstance(value, str) else "n"
    written = io.BytesIO()
    book.save(written)
    return _without_time(written.getvalue())


def read_table(path: Path) -> list[dict[str, str | int | float | None]]:
    """What `csv_bytes`, `tsv_bytes` or `xlsx_bytes` wrote: a row a dictionary, text as it was before it was guarded.

    Raises `DataError` where the file is none of them.
    """
    readers: dict[str, Callable[[Path], list[list[Cell]]]] = {".csv": _csv, ".tsv": _tsv, ".xlsx": _xlsx}
    if path.suffix not in readers or not path.is_file():
        raise DataError(f"{path}: not a table (.csv, .tsv or .xlsx)")
    header, *rows = readers[path.suffix](path)
    return [
        {str(name): unguarded(cell) if isinstance(cell, str) else cell for name, cell in zip(header, row, strict=True)}
        for row in rows
    ]


def _text(cell: Cell) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else repr(cell)


def _cell(text: str) -> Cell:
    """A cell as it was before `_text`: guarded text is never a number."""
    if text == "":
        return None
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def _csv(path: Path) -> list[list[Cell]]:
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return [[*header], *([_cell(text) for text in row] for row in rows)]


def _tsv(path: Path) -> list[list[Cell]]:
    header, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n"))
    return [[*header], *([None if text == NOTHING_IN_BIDS else _cell(text) for text in row] for row in rows)]


def _xlsx(path: Path) -> list[list[Cell]]:
    return [list(row) for row in load_workbook(path).worksheets[0].iter_rows(values_only=True)]


def _without_time(content: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            part = old.read(entry)
            if entry.filename == "docProps/core.xml":
                part = _WHEN.sub(rb"<dcterms:\1\2>1980-01-01T00:00:00Z</dcterms:\1>", part)
            new.writestr(zipfile.ZipInfo(entry.filename, _NO_TIME), part, zipfile.ZIP_DEFLATED)
    return written.getvalue()
