"""Adversarially learned inference (Dumoulin et al. 2016, arXiv:1606.00704): as published no reconstruction loss at all.

A discriminator tells pairs (x, ẑ ~ q(z|x)) from pairs (x̃ = Dec(z), z ~ N(0, I)); encoder and decoder together make
them alike, and once they are, each is the other's inverse.

    L_d = −log D(x, ẑ) − log(1 − D(x̃, z))
    L_g = −log(1 − D(x, ẑ)) − log D(x̃, z)                                                             (Algorithm 1)

With `reconstruction` L_g also pays ‖x − Dec(ẑ)‖₁, so many times: ALICE (Li et al. 2017, arXiv:1709.01215, §3.2), which
says which of the many ways of pairing images with codes is meant.

With our networks: D is without the paper's dropout and maxout, and p(x|z) without noise.
"""

import torch
from torch import Tensor

from gaia_stim.config import ModelConfig
from gaia_stim.models.adversarial import JointCritic, as_fake, as_genuine
from gaia_stim.models.base import Autoencoder, Images, Losses, Means, Report, total
from gaia_stim.models.distributions import GaussianEncoder, normal_like


class Ali(Autoencoder):
    """Two players: encoder with decoder, and a discriminator of pairs. A code is the posterior's mean."""

    own_options = ("reconstruction", "pixel_loss")
    encoder: GaussianEncoder

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = GaussianEncoder(self.family)
        self.decoder = self.family.decoder()
        self.discriminator = JointCritic(self.family)
        self.parts = {"generator": (self.encoder, self.decoder), "discriminator": (self.discriminator,)}

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        inferred = self.encoder.posterior(x).sample(rng)
        z = normal_like(inferred, rng)
        logits = self.discriminator(torch.cat([x, self.decode(z)]), torch.cat([inferred, z]))
        encoded, decoded = logits.chunk(2)
        terms = {
            "generator": as_fake(encoded) + as_genuine(decoded),
            "discriminator": as_genuine(encoded) + as_fake(decoded),
        }
        if self.config.reconstruction:
            terms["reconstruction"] = self.config.reconstruction * self.size_of(x - self.decode(inferred))
        penalties = self.penalties(z)
        return Losses(terms | penalties, penalties)

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        terms = dict(losses.terms)
        discriminator = terms.pop("discriminator")
        return {"generator": total(terms), "discriminator": discriminator}, Report(means)
