"""How images are anchored: the two places of each that shall come to lie where the frame has its own two."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaia_stim.alignment.eyes import find_face
from gaia_stim.images import Positions, read_image

UNSURE = 0.5
"""Faces of less confidence are unsure. Of 140 frontal photographs the least was 0.69, of a profile 0.00."""
FACE_POINTS = tuple(f"e68_{point}" for point in range(68))
"""What the points of `Face.landmarks` are called in tables."""


@dataclass(frozen=True)
class Anchored:
    """What is known of an image once its place is found."""

    pair: Positions
    """(2, 2): the two places in pixels of the image, the one that shall lie left first."""
    landmarks: Positions
    """(n, 2): all points that are carried along; NaN where one is missing."""
    confidence: float | None = None
    """In [0, 1]; of given points nothing is known."""
    faces: int | None = None

    @property
    def seen(self) -> bool:
        """Whether it is there at all, or was given."""
        return self.confidence is None or self.confidence >= UNSURE

    @property
    def doubt(self) -> str:
        """Why this may be wrong; empty where nothing speaks for it."""
        if self.faces is not None and self.faces > 1:
            return f"several faces: {self.faces}"
        if not self.seen:
            return f"confidence {self.confidence:.2f}"
        return ""


Way = Callable[[Sequence[Path]], Iterator[Anchored | None]]
"""From image files, in order, to their places; None where there is none."""


def by_eyes(paths: Sequence[Path]) -> Iterator[Anchored | None]:
    """The eyes of the face that each shows. Raises `DataError` for files as `read_image`."""
    for face in map(find_face, map(read_image, paths)):
        yield Anchored(face.eyes, face.landmarks, face.confidence, face.faces) if face else None


def by_points(positions: Sequence[Positions | None], pair: Sequence[int]) -> Iterator[Anchored | None]:
    """Two of the points that are given."""
    for points in positions:
        known = points is not None and np.isfinite(points[list(pair)]).all()
        yield Anchored(points[list(pair)], points) if points is not None and known else None


EYES = "eyes"
WAYS: dict[str, Way] = {EYES: by_eyes}
"""What finds places by itself, by the name that `--by` has for it."""
