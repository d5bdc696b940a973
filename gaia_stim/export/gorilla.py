"""Gorilla: spreadsheets for both of its task builders, and pictures under flat names.

Gorilla is a service: nothing of it can be run here. The format is checked against its documentation alone.
"""

from pathlib import Path

from gaia_stim.export.folder import copy_pictures, write_conditions, write_readme
from gaia_stim.export.linter import flat_name, image_columns, table_of
from gaia_stim.stimuli.manifest import STIMULI
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials

DISPLAY = "trial"
"""What the screen that is shown again and again is called in the task."""


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    table = table_of(stimuli, trials)
    images = image_columns(table)
    rows = table.changed(images, flat_name)
    display = [DISPLAY] * len(rows.rows)
    # A design has its order; a set alone is shuffled.
    shuffled = [1 if trials is None else None] * len(rows.rows)
    first = rows.with_column("display", display).with_column("randomise_trials", shuffled)
    copy_pictures(stimuli, folder)
    tb1 = write_conditions(first.with_column("randomise_blocks", [None] * len(rows.rows)), folder, "task_builder_1")
    tb2 = write_conditions(rows.with_column("Display", display), folder, "task_builder_2")
    steps = [
        "NOT tried on Gorilla itself, which cannot be run outside its service: preview the task first.",
        f"Task Builder 2: make a display named `{DISPLAY}` with an Image and a Keyboard Response object.",
        f"Spreadsheet tab, Upload: `{tb2[-1]}`." + (" A file for each participant." if len(tb2) > 1 else ""),
        f"Stimuli tab, Upload: all files in `{STIMULI}/` (Gorilla has no folders; cells name the files alone).",
        f"Bind the Image object to the spreadsheet column `{images[0]}`.",
        f"Task Builder 1: the same with `{tb1[-1]}`; in its image zone, `$" + images[0] + "`.",
        "`randomise_trials` is 1 where the order is free; empty where a design has set it.",
        "Every column of the spreadsheet comes back in Gorilla's results.",
    ]
    write_readme(folder, "Gorilla", stimuli, trials, steps, len(table.rows))
