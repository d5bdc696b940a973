"""Ways through the latent space: t in [0, 1] goes to codes; beyond is extrapolation."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from jaxtyping import Float32, Float64

Codes = Float32[npt.NDArray[np.float32], "n latent"]
Places = Float64[npt.NDArray[np.float64], " n"]


class Path(Protocol):
    """A curve in the latent space."""

    def __call__(self, t: Places) -> Codes:
        """The codes at the places `t`, one row each."""


@dataclass(frozen=True, eq=False)
class Line:
    """The straight line from code `a` to code `b`, which it meets exactly at 0 and 1."""

    a: npt.NDArray[np.float32]
    b: npt.NDArray[np.float32]

    def __call__(self, t: Places) -> Codes:
        share = np.asarray(t, dtype=np.float32)[:, None]
        return (1 - share) * self.a + share * self.b
