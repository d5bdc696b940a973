"""What of a picture is stimulus and what is background, as a weight for each pixel: 1 is foreground.

A background is flat where most of the border has nearly one colour; it is then all that has this colour and is joined
to the border. The white of an eye stays foreground. The colour is decided for a set as a whole: a face that fills its
picture must not be treated otherwise than the next one.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gaia_stim.images import Pixels

Weights = npt.NDArray[np.float64]
"""(H, W) in [0, 1]."""
Where = npt.NDArray[np.bool_]
"""(H, W)."""
Colour = npt.NDArray[np.uint8]
"""(C,), sRGB."""

TOLERANCE = 12
"""Levels of 8 bits: a decoder's white is not quite white."""
TEXTURE = 3
"""Levels that half of it may be away from its colour: what varies more is a texture."""
BORDER_SHARE = 0.5
"""Of the border, that is of one colour where the background is flat: heads are cut off at the bottom."""

OVAL_WIDTH, OVAL_HEIGHT = 0.72, 0.94
"""Of the picture's side: about the shape of a face."""
SOFT = 0.3
"""Of an oval's radius, over which its soft edge fades like a cosine."""


def ground_colour(pixels: Pixels) -> Colour | None:
    """The colour (C,) of a picture's flat background; None where it is not flat."""
    border = pixels[_edge(pixels)]
    colour: Colour = np.median(border, axis=0).astype(np.uint8)
    away = np.abs(border.astype(np.int16) - colour)
    near = (away <= TOLERANCE).all(axis=-1)
    is_flat = near.mean() >= BORDER_SHARE and np.median(away[near]) <= TEXTURE
    return colour if is_flat else None


def common_ground(pictures: Iterable[Pixels]) -> Colour | None:
    """The colour of the flat background that at least half of a set have; None where there is no such colour."""
    found = [ground_colour(pixels) for pixels in pictures]
    flat = np.array([colour for colour in found if colour is not None])
    if not len(flat):
        return None
    colour: Colour = np.median(flat, axis=0).astype(np.uint8)
    agree = (np.abs(flat.astype(np.int16) - colour) <= TOLERANCE).all(axis=1)
    return colour if 2 * agree.sum() >= len(found) else None


def ground(pixels: Pixels, colour: Colour) -> Where:
    """Where (H, W, C) pixels are background of that colour: nowhere if all of them are."""
    near = _near(pixels, colour)
    regions, _ = ndimage.label(near)
    joined = np.unique(regions[_edge(pixels) & near])
    where: Where = np.isin(regions, joined)
    return where & (not where.all())


def _near(pixels: Pixels, colour: Colour) -> Where:
    near: Where = (np.abs(pixels.astype(np.int16) - colour) <= TOLERANCE).all(axis=-1)
    return near


def _edge(pixels: Pixels) -> Where:
    edge = np.zeros(pixels.shape[:2], dtype=bool)
    edge[[0, -1]] = True
    edge[:, [0, -1]] = True
    return edge


def oval(side: int, soft: bool) -> Weights:
    """An upright oval in the middle of a square: 1 inside, 0 outside, the edge a pixel wide or `SOFT`."""
    place = (np.arange(side) + 0.5) / side * 2 - 1
    radius = np.hypot(place[None, :] / OVAL_WIDTH, place[:, None] / OVAL_HEIGHT)
    if soft:
        fade = np.clip((radius - (1 - SOFT)) / SOFT, 0, 1)
        return 0.5 + 0.5 * np.cos(np.pi * fade)
    return np.clip((1 - radius) * OVAL_WIDTH * side / 2 + 0.5, 0, 1)
