"""Ours, for 32 to 128 pixels on a laptop: plain convolutions, one norm after each, little work at full resolution.

The encoder folds each 2x2 block of pixels into channels before its first convolution (Shi et al. 2016): at full
resolution that layer would cost as much as all the others. The decoder does end at full resolution, with few channels:
unfolding there leaves a checkerboard that the adversary drives up (docs/training.md). GroupNorm with one group after
every convolution is what makes GAIA train at all on images with a flat white ground, and it keeps the channels-last
memory that makes the convolutions fast.
"""

from collections.abc import Iterator
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.networks.base import Family, full_precision

FOLD = 2
WIDEST = 4
"""The widest layer has this many times the first layer's channels."""
COARSEST = 4
"""Halving stops at this many pixels of a side."""


class Light(Family):
    """`size` / 2 pixels of `width` channels, halved down to about 4x4, then one linear layer to the code."""

    def encoder(self, outputs: int) -> nn.Module:
        return Encoder(self.size, self.channels, self.width, outputs)

    def decoder(self) -> nn.Module:
        return Decoder(self.size, self.channels, self.width, self.latent)

    def discriminator(self) -> nn.Module:
        return nn.Sequential(self.critic(), Decoder(self.size, self.channels, self.width // 2, self.latent))

    def critic(self) -> nn.Module:
        return Encoder(self.size, self.channels, self.width // 2, self.latent)


def _resolutions(size: int) -> list[int]:
    """The sides of the feature maps, finest first."""
    sides = [size // FOLD]
    while sides[-1] > COARSEST and sides[-1] % 2 == 0:
        sides.append(sides[-1] // 2)
    return sides


def _widths(size: int, width: int) -> list[int]:
    """The channels of the feature maps, finest first."""
    return [width * min(2**level, WIDEST) for level in range(len(_resolutions(size)))]


def _convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> Iterator[nn.Module]:
    yield nn.Conv2d(inputs, outputs, kernel, stride, padding=1)
    yield nn.GroupNorm(1, outputs)
    yield nn.SiLU()


class Encoder(nn.Sequential):
    """Images to `(batch, outputs)`."""

    def __init__(self, size: int, channels: int, width: int, outputs: int) -> None:
        widths, coarsest = _widths(size, width), _resolutions(size)[-1]
        layers: list[nn.Module] = [nn.PixelUnshuffle(FOLD), *_convolution(channels * FOLD**2, widths[0])]
        for finer, coarser in pairwise(widths):
            layers += _convolution(finer, coarser, kernel=4, stride=2)
        super().__init__(*layers, nn.Flatten(), nn.Linear(widths[-1] * coarsest**2, outputs))


class Decoder(nn.Module):
    """Codes to images in (0, 1)."""

    def __init__(self, size: int, channels: int, width: int, latent: int) -> None:
        super().__init__()
        widths, coarsest = _widths(size, width)[::-1], _resolutions(size)[-1]
        self.coarsest = (widths[0], coarsest, coarsest)
        self.spread = nn.Linear(latent, widths[0] * coarsest**2)
        layers: list[nn.Module] = [nn.GroupNorm(1, widths[0]), nn.SiLU()]
        for coarser, finer in pairwise([*widths, width // FOLD]):
            layers += [nn.Upsample(scale_factor=2), *_convolution(coarser, finer)]
        self.draw = nn.Sequential(*layers, nn.Conv2d(width // FOLD, channels, 3, padding=1))

    def forward(self, code: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch channels size size"]:
        coarsest = self.spread(code).unflatten(1, self.coarsest)
        return torch.sigmoid(full_precision(self.draw(coarsest)))
