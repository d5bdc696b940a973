"""Carrying what is seen in one image to where it is in another, by the shapes that the model knows.

The shape of a code is a map φ from the picture to the frame that all pictures have in common. What lies at p in an
image A lies at φ_B⁻¹(φ_A(p)) in an image B.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Float32

from gaia_stim.errors import ConfigError
from gaia_stim.images import Frame
from gaia_stim.networks import fields
from gaia_stim.networks.base import Shaped
from gaia_stim.space.paths import Code, Codes

FIELD = 128
"""Pixels of a side at which maps are made: those of 512 are the same to 0.2 pixels of 512 in the mean."""
Points = Float[npt.NDArray[np.float64], "points 2"]
Residual = Float32[npt.NDArray[np.float32], "2 nodes nodes"]
"""A photograph's own velocity beside that of its code, as weights of cubic B-splines (`space.placing`)."""
Residuals = Float32[npt.NDArray[np.float32], "sources 2 nodes nodes"]


@dataclass(frozen=True, eq=False)
class ShapeMap:
    """The map of a code from the picture to the frame that all pictures have in common."""

    there: fields.Field
    velocity: fields.Field

    @classmethod
    def of(cls, decoder: Shaped, code: Code, residual: Residual | None = None) -> "ShapeMap":
        """That of one code, with a residual velocity added: what is carried does not depend on what else is."""
        nodes = decoder.velocity(torch.from_numpy(np.asarray(code, np.float32)[None]))
        velocity = fields.from_nodes(nodes, FIELD, FIELD)
        if residual is not None:
            velocity = velocity + fields.from_nodes(torch.from_numpy(residual[None]), FIELD, FIELD)
        return cls(fields.exponential(velocity), velocity)

    def back(self) -> fields.Field:
        """The map that undoes it."""
        return fields.inverse(self.there, fields.exponential(-self.velocity))

    def folds(self) -> int:
        """The spots, of `FIELD` × `FIELD`, at which it folds."""
        return int((fields.stretch(self.there) <= 0).sum())


class Carrier:
    """The maps of some codes, each made and undone once; with residual velocities where there are some."""

    def __init__(self, decoder: object, codes: Codes, residuals: Residuals | None = None) -> None:
        if not isinstance(decoder, Shaped):
            raise ConfigError("this model has no shape to carry points by; train one with --network deform")
        with torch.inference_mode():
            own = [None] * len(codes) if residuals is None else list(residuals)
            self._maps = [ShapeMap.of(decoder, code, one) for code, one in zip(codes, own, strict=True)]
            self._back = [one.back() for one in self._maps]

    def carry(self, points: Points, a: int, b: int) -> Points:
        """Where points of code `a` lie in code `b`; (n, 2) in half sides of the picture, x right and y down."""
        with torch.inference_mode():
            held = torch.from_numpy(np.asarray(points, np.float32)[None])
            moved = fields.moved(fields.moved(held, self._maps[a].there), self._back[b])
        found: Points = moved[0].numpy().astype(np.float64)
        return found

    def folds(self) -> list[int]:
        """Of each map the spots, of `FIELD` × `FIELD`, at which it folds."""
        return [one.folds() for one in self._maps]


def carried(decoder: object, codes: Codes, points: Points, frames: tuple[Frame, Frame]) -> Points:
    """Points (n, 2), in pixels of the first of two images, in pixels of the second; their codes and frames given."""
    return frames[1].pixels(Carrier(decoder, codes).carry(frames[0].model(points), 0, 1))
