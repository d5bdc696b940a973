"""New exemplars: codes that no image has, among those that images have.

Chance belongs to the item: exemplar i of a seed is the same however many are drawn.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from gaia_stim.errors import DataError
from gaia_stim.space.paths import Codes

Rows = Int64[npt.NDArray[np.int64], "n parents"]
Weights = Float64[npt.NDArray[np.float64], "n parents"]

PROBES = 2000
"""Of so many real codes the distance to the nearest other one is taken, for its median."""


def choose_parents(real: int, n: int, parents: int, seed: int) -> tuple[Rows, Weights]:
    """For each of `n` exemplars, which of `real` codes are mixed and with which weights, uniform over all mixtures.

    Raises `DataError` where there are fewer codes than parents.
    """
    if real < parents:
        raise DataError(f"a mixture of {parents} images needs as many; there are {real}")
    chosen = np.empty((n, parents), dtype=np.int64)
    weights = np.empty((n, parents))
    for item in range(n):
        chance = generator(seed, item)
        chosen[item] = chance.choice(real, parents, replace=False)
        weights[item] = chance.dirichlet(np.ones(parents))
    return chosen, weights


def mix(real: Codes, parents: Rows, weights: Weights) -> Codes:
    """The codes of mixtures: for each row of `parents`, the rows of `real` it names, weighted."""
    # Item by item: a sum over all at once may be ordered otherwise for another number of them.
    mixed = [
        (share[:, None] * real[rows].astype(np.float64)).sum(axis=0)
        for rows, share in zip(parents, weights, strict=True)
    ]
    return np.array(mixed, dtype=np.float32).reshape(len(parents), real.shape[1])


@dataclass(frozen=True, eq=False)
class Density:
    """A Gaussian over the latent space: its mean (latent,) and a root of its covariance (latent, latent)."""

    mean: Float64[npt.NDArray[np.float64], " latent"]
    root: Float64[npt.NDArray[np.float64], "latent latent"]
    shrinkage: float
    """How far the covariance was drawn towards a ball, in [0, 1]."""

    @classmethod
    def fit(cls, real: Codes) -> "Density":
        """The Gaussian of real codes, its covariance shrunk as far as Ledoit & Wolf (2004) find best.

        Codes are many numbers and images few: an unshrunk covariance would be flat in directions where nobody looked.
        """
        if len(real) < 2:
            raise DataError("a density needs at least 2 images to be fitted to")
        fitted = LedoitWolf().fit(real.astype(np.float64))
        return cls(fitted.location_, np.linalg.cholesky(fitted.covariance_), float(fitted.shrinkage_))

    def draw(self, n: int, seed: int) -> Codes:
        """The first `n` exemplars of that seed."""
        draws = [self.mean + self.root @ generator(seed, item).standard_normal(len(self.mean)) for item in range(n)]
        return np.array(draws, dtype=np.float32).reshape(n, len(self.mean))


@dataclass(frozen=True, eq=False)
class Support:
    """How near to real codes a code is, in units of how near real codes are to each other."""

    neighbours: NearestNeighbors
    unit: float
    """Median over the real codes of the distance to the nearest other one."""

    @classmethod
    def of(cls, real: Codes) -> "Support":
        """Raises `DataError` where the real codes are fewer than two, or all the same."""
        if len(real) < 2:
            raise DataError("at least 2 images are needed to tell what is near")
        neighbours = NearestNeighbors(n_neighbors=1).fit(real)
        probes = np.unique(np.linspace(0, len(real) - 1, PROBES).astype(int))
        nearest, _ = NearestNeighbors(n_neighbors=2).fit(real).kneighbors(real[probes])
        unit = float(np.median(nearest[:, 1]))
        if unit == 0:
            raise DataError("most of the images are copies of each other: no distance between them to measure by")
        return cls(neighbours, unit)

    def __call__(self, codes: Codes) -> Float64[npt.NDArray[np.float64], " n"]:
        """Distance to the nearest real code: 0 on one, 1 as far from it as real codes are from each other."""
        nearest: Float64[npt.NDArray[np.float64], " n"] = self.neighbours.kneighbors(codes)[0][:, 0] / self.unit
        return nearest


def generator(seed: int, item: int) -> np.random.Generator:
    """The chance of one item of a seed."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, item))))
