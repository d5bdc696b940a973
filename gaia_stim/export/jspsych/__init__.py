"""A jsPsych 8 experiment as a folder that runs by opening its index.html: no server, no network, nothing to install.

What is shown and how is JavaScript that a lab member edits (`assets/experiment.js`), with jsPsych's own builds beside
it (`vendor/`). What is written here is data: the set as `stimuli.js`, a design as `trials.js`. A page opened from a
file cannot fetch, so both are scripts, and as such inert: JSON in ASCII in which no `<` stands.
"""

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from gaia_stim.cells import guarded
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export.folder import SHOWN_PIXELS, copy_pictures, write_readme
from gaia_stim.export.linter import cell_of, check_columns, check_id, check_participant
from gaia_stim.files import write_bytes, write_json
from gaia_stim.stimuli.continuum import along
from gaia_stim.stimuli.identity import SET_ID, SET_NAME
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import STIM_COLUMNS, Trials, of_set

SHOWS = {
    "identification": 1,
    "2afc": 2,
    "abx": 3,
    "same-different": 2,
    "oddity": 3,
    "triplets": 3,
    "mlds": 3,
    "constant": 2,
    "adjustment": 2,
}
"""The tasks that experiment.js can run, and how many stimuli a trial of each has at least."""
RESULTS = ["response", "rt", "correct_response", "response_stim", "key", "started", "device_pixels", "simulated"]
"""What the results have beside the columns of the design."""
PACKAGE = files("gaia_stim.export.jspsych")


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> None:
    """Fill a folder with the experiment: the design's where there are trials, else three small tasks to choose from.

    Raises `DataError` where a name cannot be exported, a picture was changed or a trial shows what is not in the set,
    and `ConfigError` for a task that the experiment does not know.
    """
    rows = stimuli.rows()
    for row in rows:
        check_id(row.stim_id, str(stimuli.folder))
    listed = None if trials is None else trial_list(trials, stimuli)
    shown = stimulus_list(stimuli, *copy_pictures(stimuli, folder))
    write_json(folder / "stimuli.json", shown)
    write_bytes(folder / "stimuli.js", script("stimuli", shown))
    write_bytes(folder / "trials.js", script("trials", listed))
    for shipped, place in (("assets", folder), ("vendor", folder / "jspsych")):
        for file in (PACKAGE / shipped).iterdir():
            write_bytes(place / file.name, file.read_bytes())
    write_readme(folder, "jsPsych", stimuli, trials, _steps(trials), len(rows) if trials is None else len(trials))


def _steps(trials: Trials | None) -> list[str]:
    task = "&task=identification" if trials is None else ""
    whom = (
        "Name the participant and choose a task (identification, same-different or adjustment)"
        if trials is None
        else "Choose the participant and press Start"
    )
    return [
        "Open `index.html` in a browser by a double click; nothing needs to be installed, served or online.",
        f"{whom}; or add `?participant=1{task}` to the address to begin at once.",
        "At the end the results are saved to the downloads folder as CSV, a row a trial: all columns, `response`, "
        "`rt` (s), `correct_response` (1 or 0).",
        f"To try it without anybody, add `?participant=1{task}&simulate=visual`; those results are marked.",
        "Texts, timing, size and keys stand at the top of `experiment.js`; change them and reload the page.",
        "Online: put the folder on a web server; results still go to the participant's downloads, unless `send` in "
        "`experiment.js` sends them. On JATOS take in the line for it in `index.html`.",
        "`gaia-stim scale RESULTS.csv` makes a scale of the answers to mlds, 2afc, constant or identification.",
        f"jsPsych {versions()['jspsych']} and its plugins (MIT) are in `jspsych/`, with their licences; please cite "
        "https://doi.org/10.21105/joss.05351.",
    ]


def stimulus_list(stimuli: StimulusSet, height: int, width: int) -> dict[str, Any]:
    """What stimuli.js says: `images` to preload, and `timeline_variables` with all that the manifest knows as `data`.

    `place` is where a stimulus lies on its continuum (its alpha, else its amount); in a set that is none, from 0 to 1
    in the set's order; they stand in this order. Pictures are `height` x `width` pixels. `set_id` and `set_name` are
    as they may stand in the results.
    """
    rows = stimuli.rows()
    return {
        "name": stimuli.name,
        SET_ID: stimuli.set_id,
        SET_NAME: guarded(stimuli.name),
        "width": width,
        "height": height,
        "scale": max(1, SHOWN_PIXELS // max(height, width)),
        "images": [row.image for row in rows],
        "timeline_variables": [
            {
                "stimulus": row.image,
                "stim_id": row.stim_id,
                "place": place,
                "data": {column: value for column, value in asdict(row).items() if value is not None},
            }
            for place, row in along(rows)
        ],
    }


def trial_list(trials: Trials, stimuli: StimulusSet) -> dict[str, Any]:
    """What trials.js says: the task, `columns`, and `rows` as lists of cells, null where a cell is empty;
    text as it may stand in a table, for so the experiment writes it into the results.

    Raises as `write` does.
    """
    if trials.task not in SHOWS:
        raise ConfigError(f"jspsych: no experiment for the task '{trials.task}'; there is one for {', '.join(SHOWS)}")
    where = f"the design '{trials.task}'"
    check_columns([*(str(name) for name in trials.table.columns), *RESULTS], where)
    for participant in trials.table["participant"].unique():
        check_participant(participant, where)
    known = set(stimuli.table["stim_id"])
    for number, row in enumerate(trials.table[STIM_COLUMNS].to_dict("records"), 1):
        shown = [stim_id for stim_id in row.values() if stim_id]
        strange = [stim_id for stim_id in shown if stim_id not in known]
        if strange or not all(row[name] for name in STIM_COLUMNS[: SHOWS[trials.task]]):
            what = f"shows '{strange[0]}', which is not in {stimuli.folder}" if strange else f"has only {len(shown)}"
            raise DataError(f"trial {number} of the design {what}; a design belongs to the set that it was made for")
    table = of_set(trials.table, stimuli)
    if trials.task == "adjustment":
        # What is right is a number there.
        table["correct"] = pd.to_numeric(table["correct"], errors="coerce")
    rows = [[cell_of(value) for value in row] for row in table.astype(object).to_numpy().tolist()]
    return {"task": trials.task, "columns": [str(name) for name in table.columns], "rows": rows}


def script(name: str, value: Any) -> bytes:
    """`var name = …;` in ASCII that ends neither a line nor the <script> that it may come to stand in."""
    text = json.dumps(value, allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return f"var {name} = {text};\n".encode("ascii")


def versions() -> dict[str, str]:
    """Package to version of the builds in vendor/."""
    record = json.loads((PACKAGE / "vendor" / "versions.json").read_text(encoding="utf-8"))
    return {entry["package"]: entry["version"] for entry in record["files"]}
