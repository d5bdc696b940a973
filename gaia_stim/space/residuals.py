"""A residual velocity for each photograph, which takes its points where those of all photographs belong.

A model knows how the images of its set move, and places a particular nose only roughly. What is left of it is a
velocity of the photograph's own, r, finer than the model's, on top of the one of its code:

    φᵢ = exp(V(zᵢ) + rᵢ),        φ_z = exp(V(z) + Σ wᵢ rᵢ)

so that at a photograph's own code its map is the same from both sides, and no end jumps. Known are points of each
photograph, pᵢₖ, the same ones in all. In the frame that all images have in common each belongs in one place cₖ, the
mean of where the photographs' codes alone take it, or the residuals that they have already. r is the smoothest that
brings it there:

    least  mean over k of |φᵢ(pᵢₖ) − cₖ|² + ∫ GRADIENT · |∇r|² + BENDING · |∇²r|²

The first, a membrane, keeps r near nothing far from all points, the second, a thin plate, spreads a point's motion over
its surroundings (Bookstein 1989). The minimum is found by Gauss and Newton's method, where a change of r moves a point
by that change's mean along its way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from gaia_stim.networks import fields
from gaia_stim.networks.base import Shaped
from gaia_stim.space.carrying import FIELD, Points, Residual, Residuals, ShapeMap
from gaia_stim.space.paths import Code, Codes

NODES = 24
"""Weights of a residual along a side; a code's velocity has 16."""
GRADIENT, BENDING = 3e-4, 1e-5
"""Costs of a residual's first and second derivatives squared, beside the points' squared distances; in half sides."""
ROUNDS = 6
"""Of Gauss and Newton's method."""
STIFFER, STIFFENINGS = 4.0, 6
"""So many times smoother, so often at most, where a map would fold that the code's own does not."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placed:
    """The residual of a photograph, and what it gains."""

    residual: Residual
    points: Points
    """Those that it was fitted to."""
    before: float
    """Mean distance of its points from where they belong, in half sides of the picture, without."""
    after: float


def placed(decoder: Shaped, codes: Codes, points: Sequence[Points], start: Residuals | None = None) -> list[Placed]:
    """Of photographs with these codes, and the same points (n, 2) of each, in half sides: their residuals.

    With `start` the smoothest change of those residuals.
    """
    begun = np.zeros((len(codes), 2, NODES, NODES), np.float32) if start is None else start
    with torch.inference_mode():
        alone = [_carried(decoder, *one) for one in zip(codes, points, begun, strict=True)]
        belong = np.mean(alone, axis=0)
        return [_placed(decoder, *one, belong) for one in zip(codes, points, begun, strict=True)]


def _placed(decoder: Shaped, code: Code, points: Points, start: Residual, belong: Points) -> Placed:
    folded = ShapeMap.of(decoder, code, start).folds()
    before = _off(_carried(decoder, code, points, start), belong)
    for stiffening in range(STIFFENINGS):
        residual = _towards(decoder, code, points, start, belong, STIFFER**stiffening)
        after = _off(_carried(decoder, code, points, residual), belong)
        if after <= before and ShapeMap.of(decoder, code, residual).folds() <= folded:
            return Placed(residual, points, before, after)
    return Placed(start, points, before, before)


def _towards(
    decoder: Shaped, code: Code, points: Points, start: Residual, belong: Points, stiffness: float
) -> Residual:
    change = np.zeros((2, NODES**2))
    rough = stiffness * roughness(NODES)
    for _ in range(ROUNDS):
        now = _carried(decoder, code, points, start + _nodes(change))
        # Simpson's mean over a point's way, which is nearly straight.
        here, middle, there = (_bases(at) for at in (points, (points + now) / 2, now))
        for axis in (0, 1):
            base = (here[axis] + 4 * middle[axis] + there[axis]) / 6
            wanted = belong[:, axis] - now[:, axis] + base @ change[axis]
            normal = base.T @ base / len(points) + rough
            change[axis] = np.linalg.solve(normal, base.T @ wanted / len(points))
    residual: Residual = start + _nodes(change)
    return residual


def _nodes(residual: Matrix) -> Residual:
    return residual.reshape(2, NODES, NODES).astype(np.float32)


def _bases(points: Points) -> tuple[Matrix, Matrix]:
    across, down = fields.weights_at(torch.from_numpy(points), NODES, FIELD)
    return across.numpy(), down.numpy()


def _carried(decoder: Shaped, code: Code, points: Points, residual: Residual) -> Points:
    held = torch.from_numpy(points.astype(np.float32)[None])
    there = fields.moved(held, ShapeMap.of(decoder, code, residual).there)
    found: Points = there[0].numpy().astype(np.float64)
    return found


def _off(points: Points, belong: Points) -> float:
    return float(np.linalg.norm(points - belong, axis=1).mean())


@lru_cache(maxsize=4)
def roughness(nodes: int) -> Matrix:
    """What nodes² weights of one direction of a velocity cost, R of wᵀRw: (nodes², nodes²), means over the picture."""
    same, slope, bend = (np.diff(np.eye(nodes), n, axis=0) * (nodes / 2) ** n for n in range(3))
    none, first, second = (one.T @ one / nodes for one in (same, slope, bend))
    gradient = np.kron(first, none) + np.kron(none, first)
    bending = np.kron(second, none) + 2 * np.kron(first, first) + np.kron(none, second)
    rough: Matrix = GRADIENT * gradient + BENDING * bending
    return rough
