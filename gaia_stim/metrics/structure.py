"""Does the latent space keep what is near and what is far among images?"""

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn import manifold

from gaia_stim.metrics.distance import Pixels
from gaia_stim.metrics.features import Features

NEIGHBOURS = 5

Rows = npt.NDArray[np.floating]


def flat(images: Pixels) -> Features:
    """Pictures as rows: (n, H, W, C) to (n, H·W·C), in [0, 1]."""
    return images.reshape(len(images), -1) / 255


def spearman(x: Rows, z: Rows) -> float:
    """Spearman's rank correlation of all pairwise Euclidean distances in x (n, d) and z (n, l), in [-1, 1].

    1 where whatever is farther apart in x is farther apart in z. NaN where all distances in one of them are equal.
    """
    return float(spearmanr(pdist(x), pdist(z)).statistic)


def trustworthiness(x: Rows, z: Rows) -> float:
    """Whether neighbours in z (n, l) are neighbours in x (n, d), in [0, 1]; chance is about 0.5 (Venna and Kaski 2001).

    Of the `NEIGHBOURS` nearest in z, each that is not so near in x costs by its rank there. Needs n > 2 `NEIGHBOURS`.
    """
    return float(manifold.trustworthiness(x, z, n_neighbors=NEIGHBOURS))


def continuity(x: Rows, z: Rows) -> float:
    """Whether neighbours in x are neighbours in z, in [0, 1]: `trustworthiness` with the sides changed (ibid.)."""
    return trustworthiness(z, x)
