"""Codes and pixels as random variables: what the variational and the adversarial peers share.

An encoder here is a module whose plain call gives the code that stimuli are made from, the posterior's mean; only
training draws from the posterior, and always from the generator it is handed.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.models.base import Codes, Images
from gaia_stim.networks.base import Family, full_precision

HALF_GREY_LEVEL = 0.5 / 255
"""A pixel's scale is never thought finer than the file it came from."""


def normal_like(z: Codes, rng: torch.Generator) -> Codes:
    """Draws from N(0, I), as many as `z`."""
    return torch.randn(z.shape, dtype=z.dtype, device=z.device, generator=rng)


class Gaussian(NamedTuple):
    """Codes under a normal law with a diagonal covariance, one for each image."""

    mean: Codes
    log_variance: Codes

    def sample(self, rng: torch.Generator) -> Codes:
        """z = μ + σ ⊙ ε, ε ~ N(0, I): differentiable in μ and σ (Kingma & Welling 2013, §2.4)."""
        return self.mean + (self.log_variance / 2).exp() * normal_like(self.mean, rng)

    def divergence(self) -> Float[Tensor, ""]:
        """KL(q ‖ N(0, I)) = −½ Σ(1 + log σ² − μ² − σ²) in nats an image, its mean (Kingma & Welling 2013, App. B)."""
        terms = 1 + self.log_variance - self.mean.square() - self.log_variance.exp()
        return -terms.sum(dim=1).mean() / 2


class GaussianEncoder(nn.Module):
    """q(z|x) = N(μ(x), σ²(x)) from one network with twice the outputs; called plainly it gives μ(x)."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self.statistics = family.encoder(2 * family.latent)

    def posterior(self, x: Images) -> Gaussian:
        """q(z|x) of each image."""
        statistics = full_precision(self.statistics(x))
        # Interleaved, not halved: a family may give each half of its outputs to another path (networks/munit.py).
        return Gaussian(statistics[:, 0::2], statistics[:, 1::2])

    def forward(self, x: Images) -> Codes:
        return self.posterior(x).mean


def pixel_surprise(error: Tensor, typical: Tensor, squared: bool = False) -> Float[Tensor, ""]:
    """−log p(x|z) in nats a pixel, for independent Laplace pixels: |x − x̂| / b + log 2b.

    Laplace, as the other models' ‖·‖₁ is its logarithm. The scale b weighs the pixels against the codes' KL, and a
    hand-picked one would decide the comparison: it is set to its maximum-likelihood value, the mean absolute error of
    the batch (Rybkin, Daniilidis & Levine 2021, σ-VAE, there for a Gaussian), as Kingma & Welling learn it (App. C.2).
    `error` is that of these images, `typical` its mean over all microbatches. Squared errors are a normal law's of
    variance b: ((x − x̂)² / b + log 2πb) / 2.
    """
    if squared:
        variance = typical.clamp_min(HALF_GREY_LEVEL**2)
        return (error / variance + (2 * math.pi * variance).log()) / 2
    scale = typical.clamp_min(HALF_GREY_LEVEL)
    return error / scale + (2 * scale).log()
