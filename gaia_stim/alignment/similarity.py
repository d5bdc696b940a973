"""Similarities that put two points of every image in fixed places: nothing is sheared or stretched."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.transform import SimilarityTransform, warp

from gaia_stim.images import Pixels, Positions, to_bytes, to_float

Matrix = npt.NDArray[np.float64]
MARGIN = 0.25
"""Sides of the aligned image that are kept round it: what is carried may come from beyond its edge."""


@dataclass(frozen=True)
class Similarity:
    """p ↦ scale · R(rotation) · p + shift, from pixels of an image to pixels of the aligned one."""

    scale: float
    rotation: float
    """Radians, from x (right) towards y (down)."""
    shift: tuple[float, float]

    @classmethod
    def between(cls, points: Positions, targets: Positions) -> "Similarity":
        """The one that takes two points (2, 2) exactly to two targets. Raises `ValueError` where the points are one."""
        (was, wanted) = (complex(*(pair[1] - pair[0])) for pair in (points, targets))
        if was == 0:
            raise ValueError("the two points lie in one place")
        factor = wanted / was
        moved = complex(*points[0]) * factor
        shift = complex(*targets[0]) - moved
        return cls(abs(factor), math.atan2(factor.imag, factor.real), (shift.real, shift.imag))

    def __call__(self, points: Positions) -> Positions:
        """Where points (n, 2) go."""
        found: Positions = self._transform()(points)
        return found

    def back(self, points: Positions) -> Positions:
        """Where points (n, 2) of the aligned image come from."""
        found: Positions = self._transform().inverse(points)
        return found

    def at(self, side: int, of: int) -> "Similarity":
        """The same to an aligned image of `side` pixels a side where this is to one `of` so many."""
        factor = side / of
        x, y = ((along + 0.5) * factor - 0.5 for along in self.shift)
        # Pixel centres are whole numbers: half a pixel of the image before it is enlarged is another one after.
        return Similarity(self.scale * factor, self.rotation, (x, y))

    def apply(self, pixels: Pixels, size: int) -> Pixels:
        """The aligned image (size, size, C), bicubic; beyond the image's edges as at them.

        An image that becomes smaller is first reduced, by Lanczos with its support scaled, so that nothing aliases.
        """
        reduced, back = self.reduced(pixels)
        values = to_float(reduced[None])[0].transpose(1, 2, 0)
        made = warp(values, back, output_shape=(size, size), order=3, mode="edge", clip=True)
        aligned: Pixels = to_bytes(made.astype(np.float32).transpose(2, 0, 1)[None])[0]
        return aligned

    def reduced(self, pixels: Pixels) -> tuple[Pixels, Matrix]:
        """The image as small as it becomes, if it does, and the map from pixels of the aligned image to pixels of that.

        The latter is (3, 3), of homogeneous coordinates (x, y, 1).
        """
        height, width = pixels.shape[:2]
        reduction = min(1.0, self.scale)
        if reduction < 1:
            reduced = (max(1, round(width * reduction)), max(1, round(height * reduction)))
            pixels = np.stack([_reduced(pixels[..., channel], reduced) for channel in range(pixels.shape[2])], axis=-1)
        # Pixel centres are whole numbers here: those of a reduced image lie elsewhere in the image.
        x, y = (pixels.shape[1] / width, pixels.shape[0] / height)
        to_reduced = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
        return pixels, to_reduced @ np.linalg.inv(self._transform().params)

    def numbers(self) -> tuple[float, float, float, float]:
        """Scale, degrees, and the shift's x and y, as tables tell them."""
        x, y = (round(float(shift), 3) for shift in self.shift)
        return float(f"{self.scale:.6g}"), round(math.degrees(self.rotation), 4), x, y

    def covers(self, height: int, width: int, size: int) -> npt.NDArray[np.float64]:
        """(size, size): how much of each aligned pixel is the picture's, in [0, 1], softly at its edges."""
        rows, columns = np.mgrid[:size, :size]
        x, y = self._transform().inverse(np.column_stack([columns.ravel(), rows.ravel()])).T
        inside = np.minimum.reduce([x + 0.5, width - 0.5 - x, y + 0.5, height - 0.5 - y])
        shares: npt.NDArray[np.float64] = np.clip(inside * self.scale + 0.5, 0, 1).reshape(size, size)
        return shares

    def _transform(self) -> SimilarityTransform:
        return SimilarityTransform(scale=self.scale, rotation=self.rotation, translation=self.shift)


@dataclass(frozen=True, eq=False)
class View:
    """A photograph, and where its aligned image lies in it: nothing but a reduction has been sampled yet."""

    pixels: Pixels
    to_pixels: Matrix
    """(2, 3): from half sides of the aligned image to half sides of these pixels, each from -1 to 1, x first."""

    @classmethod
    def of(cls, pixels: Pixels, similarity: Similarity, side: int) -> "View":
        """What of a photograph lies round its aligned image of `side` pixels, as large as it is there."""
        pixels, back = similarity.reduced(pixels)
        height, width = pixels.shape[:2]
        corners = back @ np.array([[-0.5, side, -0.5, side], [-0.5, -0.5, side, side], [1, 1, 1, 1]])
        least = np.floor(corners[:2].min(axis=1) - MARGIN * side).clip(0, (width - 1, height - 1)).astype(int)
        most = np.ceil(corners[:2].max(axis=1) + MARGIN * side).clip(least, (width - 1, height - 1)).astype(int)
        shown = pixels[least[1] : most[1] + 1, least[0] : most[0] + 1]
        from_half_sides = np.array([[side / 2, 0, (side - 1) / 2], [0, side / 2, (side - 1) / 2], [0, 0, 1]])
        x, y = (2 / along for along in shown.shape[1::-1])
        to_half_sides = np.array([[x, 0, (0.5 - least[0]) * x - 1], [0, y, (0.5 - least[1]) * y - 1], [0, 0, 1]])
        return cls(shown, (to_half_sides @ back @ from_half_sides)[:2])


def _reduced(plane: Pixels, size: tuple[int, int]) -> Pixels:
    return np.array(Image.fromarray(np.ascontiguousarray(plane)).resize(size, Image.Resampling.LANCZOS))


def targets(size: int, distance: float, height: float) -> Positions:
    """Two places, level and centred: `distance` apart and `height` from the top, in shares of a side, as pixels."""
    return np.array([[0.5 - distance / 2, height], [0.5 + distance / 2, height]]) * size - 0.5
