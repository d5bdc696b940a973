"""Between two pictures of a path, from these two alone: both are moved to where they meet, and blended.

With φ the map of a code from the picture to the frame that all pictures have in common, what lies at p half-way
between a and b lies at φ_a⁻¹(φ_m(p)) in a and at φ_b⁻¹(φ_m(p)) in b, m the code half-way: moves u_a and u_b. At share s
of the way, which is short, a has gone 2s of its move and b 2(1 − s) of its own:

    out(p) = (1 − s)·A(p + 2s·u_a(p)) + s·B(p + 2(1 − s)·u_b(p))

That is what a page's shader draws (`export/jspsych/assets/slider.js`), with cubic convolution, without a network.
"""

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float16
from torch.nn import functional

from gaia_stim.images import Pixels, to_bytes, to_float
from gaia_stim.networks import fields
from gaia_stim.networks.base import Shaped
from gaia_stim.space.carrying import Residual, ShapeMap
from gaia_stim.space.paths import Code

GRID = 64
"""Nodes of a side at which moves are kept; between them they are linear."""
Moves = Float16[npt.NDArray[np.float16], "grid grid 4"]
"""At each node, in half sides: x and y of u_a, then of u_b. In half precision: 0.002 pixels of 4."""


def moves_between(decoder: object, codes: tuple[Code, Code, Code], residuals: tuple[Residual | None, ...]) -> Moves:
    """From codes and residual velocities of a, of half-way, and of b. None of a model without a shape."""
    if not isinstance(decoder, Shaped):
        return np.zeros((GRID, GRID, 4), np.float16)
    with torch.inference_mode():
        a, middle, b = (ShapeMap.of(decoder, code, own) for code, own in zip(codes, residuals, strict=True))
        found = torch.cat([fields.compose(one.back(), middle.there) for one in (a, b)], dim=1)
        small = functional.interpolate(found, size=(GRID, GRID), mode="bilinear", align_corners=False)
        kept: Moves = np.ascontiguousarray(small[0].permute(1, 2, 0).numpy().astype(np.float16))
    return kept


def inbetween(a: Pixels, b: Pixels, moves: Moves, share: float) -> Pixels:
    """The picture at `share` of the way from `a` to `b`: uint8, as they are."""
    with torch.inference_mode():
        whole = torch.from_numpy(moves.astype(np.float32)).permute(2, 0, 1)[None]
        gone = ((whole[:, :2], 2 * share), (whole[:, 2:], 2 * (1 - share)))
        seen = [
            _seen(torch.from_numpy(to_float(one[None])), field * far)
            for one, (field, far) in zip((a, b), gone, strict=True)
        ]
        blended = (1 - share) * seen[0] + share * seen[1]
    picture: Pixels = to_bytes(blended.numpy())[0]
    return picture


def _seen(picture: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    height, width = picture.shape[2:]
    fine = functional.interpolate(field, size=(height, width), mode="bilinear", align_corners=False)
    places = (fields.identity(height, width, fine) + fine).permute(0, 2, 3, 1)
    return functional.grid_sample(picture, places, mode="bicubic", padding_mode="border", align_corners=False)
