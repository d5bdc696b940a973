"""What is written in a column as numbers: 0 and 1, a number, or a 0/1 for each level but the baseline.

A column has few different cells, so each of them is coded once and the rows look theirs up. What a cell became is
recorded in `Attribute.levels`, because "smiling: 1 unit" means nothing to a reviewer without it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.errors import ConfigError, DataError, unknown_name
from gaia_stim.labels.cells import plain

AttributeValues = npt.NDArray[np.float64]

MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "<na>"))
"""What stands for a missing value in any column, in any case: what R, MATLAB, pandas and spreadsheets write."""
YES_NO = (("no", "yes"), ("false", "true"), ("n", "y"), ("f", "t"), ("off", "on"), ("absent", "present"))
"""Words for 0 and 1, in any case."""
SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0)
"""Numbers that often stand for a missing value where all others are not negative."""
MOST_LEVELS = 30
"""A column with more different words is taken for a note, and not for a category, unless it is asked for."""
MOST_LEVELS_ASKED = 300

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


@dataclass(frozen=True)
class Attribute:
    """One numeric column of the design, and how it came from what is written."""

    name: str
    """The column's, or `hair_color:red` for one level of a column of words."""
    kind: Literal["binary", "graded", "category"]
    column: str
    """The column of the file."""
    baseline: str | None = None
    """Of a category: the level that has no attribute, which all the column's attributes are differences from."""
    levels: tuple[tuple[str, float], ...] = ()
    """Written value and the number that it became; empty for graded ones."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column as its different cells, and which of them each row has."""

    file: Path
    name: str
    words: list[str]
    """Different texts, stripped; "" for all that count as missing."""
    codes: npt.NDArray[np.intp]
    """(rows,), index into `words`."""
    lines: npt.NDArray[np.int64]

    @classmethod
    def read(
        cls,
        file: Path,
        name: str,
        cells: npt.NDArray[np.object_],
        lines: npt.NDArray[np.int64],
        missing: Iterable[str],
    ) -> "Column":
        """A column from its cells; `missing` are texts that count as missing beside `MISSING`.

        A number in `missing` also means that number written differently, as in -1 and -1.0. Raises `DataError` where
        a cell is a formula instead of its value.
        """
        codes, written = pd.factorize(cells)
        for place, cell in enumerate(written):
            if cell.lstrip().startswith("="):
                where = f"{file}:{lines[np.argmax(codes == place)]}: column '{name}'"
                raise DataError(f"{where}: '{_short(cell)}' is a formula; save the table with its values")
        texts, numbers = set(missing), {_number(text) for text in missing} - {None}
        words = [plain(cell) for cell in written]
        words = [
            "" if word.casefold() in MISSING or word in texts or _number(word) in numbers else word for word in words
        ]
        different = {word: index for index, word in enumerate(dict.fromkeys(words))}
        again = np.array([different[word] for word in words], dtype=np.intp)
        return cls(file, name, list(different), again[codes], lines)

    def where(self, word: str) -> str:
        """File, line and column of the first row that has the word."""
        row = int(np.argmax(self.codes == self.words.index(word)))
        return f"{self.file}:{self.lines[row]}: column '{self.name}'"

    def rows_with(self, words: Iterable[str]) -> int:
        """How many rows have one of the words."""
        chosen = [self.words.index(word) for word in words]
        return int(np.bincount(self.codes, minlength=len(self.words))[chosen].sum())


@dataclass(frozen=True, eq=False)
class Coded:
    """A column's attributes and their values; none where it is left out, and then why."""

    attributes: tuple[Attribute, ...] = ()
    values: AttributeValues | None = None
    """(rows, attributes); NaN where missing."""
    left_out: str | None = None
    notes: tuple[str, ...] = ()


def code(column: Column, as_category: bool, baseline: str | None) -> Coded:
    """The numbers of a column: binary, graded, or a 0/1 for each level but the baseline.

    Raises `DataError`, with the line, where numbers and words are mixed, a number is not finite or has a decimal
    comma, or a formula stands for its value; `ConfigError` where the column cannot have this baseline.
    """
    present = [word for word in column.words if word]
    numbers = {word: number for word in present if (number := _number(word)) is not None}
    if len(present) > 1 and as_category:
        return _category(column, present, baseline)
    if len(numbers) < len(present):
        _refuse_almost_numbers(column, present, numbers)
        if (truth := _truth(present)) is not None:
            coded = _binary(column, truth)
        elif len(present) <= 2:
            coded = _two_words(column, present, baseline)
            baseline = None
        elif len(present) <= MOST_LEVELS:
            return _category(column, present, baseline)
        else:
            way_out = f"--category '{column.name}' makes it an attribute"
            coded = Coded(left_out=f"has {len(present):,} different texts and is taken for notes; {way_out}")
    elif present and (set(numbers.values()) <= {0.0, 1.0} or set(numbers.values()) <= {-1.0, 1.0}):
        coded = _binary(column, {word: float(number > 0) for word, number in numbers.items()})
    else:
        coded = _graded(column, numbers)
    if baseline is not None:
        raise ConfigError(
            f"{column.file}: column '{column.name}' cannot have a baseline: it is no column of words;"
            f" its numbers become levels with --category '{column.name}'"
        )
    return coded


def _number(word: str) -> float | None:
    """The finite number that is written; None where it is none. Unlike `float`, no inf, no 1_000."""
    if not _NUMBER.fullmatch(word):
        return None
    number = float(word)
    return number if np.isfinite(number) else None


def _refuse_almost_numbers(column: Column, present: Sequence[str], numbers: Mapping[str, float]) -> None:
    """Raise `DataError` where the column is one of numbers but for some cells."""
    odd = [word for word in present if word not in numbers]
    commas = [word for word in odd if _DECIMAL_COMMA.fullmatch(word)]
    if commas and len(commas) == len(odd):
        raise DataError(f"{column.where(odd[0])}: '{odd[0]}' has a decimal comma; write it with a point")
    if 2 * column.rows_with(numbers) > column.rows_with(present):
        raise DataError(
            f"{column.where(odd[0])}: '{_short(odd[0])}' is not a finite number, unlike most of the column; mend it, or"
            f" say that it is missing with --missing '{column.name}={_short(odd[0])}',"
            f" or that the column holds names with --category '{column.name}'"
        )


def _truth(present: Sequence[str]) -> dict[str, float] | None:
    folded = {word.casefold() for word in present}
    pair = next((pair for pair in YES_NO if folded <= set(pair)), None)
    return {word: float(word.casefold() == pair[1]) for word in present} if pair else None


def _two_words(column: Column, present: Sequence[str], baseline: str | None) -> Coded:
    """The word that comes first in the alphabet is 0, so that the sign does not depend on who is in the table."""
    words = sorted(present, key=_order)
    zero = words[0] if baseline is None else _level(column, words, baseline)
    return _binary(column, {word: float(word != zero) for word in words})


def _binary(column: Column, truth: Mapping[str, float]) -> Coded:
    levels = tuple(sorted(truth.items(), key=lambda level: (level[1], _order(level[0]))))
    attribute = Attribute(column.name, "binary", column.name, levels=levels)
    return Coded((attribute,), _looked_up(column, [truth]))


def _graded(column: Column, numbers: Mapping[str, float]) -> Coded:
    attribute = Attribute(column.name, "graded", column.name)
    return Coded((attribute,), _looked_up(column, [numbers]), notes=_sentinel_notes(column, numbers))


def _sentinel_notes(column: Column, numbers: Mapping[str, float]) -> tuple[str, ...]:
    negative = {number for number in numbers.values() if number < 0}
    if len(negative) != 1 or negative.isdisjoint(SENTINELS) or len(numbers) < 3:
        return ()
    words = [word for word, number in numbers.items() if number < 0]
    rows = column.rows_with(words)
    return (
        f"column '{column.name}': {rows:,} of {len(column.codes):,} rows are {words[0]}, and no other is negative;"
        f" if that stands for a missing value, say so with --missing '{column.name}={words[0]}'",
    )


def _category(column: Column, present: Sequence[str], baseline: str | None) -> Coded:
    if len(present) > MOST_LEVELS_ASKED:
        raise ConfigError(
            f"{column.file}: column '{column.name}' has {len(present):,} levels; at most {MOST_LEVELS_ASKED} make sense"
        )
    levels = sorted(present, key=_order)
    if baseline is None:
        counts = {level: column.rows_with([level]) for level in levels}
        baseline = min(levels, key=lambda level: -counts[level])  # the first of those that are as frequent
    baseline = _level(column, levels, baseline)
    shown = [level for level in levels if level != baseline]
    coding = [{level: float(level == one) for level in levels} for one in shown]
    attributes = tuple(
        Attribute(f"{column.name}:{one}", "category", column.name, baseline, tuple(truth.items()))
        for one, truth in zip(shown, coding, strict=True)
    )
    return Coded(attributes, _looked_up(column, coding), notes=_case_notes(column, levels))


def _case_notes(column: Column, levels: Sequence[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    alike = [(first[key], level) for level in levels if first.setdefault(key := level.casefold(), level) != level]
    return tuple(
        f"column '{column.name}': '{one}' and '{other}' are two levels; write them alike if they are one"
        for one, other in alike
    )


def _level(column: Column, levels: Sequence[str], baseline: str) -> str:
    if baseline not in levels:
        raise unknown_name(f"level of column '{column.name}'", baseline, levels)
    return baseline


def _looked_up(column: Column, codings: Sequence[Mapping[str, float]]) -> AttributeValues:
    """(rows, codings): what each row's word becomes in each coding."""
    table = [[coding.get(word, np.nan) for coding in codings] for word in column.words]
    return np.array(table, dtype=np.float64).reshape(-1, len(codings))[column.codes]


def _order(word: str) -> tuple[float, str, str]:
    """Numbers by size, then words by the alphabet."""
    number = _number(word)
    return (np.inf if number is None else number, word.casefold(), word)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
