"""The one gate that everything passes on its way into a program: ids, column names, paths and cells.

A table that passes reads the same in every program (docs/exports.md tells with which it was tried). A name that a
program would stumble over is refused with the reason, since a file or a variable is called by it; a text is never
refused, but made inert (`cells`).
"""

import builtins
import keyword
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from gaia_stim.cells import guarded, is_plain
from gaia_stim.errors import DataError
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import STIM_COLUMNS, Trials, conditions

Cell = str | int | float | None
"""As it is written: text guarded, None for an empty cell."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
LONGEST = 63
"""Characters of a name in MATLAB."""
EXACT = 2**53
"""Whole numbers beyond are no longer exact in JavaScript, MATLAB and spreadsheets; they are written as text."""
_PSYCHOPY = """
ENVIRON FINISHED FOREVER INVALID KeyResponse NOT_STARTED PAUSED PLAYING PRESSED PRIORITY_CRITICAL PRIORITY_EXCLUDE
PRIORITY_HIGH PRIORITY_LOW PRIORITY_MEDIUM PSYCHOPY_USERAGENT RECORDING RELEASED SEEKING SKIP STARTED STOPPED STOPPING
SimpleNamespace abspath asarray average buttons choice clear clock colors component copy core cos currentLoop data
deg2rad dlg endExpNow event expInfo expName filename frameDur frameN fromkeys get gitExe globalClock gui hardware items
join keyboard keys layout level linspace log log10 logFile logging microphone misc normal np os paramName pi pop popitem
prefs priority psychopy rad2deg randint random routineTimer self setdefault shuffle sin sound sqrt status std sys t tan
tools update values visual win x y
"""
_MATLAB = "case classdef end function otherwise parfor persistent spmd switch"
_JAVASCRIPT = """
var let const new delete typeof void default do export extends debugger instanceof super throw undefined NaN Infinity
"""
RESERVED = frozenset([*f"{_PSYCHOPY} {_MATLAB} {_JAVASCRIPT}".split(), *keyword.kwlist, *dir(builtins)])
"""What Builder's scripts call their own things, and the words of the languages."""
IMAGES = ["image", *(name.replace("stim", "image") for name in STIM_COLUMNS)]
WINDOWS = frozenset(["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))])
"""Files that cannot be called so."""


@dataclass(frozen=True)
class Table:
    """Rows of cells under their columns, checked and inert."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]] = field(repr=False)

    def renamed(self, names: dict[str, str]) -> "Table":
        """With other names for some columns."""
        return replace(self, columns=[names.get(name, name) for name in self.columns])

    def with_column(self, name: str, cells: Iterable[Cell], at: int = 0) -> "Table":
        """With one column more, before column number `at`."""
        rows = [[*row[:at], cell, *row[at:]] for row, cell in zip(self.rows, cells, strict=True)]
        return Table([*self.columns[:at], name, *self.columns[at:]], rows)

    def changed(self, columns: Iterable[str], change: Callable[[str], str]) -> "Table":
        """With `change` made to the texts in some columns."""
        places = {place for place, name in enumerate(self.columns) if name in set(columns)}
        rows = [
            [change(cell) if place in places and isinstance(cell, str) else cell for place, cell in enumerate(row)]
            for row in self.rows
        ]
        return replace(self, rows=rows)

    def column(self, name: str) -> list[Cell]:
        """The cells under a name."""
        place = list(self.columns).index(name)
        return [row[place] for row in self.rows]

    def of_each_participant(self) -> dict[str, "Table"]:
        """The rows of each participant, where there are several; else nothing."""
        if "participant" not in self.columns:
            return {}
        owners = self.column("participant")
        names = list(dict.fromkeys(owners))
        if len(names) < 2:
            return {}
        return {
            str(name): replace(self, rows=[row for row, owner in zip(self.rows, owners, strict=True) if owner == name])
            for name in names
        }


def table_of(stimuli: StimulusSet, trials: Trials | None) -> Table:
    """What an experiment goes through, ready to be written; columns without any value are left out.

    Raises `DataError` for an id or a column that a program would stumble over.
    """
    for row in stimuli.rows():
        check_id(row.stim_id, str(stimuli.folder))
    frame = conditions(stimuli, trials)
    where = str(stimuli.folder) if trials is None else f"the design '{trials.task}'"
    if trials is not None and trials.task == "adjustment":
        # What is right is a number there.
        frame["correct"] = pd.to_numeric(frame["correct"], errors="coerce")
    check_columns([str(name) for name in frame.columns], where)
    columns: dict[str, list[Cell]] = {}
    for name in frame.columns:
        cells = [cell_of(value) for value in frame[name].astype(object)]
        if any(cell is not None for cell in cells):
            columns[str(name)] = cells
    if trials is not None:
        check_participants(dict.fromkeys(columns.get("participant", [])), where)
    return Table(list(columns), list(zip(*columns.values(), strict=True)))


def check_id(stim_id: str, where: str) -> None:
    """Raises `DataError` for an id that is not the same to every program and every file system."""
    if not NAME.fullmatch(stim_id) or not is_plain(stim_id):
        why = "some program takes it for a date, a number or a missing value"
    elif stim_id.lower() in WINDOWS:
        why = "Windows cannot have a file of that name"
    elif len(stim_id) > LONGEST:
        why = f"it is longer than {LONGEST} characters"
    else:
        return
    raise DataError(f"{where}: the stim_id '{stim_id[:80]}' cannot be exported: {why}; give it another")


def check_participant(name: Cell, where: str) -> None:
    """Raises `DataError` for a participant who cannot be part of a file's name."""
    if name is None or not re.fullmatch(r"[A-Za-z0-9_-]{1,63}", str(name)) or str(name).lower() in WINDOWS:
        raise DataError(
            f"{where}: the participant '{'' if name is None else name}' cannot be exported: files are named so; "
            "use letters, digits, '-' and '_', as in p01"
        )


def check_participants(names: Iterable[Cell], where: str) -> None:
    """Raises `DataError` as `check_participant`, and for two whose files would be one to Windows and macOS."""
    seen: dict[str, Cell] = {}
    for name in names:
        check_participant(name, where)
        if (other := seen.setdefault(str(name).lower(), name)) != name:
            raise DataError(
                f"{where}: the participants '{other}' and '{name}' cannot both be exported: files are named so, and "
                "Windows and macOS tell no capitals apart; rename one"
            )


def check_columns(names: Sequence[str], where: str) -> None:
    """Raises `DataError` for a column that some program could not have a variable of."""
    seen: set[str] = set()
    for name in names:
        reserved = (
            name in RESERVED
            or name.startswith(("this", "these", "continue"))
            or name.endswith("Clock")
            or "component" in name.lower()
        )
        if not name.strip():
            why = "it has no name"
        elif not NAME.fullmatch(name):
            why = "a name begins with a letter and has letters, digits and '_' only"
        elif len(name) > LONGEST:
            why = f"it is longer than {LONGEST} characters"
        elif reserved:
            why = "PsychoPy, Python, JavaScript or MATLAB has a thing of that name"
        elif name.lower() in seen:
            why = "there are two of that name"
        else:
            seen.add(name.lower())
            continue
        raise DataError(f"{where}: the column '{name[:80]}' cannot be exported: {why}; rename it")


def check_own_names(table: Table, prefix: str) -> None:
    """Raises `DataError` for a column that an experiment would take for one of its own, which begin so."""
    for name in table.columns:
        if name.startswith(prefix):
            raise DataError(f"the column '{name}' cannot be exported: names in the experiment begin so; rename it")


def cell_of(value: Any) -> Cell:
    """A value as a cell: numbers as Python's, text guarded, what is missing or not finite None."""
    if value is None or (not isinstance(value, str) and bool(pd.isna(value))):
        return None
    if isinstance(value, str):
        return guarded(value) or None
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return int(value)
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, int):
        return number if abs(number) <= EXACT else guarded(str(number))
    if isinstance(number, float):
        return number if math.isfinite(number) else None
    return guarded(str(number))


def image_columns(table: Table) -> list[str]:
    """The columns with paths of pictures."""
    return [name for name in table.columns if name in IMAGES]


def flat_name(path: str) -> str:
    """The name that a picture has in a program without folders; `stimuli/m_0001.png` is `m_0001.png`."""
    return PurePosixPath(path).name
