"""A list of trials over a stimulus set: what a design makes, and what an exporter gets besides the set.

DESIGN/trials.csv     one row a trial
DESIGN/design.json    how the list came about

`conditions` is what every experiment program shows: a row a stimulus, or with a design a row a trial.
"""

import os
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gaia_stim.cells import frame_csv, read_frame, unguarded
from gaia_stim.errors import DataError
from gaia_stim.files import read_json
from gaia_stim.gate import Text, mistake_in
from gaia_stim.stimuli.identity import SET_ID, SET_NAME
from gaia_stim.stimuli.manifest import ALL_COLUMNS
from gaia_stim.stimuli.sets import MANIFEST, StimulusSet

TRIALS, DESIGN = "trials.csv", "design.json"
"""The files of a design's folder."""
PLACES = ("a", "b", "c", "d")
"""Of the stimuli in a trial: `stim_a` is the id and `image_a` the file of the first."""
STIM_COLUMNS = [f"stim_{place}" for place in PLACES]
LEADING = ["participant", "block", "trial", "task", *STIM_COLUMNS, "correct"]
"""The columns that every list of trials has, in order; the design's own come after them."""
WHEEL = "wheel"
"""The column that is 1 where alpha 1 is alpha 0 again, so that an analysis of adjustments goes round."""
TEXT = ["task", *STIM_COLUMNS, "correct", SET_ID, SET_NAME]


@dataclass(frozen=True, eq=False)
class Trials:
    """A trial list: the task, a table with one row a trial, and how it was made.

    Columns are `LEADING` (`stim_…` are ids, "" where unused; `correct` is text), then the design's own.
    """

    task: str
    """identification, 2afc, abx, same-different, oddity, triplets, mlds, constant, adjustment"""
    table: pd.DataFrame = field(repr=False)
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.table)


def trials_csv(trials: Trials) -> bytes:
    """The table as UTF-8 CSV that `read_trials` reads back equal."""
    return frame_csv(trials.table)


def read_trials(path: Path, stimuli: StimulusSet) -> Trials:
    """The trial list of a design's folder, or of a CSV by itself, over a set.

    Raises `DataError` where there is none, where it lacks a column, where it names what is no stimulus of the set, or
    says that it is of another set.
    """
    file = path / TRIALS if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"{path}: not a design (it has no {TRIALS}); 'gaia-stim design' makes one")
    # Kept as written where a guess would be wrong.
    table = read_frame(file, "a list of trials", dtype=dict.fromkeys(TEXT, str), encoding="utf-8-sig")
    if missing := [name for name in LEADING if name not in table]:
        raise DataError(f"{file}: not a list of trials (it lacks the column {missing[0]})")
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name]):
            table[name] = [unguarded(cell) if isinstance(cell, str) else "" for cell in table[name]]
    known = set(stimuli.table["stim_id"])
    for name in STIM_COLUMNS:
        for row, stim_id in enumerate(table[name], 2):
            if stim_id and stim_id not in known:
                raise DataError(f"{file}:{row}: {name} is '{stim_id}', which is not in {stimuli.folder / MANIFEST}")
    tasks = sorted(set(table["task"]))
    if len(tasks) != 1 or not tasks[0]:
        raise DataError(f"{file}: a list of trials is of one task; this has {' and '.join(tasks) or 'no trial'}")
    if not (table["stim_a"] != "").all():
        raise DataError(f"{file}: a trial has no stim_a")
    record = _record(file.with_name(DESIGN), known)
    _check_set(file, table, record, stimuli)
    return Trials(tasks[0], of_set(table, stimuli), record)


Share = Annotated[float, Field(ge=0, lt=1)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Track(_Said):
    """A staircase: a level is how far the stimulus lies from `goal`, to the side that `sign` says."""

    name: Annotated[str, Field(max_length=100)]
    sign: Literal[-1, 1]
    goal: float
    start: float
    least: float
    most: float

    @model_validator(mode="after")
    def _in_order(self) -> "Track":
        if not self.least <= self.start <= self.most:
            raise ValueError("a track starts between its least and its most")
        return self


class _Procedure(_Said):
    """What every procedure has."""

    task: Annotated[str, Field(max_length=100)]
    trials: Annotated[int, Field(ge=1, le=100_000)]
    """At most, of a participant."""
    line: Annotated[list[Annotated[tuple[float, str], Field(strict=False)]], Field(min_length=2, max_length=100_000)]
    """Place and id of each stimulus that may be shown."""


class Staircases(_Procedure):
    """The rule that staircases have in common, and each of them."""

    kind: Literal["staircase"]
    up: Annotated[int, Field(ge=1, le=100)]
    down: Annotated[int, Field(ge=1, le=100)]
    scale: Literal["lin", "log"]
    sizes: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1, max_length=1000)]
    reversals: Annotated[int, Field(ge=1, le=100_000)]
    tracks: Annotated[list[Track], Field(min_length=1, max_length=100)]


class Quest(_Procedure):
    """The grid of QUEST+: what each parameter may be."""

    kind: Literal["questplus"]
    threshold: Annotated[list[float], Field(min_length=1, max_length=1000)]
    slope: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1, max_length=1000)]
    lower: Annotated[list[Share], Field(min_length=1, max_length=100)]
    lapse: Annotated[list[Share], Field(min_length=1, max_length=100)]


class Chain(BaseModel):
    """Whose a chain is; what a server is told of it is the server's to check."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    participant: Annotated[str, Field(max_length=1000)]
    spec: dict[str, Any]


class Chains(BaseModel):
    """What a server and a program go through together, which make the stimuli."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    kind: Literal["gsp", "mcmcp"]
    task: Annotated[str, Field(max_length=100)]
    trials: Annotated[int, Field(ge=1, le=100_000)]
    server: Annotated[str, Field(max_length=1000)]
    chains: Annotated[list[Chain], Field(min_length=1, max_length=100_000)]


class DesignRecord(BaseModel):
    """What is needed of a design's record; it may have more, which stays in the file."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    question: Text = ""
    answers: list[Text] = []
    names: Annotated[list[Text], Field(min_length=2, max_length=2)] = ["A", "B"]
    counts: dict[str, Any] = {}
    procedure: Annotated[Staircases | Quest | Chains, Field(discriminator="kind")] | None = None
    """How a design goes on that chooses its stimuli while the experiment runs: the experiment runs what stands here."""


def _record(path: Path, known: Container[str]) -> Mapping[str, Any]:
    """The record beside a list of trials; a list by itself has none.

    Raises `DataError` where it is none of ours, or goes through stimuli that are not `known`.
    """
    if not os.path.lexists(path):
        return {}
    found = read_json(path)
    try:
        procedure = DesignRecord.model_validate(found).procedure
    except ValidationError as error:
        raise DataError(f"{path}: not the record of a design ({mistake_in(error)})") from None
    for _, stim_id in procedure.line if isinstance(procedure, Staircases | Quest) else ():
        if stim_id not in known:
            raise DataError(f"{path}: its procedure shows '{stim_id[:80]}', which is no stimulus of the set")
    return dict(found)


def of_set(table: pd.DataFrame, stimuli: StimulusSet) -> pd.DataFrame:
    """The table with the columns that say which set its stimuli are of: an experiment's results have them too."""
    return table.assign(**{SET_ID: stimuli.set_id, SET_NAME: stimuli.name})


def _check_set(file: Path, table: pd.DataFrame, record: Any, stimuli: StimulusSet) -> None:
    """Raises `DataError` for a list that says it is of another set; those of before said so in their record alone."""
    others = [one for one in (table[SET_ID].unique() if SET_ID in table else ()) if one not in ("", stimuli.set_id)]
    about = record.get("set") if isinstance(record, dict) else None
    known = about.get("manifest_hash") if isinstance(about, dict) else None
    if others or (SET_ID not in table and known not in (None, stimuli.manifest_hash)):
        which = _called(table, str(others[0])) if others else "another"
        raise DataError(
            f"{file}: is a design of the set {which}, and {stimuli.folder} is {stimuli.set_id}; a design belongs to "
            "the set that it was made for: make one of this set with 'gaia-stim design'"
        )


def _called(table: pd.DataFrame, set_id: str) -> str:
    name = table.loc[table[SET_ID] == set_id, SET_NAME].iloc[0] if SET_NAME in table else ""
    return f"{name} ({set_id})" if name else set_id


def conditions(stimuli: StimulusSet, trials: Trials | None) -> pd.DataFrame:
    """What an experiment goes through: a row a stimulus as in the manifest, or a row a trial.

    A trial has the path of each of its stimuli in the set's folder right after its id: `stim_a, image_a, stim_b …`, ""
    where there is none. Every row says which set it is of.
    """
    if trials is None:
        return of_set(stimuli.table[[name for name in ALL_COLUMNS if name in stimuli.table]], stimuli)
    paths = {"": "", **dict(zip(stimuli.table["stim_id"], stimuli.table["image"], strict=True))}
    table = of_set(trials.table, stimuli)
    for place in PLACES:
        table.insert(
            table.columns.tolist().index(f"stim_{place}") + 1,
            f"image_{place}",
            [paths[stim_id] for stim_id in table[f"stim_{place}"]],
        )
    return table
