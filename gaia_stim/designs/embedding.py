"""Triplets: a map on which what was called least like the others lies far from them.

Of three, c is the odd one with a chance in proportion to exp(-d(a, b)^2): of three pairs, the closest is what remains
(Luce's choice on squared distances, as stochastic triplet embedding has it for two; van der Maaten & Weinberger 2012,
doi:10.1109/MLSP.2012.6349720; Hebart et al. 2020 for the odd one out). The likeliest map, with a little pull to the
middle, from several starts; turned to its principal axes. What it is worth is how well it foretells answers that it was
not made of.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize

from gaia_stim.config import AnalyseConfig
from gaia_stim.designs.analysis import PAGE, Analysis, Values
from gaia_stim.designs.responses import Answers
from gaia_stim.drawing.charts import Series, chart
from gaia_stim.errors import DataError

STARTS, FOLDS = 5, 5
PULL = 0.01
"""Of the sum of squares, beside the log likelihood: without it, a map without contradictions has no size."""
FEW = 5
"""Trials for each number of the map, below which it is warned of."""

Rows = npt.NDArray[np.intp]


def triplets(answers: Answers, config: AnalyseConfig, rng: np.random.Generator) -> Analysis:
    """A row a stimulus. Raises `DataError` for fewer than three stimuli, or more dimensions than they can tell."""
    ids, numbers = np.unique(answers.shown[:, :3], return_inverse=True)
    odd = np.array(["abc".index(one) for one in answers.answer])
    shown = numbers.reshape(-1, 3)
    if len(ids) <= config.dimensions:
        raise DataError(f"triplets: {len(ids)} stimuli have no map of {config.dimensions} dimensions")
    # The odd one last.
    ordered = np.array([[*np.delete(row, at).tolist(), row[at]] for row, at in zip(shown, odd, strict=True)])
    points = _principal(embedded(ordered, len(ids), config.dimensions, rng))
    foretold = _foretold(ordered, len(ids), config.dimensions, rng)
    axes = [f"dimension_{number + 1}" for number in range(config.dimensions)]
    table = pd.DataFrame(points, columns=axes)
    table.insert(0, "stim_id", ids)
    table.insert(1, "trials", [int((shown == number).any(axis=1).sum()) for number in range(len(ids))])
    figures = {"agreement": _agreement(points, ordered), "agreement_held_out": foretold, "agreement_by_chance": 1 / 3}
    warnings = []
    if len(answers) < FEW * points.size:
        warnings.append(f"{len(answers)} trials for {points.size} numbers of a map are few; give {FEW * points.size}")
    if len(set(answers.participant)) > 1:
        warnings.append(f"one map of {len(set(answers.participant))} people: how they differ is not in it")
    second = points[:, 1] if config.dimensions > 1 else np.zeros(len(ids))
    drawn = chart(
        f"triplets: {len(answers)} trials, {len(ids)} stimuli",
        f"foretells {foretold:.0%} of the answers that it was not made of; chance 33 %",
        axes[0].replace("_", " "),
        "dimension 2",
        [Series("stimuli", points[:, 0], second, joined=False, labels=[str(one) for one in ids])],
        frame=PAGE,
        from_zero=False,
    )
    return Analysis(table, figures, drawn, tuple(warnings))


def embedded(ordered: Rows, count: int, dimensions: int, rng: np.random.Generator) -> Values:
    """Points (count, dimensions) of triplets (n, 3) whose odd one stands last: the best of several starts."""
    pairs = np.array([(0, 1), (0, 2), (1, 2)])
    first, second = ordered[:, pairs[:, 0]], ordered[:, pairs[:, 1]]

    def loss(flat: Values) -> tuple[float, Values]:
        points = flat.reshape(count, dimensions)
        apart = points[first] - points[second]
        near = -(apart**2).sum(axis=-1)
        top = near.max(axis=1, keepdims=True)
        share = np.exp(near - top)
        total = share.sum(axis=1, keepdims=True)
        value = -(near[:, 0] - top[:, 0] - np.log(total[:, 0])).sum() + PULL * (flat**2).sum()
        # By each pair's -d^2: what it is taken for, less whether it remained.
        weight = share / total
        weight[:, 0] -= 1
        push = -2 * weight[..., None] * apart
        gradient = np.zeros_like(points)
        np.add.at(gradient, first, push)
        np.add.at(gradient, second, -push)
        return float(value), gradient.ravel() + 2 * PULL * flat

    tried = [minimize(loss, rng.normal(0, 0.5, count * dimensions), jac=True, method="L-BFGS-B") for _ in range(STARTS)]
    found: Values = min(tried, key=lambda one: float(one.fun)).x.reshape(count, dimensions)
    return found


def _principal(points: Values) -> Values:
    """Turned so that the first dimension has most of the variance; the largest of each is positive."""
    centred = points - points.mean(axis=0)
    turned = centred @ np.linalg.svd(centred, full_matrices=False)[2].T
    largest = turned[np.abs(turned).argmax(axis=0), range(turned.shape[1])]
    return np.asarray(turned * np.where(largest < 0, -1, 1))


def _agreement(points: Values, ordered: Rows) -> float:
    """Share of the answers that the map would have given."""
    a, b, c = (points[ordered[:, place]] for place in range(3))
    apart = [((one - other) ** 2).sum(axis=1) for one, other in ((a, b), (a, c), (b, c))]
    return float((np.argmin(apart, axis=0) == 0).mean())


def _foretold(ordered: Rows, count: int, dimensions: int, rng: np.random.Generator) -> float:
    """The same of answers that were held out, a fifth at a time."""
    fold = rng.permutation(len(ordered)) % FOLDS
    shares = []
    for one in range(FOLDS):
        held = fold == one
        if held.any() and not held.all():
            shares.append(_agreement(embedded(ordered[~held], count, dimensions, rng), ordered[held]))
    return float(np.mean(shares)) if shares else float("nan")
