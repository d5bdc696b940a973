"""Whether the faces in a folder lie in one place, before a model has to learn where they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaia_stim.alignment.eyes import find_face
from gaia_stim.images import Frame, Pixels

LOOKED_AT = 16
"""Images of a folder."""
FACES = 0.8
"""Share of them with a face from which it is a folder of faces."""
APART = 0.02
"""Shares of a side: eyes that lie farther from their mean places, root mean square, are not in one place."""


@dataclass(frozen=True)
class Scatter:
    """How far the eyes of faces lie from their mean places, root mean square, in shares of a side."""

    apart: float
    faces: int

    @property
    def is_large(self) -> bool:
        return self.apart > APART


def scatter(images: Sequence[Pixels], fit: Literal["crop", "pad"]) -> Scatter | None:
    """That of the squares that a model would be shown of these images; None where they are no faces."""
    found = [(image, face) for image in images if (face := find_face(image)) is not None]
    if len(found) < max(2, FACES * len(images)):
        return None
    places = [(Frame.of(image.shape[0], image.shape[1], fit).model(face.eyes) + 1) / 2 for image, face in found]
    off = np.stack(places) - np.mean(places, axis=0)
    return Scatter(float(np.sqrt(np.square(off).sum(axis=-1).mean())), len(found))
