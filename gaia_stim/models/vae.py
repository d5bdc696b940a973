"""The variational autoencoder (Kingma & Welling 2013, arXiv:1312.6114).

    −ELBO = −E_q(z|x)[log p(x|z)] + KL(q(z|x) ‖ N(0, I))         (Eq. 10, one draw an image)

With our networks: the likelihood is Laplace (Gaussian where `pixel_loss` is l2) with one scale for all pixels, at its
maximum-likelihood value, where the paper's continuous decoder is Gaussian with a learned scale a pixel (App. C.2). Both
terms are divided by the number of pixels, which Adam does not notice.
"""

import torch
from torch import Tensor

from gaia_stim.config import ModelConfig
from gaia_stim.models.base import Autoencoder, Images, Losses, Means, Report, total
from gaia_stim.models.distributions import GaussianEncoder, pixel_surprise


class VariationalAutoencoder(Autoencoder):
    """One player, whose loss is the negative evidence lower bound. A code is the posterior's mean."""

    own_options = ("pixel_loss",)
    encoder: GaussianEncoder

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = GaussianEncoder(self.family)
        self.decoder = self.family.decoder()
        self.parts = {"generator": (self.encoder, self.decoder)}

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        posterior = self.encoder.posterior(x)
        z = posterior.sample(rng)
        terms = {"reconstruction": self.size_of(x - self.decode(z)), "divergence": posterior.divergence()}
        penalties = self.penalties(z)
        return Losses(terms | penalties, penalties)

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        surprise = pixel_surprise(losses.terms["reconstruction"], means["reconstruction"], self.squared)
        loss = surprise + losses.terms["divergence"] / self.family.numbers
        return {"generator": loss + total(losses.penalties)}, Report(means)
