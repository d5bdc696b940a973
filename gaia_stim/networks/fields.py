"""Fields of displacements: smooth maps of the picture plane into itself, made from velocities.

A velocity v is followed for one unit of time; where its points end is exp(v) (Arsigny, Commowick, Pennec & Ayache
2006). As long as v is smooth, such a map is smooth, folds nothing and can be undone, and half-way between two of them
is the map of the mean of their velocities.

Positions are those of pixel centres, (x, y), x to the right and y down, in units of half a side: the picture is the
square [-1, 1]². A field `(batch, 2, height, width)` holds for each pixel p the displacement u(p); it stands for the map
p ↦ p + u(p), and outside the picture it goes on as it is at the border. Velocities are kept as the weights of cubic
B-splines on a coarse grid (Rueckert et al. 1999), so that they can be had at any resolution; displacements made at
several are the same map but for rounding (docs/shape.md).
"""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Field = Float[Tensor, "batch 2 height width"]
Nodes = Float[Tensor, "batch 2 rows columns"]
Points = Float[Tensor, "batch points 2"]
Pictures = Float[Tensor, "batch channels height width"]

WALL = 0.25
"""Half sides from the border within which a velocity is kept from crossing it."""
SQUARINGS = 5
"""exp(v) is (id + v/32) applied 32 times, by five squarings."""
INVERSIONS = 50
"""Rounds of the search for an inverse, which settles in four to twenty where the map does not fold."""
LEAST_STRETCH = 0.05
"""Determinants below are taken for this in that search, which would leap where a map nearly folds."""
UNDONE = 1e-5
"""How far from the identity, in half sides, an inverse may leave any pixel: a thousandth of a pixel of 200."""


def centres(size: int, like: Tensor) -> Float[Tensor, "size"]:
    """Positions of the pixel centres along a side of `size` pixels."""
    return (torch.arange(size, dtype=like.dtype, device=like.device) * 2 + 1) / size - 1


def identity(height: int, width: int, like: Tensor) -> Float[Tensor, "1 2 height width"]:
    """The positions of all pixels; not to be written into."""
    return _identity(height, width, like.dtype, like.device)


@lru_cache(maxsize=32)
def _identity(height: int, width: int, kind: torch.dtype, device: torch.device) -> Float[Tensor, "1 2 height width"]:
    # Kept for whoever comes next, who may want gradients.
    with torch.inference_mode(False):
        like = torch.empty(0, dtype=kind, device=device)
        y, x = torch.meshgrid(centres(height, like), centres(width, like), indexing="ij")
        return torch.stack([x, y])[None]


def from_nodes(nodes: Nodes, height: int, width: int) -> Field:
    """The velocity whose cubic B-splines have these weights, at the pixel centres of a picture of that size.

    Near a border the part of it that would cross the border fades to nothing, so that a flow takes the picture onto
    itself: nothing has to be made up from beyond its edges, which would show as streaks.
    """
    down, across = _splines(nodes.shape[2], height).to(nodes), _splines(nodes.shape[3], width).to(nodes)
    x, y = (down @ nodes @ across.T).unbind(1)
    return torch.stack([x * _wall(width, nodes), y * _wall(height, nodes)[:, None]], dim=1)


def weights_at(points: Float[Tensor, "points 2"], nodes: int, size: int) -> tuple[Tensor, Tensor]:
    """How much the velocity's x, and its y, takes of `nodes` × `nodes` weights at points: (points, nodes²) each.

    The velocity is that of `from_nodes` at `size` × `size` pixels, seen between them as `moved` sees a field.
    """
    splines = _splines(nodes, size).to(points)
    walled = splines * _wall(size, points)[:, None]

    def along(table: Tensor, at: Float[Tensor, "points"]) -> Float[Tensor, "points nodes"]:
        place = ((at + 1) * (size / 2) - 0.5).clamp(0, size - 1)
        first = place.floor().long().clamp_max(size - 2)
        share = (place - first)[:, None]
        return (1 - share) * table[first] + share * table[first + 1]

    def both(across: Tensor, down: Tensor) -> Tensor:
        return (along(down, points[:, 1])[:, :, None] * along(across, points[:, 0])[:, None]).flatten(1)

    return both(walled, splines), both(splines, walled)


def _wall(size: int, like: Tensor) -> Float[Tensor, "size"]:
    """1, falling smoothly to 0 at both ends of a side."""
    inside = ((1 - centres(size, like).abs()) / WALL).clamp_max(1)
    faded: Tensor = inside**2 * (3 - 2 * inside)
    return faded


@lru_cache(maxsize=32)
def _splines(nodes: int, size: int) -> Float[Tensor, "size nodes"]:
    """How much each pixel takes of each node; the nodes lie at the centres of a picture of so many pixels.

    Beyond the border a node counts as the one at the border, so that equal nodes make a constant field.
    """
    # Kept for whoever comes next, who may want gradients.
    with torch.inference_mode(False):
        places = (torch.arange(size, dtype=torch.float64) + 0.5) * nodes / size - 0.5
        first = places.floor()
        t = (places - first)[:, None]
        # The uniform cubic B-spline's four weights of nodes first - 1 to first + 2.
        weights = torch.cat([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 1 + 3 * t + 3 * t**2 - 3 * t**3, t**3], 1) / 6
        columns = (first[:, None].long() + torch.arange(-1, 3)).clamp(0, nodes - 1)
        return torch.zeros(size, nodes, dtype=torch.float64).scatter_add_(1, columns, weights)


def sample(values: Pictures, field: Field) -> Pictures:
    """values(p + u(p)): pictures, or fields, seen through a map. Bilinear; beyond the border as at the border.

    Where a displacement is no number, what is seen is none either.
    """
    height, width = field.shape[2:]
    places = (identity(height, width, field) + field).permute(0, 2, 3, 1)
    # Of places that are no numbers grid_sample makes addresses outside of memory.
    seen: Tensor = functional.grid_sample(
        values, places.nan_to_num(0, 0, 0), padding_mode="border", align_corners=False
    )
    return seen + (0 * places).sum(dim=3)[:, None]


def compose(outer: Field, inner: Field) -> Field:
    """The field of p ↦ outer(inner(p)), which has the size of `inner`."""
    both: Tensor = inner + sample(outer, inner)
    return both


def exponential(velocity: Field) -> Field:
    """exp(v), the map that follows v for one unit of time, by scaling and squaring: u ← u∘(id + u) + u."""
    field: Tensor = velocity / 2**SQUARINGS
    for _ in range(SQUARINGS):
        field = compose(field, field)
    return field


def inverse(field: Field, start: Field | None = None) -> Field:
    """The field that undoes this one at every pixel, to `UNDONE` where the map does not fold.

    The zero w of w + u∘(id + w), by a damped Newton's method from `start`: exp(−v) is one, off by some pixels.
    """
    height, width = field.shape[2:]
    slopes = torch.cat([_slope(field, 3) * (width / 2), _slope(field, 2) * (height / 2)], dim=1)
    undone = -field if start is None else start
    off = undone + sample(field, undone)
    damping = torch.ones_like(field[:, :1])
    for _ in range(INVERSIONS):
        if float(off.detach().abs().max()) < UNDONE:
            break
        x_by_x, y_by_x, x_by_y, y_by_y = sample(slopes, undone).unbind(1)
        determinant = ((1 + x_by_x) * (1 + y_by_y) - x_by_y * y_by_x).clamp_min(LEAST_STRETCH)
        x, y = off.unbind(1)
        step = torch.stack([(1 + y_by_y) * x - x_by_y * y, (1 + x_by_x) * y - y_by_x * x], dim=1) / determinant[:, None]
        tried = undone - damping * step
        off_then = tried + sample(field, tried)
        is_nearer = off_then.norm(dim=1, keepdim=True) < off.norm(dim=1, keepdim=True)
        undone, off = torch.where(is_nearer, tried, undone), torch.where(is_nearer, off_then, off)
        damping = torch.where(is_nearer, (2 * damping).clamp_max(1), damping / 2)
    return undone


def _slope(field: Field, axis: int) -> Field:
    """Central differences a pixel along an axis; at the border, beyond which all stays as it is, half of them."""
    before, after = field.narrow(axis, 0, 1), field.narrow(axis, field.shape[axis] - 1, 1)
    wide = torch.cat([before, field, after], dim=axis)
    count = field.shape[axis]
    return (wide.narrow(axis, 2, count) - wide.narrow(axis, 0, count)) / 2


def resized(field: Field, height: int, width: int) -> Field:
    """The same map at the pixel centres of another size."""
    if field.shape[2:] == (height, width):
        return field
    return functional.interpolate(field, size=(height, width), mode="bilinear", align_corners=False)


def moved(points: Points, field: Field) -> Points:
    """Where the map takes points that lie between pixels."""
    at = functional.grid_sample(field, points.nan_to_num()[:, :, None], padding_mode="border", align_corners=False)
    return points + at[..., 0].transpose(1, 2)


def stretch(field: Field) -> Float[Tensor, "batch rows columns"]:
    """det ∇(id + u) between neighbouring pixels: how much larger the map makes a spot; 0 and less where it folds."""
    height, width = field.shape[2:]
    places = identity(height, width, field) + field
    x_by_x, y_by_x = ((places[:, :, :-1, 1:] - places[:, :, :-1, :-1]) * (width / 2)).unbind(1)
    x_by_y, y_by_y = ((places[:, :, 1:, :-1] - places[:, :, :-1, :-1]) * (height / 2)).unbind(1)
    return x_by_x * y_by_y - x_by_y * y_by_x
