"""Points of photographs, as people keep them, and the residual velocities that bring them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaia_stim.alignment import Turned
from gaia_stim.errors import DataError, in_brief
from gaia_stim.images import Frame, Positions
from gaia_stim.labels import read_landmarks
from gaia_stim.space.carrying import Points
from gaia_stim.space.residuals import Placed

LEAST = 3
"""Points that are needed: fewer say too little of how a photograph differs from the others."""
OFF_PICTURE = 0.5
"""Share of an image's points outside of its picture from which they are taken for those of another file."""


@dataclass(frozen=True)
class PointsGain:
    """How far the points of a photograph lie from where they belong, in % of the picture's side, without and with."""

    source_id: str
    off_before: float
    off_after: float

    @classmethod
    def of(cls, source_id: str, placed: Placed) -> "PointsGain":
        return cls(source_id, 50 * placed.before, 50 * placed.after)


def points_of(file: Path, images: Sequence[tuple[str, Frame | Turned]]) -> list[Points]:
    """The points that all images, told by paths and frames, have inside their pictures: of each (points, 2).

    In half sides of the picture. Raises `DataError` where the file has none of one, or too few that all have.
    """
    if len(images) < 2:
        raise DataError(f"{file}: points say how photographs differ from each other; of one alone they say nothing")
    landmarks = read_landmarks(file)
    names = [path or "an image without a file" for path, _ in images]
    found: list[Positions] = []
    for name, own in zip(names, landmarks.of(names), strict=True):
        if own is None:
            raise DataError(f"{file}: has no points of {name}; its images are {in_brief(list(landmarks.positions))}")
        found.append(own)
    places = np.stack([frame.model(own) for (_, frame), own in zip(images, found, strict=True)])
    is_known = np.isfinite(places).all(axis=2)
    is_inside = is_known & (np.abs(places) <= 1).all(axis=2)
    for name, known, inside in zip(names, is_known.sum(axis=1), is_inside.sum(axis=1), strict=True):
        if known - inside > OFF_PICTURE * known:
            raise DataError(
                f"{file}: {known - inside} of {known} points of {name} lie outside of its picture; they have to be in "
                "pixels of this very file, from its top left corner"
            )
    usable = is_inside.all(axis=0)
    if usable.sum() < LEAST:
        raise DataError(
            f"{file}: {usable.sum()} points are of all {len(images)} images and inside their pictures; "
            f"at least {LEAST} are needed"
        )
    return list(places[:, usable])
