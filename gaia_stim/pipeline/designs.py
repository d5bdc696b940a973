"""Trial designs: a balanced list of trials over a stimulus set, as a folder that exporters read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import DesignConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.designs.adaptive import adaptive_table, procedure_of, task_of, told_of
from gaia_stim.designs.build import counts, find_design, trial_table
from gaia_stim.designs.chains import size_of
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.responses import Answers, Results, answers_of, read_results
from gaia_stim.events import Listener, Note, silent
from gaia_stim.export.texts import ENDS, texts_of
from gaia_stim.files import write_bytes
from gaia_stim.outputs import Kind, made_once
from gaia_stim.stimuli.continuum import axis
from gaia_stim.stimuli.sets import StimulusSet, beside
from gaia_stim.stimuli.trials import DESIGN, TRIALS, Trials, of_set, read_trials, trials_csv

TRIAL_DESIGN = Kind("design", DESIGN, parts=frozenset({TRIALS}), verb="design")


@dataclass(frozen=True)
class DesignResult:
    """Where the design is, and what each participant will see."""

    out: Path
    set: Path
    task: str
    trials: int
    participants: int
    trials_each: int
    trials_a_block: list[int]
    items: int
    trials_an_item: list[int]
    """Fewest and most of a participant; one number where these are the same."""
    right_answers: dict[str, int]
    """Of a participant; empty where no answer is right."""
    along: str
    """The column of the set's manifest that `alpha_a` … are of: alpha, amount_reached or amount; empty off a line."""
    practice: int = 0
    catch: int = 0
    """So many of `trials_each`, which the counts of items, blocks and right answers leave out."""


def design(config: DesignConfig, listen: Listener = silent) -> DesignResult:
    """Make a list of trials and write it as a folder.

    Raises `ConfigError` for an unknown task, for a set that it is not possible with, for constraints that cannot be
    kept and where the folder holds something else, `DataError` where the set is none or `after` cannot be read.
    """
    task = find_design(config)
    stimuli = StimulusSet.open(config.stimuli)
    out = config.out or beside(config.stimuli, f"_{config.kind}")
    manifest_hash = stimuli.manifest_hash
    request = {"verb": verb_of(config), "options": config.request(), "set": manifest_hash}
    results = read_results([config.after]) if config.after else None
    if results:
        request["after"] = list(results.hashes)

    names = config.names.split(",") if config.names else ENDS
    look = f"{config.kind}-triads" if config.triads else task_of(config)
    procedure = procedure_of(config, Layout.of(stimuli), size_of(stimuli.provenance.request))
    for text in told_of(procedure or {}):
        listen(Note(text, warning=True))

    def make(staging: Path) -> dict[str, Any]:
        earlier = _earlier(results, config.kind, stimuli, listen) if results else None
        layout = Layout.of(stimuli)
        table = adaptive_table(config, layout, procedure) if procedure else trial_table(task, layout, config, earlier)
        record = {
            "gaia_stim": gaia_stim.__version__,
            "request": request,
            "task": task_of(config),
            "question": config.question or texts_of(names=names).tasks[look].question,
            "answers": list(task.answers),
            "names": list(names),
            "set": {
                "id": stimuli.set_id,
                "name": stimuli.name,
                "folder": str(config.stimuli),
                "manifest_hash": manifest_hash,
            },
            "counts": counts(table),
            **({"procedure": procedure} if procedure else {}),
        }
        write_bytes(staging / TRIALS, trials_csv(Trials(task_of(config), of_set(table, stimuli), record)))
        return record

    made_once(out, TRIAL_DESIGN, request, make, force=config.force, listen=listen)
    counted = read_trials(out, stimuli).record["counts"]
    return DesignResult(out, config.stimuli, config.kind, **counted, along=axis(stimuli.rows()))


def _earlier(results: Results, task: str, stimuli: StimulusSet, listen: Listener) -> Answers:
    """The answers that the trials to come are chosen by; the listener hears what was left out."""
    [found] = answers_of(results, task, stimuli)
    for text in results.told(found.left_out):
        listen(Note(text))
    for note in found.notes:
        listen(Note(note, warning=True))
    return found
