"""The plain autoencoder: the control that shares everything with GAIA but the game."""

import torch
from torch import Tensor

from gaia_stim.config import ModelConfig
from gaia_stim.models.base import Autoencoder, Images, Losses, Means, Report, total


class PlainAutoencoder(Autoencoder):
    """One player, one loss: ‖x − Dec(Enc(x))‖₁, and what `likeness` and the networks add to it."""

    own_options = ("pixel_loss",)
    heeds = ("edges",)

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = self.family.encoder(config.latent)
        self.decoder = self.family.decoder()
        self.parts = {"generator": (self.encoder, self.decoder)}

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        return self.reconstruct(x, rng)

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        return {"generator": total(losses.terms)}, Report(means)
