"""One picture at a time between two images: for an experiment that asks for the next stimulus now."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gaia_stim.images import Pixels
from gaia_stim.space.paths import Code, Line
from gaia_stim.space.photographs import Weights


@dataclass(frozen=True, eq=False)
class Between:
    """The line from one image (alpha 0) to another (alpha 1), made by `Space.line`; beyond is extrapolation.

    >>> line = Space.load().line("a.png", "b.png")      # doctest: +SKIP
    >>> line.at(0.35)                                   # doctest: +SKIP
    """

    path: Line
    show: Callable[[Code, Weights], Pixels]
    """From a code, and how much of each photograph is in it, to its picture."""

    def at(self, alpha: float) -> Pixels:
        """The stimulus there, as a set of the morph has it: uint8 (side, side, channels)."""
        [code] = self.path(np.array([alpha]))
        return self.show(code, np.array([1 - alpha, alpha]))
