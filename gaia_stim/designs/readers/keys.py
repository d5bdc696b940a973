"""Which answer a key stands for, where a program writes keys: as asked, as the export says, or as starters have it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.files import read_json
from gaia_stim.gate import mistake_in

EXPORT = "export.json"
"""The record of an exported folder, whose `keys` say which key stands for which answer."""
ABOVE = 3
"""Folders in which it is looked for: where the results are, and those above."""
STARTERS = (
    {"f": "a", "j": "b"},
    {"f": "same", "j": "different"},
    {"1": "a", "2": "b", "3": "c"},
    {"f": "ab", "j": "bc"},
    {"up": "ab", "down": "cd"},
)
"""The keys of the starters, by the answers that they are for."""
_ARROW = re.compile(r"arrow_?(\w+)|(\w+?)_?arrow")
_DIGIT = re.compile(r"(?:num|numpad|digit)_?(\d)|(\d)\W")

Keys = Mapping[str, str]
Word = Annotated[str, Field(min_length=1, max_length=100)]


class ExportRecord(BaseModel):
    """What is needed of an export's record; it has more."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    keys: Annotated[dict[Word, Word], Field(max_length=100)] | None = None
    """Key to answer; none in what is exported otherwise, or by somebody else."""


def keys_asked(text: str) -> dict[str, str]:
    """What `f=a,j=b` says. Raises `ConfigError` for anything else."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(key.strip() and answer.strip() for key, _, answer in pairs):
        raise ConfigError(f"--keys {text}: is not KEY=ANSWER,KEY=ANSWER, as in f=a,j=b")
    return {key_name(key): answer.strip().lower() for key, _, answer in pairs}


def keys_beside(file: Path) -> dict[str, str]:
    """What the export says that a results file lies in; nothing where it lies in none.

    Raises `DataError` where what lies there cannot be read: other keys would stand for other answers.
    """
    for folder in [*file.resolve().parents][:ABOVE]:
        if os.path.lexists(record := folder / EXPORT):
            try:
                keys = ExportRecord.model_validate(read_json(record)).keys
            except ValidationError as error:
                raise DataError(f"{record}: not the record of an export ({mistake_in(error)})") from None
            if keys is not None:
                return {key_name(key): answer.lower() for key, answer in keys.items()}
    return {}


def starters_keys(answers: tuple[str, ...]) -> Keys:
    """Of the task that has these answers."""
    return next((keys for keys in STARTERS if tuple(keys.values()) == answers), {})


def key_name(text: str) -> str:
    """A key by one name, whatever a program calls it: ArrowUp, UpArrow and up; 1!, num_1 and 1."""
    name = text.strip().lower()
    if match := _ARROW.fullmatch(name) or _DIGIT.fullmatch(name):
        return match[1] or match[2]
    return name
