"""Post-processing: a set's pictures laid out anew and made equal, as a set of its own."""

from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import MatchConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.errors import ConfigError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file, hash_json
from gaia_stim.metrics.photometry import Display, display_of
from gaia_stim.outputs import stands
from gaia_stim.stimuli.processing.matching import Way
from gaia_stim.stimuli.processing.process import MATCHING, process
from gaia_stim.stimuli.sets import MANIFEST, SET, SHEET, StimulusSet, beside


@dataclass(frozen=True)
class Evenness:
    """How far apart the stimuli are in one respect: largest minus smallest, before and in the written files."""

    measure: str
    before: float
    after: float


@dataclass(frozen=True)
class MatchResult:
    """Where the new set is, and what was reached in its files."""

    out: Path
    stimuli: int
    size: str
    sheet: Path
    spread: list[Evenness]
    clipped_mean: float
    """Share of the foreground that was cut off at black or white."""
    clipped_most: float
    each: Path


def match(config: MatchConfig, listen: Listener = silent) -> MatchResult:
    """Process the pictures of a set and write a new one.

    Raises `DataError` where the set is none or was changed by hand, or a display's table is none, `ConfigError` where
    the folder holds something else.
    """
    given = StimulusSet.open(config.stimuli)
    out = config.out or beside(config.stimuli, "_matched")
    if out.absolute() == given.folder.absolute():
        raise ConfigError(f"{out}: is the set itself, which stays as it is; give another --out")
    way = Way(config, display_of(config.display))
    request = {
        "verb": verb_of(config),
        "options": config.processing() | _of_display(way.display),
        "set": hash_file(given.folder / MANIFEST),
        # What version 0.1 did alike is the same request.
        **({"method": way.method} if config.contrast or config.spectrum else {}),
    }
    if stands(out, SET, request, force=config.force):
        listen(Note(f"{out} holds this very set already: nothing to do"))
        made = StimulusSet.open(out)
    else:
        made = process(given, way, out, request, listen)
    first = made.picture(made.table["image"].iloc[0])[1]
    reached = made.provenance.processing[-1].reached
    return MatchResult(
        out,
        len(made),
        f"{first.shape[1]} x {first.shape[0]}",
        out / SHEET,
        [Evenness(name, figures["before"], figures["after"]) for name, figures in reached["spread"].items()],
        reached["clipped_mean"],
        reached["clipped_most"],
        out / MATCHING,
    )


def _of_display(display: Display) -> dict[str, str]:
    """A measured table is known by what is in it, wherever it lies."""
    record = display.record()
    return {} if isinstance(record, str) else {"display": hash_json(record["light"])}
