"""The human scale: fitted to the answers of an experiment, set by set, as a folder whose tables --spacing takes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gaia_stim
from gaia_stim.cells import frame_csv
from gaia_stim.config import ScaleConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.designs import SCALES
from gaia_stim.designs.fits import Fit
from gaia_stim.designs.plot import scale_plot
from gaia_stim.designs.responses import Answers, Results, answers_of, check_task, read_results
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note, silent, tracked
from gaia_stim.files import write_bytes
from gaia_stim.images import write_png
from gaia_stim.outputs import Kind, made_once
from gaia_stim.stimuli.identity import SET_ID, SET_NAME
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.tables import look_up

SCALE = Kind("scale", "scale.json", verb="scale")
TABLE, PLOT = "scale.csv", "scale.png"
TOGETHER = "all"
FITS = 2
"""Raised when the same answers are fitted otherwise, so that an older scale is not taken for this one."""


@dataclass(frozen=True)
class OneScale:
    """What was fitted to whose answers about which set."""

    set: str
    set_id: str
    """Empty where the results do not say it."""
    participant: str
    trials: int
    file: Path
    interval: str
    """What the intervals in figures and file are about; empty without."""
    figures: dict[str, float]


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
    scales: list[OneScale]


def scale(config: ScaleConfig, listen: Listener = silent) -> ScaleResult:
    """Fit the scale of each continuum that results are of, and write tables, a record and plots.

    Raises `DataError` where results cannot be read, are of another set, or no scale can be fitted to them,
    `ConfigError` where the folder holds something else, or the results are of several tasks and none is named.
    """
    check_task(config.task)
    results = read_results(config.responses)
    stimuli = StimulusSet.open(config.stimuli) if config.stimuli else None
    request = {
        "verb": verb_of(config),
        "fits": FITS,
        "options": config.request(),
        "responses": list(results.hashes),
        "set": stimuli.manifest_hash if stimuli else None,
    }
    record = made_once(
        config.out,
        SCALE,
        request,
        lambda staging: _made(staging, config, results, stimuli, listen),
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
        scales,
    )


def _made(
    folder: Path, config: ScaleConfig, results: Results, stimuli: StimulusSet | None, listen: Listener
) -> dict[str, Any]:
    """Fill the folder; what its record says."""
    sets = answers_of(results, config.task, stimuli)
    for text in results.told(sets[0].left_out):
        listen(Note(text))
    if len(sets) > 1:
        listen(Note(f"the results are of {len(sets)} sets: each has a scale of its own, in a folder called as the set"))
    scales: list[dict[str, Any]] = []
    failed: list[str] = []
    for answers, place in tracked(zip(sets, _folders(sets), strict=True), "fitting sets", len(sets), listen):
        which = f"{answers.set_name or answers.of_which_set}: " if len(sets) > 1 else ""
        for note in answers.notes:
            listen(Note(f"{which}{note}", warning=True))
        for who, own, number in _asked_for(config, answers):
            whose = which if who == TOGETHER else f"{which}participant {who}: "
            try:
                fit = _fitted(config, own, number)
            except DataError as error:
                failed.append(f"{whose}{error}")
                continue
            # What is no plain letter becomes _, and the number keeps them apart.
            file = place / (TABLE if who == TOGETHER else f"scale_{number}_{_plain_name(who)}.csv")
            write_bytes(folder / file, _table(fit, answers))
            if who == TOGETHER:
                write_png(folder / place / PLOT, scale_plot(fit, f"{which}{answers.task}: {len(answers)} trials"))
            for warning in fit.warnings:
                listen(Note(f"{whose}{warning}", warning=True))
            scales.append(_record(who, own, fit, file))
    if not any(one["participant"] == TOGETHER for one in scales):
        raise DataError(failed[0])
    for why in failed:
        listen(Note(f"no scale: {why}", warning=True))
    return {
        "gaia_stim": gaia_stim.__version__,
        "task": sets[0].task,
        "trials": sum(map(len, sets)),
        "participants": len({person for answers in sets for person in answers.participant}),
        "sets": len(sets),
        "passed_over": list(results.passed_over),
        "left_out": dict(sets[0].left_out),
        "failed": failed,
        "scales": scales,
    }


def _record(who: str, answers: Answers, fit: Fit, file: Path) -> dict[str, Any]:
    """What the folder's record says of one scale."""
    return {
        "set": answers.set_name,
        "set_id": answers.set_id,
        "participant": who,
        "trials": len(answers),
        "file": file.as_posix(),
        "interval": fit.interval,
        "figures": _plain(fit.figures),
        "warnings": [*answers.notes, *fit.warnings],
    }


def _asked_for(config: ScaleConfig, answers: Answers) -> Iterator[tuple[str, Answers, int]]:
    """Whose answers are fitted: of all together first, then of each participant where that is asked for."""
    yield TOGETHER, answers, 0
    if config.by == "participant":
        for number, person in enumerate(sorted(set(answers.participant)), start=1):
            yield person, answers.of(person), number


def _fitted(config: ScaleConfig, answers: Answers, number: int) -> Fit:
    fitted: Fit = look_up(SCALES, "task", answers.task)(answers, config, np.random.default_rng([config.seed, number]))
    return fitted


def _folders(sets: Sequence[Answers]) -> list[Path]:
    """Where the files of each set go: its name, as every system takes it; its id where two are called the same."""
    if len(sets) == 1:
        return [Path()]
    names = [_plain_name(answers.set_name) or "unnamed" for answers in sets]
    lower = [name.lower() for name in names]
    return [
        Path(f"{name}_{answers.set_id}" if lower.count(name.lower()) > 1 else name)
        for name, answers in zip(names, sets, strict=True)
    ]


def _plain_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "_", text).strip("_")[:40]


def _table(fit: Fit, answers: Answers) -> bytes:
    columns = {"alpha": fit.alpha, "scale": fit.scale, "low": fit.low, "high": fit.high, **fit.columns}
    return frame_csv(
        pd.DataFrame(columns).assign(interval=fit.about, **{SET_ID: answers.set_id, SET_NAME: answers.set_name})
    )


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it: no NaN, no numpy."""
    return {name: None if value is None or not np.isfinite(value) else float(value) for name, value in figures.items()}
