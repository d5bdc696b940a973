"""Scales from comparisons: maximum likelihood difference scaling, and pairwise choice.

Difference scaling (Maloney & Yang 2003, doi:10.1167/3.8.5): the observer compares two pairs and says which differs
more; with normal noise that is a probit regression on the scale values (Knoblauch & Maloney 2008,
doi:10.18637/jss.v025.i02), whose row has +1 and -1 where the stimuli of the second and of the first pair are. Choosing
the higher of two (Thurstone's case V) is the same with one pair. Here the parameters are the steps from each stimulus
to the next, which changes nothing of the model and lets a row be written as "these steps minus those".

The plain estimate has one free parameter a stimulus, and its noise goes straight into the steps, which is what a
re-spaced continuum is made of. So by default the logarithm of the slope follows a smooth curve, between the stimuli as
well: what is penalised is its second derivative, which leaves straight and exponential scales alone, by as much as the
answers themselves call for (the evidence of Laplace's approximation; MacKay 1992). Such a scale always rises. The plain
estimate and its bootstrap intervals are kept beside it.

A few trials answered without looking would double the noise. So where answers clearly call for it, a share of them is
taken for the toss of a coin; where they do not, that share is none, and the model the published one.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.linalg import solve_triangular
from scipy.special import expit
from scipy.stats import chi2

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
    chance,
    interval,
    log_likelihood,
    minimise,
    no_rise,
    of_lapses,
    of_people,
    rising,
    score,
)
from gaia_stim.designs.responses import Answers
from gaia_stim.errors import DataError
from gaia_stim.metrics.distance import Pixels, variation
from gaia_stim.space.paths import Places
from gaia_stim.space.spacing import HumanScale

RIDGE = 1e-4
"""A penalty so slight that it only shows where answers without a single contradiction call for endless steps."""
PARTS = 4
"""Of the way from a stimulus to the next, each with a slope of its own: so the smooth curve is known between them."""
SMOOTHING = 10.0 ** np.arange(-1, 4.1, 0.5)
"""Weights of the roughness that are tried."""
FLATTEST = 0.02
"""Of the mean step: where the smooth fit begins for steps that the plain one has as none."""
STEPS = 9
"""Stimuli for which the evenness of steps is told."""
RESPACED = 50
"""Drawn scales that it is told by."""
FEW = 10
"""Trials a free parameter below which a scale gets a warning."""
CHANCE = 0.01
"""That guesses fit so well; above, nothing is known of whoever seems to see the opposite."""
CALLED_FOR = 3.84
"""Twice the log likelihood that lapses must gain, to be taken up: one chance in forty where there are none."""
FIRST_LAPSES = -2.0
"""Where their fit begins, on the scale of `_lapse`: 0.036."""
NODES = np.arange(-2.0, 3.0)
"""Standard errors from the estimated lapses at which smooth scales are drawn as well."""
WOBBLE = 1e-9
DRAWS = 3
"""Scales that are drawn for one that is kept."""
WILDEST = 20.0
"""Logarithm of a slope beyond which none is drawn."""


@dataclass(frozen=True, eq=False)
class Steps:
    """A fitted scale in units of the observer's noise, as its steps from stimulus to stimulus (p,)."""

    steps: Values
    eta: Values
    """(m,): the predictor of each row of the counts."""
    lapse: float = 0.0
    """Share of the trials that are answered by the toss of a coin."""

    @property
    def scale(self) -> Values:
        return np.concatenate([[0.0], np.cumsum(self.steps)])


def fit_mlds(answers: Answers, config: ScaleConfig, rng: np.random.Generator) -> Fit:
    """The difference scale of quadruples and triads, that may be mixed. Raises `DataError` where none can be fitted."""
    return _fit(answers, *_told_mlds(answers), config, rng, noise="sigma")


def smooth_steps(answers: Answers) -> tuple[Values, Counts, Values]:
    """The stimuli's alpha (p + 1,), the answers, and the smooth scale's steps in units of the noise (p,).

    Raises `DataError` as `fit_mlds` does.
    """
    alpha, people = _told_mlds(answers)
    counts = people.counts
    best = best_of(fit_smooth(alpha, counts, with_lapses(counts, _plain(answers, counts))))
    return alpha, counts, np.diff(best.fit.scale[::PARTS])


def _told_mlds(answers: Answers) -> tuple[Values, People]:
    a, b, c, d = answers.alpha.T
    is_triad = np.isnan(d)
    # A triad is two pairs with its middle stimulus in common.
    first = np.sort([a, b], axis=0)
    second = np.sort([np.where(is_triad, b, c), np.where(is_triad, c, d)], axis=0)
    is_second = np.isin(answers.answer, ["cd", "bc"])
    return _told(answers, [(second, 1.0), (first, -1.0)], is_second)


def fit_2afc(answers: Answers, config: ScaleConfig, rng: np.random.Generator) -> Fit:
    """The scale by which the higher of two is chosen. Raises `DataError` where none can be fitted."""
    a, b = answers.alpha[:, 0], answers.alpha[:, 1]
    sign = np.where(b >= a, 1.0, -1.0)
    alpha, people = _told(answers, [(np.sort([a, b], axis=0), sign)], answers.answer == "b")
    return _fit(answers, alpha, people, config, rng, noise="sigma_of_a_difference")


def _told(
    answers: Answers, pairs: list[tuple[Values, float | Values]], is_second: npt.NDArray[np.bool_]
) -> tuple[Values, People]:
    """The stimuli's alpha (p + 1,), and the answers as rows of steps."""
    alpha = np.unique(answers.alpha[np.isfinite(answers.alpha)])
    if len(alpha) < 3:
        raise DataError(f"{answers.task}: a scale needs at least three stimuli, not {len(alpha)}")
    starts = alpha[:-1]
    rows = np.zeros((len(answers), len(starts)))
    for (low, high), sign in pairs:
        inside = (low[:, None] <= starts) & (starts < high[:, None])
        rows += np.broadcast_to(np.asarray(sign), len(answers))[:, None] * inside
    # With the pairs exchanged it is the same trial with the opposite answer.
    is_turned = rows[np.arange(len(rows)), (rows != 0).argmax(axis=1)] < 0
    people = People.of(np.where(is_turned[:, None], -rows, rows), is_second ^ is_turned, answers.participant)
    _refuse(people.counts, answers)
    return alpha, people


def _fit(
    answers: Answers, alpha: Values, people: People, config: ScaleConfig, rng: np.random.Generator, noise: str
) -> Fit:
    counts = people.counts
    plain = _plain(answers, counts)
    plain = with_lapses(counts, plain) if config.lapses else plain
    samples, deviances = _bootstrap(counts, plain, config.bootstrap, rng)
    observed = counts.deviance(chance(plain.eta, plain.lapse))
    places, best, scale, draws, more = alpha, plain, plain.scale / plain.scale[-1], samples, {}
    points = None
    figures: dict[str, float | None] = {}
    small = 0
    tried: list[Smooth] = []
    if config.smooth and len(alpha) > 3:
        tried = fit_smooth(alpha, counts, plain)
        chosen = best_of(tried)
        best = chosen.fit
        places, scale = divided(alpha), rising(best.scale)[0]
        small = rising(best.scale[::PARTS])[1]
        figures = {"smoothing": chosen.weight, "log_likelihood_smoothed": log_likelihood(counts, best.eta, best.lapse)}
    if len(people) > 1:
        both = [_of_others(people.drawn(rng), plain, tried, rng) for _ in range(config.bootstrap)]
        samples, draws = [one for one, _ in both], [one for _, one in both]
    elif tried and config.bootstrap:
        draws = posterior(_with_other_lapses(alpha, counts, plain, tried), config.bootstrap, rng)
    if tried:
        points = alpha, plain.scale / plain.scale[-1]
        low, high = interval(_from_0_to_1(samples), config.confidence, points[1], len(people))
        more = {"unsmoothed": spread(points[1]), "unsmoothed_low": spread(low), "unsmoothed_high": spread(high)}
    usable = _from_0_to_1(draws)
    low, high = interval(usable, config.confidence, scale, len(people))
    if tried:
        low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
    log_noise = [-np.log(one[-1:]) for one in draws if one[-1] > 0]
    noise_low, noise_high = np.exp(interval(log_noise, config.confidence, -np.log(best.scale[-1:]), len(people)))
    return Fit(
        places,
        scale,
        low,
        high,
        about(config, len(people)),
        config.confidence,
        {
            noise: 1 / best.scale[-1],
            f"{noise}_low": noise_low[0],
            f"{noise}_high": noise_high[0],
            "lapse": best.lapse,
            **_evenness(places, best.scale, draws),
            "explained": _explained(counts, best),
            "log_likelihood": log_likelihood(counts, plain.eta, plain.lapse),
            "deviance": observed,
            "deviance_p": float(np.mean(np.array(deviances) >= observed)) if deviances else None,
            **figures,
        },
        more,
        points,
        warnings=(
            *_warnings(counts, answers, alpha, best, scale, small),
            *of_people(len(people), len(draws) - len(usable), len(draws)),
        ),
    )


def _plain(answers: Answers, counts: Counts) -> Steps:
    plain = fit_plain(counts)
    if plain.scale[-1] <= 0:
        free, trials = counts.predictors.shape[1], int(counts.trials.sum())
        gained = 2 * (log_likelihood(counts, plain.eta) - log_likelihood(counts, np.zeros_like(plain.eta)))
        raise no_rise(answers.task, trials, FEW * free, is_certain=bool(chi2.sf(gained, free) < CHANCE))
    return plain


def _bootstrap(counts: Counts, plain: Steps, count: int, rng: np.random.Generator) -> tuple[list[Values], list[float]]:
    """Scales and deviances of simulated experiments with an observer who is the plain fit."""
    scales, deviances = [], []
    for _ in range(count):
        drawn = counts.simulated(chance(plain.eta, plain.lapse), rng)
        again = _again(drawn, plain)
        scales.append(again.scale)
        deviances.append(drawn.deviance(chance(again.eta, again.lapse)))
    return scales, deviances


def _again(counts: Counts, plain: Steps) -> Steps:
    """The plain fit of other answers, with lapses where the first had them."""
    return fit_lapses(counts, plain)[0] if plain.lapse else fit_plain(counts, plain)


def _of_others(counts: Counts, plain: Steps, tried: list["Smooth"], rng: np.random.Generator) -> tuple[Values, Values]:
    """The plain scale of other people, and a smooth one that their answers leave possible.

    That one is drawn, with a weight as often as its evidence says, for the smooth fits of others are all smoothed
    alike: their spread alone does not know that smoothing may have smoothed too much.
    """
    again = _again(counts, plain)
    if not tried:
        return again.scale, again.scale
    like = tried[int(rng.choice(len(tried), p=shares(tried)))]
    parts = replace(counts, predictors=np.repeat(counts.predictors, PARTS, axis=1))
    smooth = Smooth.to(parts, like.widths, like.slopes, like.weight, again.lapse)
    return again.scale, smooth.scale_of(smooth.drawn(rng.standard_normal(len(like.widths))))


def _from_0_to_1(scales: list[Values]) -> list[Values]:
    return [one / one[-1] for one in scales if one[-1] > 0]


def fit_plain(counts: Counts, start: Steps | None = None) -> Steps:
    """Maximum likelihood with a free step a stimulus: the GLM of Knoblauch & Maloney."""

    def objective(steps: Values) -> tuple[float, Values, Values]:
        eta = counts.predictors @ steps
        slope, information = score(counts, eta)
        value = -log_likelihood(counts, eta) + RIDGE / 2 * float(steps @ steps)
        gradient = -counts.predictors.T @ slope + RIDGE * steps
        curvature = counts.predictors.T @ (counts.predictors * information[:, None])
        return value, gradient, curvature + RIDGE * np.eye(len(steps))

    begin = start.steps if start else np.full(counts.predictors.shape[1], 0.1)
    steps, _, _ = minimise(begin, objective)
    return Steps(steps, counts.predictors @ steps)


def _lapse(free: float) -> float:
    """A rate between none and the bound, of a number without bounds."""
    return float(MOST_LAPSES * expit(free))


def _free(lapse: float) -> float:
    return float(np.log(lapse / (MOST_LAPSES - lapse)))


def with_lapses(counts: Counts, plain: Steps) -> Steps:
    """The plain fit, or the one with lapses where the answers clearly call for them."""
    lapsing, _ = fit_lapses(counts, plain)
    gained = log_likelihood(counts, lapsing.eta, lapsing.lapse) - log_likelihood(counts, plain.eta)
    return lapsing if 2 * gained > CALLED_FOR and lapsing.scale[-1] > 0 else plain


def fit_lapses(counts: Counts, start: Steps) -> tuple[Steps, float]:
    """Steps and lapses together, and the standard error of the latter on the scale of `_lapse`."""

    def objective(at: Values) -> tuple[float, Values, Values]:
        steps, lapse = at[:-1], _lapse(at[-1])
        by_free = lapse * (1 - lapse / MOST_LAPSES)
        eta = counts.predictors @ steps
        up, down = chance(eta, lapse), chance(-eta, lapse)
        by_lapse = (0.5 - up) / (1 - lapse)
        slope, information = score(counts, eta, lapse)
        value = -log_likelihood(counts, eta, lapse) + RIDGE / 2 * float(steps @ steps)
        value -= (LAPSES_PRIOR - 1) * np.log1p(-lapse)
        upwards = float((by_lapse * (counts.second / up - (counts.trials - counts.second) / down)).sum())
        gradient = np.append(
            RIDGE * steps - counts.predictors.T @ slope, by_free * ((LAPSES_PRIOR - 1) / (1 - lapse) - upwards)
        )
        # How eta and lapses move the chance, in units of the answers' standard deviation.
        moves = np.sqrt(information)[:, None] * counts.predictors
        moved = np.column_stack([moves, by_free * by_lapse * np.sqrt(counts.trials / (up * down))])
        return value, gradient, moved.T @ moved + np.diag([*np.full(len(steps), RIDGE), WOBBLE])

    begin = np.append(start.steps, _free(start.lapse) if start.lapse else FIRST_LAPSES)
    at, _, curvature = minimise(begin, objective)
    error = float(np.sqrt(np.linalg.inv(curvature)[-1, -1]))
    return Steps(at[:-1], counts.predictors @ at[:-1], _lapse(at[-1])), error


@dataclass(frozen=True, eq=False)
class Smooth:
    """A fit with one weight of the roughness."""

    counts: Counts
    widths: Values
    weight: float
    slopes: Values
    """(p,): logarithms of the slopes."""
    curvature: Values
    """(p, p): expected, of the loss at the fit."""
    lapse: float = 0.0

    @classmethod
    def to(cls, counts: Counts, widths: Values, start: Values, weight: float, lapse: float = 0.0) -> "Smooth":
        """Fit, beginning with slopes whose logarithms are `start`."""
        rough = roughness(widths)
        penalty = weight * rough.T @ rough
        at_start = cls(counts, widths, weight, start, penalty, lapse)

        def objective(slopes: Values) -> tuple[float, Values, Values]:
            steps = widths * np.exp(slopes)
            slope, information = score(counts, counts.predictors @ steps, lapse)
            by_slope = counts.predictors * steps
            gradient = -by_slope.T @ slope + penalty @ slopes + RIDGE * steps**2
            curvature = by_slope.T @ (by_slope * information[:, None]) + penalty + np.diag(2 * RIDGE * steps**2)
            return at_start.loss(slopes), gradient, curvature + WOBBLE * np.eye(len(steps))

        slopes, _, curvature = minimise(start, objective)
        return cls(counts, widths, weight, slopes, curvature, lapse)

    def loss(self, slopes: Values) -> float:
        """What the fit makes smallest: minus the log likelihood, and the penalties."""
        steps = self.widths * np.exp(slopes)
        rough = roughness(self.widths) @ slopes
        penalties = self.weight * rough @ rough + RIDGE * steps @ steps
        return float(penalties) / 2 - log_likelihood(self.counts, self.counts.predictors @ steps, self.lapse)

    def drawn(self, normal: Values) -> Values:
        """Logarithms of slopes as far from the fit, for the uncertainty there is, as standard normal numbers (p,)."""
        return np.clip(self.slopes + self._spread @ normal, -WILDEST, WILDEST)

    @cached_property
    def _spread(self) -> Values:
        return root_of_inverse(self.curvature)

    def scale_of(self, slopes: Values) -> Values:
        return np.concatenate([[0.0], np.cumsum(self.widths * np.exp(slopes))])

    @cached_property
    def fit(self) -> Steps:
        steps = self.widths * np.exp(self.slopes)
        return Steps(steps, self.counts.predictors @ steps, self.lapse)

    @cached_property
    def loss_at_fit(self) -> float:
        return self.loss(self.slopes)

    @cached_property
    def evidence(self) -> float:
        """Logarithm of how likely the answers are with this weight and lapses, times how likely those are beforehand,
        up to a constant that all share.
        """
        roughs = len(self.widths) - 2
        beforehand = (LAPSES_PRIOR - 1) * np.log1p(-self.lapse)
        if self.lapse:
            beforehand += np.log(self.lapse * (1 - self.lapse / MOST_LAPSES))
        return (
            roughs / 2 * float(np.log(self.weight))
            - self.loss_at_fit
            - float(np.linalg.slogdet(self.curvature)[1]) / 2
            + float(beforehand)
        )


def root_of_inverse(curvature: Values) -> Values:
    """The lower triangle L (p, p) with L @ L.T the inverse of a positive definite matrix, which is never formed.

    Of few answers the matrix is so nearly singular that its inverse, rounded, is not positive definite any more.
    """
    least = 10 * len(curvature) * np.finfo(float).eps * np.linalg.norm(curvature, 2)
    lower = np.linalg.cholesky((curvature + least * np.eye(len(curvature)))[::-1, ::-1])
    return np.asarray(solve_triangular(lower[::-1, ::-1], np.eye(len(curvature))).T)


def divided(alpha: Values) -> Values:
    """The places between the parts into which the way from stimulus to stimulus is divided."""
    stimuli = np.arange(len(alpha))
    return np.interp(np.arange(stimuli[-1] * PARTS + 1) / PARTS, stimuli, alpha)


def spread(values: Values) -> Values:
    """What is known at the stimuli alone, at all places: NaN at the others."""
    everywhere = np.full((len(values) - 1) * PARTS + 1, np.nan)
    everywhere[::PARTS] = values
    return everywhere


def fit_smooth(alpha: Values, counts: Counts, plain: Steps) -> list[Smooth]:
    """The smooth fits with each weight of `SMOOTHING`."""
    parts = replace(counts, predictors=np.repeat(counts.predictors, PARTS, axis=1))
    steps = np.diff(alpha) / np.diff(alpha).mean()
    mean = plain.scale[-1] / len(steps)
    start = np.repeat(np.log(np.maximum(plain.steps, FLATTEST * mean) / steps), PARTS)
    widths = np.repeat(steps / PARTS, PARTS)
    return [Smooth.to(parts, widths, start, float(weight), plain.lapse) for weight in SMOOTHING]


def _with_other_lapses(alpha: Values, counts: Counts, plain: Steps, tried: list[Smooth]) -> list[Smooth]:
    """Those that were tried, and where there are lapses, the same with more and with fewer."""
    if not plain.lapse:
        return tried
    error = fit_lapses(counts, plain)[1]
    others = [replace(plain, lapse=_lapse(_free(plain.lapse) + error * node)) for node in NODES if node]
    return [*tried, *(one for other in others for one in fit_smooth(alpha, counts, other))]


def shares(tried: list[Smooth]) -> Values:
    """How much each has of the evidence."""
    evidence = np.array([one.evidence for one in tried])
    share = np.exp(evidence - evidence.max())
    return np.asarray(share / share.sum())


def best_of(tried: list[Smooth]) -> Smooth:
    return max(tried, key=lambda one: one.evidence)


def posterior(tried: list[Smooth], count: int, rng: np.random.Generator) -> list[Values]:
    """Scales that the answers leave possible, `count` of them.

    Drawn with each weight as often as its evidence says, normal around its fit, and then taken as often as the answers
    make them likelier than that (importance resampling; Ionides 2008 for the limit). Unlike simulated experiments these
    know that smoothing may have smoothed too much (Nychka 1988).
    """
    scales, logs = [], []
    for one, times in zip(tried, rng.multinomial(DRAWS * count, shares(tried)), strict=True):
        for normal in rng.standard_normal((times, len(one.widths))):
            slopes = one.drawn(normal)
            scales.append(one.scale_of(slopes))
            logs.append(one.loss(slopes) - one.loss_at_fit - normal @ normal / 2)
    # From the likeliest down: of few trials others are less likely by more than a float can say.
    ratio = np.exp(min(logs) - np.array(logs))
    ratio = np.minimum(ratio, ratio.mean() * np.sqrt(len(ratio)))
    return [scales[number] for number in rng.choice(len(scales), count, p=ratio / ratio.sum())]


def roughness(widths: Values) -> Values:
    """(p - 2, p): second derivatives, in the middles of p parts of these widths, of what is given for each.

    Their squares sum to an integral along the scale, so that it does not matter how finely it is divided.
    """
    middles = np.cumsum(widths) - widths / 2
    gaps = np.diff(middles)
    first = np.diff(np.eye(len(widths)), axis=0) / gaps[:, None]
    between = ((gaps[1:] + gaps[:-1]) / 2)[:, None]
    return np.asarray(np.diff(first, axis=0) / np.sqrt(between))


def _refuse(counts: Counts, answers: Answers) -> None:
    free, trials = counts.predictors.shape[1], int(counts.trials.sum())
    if len(set(answers.answer)) == 1:
        raise DataError(f"{answers.task}: all {len(answers)} answers are '{answers.answer[0]}', which tells no scale")
    if trials < free:
        raise DataError(
            f"{answers.task}: {trials} trials are too few for {free + 1} stimuli; give at least {FEW * free}"
        )
    if np.linalg.matrix_rank(counts.predictors) < free:
        raise DataError(
            f"{answers.task}: the trials do not connect all {free + 1} stimuli, so that no scale is told by them; use "
            "the trials of a whole design"
        )


def _evenness(alpha: Values, scale: Values, samples: list[Values]) -> dict[str, float | None]:
    """How uneven steps of equal alpha are, and how uneven those of `--spacing` can be expected to be.

    The coefficient of variation of the steps in the fitted scale, and its median where scales that the answers leave
    possible place the stimuli.
    """
    stretch = float(alpha[0]), float(alpha[-1])
    curve = PchipInterpolator(alpha, scale)
    expected = []
    for sample in samples[:RESPACED]:
        if sample[-1] > 0:
            spaced = HumanScale(alpha, rising(sample)[0], Path(), "")(_unseen, STEPS, stretch)
            expected.append(variation(np.diff(curve(spaced.places))))
    return {
        "steps_cv": variation(np.diff(curve(np.linspace(*stretch, STEPS)))),
        "steps_cv_expected": float(np.median(expected)) if expected else None,
    }


def _unseen(places: Places) -> Pixels:
    raise NotImplementedError("a measured scale places stimuli without their pictures")


def _explained(counts: Counts, fit: Steps) -> float:
    """Share of the answers that the scale without its noise would have given."""
    agreed = np.where(fit.eta > 0, counts.second, counts.trials - counts.second)
    return float(agreed.sum() / counts.trials.sum())


def _warnings(counts: Counts, answers: Answers, alpha: Values, fit: Steps, scale: Values, small: int) -> list[str]:
    found = []
    free, trials = counts.predictors.shape[1], int(counts.trials.sum())
    if trials < FEW * free:
        found.append(
            f"{trials} trials for {free + 1} stimuli are few: mind the intervals, {FEW * free} and more are usual"
        )
    if _explained(counts, fit) == 1.0:
        found.append(
            "no answer contradicts the scale, so the noise cannot be told and the intervals are too narrow: the "
            "stimuli are too easy to tell apart, or the trials too few"
        )
    if small:
        found.append(f"{small} neighbours could not be told apart; --spacing will lay no stimulus between them")
    if (np.diff(scale) <= 0).any():
        found.append("the scale does not rise everywhere, so --spacing cannot take it; leave out --no-smooth")
    if fit.lapse:
        found.append(f"{fit.lapse:.1%} of the trials look as if answered by chance; they are fitted as lapses")
    found += of_lapses({"lapse": fit.lapse})
    return [*found, *beyond(alpha)]
