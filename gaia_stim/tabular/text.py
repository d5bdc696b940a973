"""Bytes of a text file to records: its letters, its separator, and the lines that its rows begin on."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gaia_stim.cells import MOST_COLUMNS
from gaia_stim.errors import DataError
from gaia_stim.tabular.layout import Fits, Record, Source, find_header, first_rows, goes_with

SEPARATORS = ("\t", ";", "|", ",")
"""Of those that do equally well the first is taken: commas also stand in numbers and in sentences."""
SPACE = " "
"""Between the cells of a table that has none of the others, such as CelebA's: any number of them."""

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_WESTERN = "cp1252"
_BEGINNING = 1 << 16
"""Characters; what parts the cells stands among them."""
_SAID = re.compile(r"""\s*"?sep=(\t|[^\w\s"'])"?[,;|\s]*""", re.IGNORECASE)
"""The line by which Excel is told the separator; through a spreadsheet it gets separators of its own."""


@dataclass(frozen=True)
class _Letters:
    encoding: str
    notes: tuple[str, ...] = ()


def text_source(file: Path, content: bytes, fits: Fits | None) -> Source:
    """What is in a text file, once its letters and its separator are known.

    Raises `DataError`, with the line, for what is no text, or has more columns than a table can have.
    """
    letters = _letters(file, content)
    lines = _Lines(file, content, letters.encoding)
    separator = lines.said or _separator(lines, fits)
    return Source(lambda: lines.records(separator), separator, letters.notes)


def _letters(file: Path, content: bytes) -> _Letters:
    """The encoding: as a mark at the beginning says, else UTF-8 or, said in a note, UTF-16 or Windows-1252."""
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    notes: tuple[str, ...] = ()
    head = content[:2000]
    if encoding is None and 0.4 * len(head) < head.count(0) < 0.6 * len(head):
        encoding = "utf-16-le" if content[1] == 0 else "utf-16-be"
        notes = ("is UTF-16 without a mark that says so, and is read as that",)
    if encoding is None and (place := content.find(b"\0")) >= 0:
        raise DataError(f"{file}:{_line(content, place)}: a NUL byte: not a table of text, or damaged")
    for name in (encoding,) if encoding else ("utf-8", _WESTERN):
        try:
            content.decode(name)
        except UnicodeDecodeError as error:
            wrong = error
            continue
        return _Letters(name, (*notes, *([_western(content)] if name == _WESTERN else [])))
    odd = f"byte 0x{content[wrong.start]:02x}"
    raise DataError(
        f"{file}:{_line(content, wrong.start)}: not {'UTF-8' if encoding is None else encoding.upper()} ({odd});"
        " save it as CSV UTF-8"
    )


def _line(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1


def _western(content: bytes) -> str:
    found = re.search(rb"[\w-]*[\x80-\xff][\w\x80-\xff-]*", content)
    place, word = (found.start(), found[0]) if found else (0, b"")
    return (
        f"is not UTF-8: its letters are read as Windows-1252, as in '{word.decode(_WESTERN)[:40]}' on line"
        f" {_line(content, place)}; where that is wrong, save it as CSV UTF-8"
    )


class _Lines:
    """The lines of a text, again and again, without holding more than one at a time."""

    def __init__(self, file: Path, content: bytes, encoding: str) -> None:
        self._file, self._content, self._encoding = file, content, encoding
        first = next(self._open(), "").lstrip("\ufeff")
        self.beginning = self._open().read(_BEGINNING)
        said = _SAID.fullmatch(first.rstrip("\r\n"))
        self.said = said[1] if said else None
        """The separator that the first line tells, if it does."""

    def _open(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(self._content), self._encoding, newline="")

    def records(self, separator: str, strict: bool = True) -> Iterator[Record]:
        """Rows, each with the line that it begins on, from 1.

        Raises `DataError` where a row has too many cells, or a quotation mark is missing; the latter is where they end
        when that is not `strict`, for it may be another separator's mark.
        """
        pending = 0

        def counted() -> Iterator[str]:
            nonlocal pending
            for line in self._open():
                pending += line.count(separator)
                # More than the cells of any row: told before a list of them is made.
                if pending > 2 * MOST_COLUMNS:
                    raise DataError(f"{self._file}:{number}: more than {MOST_COLUMNS:,} columns")
                yield line

        number = 1
        # A separator that is a space may stand there many times; csv skips those that follow one.
        reader = csv.reader(counted(), delimiter=separator, strict=strict, skipinitialspace=True)
        try:
            for row in reader:
                if number > 1 or self.said is None:
                    yield number, row
                number = reader.line_num + 1
                pending = 0
        except csv.Error as error:
            if strict:
                what = f"not a CSV table ({error}); is a quotation mark missing?"
                raise DataError(f"{self._file}:{number}: {what}") from error


def _separator(lines: _Lines, fits: Fits | None) -> str:
    """By which most rows have as many cells as the header; one whose header fits comes before one whose does not."""
    found: dict[str, tuple[bool, int, int]] = {}
    for separator in filter(lines.beginning.__contains__, SEPARATORS):
        head = first_rows(lines.records(separator, strict=False))
        place = find_header(head, fits, separator)
        names = head[place][1] if head else []
        if len(names) > 1:
            below = sum(goes_with(row, len(names)) for _, row in head[place + 1 :])
            found[separator] = (fits is not None and fits([name.strip() for name in names]), below, len(names))
    return max(found, key=lambda one: found[one], default=SPACE)
