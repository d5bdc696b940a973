"""Who answered: the same trial that was downloaded twice is one, and people who all were called p01 are told apart.

A session is what began at one time (`started`), or stands in one table of one file where nothing says when it began.
"""

from itertools import count

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.errors import in_brief
from gaia_stim.stimuli.identity import SET_ID
from gaia_stim.stimuli.trials import STIM_COLUMNS

DIGITS = 6
"""Of a response time that has to be the same where a trial is: spreadsheets save what they show."""
SAME_LIST = 0.5
"""Share of the trials with the same number that show the same stimuli, above which two sessions had one list; and of
all that are alike in two tables, from which these are copies."""
TRIAL = [SET_ID, "task", "participant", "block", "trial"]

Numbers = npt.NDArray[np.int64]


def without_copies(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The trials (`responses.READ`, `table`) without those that are there twice to the last cell, and how many were.

    Single trials of two sessions may be alike by chance, response times to the millisecond among them. So unless they
    say that they began together, two tables have copies of a person's trials where half of the smaller one's are alike;
    where no trial says how long it took, all of them.
    """
    cells = table[[*TRIAL, "started", *STIM_COLUMNS]].assign(
        response=table["response"].str.lower(),
        rt=pd.to_numeric(table["rt"], errors="coerce").round(DIGITS),
    )
    alike = cells.groupby(list(cells.columns), dropna=False, sort=False).ngroup()
    # Without its number a trial may come again in its own table: the second is a copy of another table's second.
    again = alike.groupby([alike, table["table"]]).cumcount().where(table["trial"] == "", 0)
    alike = alike.groupby([alike, again]).ngroup()
    about = pd.DataFrame({"who": table["participant"], "part": table["table"]})
    size = about.groupby(["who", "part"])["part"].transform("size")
    first = about.assign(size=size).groupby(alike)[["part", "size"]].transform("first")
    is_copy = alike.duplicated()
    found = about.assign(first=first["part"])[is_copy].groupby(["who", "part", "first"])["who"].transform("size")
    share = found / np.minimum(size, first["size"])[is_copy]
    needed = np.where(table["rt"] != "", SAME_LIST, 1.0)
    is_copy &= (table["started"] != "") | (share.reindex(table.index, fill_value=0.0) >= needed)
    return table[~is_copy], int(is_copy.sum())


def told_apart(table: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """Whose each trial of one set is, and what there is to say of it.

    Sessions of one name that went through the same list are of different people, or of one who did it again: they are
    called `p01`, `p01 (2)` …; of other lists, as in a second session, they stay one.
    """
    people = table["participant"].copy()
    session, twice = _sessions(table)
    notes: list[str] = []
    counts = session.groupby(table["participant"], sort=False).nunique()
    renamed: dict[str, int] = {}
    continued: list[str] = []
    for name in counts.index[counts > 1]:
        rows = table[(table["participant"] == name) & (table["trial"] != "")]
        of_session, number, is_continued = _persons(rows, session[rows.index])
        last = int(number.max(initial=1))
        if last > 1:
            people[rows.index] = [name if one == 1 else f"{name} ({one})" for one in number[of_session]]
            renamed[name] = last
        elif is_continued or rows.empty:
            continued.append(name)
    if renamed:
        whom = in_brief([f"{name} ({times} times)" for name, times in renamed.items()])
        notes.append(
            f"the same trials were answered more than once, and otherwise, by {whom}: taken as different people, by "
            "when they began or by their files"
        )
    if continued:
        notes.append(
            f"{in_brief(continued)}: several sessions with other lists of trials, or without their "
            "numbers, taken as one person's"
        )
    if twice.any():
        first = table.loc[twice.index[twice][0]]
        names = in_brief(list(dict.fromkeys(table.loc[twice.index[twice], "participant"])))
        notes.append(
            f"{names}: the same trial was answered several times in one session, as on line {first['line']} of "
            f"{first['file']}; whether by one person cannot be told: they are counted as one"
        )
    return people, notes


def _sessions(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The session of each trial, and which of the numbered trials come again in theirs."""
    part = table["table"].astype(str).str.zfill(9)
    began = table["started"].where(table["started"] != "", part)

    def again(session: pd.Series) -> pd.Series:
        return table.assign(session=session)[table["trial"] != ""].duplicated([*TRIAL, "session"], keep=False)

    # In a lab, several may begin in the same second: then their files tell.
    twice = again(began)
    together = table["participant"].isin(table.loc[twice.index[twice], "participant"])
    session = began.where(~together, began + " " + part)
    return session, again(session)


def _persons(rows: pd.DataFrame, session: pd.Series) -> tuple[Numbers, Numbers, bool]:
    """Of each trial of one name its session, in the order in which they began; of each session whose it is, from 1; and
    whether one person's sessions have other trials of the same number.
    """
    names, of_session = np.unique(session.to_numpy(str), return_inverse=True)
    trial = rows.groupby(["task", "block", "trial"]).ngroup().to_numpy()
    shown = np.full((len(names), int(trial.max(initial=-1)) + 1), -1)
    shown[of_session, trial] = rows.groupby(STIM_COLUMNS).ngroup().to_numpy()
    number = np.zeros(len(names), np.int64)
    is_continued = False
    for one, own in enumerate(shown):
        shared = (shown[:one] >= 0) & (own >= 0)
        alike = (shared & (shown[:one] == own)).sum(axis=1)
        had_same_list = alike > SAME_LIST * shared.sum(axis=1)
        taken = set(number[:one][had_same_list].tolist())
        number[one] = next(person for person in count(1) if person not in taken)
        is_continued |= bool((shared.any(axis=1) & (number[:one] == number[one])).any())
    return of_session, number, is_continued
