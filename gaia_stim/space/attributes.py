"""Directions of the latent space that stand for attributes: pure functions from codes and labels to vectors.

The paper (§2.4) regresses z on all attributes together: each vector is then what one attribute changes while the others
stay as they are. The mean difference is the older way, kept beside it to show what it drags along. Ridge is for
attributes that can hardly be told apart: it shares out between them what least squares would exaggerate.

Codes z are (images, latent) and labels (images, attributes), NaN where missing. Everything here goes through a thin
singular value decomposition of the labels or Gram matrices of the codes: the codes are read in slices, and neither
more latents than images nor attributes that are sums of others are a special case.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from jaxtyping import Bool, Float64, Shaped
from scipy.sparse.csgraph import connected_components

from gaia_stim.errors import DataError

Codes = Shaped[npt.NDArray[np.floating], "images latent"]
Labels = Float64[npt.NDArray[np.float64], "images attributes"]
Directions = Float64[npt.NDArray[np.float64], "attributes latent"]
Each = Float64[npt.NDArray[np.float64], " attributes"]

CONDITION = 30.0
"""Condition index from which on attributes count as collinear (Belsley, Kuh and Welsch, 1980)."""
SHARE = 0.05
"""Share of a nearly empty direction of the labels from which on an attribute belongs to it."""
FOLDS = 5
PENALTIES = np.logspace(-8, 4, 37)
"""Ridge penalties tried, in units of the mean squared singular value."""
LEAST_FREE = 0.05
"""Share of the rows that must be left as degrees of freedom for a penalty to be judged by generalised
cross-validation."""
SLICE = 4096
"""Rows of codes that are in float64 together."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """A vector an attribute: the change of z for one unit of it."""

    vectors: Directions
    errors: Directions | None = None
    """Standard error of every coordinate."""
    penalty: float | None = None
    """Ridge's, on labels of unit standard deviation."""


@dataclass(frozen=True, eq=False)
class Separation:
    """How well the attributes of a design can be told apart."""

    condition_number: float
    """Largest over smallest singular value of the standardised labels; infinite where one is a sum of others."""
    vifs: Each
    """Variance inflation factors: how many times larger the squared standard error is than without the others."""
    groups: tuple[tuple[int, ...], ...]
    """Attributes that cannot be told apart, or hardly, by their places."""
    exact: bool
    """Whether one of these is exactly a sum of others."""


def complete(labels: Labels) -> Bool[npt.NDArray[np.bool_], " images"]:
    """Which images have all labels: those that a regression on all of them together can use."""
    return np.asarray(~np.isnan(labels).any(axis=1))


def ols(codes: Codes, labels: Labels) -> Estimate:
    """Least squares of z on all attributes together with an intercept: the paper's vectors. Labels are complete.

    Where labels are sums of others there are many solutions: this is the shortest, as `numpy.linalg.lstsq` has it on
    centred labels. Raises `DataError` where there are not at least two more images than attributes.
    """
    images, attributes = labels.shape
    if images < attributes + 2:
        raise DataError(
            f"{images} images with all labels are too few to tell {attributes} attributes apart: at least "
            f"{attributes + 2} are needed, and many more for vectors worth showing"
        )
    left, sizes, right = np.linalg.svd(labels - labels.mean(axis=0), full_matrices=False)
    kept = sizes > sizes[0] * np.finfo(np.float64).eps * max(labels.shape)
    left, sizes, right = left[:, kept], sizes[kept], right[kept]
    # The columns of `left` have mean 0, so the codes need not be centred.
    shares = _product(left, codes)
    inverse = (right / sizes[:, None]).T
    _, squares = _moments(codes)
    variance = np.maximum(squares - np.square(shares).sum(axis=0), 0) / (images - len(sizes) - 1)
    errors = np.sqrt(np.square(inverse).sum(axis=1))[:, None] * np.sqrt(variance)
    return Estimate(inverse @ shares, errors)


def mean_difference(codes: Codes, labels: Labels) -> Estimate:
    """Mean z of the images that have the attribute minus mean z of those that have not, each attribute for itself.

    A graded attribute is split at its median, and the difference divided by that of the two halves' mean labels, so
    that it is per unit too. Each attribute uses all images where it is known.
    """
    halves = [high_and_low(column) for column in labels.T]
    steps = np.array(
        [col[above].mean() - col[below].mean() for col, (above, below) in zip(labels.T, halves, strict=True)]
    )
    centre, _ = _moments(codes)
    means, variances = [], []
    for half in (0, 1):
        members = np.stack([one[half] for one in halves], axis=1).astype(np.float64)
        counts = members.sum(axis=0)[:, None]
        mean = _product(members, codes, centre) / counts
        square = _product(members, codes, centre, power=2) / counts
        means.append(mean)
        # Of the mean; with n - 1, or unknown and 0 for a single image.
        variances.append(np.maximum(square - np.square(mean), 0) / np.maximum(counts - 1, 1))
    vectors = (means[0] - means[1]) / steps[:, None]
    return Estimate(vectors, np.sqrt(variances[0] + variances[1]) / steps[:, None])


def high_and_low(
    column: Float64[npt.NDArray[np.float64], " images"],
) -> tuple[Bool[npt.NDArray[np.bool_], " images"], Bool[npt.NDArray[np.bool_], " images"]]:
    """Which images have much of an attribute and which little: 1 and 0, or above the median and not; missing neither.

    The attribute is not the same for all.
    """
    middle = np.nanmedian(column)
    if middle == np.nanmax(column):  # more than half have the most
        return column >= middle, column < middle
    return column > middle, column <= middle


def ridge(codes: Codes, labels: Labels) -> Estimate:
    """As `ols`, with a penalty on long vectors, the same for all attributes once their labels have unit SD.

    The penalty is chosen by generalised cross-validation (Golub, Heath and Wahba, 1979), summed over all latents.
    """
    sds = labels.std(axis=0)
    left, sizes, right = np.linalg.svd((labels - labels.mean(axis=0)) / sds, full_matrices=False)
    shares = _product(left, codes)
    _, squares = _moments(codes)
    energy = np.square(shares).sum(axis=1)
    penalties = PENALTIES * np.square(sizes).mean()
    rest = max(0.0, squares.sum() - energy.sum())
    kept = np.square(sizes)[:, None] / (np.square(sizes)[:, None] + penalties)
    errors = rest + (np.square(1 - kept) * energy[:, None]).sum(axis=0)
    penalty = float(penalties[_least(errors, kept.sum(axis=0), len(labels))])
    vectors = right.T @ ((sizes / (np.square(sizes) + penalty))[:, None] * shares)
    return Estimate(vectors / sds[:, None], penalty=penalty)


def separation(labels: Labels) -> Separation:
    """How well complete labels can be told apart; a constant attribute has no place here."""
    standard = (labels - labels.mean(axis=0)) / labels.std(axis=0)
    # With fewer images than attributes, the directions that no image has are wanted too.
    _, sizes, right = np.linalg.svd(standard, full_matrices=standard.shape[0] < standard.shape[1])
    sizes = np.concatenate([sizes, np.zeros(len(right) - len(sizes))])
    empty = sizes <= sizes[0] * 1e-8
    weak = sizes * CONDITION < sizes[0]
    near = np.zeros((labels.shape[1],) * 2)
    for chosen, least in ((empty, 1e-6), (weak, SHARE)):
        overlap = np.abs(right[chosen].T @ right[chosen])
        near += overlap * (overlap > least)
    _, group = connected_components(near > 0, directed=False)
    members = [tuple(np.flatnonzero(group == one).tolist()) for one in np.unique(group)]
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(empty[:, None], np.where(np.square(right) > 1e-9, np.inf, 0), np.square(right.T / sizes).T)
        condition = float(np.inf if empty.any() else sizes[0] / sizes[-1])
    return Separation(
        condition,
        len(labels) * parts.sum(axis=0),
        tuple(sorted(one for one in members if len(one) > 1)),
        bool(empty.any()),
    )


def correlations(labels: Labels) -> Float64[npt.NDArray[np.float64], "attributes attributes"]:
    """Pearson's r of each pair of attributes, on the images where both are known; 0 where one of them does not vary."""
    found = pd.DataFrame(labels).corr().fillna(0).to_numpy(copy=True)
    np.fill_diagonal(found, 1)
    return np.asarray(found, np.float64)


@dataclass(frozen=True, eq=False)
class Readout:
    """What codes say linearly of each attribute: predicted labels are `codes @ weights.T + intercepts`."""

    weights: Directions
    intercepts: Each
    r2: Each
    """Cross-validated share of the labels' variance that is predicted; below 0 is worse than the mean label."""

    def __call__(self, codes: Codes) -> Labels:
        """Predicted labels, (images, attributes)."""
        return np.asarray(codes, np.float64) @ self.weights.T + self.intercepts


def read_out(codes: Codes, labels: Labels, seed: int = 0) -> Readout:
    """Ridge regression of each attribute on z, with an intercept, and its five-fold cross-validated R².

    From sums over slices of the codes and not by scikit-learn's `RidgeCV`: for 200,000 × 1,024 codes and 40 attributes
    that takes 5.0 GiB beside them where this takes 0.5, and a single fit more than ten minutes where this takes less
    than one for six.

    The penalty of each attribute is chosen inside each fold's training part, by generalised cross-validation. Binary
    attributes are regressed as 0 and 1, so that all R² mean the same. Each attribute uses all images where it is known;
    one that is known for too few has an R² of 0.
    """
    latent, attributes = codes.shape[1], labels.shape[1]
    weights, intercepts, r2 = np.zeros((attributes, latent)), np.nanmean(labels, axis=0), np.zeros(attributes)
    known = ~np.isnan(labels)
    patterns, which = np.unique(known.T, axis=0, return_inverse=True)
    for number, rows in enumerate(patterns):
        columns = np.flatnonzero(which.ravel() == number)
        if rows.sum() < 2 * FOLDS:
            continue
        part = codes if rows.all() else codes[rows]
        found = _read_out(part, labels[np.ix_(rows, columns)], seed)
        weights[columns], intercepts[columns], r2[columns] = found.weights, found.intercepts, found.r2
    return Readout(weights, intercepts, r2)


def _read_out(codes: Codes, labels: Labels, seed: int) -> Readout:
    if codes.shape[1] > len(codes):
        # All codes lie in so many directions as there are images: a rotation loses nothing.
        centre = codes.mean(axis=0, dtype=np.float64)
        left, sizes, right = np.linalg.svd(codes.astype(np.float64) - centre, full_matrices=False)
        found = _read_out(left * sizes, labels, seed)
        weights = found.weights @ right
        return Readout(weights, found.intercepts - weights @ centre, found.r2)
    fold = np.random.default_rng(seed).permutation(len(codes)) % FOLDS
    parts = [_Sums.of(codes[fold == one], labels[fold == one]) for one in range(FOLDS)]
    whole = parts[0].plus(*parts[1:])
    errors = np.zeros(labels.shape[1])
    for one, part in enumerate(parts):
        weights, intercepts = whole.plus(part, sign=-1).solved()
        for z, y in _slices(codes[fold == one], labels[fold == one]):
            errors += np.square(y - z @ weights.T - intercepts).sum(axis=0)
    weights, intercepts = whole.solved()
    spread = np.square(labels - labels.mean(axis=0)).sum(axis=0)
    return Readout(weights, intercepts, np.where(spread > 0, 1 - errors / np.where(spread > 0, spread, 1), 0.0))


@dataclass(frozen=True, eq=False)
class _Sums:
    """All that a regression of labels on codes needs to know: sums over images."""

    images: int
    z: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    zz: npt.NDArray[np.float64]
    zy: npt.NDArray[np.float64]
    yy: npt.NDArray[np.float64]

    @classmethod
    def of(cls, codes: Codes, labels: Labels) -> "_Sums":
        latent, attributes = codes.shape[1], labels.shape[1]
        zz, zy = np.zeros((latent, latent)), np.zeros((latent, attributes))
        for z, y in _slices(codes, labels):
            zz += z.T @ z
            zy += z.T @ y
        total = codes.sum(axis=0, dtype=np.float64)
        return cls(len(codes), total, labels.sum(axis=0), zz, zy, np.square(labels).sum(axis=0))

    def plus(self, *others: "_Sums", sign: int = 1) -> "_Sums":
        values = {name: value + sign * sum(getattr(one, name) for one in others) for name, value in vars(self).items()}
        return _Sums(**values)

    def solved(self) -> tuple[Directions, Each]:
        """Weights and intercepts of ridge, each attribute with its own penalty."""
        centre, middle = self.z / self.images, self.y / self.images
        sizes, basis = np.linalg.eigh(self.zz - np.outer(self.z, centre))
        sizes = np.maximum(sizes, 0)
        shares = basis.T @ (self.zy - np.outer(self.z, middle))
        total = self.yy - self.y * middle
        penalties = PENALTIES * max(sizes.mean(), np.finfo(np.float64).tiny)
        kept = sizes[:, None] / (sizes[:, None] + penalties)
        pulled = 1 / (sizes[:, None] + penalties)
        # ‖y − ŷ‖² = yy − 2 c·b + c·S·c with c = b/(S + λ), for every penalty and attribute.
        squares = np.square(shares)
        errors = total[:, None] - squares.T @ (pulled * (2 - kept))
        best = [_least(np.maximum(one, 0), kept.sum(axis=0), self.images) for one in errors]
        weights = (basis @ (pulled[:, best] * shares)).T
        return weights, middle - weights @ centre


def _least(errors: npt.NDArray[np.float64], freedom: npt.NDArray[np.float64], images: int) -> int:
    """The place of the penalty with the least generalised cross-validation error; `freedom` is used by each."""
    left = images - 1 - freedom
    judged = left > LEAST_FREE * images
    if not judged.any():
        return len(errors) - 1
    scores = np.where(judged, errors / np.square(np.where(judged, left, 1)), np.inf)
    return int(np.argmin(scores))


def _slices(codes: Codes, labels: Labels) -> Iterator[tuple[Codes, Labels]]:
    for start in range(0, len(codes), SLICE):
        rows = slice(start, start + SLICE)
        yield codes[rows].astype(np.float64), labels[rows]


def _product(weights: Labels, codes: Codes, centre: Each | float = 0.0, power: int = 1) -> Directions:
    """weightsᵀ · (codes − centre)^power, in float64."""
    found = np.zeros((weights.shape[1], codes.shape[1]))
    for z, part in _slices(codes, weights):
        found += part.T @ (z - centre) ** power
    return found


def _moments(codes: Codes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean of each latent, and sum of squares round it."""
    centre = codes.mean(axis=0, dtype=np.float64)
    squares = np.zeros(codes.shape[1])
    for start in range(0, len(codes), SLICE):
        squares += np.square(codes[start : start + SLICE] - centre).sum(axis=0)
    return centre, squares
