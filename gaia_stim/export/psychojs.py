"""PsychoJS, PsychoPy online: the same experiment and conditions as for PsychoPy, for Builder to put on Pavlovia."""

from pathlib import Path

from gaia_stim.errors import ConfigError
from gaia_stim.export.folder import write_readme
from gaia_stim.export.psyexp import EXPERIMENT, write_experiment
from gaia_stim.export.settings import Presentation, presentation
from gaia_stim.export.trial_screens import screen_of
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None, *, how: Presentation | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    how = how or presentation(stimuli, trials)
    if how.settings.degrees is not None:
        raise ConfigError("--degrees: a browser knows no degrees in PsychoJS; leave it out, or export for jspsych")
    screen = screen_of(stimuli, trials, how, "psychojs")
    table, _ = write_experiment(stimuli, folder, trials, how, screen)
    steps = [
        f"Open `{EXPERIMENT}` in PsychoPy's Builder, in this folder; try it there with the green arrow.",
        "Press Sync to put it on Pavlovia, then Pilot, then Run; all resources are in the experiment's settings.",
        "Give Prolific or SONA the address with `?participant=…`. Whoever is not in the design (p01 …) gets one of its "
        "lists, which two people may share.",
        "Each row of the results has all columns, `response`, `rt` (s) and PsychoJS's own; Pavlovia saves them as CSV.",
        "Its script was written by PsychoPy itself and read by node; Pavlovia was not tried: pilot it once.",
        "In a script of your own, `resources.json` is what `psychoJS.start` takes. Keep the names as they are.",
        "Do not save `conditions.csv` from a spreadsheet program: it would guess types of its own.",
    ]
    write_readme(folder, "PsychoJS (Pavlovia)", stimuli, trials, steps, len(table.rows))
