"""Records to a table: which of them is the header, and that every row below has as many cells.

Every row is counted while it is read: a reader that fills up short rows, as pandas does, would give an image the
labels of its neighbours' columns and say nothing. A header may lack a name for the first column, as CelebA's and R's
do; it is then one cell shorter than every row.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gaia_stim.cells import MOST_COLUMNS, unguarded
from gaia_stim.errors import DataError, in_brief
from gaia_stim.names import IMAGE_SUFFIXES
from gaia_stim.tabular.numbers import has_decimal_comma, words_beside_numbers

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = 50
"""Rows that tell where the header is, and what parts the cells."""
MOST_CELLS = 20_000_000
"""Of a table; CelebA has 8.3 million."""

_MOST_BLANK = 100_000
"""Lines before a table, beyond which none is looked for."""
_MOST_KEPT = 1_000_000
"""Different cells, beyond which it saves nothing to know them again."""

Record: TypeAlias = tuple[int, list[str]]
"""A line number, from 1, and the cells that begin there."""
Fits: TypeAlias = Callable[[Sequence[str]], bool]
"""Whether a row's cells could be the header that somebody is looking for."""

_INDEX_NAME = re.compile(r"|Unnamed: 0(\.\d+)*|X(\.\d+)?|V1|\.\.\.1|[Ii]ndex|row\.?names?|level_0")
"""What pandas, R and readr call a column of row numbers, written once or read and written again."""


@dataclass(frozen=True)
class Source:
    """What a file, or one of its sheets, holds, before anybody knows where the table in it begins."""

    records: Callable[[], Iterator[Record]]
    """From the first line on, as often as they are asked for."""
    separator: str
    """Between the cells; empty in a workbook."""
    notes: tuple[str, ...] = ()
    sheet: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is written: no row is longer or shorter than the header."""

    file: Path
    frame: "pd.DataFrame"
    """Text in every cell, "" where there is none, without spaces around it and as it was before it was guarded.

    Its index are the lines of the file, from 1, that the rows begin on. The first column's name is "" where the header
    has none for it.
    """
    header_line: int
    separator: str
    """Between the cells: `,` `;` `|`, a tab or a space; empty in a workbook."""
    sheet: str = ""
    notes: tuple[str, ...] = ()
    """What a user should know of how the file was read: a sentence each, to follow its name."""
    formulas: frozenset[str] = frozenset()
    """Cells that hold a formula, as =A1+1, instead of its value."""
    repeated: tuple[str, ...] = ()
    """Names that several columns have. In `frame` all but the first of them are called `age (column 3)`."""

    @property
    def columns(self) -> list[str]:
        """The names in the header."""
        return list(self.frame.columns)

    @cached_property
    def decimal_commas(self) -> bool:
        """Whether the numbers of some column have decimal commas, which makes `1.000` doubtful in all others."""
        if self.separator == ",":
            return False
        columns = (self.frame[name].unique() for name in self.columns)
        return any(any(map(has_decimal_comma, words)) and not words_beside_numbers(words) for words in columns)

    def where(self, row: int) -> str:
        """The file and the line of a row, counted from 0."""
        return f"{self.file}:{self.frame.index[row]}"

    def is_index(self, name: str) -> bool:
        """Whether a column holds but the numbers of the rows, as R and pandas write them beside a table."""
        return _INDEX_NAME.fullmatch(name) is not None and _counts(self.frame[name].tolist())


def filled(records: Iterable[Record]) -> Iterator[Record]:
    """The records that have anything in them."""
    return (record for record in records if any(cell.strip().strip(",;|") for cell in record[1]))


def first_rows(records: Iterator[Record]) -> list[Record]:
    """The first filled records, by which the header is found, where there are not too many empty ones before."""
    return list(islice(filled(islice(records, _MOST_BLANK)), LOOKED_AT))


def trimmed(row: list[str], width: int = 0) -> list[str]:
    """The row without the empty cells at its end, as far as they go beyond `width`."""
    end = len(row)
    while end > width and not row[end - 1].strip():
        end -= 1
    return row[:end]


def goes_with(row: list[str], width: int) -> bool:
    """Whether a row has the cells of a header of that width, empty ones at its end aside."""
    return len(trimmed(row, width)) == width


def find_header(head: Sequence[Record], fits: Fits | None, separator: str) -> int:
    """Which of the first filled records is the header; those above are titles, which have fewer cells.

    The first that `fits`, else the first with as many cells as most rows, or with one fewer.
    """
    sizes = [sum(map(bool, map(str.strip, row))) for _, row in head]
    if fits is not None:
        for place, (_, row) in enumerate(head):
            if fits([cell.strip() for cell in row]) and all(size < sizes[place] for size in sizes[:place]):
                return place
    [(usual, _)] = Counter(len(trimmed(row)) for _, row in head).most_common(1) or [(0, 0)]
    # A header of one word has a row of two below it only where spaces part them: smiling / a.png 1.
    least = max(1 if separator == " " else 2, usual - 1) if usual > 1 else 1
    return next((place for place, (_, row) in enumerate(head) if len(trimmed(row)) >= least), 0)


def lay_out(file: Path, source: Source, fits: Fits | None, fill: bool, several: bool) -> Iterator[Table]:
    """The table, or tables, of a source.

    A first line that is only a number is the count of rows, and has to be. With `fill`, what a short row lacks is
    empty. With `several`, each row that `fits` begins another table. Raises `DataError`, with the line, for a table
    without a header or rows, a row with other cells than the header, a column without a name, or too much of anything.
    """
    written = source.records()
    head = first_rows(written)
    if not head:
        raise DataError(f"{file}: is empty: no header and no rows")
    count = _count(head[0][1])
    place = find_header(head, fits, source.separator) if count is None else 1
    if place >= len(head):
        raise DataError(f"{file}:{head[0][0]}: has nothing below '{head[0][1][0].strip()}': no header and no rows")
    notes = list(source.notes)
    if place and count is None:
        notes.append(_title_note(head[:place], head[place]))
    first: Record | None = head[place]
    rows: Iterator[Record] = chain(head[place + 1 :], filled(written))
    is_short = count is not None or source.separator == " "
    while first is not None:
        reader = _Rows(file, first, fill or not source.separator, fits if several else None)
        if reader.lacks_a_name(rows_head := list(islice(rows, LOOKED_AT)), is_short, fits, source.separator):
            reader.header.insert(0, "")
            if not is_short:
                notes.append(f"line {first[0]} names all columns but the first, for the rows have a cell more")
        yield reader.read(chain(rows_head, rows), source, notes, count if count is None else (head[0][0], count))
        first = reader.next_header
        rows = reader.left
        notes = []


def header_of(source: Source, fits: Fits | None) -> list[str]:
    """The names in the header, as they are written; empty where there is nothing."""
    head = first_rows(source.records())
    place = find_header(head, fits, source.separator) if head and _count(head[0][1]) is None else 1
    return [unguarded(cell.strip()) for cell in trimmed(head[place][1])] if place < len(head) else []


def _count(row: list[str]) -> int | None:
    """The number of rows, where the line says nothing else."""
    said = [text for cell in row if (text := cell.strip())]
    return int(said[0]) if len(said) == 1 and re.fullmatch("[0-9]{1,12}", said[0]) else None


def _counts(cells: Sequence[str]) -> bool:
    """Whether cells count upwards from 0 or 1, one by one; with gaps, where rows were taken out."""
    if not cells or not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return [str(number) for number in numbers] == list(cells) and all(one < other for one, other in pairwise(numbers))


def _title_note(above: Sequence[Record], header: Record) -> str:
    names = in_brief([cell.strip() for cell in header[1] if cell.strip()])
    said = " ".join(cell.strip() for cell in trimmed(above[0][1]))
    lines = f"line {above[0][0]} ('{said[:40]}')" + (f" and {len(above) - 1} more" if len(above) > 1 else "")
    return f"line {header[0]} is taken for the header ({names}); left out above it: {lines}"


class _Plain(dict[str, str]):
    """Cells as they are written to what they mean: one object for each text, for most cells are the same few."""

    def __init__(self) -> None:
        self.formulas: set[str] = set()

    def __missing__(self, cell: str) -> str:
        text = cell.strip()
        # A quarter of the time of a folder of results is spent here: most cells begin with neither.
        if text[:1] in ("'", "="):
            if text[0] == "=":
                self.formulas.add(text)
            text = unguarded(text)
        if len(self) < _MOST_KEPT:
            self[cell] = text
        return text


class _Rows:
    """The rows below one header."""

    def __init__(self, file: Path, header: Record, fill: bool, begins: Fits | None) -> None:
        self._file, self._fill, self._begins = file, fill, begins
        self._line = header[0]
        self.header = [unguarded(cell.strip()) for cell in trimmed(header[1])]
        self.next_header: Record | None = None
        """The header of the next table, once this one is read."""
        self.left: Iterator[Record] = iter(())
        if len(self.header) > MOST_COLUMNS:
            raise DataError(f"{file}:{self._line}: more than {MOST_COLUMNS:,} columns")
        if name := next((name for name in self.header if name.lower().endswith(IMAGE_SUFFIXES)), None):
            raise DataError(
                f"{file}:{self._line}: '{name}' is in the place of a column's name; a header is needed before it"
            )

    def lacks_a_name(self, head: Sequence[Record], is_short: bool, fits: Fits | None, separator: str) -> bool:
        """Whether the first column has no name at all, so that rows have a cell more than the header.

        A header that fits is taken to lack it only where R's write.table wrote it: with spaces or tabs, and the first
        cells are the numbers of the rows. Any other one where that is the format (`is_short`), else where the first row
        is one cell longer: a row that lacks a value must not move all values to the next column.
        """
        width = len(self.header)
        longer = [len(trimmed(row, width)) == width + 1 for _, row in head]
        if fits is not None and fits(self.header):
            return (
                separator in (" ", "\t")
                and bool(longer)
                and all(longer)
                and _counts([row[0].strip() for _, row in head])
            )
        return bool(longer) and (is_short or longer[0])

    def read(
        self, records: Iterator[Record], source: Source, notes: Sequence[str], count: tuple[int, int] | None
    ) -> Table:
        import pandas as pd

        plain, cells, lines, again = _Plain(), list[str](), list[int](), 0
        header, width = self.header, len(self.header)
        own = frozenset(header) - {""}
        for line, row in records:
            if not own.isdisjoint(row):
                names = [plain[cell] for cell in trimmed(row, width)]
                if names == header:
                    again += 1
                    continue
                if self._begins is not None and self._begins(names):
                    self.next_header, self.left = (line, row), records
                    break
            if len(row) != width:
                row = self._fitted(f"{self._file}:{line}", row)
            cells.extend(map(plain.__getitem__, row))
            lines.append(line)
            if len(cells) > MOST_CELLS:
                raise DataError(f"{self._file}:{line}: more than {MOST_CELLS:,} cells")
        if not lines:
            raise DataError(f"{self._file}:{self._line}: has a header but no rows")
        if count is not None and count[1] != len(lines):
            raise DataError(f"{self._file}:{count[0]}: says {count[1]:,} images, but {len(lines):,} rows follow")
        columns, repeated = self._names(cells)
        named = {
            name: np.array(cells[place::width], dtype=object) for place, name in enumerate(columns) if name is not None
        }
        told = [*notes, *self._notes(repeated, again)]
        return Table(
            self._file,
            pd.DataFrame(named, index=pd.Index(lines, dtype="int64", name="line"), dtype=object),
            self._line,
            source.separator,
            source.sheet,
            tuple(told),
            frozenset(plain.formulas),
            repeated,
        )

    def _fitted(self, where: str, row: list[str]) -> list[str]:
        """The row without empty cells beyond the header, and filled up where that is wanted."""
        header, width = self.header, len(self.header)
        fitted = trimmed(row, width)
        if self._fill:
            fitted = fitted + [""] * (width - len(fitted))
        if len(fitted) == width:
            return fitted
        if header[0]:
            raise DataError(f"{where}: {len(fitted)} cells, but the header names {width} columns")
        named = f"the header names {width - 1} columns, and the first has no name"
        raise DataError(f"{where}: {len(fitted)} cells, where {width} are needed: {named}")

    def _names(self, cells: Sequence[str]) -> tuple[list[str | None], tuple[str, ...]]:
        """A different name for each column, None where there is nothing at all; and those that were there twice."""
        width = len(self.header)
        names: dict[str, int] = {}
        repeated: list[str] = []
        found: list[str | None] = []
        for place, name in enumerate(self.header):
            if not name and not any(cells[place::width]):
                found.append(None)
                continue
            if not name and place:
                raise DataError(
                    f"{self._file}:{self._line}: column {place + 1} has no name in the header; name it or delete it"
                )
            if name in names:
                repeated.append(name)
                name = f"{name} (column {place + 1})"
            names[name] = place
            found.append(name)
        return found, tuple(dict.fromkeys(repeated))

    def _notes(self, repeated: Sequence[str], again: int) -> Iterator[str]:
        if again:
            yield f"{again:,} rows that are the header again are left out"
        if repeated:
            yield f"several columns are called '{repeated[0]}'; but the first they are told apart by their place"
