"""Results files of an experiment, read back: which set was shown to whom, and what was answered.

A results file is the trial list with the answers (and whatever else the program adds) beside it, one or many files,
one or many participants, one or many tasks, one or many sets; `readers` knows how each program writes them. Rows that
are no trial of the task, such as instructions, trials without an answer, and those of practice and catch are left out
and counted; an answer that the task does not know is an error, for then something is mixed up. What a folder holds
beside results is passed over, and said.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.config.base import Config
from gaia_stim.config.verbs import verb_of
from gaia_stim.designs import CHAINS, DESIGNS, SCALES
from gaia_stim.designs.kinds import NUMBER, Design
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.readers.base import ALPHA_COLUMNS, in_our_columns, reader_of
from gaia_stim.designs.readers.json_rows import is_json, json_tables
from gaia_stim.designs.readers.keys import Keys, key_name, keys_asked, keys_beside, starters_keys
from gaia_stim.designs.readers.starter import NEEDED
from gaia_stim.designs.sessions import told_apart, without_copies
from gaia_stim.errors import ConfigError, DataError, in_brief, unknown_name
from gaia_stim.files import hash_file, in_parts
from gaia_stim.stimuli.continuum import is_wheel
from gaia_stim.stimuli.identity import SET_ID, SET_NAME
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import PLACES, STIM_COLUMNS, TRIALS, WHEEL
from gaia_stim.tables import look_up
from gaia_stim.tabular import Table, read_tables

Values = npt.NDArray[np.float64]

SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".ods", ".json")
"""Of the files in a folder that may be results."""
LEFT_BESIDE = (".", "~$")
"""What the names of files begin with that a desktop or an office program left beside a table."""
NOTHING = frozenset({"", "null", "none", "nan", "na", "undefined"})
"""What stands in `response` where nothing was answered."""
PRACTICE, CATCH = "practice", "catch"
"""What `phase` says of trials that are no part of what is measured."""
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
    shown: npt.NDArray[np.str_] = field(default_factory=lambda: np.empty((0, len(PLACES)), str), repr=False)
    """(n, 4): the ids of the stimuli in these places."""
    trial: Values = field(default_factory=lambda: np.empty(0), repr=False)
    """(n,): its number in the session; NaN where the results do not say it."""
    chosen_by: npt.NDArray[np.str_] = field(default_factory=lambda: np.empty((0, 2), str), repr=False)
    """(n, 2): the adaptive procedure that chose the stimulus, and for which of its tracks; "" where a list did."""
    catch: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Of each participant who had catch trials, how many were right, and how many there were."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why, and how many rows."""
    set_id: str = ""
    """Empty where the results do not say it."""
    set_name: str = ""
    is_wheel: bool = False
    """Whether alpha 1 is alpha 0 again."""
    angles: Values = field(default_factory=lambda: np.empty((0, 2)), repr=False)
    """(k, 2): of a wheel whose set is known, alpha and angle of each stimulus, by alpha."""
    notes: tuple[str, ...] = ()
    """What whoever reads the scale has to know of the answers: a sentence each."""

    def __len__(self) -> int:
        return len(self.answer)

    @property
    def is_adaptive(self) -> bool:
        """Whether all stimuli were chosen by the answers before them."""
        return len(self.chosen_by) > 0 and bool((self.chosen_by[:, 0] != "").all())

    @property
    def of_which_set(self) -> str:
        """The set in words."""
        return f"{self.set_name} ({self.set_id})" if self.set_id else NO_SET

    def of(self, participant: str) -> "Answers":
        """The answers of one participant."""
        rows = self.participant == participant
        return replace(
            self,
            alpha=self.alpha[rows],
            answer=self.answer[rows],
            participant=self.participant[rows],
            shown=self.shown[rows[: len(self.shown)]],
            trial=self.trial[rows[: len(self.trial)]],
            chosen_by=self.chosen_by[rows[: len(self.chosen_by)]],
            catch={name: count for name, count in self.catch.items() if name == participant},
            notes=(),
        )


@dataclass(frozen=True, eq=False)
class Results:
    """What stands in results files: a row a trial, or whatever else a program wrote."""

    table: pd.DataFrame = field(repr=False)
    """`READ` as text, answers and not keys in `response`, and `program`, `file`, `line` and `table`: its number, for
    several may stand in one file."""
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


def read_results(paths: Sequence[Path], keys: str | None = None) -> Results:
    """All results in the files that are named, and in the folders; `keys` are answers by key, as in "f=a,j=b".

    Empty files, copies, and what programs leave beside a table are passed over; so is what is no results file, where a
    folder was named and not the file. Raises `DataError` where a file that was named is none, or no file is one, and
    `ConfigError` for keys that say nothing.
    """
    asked = keys_asked(keys) if keys else None
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
            rows, of_keys = _trials_in(table, asked)
            tables.append(rows.assign(table=len(tables)))
            for note in (*table.notes, *of_keys):
                told.setdefault(note, []).append(file.name)
    over = (
        *(_told("file", names, why) for why, names in passed.items()),
        *(other for path in paths if path.is_dir() for other in _not_looked_at(path)),
    )
    if not tables:
        raise reasons[0] if len(passed) == len(reasons) == 1 else DataError(f"no results in there; {'; '.join(over)}")
    notes = tuple(_told("file", names, note) for note, names in told.items())
    return Results(pd.concat(tables, ignore_index=True), tuple(hashes), over, notes)


def request_of(config: Config, results: Results, stimuli: StimulusSet | None) -> dict[str, Any]:
    """What a folder that is made of results was asked for: the same answers, asked the same, are not fitted again."""
    return {
        "verb": verb_of(config),
        "options": config.request(),
        "responses": list(results.hashes),
        "set": stimuli.manifest_hash if stimuli else None,
    }


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
            tables = (file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
            inside = sorted(tables, key=in_parts)
        if not inside:
            raise DataError(
                f"{path}: has no {', '.join(SUFFIXES)} in it; name the results files, or the folder they are in"
            )
        found += inside
    for path in found:
        if not path.is_file():
            raise DataError(f"{path}: no such file")
    return list(dict.fromkeys(found))


def read_answers(
    paths: Sequence[Path], task: str | None, stimuli: StimulusSet | None = None, can: Mapping[str, str] = SCALES
) -> Answers:
    """The answers to one task about one set. Raises as `answers_of`, and `DataError` where they are of several sets."""
    results = read_results(paths)
    found = answers_of(results, task, stimuli, can)
    if len(found) > 1:
        raise DataError(
            f"the results are of {len(found)} sets, {in_brief([one.of_which_set for one in found])}; name one's alone"
        )
    return replace(found[0], notes=(*results.notes, *results.passed_over, *found[0].notes))


def answers_of(
    results: Results, task: str | None, stimuli: StimulusSet | None = None, can: Mapping[str, str] = SCALES
) -> list[Answers]:
    """The answers to one task, set by set; with `stimuli`, those of that set alone, at its alphas. `can` are the tasks
    that are asked for: of `SCALES`, which need alphas, or of `ANALYSES`.

    Raises `DataError`, with file and line, where an answer is none of the task's, a stimulus is not known or not where
    it should be, or none of the results is of that set; `ConfigError` where they are of several tasks and none is
    named.
    """
    check_task(task, can)
    rows = results.table
    table = rows[(rows["task"] != "") & (rows["stim_a"] != "")]
    table = table[table["task"] == _the_task(table, task, can)]
    others = len(rows) - len(table)
    table, again = without_copies(table)
    silent = table["response"].str.lower().isin(NOTHING)
    table = table[~silent]
    beside = table["phase"].str.lower()
    if beside.isin([PRACTICE, CATCH]).all():
        raise DataError(f"{rows['file'].iloc[0]}: has no answered trial")
    left_out = {
        "rows that are no trial of this task": others,
        "trials that are there twice, to the last cell": again,
        "trials without an answer": int(silent.sum()),
        "trials of practice": int((beside == PRACTICE).sum()),
        "catch trials": int((beside == CATCH).sum()),
    }
    if stimuli is not None:
        own = table[table[SET_ID].isin(["", stimuli.set_id])]
        if own.empty:
            raise DataError(
                f"the results are of {in_brief(_sets_in(table))}, and none of {stimuli.folder} ({stimuli.set_id})"
            )
        left_out[f"trials of other sets: {in_brief(_sets_in(table.drop(own.index)))}"] = len(table) - len(own)
        found = [_answers(own, stimuli, can is SCALES)]
    else:
        sets = [own for _, own in table.groupby(SET_ID, sort=False)]
        found = [_answers(own, None, can is SCALES) for own in sets if _is_main(own).any()]
    told = {why: count for why, count in left_out.items() if count}
    return [replace(found[0], left_out=told), *found[1:]]


def check_task(task: str | None, can: Mapping[str, str] = SCALES) -> None:
    """Raises `ConfigError` for a task that has no scale, or no analysis."""
    if task is not None and task not in can:
        raise unknown_name("task", task, can)


def _is_main(table: pd.DataFrame) -> pd.Series:
    return ~table["phase"].str.lower().isin([PRACTICE, CATCH])


def _caught(table: pd.DataFrame, people: pd.Series) -> dict[str, tuple[int, int]]:
    """Of each participant, the catch trials that were right, and all whose right answer is known."""
    known = table[(table["phase"].str.lower() == CATCH) & (table["correct"] != "")]
    right = (known["response"].str.lower() == known["correct"].str.lower()).groupby(people[known.index])
    return {str(who): (int(own.sum()), len(own)) for who, own in right}


def _answers(table: pd.DataFrame, stimuli: StimulusSet | None, needs_alpha: bool) -> Answers:
    """The trials of one set."""
    people, notes = told_apart(table)
    catch = _caught(table, people)
    if catch:
        right, all_of_them = np.sum(list(catch.values()), axis=0)
        notes = [f"catch trials: {right} of {all_of_them} right, by person {_by_person(catch)}", *notes]
    table, people = table[_is_main(table)], people[_is_main(table)]
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
        _alphas(table, stimuli, needs_alpha),
        _checked(table),
        people.to_numpy(str),
        table[STIM_COLUMNS].to_numpy(str),
        pd.to_numeric(table["trial"], errors="coerce").to_numpy(np.float64),
        table[["procedure", "track"]].to_numpy(str),
        catch,
        set_id=stimuli.set_id if stimuli else str(table[SET_ID].iloc[0]),
        set_name=stimuli.name if stimuli else str(table[SET_NAME].iloc[0]),
        is_wheel=is_wheel(stimuli.rows()) if stimuli else bool((table[WHEEL] == "1").any()),
        angles=_angles(stimuli),
        notes=tuple(notes),
    )


def _angles(stimuli: StimulusSet | None) -> Values:
    rows = stimuli.rows() if stimuli else []
    known = sorted((row.alpha, row.angle_deg) for row in rows if row.alpha is not None and row.angle_deg is not None)
    return np.array(known, np.float64).reshape(-1, 2) if is_wheel(rows) else np.empty((0, 2))


def _by_person(catch: Mapping[str, tuple[int, int]]) -> str:
    """The worst first."""
    worst = sorted(catch.items(), key=lambda item: item[1][0] / item[1][1])
    return in_brief([f"{who} {right} of {count}" for who, (right, count) in worst])


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
    found = json_tables(file) if is_json(file) else read_tables(file, lambda names: reader_of(names) is not None)
    for table in found:
        if reader_of(table.columns):
            continue
        if "task" in table.columns and "response" not in table.columns and file.name == TRIALS:
            raise DataError(
                f"{file}: is the list of trials itself, without answers; name the results of the experiment"
            )
        missing = next((name for name in NEEDED if name not in table.columns), NEEDED[-1])
        raise DataError(
            f"{file}:{table.header_line}: has no column '{missing}'; a results file has the columns of the "
            "design (task, stim_a …) and 'response'"
        )
    return found


def _trials_in(table: Table, asked: Keys | None) -> tuple[pd.DataFrame, list[str]]:
    """`READ`, `program`, `file` and `line`; and what there is to say of its keys."""
    reader = reader_of(table.columns)
    assert reader is not None, "a table without a reader is refused before"
    kept = in_our_columns(table, reader)
    kept.loc[kept["participant"] == "", "participant"] = table.file.stem
    known = asked or (keys_beside(table.file) if reader.has_keys else None)
    notes: list[str] = []
    if known or reader.has_keys:
        kept["response"], notes = _answered(kept, known or {}, reader.program)
    return kept.assign(program=reader.program, file=str(table.file)), notes


def _answered(rows: pd.DataFrame, known: Keys, program: str) -> tuple[pd.Series, list[str]]:
    """What was answered, where a key stands; and what is said of keys that nobody told."""
    pressed = rows["response"].map(key_name)
    answers = rows["response"].copy()
    guessed: dict[str, str] = {}
    for (task, is_triad), own in rows.groupby(["task", rows["stim_d"] == ""], sort=False):
        if task not in DESIGNS:
            continue
        kind = _kind_of(str(task), bool(is_triad))
        keys = known or starters_keys(kind.answers)
        is_key = pressed[own.index].isin(list(keys)) & ~own["response"].str.lower().isin(kind.answers)
        answers[own.index[is_key]] = pressed[own.index[is_key]].map(keys)
        if not known and is_key.any():
            guessed |= keys
    said = ", ".join(f"{key} = {answer}" for key, answer in guessed.items())
    return answers, [f"keys of {program} read as the starters have them, {said}; else say --keys"] if said else []


def _kind_of(task: str, is_triad: bool) -> Design:
    design: Design = look_up(DESIGNS, "task", task)
    return design.triads if is_triad and design.triads is not None else design


def _the_task(table: pd.DataFrame, task: str | None, has: Mapping[str, str]) -> str:
    tasks = list(dict.fromkeys(table["task"]))
    if not tasks:
        raise DataError("the results have no trial: no row has both a task and a stim_a")
    where = table["file"].iloc[0]
    for name in tasks:
        if name in CHAINS:
            raise DataError(
                f"{where}: is of chains ({name}): their states are what is found; 'gaia-stim chain' makes a set and "
                "a table of them"
            )
        if name not in DESIGNS:
            raise DataError(f"{where}: {unknown_name('task', name, DESIGNS)}")
    can = [name for name in tasks if name in has]
    if task is None and len(can) > 1:
        raise ConfigError(f"the results are of several tasks; say which is meant: --task {' or --task '.join(can)}")
    if task is not None and task not in tasks:
        raise DataError(f"{where}: has no trials of the task {task}; it has {', '.join(tasks)}")
    if task is None and not can:
        what, verb = ("scale can be fitted", "analyse") if has is SCALES else ("analysis belongs", "scale")
        raise DataError(
            f"{where}: no {what} to {', '.join(tasks)}; it takes {', '.join(has)}; 'gaia-stim {verb}' has the others"
        )
    return task or can[0]


def _checked(table: pd.DataFrame) -> npt.NDArray[np.str_]:
    """The answers, each one that the task knows, to a trial that showed what the task shows."""
    answers = table["response"].str.lower()
    for is_triad, rows in answers.groupby(table["stim_d"] == ""):
        kind = _kind_of(str(table["task"].iloc[0]), bool(is_triad))
        _check_shown(table.loc[rows.index], kind)
        is_known = rows.isin(kind.answers)
        if NUMBER in kind.answers:
            is_known = np.isfinite(pd.to_numeric(rows, errors="coerce"))
        if not is_known.all():
            first = table.loc[rows.index[~is_known][0]]
            raise DataError(
                f"{first['file']}:{first['line']}: the response '{first['response']}' is none "
                f"of {', '.join(kind.answers)}, which answer {first['task']}"
                + ("; where it is a key, say what it stands for, as in --keys f=a,j=b" if first["by_key"] else "")
            )
    return answers.to_numpy(str)


def _check_shown(table: pd.DataFrame, kind: Design) -> None:
    """Raises `DataError` for a trial without one of the stimuli that the task shows."""
    for place in STIM_COLUMNS[: len(kind.arrangements[0])]:
        lacking = table[table[place] == ""]
        if len(lacking):
            first = lacking.iloc[0]
            raise DataError(
                f"{first['file']}:{first['line']}: has no {place}, which every trial of {first['task']} has; was a "
                "column left out?"
            )


def _alphas(table: pd.DataFrame, stimuli: StimulusSet | None, is_needed: bool) -> Values:
    """Where the stimuli of each trial lie (n, 4): in the set, or as the results say; NaN where none is needed, and the
    set is no continuum or the results do not say it of all.
    """
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
        known = _places_in_the_set(stimuli, is_needed)
        refuse(
            np.array([one not in known for one in ids])[which],
            lambda at: f"stim_{PLACES[place[at]]} is '{ids[which[at]]}', which is no stimulus of {stimuli.folder}",
        )
        alpha = np.array([known[one] for one in ids])
        near = np.diff(np.sort([*known.values()])).min(initial=np.inf) / 2
    elif not is_needed and not np.isfinite(written).all():
        return np.full(shown.shape, np.nan)
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


def _places_in_the_set(stimuli: StimulusSet, on_a_line: bool) -> dict[str, float]:
    layout = Layout.of(stimuli)
    numbers = layout.line("a scale") if on_a_line else range(len(layout))
    return {layout.ids[number]: float(layout.place[number]) for number in numbers}
