"""XLSX and ODS workbooks to records: a look through the file first, then calamine, which reads both.

calamine makes room for every cell between a sheet's first and last, so that two cells in opposite corners would end
the process, and has no word for a formula whose value was never saved, or for an error. So each sheet is looked
through beforehand, in a moment and in little memory.
"""

import datetime
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from gaia_stim.errors import DataError
from gaia_stim.tabular.layout import MOST_CELLS, Record, Source

ZIP = b"PK\x03\x04"
LARGEST_UNPACKED = 1_000_000_000
"""Bytes that a workbook may unpack to."""
MOST_PARTS = 10_000
MOST_EMPTY = 3_000_000
"""Elements that hold no value: a column of a sheet that is formatted to its last row has 2 million."""
_CHUNK = 1 << 20
_PLACE = re.compile(r"([A-Za-z]{1,7})(\d{1,9})")
_OF_A_CELL = 4
"""Elements of a cell with a value, its row among them."""
_EXACT = 1e15
"""Whole numbers below have no other digits in a spreadsheet."""


def workbook_sources(file: Path, content: bytes) -> list[Source]:
    """What its sheets hold, hidden ones last, in their order.

    Raises `DataError` for what is no workbook, damaged, or too large, and for a formula without its value.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    notes = _looked_through(file, content)
    book = _told(file, lambda: CalamineWorkbook.from_filelike(io.BytesIO(content)))
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    sheets.sort(key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
    return [Source(partial(_records, file, book, sheet.name), "", notes, sheet.name) for sheet in sheets]


def _records(file: Path, book: Any, name: str) -> Iterator[Record]:
    sheet = _told(file, lambda: book.get_sheet_by_name(name))
    for line, row in enumerate(sheet.iter_rows(), 1):
        yield line, [_as_text(cell) for cell in row]


def _told(file: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of Rust's is no Exception
        raise _damaged(file, error) from error


def _damaged(file: Path, error: BaseException) -> DataError:
    return DataError(f"{file}: not an XLSX or ODS workbook, or damaged ({error})")


def _as_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return str(value)


def _looked_through(file: Path, content: bytes) -> tuple[str, ...]:
    """Notes on what calamine is silent about. Raises `DataError` where it should not be asked to read that."""
    notes: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if (unpacked := sum(part.file_size for part in parts)) > LARGEST_UNPACKED:
                most = f"at most {LARGEST_UNPACKED:,} are read"
                raise DataError(f"{file}: too large: unpacks to {unpacked:,} bytes; {most}")
            if not {"xl/workbook.xml", "content.xml"} & {part.filename for part in parts}:
                raise DataError(f"{file}: a ZIP file, but no XLSX or ODS workbook; save it as .xlsx or as CSV UTF-8")
            if len(parts) > MOST_PARTS:
                raise DataError(f"{file}: too large: {len(parts):,} parts; at most {MOST_PARTS:,} are read")
            look = _Look(file)
            for part in parts:
                # Through all of them, whatever they are called: a workbook says itself where its sheets are.
                with archive.open(part) as stream:
                    look = replace(look, errors=[], row=0, column=0, widest=0)
                    notes += look.through(stream)
    except DataError:
        raise
    except Exception as error:  # damage makes zipfile raise nearly anything
        raise _damaged(file, error) from error
    return tuple(dict.fromkeys(notes))


@dataclass
class _Look:
    """One part of a workbook, element by element: how far its cells reach, and which of them have no value."""

    file: Path
    row: int = 0
    column: int = 0
    widest: int = 0
    cell: str = ""
    """Where the cell of an XLSX is that is being looked at."""
    awaits_value: bool = False
    """Whether it has a formula, and nothing yet that it came to."""
    is_text: bool = False
    inside: str = ""
    """The element that was begun last."""
    empty: int = 0
    """Elements so far, without those that cells with a value are made of."""
    errors: list[str] = field(default_factory=list)

    def through(self, stream: IO[bytes]) -> list[str]:
        """Notes. Raises `DataError` for cells that reach too far, and formulas without values."""
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        try:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk)
        except expat.ExpatError:  # a picture, or damaged, which calamine tells; to its end, where its checksum is
            while stream.read(_CHUNK):
                pass
        if not self.errors:
            return []
        said = f"{len(self.errors):,} cells hold an error instead of a value, the first is {self.errors[0]}"
        return [f"{said}; they count as empty"]

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.inside = name.rpartition(":")[2]
        self.empty += 1
        if self.empty > MOST_EMPTY:
            raise DataError(
                f"{self.file}: too large: millions of formatted cells without a value; save it as CSV UTF-8"
            )
        match self.inside:
            case "c":
                self._xlsx_cell(attributes)
            case "v" | "is" | "f":  # a cell without is only painted, and calamine passes over it
                self._reaches()
                self.awaits_value = self.awaits_value or self.inside == "f"
            case "row":
                self.row, self.column = _whole(attributes.get("r")) or self.row + 1, 0
            case "table":
                self.row = self.widest = 0
            case "table-row":
                self.row, self.column = self.row + (_whole(attributes.get("table:number-rows-repeated")) or 1), 0
            case "table-cell" | "covered-table-cell":
                self.column += _whole(attributes.get("table:number-columns-repeated")) or 1
                if "office:value-type" in attributes:
                    self._reaches()
                elif "table:formula" in attributes:
                    self._has_no_value(f"{self.column} of row {self.row}")

    def _xlsx_cell(self, attributes: Mapping[str, str]) -> None:
        self.cell, kind = attributes.get("r", ""), attributes.get("t")
        place = _PLACE.fullmatch(self.cell)
        self.row, self.column = (int(place[2]), _column(place[1])) if place else (self.row, self.column + 1)
        self.awaits_value = False
        self.is_text = kind == "str"
        if kind == "e":
            self.errors.append(self.cell)

    def _text(self, text: str) -> None:
        if self.inside == "v":
            self.awaits_value = False

    def _end(self, name: str) -> None:
        # Of a formula whose result is text, nothing is a text too.
        if self.awaits_value and not self.is_text and name.rpartition(":")[2] == "c":
            self._has_no_value(self.cell)

    def _reaches(self) -> None:
        self.empty = max(0, self.empty - _OF_A_CELL)
        self.widest = max(self.widest, self.column)
        if self.row * self.widest > MOST_CELLS:
            raise DataError(f"{self.file}: too large: cells reach to row {self.row:,} and column {self.widest:,}")

    def _has_no_value(self, cell: str) -> None:
        raise DataError(
            f"{self.file}: cell {cell} is a formula without its value; open the file in a spreadsheet program and save"
            " it, or save it as CSV UTF-8"
        )


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,9}", text) else 0


def _column(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - ord("A") + 1
    return column
