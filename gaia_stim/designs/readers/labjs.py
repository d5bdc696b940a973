"""lab.js: a row a component, CSV or JSON; what was answered in `response`, after `duration` ms.

`correct` is lab.js's own word for whether it was right; what is right in a design is in `correctResponse` then.
A screen without an answer, such as a fixation cross, has the parameters of its trial too: a trial is what was answered.
"""

import pandas as pd

from gaia_stim.designs.readers.base import Reader


def _is_trial(frame: pd.DataFrame) -> pd.Series:
    return frame["response"] != ""


labjs = Reader(
    "lab.js",
    frozenset({"task", "stim_a", "response", "sender", "sender_type"}),
    columns={"rt": ("duration",), "correct": ("correctResponse", "correct")},
    unit=0.001,
    is_trial=_is_trial,
)
