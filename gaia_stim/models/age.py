"""Adversarial generator-encoder networks (Ulyanov et al. 2017, arXiv:1704.02304): a game without a discriminator.

Codes lie on the unit sphere. The encoder spreads the codes of images as the prior is and those of generated images
otherwise; the generator makes images whose codes are spread as the prior is.

    V        = KL(e(g(Z)) ‖ N) − KL(e(X) ‖ N),  N = N(0, I)
    loss_e   = −V + μ·‖x − g(e(x))‖₁
    loss_g   =  V + λ·‖z − e(g(z))‖²                              (§3; the KL is of the normal law fitted to the batch)

Each reconstruction error trains one player only, the paper's choice; with `reconstruction` loss_g also pays
‖x − g(e(x))‖₁, so many times, which the paper does not. As in the authors' code the KL is averaged over the
coordinates. With our loop: a step of each player a batch (the authors: two or three of g to one of e).
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from gaia_stim.config import ModelConfig
from gaia_stim.models.base import Autoencoder, Codes, Images, Losses, Means, Report, total

LEAST_VARIANCE = 1e-12
"""Keeps the logarithm finite where all codes of a batch agree."""


def divergence_of_fit(z: Codes) -> Float[Tensor, ""]:
    """KL(N(m, s²) ‖ N(0, I)) = mean over coordinates of (s² + m²)/2 − log s − ½, m and s² those of the batch."""
    mean, variance = z.mean(dim=0), z.var(dim=0, correction=0).clamp_min(LEAST_VARIANCE)
    return ((variance + mean.square() - variance.log() - 1) / 2).mean()


class Age(Autoencoder):
    """Two players: the encoder and the generator (our decoder)."""

    own_options = ("reconstruction", "pixel_loss")
    MU = 20.0
    """The authors' 10 for images in [−1, 1]: in [0, 1] the error is half."""
    LAMBDA = 500.0
    """The authors' 1000 for the mean product z·e(g(z)): on the sphere the mean squared difference is twice it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = self.family.encoder(config.latent)
        self.decoder = self.family.decoder()
        self.parts = {"encoder": (self.encoder,), "generator": (self.decoder,)}

    def encode(self, x: Images) -> Codes:
        return normalize(super().encode(x))

    def decode(self, z: Codes) -> Images:
        """The images of codes, taken to the sphere first: the generator knows nothing else. A line becomes an arc."""
        return super().decode(normalize(z))

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        # A normal draw's direction is uniform on the sphere.
        z = normalize(torch.randn((len(x), self.config.latent), dtype=x.dtype, device=x.device, generator=rng))
        generated = self.decode(z)
        code_of_image, code_of_generated = self.encode(torch.cat([x, generated])).chunk(2)
        terms = {
            "reconstruction": self.size_of(x - self.decode(code_of_image)),
            "code": (z - code_of_generated).square().mean(),
            "divergence_real": divergence_of_fit(code_of_image),
            "divergence_generated": divergence_of_fit(code_of_generated),
        }
        penalties = self.penalties(z)
        return Losses(terms | penalties, penalties)

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        terms = losses.terms
        game = terms["divergence_generated"] - terms["divergence_real"]
        # KL(e(X) ‖ N) does not depend on the generator.
        generator = terms["divergence_generated"] + self.LAMBDA * terms["code"] + total(losses.penalties)
        if self.config.reconstruction:
            generator = generator + self.config.reconstruction * terms["reconstruction"]
        return {"encoder": self.MU * terms["reconstruction"] - game, "generator": generator}, Report(means)
