"""The last metre: a stimulus set as the folder that an experiment program takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import ExportConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.designs.collecting import collected
from gaia_stim.designs.responses import read_results
from gaia_stim.errors import ConfigError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.export import ANSWERED, EXPORTERS, PRESENTED
from gaia_stim.export.answers import answers_about
from gaia_stim.export.jspsych.smooth import slider_of
from gaia_stim.export.settings import EDITABLE, Presentation, check_adaptive, check_options, presentation, warnings
from gaia_stim.files import hash_file
from gaia_stim.outputs import Kind, made_once
from gaia_stim.stimuli.sets import MANIFEST, PROVENANCE, StimulusSet, beside
from gaia_stim.stimuli.trials import DESIGN, TRIALS, Trials, read_trials
from gaia_stim.tables import look_up

EXPORTED = Kind("export", "export.json", editable=EDITABLE)


@dataclass(frozen=True)
class ExportResult:
    """Where the folder is, and what is in it."""

    out: Path
    program: str
    stimuli: int
    trials: int | None
    readme: Path


def export(config: ExportConfig, listen: Listener = silent) -> ExportResult:
    """Write a set for an experiment program.

    Raises `ConfigError` for an unknown program, for options that do not belong to it and where the folder holds
    something else; `DataError` where set or design is none, was changed, or has names that a program cannot take.
    """
    writer = look_up(EXPORTERS, "program", config.to)
    if config.images_in_mat:
        if config.to != "psychtoolbox":
            raise ConfigError(f"--images-in-mat: only psychtoolbox has a .mat; leave it out for {config.to}")
        writer = partial(writer, images=True)
    if config.to == "jspsych":
        slider = slider_of(config, listen)
        writer = partial(writer, online=config.online, complete=config.complete, slider=slider)
    elif config.online != "none" or config.complete or config.slider != "steps":
        option = "--online" if config.online != "none" else "--complete" if config.complete else "--slider smooth"
        raise ConfigError(f"{option}: only jspsych has that; leave it out for {config.to}")
    check_options(config.to, config)
    answers = None
    stimuli = StimulusSet.open(config.stimuli)
    if config.results is not None:
        if config.to not in ANSWERED:
            raise ConfigError(f"--results: only {' and '.join(sorted(ANSWERED))} have answers; leave it out")
        answers = read_results([config.results])
        table, notes = collected(answers)
        own, others = answers_about(stimuli, table)
        writer = partial(writer, answers=own)
        for note in (*notes, *others):
            listen(Note(note))
    trials = None if config.design is None else read_trials(config.design, stimuli)
    check_adaptive(config.to, trials)
    how = presentation(stimuli, trials, config)
    if config.to in PRESENTED:
        writer = partial(writer, how=how)
    out = config.out or beside(config.stimuli, f"_{config.to}")
    request = _request(config, stimuli, how) | ({"results": list(answers.hashes)} if answers else {})

    def make(staging: Path) -> dict[str, Any]:
        writer(stimuli, staging, trials)
        return _about(request, stimuli, trials, how)

    made_once(out, EXPORTED, request, make, force=config.force, needed=partial(_size, stimuli), listen=listen)
    for text in warnings(out, how, config, stimuli) if config.to in PRESENTED else ():
        listen(Note(text, warning=True))
    return ExportResult(out, config.to, len(stimuli), None if trials is None else len(trials), out / "README.md")


def _size(stimuli: StimulusSet) -> int:
    """The bytes of a set's pictures and its table: what an export takes, and a little more."""
    return sum((stimuli.folder / name).stat().st_size for name in (MANIFEST, *stimuli.table["image"]))


def _request(config: ExportConfig, stimuli: StimulusSet, how: Presentation) -> dict[str, Any]:
    """What decides the folder: not where set and design lie, but what is in them."""
    request: dict[str, Any] = {
        "verb": verb_of(config),
        "to": config.to,
        "images_in_mat": config.images_in_mat,
        **({"online": config.online, "complete": config.complete} if config.to == "jspsych" else {}),
        **({"slider": config.slider} if config.slider != "steps" else {}),
        "gaia_stim": gaia_stim.__version__,
        **(how.request() if config.to in PRESENTED else {}),
        "name": stimuli.name,
        "set": stimuli.manifest_hash,
    }
    if config.design is not None:
        file = config.design / TRIALS if config.design.is_dir() else config.design
        request["trials"] = hash_file(file)
        if (record := file.with_name(DESIGN)).is_file():
            request["design"] = hash_file(record)
    return request


def _about(
    request: Mapping[str, Any], stimuli: StimulusSet, trials: Trials | None, how: Presentation
) -> dict[str, Any]:
    return {
        "set": {
            "folder": str(stimuli.folder),
            "manifest_hash": request["set"],
            "provenance_hash": hash_file(stimuli.folder / PROVENANCE),
            "request": stimuli.provenance.request,
        },
        "design": None if trials is None else dict(trials.record),
        "keys": {} if trials is None else how.key_map(trials),
    }
