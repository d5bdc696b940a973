"""A program's table to the columns of a design and its answers, as text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from gaia_stim.cells import unguarded
from gaia_stim.designs.readers import READERS
from gaia_stim.errors import DataError
from gaia_stim.stimuli.identity import SET_ID, SET_NAME
from gaia_stim.stimuli.trials import PLACES, STIM_COLUMNS, WHEEL
from gaia_stim.tables import look_up
from gaia_stim.tabular import Table

ALPHA_COLUMNS = [f"alpha_{place}" for place in PLACES]
READ = [
    *("participant", "block", "trial", "task", "phase", *STIM_COLUMNS, "correct", "response", "rt", "started"),
    *("part", "repetition", "item", "arrangement", "procedure", "track"),
    *(*ALPHA_COLUMNS, SET_ID, SET_NAME, WHEEL, "simulated"),
]
"""What is read of a trial; `rt` is in seconds."""


def _as_it_is(name: str) -> str:
    return name


def _all(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(True, index=frame.index)


@dataclass(frozen=True)
class Reader:
    """How a program's results are read."""

    program: str
    """As a message calls it."""
    marks: frozenset[str]
    """Columns, by the names that `named` gives them, that tell its tables from all others'."""
    suits: Callable[[Sequence[str]], bool] = lambda names: True
    """Whether the columns are its in other ways too."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of a column of `READ`, what the program calls it: the first that is there. Others are called as they are here."""
    named: Callable[[str], str] = _as_it_is
    """A column's name without what the program puts before the design's."""
    unit: float = 1.0
    """Seconds, of one of its `rt`."""
    has_keys: bool = True
    """Whether `response` is the key that was pressed, where it is none of the task's answers."""
    is_trial: Callable[[pd.DataFrame], pd.Series] = _all
    """Of its rows (columns by `named`), those that may be trials: the others are screens between."""
    prepared: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame
    """What else has to be done to its table; raises `DataError` where it cannot be told what was answered."""

    def knows(self, names: Sequence[str]) -> bool:
        """Whether a header is of this program, with the columns of a design."""
        return self.marks <= {self.named(name) for name in names} and self.suits(names)


def readers() -> list[Reader]:
    """All, in the order in which they are asked."""
    return [look_up(READERS, "program", name) for name in READERS]


def reader_of(names: Sequence[str]) -> Reader | None:
    """Whose table has this header; None where it is nobody's."""
    return next((one for one in readers() if one.knows(names)), None)


def in_our_columns(table: Table, reader: Reader) -> pd.DataFrame:
    """`READ`, as text, `line` of the file, and `by_key`: 1 where the response is a key.

    Rows that are no trial of the program have no task. Raises `DataError` as the reader does.
    """
    frame = table.frame.reset_index(drop=True).rename(columns=reader.named)
    frame = frame.loc[:, ~frame.columns.duplicated()]
    try:
        frame = reader.prepared(frame)
    except DataError as error:
        raise DataError(f"{table.file}:{table.header_line}: {error}") from error
    found = {}
    for name in READ:
        known = [one for one in reader.columns.get(name, (name,)) if one in frame]
        found[name] = frame[known[0]].map(unguarded) if known else pd.Series("", index=frame.index)
    kept = pd.DataFrame(found, columns=READ, index=frame.index)
    kept.loc[~reader.is_trial(frame), "task"] = ""
    if table.decimal_commas:
        kept[[*ALPHA_COLUMNS, "rt"]] = kept[[*ALPHA_COLUMNS, "rt"]].map(lambda cell: cell.replace(",", "."))
    if reader.unit != 1:
        kept["rt"] = kept["rt"].map(lambda cell: _seconds(cell, reader.unit))
    return kept.assign(line=table.frame.index, by_key="1" if reader.has_keys else "")


def _seconds(cell: str, unit: float) -> str:
    try:
        return repr(round(float(cell) * unit, 6))
    except ValueError:
        return ""
