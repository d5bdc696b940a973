"""What is written in a column as numbers: 0 and 1, a number, or a 0/1 for each level but the baseline.

A column has few different cells, so each of them is coded once and the rows look theirs up. What a cell became is
recorded in `Attribute.levels`, because "smiling: 1 unit" means nothing to a reviewer without it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.errors import ConfigError, DataError, unknown_name
from gaia_stim.labels.words import alone, which_is_one
from gaia_stim.tabular import MISSING, Table, are_dates, as_numbers

AttributeValues = npt.NDArray[np.float64]

SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0)
"""Numbers that often stand for a missing value where all others are not negative."""
MOST_LEVELS = 30
"""A column with more different words is taken for a note, and not for a category, unless it is asked for."""
MOST_LEVELS_ASKED = 300

NINES = (9.0, 99.0, 999.0, 9999.0, 99999.0)
"""Numbers that often do where all others are less than a third of them."""


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
    why: str = ""
    """Of two words: why it is this one that is 1."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column as its different cells, and which of them each row has."""

    table: Table
    name: str
    words: list[str]
    """Different texts; "" for all that count as missing."""
    codes: npt.NDArray[np.intp]
    """(rows,), index into `words`."""

    @classmethod
    def read(cls, table: Table, name: str, missing: Iterable[str]) -> "Column":
        """A column of a table; `missing` are texts that count as missing beside `MISSING`.

        A number in `missing` also means that number written differently, as in -1 and -1.0. Raises `DataError` where
        a cell is a formula instead of its value.
        """
        codes, written = pd.factorize(table.frame[name].to_numpy())
        for place, cell in enumerate(written):
            if cell in table.formulas:
                where = f"{table.where(int(np.argmax(codes == place)))}: column '{name}'"
                raise DataError(f"{where}: '{_short(cell)}' is a formula; save the table with its values")
        texts = set(missing)
        meant = set(_numbers(list(texts)).values())
        numbers = _numbers(written) if meant else {}
        words = [
            "" if word.casefold() in MISSING or word in texts or numbers.get(word) in meant else word
            for word in written
        ]
        different = {word: index for index, word in enumerate(dict.fromkeys(words))}
        again = np.array([different[word] for word in words], dtype=np.intp)
        return cls(table, name, list(different), again[codes])

    def where(self, word: str) -> str:
        """File, line and column of the first row that has the word."""
        row = int(np.argmax(self.codes == self.words.index(word)))
        return f"{self.table.where(row)}: column '{self.name}'"

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
    asked: str | None = None
    """What has to be said before a column of two words can be one of numbers."""
    notes: tuple[str, ...] = ()


def code(
    column: Column, as_category: bool, baseline: str | None, one: str | None = None, decimal: str | None = None
) -> Coded:
    """The numbers of a column: binary, graded, or a 0/1 for each level but the baseline.

    Of two words `one` is 1, where it is given. Raises `DataError`, with the line, where numbers and words are mixed, or
    a number is not finite or could be two; `ConfigError` where the column cannot have this baseline, or has more words.
    """
    present = [word for word in column.words if word]
    if len(present) > 1 and as_category:
        return _category(column, present, baseline)
    if one is not None:
        return _told(column, present, one)
    numbers = _read_numbers(column, present, decimal)
    if len(numbers) < len(present):
        _refuse_almost_numbers(column, present, numbers)
        if are_dates(present):
            coded = Coded(left_out="holds dates or times")
        elif len(present) <= 2 or which_is_one(column.name, _once(present)):
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
            f"{column.table.file}: column '{column.name}' cannot have a baseline: it is no column of words;"
            f" its numbers become levels with --category '{column.name}'"
        )
    return coded


def _numbers(words: Collection[str]) -> dict[str, float]:
    return as_numbers(words)[0]


def _read_numbers(column: Column, present: Sequence[str], decimal: str | None) -> dict[str, float]:
    """The numbers of a column, by what is written. Raises `DataError` where most of it are and one could be two."""
    numbers, question = as_numbers(present, column.table, decimal)
    wordy = [word for word in present if any(map(str.isalpha, word)) and word not in numbers]
    if question and 2 * column.rows_with(wordy) <= column.rows_with(present):
        raise DataError(
            f"{column.where(question.cell)}: {question.text}; say what parts the decimals, --decimal comma or --decimal"
            " point, or mend the table"
        )
    return numbers


def _refuse_almost_numbers(column: Column, present: Sequence[str], numbers: Mapping[str, float]) -> None:
    """Raise `DataError` where the column is one of numbers but for some cells."""
    odd = [word for word in present if word not in numbers]
    if 2 * column.rows_with(numbers) > column.rows_with(present):
        raise DataError(
            f"{column.where(odd[0])}: '{_short(odd[0])}' is not a finite number, unlike most of the column; mend it, or"
            f" say that it is missing with --missing '{column.name}={_short(odd[0])}',"
            f" or that the column holds names with --category '{column.name}'"
        )


def _told(column: Column, present: Sequence[str], one: str) -> Coded:
    """What --one says of a column of two words."""
    if len({word.casefold() for word in present}) > 2:
        raise ConfigError(
            f"{column.table.file}: column '{column.name}' has {len(present):,} different values; --one is for two words"
        )
    one = _level(column, present, one).casefold()
    return _binary(column, {word: float(word.casefold() == one) for word in present}, "--one")


def _once(words: Iterable[str]) -> list[str]:
    """Each word in one way of writing it: Yes and yes are one."""
    return sorted({word.casefold(): word for word in words}.values(), key=_order)


def _two_words(column: Column, present: Sequence[str], baseline: str | None) -> Coded:
    """0 and 1 as the words say, or as `baseline` does, which is 0; where nobody does, that is asked."""
    words = _once(present)
    if baseline is not None:
        zero = _level(column, present, baseline).casefold()
        return _binary(column, {word: float(word.casefold() != zero) for word in present}, "--baseline")
    if len(words) == 1:
        return _binary(column, dict.fromkeys(present, alone(words[0]) or 0.0), "")
    found = which_is_one(column.name, words)
    if found is None:
        return Coded(asked=f"which of '{words[0]}' and '{words[1]}' is 1? --one '{column.name}={words[1]}'")
    return _binary(column, {word: float(word.casefold() == found.word.casefold()) for word in present}, found.why)


def _binary(column: Column, truth: Mapping[str, float], why: str = "") -> Coded:
    levels = tuple(sorted(truth.items(), key=lambda level: (level[1], _order(level[0]))))
    attribute = Attribute(column.name, "binary", column.name, levels=levels, why=why)
    return Coded((attribute,), _looked_up(column, [truth]))


def coding_in_words(name: str, levels: Sequence[tuple[str, float]], why: str) -> str | None:
    """Which word is 1, and why, as `glasses: 'ja' is 1 and 'nein' is 0`; None where numbers are what they say."""
    are_numbers = len(_numbers([word for word, _ in levels])) == len(levels)
    if are_numbers and not why:
        return None
    said = " and ".join(f"'{word}' is {number:g}" for word, number in reversed(levels))
    return f"{name}: {said}{f' ({why})' if why else ''}"


def _graded(column: Column, numbers: Mapping[str, float]) -> Coded:
    attribute = Attribute(column.name, "graded", column.name)
    notes = (*_comma_notes(column, numbers), *_sentinel_notes(column, numbers))
    return Coded((attribute,), _looked_up(column, [numbers]), notes=notes)


def _comma_notes(column: Column, numbers: Mapping[str, float]) -> tuple[str, ...]:
    found = next(((word, number) for word, number in numbers.items() if "," in word), None)
    return (f"column '{column.name}': '{found[0]}' is read as {found[1]:.15g}",) if found else ()


def _sentinel_notes(column: Column, numbers: Mapping[str, float]) -> tuple[str, ...]:
    """Numbers that lie so far from all others that they may stand for a missing value, each in a sentence."""
    if len(numbers) < 3:
        return ()
    negative = {number for number in numbers.values() if number < 0}
    codes = negative if negative <= set(SENTINELS) else set()
    highest = max(numbers.values())
    if highest in NINES and all(number < highest / 3 for number in numbers.values() if number != highest):
        codes = codes | {highest}
    return tuple(_sentinel_note(column, numbers, code) for code in sorted(codes))


def _sentinel_note(column: Column, numbers: Mapping[str, float], code: float) -> str:
    words = [word for word, number in numbers.items() if number == code]
    far = "no other is negative" if code < 0 else "all others are much smaller"
    return (
        f"column '{column.name}': {column.rows_with(words):,} of {len(column.codes):,} rows are {words[0]}, and {far};"
        f" if that stands for a missing value, say so with --missing '{column.name}={words[0]}'"
    )


def _category(column: Column, present: Sequence[str], baseline: str | None) -> Coded:
    if len(present) > MOST_LEVELS_ASKED:
        where = f"{column.table.file}: column '{column.name}'"
        raise ConfigError(f"{where} has {len(present):,} levels; at most {MOST_LEVELS_ASKED} make sense")
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
    return (_numbers([word]).get(word, np.inf), word.casefold(), word)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
