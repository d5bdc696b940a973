"""Ours, for 32 to 128 pixels on a laptop: plain convolutions, one norm after each, little work at full resolution.

The encoder folds each 2x2 block of pixels into channels before its first convolution (Shi et al. 2016): at full
resolution that layer would cost as much as all the others. The decoder does end at full resolution, with few channels:
unfolding there leaves a checkerboard that the adversary drives up (docs/training.md). GroupNorm with one group after
every convolution is what makes GAIA train at all on images with a flat white ground, and it keeps the channels-last
memory that makes the convolutions fast.

The decoder enlarges by repeating pixels and convolves what comes out: 36 multiplications a pixel that went in. With
pixels repeated that is a transposed convolution of 16, with sums of the same weights, and so it is computed.
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


def _normed(convolution: nn.Conv2d) -> Iterator[nn.Module]:
    yield convolution
    yield nn.GroupNorm(1, convolution.out_channels)
    yield nn.SiLU()


class EnlargingConvolution(nn.Conv2d):
    """A 3x3 convolution, zeros around, of an image in which every pixel was made 2x2: to twice the height and width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel_size=3, padding=1)
        self._kept: tuple[object, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        weights = self._summed() if self.weight.requires_grad else self._summed_once()
        return nn.functional.conv_transpose2d(x, weights, self.bias, stride=2, padding=1)

    def _summed(self) -> Tensor:
        """A pixel that went in meets each weight in 2x2 places: the 3x3 weights, added up as they overlap there."""
        summed = nn.functional.avg_pool2d(self.weight, 2, stride=1, padding=1, divisor_override=1)
        return summed.flip(2, 3).transpose(0, 1).contiguous(memory_format=torch.channels_last)

    def _summed_once(self) -> Tensor:
        """The same of weights that nobody trains, kept: a third of the time of decoding three pictures."""
        state = (self.weight.data_ptr(), self.weight._version)
        if self._kept is None or self._kept[0] != state:
            # A gradient may be taken through it later, to the codes.
            with torch.inference_mode(False), torch.no_grad():
                self._kept = (state, self._summed())
        return self._kept[1]


class Encoder(nn.Sequential):
    """Images to `(batch, outputs)`."""

    def __init__(self, size: int, channels: int, width: int, outputs: int) -> None:
        widths, coarsest = _widths(size, width), _resolutions(size)[-1]
        layers: list[nn.Module] = [
            nn.PixelUnshuffle(FOLD),
            *_normed(nn.Conv2d(channels * FOLD**2, widths[0], 3, padding=1)),
        ]
        for finer, coarser in pairwise(widths):
            layers += _normed(nn.Conv2d(finer, coarser, 4, stride=2, padding=1))
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
            layers += _normed(EnlargingConvolution(coarser, finer))
        self.draw = nn.Sequential(*layers, nn.Conv2d(width // FOLD, channels, 3, padding=1))

    def forward(self, code: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch channels size size"]:
        coarsest = self.spread(code).unflatten(1, self.coarsest).contiguous(memory_format=torch.channels_last)
        return torch.sigmoid(full_precision(self.draw(coarsest)))
