"""lab.js: a table for the loop's grid, and the pictures for its files."""

from pathlib import Path

from gaia_stim.export.folder import copy_pictures, write_conditions, write_readme
from gaia_stim.export.linter import image_columns, table_of
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    table = table_of(stimuli, trials)
    copy_pictures(stimuli, folder)
    names = write_conditions(table, folder)
    image = image_columns(table)[0]
    steps = [
        "In lab.js's builder, add a Loop and a component inside it.",
        f"Open the loop's Content, and load `{names[-1]}` with the arrow above the grid (Import CSV).",
        "Set a column's type to numeric where it has numbers, as `alpha`; all others stay text.",
        "Study menu, Files: add all of `stimuli/`, keeping the folder's name in the paths.",
        f"In a canvas screen, add an image; its source is `${{ this.parameters.{image} }}`.",
        "In a design's order: turn the loop's shuffling off.",
        "lab.js stores every parameter of a trial beside `response` and `duration`.",
        "Download the study as offline data, or for JATOS, Qualtrics or a server of your own.",
    ]
    write_readme(folder, "lab.js", stimuli, trials, steps, len(table.rows))
