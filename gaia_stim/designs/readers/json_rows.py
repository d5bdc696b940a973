"""Results as JSON: rows as objects, in one document or in several one after the other, as JATOS joins people's.

jsPsych (`data.get().json()`), lab.js, DataPipe and JATOS (one line a run, or one a component) write so.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from gaia_stim.cells import LARGEST
from gaia_stim.errors import DataError
from gaia_stim.gate import opened, text_of
from gaia_stim.tabular import Table

_LISTS = ("data", "trials", "rows", "results")
"""What rows may be called in a document that holds more than them."""
_BETWEEN = " \t\r\n,;\ufeff"


def is_json(file: Path) -> bool:
    """Whether a file begins as JSON does."""
    with opened(file) as stream:
        head = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return re.match(rb"[\[{]\s*[\[{\"}\]]", head) is not None


def json_tables(file: Path) -> list[Table]:
    """The tables of a file, one a document; objects that follow each other are rows of one.

    Raises `DataError`, with the line, where it is no JSON, too much of it, or has no rows.
    """
    text = text_of(file, LARGEST)
    found: list[list[tuple[int, dict[str, Any]]]] = []
    single = False
    for line, document in _documents(file, text):
        rows = [(line, row) for row in _rows(document)]
        if isinstance(document, dict) and len(rows) == 1 and single:
            found[-1] += rows
        elif rows:
            found.append(rows)
        single = isinstance(document, dict) and len(rows) == 1
    if not found:
        raise DataError(f"{file}: JSON without rows: results are a list of objects, one a trial")
    return [_table(file, rows) for rows in found]


def _documents(file: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Each, with the line that it begins on."""
    decoder, at, line, counted = json.JSONDecoder(), 0, 1, 0
    while True:
        while at < len(text) and text[at] in _BETWEEN:
            at += 1
        if at == len(text):
            return
        line += text.count("\n", counted, at)
        counted = at
        try:
            document, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file}:{line}: not JSON, or cut off ({error})") from error
        yield line, document


def _rows(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, dict):
        lists = [document[name] for name in _LISTS if isinstance(document.get(name), list)]
        return _rows(lists[0]) if lists else [document]
    if isinstance(document, list):
        # JATOS and DataPipe may hold a list of people's lists.
        return [row for one in document if isinstance(one, dict | list) for row in (_rows(one))]
    return []


def _table(file: Path, rows: list[tuple[int, dict[str, Any]]]) -> Table:
    cells = [{str(name): _cell(value) for name, value in row.items()} for _, row in rows]
    frame = pd.DataFrame(cells, index=[line for line, _ in rows]).fillna("").astype(str)
    return Table(file, frame, rows[0][0], "")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)
