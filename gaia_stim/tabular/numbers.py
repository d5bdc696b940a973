"""Cells of text to numbers: decimal points and commas, and what could be either, which is asked about."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gaia_stim.errors import DataError

if TYPE_CHECKING:
    from gaia_stim.tabular.layout import Table

MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "<na>"))
"""What stands for a missing value in any column, in any case: what R, MATLAB, pandas and spreadsheets write."""

_LEAST, _MOST = 1e-30, 1e30
"""Beyond, squares and their sums are no longer numbers; nothing that is measured of pictures or people is there."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WITH_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?", re.ASCII)
_GROUPED = {sign: re.compile(rf"[+-]?[1-9]\d{{0,2}}({re.escape(sign)}\d{{3}})+", re.ASCII) for sign in ".,"}
"""1.000 and 1,000,000: thousands, or a number with three decimals."""
_BOTH = re.compile(r"[+-]?\d[\d.,]*", re.ASCII)
_DATE = re.compile(
    r"""(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})
    |\d{1,2}[-\s./]*[^\W\d]{3,9}\.?[-\s./,]*(\d{4}|\d{2})|[^\W\d]{3,9}\.?\s+\d{1,2},?\s+\d{4})
    (,?[T\s_]+\d{1,2}[:h.]\d{2}([:.m]\d{2}([.,]\d+)?)?\s*([AaPp][Mm])?(\s*Z|\s*[+-]\d{2}:?\d{2})?)?
    |\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s*[AaPp][Mm])?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Question:
    """A cell that could mean two numbers, and why it matters."""

    cell: str
    text: str


def has_decimal_comma(cell: str) -> bool:
    """Whether a cell is a number with a comma that cannot part thousands."""
    return "," in cell and _WITH_COMMA.fullmatch(cell) is not None and _GROUPED[","].fullmatch(cell) is None


def words_beside_numbers(words: Iterable[str]) -> list[str]:
    """Those of a column's texts that are neither numbers, however their decimals are parted, nor missing."""
    return [word for word in words if word.casefold() not in MISSING and not _BOTH.fullmatch(word)]


def are_dates(words: Iterable[str]) -> bool:
    """Whether all of some texts, of which there are any, are dates or times of day."""
    found = [_DATE.fullmatch(word) is not None for word in words]
    return bool(found) and all(found)


def as_numbers(
    words: Collection[str], table: "Table | None" = None, decimal: str | None = None
) -> tuple[dict[str, float], Question | None]:
    """The numbers among different texts of one column, by text; or what has to be asked first.

    `table` is where they stand: whether commas part its cells, and whether others of its columns have decimal commas.
    `decimal` is what parts a number's decimals, `.` or `,`, where somebody said so; the other one then parts thousands.
    Without it a comma is a decimal one where commas do not part the cells and no number of the column is grouped as
    thousands are; what could be either is a question.
    """
    if decimal is None:
        question = _question(words, table)
        decimal = "," if any(map(has_decimal_comma, words)) else "."
    else:
        question = None
    numbers = {word: number for word in words if (number := _number(word, decimal)) is not None}
    return numbers, question


def column_of_numbers(table: "Table", name: str, decimal: str | None = None) -> npt.NDArray[np.float64]:
    """(rows,) the numbers of a column; NaN where one is missing.

    Raises `DataError`, with the line, for what is no finite number, or could be two.
    """
    cells = table.frame[name].tolist()
    present = [word for word in dict.fromkeys(cells) if word.casefold() not in MISSING]
    numbers, question = as_numbers(present, table, decimal)
    if question:
        raise DataError(f"{table.where(cells.index(question.cell))}: column '{name}': {question.text}")
    for word in present:
        if word not in numbers:
            raise DataError(f"{table.where(cells.index(word))}: column '{name}': '{word[:40]}' is not a finite number")
    return np.array([numbers.get(word, np.nan) for word in cells], dtype=np.float64)


def _number(word: str, decimal: str) -> float | None:
    """The number that is written; None where it is none that can be reckoned with. Unlike `float`, no inf, no 1_000."""
    word = word.replace("\N{MINUS SIGN}", "-")
    other = "," if decimal == "." else "."
    whole, sign, rest = word.partition(decimal)
    if other in whole and _GROUPED[other].fullmatch(whole):
        whole = whole.replace(other, "")
    elif other in word:
        return None
    word = whole + sign.replace(",", ".") + rest
    if not _NUMBER.fullmatch(word):
        return None
    number = float(word)
    return number if number == 0 or _LEAST < abs(number) < _MOST else None


def _question(words: Collection[str], table: "Table | None") -> Question | None:
    """What cannot be known of a column's numbers from itself and its table; None where nothing is doubtful."""
    numeric = [word for word in words if _BOTH.fullmatch(word)]
    commas = [word for word in numeric if "," in word]
    grouped = [word for word in numeric if _GROUPED["."].fullmatch(word)]
    decimals = [word for word in commas if has_decimal_comma(word)]
    if both := [word for word in commas if "." in word]:
        return _either(both[0])
    thousands = [word for word in commas if word not in decimals]
    if thousands and (not decimals or any(word.count(",") > 1 for word in thousands)):
        return _either(thousands[0])
    if decimals and table is not None and table.separator == ",":
        return Question(decimals[0], f"'{decimals[0]}' has a decimal comma in a table whose cells commas part")
    if decimals and (points := [word for word in numeric if "." in word]):
        return Question(points[0], f"'{points[0]}' has a point, and '{decimals[0]}' a decimal comma")
    if many := [word for word in grouped if word.count(".") > 1]:
        return _either(many[0])
    if grouped and len(grouped) == sum("." in word for word in numeric) and not commas:
        if table is not None and table.decimal_commas:
            return _either(grouped[0], " (numbers of other columns have decimal commas)")
        if whole := _larger(numeric, grouped):
            return _either(grouped[0], f" (beside whole numbers as large as {whole})")
    return None


def _larger(numeric: Sequence[str], grouped: Sequence[str]) -> str | None:
    """A whole number beside which thousands, and not three decimals, are likely in cells such as 1.000; or None.

    Below a thousand thousands have no sign. Decimals that are written out are written out in all cells, and where they
    are not, 1.25 would be among them.
    """
    whole = [word for word in numeric if "." not in word and "," not in word]
    least = 10 if any(word.endswith("0") for word in grouped) else 100
    return next((word for word in whole if abs(float(word)) >= least), None)


def _either(cell: str, why: str = "") -> Question:
    """Both meanings written out."""
    plain = cell.replace(".", "").replace(",", "")
    last = max(cell.rfind("."), cell.rfind(","))
    small = cell[:last].replace(".", "").replace(",", "") + "." + cell[last + 1 :]
    return Question(cell, f"'{cell}' may be {plain} or {small}{why}")
