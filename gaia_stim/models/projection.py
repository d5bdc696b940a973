"""Finding the code of an image by gradient descent on what it decodes to: for models without an encoder, and to refine
the codes of those with one.

Every image is a problem of its own: the errors are summed, not averaged, Adam's state is one number for each
coordinate, nothing is stopped early, and the images go through the network in tiles of one fixed size. So a code does
not depend on what was projected beside it.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from gaia_stim.models.base import Codes, Images

TILE = 8
"""Images that are decoded together, always: the arithmetic depends on their number in its last bit, and hundreds of
steps make that bit visible."""
Decode = Callable[[Codes], Images]
Cost = Callable[[Images, Images], Float[Tensor, "batch"]]
BETAS = (0.9, 0.999)
EPSILON = 1e-8


def absolute_errors(x: Images, decoded: Images) -> Float[Tensor, "batch"]:
    """Each image's mean absolute error."""
    return (x - decoded).abs().flatten(1).mean(dim=1)


def project(
    decode: Decode, images: Images, start: Codes, steps: int, *, rate: float, errors: Cost = absolute_errors
) -> Codes:
    """Codes near `start` whose decoded images are near `images`: `steps` steps of Adam, the rate falling to 0.

    Of all codes on the way each image keeps its best, `start` included, so a projection never makes a code worse.
    Deterministic; works wherever it is called from, inference mode and no_grad included, and leaves no gradients.
    """
    # Tensors made in inference mode cannot take part in a graph; copies made outside of it can.
    with torch.inference_mode(False), torch.enable_grad():
        found = [
            _project_tile(decode, _padded(x), _padded(z), steps, rate, errors)[: len(x)]
            for x, z in zip(torch.split(images, TILE), torch.split(start, TILE), strict=True)
        ]
        return torch.cat(found)


def _padded(tile: Tensor) -> Tensor:
    """A copy with `TILE` rows, the last one repeated."""
    return torch.cat([tile.detach(), tile.detach()[-1:].expand(TILE - len(tile), *tile.shape[1:])])


def _project_tile(decode: Decode, images: Images, start: Codes, steps: int, rate: float, errors: Cost) -> Codes:
    codes = start.requires_grad_()
    adam = torch.optim.Adam([codes], lr=rate, betas=BETAS, eps=EPSILON)
    best, least = codes.detach().clone(), torch.full((TILE,), torch.inf, device=codes.device)
    for step in range(steps + 1):
        error = errors(images, decode(codes))
        better = error.detach() < least
        least = torch.where(better, error.detach(), least)
        best = torch.where(better[:, None], codes.detach(), best)
        if step < steps:
            adam.param_groups[0]["lr"] = rate * (1 - step / steps)
            (codes.grad,) = torch.autograd.grad(error.sum(), codes)
            adam.step()
    return best
