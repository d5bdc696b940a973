"""What an analysis says, whatever was analysed, and the folder of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import gaia_stim
from gaia_stim.cells import frame_csv
from gaia_stim.config import AnalyseConfig
from gaia_stim.designs import ANALYSES
from gaia_stim.designs.fits import FEW_PEOPLE, interval
from gaia_stim.designs.responses import Results, answers_of
from gaia_stim.drawing.charts import Chart, Frame
from gaia_stim.drawing.plots import figure_files
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note
from gaia_stim.files import write_bytes
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.tables import look_up

Values = npt.NDArray[np.float64]
TABLE, FIGURE = "analysis.csv", "analysis.png"
TOGETHER = "all"
PAGE = Frame(520, 420, left=70, top=58, right=504, bottom=368, inset=9, says=True)


@dataclass(frozen=True, eq=False)
class Analysis:
    """Of the answers to one task about one set."""

    table: pd.DataFrame = field(repr=False)
    figures: Mapping[str, Any]
    chart: Chart = field(repr=False)
    warnings: tuple[str, ...] = ()


def fill_folder(
    folder: Path, config: AnalyseConfig, results: Results, stimuli: StimulusSet | None, listen: Listener
) -> dict[str, Any]:
    """Table and figure; returns what the folder's record says. Raises as `answers_of`, and `DataError` where the
    results are of several sets, or nothing can be told from them.
    """
    sets = answers_of(results, config.task, stimuli, ANALYSES)
    if len(sets) > 1:
        names = " and ".join(one.of_which_set for one in sets[:2])
        raise DataError(f"the results are of {len(sets)} sets, {names}; say which is meant with --stimuli SET")
    [answers] = sets
    for text in results.told(answers.left_out):
        listen(Note(text))
    found: Analysis = look_up(ANALYSES, "task", answers.task)(answers, config, np.random.default_rng(config.seed))
    for text in (*answers.notes, *found.warnings):
        listen(Note(text, warning=True))
    write_bytes(folder / TABLE, frame_csv(found.table))
    for ending, content in figure_files([found.chart]):
        write_bytes((folder / FIGURE).with_suffix(ending), content)
    return {
        "gaia_stim": gaia_stim.__version__,
        "task": answers.task,
        "set": answers.set_name,
        "set_id": answers.set_id,
        "trials": len(answers),
        "participants": len(set(answers.participant)),
        "left_out": dict(answers.left_out),
        "passed_over": list(results.passed_over),
        "figures": {name: _plain(value) for name, value in found.figures.items()},
        "warnings": [*answers.notes, *found.warnings],
    }


def with_interval(
    each: Values,
    measured: Callable[[Values], Values],
    drawn: Callable[[Values], Values],
    config: AnalyseConfig,
    rng: np.random.Generator,
) -> tuple[Values, Values, Values]:
    """What is measured of all people together, and the ends of its interval.

    `each` has counts of the people (people, ...), which add up; `drawn` draws one person's answers anew. Over several
    people, people are drawn; of one, trials (as the intervals of scales are, `fits`).
    """
    together = each.sum(axis=0)
    estimate = measured(together)
    samples = []
    for _ in range(config.bootstrap):
        chosen = each[rng.integers(len(each), size=len(each))].sum(axis=0) if len(each) > 1 else drawn(together)
        samples.append(measured(chosen))
    return estimate, *interval(samples, config.confidence, estimate, len(each))


def of_few(people: int) -> list[str]:
    """What has to be said of intervals over so many people."""
    return [f"the intervals are over {people} people, which are few"] if 1 < people < FEW_PEOPLE else []


def about(config: AnalyseConfig, people: int) -> str:
    """What intervals are about, in words."""
    if not config.bootstrap:
        return ""
    return f"over {people} people" if people > 1 else "over trials of one person"


def whose(people: Sequence[str]) -> list[tuple[str, list[int]]]:
    """All together, then each where there are several, with their places among the people."""
    each = [(name, [place]) for place, name in enumerate(people)]
    return [(TOGETHER, list(range(len(people)))), *(each if len(people) > 1 else [])]


def _plain(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    return float(value) if np.isfinite(value) else None
