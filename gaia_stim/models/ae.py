"""The plain autoencoder: the control that shares everything with GAIA but the game."""

import torch
from torch import nn

from gaia_stim.config import ModelConfig
from gaia_stim.models.base import Autoencoder, Game, Images


class PlainAutoencoder(Autoencoder):
    """One player, one loss: ‖x − Dec(Enc(x))‖₁, and what `likeness` and the networks add to it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = self.family.encoder(config.latent)
        self.decoder = self.family.decoder()

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {"generator": list(self.parameters())}

    def play(self, x: Images, chance: torch.Generator) -> Game:
        loss, report = self.reconstruct(x, chance)
        return Game({"generator": loss}, report)
