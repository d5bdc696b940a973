"""What stimuli are shown on, as matching and auditing are told it."""

import re
from typing import Annotated

from pydantic import AfterValidator

from gaia_stim.config.options import Decides


def _a_display(value: str | None) -> str | None:
    if value is None:
        return None
    text = value.strip()
    gamma = re.fullmatch(r"gamma:(\d+(?:\.\d+)?)", text)
    if text in ("srgb", "linear") or text.lower().endswith(".csv") or (gamma and 1 <= float(gamma[1]) <= 4):
        return text
    raise ValueError("should be srgb, linear, gamma:X with X from 1 to 4, or the .csv of a measured display")


KINDS = "srgb, linear (a linearised display), gamma:2.2, or a measured table of level and luminance, FILE.csv."

DisplayName = Annotated[
    str,
    AfterValidator(_a_display),
    Decides(f"What the files are for: {KINDS}", "NAME|FILE.csv", panel="Display", or_file=".csv"),
]
RecordedDisplay = Annotated[
    str | None,
    AfterValidator(_a_display),
    Decides(
        f"What they are shown on: {KINDS} [default: what the files are for]",
        "NAME|FILE.csv",
        panel="Display",
        or_file=".csv",
    ),
]
