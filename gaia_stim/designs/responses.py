"""Results files of an experiment, read back: which set was shown to whom, and what was answered.

A results file is the trial list with `response` (and whatever else the program adds) beside it, one or many files, one
or many participants, one or many tasks, one or many sets. Rows that are no trial of the task, such as instructions, and
trials without an answer are left out and counted; an answer that the task does not know is an error, for then something
is mixed up. What a folder holds beside results is passed over, and said.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.designs import DESIGNS, SCALES
from gaia_stim.designs.kinds import Design
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.sessions import told_apart, without_copies
from gaia_stim.errors import ConfigError, DataError, in_brief, unknown_name
from gaia_stim.files import hash_file
from gaia_stim.stimuli.identity import SET_ID, SET_NAME
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import PLACES, STIM_COLUMNS, TRIALS
from gaia_stim.tables import look_up
from gaia_stim.tabular import Table, read_tables

Values = npt.NDArray[np.float64]

SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".ods")
"""Of the files in a folder that may be results."""
LEFT_BESIDE = (".", "~$")
"""What the names of files begin with that a desktop or an office program left beside a table."""
NOTHING = frozenset({"", "null", "none", "nan", "na", "undefined"})
"""What stands in `response` where nothing was answered."""
NEEDED = ("task", "stim_a", "response")
ALPHA_COLUMNS = [f"alpha_{place}" for place in PLACES]
READ = [
    *(SET_ID, SET_NAME, "task", "response", "participant", "block", "trial", "rt", "started", "simulated"),
    *STIM_COLUMNS,
    *ALPHA_COLUMNS,
]
TOLERANCE = 1e-6
"""Of an alpha: spreadsheets keep 9 to 15 digits, and show six decimals in a column as wide as it comes."""
NO_SET = "a set that they do not tell"


@dataclass(frozen=True, eq=False)
class Answers:
    """All answers to one task about one set: n trials."""

    task: str
    alpha: Values = field(repr=False)
    """(n, 4): where the stimuli in the places a to d lie; NaN where there is none."""
    answer: npt.NDArray[np.str_] = field(repr=False)
    """(n,), each one of the task's answers."""
    participant: npt.NDArray[np.str_] = field(repr=False)
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why, and how many rows."""
    set_id: str = ""
    """Empty where the results do not say it."""
    set_name: str = ""
    notes: tuple[str, ...] = ()
    """What whoever reads the scale has to know of the answers: a sentence each."""

    def __len__(self) -> int:
        return len(self.answer)

    @property
    def of_which_set(self) -> str:
        """The set in words."""
        return f"{self.set_name} ({self.set_id})" if self.set_id else NO_SET

    def of(self, participant: str) -> "Answers":
        """The answers of one participant."""
        rows = self.participant == participant
        return replace(
            self, alpha=self.alpha[rows], answer=self.answer[rows], participant=self.participant[rows], notes=()
        )


@dataclass(frozen=True, eq=False)
class Results:
    """What stands in results files: a row a trial, or whatever else a program wrote."""

    table: pd.DataFrame = field(repr=False)
    """`READ` as text, and `file`, `line` and `part`: the number of the table, for several may stand in one file."""
    hashes: tuple[str, ...]
    """Of the files that were read, in order."""
    passed_over: tuple[str, ...]
    """What was there beside results: a sentence for each kind."""
    notes: tuple[str, ...] = ()
    """How files were read that could be read otherwise: a sentence for each kind."""

    def told(self, left_out: Mapping[str, int]) -> Iterator[str]:
        """What somebody is told who has answers of it, of which so many rows were left out, and why."""
        yield from self.notes
        for why in (*self.passed_over, *(f"{count} {why}" for why, count in left_out.items())):
            yield f"left out: {why}"


def read_results(paths: Sequence[Path]) -> Results:
    """All results in the files that are named, and in the folders.

    Empty files, copies, and what programs leave beside a table are passed over; so is what is no results file, where a
    folder was named and not the file. Raises `DataError` where a file that was named is none, or no file is one.
    """
    tables: list[pd.DataFrame] = []
    hashes: list[str] = []
    passed: dict[str, list[str]] = {}
    told: dict[str, list[str]] = {}
    reasons: list[DataError] = []
    for file in find_results(paths):
        try:
            why = _beside(file)
            found = [] if why else _tables(file)
            if found and (content := hash_file(file)) in hashes:
                why = "the same as another, to the last byte"
        except DataError as error:
            if file in paths:
                raise
            reasons.append(error)
            why = str(error).removeprefix(str(file)).lstrip(":0123456789 ").partition(";")[0]
        if why:
            passed.setdefault(why, []).append(file.name)
            continue
        hashes.append(content)
        for table in found:
            tables.append(_trials_in(table).assign(part=len(tables)))
            for note in table.notes:
                told.setdefault(note, []).append(file.name)
    over = (
        *(_told("file", names, why) for why, names in passed.items()),
        *(other for path in paths if path.is_dir() for other in _not_looked_at(path)),
    )
    if not tables:
        raise reasons[0] if len(passed) == len(reasons) == 1 else DataError(f"no results in there; {'; '.join(over)}")
    notes = tuple(_told("file", names, note) for note, names in told.items())
    return Results(pd.concat(tables, ignore_index=True), tuple(hashes), over, notes)


def _not_looked_at(folder: Path) -> Iterator[str]:
    """What lies in a folder and may be results that somebody thinks were read."""
    inside = sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    others = [file.name for file in inside if file.is_file() and file.suffix.lower() not in SUFFIXES]
    folders = [one.name for one in inside if one.is_dir() and any(one.glob("*.csv"))]
    if others:
        yield _told("file", others, f"not read, for only {', '.join(SUFFIXES)} are")
    if folders:
        yield _told("folder", folders, "not looked into; name it to have it read")


def _told(what: str, names: Sequence[str], why: str) -> str:
    return f"{len(names)} {what}{'s'[: len(names) > 1]} ({in_brief(names, 3)}): {why}"


def find_results(paths: Sequence[Path]) -> list[Path]:
    """The files that are named, and the tables in the folders. Raises `DataError` where there are none."""
    found: list[Path] = []
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
        if not inside:
            raise DataError(
                f"{path}: has no {', '.join(SUFFIXES)} in it; name the results files, or the folder they are in"
            )
        found += inside
    for path in found:
        if not path.is_file():
            raise DataError(f"{path}: no such file")
    return list(dict.fromkeys(found))


def read_answers(paths: Sequence[Path], task: str | None, stimuli: StimulusSet | None = None) -> Answers:
    """The answers to one task about one set. Raises as `answers_of`, and `DataError` where they are of several sets."""
    results = read_results(paths)
    found = answers_of(results, task, stimuli)
    if len(found) > 1:
        raise DataError(
            f"the results are of {len(found)} sets, {in_brief([one.of_which_set for one in found])}; name one's alone"
        )
    return replace(found[0], notes=(*results.notes, *results.passed_over, *found[0].notes))


def answers_of(results: Results, task: str | None, stimuli: StimulusSet | None = None) -> list[Answers]:
    """The answers to one task, set by set; with `stimuli`, those of that set alone, at its alphas.

    Raises `DataError`, with file and line, where an answer is none of the task's, a stimulus is not known or not where
    it should be, or none of the results is of that set; `ConfigError` where they are of several tasks and none is
    named.
    """
    check_task(task)
    rows = results.table
    table = rows[(rows["task"] != "") & (rows["stim_a"] != "")]
    table = table[table["task"] == _the_task(table, task)]
    others = len(rows) - len(table)
    table, again = without_copies(table)
    silent = table["response"].str.lower().isin(NOTHING)
    table = table[~silent]
    if table.empty:
        raise DataError(f"{rows['file'].iloc[0]}: has no answered trial")
    left_out = {
        "rows that are no trial of this task": others,
        "trials that are there twice, to the last cell": again,
        "trials without an answer": int(silent.sum()),
    }
    if stimuli is not None:
        own = table[table[SET_ID].isin(["", stimuli.set_id])]
        if own.empty:
            raise DataError(
                f"the results are of {in_brief(_sets_in(table))}, and none of {stimuli.folder} ({stimuli.set_id})"
            )
        left_out[f"trials of other sets: {in_brief(_sets_in(table.drop(own.index)))}"] = len(table) - len(own)
        found = [_answers(own, stimuli)]
    else:
        found = [_answers(own, None) for _, own in table.groupby(SET_ID, sort=False)]
    told = {why: count for why, count in left_out.items() if count}
    return [replace(found[0], left_out=told), *found[1:]]


def check_task(task: str | None) -> None:
    """Raises `ConfigError` for a task that has no scale."""
    if task is not None and task not in SCALES:
        raise unknown_name("task", task, SCALES)


def _answers(table: pd.DataFrame, stimuli: StimulusSet | None) -> Answers:
    """The trials of one set."""
    people, notes = told_apart(table)
    if simulated := int((table["simulated"] == "1").sum()):
        notes = [f"{simulated} answers are nobody's: jsPsych simulated them", *notes]
    if untold := int((table[SET_ID] == "").sum()):
        notes = [
            f"{untold} trials do not say which set they are of"
            + (
                ": several sets that have the same ids would be taken for one; name the set with --stimuli SET"
                if stimuli is None
                else f", and are taken to be of {stimuli.folder}"
            ),
            *notes,
        ]
    return Answers(
        str(table["task"].iloc[0]),
        _alphas(table, stimuli),
        _checked(table),
        people.to_numpy(str),
        set_id=stimuli.set_id if stimuli else str(table[SET_ID].iloc[0]),
        set_name=stimuli.name if stimuli else str(table[SET_NAME].iloc[0]),
        notes=tuple(notes),
    )


def _sets_in(table: pd.DataFrame) -> list[str]:
    """The sets that trials say they are of, in words."""
    return [
        f"{name} ({one})" if one else NO_SET
        for one, name in table.groupby(SET_ID, sort=False)[SET_NAME].first().items()
    ]


def _beside(file: Path) -> str:
    """Why a file is none that a program wrote results into, whatever its name ends with; empty where it may be."""
    if file.name.startswith(LEFT_BESIDE):
        return "left there by a desktop or an office program"
    return "" if file.stat().st_size else "empty"


def _tables(file: Path) -> list[Table]:
    """The tables of a results file, one below the other where files were put together. Raises `DataError` for none."""
    found = read_tables(file, lambda names: set(NEEDED) <= set(names))
    for table in found:
        if "task" in table.columns and "response" not in table.columns and file.name == TRIALS:
            raise DataError(
                f"{file}: is the list of trials itself, without answers; name the results of the experiment"
            )
        if missing := [name for name in NEEDED if name not in table.columns]:
            raise DataError(
                f"{file}:{table.header_line}: has no column '{missing[0]}'; a results file has the columns of the "
                "design (task, stim_a …) and 'response'"
            )
    return found


def _trials_in(table: Table) -> pd.DataFrame:
    """`READ`, `file` and `line`."""
    kept = table.frame.reindex(columns=READ, fill_value="")
    if table.decimal_commas:
        kept[[*ALPHA_COLUMNS, "rt"]] = kept[[*ALPHA_COLUMNS, "rt"]].map(lambda cell: cell.replace(",", "."))
    kept.loc[kept["participant"] == "", "participant"] = table.file.stem
    return kept.assign(file=str(table.file), line=table.frame.index).reset_index(drop=True)


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
    """Where the stimuli of each trial lie (n, 4): in the set, or as the results say."""
    shown = table[STIM_COLUMNS].to_numpy(str)
    is_shown = shown != ""
    ids, which = np.unique(shown[is_shown], return_inverse=True)
    texts = table[ALPHA_COLUMNS].to_numpy(str)[is_shown]
    written = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(np.float64)
    row, place = np.nonzero(is_shown)

    def refuse(wrong: npt.NDArray[np.bool_], why: Callable[[int], str]) -> None:
        if wrong.any():
            first = int(np.argmax(wrong))
            at = table.iloc[row[first]]
            raise DataError(f"{at['file']}:{at['line']}: {why(first)}")

    if stimuli is not None:
        known = _places_in_the_set(stimuli)
        refuse(
            np.array([one not in known for one in ids])[which],
            lambda at: f"stim_{PLACES[place[at]]} is '{ids[which[at]]}', which is no stimulus of {stimuli.folder}",
        )
        alpha = np.array([known[one] for one in ids])
        near = np.diff(np.sort([*known.values()])).min(initial=np.inf) / 2
    else:
        refuse(
            ~np.isfinite(written),
            lambda at: (
                f"has no number in the column {ALPHA_COLUMNS[place[at]]}; name the stimulus set with --stimuli SET"
            ),
        )
        # The one with the most digits is the one that no spreadsheet has rounded.
        by_digits = np.argsort([-len(text) for text in texts], kind="stable")
        longest = by_digits[np.unique(which[by_digits], return_index=True)[1]]
        alpha, near = written[longest], TOLERANCE
    refuse(
        np.abs(written - alpha[which]) > near,
        lambda at: (
            f"{ids[which[at]]} is at alpha {written[at]:g} here and at {alpha[which[at]]:g} "
            + (
                f"in {stimuli.folder}"
                if stimuli
                else "elsewhere; the results are of two different sets, or were changed"
            )
        ),
    )
    found = np.full(shown.shape, np.nan)
    found[is_shown] = alpha[which]
    return found


def _places_in_the_set(stimuli: StimulusSet) -> dict[str, float]:
    layout = Layout.of(stimuli)
    return {layout.ids[number]: float(layout.place[number]) for number in layout.line("a scale")}
