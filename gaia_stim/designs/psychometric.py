"""Psychometric functions: how the share of an answer grows along a continuum, and the scale that this makes.

A cumulative normal between two lapse rates of one size, P = lapse + (1 - 2 lapse) Phi((alpha - PSE) / sigma) (Wichmann
& Hill 2001), by maximum likelihood. The scale is the function without its lapses: equal steps of it are equal changes
of the share of answers.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import ndtr, ndtri

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.fits import Counts, Fit, Values, beyond, interval, no_rise, rising
from gaia_stim.designs.responses import Answers
from gaia_stim.errors import DataError

MOST_LAPSES = 0.1
"""More is no lapse any more (Wichmann & Hill 2001 have 0.06)."""
JND = float(ndtri(0.75))
"""In sigmas: from a share of 50 % to 75 %."""
PLACES = 101
"""Of the written curve, evenly over the continuum, beside the stimuli's own."""
STEEPEST, FLATTEST = 0.1, 20.0
"""sigma is at least this share of the closest stimuli's distance, and at most so many times the whole range."""
FEW = 40
CERTAIN = 2.5
"""Standard errors by which answers have to fall with alpha for it not to be chance; seven trials cannot."""


def fit_identification(answers: Answers, config: ScaleConfig, rng: np.random.Generator) -> Fit:
    """The share of "b" among the answers to single stimuli. Raises `DataError` where no function can be fitted."""
    return _fit(answers, answers.alpha[:, 0], answers.answer == "b", config, rng)


def fit_constant(answers: Answers, config: ScaleConfig, rng: np.random.Generator) -> Fit:
    """How often each comparison is chosen over the standard. Raises `DataError` where no function can be fitted."""
    a, b = answers.alpha[:, 0], answers.alpha[:, 1]
    standards = [alpha for alpha in np.unique(a) if ((a == alpha) | (b == alpha)).all()]
    if len(standards) != 1:
        raise DataError(
            "constant: the trials do not all have one standard in common; fit the answers of each by itself"
        )
    told = a != b
    second_is_comparison = a[told] == standards[0]
    comparison = np.where(second_is_comparison, b[told], a[told])
    chosen = np.where(second_is_comparison, answers.answer[told] == "b", answers.answer[told] == "a")
    return _fit(answers, comparison, chosen, config, rng, {"standard": float(standards[0])})


def _fit(
    answers: Answers,
    alpha: Values,
    is_second: npt.NDArray[np.bool_],
    config: ScaleConfig,
    rng: np.random.Generator,
    figures: dict[str, float] | None = None,
) -> Fit:
    counts = Counts.of(alpha[:, None], is_second)
    levels, trials = counts.predictors[:, 0], int(counts.trials.sum())
    if len(levels) < 3:
        raise DataError(f"{answers.task}: a psychometric function needs at least three stimuli, not {len(levels)}")
    if len(set(answers.answer)) == 1:
        raise DataError(f"{answers.task}: all {len(answers)} answers are '{answers.answer[0]}', which tells nothing")
    if trials < 2 * len(levels):
        raise DataError(f"{answers.task}: {trials} trials are too few for {len(levels)} stimuli; give at least {FEW}")
    share = counts.second / counts.trials
    rise = np.cov(alpha, is_second)[0, 1]
    if rise <= 0:
        certainty = -rise / np.sqrt(np.var(alpha) * np.var(is_second)) * np.sqrt(trials)
        raise no_rise(answers.task, trials, FEW, is_certain=bool(certainty > CERTAIN))
    limits = STEEPEST * np.diff(levels).min(), FLATTEST * np.ptp(levels)
    best = fit_function(counts, limits)
    pse, sigma, lapse = best
    places = np.union1d(np.linspace(levels[0], levels[-1], PLACES), levels)
    scale, small = rising(ndtr((places - pse) / sigma))
    curves, parameters, deviances = [], [], []
    observed = counts.deviance(chance(levels, *best))
    for _ in range(config.bootstrap):
        drawn = counts.simulated(chance(levels, *best), rng)
        again = fit_function(drawn, limits, start=best)
        curves.append(rising(ndtr((places - again[0]) / again[1]))[0])
        parameters.append(np.array([again[0], JND * again[1]]))
        deviances.append(drawn.deviance(chance(levels, *again)))
    low, high = interval(curves, config.confidence, places)
    (pse_low, jnd_low), (pse_high, jnd_high) = interval(parameters, config.confidence, np.zeros(2))
    found = {
        **(figures or {}),
        "pse": pse,
        "pse_low": pse_low,
        "pse_high": pse_high,
        "jnd": JND * sigma,
        "jnd_low": jnd_low,
        "jnd_high": jnd_high,
        "sigma": sigma,
        "lapse": lapse,
        "deviance": observed,
        "deviance_p": float(np.mean(np.array(deviances) >= observed)) if deviances else None,
    }
    return Fit(
        places,
        scale,
        low,
        high,
        found,
        points=(levels, share),
        warnings=tuple(_warnings(levels, trials, pse, sigma, limits, small)),
    )


def chance(alpha: Values, pse: float, sigma: float, lapse: float) -> Values:
    """The chance of the second answer at these alphas."""
    curve: Values = lapse + (1 - 2 * lapse) * ndtr((alpha - pse) / sigma)
    return curve


def fit_function(
    counts: Counts, limits: tuple[float, float], start: tuple[float, float, float] | None = None
) -> tuple[float, float, float]:
    """PSE, sigma and lapse rate by maximum likelihood; sigma within the limits."""
    alpha = counts.predictors[:, 0]

    def loss(parameters: Values) -> float:
        p = np.clip(chance(alpha, parameters[0], np.exp(parameters[1]), parameters[2]), 1e-12, 1 - 1e-12)
        return -float((counts.second * np.log(p) + (counts.trials - counts.second) * np.log(1 - p)).sum())

    span = float(np.ptp(alpha))
    middle = float(np.average(alpha, weights=counts.trials))
    starts = (
        [start]
        if start
        else [(middle + shift * span, width * span, 0.01) for shift in (-0.2, 0.0, 0.2) for width in (0.05, 0.3)]
    )
    bounds = [(alpha[0] - span, alpha[-1] + span), tuple(np.log(limits)), (0.0, MOST_LAPSES)]
    found = [
        minimize(loss, [pse, np.log(np.clip(sigma, *limits)), lapse], method="L-BFGS-B", bounds=bounds)
        for pse, sigma, lapse in starts
    ]
    pse, log_sigma, lapse = min(found, key=lambda one: float(one.fun)).x
    return float(pse), float(np.exp(log_sigma)), float(lapse)


def _warnings(
    levels: Values, trials: int, pse: float, sigma: float, limits: tuple[float, float], small: int
) -> list[str]:
    found = []
    if trials < FEW:
        found.append(f"{trials} trials are few: mind the intervals, {FEW} and more are usual")
    if not levels[0] < pse < levels[-1]:
        found.append(f"the point of subjective equality, {pse:.3g}, lies outside of the stimuli")
    if sigma <= 1.01 * limits[0]:
        found.append(
            "the answers change from one stimulus to the next, so how fast cannot be told; show stimuli between"
        )
    if small:
        found.append("towards the ends the share of answers hardly changes; --spacing will lay few stimuli there")
    return [*found, *beyond(levels)]
