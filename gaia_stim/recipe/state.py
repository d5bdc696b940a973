"""Whether a job has to be done, and why: its options, what it reads, the model and the version, by their hashes."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import gaia_stim
from gaia_stim.config import MediaConfig, Role
from gaia_stim.names import BUILT_IN, IMAGE_SUFFIXES, LICENCE_TABLES
from gaia_stim.recipe.contents import Contents
from gaia_stim.recipe.graph import Job
from gaia_stim.recipe.plan import BUILT_IN_NAME, Recipe
from gaia_stim.recipe.records import Record, Records, now

TOLD = 3


@dataclass(frozen=True)
class Wanted:
    """What decides the result of a job, as it is now."""

    options: dict[str, Any]
    inputs: dict[str, str | None]
    threads: int | None

    @classmethod
    def of(cls, job: Job, recipe: Recipe, contents: Contents) -> "Wanted":
        """Hash what the job reads; all that it needs must be there."""
        builtin = str(BUILT_IN)
        asked = {"out", *job.config.fields(Role.ASKING)}
        dumped = job.config.model_dump(mode="json", by_alias=True, exclude=asked)
        options = {name: BUILT_IN_NAME if value == builtin else value for name, value in dumped.items()}
        paths = {one.path: BUILT_IN_NAME if one.path == builtin else one.path for one in job.inputs}
        inputs = {name: contents.hash(path) for path, name in paths.items()}
        for table in dict.fromkeys(table for path in paths for table in _licences(path)):
            if found := contents.hash(table):
                inputs[table] = found
        return cls(options, inputs, recipe.threads)

    def record(self, job: Job, contents: Contents, seconds: float) -> Record:
        """What is remembered of the job once it is done."""
        return Record(
            step=job.id,
            do=job.verb,
            out=job.out,
            gaia_stim=gaia_stim.__version__,
            threads=self.threads,
            options=self.options,
            inputs=self.inputs,
            output=contents.hash(job.out),
            files=contents.files(job.out),
            seconds=round(seconds, 3),
            finished=now(),
        )


@dataclass(frozen=True)
class Reason:
    """Why a job has to be done."""

    text: str
    anew: bool = False
    """Whether what is there is to be replaced even where it answers the same request."""


def reason(job: Job, wanted: Wanted, records: Records, contents: Contents) -> Reason | None:
    """Why the job has to be done; None where it is done."""
    record = records.get(job.id)
    if record is None:
        return Reason("was interrupted" if records.was_begun(job.id) else "new")
    if changes := [*_changes(record, wanted, job)]:
        more = f", and {len(changes) - TOLD} more" if len(changes) > TOLD else ""
        return Reason(f"changed: {', '.join(changes[:TOLD])}{more}")
    if changed := contents.changed(job.out, record.files) if record.files else job.out:
        return Reason(f"{changed} was changed since, or is gone", anew=not job.step.is_lasting)
    media = job.config.media(job.out) if isinstance(job.config, MediaConfig) else []
    if gone := [path for path in media if contents.hash(path) is None]:
        return Reason(f"{gone[0]} is gone")
    if record.gaia_stim != gaia_stim.__version__ and not job.step.is_lasting:
        return Reason(f"gaia-stim {record.gaia_stim} → {gaia_stim.__version__}", anew=True)
    return None


def _licences(path: str) -> list[str]:
    """The tables that may tell the licence of an image: read with it, though no option names them."""
    image = PurePosixPath(path)
    if image.suffix.lower() not in IMAGE_SUFFIXES:
        return []
    return [str(folder / name) for folder in (image.parent, image.parent.parent) for name in LICENCE_TABLES]


def _changes(record: Record, wanted: Wanted, job: Job) -> list[str]:
    before, after = record.options, wanted.options
    changes = [
        f"{name} {_word(before.get(name))} → {_word(after.get(name))}"
        for name in dict.fromkeys([*after, *before])
        if before.get(name) != after.get(name)
    ]
    # An option that names another file is told already; without that, a table of licences has come or gone.
    paths = [path for path in wanted.inputs if path in record.inputs] if changes else {**wanted.inputs, **record.inputs}
    changes += [f"input {path}" for path in paths if record.inputs.get(path) != wanted.inputs.get(path)]
    if record.threads != wanted.threads:
        changes.append(f"threads {_word(record.threads)} → {_word(wanted.threads)}")
    if record.out != job.out:
        changes.append(f"out {record.out} → {job.out}")
    return changes


def _word(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} values" if len(value) > TOLD else f"[{', '.join(map(str, value))}]"
    return "nothing" if value is None else str(value)
