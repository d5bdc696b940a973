"""What applying a vector really moves: its attribute, the others, and whose face it still is.

L[a, b] is the change of the predicted attribute b, in SDs of b, for one SD of applied a; in these units 1 on the
diagonal is what was asked for, and pairs of attributes can be averaged. Every source is moved one attribute at a time,
and compared with its own reconstruction, so that what the model loses anyway is not counted as moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gaia_stim.evaluation.predictors import Predictors, Values
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.images import Pixels
from gaia_stim.space.calibration import factors
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import AttributeRecord

SUCCESS = (0.5, 1.5)
"""Of what was asked: an edit that moves its attribute by so much has worked."""
CORRELATED = 0.2
"""|r| of labels from which on leakage between them is to be expected."""


@dataclass(frozen=True, eq=False)
class Moved:
    """What the vectors of one estimator move."""

    matrix: Values
    """(applied, predicted): L; NaN where it could not be measured."""
    success: Values
    """(attributes,): share of edits between `SUCCESS` of what was asked."""
    identity: Values
    """(attributes,): share of edited pictures nearest to their own source."""


def step(attribute: AttributeRecord, values: Values) -> Values:
    """How far each source is moved, in units of the attribute: to the other value of a binary one, to a level of a
    category from another, else one SD towards the mean; 0 where nothing is asked, NaN where the label is missing.

    Outwards, an edit would soon ask for what no label means: an age of 95.
    """
    if attribute.kind == "binary":
        return 1 - 2 * values
    if attribute.kind == "category":
        return 1 - values
    return np.where(np.isnan(values), np.nan, np.where(values > attribute.mean, -attribute.sd, attribute.sd))


def applied(
    place: int, attributes: Sequence[AttributeRecord], vectors: Values, values: Values, together: bool
) -> Values:
    """What is added to each source's code, (sources, latent); NaN where nothing is asked.

    Regressed together, a category's vectors are differences from its baseline: on the way to another level, a face
    leaves its own. A mean difference is the whole way by itself.
    """
    own = attributes[place]
    steps = step(own, values[:, place])
    steps = np.where(steps == 0, np.nan, steps)
    found: Values = steps[:, None] * vectors[place]
    if own.kind == "category" and together:
        for other, sibling in enumerate(attributes):
            if other != place and sibling.column == own.column:
                found = found - np.nan_to_num(values[:, other])[:, None] * vectors[other]
    return found


def measure(
    space: Space,
    predictors: Predictors,
    codes: Codes,
    values: Values,
    attributes: Sequence[AttributeRecord],
    estimates: Mapping[str, Values],
    listen: Listener = silent,
    readouts: Mapping[int, Values] = MappingProxyType({}),
) -> dict[str, Moved]:
    """Move every attribute of sources, given by their codes and true values, by the vectors of every estimator.

    Edits of attributes that have a readout (latent,), by their place, are calibrated by it.
    """
    before = predictors(space.decode(codes))
    sds = np.array([attribute.sd for attribute in attributes])
    count = len(attributes)
    found = {
        name: Moved(np.full((count, count), np.nan), np.full(count, np.nan), np.full(count, np.nan))
        for name in estimates
    }
    jobs = [(name, place) for name in estimates for place in range(count)]
    for name, place in tracked(iter(jobs), "moving attributes", len(jobs), listen):
        change = applied(place, attributes, estimates[name], values, together=name != "mean_difference")
        rows = ~np.isnan(change).any(axis=1)
        if not rows.any():
            continue
        change = change[rows]
        if place in readouts:
            change = factors(space, codes[rows], change, readouts[place])[:, None] * change
        pictures: Pixels = space.decode((codes[rows] + change).astype(np.float32))
        asked = step(attributes[place], values[:, place])[rows]
        gains = (predictors(pictures) - before[rows]) / asked[:, None]
        moved = found[name]
        moved.matrix[place] = gains.mean(axis=0) * sds[place] / sds
        if predictors.reliable[place]:
            moved.success[place] = ((gains[:, place] >= SUCCESS[0]) & (gains[:, place] <= SUCCESS[1])).mean()
        moved.identity[place] = own_source(space.encode(pictures), codes, np.flatnonzero(rows), change)
    return found


def own_source(edited: Codes, sources: Codes, own: npt.NDArray[np.int64], directions: Values) -> float:
    """Share of edited codes (n, latent) that are nearest to their own source (n,), a row of all `sources`, once the
    direction (n, latent) in which each was moved is projected out of both."""
    hits = 0
    for code, place, direction in zip(edited.astype(np.float64), own, directions, strict=True):
        length = np.linalg.norm(direction)
        unit = direction / length if length else direction
        gap = sources - code
        gap = gap - (gap @ unit)[:, None] * unit
        hits += int(np.square(gap).sum(axis=1).argmin() == place)
    return hits / max(1, len(edited))


def correlated(attributes: Sequence[AttributeRecord], r: Values) -> npt.NDArray[np.bool_]:
    """Ordered pairs of different attributes whose labels correlate; levels of one category exclude each other by
    what they are, and are no pairs."""
    columns = np.array([attribute.column for attribute in attributes])
    return np.asarray((np.abs(r) >= CORRELATED) & (columns[:, None] != columns))


def mean_over(matrix: Values, pairs: npt.NDArray[np.bool_]) -> float | None:
    """Mean |L| over pairs; None where there is none that was measured."""
    sizes = np.abs(matrix[pairs])
    sizes = sizes[~np.isnan(sizes)]
    return float(sizes.mean()) if len(sizes) else None


def shown(predictors: Predictors, reconstructions: Pixels, truth: Values) -> Values:
    """(attributes,): how much of a true difference between images their reconstructions show: 1 is all, 0 none."""
    found = predictors(reconstructions)
    slopes = np.full(truth.shape[1], np.nan)
    for place in np.flatnonzero(predictors.reliable):
        known = ~np.isnan(truth[:, place])
        y = truth[known, place]
        slopes[place] = np.cov(y, found[known, place], bias=True)[0, 1] / y.var()
    return slopes
