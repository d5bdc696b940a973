"""A normalising flow, Glow (Kingma & Dhariwal 2018, arXiv:1807.03039): a model that says how likely an image is.

    log p(y) = log N(f(y); 0, I) + log|det df/dy|                                                   (Eq. 2 and 4)
    bits per dimension = 8 − log₂ p(y) / D,   y = (255 x + u) / 256,  u ~ U[0, 1) a number          (§2)

f is `networks.glow`. The encoder is f and the decoder its inverse: nothing is lost, so a code has as many numbers D as
an image, and the error of reconstructions says nothing. 8 bits are what a pixel takes that is as likely as any other.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.config import ModelConfig, option_name
from gaia_stim.errors import ConfigError
from gaia_stim.models.base import Autoencoder, Codes, Images, Losses, Means, Report
from gaia_stim.networks.glow import Glow

GREY_LEVELS = 256


class FlowEncoder(nn.Module):
    """f, of images each of whose numbers stands in the middle of its grey level."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.flow = Glow(config.size, config.channels, config.width)

    def forward(self, x: Images) -> Codes:
        code, _ = self.measured(x, torch.full_like(x, 0.5))
        return code

    def measured(self, x: Images, noise: Images) -> tuple[Codes, Float[Tensor, "batch"]]:
        """The codes of images somewhere in their grey levels, in [0, 1), and log|det df/dy| there."""
        # In full precision under autocast too: what is rounded is lost.
        with torch.autocast(x.device.type, enabled=False):
            code, stretched = self.flow(_levels(x, noise))
        return code, stretched


class FlowDecoder(nn.Module):
    """The inverse of f."""

    def __init__(self, encoder: FlowEncoder) -> None:
        super().__init__()
        # Not as a part: its weights would be the encoder's, twice.
        self._encoder = (encoder,)

    def forward(self, z: Codes) -> Images:
        with torch.autocast(z.device.type, enabled=False):
            y: Tensor = self._encoder[0].flow.inverse(z)
        return ((GREY_LEVELS * y - 0.5) / (GREY_LEVELS - 1)).clamp(0, 1)


def _levels(x: Images, noise: Images) -> Images:
    """y in [0, 1): images in [0, 1], somewhere in their grey levels."""
    return ((GREY_LEVELS - 1) * x + noise) / GREY_LEVELS


class Flow(Autoencoder):
    """One player, whose loss is −log p of images, in bits a number."""

    encoder: FlowEncoder
    exact = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        if config.latent != self.family.numbers:
            raise ConfigError(
                f"{option_name('latent')} {config.latent}: the code of a flow has as many numbers as an image, "
                f"{self.family.numbers}"
            )
        self.encoder = FlowEncoder(config)
        self.decoder = FlowDecoder(self.encoder)
        self.parts = {"generator": (self.encoder,)}

    def begin(self, x: Images) -> None:
        self.encoder.flow.begin(_levels(x, torch.full_like(x, 0.5)))

    def bits(self, x: Images, rng: torch.Generator) -> Float[Tensor, "batch"]:
        """Bits a number that each image takes, at least: −log₂ p of it, bounded by one draw of the noise."""
        noise = torch.rand(x.shape, dtype=x.dtype, device=x.device, generator=rng)
        code, stretched = self.encoder.measured(x, noise)
        numbers = code.shape[1]
        log_density = stretched - (code.square().sum(dim=1) + numbers * math.log(2 * math.pi)) / 2
        return math.log2(GREY_LEVELS) - log_density / (numbers * math.log(2))

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        return Losses({"bits_per_dimension": self.bits(x, rng).mean()})

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        return {"generator": losses.terms["bits_per_dimension"]}, Report(means)
