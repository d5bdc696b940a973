"""How far to go along a direction so that pictures show as much as was asked for.

A vector adds the same to every code, but a decoder draws less of it in one face than in another, and mostly less than
the code says: hair grows by two thirds of what was asked. With g the gauge of the attribute (`Vectors.gauge`) and s the
change of the code for an amount, k is sought, for every face and amount, so that the picture, encoded again, has moved
by that amount:

    g · (Enc(Dec(z + k·s)) − Enc(Dec(z))) = amount

Where codes come back from their pictures as they were, and s is the amount times the OLS vector, k is 1. It looks at
codes and the model alone, and at no label.
"""

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space

LEAST, MOST = 0.5, 2.0
"""Limits of k: what a face cannot show is not forced out of it."""
ROUNDS = 5

Changes = Float64[npt.NDArray[np.float64], "n latent"]
Factors = Float64[npt.NDArray[np.float64], " n"]
Weights = Float64[npt.NDArray[np.float64], " latent"]


def factors(space: Space, codes: Codes, changes: Changes, gauge: Weights, amounts: Factors) -> Factors:
    """k of each code (n, latent), its change, and the amount that this is for; 1 for an amount of 0.

    Of those that were tried, the one that comes nearest.
    """
    still = amounts == 0
    before = _seen(space, codes, gauge)
    # Just beyond the limits, so that these are among what can be tried.
    low, high = np.full(len(codes), np.nextafter(LEAST, 0)), np.full(len(codes), np.nextafter(MOST, np.inf))
    k, found, missed = np.ones(len(codes)), np.ones(len(codes)), np.full(len(codes), np.inf)
    for _ in range(ROUNDS):
        shown = (_seen(space, codes + k[:, None] * changes, gauge) - before) / np.where(still, 1, amounts)
        is_nearer = np.abs(shown - 1) < missed
        found, missed = np.where(is_nearer, k, found), np.where(is_nearer, np.abs(shown - 1), missed)
        low, high = np.where(shown < 1, np.maximum(low, k), low), np.where(shown > 1, np.minimum(high, k), high)
        # In proportion, where that stays between what was too little and what was too much; else half-way.
        straight = np.clip(k / np.maximum(shown, 1e-6), LEAST, MOST)
        k = np.where((straight > low) & (straight < high), straight, (low + high) / 2)
    return np.where(still, 1.0, found)


def _seen(space: Space, codes: npt.NDArray[np.floating], gauge: Weights) -> Factors:
    """What the pictures of codes say of the attribute."""
    pictures = space.decode(codes.astype(np.float32))
    return np.asarray(space.encode(pictures).astype(np.float64) @ gauge)
