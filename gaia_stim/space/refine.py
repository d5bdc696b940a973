"""Fitting a code to its picture, so that the ends of a morph look like their sources.

An encoder answers at once and a little wrong, most of all for photographs unlike those it was trained on. From its
answer on, gradient descent finds a code whose picture is nearer. A code that is free to go anywhere finds corners of
the space where one picture looks right and nothing between it and another does; so the code is on a rein: its distance
from the encoder's answer costs, in units of that answer's own size.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d

from gaia_stim.models.base import Codes, Images
from gaia_stim.models.projection import absolute_errors, project

RATE = 0.1
"""Adam's first rate; in the numbers of a code, which are of the order of 1."""
REIN = 0.1
"""Cost of a code that is as far from the encoder's as that is from 0, where a picture's cost is in [0, 2]."""
WINDOW, SIGMA = 11, 1.5
FLOOR_MEAN, FLOOR_SPREAD = 0.01**2, 0.03**2
"""SSIM's window in pixels and its constants C1 and C2 for values in [0, 1] (Wang et al. 2004, §III.B)."""


def refine(decode: Callable[[Codes], Images], images: Images, start: Codes, steps: int) -> Codes:
    """Codes near `start` whose pictures are nearer to `images`, by L1 and 1 − SSIM: (n, latent).

    Deterministic, and the same for each image whatever is refined beside it. A code never becomes worse by these
    measures together.
    """
    latent = start.shape[1]

    def picture_and_code(codes: Codes) -> Float[Tensor, "batch all"]:
        return torch.cat([decode(codes).flatten(1), codes], dim=1)

    def cost(wanted: Float[Tensor, "batch all"], found: Float[Tensor, "batch all"]) -> Float[Tensor, "batch"]:
        x, y = (both[:, :-latent].reshape(-1, *images.shape[1:]) for both in (wanted, found))
        home, code = wanted[:, -latent:], found[:, -latent:]
        strayed = (code - home).square().mean(dim=1) / home.square().mean(dim=1).clamp_min(1e-12)
        return absolute_errors(x, y) + (1 - similarity(x, y)) + REIN * strayed

    # What the encoder said is a target like the picture, so both go in side by side.
    targets = torch.cat([images.flatten(1), start], dim=1)
    return project(picture_and_code, targets, start, steps, rate=RATE, errors=cost)


def similarity(x: Images, y: Images) -> Float[Tensor, "batch"]:
    """SSIM of images in [0, 1], the mean over channels and all windows that lie wholly inside (Wang et al. 2004)."""
    channels, size = x.shape[1], min(WINDOW, x.shape[-1])
    offset = torch.arange(size, dtype=x.dtype, device=x.device) - (size - 1) / 2
    bell = torch.exp(-(offset**2) / (2 * SIGMA**2))
    window = (bell[:, None] * bell / bell.sum() ** 2).expand(channels, 1, size, size).contiguous()

    def local(values: Images) -> Images:
        return conv2d(values, window, groups=channels)

    mean_x, mean_y = local(x), local(y)
    spread_x, spread_y = local(x * x) - mean_x**2, local(y * y) - mean_y**2
    shared = local(x * y) - mean_x * mean_y
    agreement = (2 * mean_x * mean_y + FLOOR_MEAN) * (2 * shared + FLOOR_SPREAD)
    most = (mean_x**2 + mean_y**2 + FLOOR_MEAN) * (spread_x + spread_y + FLOOR_SPREAD)
    return (agreement / most).flatten(1).mean(dim=1)
