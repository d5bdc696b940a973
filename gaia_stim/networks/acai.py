"""ACAI's networks (Berthelot et al. 2018, arXiv:1807.07543, App. B), fully convolutional: a code is a map of 2 × 2.

Two 3x3 convolutions with leaky rectifiers, then the mean of each 2x2 block, until `COARSEST` pixels of a side are left;
the decoder is that in reverse, pixels repeated. There is no norm and no linear layer: what stands where in the picture
stands where in the code. `width` is the paper's depth (16 for lines, where `--latent 64` is its 2 × 2 × 16).

As in the authors' code, but for two things: their pictures are not bound to a range, ours end in a logistic function;
and their initial weights have half the variance of ours (He et al. 2015), with which a signal fades on its way: they
have 16.8 million images to make up for it.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.networks.base import Family, full_precision
from gaia_stim.networks.light import EnlargingConvolution

COARSEST = 2
"""Halving stops at so many pixels of a side: the code's places."""
SLOPE = 0.2
"""Of the rectifiers below 0."""


class AcaiNetworks(Family):
    """`size` pixels of `width` channels, twice as many at each halving."""

    def encoder(self, outputs: int) -> nn.Module:
        return Encoder(self.size, self.channels, self.width, outputs)

    def decoder(self) -> nn.Module:
        return Decoder(self.size, self.channels, self.width, self.latent)

    def discriminator(self) -> nn.Module:
        return nn.Sequential(self.critic(), Decoder(self.size, self.channels, self.width // 2, self.latent))

    def critic(self) -> nn.Module:
        return Encoder(self.size, self.channels, self.width // 2, self.latent)


def _halvings(size: int) -> int:
    count = 0
    while size > COARSEST and size % 2 == 0:
        size, count = size // 2, count + 1
    return count


def _begin(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, SLOPE)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)


def _convolution(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


class Encoder(nn.Module):
    """Images to `(batch, outputs)`, place by place: all numbers of one, then of the next."""

    def __init__(self, size: int, channels: int, width: int, outputs: int) -> None:
        super().__init__()
        halvings = _halvings(size)
        places = (size >> halvings) ** 2
        layers: list[nn.Module] = [_convolution(channels, width, kernel=1)]
        filters = width
        for halving in range(halvings):
            for _ in range(2):
                layers += [_convolution(filters, width << halving), nn.LeakyReLU(SLOPE)]
                filters = width << halving
            layers.append(nn.AvgPool2d(2))
        layers += [_convolution(filters, width << halvings), nn.LeakyReLU(SLOPE)]
        self.outputs = outputs
        # A code that does not fill its map has no numbers for the last of the places.
        self.layers = nn.Sequential(*layers, _convolution(width << halvings, -(-outputs // places))).apply(_begin)

    def forward(self, x: Float[Tensor, "batch channels size size"]) -> Float[Tensor, "batch outputs"]:
        code: Tensor = self.layers(x).permute(0, 2, 3, 1).flatten(1)
        return code[:, : self.outputs]


class Decoder(nn.Module):
    """Codes to images in (0, 1)."""

    def __init__(self, size: int, channels: int, width: int, latent: int) -> None:
        super().__init__()
        halvings = _halvings(size)
        side = size >> halvings
        filters = -(-latent // side**2)
        self.map = (side, side, filters)
        self.empty = side**2 * filters - latent
        layers: list[nn.Module] = []
        for halving in reversed(range(halvings)):
            wide = width << halving
            first = EnlargingConvolution(filters, wide) if layers else _convolution(filters, wide)
            layers += [first, nn.LeakyReLU(SLOPE), _convolution(wide, wide), nn.LeakyReLU(SLOPE)]
            filters = wide
        layers += [EnlargingConvolution(filters, width), nn.LeakyReLU(SLOPE)]
        self.draw = nn.Sequential(*layers, _convolution(width, channels)).apply(_begin)

    def forward(self, code: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch channels size size"]:
        filled = nn.functional.pad(code, (0, self.empty)).view(-1, *self.map).permute(0, 3, 1, 2)
        return torch.sigmoid(full_precision(self.draw(filled.contiguous(memory_format=torch.channels_last))))
