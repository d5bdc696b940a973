"""A fitted scale as a picture, drawn with Pillow alone: the curve, its interval, and the measured shares."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gaia_stim.designs.fits import Fit, Values
from gaia_stim.images import Pixels
from gaia_stim.stimuli.plots import FAINT, INK, PLAIN, STRONG, WHITE

SIDE = 420
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 36, 44
OVERSAMPLING = 3
BAND = (208, 220, 236)
DOT = 3.5


def draw_scale(fit: Fit, title: str, across: str) -> Pixels:
    """uint8 (SIDE, SIDE, 3). Stimuli are dots where the scale was measured at them alone."""
    big = Image.new("RGB", (SIDE * OVERSAMPLING, SIDE * OVERSAMPLING), WHITE)
    pen = ImageDraw.Draw(big)
    first, last = float(fit.alpha[0]), float(fit.alpha[-1])

    def at(x: Values, y: Values) -> list[tuple[float, float]]:
        right = LEFT + (x - first) / (last - first) * (SIDE - LEFT - RIGHT)
        down = SIDE - BOTTOM - np.clip(y, -0.05, 1.05) * (SIDE - TOP - BOTTOM)
        return [(float(h), float(v)) for h, v in np.array([right, down]).T * OVERSAMPLING]

    if np.isfinite(fit.low).all():
        pen.polygon(at(fit.alpha, fit.low) + at(fit.alpha, fit.high)[::-1], fill=BAND)
    [top_left, bottom_right] = at(np.array([first, last]), np.array([1.0, 0.0]))
    pen.rectangle([*top_left, *bottom_right], outline=FAINT, width=OVERSAMPLING)
    pen.line(at(fit.alpha, fit.scale), fill=PLAIN, width=2 * OVERSAMPLING, joint="curve")
    x, y = fit.points or (fit.alpha, fit.scale)
    for h, v in at(x, y):
        reach = DOT * OVERSAMPLING
        pen.ellipse([h - reach, v - reach, h + reach, v + reach], fill=STRONG if fit.points else PLAIN)
    image = big.resize((SIDE, SIDE), Image.Resampling.BOX)
    pen = ImageDraw.Draw(image)
    font, small = ImageFont.load_default(13), ImageFont.load_default(11)
    pen.text((LEFT, TOP - 8), title, INK, font, anchor="lb")
    for value, anchor, place in ((first, "lt", LEFT), (last, "rt", SIDE - RIGHT)):
        pen.text((place, SIDE - BOTTOM + 6), f"{value:g}", INK, small, anchor=anchor)
    pen.text(((LEFT + SIDE - RIGHT) / 2, SIDE - BOTTOM + 6), across, INK, small, anchor="mt")
    for value, place in ((0, SIDE - BOTTOM), (1, TOP)):
        pen.text((LEFT - 6, place), str(value), INK, small, anchor="rm")
    pen.text((LEFT - 6, (TOP + SIDE - BOTTOM) / 2), "scale", INK, small, anchor="rm")
    return np.array(image)
