"""Simulated observers whose scale is known, and their answers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.config import DesignConfig
from gaia_stim.designs.build import find_design, trial_table
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.responses import Answers

Values = npt.NDArray[np.float64]
Truth = Callable[[Values], Values]

TRUTHS: dict[str, Truth] = {
    "power 2": lambda alpha: alpha**2,
    "power 1.5": lambda alpha: alpha**1.5,
    "logarithm": lambda alpha: np.log1p(10 * alpha) / np.log(11),
    "exponential": lambda alpha: np.expm1(2 * alpha) / np.expm1(2),
    "sigmoid": lambda alpha: (np.tanh(4 * (alpha - 0.5)) / np.tanh(2) + 1) / 2,
    "wave": lambda alpha: alpha + 0.8 * np.sin(2 * np.pi * alpha) / (2 * np.pi),
}
"""Known scales from alpha 0 to 1, rising, and anything but even."""


def category(width: float) -> Truth:
    """Two categories: nearly all that changes does so within a few widths of a boundary."""

    def boundary(alpha: Values | float) -> Values:
        return np.tanh((np.asarray(alpha) - 0.45) / (2 * width))

    low, high = boundary(0.0), boundary(1.0)
    return lambda alpha: ((boundary(alpha) - low) / (high - low) + 0.3 * alpha) / 1.3


def smooth_scale(seed: int) -> Truth:
    """A scale that no one chose: its slope is the exponential of three random waves."""
    rng = np.random.default_rng([seed, 20])
    height, phase = rng.normal(0, 0.8, 3) / [1, 2, 3], rng.uniform(0, 2 * np.pi, 3)
    fine = np.linspace(0, 1, 1001)
    slopes = np.exp(height @ np.cos(np.pi * np.outer([1, 2, 3], fine) + phase[:, None]))
    summed = np.concatenate([[0.0], np.cumsum(slopes[1:] + slopes[:-1])])
    return lambda alpha: np.interp(alpha, fine, summed / summed[-1])


def continuum(count: int) -> Layout:
    """A line of stimuli, evenly in alpha."""
    return Layout(tuple(f"m_{number:04}" for number in range(1, count + 1)), "line", np.linspace(0, 1, count))


def alphas(table: pd.DataFrame) -> Values:
    return table[["alpha_a", "alpha_b", "alpha_c", "alpha_d"]].to_numpy(np.float64)


def differences_judged(table: pd.DataFrame, truth: Truth, sigma: float, rng: np.random.Generator) -> list[str]:
    """Answers to quadruples or triads: the pair that differs more, with normal noise."""
    a, b, c, d = truth(alphas(table)).T
    is_triad = np.isnan(d)
    more = np.where(is_triad, np.abs(c - b), np.abs(d - c)) - np.abs(b - a)
    is_second = more + sigma * rng.standard_normal(len(table)) > 0
    return [str(one) for one in np.where(is_second, np.where(is_triad, "bc", "cd"), "ab")]


def higher_chosen(table: pd.DataFrame, truth: Truth, sigma: float, rng: np.random.Generator) -> list[str]:
    """Answers to pairs: the one that is higher, with normal noise."""
    a, b = truth(alphas(table))[:, :2].T
    return [str(one) for one in np.where(b - a + sigma * rng.standard_normal(len(table)) > 0, "b", "a")]


def trial_list(kind: str, count: int, earlier: Answers | None = None, **options: object) -> pd.DataFrame:
    config = DesignConfig.model_validate({"kind": kind, "stimuli": Path("set"), **options})
    return trial_table(find_design(config), continuum(count), config, earlier)


def together(parts: list[Answers]) -> Answers:
    """The answers of several sessions to one task."""
    return Answers(
        parts[0].task,
        np.concatenate([one.alpha for one in parts]),
        np.concatenate([one.answer for one in parts]),
        np.concatenate([one.participant for one in parts]),
    )


def answered(table: pd.DataFrame, responses: list[str]) -> Answers:
    return Answers(table["task"].iloc[0], alphas(table), np.array(responses), table["participant"].to_numpy(str))
