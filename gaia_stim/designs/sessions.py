"""Who answered: the same trial that was downloaded twice is one, and people who all were called p01 are told apart.

A session is what began at one time (`started`), or stands in one table of one file where nothing says when it began.
"""

from collections.abc import Mapping

import numpy as np
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

Shown = Mapping[tuple[str, str, str], str]
"""The stimuli of a session's trials, by task, block and number."""


def without_copies(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The trials (`responses.READ`, `part`) without those that are there twice to the last cell, and how many were.

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
    again = alike.groupby([alike, table["part"]]).cumcount().where(table["trial"] == "", 0)
    alike = alike.groupby([alike, again]).ngroup()
    about = pd.DataFrame({"who": table["participant"], "part": table["part"]})
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
    session = table["started"].where(table["started"] != "", table["part"].astype(str))
    notes: list[str] = []
    twice = table.assign(session=session)[table["trial"] != ""].duplicated([*TRIAL, "session"], keep=False)
    counts = session.groupby(table["participant"], sort=False).nunique()
    renamed: dict[str, int] = {}
    continued: list[str] = []
    for name in counts.index[counts > 1]:
        rows = table[table["participant"] == name]
        persons, is_continued = _persons(rows, session[rows.index])
        for number, own in enumerate(persons[1:], 2):
            people[rows.index[session[rows.index].isin(own)]] = f"{name} ({number})"
        if len(persons) > 1:
            renamed[name] = len(persons)
        elif is_continued or not persons:
            continued.append(name)
    if renamed:
        whom = in_brief([f"{name} ({count} times)" for name, count in renamed.items()])
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


def _persons(rows: pd.DataFrame, session: pd.Series) -> tuple[list[list[str]], bool]:
    """The sessions of one name, those of one person together, in the order in which they began; and whether trials of
    other lists have the same numbers.
    """
    shown = rows[STIM_COLUMNS].agg("\0".join, axis=1)
    known = {
        one: dict(zip(zip(part["task"], part["block"], part["trial"], strict=True), shown[part.index], strict=True))
        for one, part in rows[rows["trial"] != ""].groupby(session[rows["trial"] != ""], sort=True)
    }
    persons: list[list[str]] = []
    is_continued = False
    for one, trials in known.items():
        for own in persons:
            shares = [_share_alike(trials, known[other]) for other in own]
            if all(share is None or share <= SAME_LIST for share in shares):
                is_continued |= any(share is not None for share in shares)
                own.append(one)
                break
        else:
            persons.append([one])
    return persons, is_continued


def _share_alike(one: Shown, other: Shown) -> float | None:
    """Of the trials of one number the share that shows the same stimuli; None where no number is in both."""
    alike = [one[trial] == other[trial] for trial in one.keys() & other.keys()]
    return float(np.mean(alike)) if alike else None
