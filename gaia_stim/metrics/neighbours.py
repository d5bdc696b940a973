"""Are pictures where pictures are? Balls round each reference, as wide as the way to its k-th neighbour."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from gaia_stim.metrics.features import Features

K = 3
"""As in Kynkäänniemi et al. (2019)."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Where the references are: points (n, d), and the radius (n,) of each one's ball."""

    points: Features
    radii: npt.NDArray[np.float64]

    @classmethod
    def of(cls, points: Features, k: int = K) -> "Neighbourhood":
        """The balls of n > k reference points (n, d)."""
        distances, _ = NearestNeighbors(n_neighbors=k).fit(points).kneighbors()
        return cls(points, distances[:, -1])

    def precision(self, samples: Features) -> float:
        """Share of the samples (m, d) that lie in any ball, in [0, 1] (Kynkäänniemi et al. 2019, Eq. 1 and 2).

        High for whatever is near any reference, many samples in one place included: read it beside `coverage`. Fresh
        references do not reach 1 either.
        """
        return float(self._within(samples).any(axis=1).mean())

    def coverage(self, samples: Features) -> float:
        """Share of the balls that hold any sample (m, d), in [0, 1] (Naeem et al. 2020).

        It depends on how many samples there are: m fresh references reach about 1 − (n/(n + m))ᵏ (ibid.).
        """
        return float(self._within(samples).any(axis=0).mean())

    def _within(self, samples: Features) -> npt.NDArray[np.bool_]:
        inside: npt.NDArray[np.bool_] = cdist(samples, self.points) <= self.radii
        return inside
