"""Networks that can be run backwards, and say by how much they stretch space: Glow (Kingma & Dhariwal 2018,
arXiv:1807.03039, §3), after NICE and RealNVP (Dinh et al. 2014, 2016).

A step of the flow is three maps, each with an inverse and a determinant that cost no more than itself (Table 1 there):

    ActNorm               y = s ⊙ (x + b)                       log|det| = h·w·Σ log|s|
    1 × 1 convolution     y = W x                               log|det| = h·w·log|det W|
    affine coupling       y = (x₁, e^c(x₁) ⊙ (x₂ + m(x₁)))      log|det| = Σ c(x₁)

At each level blocks of 2 × 2 pixels are folded into channels, `STEPS` steps are taken, and half of the channels become
part of the code, as Gaussian as the other half can make them (the prior of §3.6 there, as one more coupling); the other
half goes on. So a code has as many numbers as the image, the coarsest first.

What differs from Glow: `STEPS` of 32, and layers of hundreds of channels, are for GPUs; a coupling stretches by e^±2 at
most, so that decoding undoes encoding in float32; W is a matrix, not its LU factors (it has 192 channels at most here).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, pixel_shuffle, pixel_unshuffle

FOLD = 2
STEPS = 4
"""Steps of the flow at each level."""
COARSEST = 4
"""Folding stops at so many pixels of a side."""
STRETCH = 2.0
"""A coupling stretches no number by more than e to this power."""
STILL = 1e-4
"""What spreads less than this counts as that, where a first scale is chosen."""

Maps = Float[Tensor, "batch channels h w"]
LogDeterminants = Float[Tensor, "batch"]


class Turn(nn.Module):
    """ActNorm, then an invertible 1 × 1 convolution that begins as a random rotation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.turn = nn.Parameter(nn.init.orthogonal_(torch.empty(channels, channels)))

    @torch.no_grad()
    def standardise(self, x: Maps) -> None:
        """Begin such that each channel of `x` has mean 0 and spread 1 once it is scaled (§3.1)."""
        spread, mean = torch.std_mean(x, dim=(0, 2, 3))
        self.shift.copy_(-mean)
        self.log_scale.copy_(-spread.clamp_min(STILL).log())

    def matrix(self) -> Float[Tensor, "channels channels"]:
        """W diag(s)."""
        return self.turn * self.log_scale.exp()

    def forward(self, x: Maps) -> tuple[Maps, LogDeterminants]:
        y = conv2d(x + self.shift[:, None, None], self.matrix()[:, :, None, None])
        log_determinant = self.log_scale.sum() + torch.linalg.slogdet(self.turn).logabsdet
        return y, (x.shape[2] * x.shape[3] * log_determinant).expand(len(x))

    def inverse(self, y: Maps) -> Maps:
        """The x that this y is made of."""
        # In float64: the rounding of an inverse would be met again at every pixel.
        back = torch.linalg.inv(self.matrix().double()).to(y.dtype)
        if torch.onnx.is_in_onnx_export():
            # ONNX has no inverse of a matrix, and of weights that stay it is a constant.
            back = torch.from_numpy(back.detach().cpu().numpy())
        return conv2d(y, back[:, :, None, None]) - self.shift[:, None, None]


class Coupling(nn.Module):
    """Scales and shifts the second half of the channels by what it sees in the first."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        last = nn.Conv2d(width, channels, 3, padding=1)
        # It begins as the identity (§3.3).
        nn.init.zeros_(last.weight)
        assert last.bias is not None
        nn.init.zeros_(last.bias)
        self.see = nn.Sequential(
            nn.Conv2d(channels // 2, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 1), nn.SiLU(), last
        )

    def _seen(self, first: Maps) -> tuple[Maps, Maps]:
        log_scale, shift = self.see(first).chunk(2, dim=1)
        return STRETCH * torch.tanh(log_scale / STRETCH), shift

    def forward(self, x: Maps) -> tuple[Maps, LogDeterminants]:
        first, second = x.chunk(2, dim=1)
        log_scale, shift = self._seen(first)
        return torch.cat([first, (second + shift) * log_scale.exp()], dim=1), log_scale.sum(dim=(1, 2, 3))

    def inverse(self, y: Maps) -> Maps:
        """The x that this y is made of."""
        first, second = y.chunk(2, dim=1)
        log_scale, shift = self._seen(first)
        return torch.cat([first, second * (-log_scale).exp() - shift], dim=1)


def _layers(level: nn.Module) -> list[Turn | Coupling]:
    return [layer for layer in level.modules() if isinstance(layer, Turn | Coupling)]


class Glow(nn.Module):
    """Images, or any pictures of `size` pixels, to codes of as many numbers, and back."""

    def __init__(self, size: int, channels: int, width: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList()
        self.parts: list[tuple[int, int, int]] = []
        """The shapes of the code's parts, finest first."""
        while not self.levels or (size > COARSEST and size % FOLD == 0):
            size, channels = size // FOLD, channels * FOLD**2
            steps = [layer for _ in range(STEPS) for layer in (Turn(channels), Coupling(channels, width))]
            # The last coupling of a level is the prior of what leaves.
            self.levels.append(nn.ModuleList([*steps, Turn(channels), Coupling(channels, width)]))
            channels //= 2
            self.parts.append((channels, size, size))
        # Nothing goes on from the coarsest level: all of it is code.
        self.parts.append(self.parts[-1])

    def forward(self, x: Maps) -> tuple[Float[Tensor, "batch numbers"], LogDeterminants]:
        """Codes, and log|det| of the map to them at each picture."""
        stretched = x.new_zeros(len(x))
        leaving = []
        for level in self.levels:
            x = pixel_unshuffle(x, FOLD)
            for layer in _layers(level):
                x, log_determinant = layer(x)
                stretched = stretched + log_determinant
            x, left = x.chunk(2, dim=1)
            leaving.append(left.flatten(1))
        return torch.cat([x.flatten(1), *reversed(leaving)], dim=1), stretched

    def inverse(self, code: Float[Tensor, "batch numbers"]) -> Maps:
        """The pictures of codes."""
        shapes = self.parts[::-1]
        sizes = [channels * height * width for channels, height, width in shapes]
        parts = zip(torch.split(code, sizes, dim=1), shapes, strict=True)
        x, *returning = (part.reshape(-1, *shape) for part, shape in parts)
        for level, left in zip(reversed(self.levels), returning, strict=True):
            x = torch.cat([x, left], dim=1)
            for layer in reversed(_layers(level)):
                x = layer.inverse(x)
            x = pixel_shuffle(x, FOLD)
        return x

    def begin(self, x: Maps) -> None:
        """Choose every ActNorm's scale and shift by what these pictures are where they come to it."""
        hooks = [
            layer.register_forward_pre_hook(lambda turn, inputs: turn.standardise(*inputs))
            for layer in self.modules()
            if isinstance(layer, Turn)
        ]
        try:
            with torch.no_grad():
                self(x)
        finally:
            for hook in hooks:
                hook.remove()
