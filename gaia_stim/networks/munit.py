"""The paper's networks (Sainburg et al. 2018, §2.3, after MUNIT, Huang et al. 2018): a content path and a style path.

Where paper and authors' code differ, the authors' code is followed: no norm on the stem and the down-sampling
convolutions, one pair of AdaIN scale and shift shared by all residual blocks, reflection padding throughout.
The code is [style, content], each half of `latent`.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.networks.base import Family, full_precision

BLOCKS = 4
"""Residual blocks on each side."""
STYLE_HALVINGS = 2
"""How often the style path halves its map beyond the content path's two."""


class Munit(Family):
    """The generator has `width` filters in its first layer (64 in the paper), the discriminator half as many."""

    channels_last = False

    def encoder(self, outputs: int) -> nn.Module:
        return Encoder(self.size, self.channels, self.width, outputs)

    def decoder(self) -> nn.Module:
        return Decoder(self.size, self.channels, self.width, self.latent)

    def discriminator(self) -> nn.Module:
        return Discriminator(self.channels, self.width // 2, self.latent // 2)

    def critic(self) -> nn.Module:
        return StyleEncoder(self.channels, self.width // 2, self.latent)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    # (kernel - stride) / 2 keeps the side for odd kernels and halves it for 4x4 with stride 2.
    padding = (kernel - stride + 1) // 2
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, padding_mode="reflect")


def _stem(channels: int, width: int) -> list[nn.Module]:
    """7x7, then two halvings: `width` to 4 `width` channels at a quarter of the side."""
    layers: list[nn.Module] = [_convolution(channels, width, 7), nn.ReLU()]
    for filters in (width, 2 * width):
        layers += [_convolution(filters, 2 * filters, 4, 2), nn.ReLU()]
    return layers


class Residual(nn.Module):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.first, self.second = _convolution(filters, filters, 3), _convolution(filters, filters, 3)
        self.norms = nn.ModuleList([nn.InstanceNorm2d(filters, affine=False) for _ in range(2)])

    def forward(
        self, x: Float[Tensor, "batch filters h w"], scale: Tensor | None = None, shift: Tensor | None = None
    ) -> Float[Tensor, "batch filters h w"]:
        y = torch.relu(_affine(self.norms[0](self.first(x)), scale, shift))
        return x + _affine(self.norms[1](self.second(y)), scale, shift)


def _affine(x: Tensor, scale: Tensor | None, shift: Tensor | None) -> Tensor:
    """Adaptive instance normalisation's second half (Huang & Belongie 2017, Eq. 8); nothing without a style.

    The scale is counted from 1, so that an untrained style changes little.
    """
    if scale is None or shift is None:
        return x
    return x * (1 + scale[:, :, None, None]) + shift[:, :, None, None]


class ContentEncoder(nn.Sequential):
    """Images to a map of 4 `width` channels at a quarter of the side."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(*_stem(channels, width), *(Residual(4 * width) for _ in range(BLOCKS)))


class StyleEncoder(nn.Sequential):
    """Images to `(batch, outputs)` with all positions averaged away."""

    def __init__(self, channels: int, width: int, outputs: int) -> None:
        layers = _stem(channels, width)
        for _ in range(STYLE_HALVINGS):
            layers += [_convolution(4 * width, 4 * width, 4, 2), nn.ReLU()]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Conv2d(4 * width, outputs, 1), nn.Flatten())


class Painter(nn.Module):
    """A content map and a style code to an image in (0, 1)."""

    def __init__(self, channels: int, width: int, style: int) -> None:
        super().__init__()
        filters = 4 * width
        self.dress = nn.Sequential(
            nn.Linear(style, filters),
            nn.ReLU(),
            nn.Linear(filters, filters),
            nn.ReLU(),
            nn.Linear(filters, 2 * filters),
        )
        self.blocks = nn.ModuleList([Residual(filters) for _ in range(BLOCKS)])
        layers: list[nn.Module] = []
        for coarser, finer in pairwise((4 * width, 2 * width, width)):
            layers += [
                nn.Upsample(scale_factor=2),
                _convolution(coarser, finer, 5),
                nn.GroupNorm(1, finer),
                nn.ReLU(),
            ]
        self.paint = nn.Sequential(*layers, _convolution(width, channels, 7))

    def forward(
        self, content: Float[Tensor, "batch filters h w"], style: Float[Tensor, "batch style"]
    ) -> Float[Tensor, "batch channels size size"]:
        scale, shift = self.dress(style).chunk(2, dim=1)
        for block in self.blocks:
            content = block(content, scale, shift)
        return torch.sigmoid(full_precision(self.paint(content)))


class Encoder(nn.Module):
    """Images to `(batch, outputs)`: style in the first half, content in the second."""

    def __init__(self, size: int, channels: int, width: int, outputs: int) -> None:
        super().__init__()
        self.style = StyleEncoder(channels, width, outputs // 2)
        self.content = nn.Sequential(
            ContentEncoder(channels, width),
            nn.Flatten(),
            nn.Linear(4 * width * (size // 4) ** 2, outputs - outputs // 2),
        )

    def forward(self, x: Float[Tensor, "batch channels size size"]) -> Float[Tensor, "batch outputs"]:
        return torch.cat([self.style(x), self.content(x)], dim=1)


class Decoder(nn.Module):
    """Codes [style, content] to images."""

    def __init__(self, size: int, channels: int, width: int, latent: int) -> None:
        super().__init__()
        self.style = latent // 2
        self.map = (4 * width, size // 4, size // 4)
        self.spread = nn.Linear(latent - self.style, 4 * width * (size // 4) ** 2)
        self.painter = Painter(channels, width, self.style)

    def forward(self, code: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch channels size size"]:
        style, content = code[:, : self.style], code[:, self.style :]
        image: Tensor = self.painter(self.spread(content).unflatten(1, self.map), style)
        return image


class Discriminator(nn.Module):
    """An autoencoder without a content bottleneck: its content code stays a map."""

    def __init__(self, channels: int, width: int, style: int) -> None:
        super().__init__()
        self.content = ContentEncoder(channels, width)
        self.style = StyleEncoder(channels, width, style)
        self.painter = Painter(channels, width, style)

    def forward(self, x: Float[Tensor, "batch channels size size"]) -> Float[Tensor, "batch channels size size"]:
        image: Tensor = self.painter(self.content(x), self.style(x))
        return image
