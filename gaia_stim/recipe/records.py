"""What a recipe has made: a record for each job, written once its result is there; and who is making it now.

OUT/.record/JOB.json    options, hashes of what was read and written, version, seconds; empty while the job is done
OUT/.record/hashes.json what was hashed before
OUT/.lock               held by the operating system for a running process: a crash lets go of it
OUT/run.json            all of it in one file, for people
"""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.files import STAGING_MARK, locked, read_json, write_json

SUMMARY = "run.json"


class Record(BaseModel):
    """A job that was done."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    step: str
    do: str
    out: str
    gaia_stim: str
    threads: int | None
    options: dict[str, Any]
    inputs: dict[str, str | None]
    """Path to hash."""
    output: str | None
    """The hash of what was made."""
    files: dict[str, str] = {}
    """The hash of each file of it."""
    seconds: float
    finished: str


class Records:
    """The records below a recipe's folder of results."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / ".record"

    @property
    def hashes(self) -> Path:
        """Where hashes are remembered."""
        return self.folder / "hashes.json"

    def _path(self, job: str) -> Path:
        # Told from hashes.json by a letter that no job's id starts with.
        return self.folder / f"_{job}.json"

    def get(self, job: str) -> Record | None:
        """The record of a job; None where it was never finished, or its record is none."""
        try:
            return Record.model_validate(read_json(self._path(job)))
        except (OSError, DataError, ValidationError):
            return None

    def was_begun(self, job: str) -> bool:
        """Whether the job was begun here by the recipe, finished or not: what is there then is its own."""
        return self._path(job).is_file()

    def begin(self, job: str) -> None:
        """Remember that the job is the recipe's own; a record from before stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path(job).touch()

    def put(self, job: str, record: Record) -> None:
        """Remember that the job is done."""
        write_json(self._path(job), record.model_dump(mode="json"))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs of the recipe away for as long as this lasts. Raises `ConfigError` where one is under way."""
        self.folder.mkdir(parents=True, exist_ok=True)
        holder = self.folder / "running.json"
        with locked(self.out) as is_ours:
            if not is_ours:
                who = _said(holder)
                raise ConfigError(f"{self.out}: another run of this recipe is at work{who}; wait for it")
            for stray in (*self.folder.glob(f"{STAGING_MARK}*"), *self.out.glob(f"{STAGING_MARK}*{SUMMARY}")):
                stray.unlink(missing_ok=True)
            write_json(holder, {"process": os.getpid(), "computer": platform.node(), "since": now()})
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)


def now() -> str:
    """The time, as it stands in records."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _said(holder: Path) -> str:
    try:
        found = read_json(holder)
        return f" (process {found['process']} on {found['computer']} since {found['since']})"
    except (OSError, DataError, KeyError, TypeError):
        return ""
