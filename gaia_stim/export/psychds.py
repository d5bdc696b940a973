"""Psych-DS: the answers of an experiment, and the set that they are about, as psychologists share data.

Tables in `data/`, named by keys and values, what every column is in `dataset_description.json`, the stimuli in
`materials/`. https://psychds-docs.readthedocs.io
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from gaia_stim.cells import frame_csv, guarded
from gaia_stim.export.answers import COLUMNS, RESULTS, letters, people_in, told_in
from gaia_stim.export.folder import copy_set, write_readme
from gaia_stim.export.formats import table_csv
from gaia_stim.export.linter import table_of
from gaia_stim.files import write_bytes, write_json
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import PLACES, Trials

DATA, MATERIALS = "data", "materials"
TOLD = {
    **COLUMNS,
    "image": f"Picture, relative to {MATERIALS}/.",
    **{f"image_{place}": f"Picture of stimulus {place}, relative to {MATERIALS}/." for place in PLACES},
    "stim_license": "Strictest licence of the images it is made of.",
    **RESULTS,
}
UNITS = {"rt": "s", "angle_deg": "degrees"}


def write(
    stimuli: StimulusSet, folder: Path, trials: Trials | None = None, answers: pd.DataFrame | None = None
) -> None:
    """Fill a folder; `answers` as `answers_about` gives them. Raises `DataError` where names cannot be exported or a
    picture was changed.
    """
    for name in (DATA, MATERIALS):
        (folder / name).mkdir()
    table = table_of(stimuli, None)
    copy_set(stimuli, folder / MATERIALS)
    write_bytes(folder / DATA / "description-stimuli_data.csv", table_csv(table))
    columns = dict.fromkeys(table.columns)
    steps = [
        "This is a Psych-DS data set: `dataset_description.json` says what each column of its tables is.",
        f"`{DATA}/description-stimuli_data.csv` tells of every picture of `{MATERIALS}/`, which is the stimulus set.",
    ]
    rows = len(table.rows)
    if trials is not None:
        listed = table_of(stimuli, trials)
        write_bytes(folder / DATA / "description-trials_data.csv", table_csv(listed))
        columns |= dict.fromkeys(listed.columns)
        steps.append(f"`{DATA}/description-trials_data.csv` is the list of trials that was to be gone through.")
        rows = len(listed.rows)
    if answers is not None:
        columns |= dict.fromkeys(_write_answers(folder / DATA, answers))
        steps += [
            f"`{DATA}/subject-…_task-…_data.csv` have the answers; `gaia-stim scale` and `collect` read them.",
            "When sessions began and what their files were called is left out, since it tells who somebody is;",
            "look whether the names of participants do, and rename them before you collect the results.",
        ]
    steps += [
        "Name its authors (`author`), and its licence (`license`), in `dataset_description.json`.",
        "Check it with the Psych-DS validator: psych-ds.github.io/validator, or `npx psychds-validator FOLDER`.",
    ]
    write_json(folder / "dataset_description.json", _description(stimuli, columns, answers))
    write_readme(folder, "Psych-DS", stimuli, trials, steps, rows)


def _write_answers(folder: Path, answers: pd.DataFrame) -> list[str]:
    """A file for each participant and task; returns the columns, which all of them have."""
    columns = told_in(answers, RESULTS)
    people = people_in(answers, "Psych-DS")
    for (who, task), own in answers.groupby(["participant", "task"], sort=False):
        name = f"subject-{people[str(who)]}_task-{letters(str(task))}_data.csv"
        write_bytes(folder / name, frame_csv(own[columns]))
    return columns


def _description(stimuli: StimulusSet, columns: Iterable[str], answers: pd.DataFrame | None) -> dict[str, Any]:
    name = guarded(stimuli.name)
    about = f"{len(stimuli)} stimuli made by gaia-stim {stimuli.provenance.gaia_stim}"
    if answers is not None:
        simulated = bool((answers["simulated"].astype(str) == "1").any())
        who = f"{answers['participant'].nunique()} participants" + (", simulated ones among them" if simulated else "")
        about = f"{len(answers)} trials of {who}, about {about}"
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": f"Stimuli: {name}" if answers is None else f"Answers about {name}",
        "description": f"{about}; the set's manifest is {stimuli.manifest_hash}.",
        "identifier": stimuli.set_id,
        "variableMeasured": [_variable(column) for column in columns],
    }


def _variable(name: str) -> dict[str, str]:
    told = {"description": TOLD[name]} if name in TOLD else {}
    return {"@type": "PropertyValue", "name": name, **told, **({"unitText": UNITS[name]} if name in UNITS else {})}
