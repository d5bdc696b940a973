"""Where to stop on a path: places t whose pictures are equally far apart.

Equal *chords*: what an experiment shows are the pictures themselves, so it is the distance from each to the next that
must be equal, not the length of the curve between them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaia_stim.metrics.distance import Pixels, pixel_distance, variation
from gaia_stim.space.paths import Places

Render = Callable[[Places], Pixels]
"""From places to the pictures that will be written."""

ROUNDS = 30
EVEN_ENOUGH = 0.005
"""Coefficient of variation at which there is nothing left to gain: pixels are whole numbers."""


@dataclass(frozen=True, eq=False)
class Spaced:
    """Places on a path, and how even the steps between their pictures are: before, and as placed."""

    places: Places
    variation_before: float
    variation: float

    def record(self, name: str) -> dict[str, str | float]:
        """What provenance tells of it."""
        return {
            "name": name,
            "metric": "RMS difference of sRGB pixels",
            "steps_cv_before": self.variation_before,
            "steps_cv": self.variation,
        }


def equal_codes(render: Render, steps: int) -> Spaced:
    """Equal steps of t: on a line, of latent distance."""
    places = np.linspace(0, 1, steps)
    uneven = variation(_chords(render(places)))
    return Spaced(places, uneven, uneven)


def equal_pixels(render: Render, steps: int) -> Spaced:
    """Equal RMS differences of the pixels, neighbour to neighbour; the ends stay where they are.

    Each round moves the places to where equal shares of the summed chords lie on the broken line through them, and the
    best round is kept.
    """
    places = np.linspace(0, 1, steps)
    chords = _chords(render(places))
    before = variation(chords)
    best = Spaced(places, before, before)
    for _ in range(ROUNDS):
        if best.variation < EVEN_ENOUGH or not chords.any():
            break
        travelled = np.concatenate([[0.0], np.cumsum(chords)])
        places = np.interp(np.linspace(0, travelled[-1], steps), travelled, places)
        places[0], places[-1] = 0.0, 1.0
        chords = _chords(render(places))
        if (uneven := variation(chords)) < best.variation:
            best = Spaced(places, before, uneven)
    return best


def _chords(pictures: Pixels) -> npt.NDArray[np.float64]:
    return pixel_distance(pictures[:-1], pictures[1:])
