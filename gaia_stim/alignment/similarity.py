"""Similarities that put two points of every image in fixed places: nothing is sheared or stretched."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.transform import SimilarityTransform, warp

from gaia_stim.images import Pixels, Positions, to_bytes, to_float


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

    def apply(self, pixels: Pixels, size: int) -> Pixels:
        """The aligned image (size, size, C), bicubic; beyond the image's edges as at them.

        An image that becomes smaller is first reduced, by Lanczos with its support scaled, so that nothing aliases.
        """
        height, width = pixels.shape[:2]
        reduction = min(1.0, self.scale)
        if reduction < 1:
            reduced = (max(1, round(width * reduction)), max(1, round(height * reduction)))
            pixels = np.stack([_reduced(pixels[..., channel], reduced) for channel in range(pixels.shape[2])], axis=-1)
        # Pixel centres are whole numbers here: those of a reduced image lie elsewhere in the image.
        x, y = (pixels.shape[1] / width, pixels.shape[0] / height)
        to_reduced = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
        back = to_reduced @ np.linalg.inv(self._transform().params)
        values = to_float(pixels[None])[0].transpose(1, 2, 0)
        made = warp(values, back, output_shape=(size, size), order=3, mode="edge", clip=True)
        aligned: Pixels = to_bytes(made.astype(np.float32).transpose(2, 0, 1)[None])[0]
        return aligned

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


def _reduced(plane: Pixels, size: tuple[int, int]) -> Pixels:
    return np.array(Image.fromarray(np.ascontiguousarray(plane)).resize(size, Image.Resampling.LANCZOS))


def targets(size: int, distance: float, height: float) -> Positions:
    """Two places, level and centred: `distance` apart and `height` from the top, in shares of a side, as pixels."""
    return np.array([[0.5 - distance / 2, height], [0.5 + distance / 2, height]]) * size - 0.5
