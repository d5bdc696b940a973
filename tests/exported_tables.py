"""The way back from exported tables, so that a test can hold them against what was written."""

import csv
import re
from pathlib import Path

from openpyxl import load_workbook

from gaia_stim.cells import unguarded
from gaia_stim.export.formats import NOTHING_IN_BIDS
from gaia_stim.export.linter import Cell


def read_table(path: Path) -> list[dict[str, str | int | float | None]]:
    """A row a dictionary of what a .csv, .tsv or .xlsx holds, text as it was before it was guarded."""
    if path.suffix == ".xlsx":
        header, *rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    else:
        tabs = path.suffix == ".tsv"
        with path.open(encoding="utf-8", newline="") as stream:
            dialect = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if tabs else {}
            header, *texts = csv.reader(stream, **dialect)  # type: ignore[arg-type]
        rows = [tuple(None if tabs and text == NOTHING_IN_BIDS else _cell(text) for text in row) for row in texts]
    return [
        {str(name): unguarded(cell) if isinstance(cell, str) else cell for name, cell in zip(header, row, strict=True)}
        for row in rows
    ]


def _cell(text: str) -> Cell:
    """A cell as it was before it was written: guarded text is never a number."""
    if text == "":
        return None
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text
