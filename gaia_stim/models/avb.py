"""Adversarial variational Bayes (Mescheder et al. 2017, arXiv:1701.04722), with adaptive contrast (its §4).

The posterior q(z|x) is whatever z(x, ε) does with its noise; it has no density to write down, so a discriminator T
learns its logarithm against a normal law r(z|x) of the same mean and variance:

    max_T  E_q log σ(T(x, z)) + E_r log(1 − σ(T(x, z)))                    (Eq. 3.3, r in the prior's place)
    min    E_q[T(x, z) + log r(z|x) − log p(z) − log p(x|z)]               (Eq. 3.5 likewise)

As in the authors' code, T sees z̃ = (z − μ(x)) / σ(x), for which r is N(0, I), and no gradient flows into μ and σ.
With our networks: noise joins the encoder's output in a small network, μ and σ² are the moments over a fixed set of
noises (the plain code is that μ), T is our critic of pairs, and the likelihood that of our VAE.
"""

import torch
from torch import Tensor, nn

from gaia_stim.config import ModelConfig
from gaia_stim.models.adversarial import JointCritic, as_fake, as_genuine
from gaia_stim.models.base import Autoencoder, Codes, Images, Losses, Means, Report, total
from gaia_stim.models.distributions import normal_like, pixel_surprise
from gaia_stim.networks.base import Family, full_precision

NOISE = 64
"""Numbers of noise a code."""
HIDDEN = 256
DRAWS = 32
"""Noises that the posterior's moments are taken over."""
LEAST_VARIANCE = 1e-4
"""Added to the posterior's variance, as in the authors' code."""


class NoisyEncoder(nn.Module):
    """z(x, ε): draws from a posterior of any shape; called plainly it gives the posterior's mean."""

    draws: Tensor

    def __init__(self, family: Family) -> None:
        super().__init__()
        self.look = family.encoder(family.latent)
        self.disturb = nn.Sequential(
            nn.Linear(family.latent + NOISE, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, family.latent)
        )
        self.register_buffer("draws", torch.randn(DRAWS, NOISE))

    def code(self, seen: Codes, noise: Tensor) -> Codes:
        """z(x, ε), for x as the network saw it."""
        # Added in full precision: a narrow posterior is a small step beside a large number.
        return seen + full_precision(self.disturb(torch.cat([seen, noise.to(seen.dtype)], dim=1)))

    def moments(self, seen: Codes) -> tuple[Codes, Codes]:
        """The posterior's mean and variance."""
        count = len(self.draws)
        codes = self.code(seen.repeat_interleave(count, 0), self.draws.repeat(len(seen), 1))
        of_image = codes.view(len(seen), count, -1)
        return of_image.mean(dim=1), of_image.var(dim=1, correction=0)

    def forward(self, x: Images) -> Codes:
        return self.moments(full_precision(self.look(x)))[0]


class Avb(Autoencoder):
    """Two players: encoder with decoder, and the discriminator T. A code is the posterior's mean."""

    own_options = ("pixel_loss",)
    encoder: NoisyEncoder

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = NoisyEncoder(self.family)
        self.decoder = self.family.decoder()
        self.discriminator = JointCritic(self.family)
        self.parts = {"generator": (self.encoder, self.decoder), "discriminator": (self.discriminator,)}

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        seen = full_precision(self.encoder.look(x))
        noise = torch.randn((len(x), NOISE), dtype=seen.dtype, device=seen.device, generator=rng)
        z = self.encoder.code(seen, noise)
        with torch.no_grad():
            mean, variance = self.encoder.moments(seen)
            variance = variance + LEAST_VARIANCE
        relative = (z - mean) / variance.sqrt()
        looked = self.discriminator.look(x)
        posterior = self.discriminator.compare(looked, relative)
        contrast = self.discriminator.compare(looked, normal_like(z, rng))

        # log r(z|x) − log p(z); the two normal laws' constants cancel.
        log_ratio = (z.square() - relative.square() - variance.log()).sum(dim=1) / 2
        divergence = (posterior + log_ratio).mean()
        terms = {
            "reconstruction": self.size_of(x - self.decode(z)),
            "divergence": divergence,
            "discriminator": as_genuine(posterior) + as_fake(contrast),
        }
        penalties = self.penalties(z)
        return Losses(terms | penalties, penalties)

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        terms = losses.terms
        surprise = pixel_surprise(terms["reconstruction"], means["reconstruction"], self.squared)
        generator = surprise + terms["divergence"] / self.family.numbers + total(losses.penalties)
        return {"generator": generator, "discriminator": terms["discriminator"]}, Report(means)
