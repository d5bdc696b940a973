"""PsychoJS, PsychoPy online: the same conditions as for PsychoPy, and the list of resources that Pavlovia asks for."""

from pathlib import Path

from gaia_stim.export.folder import copy_pictures, write_conditions, write_readme
from gaia_stim.export.linter import image_columns, table_of
from gaia_stim.files import write_json
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    table = table_of(stimuli, trials)
    copy_pictures(stimuli, folder)
    names = write_conditions(table, folder)
    paths = [*names, *(row.image for row in stimuli.rows())]
    write_json(folder / "resources.json", [{"name": path, "path": path} for path in paths])
    image = image_columns(table)[0]
    steps = [
        "In PsychoPy Builder, save your experiment (.psyexp) into this folder.",
        "Add a loop with `conditions.csv` as its conditions, and an Image component whose image is `$" + image + "`.",
        "Experiment settings, Online, Additional resources: add `conditions.csv` and the whole folder `stimuli`.",
        "Export HTML, then sync to Pavlovia; in a script of your own, `resources.json` is what `psychoJS.start` takes.",
        "Keep the names as they are: they are paths relative to the experiment, with `/`.",
        "PsychoJS reads CSV with SheetJS; numbers are numbers there, and no text becomes a date.",
        "Do not save `conditions.csv` from a spreadsheet program: it would guess types of its own.",
    ]
    if len(names) > 1:
        steps.insert(2, "One participant's trials, in their order: `$'conditions_' + expInfo['participant'] + '.csv'`.")
    write_readme(folder, "PsychoJS (Pavlovia)", stimuli, trials, steps, len(table.rows))
