"""What is painted on the head: complexion, eyes, brows, nose, mouth, wrinkles.

Each feature is drawn once, in coordinates that grow outwards from the midline, and so appears on both
sides. Painting happens on the face seen straight on; the turned head carries it along.
"""

import math
from typing import NamedTuple

import numpy as np

from gaia_stim.samples.geometry import Array, bell, dome, step
from gaia_stim.samples.head import EYE_LEVEL, MOUTH_LEVEL, Values, nose_tip, old, ramp, youth
from gaia_stim.samples.shading import Colour, mix, paint, rgb


class Mouth(NamedTuple):
    """Distance inside the lips and inside the gap between them; heights of the gap's top and middle."""

    lips: Array
    gap: Array
    top: Array
    seam: Array
    half: float


class Eyes(NamedTuple):
    """Distance inside the opening of the lids, and coordinates outwards and up from its middle."""

    inside: Array
    x: Array
    y: Array
    lid: Array
    floor: Array
    half: float


def eyes(a: Values, u: Array, v: Array) -> Eyes:
    """Where the eyes open on the face."""
    size, aged, cheer = a["eye_size"], old(a), max(a["smile"], 0.0)
    half = 0.100 * size
    x, y = np.abs(u) - 0.195 * a["eye_spacing"], v - EYE_LEVEL
    tilt = (0.10 - 0.05 * a["sex"] - 0.10 * aged) * x
    t = x / half
    lid = 0.056 * size * (1 - 0.06 * a["sex"] - 0.16 * aged + 0.06 * youth(a)) * dome(t + 0.06, 2.3) + tilt
    floor = -0.036 * size * (1 - 0.30 * cheer) * dome(t - 0.06, 2.2) + tilt
    return Eyes(np.minimum(lid - y, y - floor), x, y, lid, floor, half)


def paint_eyes(a: Values, skin: Array, eye: Eyes, hair: Colour) -> Array:
    """Paint the eyes over the skin; returns how far (0..1) each pixel is the eye itself."""
    size, female = a["eye_size"], 0.5 - 0.5 * a["sex"]
    opening = step(eye.inside, 0.007)
    radius = 0.050 * size
    r = np.hypot(eye.x + 0.006, eye.y - 0.008) / radius
    # The upper lid shades the ball; without it eyes stare.
    ball = 0.62 + 0.38 * step(eye.lid - eye.y - 0.022, 0.024)
    ball = ball * (1 - 0.25 * np.clip(np.abs(eye.x / eye.half), 0, 1) ** 3)
    white = rgb("f4efeb")[:, None, None] * ball
    paint(skin, opening, white)
    iris = mix(rgb("5b3a20"), rgb("8a6238"), 0.3)
    glow = np.clip(1.15 - (eye.y / radius) * 0.55, 0.5, 1.9)
    glow = glow * (0.35 + 0.65 * step(0.88 - r, 0.16))
    paint(skin, opening * step(1 - r, 0.12), iris[:, None, None] * glow * ball)
    paint(skin, opening * step(0.47 - r, 0.14), rgb("0c0908"))

    t = eye.x / eye.half
    crease = bell(eye.y - eye.lid - 0.026 * size, 0.006) * step(0.95 - np.abs(t), 0.25)
    paint(skin, crease * 0.42, skin * np.array((0.42, 0.30, 0.26), np.float32)[:, None, None])
    rim = bell(eye.y - eye.floor + 0.003, 0.005) * step(0.92 - np.abs(t), 0.2)
    paint(skin, rim * 0.30, rgb("6a3a30"))
    ends = step(1.06 - np.abs(t), 0.12)
    lash = (0.007 + 0.002 * female) * size + (0.004 + 0.005 * female) * np.clip(t, 0, 1)
    line = step(lash - np.abs(eye.y - eye.lid - 0.003), 0.007) * ends
    paint(skin, line * 0.9, mix(rgb("1b1210"), hair, 0.12))
    return opening


def sockets(eye: Eyes) -> Array:
    """Shade 0..1 of the eye sockets, deepest towards the nose."""
    return bell(np.hypot(eye.x + 0.03, (eye.y - 0.035) * 1.5), 0.075)


def sparkle(a: Values, u: Array, eye: Eyes, rightward: float) -> Array:
    """Where the eyes reflect a key light that lies `rightward` (-1..1) of the viewer."""
    distance = np.hypot(eye.x * np.sign(u) - 0.024 * rightward, eye.y - 0.029)
    return step(0.0105 * a["eye_size"] - distance, 0.007)


def brows(a: Values, u: Array, v: Array) -> Array:
    """Where the hair of the brows lies, 0..1."""
    male = a["sex"]
    x = np.abs(u) - 0.195 * a["eye_spacing"]
    t = (x - 0.012) / 0.135
    arch = (0.026 - 0.012 * male) * dome(t - 0.15, 2.0)
    level = EYE_LEVEL + 0.118 - 0.014 * male - 0.012 * old(a) + 0.02 * (a["eye_size"] - 1)
    line = level + arch + math.tan(math.radians(a["brow_angle"])) * x
    thick = (0.0185 + 0.0065 * male) * np.clip(0.98 - 0.42 * t - 0.25 * t * t, 0.12, 1)
    return step(thick - np.abs(v - line), 0.013) * step(1.0 - np.abs(t), 0.16)


def mouth(a: Values, u: Array, v: Array) -> Mouth:
    """Where the lips lie and part."""
    smile, wide_open, full = a["smile"], a["mouth_open"], a["lip_fullness"] * (1 - 0.14 * a["sex"])
    full *= 1 - 0.24 * old(a)
    half = 0.154 + (0.034 if smile > 0 else 0.012) * smile - 0.012 * wide_open
    t = u / half
    t2 = t * t
    curl = 0.010 + (0.062 if smile > 0 else 0.046) * smile
    seam = MOUTH_LEVEL + curl * (t2 - 0.33)
    top = seam + 0.018 * wide_open * dome(t, 2.0)
    bottom = seam - 0.125 * wide_open * dome(t, 2.4)
    bow = 1 - 0.22 * bell(t, 0.16) + 0.08 * bell(np.abs(t) - 0.28, 0.16)
    thin = 1 - 0.18 * max(smile, 0.0)
    upper = top + 0.039 * full * thin * dome(t, 1.7) * bow
    lower = bottom - 0.054 * full * thin * dome(t, 2.3)
    lips = np.minimum(upper - v, v - lower)
    return Mouth(lips, np.minimum(top - v, v - bottom), top, 0.5 * (top + bottom), half)


def paint_mouth(a: Values, skin: Array, u: Array, v: Array, tone: Colour) -> Array:
    """Paint lips and, where they part, teeth and tongue; returns how far each pixel is a lip."""
    m = mouth(a, u, v)
    female = 0.5 - 0.5 * a["sex"]
    red = mix(tone * np.array((0.80, 0.46, 0.44), np.float32), rgb("a03c40"), 0.10 + 0.16 * female)
    lips = step(m.lips, 0.009)
    paint(skin, lips * (0.80 + 0.14 * female), red)
    paint(skin, lips * step(v - m.seam, 0.012) * 0.16, red * 0.35)
    seam = step(0.0035 - np.abs(v - m.seam), 0.008) * step(1.0 - np.abs(u) / m.half, 0.12)
    paint(skin, seam * (0.75 * (1 - ramp(a["mouth_open"], 0, 0.25))), red * 0.16)

    inside = step(m.gap, 0.008) * ramp(a["mouth_open"], 0.0, 0.2)
    paint(skin, inside, rgb("3a0f12"))
    tongue = step(m.seam - 0.022 - v, 0.03) * bell(u, 0.075)
    paint(skin, inside * tongue * 0.75, rgb("a04a4a"))
    teeth = step(v - m.top + 0.040, 0.012) * bell(u, 0.12)
    paint(skin, inside * teeth * 0.95, rgb("e9e2da"))
    return lips * (1 - inside)


def nostrils(a: Values, u: Array, v: Array) -> Array:
    """Darkness 0..1 of the nostrils and of the crease beside the wings of the nose."""
    broad, tip = a["nose_width"], nose_tip(a)
    du, dv = np.abs(u) - 0.040 * broad, v - (tip - 0.036)
    hole = bell(np.hypot(du * (0.62 / broad), (dv - 0.25 * du) * 1.5), 0.0125)
    wing = bell(np.abs(u) - 0.062 * broad - 0.040, 0.014) * bell(dv - 0.020, 0.026)
    return 0.80 * hole + 0.22 * wing


def forehead_lines(a: Values, u: Array, v: Array) -> Array:
    """Depth 0..1 of the lines across the forehead."""
    lines: list[Array] = [bell(v - level + 0.10 * u * u, 0.0085) for level in (0.265, 0.318, 0.371)]
    depth: Array = np.exp(-((u * 4) ** 4)) * np.sum(lines, axis=0) * (0.75 * old(a))
    return depth


def eye_lines(a: Values, u: Array, v: Array, eye: Eyes) -> Array:
    """Depth 0..1 of crow's feet, bags and the frown between the brows; smiling raises the bags too."""
    aged, cheer = old(a), max(a["smile"], 0.0)
    past, t = eye.x - eye.half, eye.x / eye.half
    rays: list[Array] = [bell(eye.y - slant * (past + 0.01), 0.008) for slant in (0.55, 0.0, -0.5)]
    crow = np.sum(rays, axis=0) * bell(past - 0.052, 0.022)
    bag = bell(eye.y + 0.074 * a["eye_size"] * (1 - 0.55 * t * t), 0.010)
    bag = bag * step(1 - np.abs(t), 0.35)
    frown = bell(np.abs(u) - 0.032, 0.009) * bell(v - 0.135, 0.036)
    depth: Array = aged * (0.8 * crow + 0.9 * bag + 0.6 * frown) + 0.35 * cheer * (1 - aged) * bag
    return depth


def folds(a: Values, u: Array, v: Array) -> Array:
    """Depth 0..1 of the folds from nose to mouth, which smiling deepens, and below its corners."""
    aged, cheer, out = old(a), max(a["smile"], 0.0), np.abs(u)
    top, bottom = nose_tip(a) + 0.005, MOUTH_LEVEL - 0.045
    t = (top - v) / (top - bottom)
    start, end = 0.062 * a["nose_width"] + 0.045, 0.190 + 0.030 * a["smile"]
    path = start + (end - start) * t + 0.035 * t * (1 - t)
    fold = bell(out - path, 0.013) * step(t * (1 - t) + 0.02, 0.12)
    below = v - (MOUTH_LEVEL - 0.075)
    corner = bell(out - 0.178 + 0.35 * below, 0.013) * bell(below, 0.028)
    depth: float = min(0.12 + 0.75 * aged + 0.38 * cheer, 1.0)
    return depth * fold + 0.45 * aged * aged * corner


def blush(a: Values, u: Array, v: Array) -> Array:
    """Redness 0..1 of cheeks, nose and chin."""
    cheeks = bell(np.hypot(np.abs(u) - 0.25, (v + 0.12) * 1.25), 0.085)
    nose = bell(np.hypot(u, v - nose_tip(a)), 0.055)
    chin = bell(np.hypot(u, v + 0.56), 0.07)
    redness: Array = (0.75 + 0.5 * youth(a)) * cheeks + 0.6 * nose + 0.4 * chin
    return redness


def stubble(a: Values, u: Array, v: Array) -> Array:
    """Shadow 0..1 of a shaven beard; none on female-typical faces."""
    edge = -0.20 - 0.9 * np.clip(0.34 - np.abs(u), 0, 0.36)
    jaw = step(edge - v, 0.09)
    lip = bell(u, 0.13) * bell(v - (MOUTH_LEVEL + 0.062), 0.022)
    return ramp(a["sex"], 0.0, 1.1) * np.maximum(jaw, lip)
