"""A folder of scales: of each set and, where asked for, of each participant, as tables and as figures."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gaia_stim
from gaia_stim.cells import frame_csv
from gaia_stim.config import ScaleConfig
from gaia_stim.designs import SCALES
from gaia_stim.designs.fits import Fit
from gaia_stim.designs.plot import ONE_OF_MANY, scale_chart
from gaia_stim.designs.responses import Answers, Results, answers_of
from gaia_stim.designs.trace import TRACE, TRACE_TABLE, reversal_means, trace_chart, trace_table
from gaia_stim.drawing.charts import Chart
from gaia_stim.drawing.plots import figure_files
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note, tracked
from gaia_stim.files import write_bytes
from gaia_stim.stimuli.identity import SET_ID, SET_NAME
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.tables import look_up

TABLE, PLOT, PEOPLE, SUMMARY = "scale.csv", "scale.png", "people.png", "scale_summary.csv"
TOGETHER = "all"
ON_A_PAGE = 20
"""People in a figure."""


def fill_folder(
    folder: Path, config: ScaleConfig, results: Results, stimuli: StimulusSet | None, listen: Listener
) -> dict[str, Any]:
    """Tables and figures of all scales; returns what the folder's record says.

    Raises `DataError` where no scale can be fitted to anything, and as `answers_of`.
    """
    sets = answers_of(results, config.task, stimuli)
    for text in results.told(sets[0].left_out):
        listen(Note(text))
    if len(sets) > 1:
        listen(Note(f"the results are of {len(sets)} sets: each has a scale of its own, in a folder called as the set"))
    scales: list[dict[str, Any]] = []
    failed: list[str] = []
    summary: list[dict[str, Any]] = []
    traces: list[dict[str, Any]] = []
    for answers, place in tracked(zip(sets, _folders(sets), strict=True), "fitting sets", len(sets), listen):
        which = f"{answers.set_name or answers.of_which_set}: " if len(sets) > 1 else ""
        for note in answers.notes:
            listen(Note(f"{which}{note}", warning=True))
        panels = []
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
                title = f"{which}{answers.task}: {len(answers)} trials"
                _draw(folder / place / PLOT, [scale_chart(fit, title)])
            else:
                panels.append(scale_chart(fit, f"{who}: {len(own)} trials", ONE_OF_MANY))
            for warning in fit.warnings:
                listen(Note(f"{whose}{warning}", warning=True))
            scales.append(_record(who, own, fit, file))
            summary.append(_row(who, own, fit))
        _draw_pages(folder / place / PEOPLE, panels)
        if answers.is_adaptive:
            traces.append(_trace(folder / place, answers))
    if not any(one["participant"] == TOGETHER for one in scales):
        raise DataError(failed[0])
    write_bytes(folder / SUMMARY, frame_csv(pd.DataFrame(summary)))
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
        **({"reversals": traces} if traces else {}),
    }


def _trace(folder: Path, answers: Answers) -> dict[str, Any]:
    """What each session showed trial by trial, as table and figures; returns what the record says of it."""
    people = sorted(set(answers.participant))
    tables = [trace_table(answers.of(person)) for person in people]
    titles = [f"{person}: {len(table)} trials" for person, table in zip(people, tables, strict=True)]
    together = [table.assign(participant=person) for person, table in zip(people, tables, strict=True)]
    write_bytes(folder / TRACE_TABLE, frame_csv(pd.concat(together)))
    charts = [trace_chart(table, title, len(people) == 1) for table, title in zip(tables, titles, strict=True)]
    _draw_pages(folder / TRACE, charts)
    return {
        person: {track: _plain({"mean": mean, "of": count}) for track, (count, mean) in reversal_means(table).items()}
        for person, table in zip(people, tables, strict=True)
    }


def _draw_pages(file: Path, panels: Sequence[Chart]) -> None:
    """All panels, as many figures as that takes."""
    for page, first in enumerate(range(0, len(panels), ON_A_PAGE), 1):
        name = file.name if len(panels) <= ON_A_PAGE else file.name.replace(".", f"_{page}.")
        _draw(file.with_name(name), panels[first : first + ON_A_PAGE])


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
        "measured": _measured(fit),
        "warnings": [*answers.notes, *fit.warnings],
    }


def _measured(fit: Fit) -> dict[str, list[float]]:
    """The dots of its figure, for whoever draws it again."""
    columns = dict(zip(("alpha", "share"), fit.points, strict=True)) if fit.points else {}
    return {name: values.tolist() for name, values in ({**columns, "trials": fit.trials}).items() if values is not None}


def _row(who: str, answers: Answers, fit: Fit) -> dict[str, Any]:
    """Of the summary: `slope` is that of the function without guesses and lapses, at the PSE, a unit of alpha."""
    figures = _plain(fit.figures)
    slopes = {}
    for ending, other in (("", ""), ("_low", "_high"), ("_high", "_low")):
        if sigma := figures.get(f"sigma{other}"):
            slopes[f"slope{ending}"] = 1 / (sigma * np.sqrt(2 * np.pi))
    right, caught = np.sum([*answers.catch.values()], axis=0) if answers.catch else (None, None)
    return {
        "set": answers.set_name,
        SET_ID: answers.set_id,
        "participant": who,
        "trials": len(answers),
        **figures,
        **slopes,
        "catch_right": right,
        "catch_trials": caught,
        "interval": fit.about,
        "confidence": fit.confidence,
    }


def _draw(file: Path, charts: Sequence[Chart]) -> None:
    """As PNG, SVG and PDF, beside each other."""
    for ending, content in figure_files(charts):
        write_bytes(file.with_suffix(ending), content)


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
