"""The structure loss: pairwise distances between images should be those between their codes (paper, §2.3, L_dist)."""

import torch
from jaxtyping import Float
from torch import Tensor


def relative_distances(points: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch batch"]:
    """Squared Euclidean distances of all pairs, divided by their mean over all B² ordered pairs."""
    # In float64, the one kind that autocast leaves alone: it would do the product, there and back, in bf16.
    flat = points.flatten(1).double()
    # Centred first: the expanded square then loses no digits to a common offset.
    flat = flat - flat.mean(dim=0)
    squares = flat.square().sum(dim=1)
    distances = (squares[:, None] + squares[None, :] - 2 * flat @ flat.T).clamp_min(0)
    return (distances / distances.mean().clamp_min(torch.finfo(points.dtype).tiny)).to(points.dtype)


def structure_loss(x: Float[Tensor, "batch ..."], z: Float[Tensor, "batch latent"]) -> Float[Tensor, ""]:
    """L_dist: mean over all B² pairs of [log₂(1 + d_x) − log₂(1 + d_z)]²."""
    difference = torch.log2(1 + relative_distances(x)) - torch.log2(1 + relative_distances(z))
    return difference.square().mean()
