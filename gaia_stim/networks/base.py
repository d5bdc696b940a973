"""What a family of networks must be able to build, so that every model can be made of any of them."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from gaia_stim.config import ModelConfig


def full_precision(x: Tensor) -> Tensor:
    """Out of the reduced precision of autocast: losses and pictures are computed in at least float32."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


class Family(ABC):
    """The parts of one architecture for images of one shape.

    Images are `(batch, channels, size, size)` in [0, 1]; codes are `(batch, latent)`, flat.
    """

    channels_last = True
    """Whether convolutions run faster on channels-last memory: not where InstanceNorm makes it contiguous again."""

    @property
    def memory_format(self) -> torch.memory_format:
        """How images and weights lie in memory where they are fastest, in training and in rendering."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def __init__(self, config: ModelConfig) -> None:
        self.size, self.channels = config.size, config.channels
        self.latent, self.width = config.latent, config.width

    @abstractmethod
    def encoder(self, outputs: int) -> nn.Module:
        """A network from images to `(batch, outputs)`.

        Where there are twice as many outputs as latents, every second one makes a code of the usual layout.
        """

    @abstractmethod
    def decoder(self) -> nn.Module:
        """A network from codes `(batch, latent)` to images."""

    @abstractmethod
    def discriminator(self) -> nn.Module:
        """An autoencoder from images to images: the paper's discriminator, which has fewer filters."""

    @abstractmethod
    def critic(self) -> nn.Module:
        """An encoder with the discriminator's filters, from images to `(batch, latent)`."""
