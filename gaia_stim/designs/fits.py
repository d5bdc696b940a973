"""What a fit says, whatever was fitted; and maximum likelihood for answers of two kinds, by Fisher scoring.

All models here give the chance of an answer as the cumulative normal of a predictor eta that is linear in the steps of
a scale, but for the share of trials that are answered without looking; they differ in what the free parameters are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr
from scipy.stats import norm, t

from gaia_stim.config import ScaleConfig
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
LAPSES_PRIOR = 10.0
"""A rate x of lapses is as likely beforehand as Beta(1, 10) has it, (1 - x)^9: most of it below 0.1 (psignifit 4;
Schuett et al. 2016, doi:10.1016/j.visres.2016.02.002)."""
MOST_LAPSES = 0.3
"""The bound of each rate. An estimate that meets it is warned of."""
MANY_LAPSES = 0.1
FEW_PEOPLE = 5
"""Below, an interval over people gets a warning."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A scale over alpha, from 0 to 1, and what there is to say about it."""

    alpha: Values
    scale: Values
    low: Values
    """Of the interval; NaN without a bootstrap."""
    high: Values
    about: str
    """What the intervals are about, as in "over 30 people"; empty without a bootstrap."""
    confidence: float
    figures: Mapping[str, Any]
    """What goes into the record: noise, goodness of fit …"""
    columns: Mapping[str, Values] = field(default_factory=dict)
    """More columns of the table."""
    points: tuple[Values, Values] | None = None
    """What was measured at the stimuli, to draw with the curve: alpha and share, or plain estimate."""
    trials: Values | None = None
    """How many answers there are to each of these points, where that says something."""
    warnings: tuple[str, ...] = ()

    @property
    def interval(self) -> str:
        """The intervals in words; empty without a bootstrap."""
        return self.about and f"{100 * self.confidence:g} % interval {self.about}"


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


@dataclass(frozen=True, eq=False)
class People:
    """Answers of several people, trial by trial (n,): which row of the counts, which answer, and whose."""

    predictors: Values
    """(m, p)"""
    row: npt.NDArray[np.intp]
    is_second: npt.NDArray[np.bool_]
    person: npt.NDArray[np.intp]

    @classmethod
    def of(cls, predictors: Values, is_second: npt.NDArray[np.bool_], names: npt.NDArray[np.str_]) -> "People":
        rows, where = np.unique(predictors, axis=0, return_inverse=True)
        return cls(rows, where.reshape(-1), is_second, np.unique(names, return_inverse=True)[1])

    def __len__(self) -> int:
        return int(self.person.max()) + 1

    @property
    def counts(self) -> Counts:
        """Of all together."""
        return self._weighted(np.ones(len(self)))

    def each(self) -> list[Counts]:
        """Of each alone."""
        return [self._weighted(one) for one in np.eye(len(self))]

    def drawn(self, rng: np.random.Generator) -> Counts:
        """Of as many people, drawn with replacement, each with all that they answered.

        Whole: so the spread of what is fitted has people and trials in it, each once, which it has not where trials are
        drawn again within each (Davison & Hinkley 1997, section 3.8).
        """
        return self._weighted(rng.multinomial(len(self), np.full(len(self), 1 / len(self))).astype(float))

    def _weighted(self, weights: Values) -> Counts:
        """Each person's answers so many times; rows without any left out."""
        times = weights[self.person]
        trials = np.bincount(self.row, times, len(self.predictors)).astype(float)
        second = np.bincount(self.row, times * self.is_second, len(self.predictors)).astype(float)
        return Counts(self.predictors[trials > 0], trials[trials > 0], second[trials > 0])


def chance(eta: Values, lapse: float) -> Values:
    """Of the second answer, where the share `lapse` of the trials is answered by the toss of a coin."""
    return np.asarray(lapse / 2 + (1 - lapse) * ndtr(eta))


def log_chances(eta: Values, lapse: float) -> tuple[Values, Values]:
    """Logarithms of the chances of the second and of the first answer, exact in the tails."""
    if not lapse:
        return log_ndtr(eta), log_ndtr(-eta)
    toss, kept = np.log(lapse / 2), np.log1p(-lapse)
    return np.logaddexp(toss, kept + log_ndtr(eta)), np.logaddexp(toss, kept + log_ndtr(-eta))


def log_likelihood(counts: Counts, eta: Values, lapse: float = 0.0) -> float:
    """Of a probit model with lapses; without the binomial coefficients."""
    up, down = log_chances(eta, lapse)
    return float((counts.second * up + (counts.trials - counts.second) * down).sum())


def score(counts: Counts, eta: Values, lapse: float = 0.0) -> tuple[Values, Values]:
    """First derivative of the log likelihood by eta, and its expected information: (m,) each."""
    log_density = np.log1p(-lapse) - 0.5 * eta**2 - 0.5 * np.log(2 * np.pi)
    log_up, log_down = log_chances(eta, lapse)
    up, down = np.exp(log_density - log_up), np.exp(log_density - log_down)
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


def interval(samples: list[Values], confidence: float, estimate: Values, people: int = 1) -> tuple[Values, Values]:
    """Percentiles over drawn samples, each of the shape of the estimate, which they always hold; NaN without samples.

    Over several people they are as far from the median as Student's t with the people's degrees of freedom is wider
    than the normal, and as drawn people differ less than people do: the expanded percentile interval (Hesterberg 2015,
    doi:10.1080/00031305.2015.1089789).
    """
    if not samples:
        return np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    upper = (1 + confidence) / 2
    low, middle, high = np.quantile(np.array(samples), [1 - upper, 0.5, upper], axis=0)
    if people > 1:
        wider = t.ppf(upper, people - 1) / norm.ppf(upper) * np.sqrt(people / (people - 1))
        low, high = middle + wider * (low - middle), middle + wider * (high - middle)
    return np.minimum(low, estimate), np.maximum(high, estimate)


def about(config: ScaleConfig, people: int) -> str:
    """What intervals are about, in words."""
    if not config.bootstrap:
        return ""
    return f"over {people} people" if people > 1 else "over trials of one person"


def of_people(people: int, useless: int = 0, drawn: int = 0) -> list[str]:
    """What has to be said of intervals over people, where of `drawn` draws of them so many told no scale."""
    found = []
    if 1 < people < FEW_PEOPLE:
        found.append(
            f"the intervals are about people, and {people} are few to tell how people differ; --by participant has "
            "intervals about each"
        )
    if useless > 0.05 * drawn:
        found.append(f"{useless} of {drawn} times, people drawn from these told no scale: the intervals are too narrow")
    return found


def of_lapses(rates: Mapping[str, float]) -> list[str]:
    """What has to be said of rates of lapses, by name."""
    found = []
    for name, rate in rates.items():
        if rate > 0.98 * MOST_LAPSES:
            found.append(
                f"the {name} rate meets its bound, {MOST_LAPSES:g}: there are more answers that do not hang on the "
                "stimulus than can be fitted, so the noise comes out too large; look at the answers one by one"
            )
        elif rate > MANY_LAPSES:
            found.append(
                f"the {name} rate is {rate:.2f}, more than slips of attention: look whether the ends look like what "
                "they are called, and whether everyone knew the keys"
            )
    return found


def _times_log(count: Values, ratio: Values) -> Values:
    return np.where(count > 0, count * np.log(np.where(count > 0, ratio, 1.0)), 0.0)
