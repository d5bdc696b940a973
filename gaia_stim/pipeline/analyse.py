"""What has no scale: d', bias and spread of adjustments, a map of triplets, as a table and a figure."""

from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import AnalyseConfig
from gaia_stim.designs import ANALYSES
from gaia_stim.designs.analysis import FIGURE, TABLE, fill_folder
from gaia_stim.designs.responses import check_task, read_results, request_of
from gaia_stim.events import Listener, silent
from gaia_stim.outputs import Kind, made_once
from gaia_stim.stimuli.sets import StimulusSet

ANALYSIS = Kind("analysis", "analysis.json", verb="analyse")


@dataclass(frozen=True)
class AnalyseResult:
    """Where table and figure are, and what all answers together say."""

    out: Path
    task: str
    trials: int
    participants: int
    table: Path
    plot: Path
    figures: dict[str, float]


def analyse(config: AnalyseConfig, listen: Listener = silent) -> AnalyseResult:
    """Analyse the answers to one task about one set. Raises `DataError` where results cannot be read or are of several
    sets, `ConfigError` where they are of several tasks and none is named.
    """
    check_task(config.task, ANALYSES)
    results = read_results(config.responses, config.keys)
    stimuli = StimulusSet.open(config.stimuli) if config.stimuli else None
    record = made_once(
        config.out,
        ANALYSIS,
        request_of(config, results, stimuli),
        lambda staging: fill_folder(staging, config, results, stimuli, listen),
        force=config.force,
        listen=listen,
    )
    return AnalyseResult(
        config.out,
        record["task"],
        record["trials"],
        record["participants"],
        config.out / TABLE,
        config.out / FIGURE,
        record["figures"],
    )
