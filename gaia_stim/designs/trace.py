"""What an adaptive session showed, trial by trial, and what its answers had told by then.

A reversal is the last trial before a track goes the other way. The estimate is the posterior mean of the PSE, and an
interval, of the function that `scale` fits (`psychometric`), on a coarser grid and without a bias to an order.
"""

from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from gaia_stim.designs.fits import LAPSES_PRIOR, Values
from gaia_stim.designs.psychometric import comparisons
from gaia_stim.designs.responses import Answers
from gaia_stim.drawing.charts import Chart, Frame, Series, chart

TRACE, TRACE_TABLE = "trace.png", "trace.csv"
PAGE = Frame(520, 420, left=70, top=74, right=504, bottom=368, inset=9, says=True)
PANEL = Frame(330, 316, left=62, top=66, right=318, bottom=264, inset=8, says=True)
COLOURS = ("blue", "red")
"""Of a chart's curves, in words (`drawing.ink`)."""
PLACES, WIDTHS = 81, 15
RATES = (0.005, 0.03, 0.08, 0.15)
"""The grid: of the PSE over the line as far as it was shown and half as far to both sides, of sigma, of each rate."""
NARROWEST, WIDEST = 0.01, 1.5
"""Of sigma, as shares of what was shown."""
LEFT_OUT = 2
"""Of a track's reversals, which come from large steps: the mean is of an even number of those after them."""


def trace_table(answers: Answers) -> pd.DataFrame:
    """A row a trial of one person, in order: `trial, procedure, track, alpha, more` (1: B, or the comparison is nearer
    to B), `reversal`, and `estimate, low, high` after it.
    """
    is_more, levels = answers.answer == "b", answers.alpha[:, 0]
    if answers.task == "constant":
        _, levels, is_second = comparisons(answers)
        is_more = is_more == is_second
    # Where numbers come twice, several sessions follow each other, as their files do.
    is_one = len(np.unique(answers.trial)) == len(answers)
    order = np.argsort(answers.trial) if is_one else np.arange(len(answers))
    table = pd.DataFrame(
        {
            "trial": answers.trial[order] if is_one else np.arange(1.0, len(answers) + 1),
            "procedure": answers.chosen_by[order, 0],
            "track": answers.chosen_by[order, 1],
            "alpha": levels[order],
            "more": is_more[order].astype(int),
        }
    )
    table["reversal"] = 0
    for _, own in table[table["procedure"] == "staircase"].groupby("track"):
        table.loc[own.index[_turns(own["alpha"].to_numpy(np.float64))], "reversal"] = 1
    estimates = _running(levels[order], is_more[order], 0.95)
    return table.assign(**dict(zip(("estimate", "low", "high"), estimates.T, strict=True)))


def trace_chart(table: pd.DataFrame, title: str, is_alone: bool) -> Chart:
    """The stimuli over the trials, track by track or, of QUEST+, by their answers; and the estimate so far."""
    trial, shown = table["trial"].to_numpy(np.float64), table["alpha"]
    last = table.iloc[-1]
    says = [f"PSE after the last answer {last['estimate']:.3g} [{last['low']:.3g}, {last['high']:.3g}]"]
    is_staircase = bool((table["procedure"] == "staircase").all())
    if is_staircase:
        means = reversal_means(table)
        coloured = zip(COLOURS, means.items(), strict=False)
        told = [f"{colour}: {name} {mean:.3g} ({count})" for colour, (name, (count, mean)) in coloured]
        says.append(f"means of reversals, the large dots; {', '.join(told)}")
    else:
        says.append('blue: answers "a", or the standard; red: "b", or the comparison')
    # An interval that reaches beyond everything that was shown ends there: the axes are the stimuli's.
    low, high = (table[name].clip(shown.min(), shown.max()) for name in ("low", "high"))
    return chart(
        title,
        "\n".join(says),
        "trial",
        "alpha that was shown",
        _tracks(table) if is_staircase else _by_answer(table),
        frame=PAGE if is_alone else PANEL,
        band=(Series("low", trial, low), Series("high", trial, high)),
        from_zero=False,
        marks=[Series("PSE so far", trial, table["estimate"].clip(shown.min(), shown.max()))],
    )


def _tracks(table: pd.DataFrame) -> list[Series]:
    return [
        Series(str(name), own["trial"], own["alpha"], radii=np.where(own["reversal"], 4.5, 2.0).tolist())
        for name, own in table.groupby("track", sort=False)
    ]


def _by_answer(table: pd.DataFrame) -> list[Series]:
    return [
        Series(name, own["trial"], own["alpha"], joined=False)
        for name, own in (("less", table[table["more"] == 0]), ("more", table[table["more"] == 1]))
    ]


def reversal_means(table: pd.DataFrame) -> dict[str, tuple[int, float]]:
    """Of each staircase the mean of its reversals, an even number without the first two, and of how many; NaN of none.

    The one with which it ends is none of them: nothing was shown after it.
    """
    found = {}
    for name, own in table[table["procedure"] == "staircase"].groupby("track", sort=False):
        turns = own.loc[own["reversal"] == 1, "alpha"].to_numpy(np.float64)
        kept = turns[LEFT_OUT:]
        kept = kept[len(kept) % 2 :]
        found[str(name)] = len(kept), float(kept.mean()) if len(kept) else float("nan")
    return found


def _turns(levels: Values) -> list[int]:
    """The trials at which the direction of a track changes."""
    moves = [(at, np.sign(to - here)) for at, (here, to) in enumerate(pairwise(levels)) if to != here]
    runs = [list(run) for _, run in groupby(moves, key=lambda move: move[1])]
    return [run[0][0] for run in runs[1:]]


def _running(levels: Values, is_more: npt.NDArray[np.bool_], confidence: float) -> Values:
    """(n, 3): after each answer, the mean of the PSE's posterior and the ends of its interval."""
    low, span = float(levels.min()), float(np.ptp(levels)) or 1.0
    pse = np.linspace(low - span / 2, low + 1.5 * span, PLACES)
    sigma = np.geomspace(NARROWEST, WIDEST, WIDTHS) * span
    centre, width, guess, lapse = np.meshgrid(pse, sigma, RATES, RATES, indexing="ij")
    prior = (LAPSES_PRIOR - 1) * (np.log1p(-guess) + np.log1p(-lapse))
    total = prior - prior.max()
    found = []
    for level, more in zip(levels, is_more, strict=True):
        chance = guess + (1 - guess - lapse) * ndtr((level - centre) / width)
        total = total + np.log(chance if more else 1 - chance)
        share = np.exp(total - total.max()).sum(axis=(1, 2, 3))
        share /= share.sum()
        tails = np.searchsorted(np.cumsum(share), [(1 - confidence) / 2, (1 + confidence) / 2])
        found.append([share @ pse, *pse[tails.clip(max=PLACES - 1)]])
    return np.array(found)
