"""Whether the faces in a folder lie in one place, before a model has to learn where they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from gaia_stim.alignment.eyes import find_face
from gaia_stim.images import Frame, Pixels, Positions

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
    places = _eyes(images, fit)
    if places is None:
        return None
    off = places - places.mean(axis=0)
    return Scatter(float(np.sqrt(np.square(off).sum(axis=-1).mean())), len(places))


def eyes_in(images: Sequence[Pixels]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Where the eyes of aligned images lie, in shares of a side: the medians; None where they are no faces."""
    places = _eyes(images, "crop")
    if places is None:
        return None
    (left, right) = np.median(places, axis=0).round(5).tolist()
    return (left[0], left[1]), (right[0], right[1])


def _eyes(images: Sequence[Pixels], fit: Literal["crop", "pad"]) -> npt.NDArray[np.float64] | None:
    """(faces, 2, 2), in shares of a side of their squares."""
    needed = max(2, math.ceil(FACES * len(images)))
    places: list[Positions] = []
    for looked, image in enumerate(images):
        # A picture without a face takes longest: of a folder without any only a few are looked at.
        if len(places) + len(images) - looked < needed:
            return None
        if (face := find_face(image)) is not None:
            places.append((Frame.of(image.shape[0], image.shape[1], fit).model(face.eyes) + 1) / 2)
    return np.stack(places) if len(places) >= needed else None
