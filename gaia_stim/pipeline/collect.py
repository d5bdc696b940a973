"""The results of every program and participant as one tidy table."""

from dataclasses import dataclass
from pathlib import Path

from gaia_stim.cells import frame_csv
from gaia_stim.config import CollectConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.designs.collecting import collected
from gaia_stim.designs.responses import read_results
from gaia_stim.events import Listener, Note, silent
from gaia_stim.outputs import Kind, file_once

TABLE = Kind("collected table")


@dataclass(frozen=True)
class CollectResult:
    """Where the table is, and of what."""

    out: Path
    trials: int
    participants: int
    tasks: list[str]
    programs: list[str]


def collect(config: CollectConfig, listen: Listener = silent) -> CollectResult:
    """Write all trials there are answers to as one CSV. Raises `DataError` where results cannot be read."""
    results = read_results(config.responses, config.keys)
    table, notes = collected(results)
    for note in notes:
        listen(Note(note))
    request = {"verb": verb_of(config), "options": config.request(), "responses": list(results.hashes)}
    file_once(config.out, TABLE, request, lambda: frame_csv(table), force=config.force, listen=listen)
    tasks, programs = (list(dict.fromkeys(table[name])) for name in ("task", "program"))
    return CollectResult(config.out, len(table), table["participant"].nunique(), tasks, programs)
