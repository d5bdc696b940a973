"""How likely a flow finds images; no other model says it."""

import hashlib

import torch

from gaia_stim.images import Pixels, to_float
from gaia_stim.models.flow import Flow
from gaia_stim.space.space import Space

OF_A_FLOW = "bits_per_dimension"
"""A figure that only models have whose decoding undoes their encoding: no table ranks those by reconstructions."""


def likelihood(space: Space, pictures: Pixels) -> dict[str, float]:
    """Mean bits a number that pictures (n, size, size, C) take, at least, by a flow; nothing of another model.

    The noise within grey levels is each picture's own, drawn by its hash: the same whatever is measured beside it.
    """
    if not isinstance(space.model, Flow):
        return {}
    bits = [_bits(space.model, picture) for picture in pictures]
    return {OF_A_FLOW: sum(bits) / len(bits)}


@torch.inference_mode()
def _bits(model: Flow, picture: Pixels) -> float:
    seed = int.from_bytes(hashlib.sha256(picture.tobytes()).digest()[:8])
    return float(model.bits(torch.from_numpy(to_float(picture[None])), torch.Generator().manual_seed(seed)))
