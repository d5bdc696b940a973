"""OpenSesame's logger (4.x): every variable a column, the key as `response`, `response_time` in ms.

What is right is `correct_response` there; its own `correct` says whether an answer was (`opensesame.py` of export). In
our experiments that is a key too, and `answer_keys` says in each row what keys stand for, as in f=a,j=b.
"""

import pandas as pd

from gaia_stim.designs.readers.base import Reader
from gaia_stim.designs.readers.keys import key_name, keys_asked


def _prepared(frame: pd.DataFrame) -> pd.DataFrame:
    if "answer_keys" not in frame:
        return frame
    changed = frame.copy()
    for said, rows in frame.groupby("answer_keys", sort=False):
        keys = keys_asked(str(said)) if "=" in str(said) else {}
        for name in {"response", "correct_response"} & set(frame.columns):
            changed.loc[rows.index, name] = [keys.get(key_name(cell), cell) for cell in rows[name]]
    return changed


opensesame = Reader(
    "OpenSesame",
    frozenset({"task", "stim_a", "response", "subject_nr", "response_time"}),
    columns={
        "participant": ("participant", "subject_nr"),
        "correct": ("correct_response",),
        "rt": ("response_time",),
        "started": ("started", "datetime"),
    },
    unit=0.001,
    prepared=_prepared,
)
