"""The solids of a face: how its proportions follow from the attributes.

The eyes stay at one height and the head at one scale whatever the attributes, so that faces can be
averaged and morphed pixel by pixel.
"""

import numpy as np

from gaia_stim.samples.geometry import Array, Bump, Stack, dome

Values = dict[str, float]

EYE_LEVEL = 0.02
MOUTH_LEVEL = -0.358
CROWN = 0.66
CHIN = -0.63
TEMPLE = 0.10


def ramp(value: float, start: float, end: float) -> float:
    """0 up to start, 1 from end on, smooth between."""
    t = min(max((value - start) / (end - start), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def old(a: Values) -> float:
    """Signs of age, from none (0) to those of someone past 80 (1)."""
    return ramp(a["age"], 22, 84)


def youth(a: Values) -> float:
    """Fullness of youth: most of it at 18, none past 45."""
    return 1 - ramp(a["age"], 5, 45)


def half_width(a: Values) -> float:
    """Half the breadth of the head at the temples."""
    return 0.445 * a["face_width"]


def nose_tip(a: Values) -> float:
    """Height of the nose's tip."""
    return EYE_LEVEL - 0.192 * a["nose_length"]


def head(a: Values, v: Array) -> Stack:
    """The skull and jaw."""
    wide, male = half_width(a), a["sex"]
    chin = CHIN - 0.012 * male - 0.035 * a["mouth_open"]
    up = (v - TEMPLE) / (CROWN - TEMPLE)
    down = np.maximum(TEMPLE - v, 0) / (TEMPLE - chin)
    taper = 1 - (0.21 - 0.09 * male - 0.05 * old(a) - 0.04 * youth(a)) * down * down
    jaw = dome(down, 2.8 + 0.5 * male + 0.4 * old(a)) * taper * taper
    skull = dome(np.maximum(up, 0), 2.5)
    above = v > TEMPLE
    forward = 0.17 * down**2
    front = 0.50 - 0.035 * down
    depth = front - forward
    return Stack(
        width2=wide**2 * np.where(above, skull, jaw),
        depth2=np.where(above, 0.25 * skull, depth * depth * dome(down, 5.0)),
        z=forward,
    )


def hair_end(a: Values) -> float:
    """Height at which the hair ends: beside the ears when cropped, below the picture when longest."""
    return -0.01 - a["hair_length"] * (0.22 + 0.75 * a["hair_length"])


def hairdo(a: Values, v: Array) -> Stack:
    """The shell of the hair; it ends, rounded, where hair of that length ends."""
    length = a["hair_length"]
    thick, fall = 0.022 + 0.05 * ramp(length, 0.1, 0.6), ramp(length, 0.15, 0.6)
    lift = 0.045 + 0.055 * ramp(length, 0, 0.35)
    wide, top = half_width(a) + thick, CROWN + lift
    up = np.maximum(v - TEMPLE, 0) / (top - TEMPLE)
    down = np.maximum(TEMPLE - v, 0) / (TEMPLE - hair_end(a))
    flow = 1 + 0.55 * fall * down * down * (1 - 0.75 * np.minimum(down, 1))
    outline = np.where(v > TEMPLE, dome(up, 2.5), dome(down, 3.0 + 1.5 * fall) * flow)
    deep = 0.50 + thick * 0.8
    return Stack(width2=wide**2 * outline, depth2=deep**2 * outline, z=np.full_like(v, -0.03))


def neck(a: Values, v: Array) -> Stack:
    """The neck, spreading a little where it meets the shoulders."""
    wide = 0.205 + 0.035 * a["sex"] + 0.02 * (a["face_width"] - 1)
    spread = np.maximum(-0.62 - v, 0) * 0.45
    width = wide + spread * spread * 4
    return Stack(width2=width * width, depth2=width * width * 0.8, z=np.full_like(v, -0.1))


def shoulders(a: Values, v: Array) -> Stack:
    """The rounded top of the trunk, which leaves the corners of the picture free."""
    wide = 0.76 + 0.05 * a["sex"]
    drop = np.maximum((-0.70 - v) / 0.42, -0.2)
    outline = dome(1 - drop, 2.3)
    return Stack(width2=wide**2 * outline, depth2=0.16 * outline, z=np.full_like(v, -0.1))


def ear(a: Values, v: Array, side: float) -> Stack:
    """One ear, on the left of the picture for side -1 and on the right for +1."""
    rise = dome((v + 0.04) / (0.125 + 0.015 * old(a)), 2.0)
    return Stack(
        width2=0.062**2 * rise,
        depth2=0.085**2 * rise,
        z=np.full_like(v, -0.03),
        x=side * (half_width(a) - 0.012),
    )


def spectacles(a: Values, v: Array) -> Stack:
    """The bent sheet that the frame of the glasses lies in."""
    wide = half_width(a) + 0.02
    return Stack(np.full_like(v, wide**2), np.full_like(v, 0.53**2), np.full_like(v, 0.02))


def bumps(a: Values) -> tuple[Bump, ...]:
    """Brow ridge, sockets, cheeks, nose, muzzle, chin; age lets the cheeks sag and hollows the eyes."""
    male, aged = a["sex"], old(a)
    tip, broad, eye = nose_tip(a), a["nose_width"], 0.195 * a["eye_spacing"]
    cheer = max(a["smile"], 0.0) ** 1.5
    full_cheek = 0.030 + 0.02 * cheer + 0.02 * youth(a) - 0.012 * aged
    return (
        Bump(0.028 + 0.012 * male, 0.17, 0.175, 0.13, 0.07, 0.06),
        Bump(-0.055 - 0.012 * aged, eye - 0.03, EYE_LEVEL + 0.02, 0.085, 0.07, 0.07),
        Bump(0.022, eye, EYE_LEVEL, 0.055, 0.045, 0.045),
        Bump(full_cheek, 0.235, -0.13 + 0.02 * cheer - 0.04 * aged, 0.10, 0.10, 0.10),
        Bump(0.05, 0, EYE_LEVEL + 0.04, 0.045, 0.07, 0.09),
        Bump(0.075, 0, tip + 0.07, 0.042 * (0.6 + 0.4 * broad), 0.08, 0.07),
        Bump(0.085, 0, tip, 0.050 * (0.4 + 0.6 * broad), 0.065, 0.034),
        Bump(0.042, 0.060 * broad, tip - 0.018, 0.030 * (0.5 + 0.5 * broad), 0.035, 0.026),
        Bump(0.035, 0, MOUTH_LEVEL + 0.01, 0.13, 0.09, 0.10),
        Bump(0.026 * a["lip_fullness"], 0, MOUTH_LEVEL - 0.035 - 0.10 * a["mouth_open"], 0.085, 0.024, 0.026),
        Bump(0.012, 0, MOUTH_LEVEL + 0.03, 0.085, 0.02, 0.02),
        Bump(0.040 + 0.010 * male, 0, -0.545 - 0.03 * a["mouth_open"], 0.095, 0.055, 0.06),
        Bump(0.018 * aged, 0.25, -0.40, 0.07, 0.10, 0.06),
    )
