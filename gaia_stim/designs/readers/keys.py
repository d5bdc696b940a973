"""Which answer a key stands for, where a program writes keys: as asked, as the export says, or as starters have it."""

import re
from collections.abc import Mapping
from pathlib import Path

from gaia_stim.errors import ConfigError
from gaia_stim.files import read_json

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


def keys_asked(text: str) -> dict[str, str]:
    """What `f=a,j=b` says. Raises `ConfigError` for anything else."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(key.strip() and answer.strip() for key, _, answer in pairs):
        raise ConfigError(f"--keys {text}: is not KEY=ANSWER,KEY=ANSWER, as in f=a,j=b")
    return {key_name(key): answer.strip().lower() for key, _, answer in pairs}


def keys_beside(file: Path) -> dict[str, str]:
    """What the export says that a results file lies in; nothing where it lies in none."""
    for folder in [*file.resolve().parents][:ABOVE]:
        if (record := folder / EXPORT).is_file():
            known = read_json(record)
            keys = known.get("keys") if isinstance(known, dict) else None
            if isinstance(keys, dict):
                return {key_name(str(key)): str(answer).lower() for key, answer in keys.items()}
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
