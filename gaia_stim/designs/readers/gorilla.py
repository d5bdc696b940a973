"""Gorilla: a row an event, the spreadsheet's columns as `Spreadsheet: stim_a` (Task Builder 2) or by their names (1).

The participant is Gorilla's own: the spreadsheet's says whose list it was. `Reaction Time` is in ms. Read after its
documentation ("Data columns"); nothing of Gorilla can be run outside its service.
"""

import pandas as pd

from gaia_stim.designs.readers.base import Reader

PREFIX = "Spreadsheet: "


def _named(name: str) -> str:
    return name.removeprefix(PREFIX)


def _is_trial(frame: pd.DataFrame) -> pd.Series:
    """Events that are answers: all others of a trial have its spreadsheet's cells too."""
    is_answer = frame["Response"] != ""
    for column in ("Response Type", "Zone Type"):
        if column in frame:
            said = frame[column].str.lower()
            is_answer &= (said == "") | said.str.startswith("response")
    return is_answer


gorilla = Reader(
    "Gorilla",
    frozenset({"task", "stim_a", "Response", "Reaction Time", "Participant Private ID"}),
    columns={"participant": ("Participant Private ID",), "response": ("Response",), "rt": ("Reaction Time",)},
    named=_named,
    unit=0.001,
    is_trial=_is_trial,
)
