"""PsychoPy's Builder, on a computer or on Pavlovia: a row a trial, and each component with columns of its own.

The key is in `NAME.keys`, seconds in `NAME.rt`; `response` and `key_resp` are what a component is called by us and by
Builder. `thisN` of some loop stands in every file (2021 to 2026, `data/experiment.py`).
"""

import re

import pandas as pd

from gaia_stim.designs.readers.base import Reader
from gaia_stim.errors import DataError

USUAL = ("response.keys", "key_resp.keys", "response.response", "slider.response")
_ANSWER = re.compile(r".+\.(keys|response|clicked_name)")
_WHO = re.compile(r"participant( \(column \d+\))?")
_ONE = re.compile(r"""\[?["']?([^"'\],]*)["']?\]?""")
"""A key alone, or a list of one."""


def _prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """With the answers in `response`; and with who answered, where the design's list has a participant too: the last
    of these columns is the dialog's.
    """
    who = [str(name) for name in frame.columns if _WHO.fullmatch(str(name))]
    return _with_answers(frame.assign(participant=frame[who[-1]]) if who else frame)


def _with_answers(frame: pd.DataFrame) -> pd.DataFrame:
    trials = frame[frame["stim_a"] != ""]
    if "response" in frame and (trials["response"] != "").any():
        return frame
    names = [str(name) for name in frame.columns]
    answered = [name for name in names if _ANSWER.fullmatch(name) and (~trials[name].isin(["", "None"])).any()]
    # PsychoPy 2026 writes what a component has a second time, under its loop's name.
    answered = [name for at, name in enumerate(answered) if not _is_among(trials[name], trials[answered[:at]])]
    chosen = [name for name in USUAL if name in answered][:1] or answered or [""]
    if len(chosen) > 1:
        raise DataError(
            f"answers stand in several columns, {', '.join(chosen)}; call the component that asks for the answer "
            "'response', or rename its column to response.keys"
        )
    if not chosen[0]:
        return frame.assign(response="", rt="")
    component = chosen[0].rpartition(".")[0]
    seconds = frame.get(f"{component}.rt", frame.get(f"{component}.time", pd.Series("", index=frame.index)))
    return frame.assign(response=frame[chosen[0]].str.replace(_ONE, r"\1", n=1, regex=True), rt=seconds)


def _is_among(column: pd.Series, others: pd.DataFrame) -> bool:
    return any(column.equals(others[name]) for name in others)


builder = Reader(
    "PsychoPy's Builder",
    frozenset({"task", "stim_a"}),
    lambda names: any(map(_ANSWER.fullmatch, names)),
    columns={"started": ("started", "expStart", "date")},
    prepared=_prepared,
)
