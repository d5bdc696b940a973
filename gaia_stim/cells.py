"""Text in the cells of a CSV that a spreadsheet may open: inert there, and the very same text when it is read back.

A spreadsheet runs what begins with `=`, `+`, `-` or `@`; with `'` before it, it is text. Text that begins with such
marks itself gets one more, so that nothing is lost.

A table may come from a stranger: what is too much of one is told before it is parsed.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

LARGEST = 200_000_000
"""Bytes of a table; larger ones are refused unread. CelebA's 202,599 × 40 labels are 26 MB."""
MOST_COLUMNS = 10_000
_HEAD = 1 << 22
"""Bytes that hold the first two rows of any table."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\0]")
_INERT = re.compile(r"'+[=+\-@\t\r\0]")


def inert(text: str) -> str:
    """The text as it stands in a cell."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain(cell: str) -> str:
    """The text that `inert` wrote."""
    return cell[1:] if _INERT.match(cell) else cell


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """A table of cells as UTF-8 CSV, a line a row."""
    stream = io.StringIO()
    # Python before 3.13 quotes a lone carriage return only where it is part of a line's end.
    writer = csv.writer(stream, lineterminator="\r\n")
    lines = []
    for row in rows:
        writer.writerow(row)
        lines.append(stream.getvalue().removesuffix("\r\n") + "\n")
        stream.seek(0)
        stream.truncate()
    return "".join(lines).encode()


def bounded(path: Path) -> Path:
    """The path, once it is known that parsing what is there as a CSV takes bounded time and memory.

    Raises `ValueError` saying what is too much of it, or that it is no file. The first two rows tell its width: pandas
    refuses what is wider further down, but where the first row is wider than the header it would move the columns.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is a folder, or no file at all")
    if (size := path.stat().st_size) > LARGEST:
        raise ValueError(f"too large: {size:,} bytes; at most {LARGEST:,} are read")
    with path.open("rb") as stream:
        head = io.StringIO(stream.read(_HEAD).decode("utf-8-sig", errors="replace"), newline=None)
    try:
        widths = [len(row) for row in islice(filter(None, csv.reader(head, skipinitialspace=True)), 2)]
    except csv.Error as error:
        raise ValueError(error) from error
    if max(widths, default=0) > MOST_COLUMNS:
        raise ValueError(f"more than {MOST_COLUMNS:,} columns")
    if size > _HEAD and not head.read(1):
        raise ValueError(f"its first two rows are longer than {_HEAD:,} bytes")
    if len(widths) == 2 and widths[1] > widths[0]:
        raise ValueError(f"its first row has {widths[1]} cells under a header of {widths[0]}")
    return path
