"""The hair: a shell around the skull with an opening for the face.

Its strands and its hairline come from one field over the shell, so that hair which grows longer goes
over from brushed up to parted in the middle without a jump.
"""

import numpy as np

from gaia_stim.samples.geometry import Array, Surface, Window, bell, step, turned, view
from gaia_stim.samples.head import Values, hair_end, half_width, old, ramp
from gaia_stim.samples.shading import MATT_WRAP, Colour, gloss, illuminate, paint


def draw_back_hair(image: Array, a: Values, at: Window, shell: Surface, hair: Colour) -> None:
    """The inside of the hair behind the neck, in its own shadow."""
    # The fourth power keeps this dark layer clear of the bright edge of the hair in front.
    paint(view(image, at), shell.cover**4 * cropped(a, at), hair * 0.17)


def hairline(a: Values, shell: Surface, at: Window) -> Array:
    """Level of the opening that the hair leaves for the face: below 1 in the opening, above 1 in hair.

    Its level lines are also the way that long, parted hair falls. Short hair leaves a rounded opening,
    long hair a pointed one, and age lets the temples of men recede.
    """
    male, parted = 0.5 + 0.5 * a["sex"], parting(a)
    recede = male * old(a)
    rise = np.maximum(at.v - 0.08, 0) / (0.36 + 0.015 * male + 0.09 * recede + 0.035 * parted)
    half = half_width(a) * (0.99 - 0.03 * parted)
    # Behind the ears the row's own breadth counts, so that hair closes at the back and thins out below.
    side = np.abs(shell.sine)
    breadth = np.abs(shell.x) / np.maximum(side, 1e-3)
    across = np.where(shell.cosine > 0, np.abs(shell.x) / half, breadth / half + 1 - side)
    level: Array = across ** (2.7 + 1.5 * recede - 1.25 * parted) + rise ** (2.6 + recede)
    return np.sqrt(level) * shell.cover


def parting(a: Values) -> float:
    """How far (0..1) the hair is long enough to be parted in the middle and fall to the sides."""
    return ramp(a["hair_length"], 0.15, 0.6)


def cropped(a: Values, at: Window) -> Array:
    """Share of the hair left at each height: short hair thins out towards its end, like a barber's fade."""
    return 1 - (1 - parting(a)) * step(hair_end(a) + 0.075 - at.v, 0.075)


def draw_front_hair(
    image: Array, a: Values, at: Window, shell: Surface, fringe: Array, hair: Colour, yaw: float, key: Array
) -> None:
    """The hair's outer surface, around the opening for the face."""
    parted = parting(a)
    # Strands run up from the brow when short, along the opening when parted.
    across = np.abs(shell.sine) + parted * (fringe - np.abs(shell.sine))
    grain = np.cos(across * 43) + np.cos(across * 71 + 2 * at.v) + np.cos(across * 113 - at.v)
    normal = turned(shell.normal, yaw)
    light = illuminate(normal, key, MATT_WRAP)
    band = gloss(normal, key, 12) * (1 + 0.22 * grain)
    roots = np.exp(np.minimum(1 - fringe, 0) / 0.10)
    shade = (1 + 0.06 * grain) * (1 - 0.35 * roots)
    part = parted * bell(shell.x, 0.012) * step(at.v - 0.40, 0.05)
    shade = shade * (1 - 0.4 * part)
    lit = hair[:, None, None] * (light * shade) + (0.018 + hair[:, None, None] * 0.28) * band
    edge = step(fringe - 1 + 0.006 * grain, 0.085)
    paint(view(image, at), shell.cover * edge * cropped(a, at), lit)
