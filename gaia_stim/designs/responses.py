"""Results files of an experiment, read back: what was shown, what was answered.

A results file is the trial list with `response` (and whatever else the program adds) beside it, one or many files, one
or many participants, one or many tasks. Rows that are no trial of the task, such as instructions, and trials without an
answer are left out and counted; an answer that the task does not know is an error, for then something is mixed up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.cells import bounded, unguarded
from gaia_stim.designs import DESIGNS, SCALES
from gaia_stim.designs.kinds import Design
from gaia_stim.designs.layout import Layout
from gaia_stim.errors import ConfigError, DataError, unknown_name
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import PLACES, STIM_COLUMNS, TRIALS
from gaia_stim.tables import look_up

Values = npt.NDArray[np.float64]

NOTHING = frozenset({"", "null", "none", "nan", "na", "undefined"})
"""What stands in `response` where nothing was answered."""
ANONYMOUS = "unnamed"
NEEDED = ("task", "stim_a", "response")


@dataclass(frozen=True, eq=False)
class Answers:
    """All answers to one task: n trials."""

    task: str
    alpha: Values = field(repr=False)
    """(n, 4): where the stimuli in the places a to d lie; NaN where there is none."""
    answer: npt.NDArray[np.str_] = field(repr=False)
    """(n,), each one of the task's answers."""
    participant: npt.NDArray[np.str_] = field(repr=False)
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why, and how many rows."""

    def __len__(self) -> int:
        return len(self.answer)

    def of(self, participant: str) -> "Answers":
        """The answers of one participant."""
        rows = self.participant == participant
        return Answers(self.task, self.alpha[rows], self.answer[rows], self.participant[rows])


def find_results(paths: Sequence[Path]) -> list[Path]:
    """The files that are named, and the CSVs of the folders. Raises `DataError` where there are none."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not inside:
            raise DataError(f"{path}: has no .csv in it; name the results files, or the folder they are in")
        found += inside
    for path in found:
        if not path.is_file():
            raise DataError(f"{path}: no such file")
    return list(dict.fromkeys(found))


def read_answers(files: Sequence[Path], task: str | None, stimuli: StimulusSet | None = None) -> Answers:
    """The answers to one task, of all files.

    Raises `DataError`, with file and line, where a column is missing, an answer is none of the task's, or a stimulus is
    not known; `ConfigError` where the results are of several tasks and none is named.
    """
    if task is not None and task not in SCALES:
        raise unknown_name("task", task, SCALES)
    table = pd.concat([_read(file) for file in files], ignore_index=True)
    rows = len(table)
    table = table[(table["task"] != "") & (table["stim_a"] != "")]
    table = table[table["task"] == _the_task(table, task)]
    others = rows - len(table)
    again = table.drop(columns=["file", "line"]).duplicated()
    table = table[~again]
    silent = table["response"].str.lower().isin(NOTHING)
    table = table[~silent]
    if table.empty:
        raise DataError(f"{files[0]}: has no answered trial")
    left_out = {
        "rows that are no trial of this task": others,
        "trials that are there twice, to the last cell": int(again.sum()),
        "trials without an answer": int(silent.sum()),
    }
    return Answers(
        str(table["task"].iloc[0]),
        _alphas(table, stimuli),
        _checked(table),
        table["participant"].to_numpy(str),
        {why: count for why, count in left_out.items() if count},
    )


def _read(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            bounded(file), dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not a CSV table ({error})") from error
    table.columns = table.columns.str.strip()
    if "task" in table and "response" not in table and file.name == TRIALS:
        raise DataError(f"{file}: is the list of trials itself, without answers; name the results of the experiment")
    if missing := [name for name in NEEDED if name not in table]:
        raise DataError(
            f"{file}:1: has no column '{missing[0]}'; a results file has the columns of the design (task, stim_a …) "
            "and 'response'"
        )
    wanted = ["task", "response", "participant", "block", "trial", "rt", *STIM_COLUMNS, *(f"alpha_{p}" for p in PLACES)]
    kept = table.reindex(columns=wanted, fill_value="")
    if "participant" not in table:
        kept["participant"] = file.stem
    # A short line is filled up by nothing.
    kept = kept.fillna("").map(lambda cell: unguarded(cell.strip()))
    kept.loc[kept["participant"] == "", "participant"] = ANONYMOUS
    return kept.assign(file=str(file), line=np.arange(2, len(kept) + 2))


def _the_task(table: pd.DataFrame, task: str | None) -> str:
    tasks = list(dict.fromkeys(table["task"]))
    if not tasks:
        raise DataError("the results have no trial: no row has both a task and a stim_a")
    where = table["file"].iloc[0]
    for name in tasks:
        if name not in DESIGNS:
            raise DataError(f"{where}: {unknown_name('task', name, DESIGNS)}")
    can = [name for name in tasks if name in SCALES]
    if task is None and len(can) > 1:
        raise ConfigError(f"the results are of several tasks; say which is meant: --task {' or --task '.join(can)}")
    if task is not None and task not in tasks:
        raise DataError(f"{where}: has no trials of the task {task}; it has {', '.join(tasks)}")
    if task is None and not can:
        raise DataError(f"{where}: no scale can be fitted to {', '.join(tasks)}; it takes {', '.join(SCALES)}")
    return task or can[0]


def _checked(table: pd.DataFrame) -> npt.NDArray[np.str_]:
    """The answers, each one that the task knows."""
    design: Design = look_up(DESIGNS, "task", str(table["task"].iloc[0]))
    answers = table["response"].str.lower()
    is_triad = (table["stim_d"] == "") if design.triads else pd.Series(False, index=table.index)
    for rows, kind in ((~is_triad, design), (is_triad, design.triads)):
        if kind is None:
            continue
        wrong = table[rows & ~answers.isin(kind.answers)]
        if len(wrong):
            raise DataError(
                f"{wrong['file'].iloc[0]}:{wrong['line'].iloc[0]}: the response '{wrong['response'].iloc[0]}' is none "
                f"of {', '.join(kind.answers)}, which answer {wrong['task'].iloc[0]}"
            )
    return answers.to_numpy(str)


def _alphas(table: pd.DataFrame, stimuli: StimulusSet | None) -> Values:
    places = _places_in_the_set(stimuli) if stimuli else None
    found = np.full((len(table), len(PLACES)), np.nan)
    seen: dict[str, float] = {}
    for number, place in enumerate(PLACES):
        ids, written = table[f"stim_{place}"], pd.to_numeric(table[f"alpha_{place}"], errors="coerce")
        for row, (stim_id, alpha) in enumerate(zip(ids, written, strict=True)):
            if not stim_id:
                continue
            where = f"{table['file'].iloc[row]}:{table['line'].iloc[row]}"
            if stimuli is not None and places is not None:
                if stim_id not in places:
                    raise DataError(f"{where}: stim_{place} is '{stim_id}', which is no stimulus of {stimuli.folder}")
                alpha = places[stim_id]
            if not np.isfinite(alpha):
                raise DataError(
                    f"{where}: has no number in the column alpha_{place}; name the stimulus set with --stimuli SET"
                )
            if seen.setdefault(stim_id, alpha) != alpha:
                raise DataError(
                    f"{where}: {stim_id} is at alpha {alpha:g} here and at {seen[stim_id]:g} before; the results are "
                    "of two different sets"
                )
            found[row, number] = alpha
    return found


def _places_in_the_set(stimuli: StimulusSet) -> dict[str, float]:
    layout = Layout.of(stimuli)
    return {layout.ids[number]: float(layout.place[number]) for number in layout.line("a scale")}
