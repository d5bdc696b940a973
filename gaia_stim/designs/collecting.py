"""One tidy table of all results: a row a trial, whatever program wrote it, which `scale` and `analyse` read as well."""

from collections.abc import Iterator

import pandas as pd

from gaia_stim.designs.readers.base import READ
from gaia_stim.designs.responses import NOTHING, Results
from gaia_stim.designs.sessions import told_apart, without_copies
from gaia_stim.errors import DataError
from gaia_stim.stimuli.identity import SET_ID

COLLECTED = [*READ, "right", "program", "file", "line"]
"""`right` is 1 where the answer is what `correct` says, 0 where it is not, and empty where none is right."""
NUMBERS = ["block", "trial", "rt", *("part", "repetition", "item", "arrangement")]


def collected(results: Results) -> tuple[pd.DataFrame, list[str]]:
    """All trials of all tasks and sets, practice and unanswered ones among them, in `COLLECTED`, with participants told
    apart; and what there is to say of them. Raises `DataError` where there is no trial.
    """
    rows = results.table
    trials = rows[(rows["task"] != "") & (rows["stim_a"] != "")]
    if trials.empty:
        raise DataError(f"{rows['file'].iloc[0]}: the results have no trial: no row has both a task and a stim_a")
    table, again = without_copies(trials)
    people = {index: told_apart(own) for index, own in table.groupby(SET_ID, sort=False)}
    table = table.assign(participant=pd.concat([who for who, _ in people.values()]).reindex(table.index))
    said = {"rows that are no trials": len(rows) - len(trials), "trials that are there twice, to the last cell": again}
    notes = [*results.told({why: count for why, count in said.items() if count})]
    notes += dict.fromkeys(note for _, own in people.values() for note in own)
    return _typed(table.assign(right=_right(table))[COLLECTED]), notes


def _right(table: pd.DataFrame) -> pd.Series:
    answers, right = table["response"].str.lower(), table["correct"].str.lower()
    known = (right != "") & ~answers.isin(NOTHING) & (table["task"] != "adjustment")
    return (answers == right).astype(int).astype(str).where(known, "")


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers, whole ones without a point."""
    return table.assign(**{str(name): column for name, column in _columns(table)})


def _columns(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    for name in table.columns:
        if name not in (*NUMBERS, "right", "line") and not name.startswith("alpha_"):
            continue
        numbers = pd.to_numeric(table[name], errors="coerce")
        if numbers.isna().sum() == (table[name] == "").sum():
            whole = name != "rt" and not name.startswith("alpha_") and bool((numbers.dropna() % 1 == 0).all())
            yield name, numbers.astype("Int64") if whole else numbers
