"""Is what comes back what was put in?"""

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from gaia_stim.metrics.features import Features


def retrieval(probes: Features, gallery: Features, sources: npt.NDArray[np.int64]) -> float:
    """Share of the probes (n, d) whose nearest of the gallery (m, d) is their own source, a row of it (n,), in [0, 1].

    Probes are pictures after an edit or a round trip. Chance is 1/m; a copy of the source in the gallery may take its
    place.
    """
    nearest = cdist(probes, gallery).argmin(axis=1)
    return float((nearest == sources).mean())


def cycle_error(before: npt.NDArray[np.floating], after: npt.NDArray[np.floating]) -> float:
    """How far codes (n, latent) have moved, in units of how far they lie from their mean, root mean squares: 0 or more.

    Of midpoints and what their pictures are encoded to, ‖Enc(Dec(z̄)) − z̄‖: 0 comes back, √2 is lost among the others.
    Free of the codes' scale and origin, so that models can be compared. Infinite where all codes are one and moved.
    """
    moved = float(np.sqrt(np.square(after.astype(np.float64) - before).sum(axis=1).mean()))
    spread = float(np.sqrt(before.astype(np.float64).var(axis=0).sum()))
    if moved == 0:
        return 0.0
    return moved / spread if spread > 0 else float("inf")
