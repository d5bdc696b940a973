"""How far to go along a direction so that pictures show as much as was asked for.

A vector adds the same to every code, but a decoder draws less of it in one face than in another, and mostly less than
the code says: hair grows by two thirds of what was asked. With w the readout of the attribute and s the change of the
code, k is sought, for every face and amount, so that the picture, encoded again, has moved as far as the code was to:

    w · (Enc(Dec(z + k·s)) − Enc(Dec(z))) = w · s

Where codes come back from their pictures as they were, k is 1. It looks at codes and the model alone, and at no label.
"""

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space

LEAST, MOST = 0.5, 2.0
"""Limits of k: what a face cannot show is not forced out of it."""
ROUNDS = 3

Changes = Float64[npt.NDArray[np.float64], "n latent"]
Factors = Float64[npt.NDArray[np.float64], " n"]
Weights = Float64[npt.NDArray[np.float64], " latent"]


def factors(space: Space, codes: Codes, changes: Changes, readout: Weights) -> Factors:
    """k of each code (n, latent) and its change; 1 where the readout is not to move."""
    wanted = changes @ readout
    before = _seen(space, codes, readout)
    found = np.ones(len(codes))
    for _ in range(ROUNDS):
        moved = (_seen(space, codes + found[:, None] * changes, readout) - before) / np.where(wanted == 0, 1, wanted)
        # Twice as much seen as wanted is half as far to go; where nothing is seen, as far as may be.
        further = np.clip(found / np.maximum(moved, 1e-6), LEAST, MOST)
        found = np.where(wanted == 0, 1.0, further)
    return found


def _seen(space: Space, codes: npt.NDArray[np.floating], readout: Weights) -> Factors:
    """What the pictures of codes say of the attribute."""
    pictures = space.decode(codes.astype(np.float32))
    return np.asarray(space.encode(pictures).astype(np.float64) @ readout)
