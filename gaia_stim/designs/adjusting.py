"""Adjustments: how far settings lie from their target on the mean (bias), and how they scatter (SD)."""

import numpy as np
import pandas as pd

from gaia_stim.config import AnalyseConfig
from gaia_stim.designs.analysis import PAGE, Analysis, Values, about, of_few, whose, with_interval
from gaia_stim.designs.responses import Answers
from gaia_stim.drawing.charts import Series, chart
from gaia_stim.errors import DataError


def adjustment(answers: Answers, config: AnalyseConfig, rng: np.random.Generator) -> Analysis:
    """By target: mean error and the SD of settings, of a person; of several, the means over people of both.

    Raises `DataError` where the results do not say where the targets lie.
    """
    target = answers.alpha[:, 0]
    if not np.isfinite(target).all():
        raise DataError("adjustment: the results do not say where the targets lie; name the set with --stimuli SET")
    setting = answers.answer.astype(float)
    people = sorted(set(answers.participant))
    targets = np.unique(target)
    rows = []
    for who, places in whose(people):
        for at in targets:
            each = [setting[(answers.participant == people[one]) & (target == at)] - at for one in places]
            each = [errors for errors in each if len(errors)]
            if not each:
                continue
            row = {"participant": who, "target": at, "settings": sum(map(len, each)), "mean": at}
            found, low, high = _with_interval(each, config, rng)
            row["mean"] = at + found[0]
            for number, name in enumerate(("bias", "sd")):
                row |= {name: found[number], f"{name}_low": low[number], f"{name}_high": high[number]}
            rows.append({**row, "interval": about(config, len(each))})
    table = pd.DataFrame(rows)
    together = table[table["participant"] == "all"]
    figures = {"bias": float(together["bias"].mean()), "sd": float(together["sd"].mean())}
    lines = [
        Series("interval", [at, at], [low, high])
        for at, low, high in zip(together["target"], together["bias_low"], together["bias_high"], strict=True)
    ]
    drawn = chart(
        f"adjustment: {len(answers)} settings",
        f"mean error of settings; lines: interval {about(config, len(people))}" if config.bootstrap else "mean error",
        "target, in alpha",
        "bias: setting - target, in alpha",
        [Series("bias", together["target"], together["bias"])],
        frame=PAGE,
        reference=0.0,
        marks=lines if config.bootstrap else [],
    )
    return Analysis(table, figures, drawn, tuple(of_few(len(people))))


def _with_interval(each: list[Values], config: AnalyseConfig, rng: np.random.Generator) -> tuple[Values, ...]:
    """(2,) each: bias and SD, and the ends of their intervals; SD is NaN where nobody has two settings."""
    if len(each) > 1:
        own = np.array([[*_moments(errors), 1.0, float(len(errors) > 1)] for errors in each])
        own[:, 1] = np.nan_to_num(own[:, 1])
        return with_interval(own, _means, lambda one: one, config, rng)
    [errors] = each
    return with_interval(errors[None], _moments, lambda one: rng.choice(one, len(one)), config, rng)


def _means(sums: Values) -> Values:
    bias, sd, people, with_sd = sums
    return np.array([bias / people, sd / with_sd if with_sd else np.nan])


def _moments(errors: Values) -> Values:
    return np.array([errors.mean(), errors.std(ddof=1) if len(errors) > 1 else np.nan])
