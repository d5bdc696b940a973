"""Making a set again from its provenance, and saying what differs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaia_stim.config import RemakeConfig
from gaia_stim.devices import build
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.outputs import stands
from gaia_stim.space.opening import open_space_by_hash
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.provenance import Provenance
from gaia_stim.stimuli.remaking import (
    Change,
    Difference,
    differences,
    different_files,
    made_again,
    threads_as_then,
    with_sources,
)
from gaia_stim.stimuli.sets import PROVENANCE, SET, StimulusSet, beside


@dataclass(frozen=True)
class RemakeResult:
    """Where the set is that was made again, and how it compares."""

    out: Path
    stimuli: int
    model: Path
    compared_with: Path | None
    identical: bool | None
    """Whether every file is the same, byte for byte; None where there was nothing to compare with."""
    different: list[Difference]
    different_files: list[str]
    """Others than the stimuli."""
    changed_build: list[Change]


def remake(config: RemakeConfig, listen: Listener = silent) -> RemakeResult:
    """Make a set again from its provenance and compare it with what is there.

    Raises `DataError` where the provenance is damaged or an image that is needed is gone, `CheckpointError` where the
    model is not found, `ConfigError` where the folder holds something else.
    """
    is_set = config.target.is_dir()
    given = StimulusSet.open(config.target) if is_set else None
    if given:
        given.rows()  # a manifest that is damaged, or leads elsewhere, is refused before anything is made
    record = given.provenance if given else _read(config.target)
    provenance = record.as_written
    plan = Plan.from_json(provenance["plan"])
    if config.size == "model":
        record = _without_photographs(record)
    out = config.out or beside(config.target if is_set else config.target.parent, "_remade")
    if out.resolve() in (config.target.resolve(), config.target.resolve().parent):
        raise ConfigError(f"{out}: is the set itself; give another --out")
    space = open_space_by_hash(config.target, record.model.model_hash, Path(record.model.run), config.model, listen)
    if plan.codes.shape[1] != space.latent:
        raise DataError(f"{config.target}: its codes have {plan.codes.shape[1]} numbers, the model's {space.latent}")
    with threads_as_then(record.threads):
        now = build()
        plan = plan.uncarried(space) if config.size == "model" else plan
        if stands(out, SET, record.request, force=config.force):
            listen(Note(f"{out} holds this very set already: only compared"))
            made = StimulusSet.open(out)
        else:
            plan = with_sources(plan, record.sources, space, config.images)
            made = made_again(out, plan, space, {**provenance, **now}, record, listen)
    different = differences(given, made) if given else []
    files = different_files(given.folder, made.folder) if given else []
    changes = [
        Change(name, str(provenance[name]), str(value))
        for name, value in now.items()
        if name in provenance and provenance[name] != value
    ]
    for text in _say(given, different, files, changes):
        listen(Note(text, warning=True))
    identical = None if given is None else not (different or files)
    return RemakeResult(
        out, len(made), space.run, given.folder if given else None, identical, different, files, changes
    )


def _without_photographs(record: Provenance) -> Provenance:
    """The same set as it was asked for with the model's own pictures."""
    steps = [step.model_copy(update={"made_of": _uncarried(step.made_of)}) for step in record.processing]
    return record.model_copy(update={"request": _uncarried(record.request), "processing": tuple(steps)})


def _uncarried(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != "carried"}


def _read(path: Path) -> Provenance:
    if not path.is_file():
        raise DataError(f"{path}: no such stimulus set or provenance.json")
    return Provenance.read(path)


def _say(
    given: StimulusSet | None, different: list[Difference], files: list[str], changes: list[Change]
) -> Iterator[str]:
    if given and different:
        yield f"{len(different)} of {len(given)} stimuli are not the same"
    elif given and (others := [name for name in files if name not in (PROVENANCE,)]):
        yield f"all stimuli are the same, but not {', '.join(others)}"
    if changes and (different or given is None):
        told = "; ".join(f"{change.what} {change.then}, now {change.now}" for change in changes)
        yield f"the build is not the same: {told}"
