"""Tables as the bytes of files."""

import io
import re
import zipfile

from openpyxl import Workbook

from gaia_stim.cells import csv_bytes
from gaia_stim.export.linter import Cell, Table

NOTHING_IN_BIDS = "n/a"
NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP archive can say: the same table is the same bytes."""
_WHEN = re.compile(rb"<dcterms:(created|modified)([^>]*)>[^<]*</dcterms:\1>")


def table_csv(table: Table) -> bytes:
    """The table, whose texts are guarded already, as CSV."""
    return csv_bytes([table.columns, *table.rows], guard=str)


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


def _text(cell: Cell) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else repr(cell)


def _without_time(content: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            part = old.read(entry)
            if entry.filename == "docProps/core.xml":
                part = _WHEN.sub(rb"<dcterms:\1\2>1980-01-01T00:00:00Z</dcterms:\1>", part)
            new.writestr(zipfile.ZipInfo(entry.filename, NO_TIME), part, zipfile.ZIP_DEFLATED)
    return written.getvalue()
