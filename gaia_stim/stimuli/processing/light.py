"""Linear light and back: where luminance adds up, and how a picture changes it.

A picture here is float64 (H, W, C) in linear light, [0, 1]; its luminance Y is (H, W).
"""

import numpy as np
import numpy.typing as npt

from gaia_stim.images import Pixels
from gaia_stim.metrics.photometry import REC709, SRGB, Display

Light = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float64]

_TWO = np.array([[0, 2], [3, 1]])
_FOUR = np.kron(np.ones((2, 2)), 4 * _TWO) + np.kron(_TWO, np.ones((2, 2)))
BAYER: npt.NDArray[np.float64] = (np.kron(np.ones((2, 2)), 4 * _FOUR) + np.kron(_TWO, np.ones((4, 4))) + 0.5) / 64 - 0.5
"""Ordered dither, 8 by 8, in (−0.5, 0.5) (Bayer 1973)."""
MOST = 2.0
"""Times its own light that a pixel may get before white is added."""


def to_linear(pixels: Pixels, display: Display = SRGB) -> Light:
    """uint8 levels as the light that they are on a display."""
    return display.light[pixels]


def to_pixels(linear: Light, dithered: bool = False, display: Display = SRGB) -> Pixels:
    """Linear light as uint8 levels of a display, clipped and rounded.

    Dithered, pixels round up or down by their place: levels are whole, and a slight change of all pixels, which no
    single one would follow, is followed by a share of them. Whole levels stay as they are.
    """
    levels = display.encode(np.clip(linear, 0, 1)) * 255
    if dithered:
        height, width = levels.shape[:2]
        levels = levels + np.tile(BAYER, (-(-height // 8), -(-width // 8)))[:height, :width, None]
    return np.rint(np.clip(levels, 0, 255)).astype(np.uint8)


def luminance_of(linear: Light) -> Plane:
    """Y of each pixel."""
    y: Plane = linear[..., 0] if linear.shape[-1] == 1 else linear @ REC709
    return y


def relit(linear: Light, y: Plane) -> Light:
    """The picture with luminance `y` in [0, 1], exactly and in gamut.

    A pixel gets more or less of its own light; what its colour has no room for is made up with white. None gets more
    than `MOST` times its light: that would make a colour of the noise in black.
    """
    before, peak = luminance_of(linear), linear.max(axis=-1)
    room = np.minimum(MOST, np.divide(1, peak, out=np.full_like(peak, MOST), where=peak > 0))
    scale = np.minimum(np.divide(y, before, out=np.ones_like(y), where=before > 0), room)
    scaled = before * scale
    white = np.divide(y - scaled, 1 - scaled, out=np.zeros_like(y), where=(scaled < 1) & (y > scaled))
    changed: Light = linear * (scale * (1 - white))[..., None] + white[..., None]
    return changed


def grey(pixels: Pixels, display: Display = SRGB) -> Pixels:
    """(H, W, C) as (H, W, 1) of the same luminance."""
    return to_pixels(luminance_of(to_linear(pixels, display))[..., None], display=display)
