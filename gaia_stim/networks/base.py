"""What a family of networks must be able to build, so that every model can be made of any of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from gaia_stim.config import ModelConfig, option_name
from gaia_stim.errors import ConfigError


def full_precision(x: Tensor) -> Tensor:
    """Out of the reduced precision of autocast: losses and pictures are computed in at least float32."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


@runtime_checkable
class Shaped(Protocol):
    """A decoder of shape and texture."""

    texture_latent: int
    """So many numbers of a code are texture, the rest is shape."""

    def texture(self, code: Tensor) -> Tensor:
        """What is drawn in the common frame: (batch, channels, size, size)."""

    def velocity(self, code: Tensor) -> Tensor:
        """Weights (batch, 2, nodes, nodes) of the velocity from the picture to the common frame: `networks.fields`."""


class Family(ABC):
    """The parts of one architecture for images of one shape.

    Images are `(batch, channels, size, size)` in [0, 1]; codes are `(batch, latent)`, flat.
    """

    channels_last = True
    """Whether convolutions run faster on channels-last memory: not where InstanceNorm makes it contiguous again."""

    has_shape = False
    """Whether a part of each code is shape: displacements of what the rest of it draws."""

    @property
    def memory_format(self) -> torch.memory_format:
        """How images and weights lie in memory where they are fastest, in training and in rendering."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def __init__(self, config: ModelConfig) -> None:
        self.size, self.channels = config.size, config.channels
        self.latent, self.width = config.latent, config.width
        self.numbers = config.channels * config.size**2
        """How many numbers an image is."""
        for name in ("shape_latent", "smoothness"):
            if (value := getattr(config, name)) is not None and not self.has_shape:
                raise ConfigError(f"{option_name(name)} {value}: network '{config.network}' has no shape; leave it out")

    @abstractmethod
    def encoder(self, outputs: int) -> nn.Module:
        """A network from images to `(batch, outputs)`.

        Where there are twice as many outputs as latents, every second one makes a code of the usual layout.
        """

    @abstractmethod
    def decoder(self) -> nn.Module:
        """A network from codes `(batch, latent)` to images."""

    def penalties(self, decoder: nn.Module, z: Tensor) -> Mapping[str, Tensor]:
        """What the decoder's player pays for how it decodes the codes `z`, one group of images': scalars by name.

        Each is a weighted term of the objective, whatever the model. Most networks ask for none.
        """
        return {}

    def noisy(self, z: Tensor, rng: torch.Generator, progress: float) -> Tensor:
        """The codes `z` as the decoder learns from them where it learns alone: most networks take them as they are.

        `progress` is how much of that is over, in [0, 1).
        """
        return z

    @abstractmethod
    def discriminator(self) -> nn.Module:
        """An autoencoder from images to images: the paper's discriminator, which has fewer filters."""

    @abstractmethod
    def critic(self) -> nn.Module:
        """An encoder with the discriminator's filters, from images to `(batch, latent)`."""
