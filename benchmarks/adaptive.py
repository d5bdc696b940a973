"""Adaptive designs with simulated observers whose PSE and JND are known: bias and SD of what comes back.

    python benchmarks/adaptive.py --sessions 200

An observer answers by a cumulative normal with lapses. Each session is run by the design's record and rules
(`designs.choosing`), and `scale`'s fit reads its answers; beside it the mean of reversals, or the estimate of the
trace, and 60 trials with the method of constant stimuli. Where PyPI's questplus is installed, its choices are compared.
"""

import argparse
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from gaia_stim.config import DesignConfig, ScaleConfig
from gaia_stim.designs.adaptive import procedure_of, task_of
from gaia_stim.designs.choosing import Session, simulated
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.psychometric import JND, fit_constant, fit_identification
from gaia_stim.designs.responses import Answers
from gaia_stim.designs.trace import reversal_means, trace_table
from gaia_stim.errors import DataError

LINE = Layout(tuple(f"m_{number:04}" for number in range(1, 102)), "line", np.linspace(0, 1, 101))
LAPSES = 0.02
OBSERVERS = {
    "identification": [(0.5, 0.1), (0.35, 0.05), (0.7, 0.2)],
    "constant": [(0.5, 0.1), (0.53, 0.05), (0.5, 0.2)],
}
"""PSE and sigma; the standard is at 0.5."""


def answers_of(task: str, trials: list[tuple[str, int, bool]], kind: str, rng: np.random.Generator) -> Answers:
    """As they stand in results."""
    alpha = np.full((len(trials), 4), np.nan)
    shown = LINE.place[[number for _, number, _ in trials]]
    is_more = np.array([more for _, _, more in trials])
    second = rng.random(len(trials)) < 0.5 if task == "constant" else np.zeros(len(trials), bool)
    alpha[:, 0] = np.where(second, 0.5, shown)
    if task == "constant":
        alpha[:, 1] = np.where(second, shown, 0.5)
    answer = np.where((is_more == second) if task == "constant" else is_more, "b", "a")
    return Answers(
        task,
        alpha,
        answer,
        np.full(len(trials), "p01"),
        trial=np.arange(1.0, len(trials) + 1),
        chosen_by=np.array([[kind, track] for track, _, _ in trials]),
    )


def session(
    kind: str, task: str, pse: float, sigma: float, seed: int, trials: int | None
) -> tuple[Answers, dict[str, Any]]:
    """One session of a design, or `fixed`: the same number of trials at nine places."""
    rng = np.random.default_rng([seed, 7])

    def says_more(place: float) -> bool:
        return bool(rng.random() < LAPSES + (1 - 2 * LAPSES) * ndtr((place - pse) / sigma))

    if kind == "fixed":
        numbers = np.resize(np.linspace(0, 100, 9).round().astype(int), trials or 60)
        done = [("", int(one), says_more(float(LINE.place[one]))) for one in numbers]
        return answers_of(task, done, "fixed", rng), {}
    config = DesignConfig(kind=kind, stimuli="set", task=task, trials=trials)
    procedure = procedure_of(config, LINE)
    assert procedure is not None and task_of(config) == task
    return answers_of(task, simulated(procedure, says_more, rng), kind, rng), procedure


def measured(kind: str, task: str, pse: float, sigma: float, sessions: int, trials: int | None) -> dict[str, Any]:
    """Bias and SD over sessions, of PSE and JND, and of what the procedure itself would report."""
    fit = fit_constant if task == "constant" else fit_identification
    config = ScaleConfig(responses=("x",), bootstrap=0)
    found, counts, own, failed = [], [], [], 0
    for seed in range(sessions):
        answers, _ = session(kind, task, pse, sigma, seed, trials)
        counts.append(len(answers))
        try:
            figures = fit(answers, config, np.random.default_rng(seed)).figures
        except DataError:
            failed += 1
            continue
        found.append([figures["pse"], figures["jnd"]])
        if kind == "staircase":
            own.append(np.mean([mean for _, mean in reversal_means(trace_table(answers)).values()]))
        elif kind == "questplus":
            own.append(trace_table(answers)["estimate"].iloc[-1])
    errors = np.array(found) - [pse, JND * sigma]
    bias, sd = errors.mean(axis=0), errors.std(axis=0)
    return {
        "design": kind,
        "task": task,
        "PSE": pse,
        "JND": round(JND * sigma, 3),
        "trials": f"{np.mean(counts):.0f}",
        "PSE bias": f"{bias[0]:+.3f}",
        "PSE SD": f"{sd[0]:.3f}",
        "JND bias": f"{bias[1]:+.3f}",
        "JND SD": f"{sd[1]:.3f}",
        "own PSE bias, SD": f"{np.nanmean(own) - pse:+.3f}, {np.nanstd(own):.3f}" if own else "",
        "no fit": failed,
    }


def against_questplus(sessions: int) -> str:
    """How many choices differ from those of PyPI's questplus, given the same answers."""
    try:
        from questplus import QuestPlusWeibull
    except ImportError:
        return "questplus is not installed"
    procedure = procedure_of(DesignConfig(kind="questplus", stimuli="set"), LINE)
    assert procedure is not None
    differ = total = 0
    for seed in range(sessions):
        rng = np.random.default_rng(seed)
        own = Session(procedure, rng)
        other = QuestPlusWeibull(
            intensities=own.places,
            thresholds=procedure["threshold"],
            slopes=procedure["slope"],
            lower_asymptotes=procedure["lower"],
            lapse_rates=procedure["lapse"],
        )
        for _ in range(procedure["trials"]):
            track, number = own.choose()
            differ += own.places[number] != other.next_intensity
            total += 1
            more = bool(rng.random() < ndtr((own.places[number] - 0.4) / 0.1))
            own.answered(track, number, more)
            other.update(intensity=own.places[number], response="Yes" if more else "No")
    return f"questplus: {differ} of {total} choices differ"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--trials", type=int, default=None)
    asked = parser.parse_args()
    rows = [
        measured(kind, task, pse, sigma, asked.sessions, asked.trials)
        for task, observers in OBSERVERS.items()
        for pse, sigma in observers
        for kind in ("staircase", "questplus", "fixed")
    ]
    print(pd.DataFrame(rows).to_string(index=False))
    print(against_questplus(3))


if __name__ == "__main__":
    main()
