"""Psychometric functions: how the share of an answer grows along a continuum, and the scale that this makes.

A cumulative normal between a guess rate and a lapse rate, P = guess + (1 - guess - lapse) Phi((alpha - PSE) / sigma)
(Wichmann & Hill 2001; psignifit and Palamedes write it so), each rate with a prior that keeps it small where the
answers say little. The estimate is the likeliest function; intervals about one person are those of the posterior, on a
grid (Schuett et al. 2016, doi:10.1016/j.visres.2016.02.002), for simulated experiments say too little of how uncertain
sigma is with few trials. The scale is the function without guesses and lapses: equal steps of it are equal changes of
the share of answers.

The PSE is the middle of the function without them. Where the two rates differ, the answers are half and half somewhere
else, at `half`: of people who looked at morphs of faces (`benchmarks/people.py`) that is what comes back in a second
session, and what published points of subjective equality are, for those know no rates.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr, ndtri

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.fits import (
    LAPSES_PRIOR,
    MOST_LAPSES,
    Counts,
    Fit,
    People,
    Values,
    about,
    beyond,
    interval,
    no_rise,
    of_lapses,
    of_people,
    rising,
)
from gaia_stim.designs.responses import Answers
from gaia_stim.errors import DataError

JND = float(ndtri(0.75))
"""In sigmas: from a share of 50 % to 75 %."""
PLACES = 101
"""Of the written curve, evenly over the continuum, beside the stimuli's own."""
STEEPEST, FLATTEST = 0.1, 20.0
"""sigma is at least this share of the closest stimuli's distance, and at most so many times the whole range."""
FEW = 40
FEWEST = 15
"""Trials of an adaptive session, below which no function is fitted."""
CERTAIN = 2.5
"""Standard errors by which answers have to fall with alpha for it not to be chance; seven trials cannot."""
CELLS = (15, 21, 13, 13)
"""Of the posterior's grid: PSE, log sigma, guess and lapse rate."""
SOME_LAPSES = 0.02
WIDE, UNLIKELY = 8.0, 10.0
"""Standard errors that the grid begins with, and how much less in the logarithm what it leaves out is likely."""
NARROWED = 5
"""Times that the grid is laid anew, at most."""
DRIFT = 1.5
"""How often wider the function of all together is than a person's own, before it is warned of."""
ASIDE = 0.5
"""JNDs that `half` lies from the PSE before it is warned of."""
BIASED = 2.5
"""Standard errors by which answers to equal stimuli have to differ from half and half."""


class Function(NamedTuple):
    """A psychometric function."""

    pse: float
    sigma: float
    guess: float = 0.0
    """Share of the second answer far below."""
    lapse: float = 0.0
    """Share of the first answer far above."""
    bias: float = 0.0
    """In sigmas, towards the comparison where it comes second."""

    @property
    def half(self) -> float:
        """Where half of the answers are the second one, without a bias: the PSE, if the rates are equal."""
        return self.pse + self.sigma * float(ndtri((0.5 - self.guess) / (1 - self.guess - self.lapse)))

    def chance(self, rows: Values) -> Values:
        """(m,): of the second answer to rows of alpha, order and whether there is a difference (m, 3)."""
        alpha, order, differs = rows.T
        shape = ndtr(differs * (alpha - self.pse) / self.sigma + order * self.bias)
        below = np.where(differs > 0, self.guess, (self.guess + self.lapse) / 2)
        return np.asarray(below + (1 - self.guess - self.lapse) * shape)

    def scale(self, places: Values) -> Values:
        """Without guesses and lapses, at rising alphas, in any unit: told also where all lie far out in one tail."""
        z = (places - self.pse) / self.sigma
        if z[0] + z[-1] < 0:
            return np.asarray(np.exp(log_ndtr(z) - log_ndtr(z[-1])))
        return np.asarray(-np.exp(log_ndtr(-z) - log_ndtr(-z[0])))


def _rows(alpha: Values, order: Values | float = 0.0, differs: npt.NDArray[np.bool_] | float = 1.0) -> Values:
    return np.column_stack(np.broadcast_arrays(alpha, order, differs)).astype(float)


def fit_identification(answers: Answers, config: ScaleConfig, rng: np.random.Generator) -> Fit:
    """The share of "b" among the answers to single stimuli. Raises `DataError` where no function can be fitted."""
    return _fit(answers, _rows(answers.alpha[:, 0]), answers.answer == "b", config, rng)


def fit_constant(answers: Answers, config: ScaleConfig, rng: np.random.Generator) -> Fit:
    """How often each comparison is chosen over the standard, and what is preferred where nothing differs: trials of
    the standard with itself tell that alone. Raises `DataError` where no function can be fitted.
    """
    standard, compared, is_second = comparisons(answers)
    rows = _rows(compared, np.where(is_second, 1.0, -1.0), answers.alpha[:, 0] != answers.alpha[:, 1])
    return _fit(answers, rows, (answers.answer == "b") == is_second, config, rng, {"standard": standard})


def comparisons(answers: Answers) -> tuple[float, Values, npt.NDArray[np.bool_]]:
    """Of `constant`: the standard, and of each trial what it was compared with, and whether that came second.

    Raises `DataError` where the trials have no one standard in common.
    """
    a, b = answers.alpha[:, 0], answers.alpha[:, 1]
    standards = [alpha for alpha in np.unique(a) if ((a == alpha) | (b == alpha)).all()]
    if len(standards) != 1:
        raise DataError(
            "constant: the trials do not all have one standard in common; fit the answers of each by itself"
        )
    is_second = a == standards[0]
    return float(standards[0]), np.where(is_second, b, a), is_second


def _fit(
    answers: Answers,
    rows: Values,
    is_second: npt.NDArray[np.bool_],
    config: ScaleConfig,
    rng: np.random.Generator,
    figures: dict[str, float] | None = None,
) -> Fit:
    people = People.of(rows, is_second, answers.participant)
    counts = people.counts
    levels, share, trials = _shares(counts)
    _refuse(answers, counts, levels)
    limits = STEEPEST * float(np.diff(levels).min()), FLATTEST * float(np.ptp(levels))
    best = fit_function(counts, limits)
    places = np.union1d(np.linspace(levels[0], levels[-1], PLACES), levels)
    scale, small = rising(best.scale(places))
    expected = best.chance(counts.predictors)
    observed = counts.deviance(expected)
    simulated = [counts.simulated(expected, rng) for _ in range(config.bootstrap)]
    again = [fit_function(drawn, limits, best) for drawn in simulated]
    worse = [
        drawn.deviance(one.chance(drawn.predictors)) >= observed for drawn, one in zip(simulated, again, strict=True)
    ]
    if len(people) > 1:
        draws = again = [fit_function(people.drawn(rng), limits, best) for _ in range(config.bootstrap)]
    else:
        draws = posterior(counts, best, limits, config.bootstrap, rng)
    curves = [rising(one.scale(places))[0] for one in draws]
    low, high = interval(curves, config.confidence, scale, len(people))
    numbers = [_numbers(one) for one in draws]
    if best.bias:
        # It is as good as independent of the others, and no part of the posterior's grid.
        numbers = [np.append(one[:-1], other.bias) for one, other in zip(numbers, again, strict=True)]
    ends = interval(numbers, config.confidence, _numbers(best), len(people))
    own = _own(people, limits, config, rng) if len(people) > 1 else {}
    return Fit(
        places,
        scale,
        np.clip(low, 0, 1),
        np.clip(high, 0, 1),
        about(config, len(people)),
        config.confidence,
        {
            **(figures or {}),
            **_named(_numbers(best), *ends, is_biased=figures is not None),
            **own,
            "deviance": observed,
            "deviance_p": float(np.mean(worse)) if worse else None,
        },
        points=(levels, share),
        trials=trials,
        warnings=(
            *_warnings(levels, counts, best, limits, small, own.get("jnd_of_a_person")),
            *of_people(len(people)),
        ),
    )


def _numbers(function: Function) -> Values:
    """What there are intervals of, each where it has no bounds near."""
    pse, sigma, guess, lapse, bias = function
    return np.array([pse, np.log(sigma), guess, lapse, function.half, bias])


def _named(best: Values, low: Values, high: Values, is_biased: bool) -> dict[str, float]:
    """The figures of a function and of the ends of its intervals."""
    found: dict[str, float] = {}
    for ending, values in zip(("", "_low", "_high"), (best, low, high), strict=True):
        pse, log_sigma, guess, lapse, half, bias = values
        found[f"pse{ending}"] = pse
        found[f"half{ending}"] = half
        found[f"jnd{ending}"] = JND * np.exp(log_sigma)
        found[f"sigma{ending}"] = np.exp(log_sigma)
        found[f"guess{ending}"] = float(np.clip(guess, 0, 1))
        found[f"lapse{ending}"] = float(np.clip(lapse, 0, 1))
        if is_biased:
            found[f"second_if_equal{ending}"] = float(ndtr(bias))
    return found


def _shares(counts: Counts) -> tuple[Values, Values, Values]:
    """The alphas that were judged, and the share of the second answer at each, and of how many answers."""
    told = counts.predictors[:, 2] > 0
    levels, where = np.unique(counts.predictors[told, 0], return_inverse=True)
    trials = np.bincount(where, counts.trials[told]).astype(float)
    return levels, np.bincount(where, counts.second[told]) / trials, trials


def _refuse(answers: Answers, counts: Counts, levels: Values) -> None:
    told = counts.predictors[:, 2] > 0
    alpha, trials, second = counts.predictors[told, 0], counts.trials[told], counts.second[told]
    count = int(trials.sum())
    if len(levels) < 3:
        raise DataError(f"{answers.task}: a psychometric function needs at least three stimuli, not {len(levels)}")
    if len(set(answers.answer)) == 1:
        raise DataError(f"{answers.task}: all {len(answers)} answers are '{answers.answer[0]}', which tells nothing")
    share = second.sum() / count
    if share in (0, 1):  # of `constant`, where the comparison is in either place
        chosen = "all" if share else "none"
        raise DataError(f"{answers.task}: the comparison was chosen in {chosen} of {count} trials, which tells nothing")
    # An adaptive session shows many stimuli once: there it is the trials that count.
    if count < (FEWEST if answers.is_adaptive else 2 * len(levels)):
        raise DataError(f"{answers.task}: {count} trials are too few for {len(levels)} stimuli; give at least {FEW}")
    off = alpha - np.average(alpha, weights=trials)
    rise = float(off @ second) / count
    if rise <= 0:
        certainty = -rise / np.sqrt(np.average(off**2, weights=trials) * share * (1 - share)) * np.sqrt(count)
        raise no_rise(answers.task, count, FEW, is_certain=bool(certainty > CERTAIN))


def fit_function(counts: Counts, limits: tuple[float, float], start: Function | None = None) -> Function:
    """The likeliest function, with the prior of its guess and lapse rates; sigma within the limits."""
    alpha, order, differs = counts.predictors.T
    first = counts.trials - counts.second

    def loss(at: Values) -> tuple[float, Values]:
        function = Function(at[0], float(np.exp(at[1])), *at[2:])
        p = np.clip(function.chance(counts.predictors), 1e-12, 1 - 1e-12)
        eta = differs * (alpha - at[0]) / function.sigma + order * at[4]
        density, kept = np.exp(-0.5 * eta**2) / np.sqrt(2 * np.pi), 1 - at[2] - at[3]
        shape, half = ndtr(eta), np.where(differs > 0, 1.0, 0.5)
        moved = [
            -kept * density * differs / function.sigma,
            -kept * density * differs * (alpha - at[0]) / function.sigma,
            half - shape,
            1 - half - shape,
            kept * density * order,
        ]
        by_chance = counts.second / p - first / (1 - p)
        prior = (LAPSES_PRIOR - 1) * np.array([0, 0, 1 / (1 - at[2]), 1 / (1 - at[3]), 0])
        value = -(counts.second @ np.log(p) + first @ np.log1p(-p)) - (LAPSES_PRIOR - 1) * np.log1p(-at[2:4]).sum()
        return float(value), prior - np.array(moved) @ by_chance

    low, high = _bounds(counts, limits)
    span, middle = float(np.ptp(alpha)), float(np.average(alpha, weights=counts.trials))
    starts = (
        [start]
        if start
        else [
            Function(middle + at * span, width * span, 0.01, 0.01) for at in (-0.2, 0.0, 0.2) for width in (0.05, 0.3)
        ]
    )
    found = [
        minimize(
            loss,
            [one.pse, np.log(np.clip(one.sigma, *limits)), *one[2:]],
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(low, high, strict=True)),
            options={"ftol": 1e-11, "gtol": 1e-7},
        )
        for one in starts
    ]
    pse, log_sigma, *others = (float(one) for one in min(found, key=lambda one: float(one.fun)).x)
    return Function(pse, float(np.exp(log_sigma)), *others)


def _bounds(counts: Counts, limits: tuple[float, float]) -> tuple[Values, Values]:
    """Of PSE, log sigma, guess rate, lapse rate and bias."""
    alpha = counts.predictors[counts.predictors[:, 2] > 0, 0]
    span = np.ptp(alpha)
    most = 3.0 if counts.predictors[:, 1].any() else 0.0
    low = np.array([alpha.min() - span, np.log(limits[0]), 0.0, 0.0, -most])
    return low, np.array([alpha.max() + span, np.log(limits[1]), MOST_LAPSES, MOST_LAPSES, most])


def posterior(
    counts: Counts, best: Function, limits: tuple[float, float], count: int, rng: np.random.Generator
) -> list[Function]:
    """Functions that the answers leave possible, `count` of them: beforehand, each PSE and each sigma within bounds is
    as likely as the other, and the rates have the prior of the fit.

    From a grid that begins wide around the best function and is narrowed to where the answers leave something.
    """
    lowest, highest = (one[:4] for one in _bounds(counts, limits))
    middle = _numbers(best)[:4]
    reach = WIDE * _errors(counts, best)
    low, high = np.maximum(middle - reach, lowest), np.minimum(middle + reach, highest)
    for _ in range(NARROWED):
        width = (high - low) / CELLS
        axes = [one + each * (np.arange(cells) + 0.5) for one, each, cells in zip(low, width, CELLS, strict=True)]
        likely = _log_posterior(counts, axes, best.bias)
        inside = np.argwhere(likely > likely.max() - UNLIKELY)
        narrow_low = np.maximum(low + width * (inside.min(axis=0) - 1), lowest)
        narrow_high = np.minimum(low + width * (inside.max(axis=0) + 2), highest)
        if (narrow_high - narrow_low > 0.8 * (high - low)).all():
            break
        low, high = narrow_low, narrow_high
    share = np.exp(likely - likely.max()).ravel()
    chosen = np.unravel_index(rng.choice(share.size, count, p=share / share.sum()), likely.shape)
    drawn = np.column_stack([axis[cells] for axis, cells in zip(axes, chosen, strict=True)])
    drawn += width * rng.uniform(-0.5, 0.5, drawn.shape)
    return [Function(pse, float(np.exp(log_sigma)), guess, lapse) for pse, log_sigma, guess, lapse in drawn]


def _log_posterior(counts: Counts, axes: list[Values], bias: float) -> Values:
    """At each point of a grid of PSE, log sigma, guess and lapse rate, up to a constant."""
    alpha, order, differs = counts.predictors.T
    pse, log_sigma = (one[..., None] for one in np.meshgrid(*axes[:2], indexing="ij"))
    # The grid is even in log sigma, so that a cell has the more of sigma the larger that is.
    shape = ndtr(differs * (alpha - pse) / np.exp(log_sigma) + order * bias)
    found = np.empty([len(axis) for axis in axes])
    found[:] = axes[1][:, None, None]
    for (i, guess), (j, lapse) in ((one, other) for one in enumerate(axes[2]) for other in enumerate(axes[3])):
        p = np.where(differs > 0, guess, (guess + lapse) / 2) + (1 - guess - lapse) * shape
        found[:, :, i, j] += np.log(p) @ counts.second + np.log1p(-p) @ (counts.trials - counts.second)
        found[:, :, i, j] += (LAPSES_PRIOR - 1) * (np.log1p(-guess) + np.log1p(-lapse))
    return found


def _errors(counts: Counts, best: Function) -> Values:
    """(4,): about the standard errors of PSE, log sigma, guess and lapse rate, by differences; with rates that are not
    quite none, for there they would be.
    """
    steps = np.array([1e-3 * best.sigma, 1e-3, 1e-3, 1e-3])
    lapsing = best._replace(guess=max(best.guess, SOME_LAPSES), lapse=max(best.lapse, SOME_LAPSES))
    at, p = _numbers(lapsing)[:4], lapsing.chance(counts.predictors)

    def moved(by: Values) -> Values:
        pse, log_sigma, guess, lapse = at + by
        other = Function(pse, float(np.exp(log_sigma)), guess, lapse, best.bias)
        return (other.chance(counts.predictors) - p) * np.sqrt(counts.trials / (p * (1 - p)))

    rows = np.array([moved(step) for step in np.diag(steps)]) / steps[:, None]
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(rows @ rows.T + np.diag([1e-6, 1e-6, 1.0, 1.0])))))


def _own(
    people: People, limits: tuple[float, float], config: ScaleConfig, rng: np.random.Generator
) -> dict[str, float]:
    """The JND of people who are laid upon each other at the PSE of each, and how the PSEs spread.

    The function of all together is flatter than a person's own where people's PSEs differ, so it does not tell a JND;
    and of few trials each, a mean of people's own JNDs is too small. Empty where somebody answered too little, or not
    two have a PSE within the stimuli.
    """
    alone = people.each()
    if min(counts.trials.sum() for counts in alone) < FEW:
        return {}
    found = np.array([fit_function(counts, limits).pse for counts in alone])
    low, high = people.predictors[:, 0].min(), people.predictors[:, 0].max()
    is_told = (low < found) & (found < high)
    if is_told.sum() < 2:
        return {}
    kept = is_told[people.person]
    rows = people.predictors[people.row[kept]] - np.outer(found[people.person[kept]], [1.0, 0.0, 0.0])
    laid = People.of(rows, people.is_second[kept], people.person[kept].astype(str))
    best = fit_function(laid.counts, limits)
    drawn = [fit_function(laid.drawn(rng), limits, best) for _ in range(config.bootstrap)]
    at = np.log([best.sigma])
    ends = interval([np.log([one.sigma]) for one in drawn], config.confidence, at, len(laid))
    named = {
        f"jnd_of_a_person{ending}": JND * float(np.exp(one[0]))
        for ending, one in zip(("", "_low", "_high"), (at, *ends), strict=True)
    }
    return {**named, "people_with_a_pse": float(is_told.sum()), "pse_sd_over_people": found[is_told].std(ddof=1)}


def _warnings(
    levels: Values,
    counts: Counts,
    best: Function,
    limits: tuple[float, float],
    small: int,
    own_jnd: float | None,
) -> list[str]:
    found = []
    trials = int(counts.trials.sum())
    if trials < FEW:
        found.append(f"{trials} trials are few: mind the intervals, {FEW} and more are usual")
    if not levels[0] < best.pse < levels[-1]:
        found.append(f"the point of subjective equality, {best.pse:.3g}, lies outside of the stimuli")
    if best.sigma <= 1.01 * limits[0]:
        found.append(
            "the answers change from one stimulus to the next, so how fast cannot be told; show stimuli between"
        )
    if small:
        found.append("towards the ends the share of answers hardly changes; --spacing will lay few stimuli there")
    if own_jnd and JND * best.sigma > DRIFT * own_jnd:
        found.append(
            f"people differ: the JND of all together, {JND * best.sigma:.3g}, holds how their PSEs differ; a person's "
            f"own is {own_jnd:.3g} (jnd_of_a_person)"
        )
    if abs(best.half - best.pse) > ASIDE * JND * best.sigma:
        found.append(
            f"guesses and lapses differ, {best.guess:.2f} and {best.lapse:.2f}: the answers are half and half at alpha "
            f"{best.half:.3g} (half), not at the PSE, {best.pse:.3g}, the middle of the function without them; where a "
            "preference and no slips make the difference, half is the one to report"
        )
    found += of_lapses({"guess": best.guess, "lapse": best.lapse})
    return [*found, *_of_bias(counts), *beyond(levels)]


def _of_bias(counts: Counts) -> list[str]:
    """Where trials of the standard with itself tell that one place is preferred."""
    same = counts.predictors[:, 2] == 0
    trials, second = counts.trials[same].sum(), counts.second[same].sum()
    if not trials or abs(second - trials / 2) < BIASED * np.sqrt(trials) / 2:
        return []
    return [
        f"where the standard was shown with itself, {second / trials:.0%} of {trials:.0f} answers are 'b', not half: "
        "one place is preferred; the fit takes it into account (second_if_equal)"
    ]
