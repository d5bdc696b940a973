"""BIDS: a dataset that has the stimuli, for the data of an experiment to be added to.

By the standard (1.11), an event names its picture in `stim_file`, a path in `stimuli/`. The draft BEP044 gives stimuli
a table of their own and events a `stim_id`; both are written, and what is draft is said to be.
"""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

import gaia_stim
from gaia_stim.cells import guarded, unguarded
from gaia_stim.errors import DataError
from gaia_stim.export.answers import COLUMNS, RESULTS, letters, people_in, told_in
from gaia_stim.export.folder import write_readme
from gaia_stim.export.formats import tsv_bytes
from gaia_stim.export.linter import Cell, Table, table_of
from gaia_stim.files import write_bytes, write_json
from gaia_stim.stimuli.manifest import STIMULI, Row
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import PLACES, Trials

VERSION = "1.11.0"
DRAFT = "Draft column of BEP044 (stimuli), still under review: experimental."
EXPERIMENTAL = {
    "stimulus_id": "The stimulus, as its file is named.",
    "type": "Kind of stimulus.",
    "license": "Strictest licence of the images it is made of.",
    "description": "What it is, in words.",
}
_FILED = ("participant", "task")
ANSWERS = {"response_time" if name == "rt" else name: told for name, told in RESULTS.items() if name not in _FILED}
"""Of a _beh.tsv: columns of `collect`, as the standard calls them; who and which task stand in the file's name."""


def write(
    stimuli: StimulusSet, folder: Path, trials: Trials | None = None, answers: pd.DataFrame | None = None
) -> None:
    """Fill a folder; `answers` as `answers_about` gives them. Raises `DataError` where names cannot be exported or a
    picture was changed.
    """
    table = table_of(stimuli, None)
    rows = stimuli.rows()
    names = {row.stim_id: label(row.stim_id) for row in rows}
    if len({name.lower() for name in names.values()}) < len(names):
        raise DataError(
            f"{stimuli.folder}: BIDS labels have no '_', and without it two stim_ids are the same; rename one"
        )
    (folder / STIMULI).mkdir()
    for row, _ in stimuli.pictures():
        shutil.copyfile(stimuli.folder / row.image, folder / STIMULI / file_of(names[row.stim_id]))
    files = {stim_id: file_of(name) for stim_id, name in names.items()}
    write_bytes(folder / STIMULI / "stimuli.tsv", tsv_bytes(_table(table, rows, names, files)))
    write_json(folder / STIMULI / "stimuli.json", _sidecar(table))
    write_json(folder / "dataset_description.json", _description(stimuli, rows))
    write_bytes(folder / ".bidsignore", b"export.json\n")
    events = _events(stimuli, trials, names, files)
    write_bytes(folder / "code" / "events_to_fill_in.tsv", tsv_bytes(events))
    steps = [
        "This is a BIDS dataset that has the stimuli; add your subjects' folders to it, or copy `stimuli/` into yours.",
        "`stimuli/stimuli.tsv` tells of every picture; `stim_file` is its path in `stimuli/`.",
        "In a recording's `events.tsv`, give `onset`, `duration` and `stim_file`: that is the standard.",
        "`stim_id` (stim-…), `stimulus_id`, `type`, `license` and `description` are columns of the draft BEP044:",
        "EXPERIMENTAL until that is accepted; validators of today let them pass as columns of your own.",
        "`code/events_to_fill_in.tsv` has a row for each picture to be shown: fill in onset and duration, in seconds.",
        "Name who made the dataset (`Authors`) and its licence in `dataset_description.json`.",
        "Check it with the BIDS validator: `pip install bids-validator-deno`, then `bids-validator-deno FOLDER`.",
    ]
    if answers is not None:
        _write_answers(folder, answers, stimuli, names)
        steps.append("`sub-…/beh/` has the answers of each participant, `task-…_beh.json` what their columns are.")
    write_readme(folder, "BIDS", stimuli, trials, steps, len(events.rows))


def _write_answers(folder: Path, answers: pd.DataFrame, stimuli: StimulusSet, names: dict[str, str]) -> None:
    """A file for each participant and task, and what their columns are, once for each task."""
    table = answers.rename(columns={"rt": "response_time"})
    for place in PLACES:
        table = table.assign(**{f"stim_{place}": table[f"stim_{place}"].map({"": "", **names})})
    people = {who: f"sub-{label}" for who, label in people_in(table, "BIDS").items()}
    columns = told_in(table, ANSWERS)
    for (who, task), own in table.groupby(["participant", "task"], sort=False):
        called = f"task-{letters(str(task))}_beh"
        cells = [[_cell(cell) for cell in row] for row in own[columns].itertuples(index=False)]
        path = folder / people[str(who)] / "beh" / f"{people[str(who)]}_{called}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, tsv_bytes(Table(columns, cells)))
        described = {name: {"Description": ANSWERS[name]} for name in columns}
        if "response_time" in described:
            described["response_time"]["Units"] = "s"
        write_json(folder / f"{called}.json", {"TaskName": str(task), **described})
    write_bytes(folder / "participants.tsv", tsv_bytes(Table(["participant_id"], [[one] for one in people.values()])))


def _cell(cell: Any) -> Cell:
    if isinstance(cell, str):
        return guarded(cell)
    return None if pd.isna(cell) else cell.item() if hasattr(cell, "item") else cell


def label(stim_id: str) -> str:
    """A stimulus as BIDS calls it: `m_0001` is `stim-m0001`."""
    return f"stim-{letters(stim_id)}"


def file_of(name: str) -> str:
    """The picture of a stimulus, in `stimuli/`."""
    return f"{name}_image.png"


def _table(table: Table, rows: list[Row], names: dict[str, str], files: dict[str, str]) -> Table:
    """`stimulus_id` first, as the draft wants it."""
    place = list(table.columns).index("image")
    kept = Table(
        [name for name in table.columns if name != "image"],
        [[cell for at, cell in enumerate(cells) if at != place] for cells in table.rows],
    ).renamed({"stim_license": "license"})
    described = kept.with_column("description", [guarded(_words(row)) for row in rows])
    with_files = described.with_column("stim_file", [files[row.stim_id] for row in rows])
    return with_files.with_column("type", ["image"] * len(rows)).with_column(
        "stimulus_id", [names[row.stim_id] for row in rows]
    )


def _words(row: Row) -> str:
    places = {
        "alpha": row.alpha,
        "u": row.grid_u,
        "v": row.grid_v,
        "angle": row.angle_deg,
        row.attribute or "amount": row.amount,
        row.attribute_2 or "amount_2": row.amount_2,
    }
    at = ", ".join(f"{name} {value:.4g}" for name, value in places.items() if value is not None)
    return f"Stimulus {row.position + 1} of kind {row.kind}" + (f" at {at}" if at else "")


def _sidecar(table: Table) -> dict[str, Any]:
    draft = {name: {"Description": f"{text} {DRAFT}"} for name, text in EXPERIMENTAL.items()}
    if "stim_license" not in table.columns:
        del draft["license"]
    known = ["stim_file", *(name for name in table.columns if name in COLUMNS)]
    return {**draft, **{name: {"Description": COLUMNS[name]} for name in known}}


def _description(stimuli: StimulusSet, rows: list[Row]) -> dict[str, Any]:
    licences = {row.stim_license for row in rows}
    licence = next(iter(licences)) if len(licences) == 1 else None
    return {
        "Name": f"Stimuli: {guarded(stimuli.name)}",
        "BIDSVersion": VERSION,
        "DatasetType": "raw",
        **({"License": licence} if licence else {}),
        "GeneratedBy": [
            {
                "Name": "gaia-stim",
                "Version": gaia_stim.__version__,
                "Description": f"stimulus set with manifest {stimuli.manifest_hash}",
            }
        ],
    }


def _events(stimuli: StimulusSet, trials: Trials | None, names: dict[str, str], files: dict[str, str]) -> Table:
    """A row a picture that is shown, since an event is of one file; onset and duration are left to be filled in."""
    if trials is None:
        columns = ["onset", "duration", "stim_file", "stim_id"]
        return Table(columns, [[None, None, files[stim_id], name] for stim_id, name in names.items()])
    table = table_of(stimuli, trials)
    kept = [name for name in table.columns if not name.startswith(("stim_", "image_", "alpha_"))]
    rows: list[list[Cell]] = []
    for number in range(len(table.rows)):
        cells = dict(zip(table.columns, table.rows[number], strict=True))
        for place in PLACES:
            if stim_id := cells.get(f"stim_{place}"):
                shown = unguarded(str(stim_id))
                rows.append([None, None, files[shown], names[shown], place, *(cells[name] for name in kept)])
    return Table(["onset", "duration", "stim_file", "stim_id", "place", *kept], rows)
