"""OpenSesame: everything for the file pool, which has no folders, so that pictures are named without one.

A table's `correct` becomes `correct_response`, the variable that OpenSesame scores by; its own `correct` says whether
an answer was right.
"""

from pathlib import Path

from gaia_stim.export.folder import copy_pictures, write_conditions, write_readme
from gaia_stim.export.linter import flat_name, image_columns, table_of
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials

POOL = "pool"


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    table = table_of(stimuli, trials).renamed({"correct": "correct_response"})
    images = image_columns(table)
    (folder / POOL).mkdir()
    copy_pictures(stimuli, folder / POOL, flat=True)
    names = write_conditions(table.changed(images, flat_name), folder / POOL)
    steps = [
        "Open OpenSesame with a new experiment and its file pool (Ctrl+P).",
        f"Drag everything that is in `{POOL}/` into the file pool.",
        f"Add a loop; Source: file, and `{names[-1]}` as the file"
        + ("; it is one participant's." if len(names) > 1 else "."),
        "Order: sequential for the order of a design, random for another one each time.",
        f"In the loop, a sequence of a sketchpad with an image, `{{{images[0]}}}`, a keyboard_response and a logger.",
        "Set the sketchpad's duration to 0, and the keyboard_response's allowed responses to your keys.",
        "The logger writes every column of the loop beside `response` and `response_time`.",
        "`correct_response` is what an answer is scored against; give it in the names of your keys where these differ.",
        "To keep likes apart in a random order, right-click the loop's table: constraints `maxrep`, `mindist`.",
    ]
    write_readme(folder, "OpenSesame", stimuli, trials, steps, len(table.rows))
