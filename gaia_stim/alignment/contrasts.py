"""Local contrast of an image as it lies in the frame that a set has in common: what congealing compares."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

from gaia_stim.images import Pixels, resized, with_channels

Planes: TypeAlias = npt.NDArray[np.float32]
"""(channels, side, side) or (side, side), in the frame."""
Map: TypeAlias = tuple[complex, complex]
"""a, b of u ↦ a·u + b, from the frame to an image, both in half (shorter) sides from their centres, x + iy."""

IDENTITY: Map = (1 + 0j, 0j)
COARSE, FINE = 32, 64
"""Sides of the frame, in pixels."""
CHANNELS = 4
"""Lightness, red and blue beside it, and the steepness of lightness: none depends on how the image is turned."""
NEAR = {COARSE: 1.6, FINE: 2.0}
"""Standard deviation, in pixels, of the Gaussian within which contrast is local: of wider ones outlines decide alone,
which hair and chins share with nobody."""
QUIET = np.array([0.04, 0.04, 0.04, 0.02], dtype=np.float32)[:, None, None]
"""Contrasts below these, of 1, are faint: a plain ground stays plain."""
MARGIN = 1.0
"""Pixels at an image's edge that do not count."""


def thumb(image: Pixels, side: int) -> Pixels:
    """The image (H, W, 3) with its shorter side as long as the frame's."""
    height, width = image.shape[:2]
    scale = side / min(height, width)
    return resized(with_channels(image, 3), max(side, round(height * scale)), max(side, round(width * scale)))


def contrasts(small: Pixels, side: int, place: Map) -> tuple[Planes, Planes]:
    """What a thumb looks like in the frame, (CHANNELS, side, side), 0 beyond it; and where it is, (side, side)."""
    height, width = small.shape[:2]
    data = _affine(place, side, width, height)
    seen = Image.fromarray(small).transform((side, side), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
    red, green, blue = np.asarray(seen, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)
    light = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
    planes = np.stack([light, red - light, blue - light, np.hypot(*np.gradient(light))])
    inside = _inside(place, side, width, height)
    near = (0, NEAR[side], NEAR[side])
    share = gaussian_filter(inside, near[1:], mode="constant") + np.float32(1e-6)
    off = (planes - gaussian_filter(planes * inside, near, mode="constant") / share) * inside
    power = gaussian_filter(off**2, near, mode="constant") / share
    return off / np.sqrt(power + QUIET**2), inside


def moved(planes: Planes, place: Map) -> Planes:
    """Planes (n, side, side) of the frame seen through a map of the frame on itself, bilinear, 0 beyond."""
    if place == IDENTITY:
        return planes
    side = planes.shape[-1]
    data = _affine(place, side, side, side)
    how = ((side, side), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    return np.stack([np.asarray(Image.fromarray(plane).transform(*how)) for plane in planes])


def grid(side: int) -> npt.NDArray[np.complex128]:
    """The places of the frame's pixels."""
    along = (np.arange(side) + 0.5) * 2 / side - 1
    return along[None, :] + 1j * along[:, None]


def _affine(place: Map, side: int, width: int, height: int) -> tuple[float, ...]:
    """From pixels of the frame to those of a thumb as Pillow has them: their edges are whole numbers."""
    a, b = place
    half = min(width, height) / 2
    scale, corner = 2 * half / side, half * (b - a - 1j * a)
    x, y = a.real * scale, a.imag * scale
    return (x, -y, width / 2 + corner.real, y, x, height / 2 + corner.imag)


def _inside(place: Map, side: int, width: int, height: int) -> Planes:
    seen = (place[0] * grid(side) + place[1]) * (min(width, height) / 2)
    return ((abs(seen.real) < width / 2 - MARGIN) & (abs(seen.imag) < height / 2 - MARGIN)).astype(np.float32)
