"""The human scale: fitted to the answers of an experiment, written as a file that --spacing takes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gaia_stim
from gaia_stim.cells import frame_csv
from gaia_stim.config import ScaleConfig
from gaia_stim.designs import SCALES
from gaia_stim.designs.fits import Fit
from gaia_stim.designs.plot import scale_plot
from gaia_stim.designs.responses import Answers, find_results, read_answers
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Listener, Note, silent, tracked
from gaia_stim.files import hash_file, read_json, write_bytes, write_json
from gaia_stim.images import write_png
from gaia_stim.stimuli.sets import MANIFEST, StimulusSet
from gaia_stim.tables import look_up

TOGETHER = "all"


@dataclass(frozen=True)
class OneScale:
    """What was fitted to whose answers."""

    participant: str
    trials: int
    file: Path
    figures: dict[str, float]


@dataclass(frozen=True)
class ScaleResult:
    """Where the scale is, and how good it is."""

    out: Path
    plot: Path
    record: Path
    task: str
    trials: int
    participants: int
    scales: list[OneScale]


def scale(config: ScaleConfig, listen: Listener = silent) -> ScaleResult:
    """Fit the scale of a continuum and write table, record and plot.

    Raises `DataError` where results cannot be read or no scale can be fitted to them, `ConfigError` where the file
    holds something else, or the results are of several tasks and none is named.
    """
    files = find_results(config.responses)
    stimuli = StimulusSet.open(config.stimuli) if config.stimuli else None
    request = {
        "verb": "scale",
        "options": config.request(),
        "responses": [hash_file(file) for file in files],
        "set": hash_file(stimuli.folder / MANIFEST) if stimuli else None,
    }
    record_file = config.out.with_suffix(".json")
    if _stands(config.out, record_file, request, config.force):
        listen(Note(f"{config.out} holds this very scale already: nothing to do"))
    else:
        answers = read_answers(files, config.task, stimuli)
        for why, count in answers.left_out.items():
            listen(Note(f"left out: {count} {why}"))
        _write(config, request, answers, listen)
    record = read_json(record_file)
    return ScaleResult(
        config.out,
        config.out.with_suffix(".png"),
        record_file,
        record["task"],
        record["trials"],
        record["participants"],
        [
            OneScale(one["participant"], one["trials"], config.out.with_name(one["file"]), one["figures"])
            for one in record["scales"]
        ],
    )


def _write(config: ScaleConfig, request: Mapping[str, Any], answers: Answers, listen: Listener) -> None:
    """All fits come first, then the files; the one that --spacing takes last."""
    people = sorted(set(answers.participant))
    fits = [(TOGETHER, config.out, answers, _fitted(config, answers, 0))]
    for number, person in enumerate(
        tracked(people, "fitting participants", len(people), listen) if config.by == "participant" else (), start=1
    ):
        own = answers.of(person)
        try:
            fitted = _fitted(config, own, number)
        except DataError as error:
            raise DataError(f"participant {person}: {error}") from None
        fits.append((person, _own_file(config.out, number, person), own, fitted))
    for who, file, _, fit in fits:
        for warning in fit.warnings:
            listen(Note(warning if who == TOGETHER else f"participant {who}: {warning}", warning=True))
        if who != TOGETHER:
            write_bytes(file, _table(fit))
    write_png(config.out.with_suffix(".png"), scale_plot(fits[0][3], f"{answers.task}: {len(answers)} trials"))
    write_json(
        config.out.with_suffix(".json"),
        {
            "gaia_stim": gaia_stim.__version__,
            "request": request,
            "task": answers.task,
            "trials": len(answers),
            "participants": len(people),
            "left_out": dict(answers.left_out),
            "scales": [
                {
                    "participant": who,
                    "trials": len(own),
                    "file": file.name,
                    "figures": _plain(fit.figures),
                    "warnings": list(fit.warnings),
                }
                for who, file, own, fit in fits
            ],
        },
    )
    write_bytes(config.out, _table(fits[0][3]))


def _fitted(config: ScaleConfig, answers: Answers, number: int) -> Fit:
    fitted: Fit = look_up(SCALES, "task", answers.task)(answers, config, np.random.default_rng([config.seed, number]))
    return fitted


def _own_file(out: Path, number: int, person: str) -> Path:
    """A name that any participant may have: what is no plain letter becomes _, and the number keeps them apart."""
    return out.with_name(f"{out.stem}_{number}_{re.sub(r'[^A-Za-z0-9]+', '_', person)[:40]}.csv")


def _table(fit: Fit) -> bytes:
    columns = {"alpha": fit.alpha, "scale": fit.scale, "low": fit.low, "high": fit.high, **fit.columns}
    return frame_csv(pd.DataFrame(columns))


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it: no NaN, no numpy."""
    return {name: None if value is None or not np.isfinite(value) else float(value) for name, value in figures.items()}


def _stands(out: Path, record: Path, request: Mapping[str, Any], force: bool) -> bool:
    there = [file for file in (out, record, out.with_suffix(".png")) if file.exists()]
    if not there:
        return False
    found = read_json(record) if record.is_file() else None
    before = found.get("request") if isinstance(found, dict) else None
    if not isinstance(before, dict) or before.get("verb") != "scale":
        raise ConfigError(f"{there[0]}: exists and is not a fitted scale; give another --out")
    same = before == request
    if not same and not force:
        raise ConfigError(f"{out}: holds another scale; give another --out, or replace it with --force")
    return same and not force and out.is_file()
