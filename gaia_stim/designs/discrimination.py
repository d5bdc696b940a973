"""d' of same-different, ABX and oddity: how far two stimuli lie apart, in standard deviations of one observation.

Each task has its own model, for the same d' makes other shares of right answers in each (Macmillan & Creelman 2005,
Detection Theory, chapter 9). Pairs rove over a set here, so an observer can only compare what a trial shows: the
*differencing* model, which is `d_prime`. Where one and the same pair is shown all the time, observers may judge each
stimulus by itself: the *independent-observation* model, `d_prime_independent`, which has none for oddity that is
written in one line. Rates of 0 and 1 become 1/(2n) and 1 - 1/(2n) (Macmillan & Kaplan 1985).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.integrate import simpson
from scipy.special import ndtr, ndtri

from gaia_stim.config import AnalyseConfig
from gaia_stim.designs.analysis import PAGE, TOGETHER, Analysis, Values, about, of_few, whose, with_interval
from gaia_stim.designs.responses import Answers
from gaia_stim.drawing.charts import Chart, Series, chart
from gaia_stim.errors import DataError

LARGEST = 10.0
"""Of a d'; more is not told apart from it by any number of trials that somebody does."""
HALVINGS = 50


@dataclass(frozen=True)
class Task:
    """How a task's answers are counted, and what the counts measure."""

    rates: tuple[str, ...]
    """What each of the counted rates is called."""
    counted: Callable[[npt.NDArray[np.str_], npt.NDArray[np.str_]], npt.NDArray[np.intp]]
    """Of trials (ids in their places, and answers), which rate each tells of: 0, 1 …"""
    is_hit: Callable[[npt.NDArray[np.str_], npt.NDArray[np.str_]], npt.NDArray[np.bool_]]
    """Of trials, whether the answer is the one whose rate it is."""
    measures: tuple[tuple[str, Callable[[Values], Values]], ...]
    """Names, and what they are of rates (..., rates)."""


# -- models -----------------------------------------------------------------------------------------------------------


def same_different_differencing(rates: Values) -> Values:
    """From hits ("different" to different pairs) and false alarms: different where the two differ by more than a
    criterion (Macmillan & Creelman 2005, eq. 9.6 f.).
    """
    hits, false_alarms = np.moveaxis(rates, -1, 0)
    criterion = -np.sqrt(2) * ndtri(false_alarms / 2)
    return _solved(
        lambda d: ndtr((d - criterion) / np.sqrt(2)) + ndtr((-d - criterion) / np.sqrt(2)), hits, hits > false_alarms
    )


def same_different_independent(rates: Values) -> Values:
    """The same from a decision about each of the two by itself: 2 z((1 + sqrt(2 p - 1)) / 2), p without bias."""
    p = _unbiased(rates)
    return np.asarray(np.where(p > 0.5, 2 * ndtri((1 + np.sqrt(np.maximum(2 * p - 1, 0))) / 2), 0.0))


def abx_differencing(rates: Values) -> Values:
    """From "a" where X is A and where it is B: the one that X lies nearer to; the duo-trio test has the same function
    (Macmillan & Creelman 2005, eq. 9.14).
    """
    return _abx(rates, np.sqrt(6))


def abx_independent(rates: Values) -> Values:
    """The same where X is judged by a criterion between A and B (Macmillan, Kaplan & Creelman 1977)."""
    return _abx(rates, 2.0)


def oddity_differencing(rates: Values) -> Values:
    """From the share of right answers, a third by chance: the one that lies farthest from the others, which is the
    triangular test (Frijters 1979; Ennis 1993).
    """
    p, known = rates[..., 0], _triangular_at()
    return np.asarray(np.where(p > 1 / 3, np.interp(p, known, np.linspace(0, LARGEST, len(known))), 0.0))


def triangular(d: Values) -> Values:
    """The share of right answers at d': 2 times the integral from 0 of [F(-z sqrt 3 + d sqrt(2/3)) + F(-z sqrt 3 - d
    sqrt(2/3))] f(z), F the cumulative normal and f its density.
    """
    z = np.linspace(0, 8, 801)
    moved = np.asarray(d)[..., None] * np.sqrt(2 / 3)
    each = ndtr(-z * np.sqrt(3) + moved) + ndtr(-z * np.sqrt(3) - moved)
    return np.asarray(2 * simpson(each * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), x=z))


@cache
def _triangular_at() -> Values:
    """Evenly from 0 to the largest d'."""
    return triangular(np.linspace(0, LARGEST, 2001))


def _abx(rates: Values, width: float) -> Values:
    p = _unbiased(rates)

    def right(d: Values) -> Values:
        near, far = d / np.sqrt(2), d / width
        return np.asarray(ndtr(near) * ndtr(far) + ndtr(-near) * ndtr(-far))

    return _solved(right, p, p > 0.5)


def _unbiased(rates: Values) -> Values:
    """The share of right answers without a preference for one of them: F((z(hits) - z(false alarms)) / 2)."""
    hits, false_alarms = np.moveaxis(rates, -1, 0)
    return np.asarray(ndtr((ndtri(hits) - ndtri(false_alarms)) / 2))


def _solved(rising: Callable[[Values], Values], wanted: Values, is_above: npt.NDArray[np.bool_]) -> Values:
    """Where a rising function of d' has the values; 0 where they are no more than chance."""
    low, high = np.zeros_like(wanted), np.full_like(wanted, LARGEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_low = rising(middle) < wanted
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return np.where(is_above, (low + high) / 2, 0.0)


# -- tasks ------------------------------------------------------------------------------------------------------------


SAME_DIFFERENT = Task(
    ("hit", "false_alarm"),
    lambda shown, answers: (shown[:, 0] == shown[:, 1]).astype(np.intp),
    lambda shown, answers: answers == "different",
    (("d_prime", same_different_differencing), ("d_prime_independent", same_different_independent)),
)
ABX = Task(
    ("hit", "false_alarm"),
    lambda shown, answers: (shown[:, 2] == shown[:, 1]).astype(np.intp),
    lambda shown, answers: answers == "a",
    (("d_prime", abx_differencing), ("d_prime_independent", abx_independent)),
)
ODDITY = Task(
    ("right",),
    lambda shown, answers: np.zeros(len(shown), np.intp),
    lambda shown, answers: answers == _odd(shown),
    (("d_prime", oddity_differencing),),
)


def same_different(answers: Answers, config: AnalyseConfig, rng: np.random.Generator) -> Analysis:
    """Trials with two of the same count for each pair that the stimulus is in."""
    return _analysed(answers, SAME_DIFFERENT, config, rng)


def abx(answers: Answers, config: AnalyseConfig, rng: np.random.Generator) -> Analysis:
    return _analysed(answers, ABX, config, rng)


def oddity(answers: Answers, config: AnalyseConfig, rng: np.random.Generator) -> Analysis:
    return _analysed(answers, ODDITY, config, rng)


def _odd(shown: npt.NDArray[np.str_]) -> npt.NDArray[np.str_]:
    """The place of the one that is unlike the other two."""
    a, b, c = shown[:, 0], shown[:, 1], shown[:, 2]
    return np.where(a == b, "c", np.where(a == c, "b", "a"))


def _analysed(answers: Answers, task: Task, config: AnalyseConfig, rng: np.random.Generator) -> Analysis:
    people = sorted(set(answers.participant))
    pairs = _pairs(answers)
    if not pairs:
        raise DataError(f"{answers.task}: no trial showed two different stimuli, so there is nothing to tell apart")
    counts = np.array([_counts(answers.of(person), task, pairs) for person in people])
    missing = (counts[..., 0] == 0).any(axis=-1)
    if missing.all(axis=0).any():
        first, second = pairs[int(np.argmax(missing.all(axis=0)))]
        raise DataError(f"{answers.task}: nobody has answered trials of all kinds about {first} and {second}")
    rows = []
    for who, places in whose(people):
        each = counts[places]
        if missing[places].all(axis=0).any():
            continue
        measured, low, high = with_interval(
            each, lambda one: _measured(one, task), lambda one: _drawn(one, rng), config, rng
        )
        rows += list(_rows(who, answers, task, pairs, each.sum(axis=0), (measured, low, high)))
    table = pd.DataFrame(rows)
    table["interval"] = np.where(table["participant"] == TOGETHER, about(config, len(people)), about(config, 1))
    together = table[table["participant"] == TOGETHER]
    figures = {"pairs": len(pairs), "d_prime_mean": float(together["d_prime"].mean())}
    drawn = _chart(answers, together, about(config, len(people)))
    return Analysis(table, figures, drawn, (*of_few(len(people)), *_of_extremes(counts.sum(axis=0))))


def _of_extremes(counts: Values) -> list[str]:
    """What has to be said of pairs that were always, or never, answered alike."""
    trials, hits = np.moveaxis(counts, -1, 0)
    count = int(((hits == 0) | (hits == trials)).any(axis=-1).sum())
    of = f"{count} of {len(counts)} pairs have a rate of 0 or 1, taken as half a trial from it"
    return [f"{of}: their d' is what so many trials can tell at most"] if count else []


def _pairs(answers: Answers) -> list[tuple[str, str]]:
    """Those that were shown, each as it lies along the continuum where there is one, else by its ids."""
    place = dict(zip(answers.shown.ravel().tolist(), answers.alpha.ravel().tolist(), strict=True))
    two = {tuple(sorted({*row[:3]} - {""}, key=lambda one: (place[one], one))) for row in answers.shown.tolist()}
    return sorted((pair[0], pair[1]) for pair in two if len(pair) == 2)


def _counts(answers: Answers, task: Task, pairs: list[tuple[str, str]]) -> Values:
    """(pairs, rates, 2): trials, and those with the answer whose rate it is."""
    shown, which = answers.shown, task.counted(answers.shown, answers.answer)
    hit = task.is_hit(shown, answers.answer)
    found = np.zeros((len(pairs), len(task.rates), 2))
    for number, pair in enumerate(pairs):
        own = np.isin(shown[:, :3], [*pair, ""]).all(axis=1)
        for rate in range(len(task.rates)):
            trials = own & (which == rate)
            found[number, rate] = trials.sum(), (trials & hit).sum()
    return found


def _measured(counts: Values, task: Task) -> Values:
    """(pairs, rates + measures)"""
    trials, hits = np.moveaxis(counts, -1, 0)
    rates = hits / np.maximum(trials, 1)
    kept = np.clip(rates, 0.5 / np.maximum(trials, 1), 1 - 0.5 / np.maximum(trials, 1))
    return np.column_stack([rates, *(measure(kept) for _, measure in task.measures)])


def _drawn(counts: Values, rng: np.random.Generator) -> Values:
    trials, hits = np.moveaxis(counts, -1, 0)
    again = rng.binomial(trials.astype(np.int64), hits / np.maximum(trials, 1))
    return np.stack([trials, again], axis=-1)


def _rows(
    who: str, answers: Answers, task: Task, pairs: list[tuple[str, str]], counts: Values, found: tuple[Values, ...]
) -> Iterator[dict[str, object]]:
    place = dict(zip(answers.shown.ravel().tolist(), answers.alpha.ravel().tolist(), strict=True))
    names = [*task.rates, *(name for name, _ in task.measures)]
    for number, (first, second) in enumerate(pairs):
        row: dict[str, object] = {"participant": who, "stim_1": first, "stim_2": second}
        row |= {"alpha_1": place[first], "alpha_2": place[second]}
        row |= {f"trials_{name}": int(counts[number, at, 0]) for at, name in enumerate(task.rates)}
        for at, name in enumerate(names):
            row |= {name + end: one[number, at] for end, one in zip(("", "_low", "_high"), found, strict=True)}
        yield row


def _chart(answers: Answers, table: pd.DataFrame, interval: str) -> Chart:
    is_line = bool(np.isfinite(table[["alpha_1", "alpha_2"]].to_numpy(float)).all())
    x = table[["alpha_1", "alpha_2"]].mean(axis=1).to_numpy(float) if is_line else np.arange(1.0, len(table) + 1)
    is_joined = is_line and all(one < other for one, other in pairwise(x))
    marks = [
        Series("interval", [at, at], [low, high])
        for at, low, high in zip(x, table["d_prime_low"], table["d_prime_high"], strict=True)
    ]
    top = float(np.nanmax([*table["d_prime"], *table["d_prime_high"]]))
    return chart(
        f"{answers.task}: {len(answers)} trials",
        f"d' by the differencing model; lines: interval {interval}" if interval else "d' by the differencing model",
        "middle of the pair, in alpha" if is_line else "pair, as in the table",
        "d'",
        [Series("d'", x, table["d_prime"], joined=is_joined), Series("", [x[0]], [top], joined=False, radii=[0.01])],
        frame=PAGE,
        marks=marks if interval else [],
    )
