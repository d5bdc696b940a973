"""PsychoPy: conditions for Builder as CSV and XLSX, the pictures beside them, and a script that runs as it is."""

from pathlib import Path

from gaia_stim.export.folder import copy_pictures, starter, task_record, write_conditions, write_readme
from gaia_stim.export.formats import xlsx_bytes
from gaia_stim.export.linter import image_columns, table_of
from gaia_stim.files import write_bytes, write_json
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    table = table_of(stimuli, trials)
    size = copy_pictures(stimuli, folder)
    names = write_conditions(table, folder)
    write_bytes(folder / "conditions.xlsx", xlsx_bytes(table))
    write_json(folder / "task.json", task_record(stimuli, trials, size))
    write_bytes(folder / "experiment.py", starter("psychopy.py.txt"))
    images = [f"`${image}`" for image in image_columns(table)]
    component = "an Image component, its image" if len(images) == 1 else "an Image component for each of"
    steps = [
        "Open `experiment.py` in PsychoPy's Coder and press the green arrow (or `python experiment.py p01`).",
        "It asks who takes part, shows every row, takes a key, and writes `data/PARTICIPANT_TIME.csv`: all columns, "
        "`response`, `rt` (s).",
        "Keys, timing and size stand at the top of the script; Escape ends it early, nothing answered is lost.",
        "`gaia-stim scale data/` makes a scale of the answers to mlds, 2afc, constant or identification.",
        "Or in Builder, instead of the script: save your experiment into this folder, since paths are relative to it.",
        "Add a loop and give it `conditions.csv` (or `conditions.xlsx`) as its conditions.",
        f"Add {component} {', '.join(images)}, set every repeat; its size in pix, interpolate: nearest.",
        "For timing and light that can be relied on, calibrate the screen in PsychoPy's Monitor Center.",
    ]
    if len(names) > 1:
        of_one = "`$'conditions_' + expInfo['participant'] + '.csv'`, sequential"
        steps.insert(6, f"For one participant's trials in their order, that is {of_one}.")
    write_readme(folder, "PsychoPy", stimuli, trials, steps, len(table.rows))
