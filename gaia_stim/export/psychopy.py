"""PsychoPy: an experiment for Builder, one for Coder, the conditions as CSV and XLSX and the pictures beside them."""

from pathlib import Path

from gaia_stim.export.folder import starter, task_record, write_readme
from gaia_stim.export.formats import xlsx_bytes
from gaia_stim.export.psyexp import EXPERIMENT, write_experiment
from gaia_stim.export.settings import Presentation, is_of_chains, presentation, write_presentation
from gaia_stim.export.trial_screens import screen_of
from gaia_stim.files import write_bytes, write_json
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None, *, how: Presentation | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    how = how or presentation(stimuli, trials)
    screen = screen_of(stimuli, trials, how, "psychopy")
    table, size = write_experiment(stimuli, folder, trials, how, screen)
    write_bytes(folder / "conditions.xlsx", xlsx_bytes(table))
    write_json(folder / "task.json", task_record(stimuli, trials, size) | screen.record())
    write_presentation(how, folder)
    write_bytes(folder / "experiment.py", starter("psychopy.py.txt"))
    adaptive = trials is not None and bool(trials.record.get("procedure"))
    chains = is_of_chains(trials)
    if adaptive:
        # Builder's loop would show the list as it stands.
        (folder / EXPERIMENT).unlink()
        name = "psychopy_chain.py.txt" if chains else "psychopy_adaptive.py.txt"
        write_bytes(folder / "adaptive.py", starter(name))
    steps = [
        *(_CHAINS if chains else _ADAPTIVE if adaptive else _FIXED),
        "`gaia-stim scale data/` makes a scale of the answers to mlds, 2afc, constant or identification.",
        *_on_the_screen(how),
        *([] if adaptive else [_OWN]),
    ]
    write_readme(folder, "PsychoPy", stimuli, trials, steps, len(table.rows))


def _on_the_screen(how: Presentation) -> list[str]:
    """What has to be done about the screen before sizes and light are what they are said to be."""
    settings = how.settings
    sized = (
        "Pictures are shown a whole number of times larger, in pixels."
        if settings.degrees is None
        else f"Pictures are {settings.degrees:g} degrees large: tell PsychoPy's Monitor Center how wide your screen is "
        f"(in cm and in pixels) and that eyes are {settings.distance_cm:g} cm away, in the monitor `testMonitor`; "
        "for `experiment.py`, measure how wide your screen is and write it there as `SCREEN_CM`."
    )
    light = (
        f"Pictures are made for a display that is {settings.display}. PsychoPy changes nothing of it as long as the "
        "monitor has no gamma calibration of its own in Monitor Center: show them on such a display as they are."
    )
    return [sized, light]


_FIXED = (
    f"Open `{EXPERIMENT}` in PsychoPy's Builder and press the green arrow; everything in it can be changed there.",
    "Or, without Builder, open `experiment.py` in Coder and run it (or `python experiment.py p01`); what it shows "
    "and says stands in `settings.json` and `texts.json`.",
    "Both ask who takes part (p01 …), show every row, take a key, and write `data/PARTICIPANT_TIME.csv`: all "
    "columns, `response`, `rt` (s). Escape ends them early, and what was answered is kept.",
)
_ADAPTIVE = (
    "Open `experiment.py` in Coder and run it (or `python experiment.py p01`); what it shows and says stands in "
    "`settings.json` and `texts.json`.",
    "The next stimulus depends on the answers: `adaptive.py` asks PsychoPy's own StairHandler or QuestPlusHandler "
    "(which needs the package questplus; PsychoPy brings it). There is no Builder file, for its loops follow a list.",
    "It asks who takes part (p01 …), and writes `data/PARTICIPANT_TIME.csv`, a row a trial that was shown: all "
    "columns, `response`, `rt` (s). Escape ends it early, and what was answered is kept.",
)
_CHAINS = (
    "Start the server with the design: `gaia-stim serve TARGET --design DESIGN`, with `--vectors` where the chains "
    "move along attributes. It writes a token for each participant into `serve.participants.csv`.",
    "Run `python experiment.py p01 TOKEN`, or open `experiment.py` in Coder, which asks for both; what it shows and "
    "says stands in `settings.json` and `texts.json`.",
    "Each answer is kept by the server before the next trial begins: run again, it goes on where the chain was. While "
    "the server is away that is said, and tried again. `data/PARTICIPANT_TIME.csv` has a row a trial as well, and "
    "`gaia-stim chain TARGET --chain 1` makes a stimulus set of a chain, with its table.",
)
_OWN = (
    "For an experiment of your own: `conditions.csv` (or `conditions.xlsx`) for a loop; where there are several "
    "participants, `$'conditions_' + expInfo['participant'] + '.csv'` is one's."
)
