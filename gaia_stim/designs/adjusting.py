"""Adjustments: how far settings lie from their target on the mean (bias), and how they scatter (SD).

On a wheel, alpha 1 is alpha 0 again: a setting is as far from its target as the shorter way round, bias is the mean
direction of the errors and SD the circular one, sqrt(-2 ln R) of their mean resultant R (Mardia & Jupp 2000, 2.3), both
in degrees of the set's `angle_deg` or, where the set is not named, of which a turn of alpha has 360; kappa is the
concentration of the von Mises distribution that has this R.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import i0e, i1e

from gaia_stim.config import AnalyseConfig
from gaia_stim.designs.analysis import PAGE, Analysis, Values, about, of_few, whose, with_interval
from gaia_stim.designs.responses import Answers
from gaia_stim.drawing.charts import Series, chart
from gaia_stim.errors import DataError

TURN = 360.0
OWN_ANGLES = (
    "degrees are 360 times alpha, for the results do not say which angles the stimuli have; where a wheel's steps were "
    "made equal these are others: name the set with --stimuli SET"
)
LARGEST_KAPPA = 1e6
"""All settings in one place have none."""


def adjustment(answers: Answers, config: AnalyseConfig, rng: np.random.Generator) -> Analysis:
    """By target: mean error and the SD of settings, of a person; of several, the means over people of both.

    Raises `DataError` where the results do not say where the targets lie.
    """
    target = answers.alpha[:, 0]
    if not np.isfinite(target).all():
        raise DataError("adjustment: the results do not say where the targets lie; name the set with --stimuli SET")
    way = WHEEL if answers.is_wheel else LINE
    target, setting = (_along(way, one, answers.angles) for one in (target, answers.answer.astype(float)))
    people = sorted(set(answers.participant))
    rows = []
    for who, places in whose(people):
        for at in np.unique(target):
            each = [setting[(answers.participant == people[one]) & (target == at)] - at for one in places]
            each = [errors for errors in each if len(errors)]
            if each:
                row = {"participant": who, "target": at, "settings": sum(map(len, each))}
                rows.append({**row, **_measured(at, each, way, config, rng), "interval": about(config, len(each))})
    table = pd.DataFrame(rows)
    together = table[table["participant"] == "all"]
    figures = {"bias": way.mean(together["bias"].to_numpy()), "sd": float(together["sd"].mean())}
    lines = [
        Series("interval", [at, at], [low, high])
        for at, low, high in zip(together["target"], together["bias_low"], together["bias_high"], strict=True)
    ]

    def ends(name: str) -> Series:
        return Series(name, together["target"], together[name])

    drawn = chart(
        f"adjustment: {len(answers)} settings{way.where}",
        f"mean error of settings; band and lines: interval {about(config, len(people))}"
        if config.bootstrap
        else "mean error",
        f"target, {way.unit}",
        f"bias: setting - target, {way.unit}",
        [Series("bias", together["target"], together["bias"])],
        frame=PAGE,
        reference=0.0,
        # The axes hold what is in the band, and take no notice of lines, which one target alone has.
        band=(ends("bias_low"), ends("bias_high")),
        marks=lines if config.bootstrap else [],
    )
    notes = (*of_few(len(people)), *([OWN_ANGLES] if answers.is_wheel and not len(answers.angles) else []))
    return Analysis(table, figures, drawn, notes)


def _along(way: "Way", alpha: Values, angles: Values) -> Values:
    """Where these are: on a wheel whose angles are known at those, between the angles of its stimuli."""
    if not len(angles):
        return way.size * alpha
    turn = np.array([1, TURN])
    once_more = np.vstack([angles[-1] - turn, angles, angles[0] + turn])
    found: Values = np.interp(alpha % 1, *once_more.T)
    return found


@dataclass(frozen=True)
class Way:
    """What settings are made along: how their errors are taken together."""

    size: float
    """What alpha 1 is called."""
    unit: str
    where: str
    near: Callable[[Values], Values]
    """Errors, or places, where they belong: the shorter way round."""
    place: Callable[[float], float]
    mean: Callable[[Values], float]
    sd: Callable[[Values], float]


def _direction(errors: Values) -> float:
    return float(np.degrees(np.angle(np.exp(1j * np.radians(errors)).mean())))


def _circular_sd(errors: Values) -> float:
    """√(−ln ρ²), of the ρ² whose mean is right however few errors there are: E R² = ρ² + (1 − ρ²) / n."""
    n, resultant = len(errors), abs(np.exp(1j * np.radians(errors)).mean())
    squared = min(1.0, (n * resultant**2 - 1) / (n - 1)) if n > 1 else np.nan
    return float(np.degrees(np.sqrt(-np.log(max(squared, np.finfo(float).tiny)))))


LINE = Way(
    1.0,
    "in alpha",
    "",
    lambda errors: errors,
    lambda at: at,
    lambda one: float(one.mean()),
    lambda one: one.std(ddof=1),
)
WHEEL = Way(
    TURN,
    "in degrees",
    " on a wheel",
    lambda errors: (errors + TURN / 2) % TURN - TURN / 2,
    lambda at: at % TURN,
    _direction,
    _circular_sd,
)


def kappa_of(sd: float) -> float:
    """The concentration of a von Mises distribution of that circular SD in degrees: where I1/I0 of it is R."""
    resultant = np.exp(-(np.radians(sd) ** 2) / 2)
    if not resultant < _resultant(LARGEST_KAPPA):
        return float("nan")
    return float(brentq(lambda kappa: _resultant(kappa) - resultant, 0, LARGEST_KAPPA))


def _resultant(kappa: float) -> float:
    return float(i1e(kappa) / i0e(kappa))


def _measured(
    at: float, each: list[Values], way: Way, config: AnalyseConfig, rng: np.random.Generator
) -> dict[str, float]:
    """Bias and SD of the errors of each person at a target, with their intervals."""
    # Around their own mean no interval is cut where a wheel begins.
    centre = way.mean(np.concatenate(each))
    found, low, high = _with_interval([way.near(errors - centre) for errors in each], way, config, rng)
    bias = way.near(np.array([centre + found[0]]))[0]
    moved = bias - found[0]
    row = {"mean": way.place(at + bias), "bias": bias, "bias_low": moved + low[0], "bias_high": moved + high[0]}
    row |= {"sd": found[1], "sd_low": low[1], "sd_high": high[1]}
    if way is WHEEL:
        row |= {"kappa": kappa_of(found[1]), "kappa_low": kappa_of(high[1]), "kappa_high": kappa_of(low[1])}
    return row


def _with_interval(each: list[Values], way: Way, config: AnalyseConfig, rng: np.random.Generator) -> tuple[Values, ...]:
    """(2,) each: bias and SD, and the ends of their intervals; SD is NaN where nobody has two settings."""

    def moments(errors: Values) -> Values:
        return np.array([way.mean(errors), way.sd(errors) if len(errors) > 1 else np.nan])

    if len(each) > 1:
        own = np.array([[*moments(errors), 1.0, float(len(errors) > 1)] for errors in each])
        own[:, 1] = np.nan_to_num(own[:, 1])
        return with_interval(own, _means, lambda one: one, config, rng)
    [errors] = each
    return with_interval(errors[None], moments, lambda one: rng.choice(one, len(one)), config, rng)


def _means(sums: Values) -> Values:
    bias, sd, people, with_sd = sums
    return np.array([bias / people, sd / with_sd if with_sd else np.nan])
