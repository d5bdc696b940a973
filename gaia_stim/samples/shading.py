"""Colour and light: linear RGB inside, sRGB only at the edges.

Light is one soft key that travels with `light_direction`, a weak frontal fill and a sky brighter above
than below. Skin lets red light wrap further round a form than blue, which is what makes it look alive
rather than like plaster.
"""

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gaia_stim.samples.geometry import Array
from gaia_stim.srgb import encoded, linear

Colour: TypeAlias = Array

SKIN_WRAP = (0.42, 0.30, 0.24)
MATT_WRAP = (0.25, 0.25, 0.25)

_SKIN_TONES = ("f4d6c2", "eac0a0", "d3a07a", "a97550", "7c4e34", "573727")
_HAIR_COLOURS = ("16120f", "33221a", "5a3a25", "8a5f38", "b98d54", "dcc08a")
_GREY_HAIR = "c9c8c6"


def encode(light: Array) -> npt.NDArray[np.uint8]:
    """Linear light as 8-bit sRGB; what exceeds white is cut to it."""
    return np.rint(encoded(np.clip(light, 0, 1)) * 255).astype(np.uint8)


def rgb(hexadecimal: str) -> Colour:
    """(3,) linear light of an sRGB colour such as "808080"."""
    return linear(np.frombuffer(bytes.fromhex(hexadecimal), np.uint8).astype(np.float32) / 255)


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """The colour a share t of the way from a to b."""
    return (a + (b - a) * t).astype(np.float32)


def _ramp(stops: tuple[str, ...], t: float) -> Colour:
    """Along equally spaced sRGB stops; mixed as encoded, so that the steps look equal."""
    levels = np.array([list(bytes.fromhex(stop)) for stop in stops]) / 255
    places = np.linspace(0, 1, len(stops))
    return linear(np.array([np.interp(t, places, channel) for channel in levels.T], dtype=np.float32))


def skin_colour(tone: float) -> Colour:
    """(3,) linear light of skin from lightest, 0, to darkest, 1."""
    return _ramp(_SKIN_TONES, tone)


def hair_colour(shade: float, grey: float) -> Colour:
    """(3,) linear light of hair from black, 0, to blond, 1, of which a share `grey` has lost colour."""
    return mix(_ramp(_HAIR_COLOURS, shade), rgb(_GREY_HAIR), grey)


def paint(image: Array, mask: Array, colour: Array) -> None:
    """Lay a colour, (3,) or (3, rows, columns), over a (3, rows, columns) image in place."""
    layer = colour[:, None, None] if colour.ndim == 1 else colour
    image += mask * (layer - image)


def key_light(direction: float) -> Array:
    """(3,) unit vector to the key light, `direction` radians to the right and a little above."""
    elevation = math.radians(32)
    flat = math.cos(elevation)
    return np.array((math.sin(direction) * flat, math.sin(elevation), math.cos(direction) * flat), dtype=np.float32)


def illuminate(normal: Array, key: Array, wrap: tuple[float, float, float]) -> Array:
    """(3, rows, columns) light that falls on a matt surface; near 1 where it faces the key."""
    facing = np.einsum("c,c...->...", key, normal)
    base = 0.20 + 0.16 * normal[2] + 0.07 * normal[1]
    light = np.empty_like(normal)
    for channel, w in enumerate(wrap):
        lit = np.maximum(facing + w, 0) * (1 / (1 + w))
        light[channel] = base + 0.72 * lit * np.sqrt(lit)
    return light


def gloss(normal: Array, key: Array, sharpness: float) -> Array:
    """Strength 0..1 of the key's reflection towards the viewer."""
    half = key + np.array((0, 0, 1), dtype=np.float32)
    half /= math.sqrt(float(half @ half))
    facing: Array = np.maximum(np.einsum("c,c...->...", half, normal), 0)
    strength: Array = np.exp((facing - 1) * sharpness)
    return strength
