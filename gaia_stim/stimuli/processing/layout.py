"""Size, mask and background: what a picture looks like before anything is made equal."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.transform import resize

from gaia_stim.config import ProcessingConfig
from gaia_stim.errors import ConfigError
from gaia_stim.images import Pixels, fit_image, parse_colour, with_channels
from gaia_stim.metrics.photometry import SRGB, Display
from gaia_stim.stimuli.processing.ground import Colour, Weights, ground, oval
from gaia_stim.stimuli.processing.light import Light, grey, to_linear, to_pixels

MID_GREY = "#808080"
SMALLEST, LARGEST = 8, 4096
"""Pixels of a side, as of --size."""
WIDEST_SCREEN = 120.0
"""Degrees: from nowhere does a screen that is looked at seem wider."""
FRINGE = 2
"""Pixels next to a flat background that may be mixed with it."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in linear light, and what of it is foreground."""

    light: Light
    weights: Weights


def side_of(options: ProcessingConfig) -> int | None:
    """Pixels of a side of the written pictures; None where they keep theirs.

    Raises `ConfigError` for degrees that come to what is no side, as where a length is not in centimetres.
    """
    if options.degrees is None or options.distance is None or not options.screen_width or not options.screen_pixels:
        return options.size
    side = degrees_to_pixels(options.degrees, options.distance, options.screen_width, options.screen_pixels)
    seen = 2 * math.degrees(math.atan(options.screen_width / 2 / options.distance))
    if seen > WIDEST_SCREEN or not SMALLEST <= side <= min(LARGEST, options.screen_pixels):
        raise ConfigError(
            f"--degrees {options.degrees:g}: comes to a side of {side} px, on a screen of {options.screen_pixels} px "
            f"that is {seen:.0f} degrees wide from {options.distance:g} cm; are --distance and --screen-width both in "
            "centimetres, and the degrees those of the picture's side?"
        )
    return side


def degrees_to_pixels(degrees: float, distance: float, screen_width: float, screen_pixels: int) -> int:
    """Pixels that span a visual angle, seen in the middle: 2 · distance · tan(angle / 2), in the screen's pixels."""
    centimetres = 2 * distance * math.tan(math.radians(degrees) / 2)
    return round(centimetres * screen_pixels / screen_width)


def laid_out(pixels: Pixels, options: ProcessingConfig, flat: Colour | None, display: Display = SRGB) -> Picture:
    """A square picture at its size, with its mask and background; `flat` is the colour of a flat one that it has.

    `display` is what the pixels are for. Raises `ConfigError` where the background is to be what is no colour.
    """
    shown = grey(pixels, display) if options.grey else pixels
    side = (side_of(options) or shown.shape[0] + 2 * options.padding) - 2 * options.padding
    around = _around(options, flat, shown.shape[2], display)
    weights = np.ones(shown.shape[:2]) if flat is None else _foreground(pixels, flat, options)
    if flat is not None and options.background is not None:
        before = to_linear(_with_channels(flat, shown.shape[2]), display)
        shown = to_pixels(_on(to_linear(shown, display), weights, before, around), display=display)
    if options.ground == "free":
        weights = np.ones_like(weights)
    light, weights = to_linear(fit_image(shown, side, "pad"), display), _resized(weights, side)
    if options.mask != "none":
        inside = oval(side, soft=options.mask == "soft-oval")
        light = inside[..., None] * light + (1 - inside[..., None]) * around
        weights = weights * inside
    if options.padding:
        canvas = np.empty((side + 2 * options.padding,) * 2 + light.shape[2:])
        canvas[:] = around
        inner = slice(options.padding, options.padding + side)
        canvas[inner, inner] = light
        light, weights = canvas, np.pad(weights, options.padding)
    # Where nothing is left of the foreground there is no part that could be told from the rest.
    return Picture(light, weights if weights.sum() >= 1 else np.ones_like(weights))


def _foreground(pixels: Pixels, flat: Colour, options: ProcessingConfig) -> Weights:
    """What is not background; where that gets another colour, how much of each pixel at the edge is foreground.

    An edge pixel that is half way from the background to the strongest colour near it is half foreground.
    """
    where = ground(pixels, flat)
    if options.background is None:
        return np.where(where, 0.0, 1.0)
    away = np.abs(pixels.astype(np.float64) - flat).max(axis=-1)
    share = away / np.maximum(ndimage.maximum_filter(away, 2 * FRINGE + 1), 1)
    edge = ndimage.binary_dilation(where, iterations=FRINGE)
    weights: Weights = np.where(where, 0.0, np.where(edge, share, 1.0))
    return weights


def _on(light: Light, weights: Weights, before: Light, around: Light) -> Light:
    """The picture with another background: what an edge pixel has of the old one is taken out, not covered."""
    share = weights[..., None]
    return np.where(share == 0, around, light + (1 - share) * (around - before))


def _resized(weights: Weights, side: int) -> Weights:
    if weights.shape == (side, side):
        return weights
    resized: Weights = np.clip(resize(weights, (side, side), order=1, anti_aliasing=True), 0, 1)
    return resized


def _around(options: ProcessingConfig, flat: Colour | None, channels: int, display: Display) -> Light:
    """The light round the foreground: a colour that is asked for by name is sRGB's, whatever the display."""
    if options.background is None and flat is not None:
        return to_linear(_with_channels(flat, channels), display)
    colour = np.array(parse_colour(options.background or MID_GREY), dtype=np.uint8)
    return to_linear(_with_channels(colour, channels))


def _with_channels(colour: Colour, channels: int) -> Colour:
    if channels == len(colour):
        return colour
    one = colour.reshape(1, 1, -1)
    made: Colour = (grey(one) if channels == 1 else with_channels(one, 3))[0, 0]
    return made
