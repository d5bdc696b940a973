"""What a fit says, whatever was fitted; and maximum likelihood for answers of two kinds, by Fisher scoring.

All models here give the chance of an answer as the cumulative normal of a predictor eta that is linear in the steps of
a scale; they differ in what the free parameters are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from gaia_stim.errors import DataError
from gaia_stim.space.spacing import not_shares

Values = npt.NDArray[np.float64]

ROUNDS = 200
CONVERGED = 1e-9
LARGEST_MOVE = 2.0
"""Of a parameter in one round."""
HALVINGS = 30
SMALLEST_STEP = 1e-4
"""Of a scale from 0 to 1: two stimuli that could not be told apart are laid so far apart, for --spacing wants a scale
that rises."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A scale over alpha, from 0 to 1, and what there is to say about it."""

    alpha: Values
    scale: Values
    low: Values
    """Of the interval; NaN without a bootstrap."""
    high: Values
    figures: Mapping[str, Any]
    """What goes into the record: noise, goodness of fit …"""
    columns: Mapping[str, Values] = field(default_factory=dict)
    """More columns of the table."""
    points: tuple[Values, Values] | None = None
    """What was measured at the stimuli, to draw with the curve: alpha and share, or plain estimate."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Counts:
    """Answers of two kinds, the trials that have the same predictors taken together: k of n in each of m rows."""

    predictors: Values
    """(m, p)"""
    trials: Values
    """(m,)"""
    second: Values
    """(m,): of these, answered with the second."""

    @classmethod
    def of(cls, predictors: Values, is_second: npt.NDArray[np.bool_]) -> "Counts":
        rows, where = np.unique(predictors, axis=0, return_inverse=True)
        where = where.reshape(-1)
        return cls(
            rows,
            np.bincount(where, minlength=len(rows)).astype(float),
            np.bincount(where, is_second, len(rows)).astype(float),
        )

    def simulated(self, chance: Values, rng: np.random.Generator) -> "Counts":
        """The same trials, answered by chance."""
        return Counts(self.predictors, self.trials, rng.binomial(self.trials.astype(np.int64), chance).astype(float))

    def deviance(self, chance: Values) -> float:
        """Twice the log likelihood that is lost against a model with a chance for each row."""
        kept = np.clip(chance, 1e-12, 1 - 1e-12)
        share = self.second / self.trials
        terms = _times_log(self.second, share / kept)
        terms += _times_log(self.trials - self.second, (1 - share) / (1 - kept))
        return float(2 * terms.sum())


def log_likelihood(counts: Counts, eta: Values) -> float:
    """Of a probit model; without the binomial coefficients."""
    return float((counts.second * log_ndtr(eta) + (counts.trials - counts.second) * log_ndtr(-eta)).sum())


def score(counts: Counts, eta: Values) -> tuple[Values, Values]:
    """First derivative of the log likelihood by eta, and its expected information: (m,) each."""
    log_density = -0.5 * eta**2 - 0.5 * np.log(2 * np.pi)
    up, down = np.exp(log_density - log_ndtr(eta)), np.exp(log_density - log_ndtr(-eta))
    return counts.second * up - (counts.trials - counts.second) * down, counts.trials * up * down


Objective = Callable[[Values], tuple[float, Values, Values]]
"""From parameters (p,) to what is to be small, its gradient (p,), and a positive curvature (p, p)."""


def minimise(start: Values, objective: Objective) -> tuple[Values, float, Values]:
    """Parameters, value and curvature at the minimum: Newton's method with the expected curvature, steps halved until
    they help.
    """
    at, (value, gradient, curvature) = start, objective(start)
    for _ in range(ROUNDS):
        move = -np.linalg.solve(curvature, gradient)
        move *= min(1.0, LARGEST_MOVE / max(np.abs(move).max(initial=0), 1e-300))
        for _ in range(HALVINGS):
            tried = objective(at + move)
            if tried[0] <= value:
                break
            move = move / 2
        else:
            break
        gained = value - tried[0]
        at, (value, gradient, curvature) = at + move, tried
        if gained < CONVERGED * (1 + abs(value)):
            break
    return at, value, curvature


def rising(scale: Values) -> tuple[Values, int]:
    """The scale from 0 to 1 with no step smaller than `SMALLEST_STEP`, and how many were."""
    steps = np.diff(scale) / (scale[-1] - scale[0])
    small = steps < SMALLEST_STEP
    summed = np.concatenate([[0.0], np.cumsum(np.where(small, SMALLEST_STEP, steps))])
    kept: Values = summed / summed[-1]
    return kept, int(small.sum())


def no_rise(task: str, trials: int, needed: int, is_certain: bool) -> DataError:
    """Why answers that do not rise with alpha have no scale: they surely stand for the opposite, or it is chance."""
    if is_certain:
        return DataError(
            f"{task}: the answers fall with alpha, so they stand for the opposite; look whether the keys were swapped"
        )
    if trials < needed:
        return DataError(
            f"{task}: {trials} trials are too few to tell how the answers change with alpha; give at least {needed}"
        )
    return DataError(
        f"{task}: the {trials} answers do not rise with alpha, no more than guesses do, so they tell no scale; look "
        "whether the stimuli can be told apart, and whether the answers stand in the right rows"
    )


def beyond(alpha: Values) -> list[str]:
    """Why --spacing cannot take a scale that was measured at these alphas, if it cannot."""
    if why := not_shares(alpha):
        return [f"{why}; so --spacing cannot take the scale"]
    if alpha[0] > 0 or alpha[-1] < 1:
        return [f"the answers cover alpha {alpha[0]:g} to {alpha[-1]:g}, and --spacing needs 0 to 1"]
    return []


def interval(samples: list[Values], confidence: float, like: Values) -> tuple[Values, Values]:
    """Percentiles over bootstrap samples, each of the shape of `like`; NaN where there are none."""
    if not samples:
        return np.full_like(like, np.nan), np.full_like(like, np.nan)
    low, high = np.quantile(np.array(samples), [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return low, high


def _times_log(count: Values, ratio: Values) -> Values:
    return np.where(count > 0, count * np.log(np.where(count > 0, ratio, 1.0)), 0.0)
