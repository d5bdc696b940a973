"""Text in the cells of a CSV that a spreadsheet may open: inert there, and the very same text when it is read back.

A spreadsheet runs what begins with `=`, `+`, `-` or `@`; with `'` before it, it is text. Text that begins with such
marks itself gets one more, so that nothing is lost.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

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
