"""ACAI (Berthelot et al. 2018, arXiv:1807.07543): an autoencoder whose interpolations hide how they were mixed.

    x̂_α = Dec(α·z₁ + (1 − α)·z₂),  α ~ U[0, ½]
    L_critic = ‖d(x̂_α) − α‖² + ‖d(γ·x + (1 − γ)·Dec(z))‖²
    L_ae     = ‖x − Dec(z)‖² + λ·‖d(x̂_α)‖²                                                          (§2, Eq. 1 and 2)

As in the authors' code, z₂ is the batch in reverse, ‖·‖² is a mean, and d is an encoder's outputs, averaged.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from gaia_stim.config import ModelConfig
from gaia_stim.models.base import Autoencoder, Images, Losses, Means, Report, total
from gaia_stim.networks.base import full_precision


class Acai(Autoencoder):
    """Two players: the autoencoder, and a critic that guesses the mixing coefficient."""

    own_options = ("pixel_loss",)
    pixel_loss = "l2"
    LAMBDA = 0.5 / 4
    """The paper's 0.5 for images in [−1, 1]: in [0, 1] the squared error is a quarter, the critic's unchanged."""
    GAMMA = 0.2

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = self.family.encoder(config.latent)
        self.decoder = self.family.decoder()
        self.critic = self.family.encoder(config.latent)
        self.parts = {"generator": (self.encoder, self.decoder), "critic": (self.critic,)}

    def guess(self, x: Images) -> Float[Tensor, "batch"]:
        """d(x): the critic's guess of each image's α, 0 for one that is not mixed."""
        return full_precision(self.critic(x)).mean(dim=1)

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        z = self.encode(x)
        alpha = torch.rand((len(z), 1), dtype=z.dtype, device=z.device, generator=rng) / 2
        mixed_codes = alpha * z + (1 - alpha) * z.flip(0)
        decoded, mixed = self.decode(torch.cat([z, mixed_codes])).chunk(2)
        unmixed = self.GAMMA * x + (1 - self.GAMMA) * decoded
        guessed, guessed_unmixed = self.guess(torch.cat([mixed, unmixed])).chunk(2)
        terms = {
            "reconstruction": self.size_of(x - decoded),
            "fooled": guessed.square().mean(),
            "critic": (guessed - alpha.squeeze(1)).square().mean() + guessed_unmixed.square().mean(),
        }
        penalties = self.penalties(z)
        return Losses(terms | penalties, penalties)

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        terms = losses.terms
        generator = terms["reconstruction"] + self.LAMBDA * terms["fooled"] + total(losses.penalties)
        return {"generator": generator, "critic": terms["critic"]}, Report(means)
