"""The human scale: fitted to the answers of an experiment, set by set, as a folder whose tables --spacing takes."""

from dataclasses import dataclass, field
from pathlib import Path

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.responses import check_task, read_results, request_of
from gaia_stim.designs.scale_record import RECORD
from gaia_stim.designs.scaling import PLOT, SUMMARY, TABLE, fill_folder
from gaia_stim.events import Listener, silent
from gaia_stim.outputs import Kind, made_once
from gaia_stim.stimuli.sets import StimulusSet

SCALE = Kind("scale", RECORD, verb="scale")
FITS = 3
"""Raised when the same answers are fitted otherwise, so that an older scale is not taken for this one."""

READ = ("pse", "jnd", "lapse", "sigma_of_a_difference", "sigma")
"""Those figures are for the terminal, the first that there are; all stand in the summary, scale.json and --json."""


@dataclass(frozen=True)
class OneScale:
    """What was fitted to whose answers about which set."""

    set: str
    set_id: str = field(metadata={"for_programs": True})
    """Empty where the results do not say it."""
    participant: str
    trials: int
    file: Path = field(metadata={"for_programs": True})
    interval: str
    """What the intervals in figures and file are about; empty without."""
    figures: dict[str, float] = field(metadata={"for_people": READ})


@dataclass(frozen=True)
class ScaleResult:
    """Where the scales are, and how good they are."""

    out: Path
    task: str
    trials: int
    participants: int
    sets: int
    scale: Path | None
    """The table that --spacing takes; where there are several sets, each has its own."""
    plot: Path | None
    """As PNG; beside it lie SVG and PDF."""
    summary: Path
    """A row for each of the scales: PSE, JND, slope, rates, and their intervals."""
    scales: list[OneScale]


def scale(config: ScaleConfig, listen: Listener = silent) -> ScaleResult:
    """Fit the scale of each continuum that results are of, and write tables, a record and plots.

    Raises `DataError` where results cannot be read, are of another set, or no scale can be fitted to them,
    `ConfigError` where the folder holds something else, or the results are of several tasks and none is named.
    """
    check_task(config.task)
    results = read_results(config.responses, config.keys)
    stimuli = StimulusSet.open(config.stimuli) if config.stimuli else None
    record = made_once(
        config.out,
        SCALE,
        {"fits": FITS, **request_of(config, results, stimuli)},
        lambda staging: fill_folder(staging, config, results, stimuli, listen),
        force=config.force,
        listen=listen,
    )
    scales = [
        OneScale(
            one["set"],
            one["set_id"],
            one["participant"],
            one["trials"],
            config.out / one["file"],
            one.get("interval", ""),
            one["figures"],
        )
        for one in record["scales"]
    ]
    is_one = record["sets"] == 1
    return ScaleResult(
        config.out,
        record["task"],
        record["trials"],
        record["participants"],
        record["sets"],
        config.out / TABLE if is_one else None,
        config.out / PLOT if is_one else None,
        config.out / SUMMARY,
        scales,
    )
