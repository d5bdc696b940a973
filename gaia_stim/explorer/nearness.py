"""How near a code is to those of images that are known: the photographs that are open, and what the model learned from.

A code far from all images is a picture that the model has to make up.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

from gaia_stim.errors import DataError, GaiaStimError
from gaia_stim.space.images import codes_of, images_of
from gaia_stim.space.paths import Code, Codes
from gaia_stim.space.sampling import Support, choose_parents
from gaia_stim.space.space import Space

MOST_LEARNED = 5000
"""Images of a training that are encoded for it; of more, only the photographs that are open are known."""
SHOWN = 3
PAIRS, MOST_MIDPOINTS = 300, 95
"""Midpoints of so many pairs of images are how far from all images what is shown may well be, up to this percentile:
codes are many numbers, and half-way between two images one is far from each of them."""
LEARNED, OPEN = "images of the training", "photographs here"


@dataclass(frozen=True, eq=False)
class Nearness:
    """Photographs by their codes, and how near the images are to each other that support is told by."""

    names: list[str]
    neighbours: NearestNeighbors
    support: Support
    far: float
    """Support from which on a code is farther from all images than midpoints between two of them are."""
    of: str
    """Whose support it is."""

    @classmethod
    def among(cls, space: Space, names: list[str], codes: Codes) -> "Nearness | None":
        """With the codes of photographs. None where nothing can be told: too few images, or all the same."""
        try:
            learned = _learned(space)
            real = codes if learned is None else learned
            support = Support.of(real)
        except DataError:
            return None
        parents, _ = choose_parents(len(real), PAIRS, 2, seed=0)
        far = float(np.percentile(support(real[parents].mean(axis=1)), MOST_MIDPOINTS))
        return cls(names, NearestNeighbors().fit(codes), support, far, OPEN if learned is None else LEARNED)

    def told(self, code: Code) -> dict[str, object]:
        """The nearest photographs, and the distance to the nearest image: 1 is as far as these are from each other."""
        count = min(SHOWN, len(self.names))
        away, places = self.neighbours.kneighbors(code[None], count)
        nearest = [
            {"name": self.names[place], "distance": round(float(one / self.support.unit), 2)}
            for one, place in zip(away[0], places[0], strict=True)
        ]
        support = float(self.support(code[None])[0])
        return {"nearest": nearest, "support": round(support, 2), "is_far": support > self.far, "support_of": self.of}


def _learned(space: Space) -> Codes | None:
    """The codes of what the model learned from, where that is here."""
    if space.config.dataset.training_images > MOST_LEARNED:
        return None
    try:
        images = images_of(space, None)
    except GaiaStimError:
        return None
    found = codes_of(space, images)[images.rows("train")]
    return np.asarray(found) if len(found) > 1 else None
