"""A fitted scale as a chart: a psychometric function through the shares that were measured, or a scale's curve."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from gaia_stim.designs.fits import Fit, Values
from gaia_stim.drawing.charts import Chart, Frame, Series, chart

FIGURE = Frame(480, 474, left=70, top=74, right=464, bottom=422, inset=9, says=True)
ONE_OF_MANY = Frame(330, 316, left=62, top=66, right=318, bottom=264, inset=8, says=True)
"""Of a panel, one a person."""
LARGEST, SMALLEST = 6.0, 1.5
"""Radii of dots, whose areas are as the trials behind them."""
ALPHA = "alpha, from the first source to the second"


def scale_chart(fit: Fit, title: str, frame: Frame = FIGURE) -> Chart:
    """What was fitted, with PSE, JND and their intervals where there are any."""
    return _function(fit, title, frame) if "pse" in fit.figures else _scale(fit, title, frame)


def _scale(fit: Fit, title: str, frame: Frame) -> Chart:
    """Stimuli are dots where the scale was measured at them alone."""
    curve = Series("scale", fit.alpha, fit.scale, dotted=fit.points is None)
    measured = [Series("measured", *fit.points, joined=False)] if fit.points else []
    noise = f"noise of a judgement {fit.figures['sigma']:.3g} of the scale" if fit.figures.get("sigma") else ""
    return chart(
        title,
        "\n".join(filter(None, (noise, fit.interval and f"band: {fit.interval}"))),
        ALPHA,
        "scale, from 0 to 1",
        [curve, *measured],
        frame=frame,
        band=(Series("low", fit.alpha, fit.low), Series("high", fit.alpha, fit.high)),
        from_zero=False,
    )


def _function(fit: Fit, title: str, frame: Frame) -> Chart:
    """The function with its guesses and lapses; below it the PSE, and across it the PSE's interval."""
    known = fit.figures
    levels, share = fit.points or (np.empty(0), np.empty(0))
    trials = np.ones(len(levels)) if fit.trials is None else fit.trials
    radii = np.maximum(SMALLEST, LARGEST * np.sqrt(trials / max(1, trials.max(initial=1)))).tolist()
    pse, at_pse = known["pse"], float(_chance(np.array([known["pse"]]), known)[0])
    marks = [Series("PSE", [pse, pse], [0, at_pse])]
    if fit.about:
        marks.append(Series("interval", [known["pse_low"], known["pse_high"]], [at_pse, at_pse]))
    told = [f"{name.upper()} {_with_interval(name, fit)}" for name in ("pse", "jnd")]
    rates = [
        f"{'guesses' if name == 'guess' else 'lapses'} {_with_interval(name, fit, '.2f')}"
        for name in ("guess", "lapse")
    ]
    says = [", ".join(told), ", ".join(rates), fit.interval]
    of = "comparison" if "standard" in known else '"b"'
    low, high = fit.alpha[0], fit.alpha[-1]
    return chart(
        title,
        "\n".join(filter(None, says if frame is FIGURE else says[:2])),
        ALPHA,
        f"share of answers for the {of}" if "standard" in known else f"share of answers {of}",
        [
            Series("fitted", fit.alpha, _chance(fit.alpha, known), dotted=False),
            Series("measured", levels, share, joined=False, radii=radii),
        ],
        frame=frame,
        reference=0.5,
        marks=[_within(one, low, high) for one in marks],
    )


def _within(mark: Series, low: float, high: float) -> Series:
    """No further than the axis goes; nothing of it where all lies beyond."""
    x = np.clip(list(mark.x), low, high)
    is_beyond = mark.name == "PSE" and not low <= next(iter(mark.x)) <= high
    return Series(mark.name, [] if is_beyond else x.tolist(), [] if is_beyond else list(mark.y))


def _chance(alpha: Values, known: Mapping[str, Any]) -> Values:
    """Of the answer, as fitted; of `constant` the mean over both orders."""
    bias = float(ndtri(known["second_if_equal"])) if "second_if_equal" in known else 0.0
    eta = (alpha - known["pse"]) / known["sigma"]
    shape = (ndtr(eta + bias) + ndtr(eta - bias)) / 2
    return np.asarray(known["guess"] + (1 - known["guess"] - known["lapse"]) * shape)


def _with_interval(name: str, fit: Fit, digits: str = ".3g") -> str:
    known = fit.figures
    told = f" [{known[f'{name}_low']:{digits}}, {known[f'{name}_high']:{digits}}]" if fit.about else ""
    return f"{known[name]:{digits}}{told}"
