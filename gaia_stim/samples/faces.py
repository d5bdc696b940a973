"""How a face is drawn: solids laid over one another from back to front, then lit and averaged.

The picture is made on a grid at least 192 pixels wide, whatever its final size, in linear light, and
averaged down; so a 64 px face is the 256 px face seen from further away, not another drawing.
"""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from gaia_stim.samples import features, hair, head
from gaia_stim.samples.attributes import complete
from gaia_stim.samples.geometry import (
    SOFT,
    Array,
    Bump,
    Surface,
    Window,
    band,
    bell,
    relief,
    see,
    step,
    turned,
    unit,
    view,
    window,
)
from gaia_stim.samples.head import Values, ramp
from gaia_stim.samples.shading import (
    MATT_WRAP,
    SKIN_WRAP,
    Colour,
    encode,
    gloss,
    hair_colour,
    illuminate,
    key_light,
    mix,
    paint,
    rgb,
    skin_colour,
)

BACKGROUND = "808080"
_GARMENT = "66717f"
_FRAME = "1d1a1c"
_WORKING_GRID = 192


def draw_face(attributes: Mapping[str, float], size: int) -> npt.NDArray[np.uint8]:
    """A face as (size, size, 3) sRGB on uniform mid-grey (128, 128, 128).

    Attributes that are missing take their neutral value. The same values give the same bytes, and the
    layout does not depend on size (pixels, at least 8). Raises ValueError, naming the attribute and
    its range, for an unknown name or a value out of range, and for a size below 8.
    """
    if size < 8:
        raise ValueError(f"size is {size}, but a face needs at least 8 pixels")
    a = complete(attributes)
    samples = max(2, -(-_WORKING_GRID // size))
    image = _scene(a, size * samples)
    return encode(image.reshape(3, size, samples, size, samples).mean(axis=(2, 4)).transpose(1, 2, 0))


def _scene(a: Values, grid: int) -> Array:
    """(3, grid, grid) linear light."""
    yaw, key = math.radians(a["yaw"]), key_light(math.radians(a["light_direction"]))
    tone = skin_colour(a["skin_tone"])
    grey = 0.92 * ramp(a["age"], 42, 84)
    locks = hair_colour(a["hair_color"], grey)
    image = np.empty((3, grid, grid), np.float32)
    image[:] = rgb(BACKGROUND)[:, None, None]

    around = window(grid, 0.72, 0.80, -1.0)
    shell = see(head.hairdo(a, around.v), around.x, around.v, yaw)
    hair.draw_back_hair(image, a, around, shell, locks)
    _draw_body(image, a, grid, tone, key)
    middle = window(grid, 0.62, 0.68, -0.72)
    face = see(head.head(a, middle.v), middle.x, middle.v, yaw)
    fringe = hair.hairline(a, shell, around)
    _draw_face(image, a, middle, face, fringe[_within(around, middle)], tone, locks, yaw, key)
    _draw_ears(image, a, middle, face, tone, yaw, key)
    if a["glasses"]:
        _draw_glasses(image, a, grid, yaw)
    hair.draw_front_hair(image, a, around, shell, fringe, locks, yaw, key)
    return image


def _within(outer: Window, inner: Window) -> tuple[slice, slice]:
    """Where a smaller window lies in a larger one."""
    top, left = inner.rows.start - outer.rows.start, inner.columns.start - outer.columns.start
    return slice(top, top + inner.v.size), slice(left, left + inner.x.size)


def _draw_body(image: Array, a: Values, grid: int, tone: Colour, key: Array) -> None:
    """Neck and shoulders; they stay put when the head turns."""
    at = window(grid, 0.84, -0.45, -1.0)
    canvas = view(image, at)
    torso = see(head.shoulders(a, at.v), at.x, at.v, 0.0)
    throat = see(head.neck(a, at.v), at.x, at.v, 0.0)
    shade = 1 - 0.72 * step(at.v + 0.72, 0.13) * bell(at.x, 0.30)
    collar = np.hypot(at.x / 0.30, (at.v + 0.68) / 0.155)
    skin = illuminate(throat.normal, key, SKIN_WRAP) * (tone[:, None, None] * shade)
    cloth = illuminate(torso.normal, key, MATT_WRAP) * rgb(_GARMENT)[:, None, None]
    hem = 1 - 0.35 * bell(collar - 1.06, 0.05)
    paint(canvas, torso.cover, cloth * hem)
    paint(canvas, np.maximum(throat.cover, torso.cover) * step(1 - collar, 0.03), skin)
    paint(canvas, throat.cover * step(at.v + 0.70, 0.02), skin)


def _draw_face(
    image: Array,
    a: Values,
    at: Window,
    face: Surface,
    fringe: Array,
    tone: Colour,
    locks: Colour,
    yaw: float,
    key: Array,
) -> None:
    u, slope_u, slope_v = _raised(head.bumps(a), face, at, yaw)
    v = np.broadcast_to(at.v, u.shape)
    skin = np.empty((3, *u.shape), np.float32)
    skin[:] = tone[:, None, None]
    paint(skin, features.blush(a, u, v) * 0.45, tone * np.array((1.04, 0.70, 0.66), np.float32))
    crease = tone * np.array((0.52, 0.38, 0.34), np.float32)
    moist = np.full_like(u, 0.048)

    top = band(at.v, 0.45, 0.20)
    paint(skin[:, top], 0.55 * features.forehead_lines(a, u[top], v[top]), crease)

    low = band(at.v, -0.10, -0.72)
    beard = tone * np.array((0.36, 0.37, 0.40), np.float32)
    paint(skin[:, low], features.stubble(a, u[low], v[low]) * 0.34, beard)
    paint(skin[:, low], features.folds(a, u[low], v[low]) * 0.50, crease)
    dark = tone * np.array((0.20, 0.10, 0.09), np.float32)
    paint(skin[:, low], features.nostrils(a, u[low], v[low]), dark)
    lips = features.paint_mouth(a, skin[:, low], u[low], v[low], tone)
    moist[low] += 0.08 * lips

    mid = band(at.v, 0.26, -0.14)
    eye = features.eyes(a, u[mid], v[mid])
    paint(skin[:, mid], 0.55 * features.eye_lines(a, u[mid], v[mid], eye), crease)
    brow = mix(locks * 0.55, tone, 0.10)
    paint(skin[:, mid], features.brows(a, u[mid], v[mid]) * 0.88, brow)
    ball = features.paint_eyes(a, skin[:, mid], eye, locks)
    moist[mid] *= 1 - ball

    normal = turned(_tilted(face.normal, slope_u, slope_v), yaw)
    light = illuminate(normal, key, SKIN_WRAP)
    # Hair shades the forehead, lids and brow the sockets.
    under_hair = np.exp((np.minimum(fringe, 1) - 1) / 0.14) * step(at.v - 0.05, 0.15)
    light *= 1 - 0.36 * under_hair
    light[:, mid] *= 1 - 0.20 * features.sockets(eye)
    lit = skin * light + gloss(normal, key, 22) * moist
    lit[:, mid] += 0.85 * ball * features.sparkle(a, u[mid], eye, float(key[0]))
    paint(view(image, at), face.cover, lit)


def _raised(bumps: tuple[Bump, ...], face: Surface, at: Window, yaw: float) -> tuple[Array, Array, Array]:
    """Across the face seen straight on, where each pixel lands once it is raised; and the slopes there.

    What rises towards the face's front slides along the turned head's image, nose before cheeks. Two
    rounds of looking again from where the last one landed are enough for a nose.
    """
    facing = np.maximum(turned(face.normal, yaw)[2], 0.30)
    slide = math.sin(yaw) * np.maximum(face.normal[2], 0) / facing
    u = face.x
    for _ in range(2 if yaw else 0):
        u = face.x - relief(bumps, u, at.v)[0] * slide
    return u, *relief(bumps, u, at.v)[1:]


def _tilted(normal: Array, slope_u: Array, slope_v: Array) -> Array:
    """Normals of a surface raised along z by a relief of these slopes."""
    front = np.maximum(normal[2], 0)
    return unit(np.stack((normal[0] - slope_u * front, normal[1] - slope_v * front, normal[2])))


def _draw_ears(image: Array, a: Values, at: Window, face: Surface, tone: Colour, yaw: float, key: Array) -> None:
    rows = band(at.v, 0.15, -0.25)
    v, canvas = at.v[rows], view(image, at)[:, rows]
    colour = mix(tone, tone * np.array((1.0, 0.66, 0.62), np.float32), 0.5)[:, None, None]
    for side in (-1.0, 1.0):
        ear = see(head.ear(a, v, side), at.x, v, yaw)
        hidden = face.cover[rows] * (1 - step(ear.depth - face.depth[rows], 0.02))
        light = illuminate(turned(ear.normal, yaw), key, SKIN_WRAP)
        hollow = 1 - 0.35 * bell(np.hypot(ear.sine, (v + 0.035) / 0.09), 0.55)
        paint(canvas, ear.cover * (1 - hidden), colour * light * hollow)


def _draw_glasses(image: Array, a: Values, grid: int, yaw: float) -> None:
    """Rims, bridge and arms lie in one bent sheet, which turns with the head."""
    at = window(grid, 0.68, 0.22, -0.22)
    canvas = view(image, at)
    sheet = see(head.spectacles(a, at.v), at.x, at.v, yaw)
    x = np.abs(sheet.x) - 0.212
    front = step(sheet.cosine - 0.25, 0.05)
    rim = (np.abs(x / 0.160) ** 3 + np.abs(at.v / 0.112) ** 3) ** (1 / 3) - 1
    frame = step(0.010 - np.abs(rim * 0.12), SOFT)
    bridge = step(0.009 - np.abs(at.v - 0.045 + 0.6 * sheet.x**2), SOFT) * step(0.065 - np.abs(sheet.x), 0.02)
    beside = step(np.abs(sheet.x) - 0.37, 0.01) * step(sheet.cosine + 0.1, 0.2)
    arm = step(0.011 - np.abs(at.v - 0.04), SOFT) * beside
    lens = step(-rim, 0.05) * front * sheet.cover
    paint(canvas, lens * 0.012, rgb("ffffff"))
    paint(canvas, sheet.cover * np.maximum(np.maximum(frame, bridge) * front, arm), rgb(_FRAME))
