"""What applying a vector really moves: its attribute, the others, and whose face it still is.

L[a, b] is the change of the predicted attribute b, in SDs of b, for one SD of applied a; in these units 1 on the
diagonal is what was asked for, and pairs of attributes can be averaged. Every source is moved one attribute at a time,
up and down, and compared with its own reconstruction, so that what the model loses anyway is not counted as moved.
"""

from collections.abc import Collection, Mapping, Sequence
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
WAYS = ("up", "down", "inwards", "outwards", "beyond")
CORRELATED = 0.2
"""|r| of labels from which on leakage between them is to be expected."""


@dataclass(frozen=True, eq=False)
class Moved:
    """What the vectors of one estimator move, to values that labels have; NaN where it could not be measured."""

    matrix: Values
    """(applied, predicted): L."""
    scatter: Values
    """(applied, predicted): root mean square of what L is the mean of, face by face: faces that are moved one way and
    faces that are moved the other cancel in L, and not here. The predictors' own scatter is in it."""
    success: Values
    """(attributes,): share of edits between `SUCCESS` of what was asked."""
    identity: Values
    """(attributes,): share of edited pictures nearest to their own source."""
    own: Mapping[str, Values]
    """(attributes,) for each of `WAYS`: change of the attribute itself for 1 asked."""

    @classmethod
    def nothing(cls, count: int) -> "Moved":
        """Of so many attributes, before anything is measured."""
        square, line = np.full((count, count), np.nan), np.full(count, np.nan)
        return cls(square, square.copy(), line, line.copy(), {way: line.copy() for way in WAYS})


def ways(attribute: AttributeRecord, values: Values, steps: Values) -> dict[str, npt.NDArray[np.bool_]]:
    """Which edits lead up or down, inwards (towards the mean) or outwards, and beyond what any label is; only `beyond`
    has those that lead there."""
    targets = values + steps
    span = 1e-6 * (attribute.high - attribute.low)
    beyond = (targets > attribute.high + span) | (targets < attribute.low - span)
    outwards = (values > attribute.mean) == (steps > 0)
    found = {"up": steps > 0, "down": steps < 0, "inwards": ~outwards, "outwards": outwards}
    return {**{way: rows & ~beyond for way, rows in found.items()}, "beyond": beyond}


def steps_of(attribute: AttributeRecord, values: Values) -> list[Values]:
    """How far each source is moved, in units of the attribute: to the other value of a binary one, to a level of a
    category from another, else one SD up and one SD down; 0 where nothing is asked, NaN where the label is missing.
    """
    if attribute.kind == "binary":
        return [1 - 2 * values]
    if attribute.kind == "category":
        return [1 - values]
    return [np.where(np.isnan(values), np.nan, step) for step in (attribute.sd, -attribute.sd)]


def applied(
    place: int, attributes: Sequence[AttributeRecord], vectors: Values, values: Values, steps: Values, together: bool
) -> Values:
    """What is added to each source's code for its step, (sources, latent); NaN where nothing is asked.

    Regressed together, a category's vectors are differences from its baseline: on the way to another level, a face
    leaves its own. A mean difference is the whole way by itself.
    """
    own = attributes[place]
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
    gauges: Mapping[int, Values] = MappingProxyType({}),
    apart: Collection[str] = ("mean_difference",),
) -> dict[str, Moved]:
    """Move every attribute of sources, given by their codes and true values, by the vectors of every estimator.

    Edits of attributes that have a gauge (latent,), by their place, are calibrated by it. `apart` names estimates whose
    vectors were not found together (see `applied`).
    """
    before = predictors(space.decode(codes))
    sds = np.array([attribute.sd for attribute in attributes])
    found = {name: Moved.nothing(len(attributes)) for name in estimates}
    jobs = [(name, place) for name in estimates for place in range(len(attributes))]
    for name, place in tracked(iter(jobs), "moving attributes", len(jobs), listen):
        asked = steps_of(attributes[place], values[:, place])
        change = np.concatenate(
            [applied(place, attributes, estimates[name], values, steps, name not in apart) for steps in asked]
        )
        source, asked_of = np.tile(np.arange(len(codes)), len(asked)), np.concatenate(asked)
        rows = ~np.isnan(change).any(axis=1)
        if not rows.any():
            continue
        change, source, steps = change[rows], source[rows], asked_of[rows]
        if place in gauges:
            change = factors(space, codes[source], change, gauges[place], steps)[:, None] * change
        pictures: Pixels = space.decode((codes[source] + change).astype(np.float32))
        gains = (predictors(pictures) - before[source]) / steps[:, None]
        moved, led = found[name], ways(attributes[place], values[source, place], steps)
        inside = ~led["beyond"]
        for way in WAYS:
            if led[way].any() and predictors.reliable[place]:
                moved.own[way][place] = gains[led[way], place].mean()
        if not inside.any():
            continue
        moved.matrix[place] = gains[inside].mean(axis=0) * sds[place] / sds
        moved.scatter[place] = np.sqrt(np.square(gains[inside]).mean(axis=0)) * sds[place] / sds
        if predictors.reliable[place]:
            own = gains[inside, place]
            moved.success[place] = ((own >= SUCCESS[0]) & (own <= SUCCESS[1])).mean()
        shown_codes = space.encode(pictures[inside])
        moved.identity[place] = own_source(shown_codes, codes, source[inside], change[inside])
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
