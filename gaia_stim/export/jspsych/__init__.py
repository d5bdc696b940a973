"""A jsPsych 8 experiment as a folder that runs by opening its index.html: no server, no network, nothing to install.

What is shown and how is JavaScript (`assets/`), with jsPsych's own builds beside it (`vendor/`). What is written here
is data: the set as `stimuli.js`, a design as `trials.js`, words and settings, which a lab member edits, as `texts.js`
and `settings.js`, and as `study.js` which of them this is and where its results go. A page opened from a file cannot
fetch, so all are scripts, and as such inert: JSON in ASCII in which no `<` stands.
"""

import json
import re
import tempfile
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pandas as pd

import gaia_stim
from gaia_stim.cells import guarded
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export.folder import SHOWN_PIXELS, copy_pictures, write_readme
from gaia_stim.export.jspsych import jatos
from gaia_stim.export.jspsych.smooth import Slider
from gaia_stim.export.linter import cell_of, check_columns, check_id, check_participant
from gaia_stim.export.masks import mask_path, write_masks
from gaia_stim.export.settings import PageSettings, Presentation, as_json, is_of_chains, presentation
from gaia_stim.files import hash_bytes, write_bytes, write_json
from gaia_stim.stimuli.continuum import along, is_wheel
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
    "mcmcp": 2,
    "gsp": 1,
}
"""The tasks that experiment.js can run, and how many stimuli a trial of each has at least."""
RESULTS = [
    *("response", "rt", "correct_response", "response_stim", "key", "started", "device_pixels", "stacked", "resumes"),
    *("shown_ms", "shown_frames", "first_ms", "fixation_ms", "frame_ms", "fullscreen_exits", "window_px", "screen_px"),
    *("pixel_ratio", "browser", "exported_by", "degrees", "distance_cm", "pixels_a_cm"),
    *("slider", "trial_list", "trial_list_by", "prolific_pid", "study_id", "session_id", "worker_id", "simulated"),
    *("chain_trial", "dimension", "answer"),
]
"""What the results have beside the columns of the design."""
ABOUT_SETTINGS = """\
// How trials are shown, for you to change; --force keeps what you changed. What you take out is as it was exported.
// Times in ms, sizes in degrees of visual angle, lengths in cm; null: none, or no limit. docs/jspsych.md has each.
"""
ABOUT_TEXTS = """\
// All that participants read, for you to change (HTML is welcome); --force keeps what you changed. {next} and the like
// are filled in. `stacked` is read where the pictures of a trial stand one above the other, in windows that are narrow.
"""
DATAPIPE = "https://pipe.jspsych.org/api/"
CHANGES = "Words stand in `texts.js`, sizes, times and keys in `settings.js`; change them and reload the page."
PACKAGE = files("gaia_stim.export.jspsych")


def write(
    stimuli: StimulusSet,
    folder: Path,
    trials: Trials | None = None,
    *,
    how: Presentation | None = None,
    online: str = "none",
    complete: str | None = None,
    slider: Slider | None = None,
) -> None:
    """Fill a folder with the experiment: the design's where there are trials, else three small tasks to choose from.

    `online` is where its results go: `none`, `jatos` or `datapipe:ID`; for JATOS the folder has a study archive and not
    the experiment itself. `complete` is the address that participants are sent to once their results are saved.
    `slider` makes what one without steps needs (`jspsych.smooth`).

    Raises `DataError` where a name cannot be exported, a picture was changed or a trial shows what is not in the set,
    and `ConfigError` for a task that the experiment does not know, and for `complete` without a server to save.
    """
    kind, _, experiment = online.partition(":")
    if complete and kind == "none":
        raise ConfigError(
            "--complete: nobody is sent on before the results are saved, and of a file in the downloads folder a page "
            "cannot know; add --online jatos or --online datapipe:ID"
        )
    if slider and trials is not None and trials.task != "adjustment":
        raise ConfigError(f"--slider smooth: only adjustment has a slider, not {trials.task}; leave it out")
    if kind != "none" and is_of_chains(trials):
        raise ConfigError(
            "--online: a chain's server keeps its answers, and whoever takes part has an address of their own with a "
            "token in it; leave it out, and put the folder on any web server"
        )
    for row in stimuli.rows():
        check_id(row.stim_id, str(stimuli.folder))
    server = {"kind": kind, "experiment": experiment, "url": DATAPIPE, "complete": complete}
    how = how or presentation(stimuli, trials)
    if kind == "jatos":
        with tempfile.TemporaryDirectory(dir=folder) as unpacked:
            study_id = _write_experiment(stimuli, Path(unpacked), trials, how, server, slider)
            about = jatos.study(_name(stimuli, trials), study_id, complete)
            jatos.write_archive(Path(unpacked), folder / f"{about['data']['dirName']}.jzip", about)
    else:
        _write_experiment(stimuli, folder, trials, how, server, slider)
    rows = len(stimuli) if trials is None else len(trials)
    write_readme(folder, "jsPsych", stimuli, trials, [*_steps(stimuli, trials, kind), _on_display(how)], rows)


def _write_experiment(
    stimuli: StimulusSet,
    folder: Path,
    trials: Trials | None,
    how: Presentation,
    server: dict[str, Any],
    slider: Slider | None,
) -> str:
    """The page and all that it loads; returns the id of set and design together."""
    listed = None if trials is None else trial_list(trials, stimuli)
    shown = stimulus_list(stimuli, *copy_pictures(stimuli, folder))
    if how.settings.mask != "none":
        write_masks(how.settings.mask, stimuli, folder)
        for one in shown["timeline_variables"]:
            one["mask"] = mask_path(one["stim_id"])
    write_json(folder / "stimuli.json", shown)
    data = {"stimuli": script("stimuli", shown), "trials": script("trials", listed)}
    if slider and (drawn := slider(stimuli)) is not None:
        data["smooth"] = script("smooth", drawn)
    study_id = hash_bytes(b"".join(data.values()))
    data.setdefault("smooth", script("smooth", None))
    again: Literal["restart", "block"] = "restart" if server["kind"] == "none" else "block"
    settings = as_json(PageSettings(**how.settings.model_dump(), completed_session=again))
    texts = as_json(how.texts)
    known = {"id": study_id, "version": gaia_stim.__version__, "online": server, "settings": settings, "texts": texts}
    data["study"] = script("study", known)
    data["settings"] = script("settings", settings, ABOUT_SETTINGS)
    data["texts"] = script("texts", texts, ABOUT_TEXTS)
    for name, content in data.items():
        write_bytes(folder / f"{name}.js", content)
    for shipped, place in (("assets", folder), ("vendor", folder / "jspsych")):
        for file in (PACKAGE / shipped).iterdir():
            write_bytes(place / file.name, file.read_bytes())
    page = (folder / "index.html").read_text(encoding="utf-8")
    loaded = f"    {jatos.SCRIPT}\n" if server["kind"] == "jatos" else ""
    write_bytes(folder / "index.html", page.replace("    <!-- jatos -->\n", loaded).encode())
    return study_id


def _name(stimuli: StimulusSet, trials: Trials | None) -> str:
    """What a study is called on a server, by letters that no server changes."""
    words = f"{stimuli.name}_{trials.task if trials else 'tasks'}"
    return re.sub(r"[^A-Za-z0-9_-]+", "_", words).strip("_")[:80] or "study"


def _steps(stimuli: StimulusSet, trials: Trials | None, kind: str) -> list[str]:
    lists = 0 if trials is None else trials.table["participant"].nunique()
    if is_of_chains(trials):
        return [*_of_a_chain(), CHANGES]
    steps = {
        "none": lambda: _on_a_computer(trials),
        "jatos": lambda: _on_jatos(stimuli, trials) + _of_participants(lists),
        "datapipe": lambda: _with_datapipe(lists) + _of_participants(lists),
    }
    return [
        *steps[kind](),
        "`gaia-stim scale RESULTS.csv` makes a scale of the answers to mlds, 2afc, constant or identification.",
        f"jsPsych {versions()['jspsych']} and its plugins (MIT) are in `jspsych/`, with their licences; please cite "
        "https://doi.org/10.21105/joss.05351.",
    ]


def _on_display(how: Presentation) -> str:
    """What a browser can say of light."""
    display = how.settings.display
    if display == "srgb":
        return "A browser takes the files for sRGB; luminances hold on a display that is set to sRGB, and for no other."
    return (
        f"The files are for a display of {display}. A browser takes them for sRGB: luminances hold only where the "
        "display itself was set so, with its colour profile off."
    )


def _on_a_computer(trials: Trials | None) -> list[str]:
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
        "`rt` (s), `correct_response` (1 or 0). Until then the browser keeps them: after a reload or a crash the same "
        "participant goes on at the next trial.",
        f"To try it without anybody, add `?participant=1{task}&simulate=visual`; those results are marked.",
        CHANGES,
        "Online: export with `--online jatos` or `--online datapipe:ID`. On any other web server results go to the "
        "participant's downloads, unless `send` in `experiment.js` sends them.",
    ]


def _of_a_chain() -> list[str]:
    return [
        "Start the server with the design: `gaia-stim serve TARGET --design DESIGN`, with `--vectors` where the chains "
        "move along attributes. It writes a token for each participant into `serve.participants.csv`.",
        "Open `index.html?participant=p01&token=…` with p01's token, from a file on the same machine or from any web "
        "server (then start the server with `--allow-origin https://that.server`, too).",
        "Each answer is kept by the server before the next trial begins, and by the browser until then; after a reload "
        "or a crash the same address goes on where the chain was. While the server is away the page says so and waits.",
        "At the end the page saves a row a trial to the downloads folder as CSV, as well; `gaia-stim chain TARGET "
        "--chain 1` makes a stimulus set of a chain, with its table.",
    ]


def _on_jatos(stimuli: StimulusSet, trials: Trials | None) -> list[str]:
    return [
        f"On your JATOS server press Import Study and choose `{_name(stimuli, trials)}.jzip`.",
        "Make study links (General Single or General Multiple), and give them to Prolific, SONA or MTurk with their "
        "ids in the address.",
        "Each trial is added to the results as it is answered; at the end the whole CSV takes their place. Export the "
        "results as plain text, a file a run.",
        "Words stand in `texts.js`, sizes, times and keys in `settings.js` in the study's folder on JATOS.",
        "This archive was made after JATOS's own source (3.10) and was not run on a server: go through it once "
        "yourself.",
    ]


def _with_datapipe(lists: int) -> list[str]:
    conditions = f", and condition assignment with {lists} conditions" if lists else ""
    return [
        f"At https://pipe.jspsych.org switch on data collection for the experiment{conditions}; where data are "
        "validated, allow CSV.",
        "Put this folder on any web server that has https (GitHub Pages, say).",
        "At the end the results go to your project on OSF as CSV. Of a session that is broken off, what there is goes "
        "there as a file that ends in `_part1.csv`; DataPipe counts each file as a session.",
        CHANGES,
        "This was tried against a server that answers as DataPipe's documentation says, and not against DataPipe: go "
        "through it once yourself.",
    ]


def _of_participants(lists: int) -> list[str]:
    known = (
        "Participants are known by PROLIFIC_PID (with STUDY_ID and SESSION_ID), workerId or participant in the address "
        "(SONA: `?participant=%SURVEY_CODE%`), else by a random id; all stand in each row."
    )
    listed = (
        f"Whoever is not in the design gets one of its {lists} lists (`trial_list` in the results): a free one where "
        "`trial_list_by` says jatos or datapipe. Where it says hash the server gave none, and two people may have the "
        "same one."
    )
    sent_on = (
        "Nobody is sent on to the address of `--complete` before the results are known to be saved; where that fails "
        "five times they may try again, or save a file."
    )
    return [known, *([listed] if lists else []), sent_on]


def stimulus_list(stimuli: StimulusSet, height: int, width: int) -> dict[str, Any]:
    """What stimuli.js says: `images` to preload, and `timeline_variables` with all that the manifest knows as `data`.

    `place` is where a stimulus lies on its continuum (its alpha, else its amount); in a set that is none, from 0 to 1
    in the set's order; they stand in this order. Pictures are `height` x `width` pixels. `set_id` and `set_name` are
    as they may stand in the results; on a `wheel` the last place is beside the first.
    """
    rows = stimuli.rows()
    return {
        "name": stimuli.name,
        SET_ID: stimuli.set_id,
        SET_NAME: guarded(stimuli.name),
        "width": width,
        "height": height,
        "scale": max(1, SHOWN_PIXELS // max(height, width)),
        "wheel": is_wheel(rows),
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
    text as it may stand in a table, for so the experiment writes it into the results; and `procedure` where stimuli are
    chosen by the answers.

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
    listed = {"task": trials.task, "columns": [str(name) for name in table.columns], "rows": rows}
    procedure = trials.record.get("procedure")
    return listed | ({"procedure": procedure} if procedure else {})


def script(name: str, value: Any, about: str = "") -> bytes:
    """`var name = …;` that ends neither a line nor the <script> that it may come to stand in: in ASCII; or, to be
    edited, a line a value in UTF-8 under what there is to say `about` it."""
    text = json.dumps(value, allow_nan=False, indent=2 if about else None, ensure_ascii=not about)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return f"{about}var {name} = {text};\n".encode("utf-8" if about else "ascii")


def versions() -> dict[str, str]:
    """Package to version of the builds in vendor/."""
    record = json.loads((PACKAGE / "vendor" / "versions.json").read_text(encoding="utf-8"))
    return {entry["package"]: entry["version"] for entry in record["files"]}
