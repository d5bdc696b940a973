"""How images are anchored: the two places of each that shall come to lie where the frame has its own two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaia_stim.alignment.congealing import congeal
from gaia_stim.alignment.eyes import find_face
from gaia_stim.alignment.templates import Template
from gaia_stim.events import Listener, tracked
from gaia_stim.images import Positions, read_image

NO_POINTS: Positions = np.empty((0, 2))
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


@dataclass(frozen=True)
class Located:
    """Where the images of a folder are, in order; None where one has no place."""

    anchors: Sequence[Anchored | None]
    missing: str
    """Why these have none."""
    template: Template | None = None
    """What they have in common, where they were placed on that."""


Way = Callable[[Sequence[Path], Positions, Listener], Located]
"""From image files, and where in shares of a side the two places of each shall lie, to these places in the images."""


def by_eyes(paths: Sequence[Path], _: Positions, listen: Listener) -> Located:
    """The eyes of the face that each shows. Raises `DataError` for files as `read_image`."""
    looked = (find_face(read_image(path)) for path in tracked(paths, "looking for eyes", len(paths), listen))
    return Located(
        [None if face is None else Anchored(face.eyes, face.landmarks, face.confidence, face.faces) for face in looked],
        "no face",
    )


def by_set(paths: Sequence[Path], places: Positions, listen: Listener) -> Located:
    """What lies there once the images are aligned by each other. Raises `DataError` as `congeal` and `read_image`."""
    congealed = congeal(map(read_image, paths), listen=listen)
    pairs = [found.similarity(1).back(places - 0.5) for found in congealed.found]
    return Located(
        [Anchored(pair, NO_POINTS, sure) for pair, sure in zip(pairs, congealed.confidence, strict=True)],
        "no place",
        congealed.template,
    )


def by_points(positions: Sequence[Positions | None], pair: Sequence[int]) -> Located:
    """Two of the points that are given."""
    known = [points if points is not None and np.isfinite(points[list(pair)]).all() else None for points in positions]
    anchors = [None if points is None else Anchored(points[list(pair)], points) for points in known]
    return Located(anchors, "without both points")


EYES, SET = "eyes", "set"
WAYS: dict[str, Way] = {EYES: by_eyes, SET: by_set}
"""What finds places by itself, by the name that `--by` has for it."""
