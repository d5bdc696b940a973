"""The frame in which all images of a folder come to lie, and what is done there: padding, masks, symmetry."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError
from skimage.draw import polygon2mask

from gaia_stim.alignment.anchors import NO_POINTS, Anchored
from gaia_stim.alignment.similarity import Similarity, targets
from gaia_stim.images import Pixels, Positions, parse_colour, with_channels

LARGEST = 1024
MULTIPLE = 16
"""Sides are rounded to a size that can be trained on as it is."""
EDGE = "edge"
"""Beyond a picture's edges as at them; any other padding is a colour."""
MASKED = "grey"
"""What surrounds a mask where no colour is given."""
OVAL, OVAL_BELOW = (1.05, 1.5), 0.42
"""Half axes of the oval in distances between the two places, and how far below them its centre lies."""
CORNERS, FINER = 256, 4
"""Of the polygon that is an oval, and how many times finer than pixels a mask is drawn."""

Shares = npt.NDArray[np.float64]
"""(size, size): how much of each pixel is kept, in [0, 1]."""


@dataclass(frozen=True)
class Target:
    """Where the two places of every image lie, and how the rest looks."""

    by: str
    """How the places were found: a key of `WAYS`, or the names of two points."""
    distance: float
    height: float
    """Between the places and from the top, in shares of a side."""
    size: int
    pad: str = EDGE
    """`EDGE` or a colour."""
    mask: str = "none"
    """`none`, `oval`, or `points`, their convex hull."""
    symmetrise: bool = False
    """Whether pictures are the mean of themselves and their mirror images."""

    @property
    def is_plain(self) -> bool:
        """Whether an aligned image is its photograph, and nothing else."""
        return self.pad == EDGE and self.mask == "none" and not self.symmetrise

    def similarity(self, anchored: Anchored) -> Similarity:
        """The one that puts an image there. Raises `ValueError` where its two places are one."""
        return Similarity.between(anchored.pair, targets(self.size, self.distance, self.height))

    def put(self, pixels: Pixels, anchored: Anchored) -> Pixels:
        """The aligned image (size, size, C). Raises `ValueError` where it has no place, or no points for its mask."""
        return self.placed(pixels, self.similarity(anchored), anchored.landmarks)

    def placed(self, pixels: Pixels, similarity: Similarity, landmarks: Positions = NO_POINTS) -> Pixels:
        """The same of an image whose similarity is known; its points are for a mask alone."""
        made = similarity.apply(pixels, self.size)
        if self.pad != EDGE:
            made = self._over(made, similarity.covers(pixels.shape[0], pixels.shape[1], self.size))
        if self.symmetrise:
            made = np.rint((made.astype(float) + made[:, ::-1]) / 2).astype(np.uint8)
        if self.mask == "oval":
            made = self._over(made, self._inside(self._oval()))
        elif self.mask == "points":
            made = self._over(made, self._inside(_hull(similarity(landmarks))))
        return made

    def beyond(self, pixels: Pixels, anchored: Anchored) -> float:
        """How much of the aligned image lies beyond the picture's edges, in [0, 1]."""
        return 1 - float(self.similarity(anchored).covers(pixels.shape[0], pixels.shape[1], self.size).mean())

    def _over(self, pixels: Pixels, kept: Shares) -> Pixels:
        """The picture where it is kept, the colour elsewhere."""
        colour = np.array(parse_colour(MASKED if self.pad == EDGE else self.pad), np.uint8)[None, None]
        ground = with_channels(colour, 1 if pixels.shape[2] == 1 else 3)
        mixed = pixels * kept[..., None] + ground * (1 - kept[..., None])
        made: Pixels = np.rint(mixed).astype(np.uint8)
        return made

    def _oval(self) -> Positions:
        left, right = targets(self.size, self.distance, self.height)
        apart = right[0] - left[0]
        angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
        circle = np.column_stack([np.cos(angles), np.sin(angles)])
        centre: Positions = (left + right) / 2 + (0, OVAL_BELOW * apart)
        return np.asarray(circle * OVAL * apart + centre)

    def _inside(self, corners: Positions) -> Shares:
        """How much of each pixel a polygon covers: its edge is one pixel wide."""
        fine = self.size * FINER
        covered = polygon2mask((fine, fine), ((corners + 0.5) * FINER - 0.5)[:, ::-1])
        shares: Shares = covered.reshape(self.size, FINER, self.size, FINER).mean(axis=(1, 3))
        return shares


def own_size(found: list[Anchored], distance: float) -> int:
    """The side at which the middle one of the images is neither enlarged nor reduced."""
    apart = float(np.median([np.linalg.norm(np.subtract(*there.pair)) for there in found]))
    return int(np.clip(round(apart / distance / MULTIPLE) * MULTIPLE, MULTIPLE, LARGEST))


def _hull(points: Positions) -> Positions:
    known = points[np.isfinite(points).all(axis=1)]
    try:
        return np.asarray(known[ConvexHull(known).vertices])
    except (QhullError, ValueError) as error:
        raise ValueError(f"--mask points needs three points that enclose something; there are {len(known)}") from error
