"""Turned solids and soft masks.

Every solid of a face (skull, hair, neck, shoulders, ears, glasses) is a stack of horizontal ellipses.
Turning the head about the vertical axis keeps each ellipse on its own image row, so where a line of
sight meets the surface has a closed form: turning is exact, and costs a few operations a pixel.
x is right, v up, z towards the viewer, the origin the picture's centre; its edges lie at +-EXTENT.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""Always float32 in fact: Python scalars do not widen it, though NumPy's annotations say they might."""

EXTENT = 0.90

SOFT = 0.010
"""Half-width of an edge; a third of a pixel at 64 px, so that it never aliases on the working grid."""


class Window(NamedTuple):
    """A rectangle of the working grid: its slices, and the coordinates of its columns and rows."""

    rows: slice
    columns: slice
    x: Array
    v: Array


@dataclass(frozen=True)
class Stack:
    """Horizontal ellipses, one for each row: centre (x, z) and squared half-axes (width, depth).

    Above and below the solid the squares go negative, which keeps distance to its outline smooth.
    """

    width2: Array
    depth2: Array
    z: Array
    x: float = 0.0


@dataclass(frozen=True)
class Surface:
    """What a stack looks like, turned: all (rows, columns) of one window.

    cover is the antialiased outline 0..1; x and z are the visible point in the solid's own frame and
    sine, cosine its azimuth on the ellipse; depth is its z to the viewer; normal is (3, rows, columns)
    in the solid's own frame, x right, v up, z forward.
    """

    cover: Array
    x: Array
    z: Array
    sine: Array
    cosine: Array
    depth: Array
    normal: Array


def window(grid: int, half_width: float, top: float, bottom: float) -> Window:
    """The part of a grid x grid picture within `half_width` of the midline, from `top` to `bottom`."""
    centres = (np.arange(grid, dtype=np.float32) * 2 + (1 - grid)) * (EXTENT / grid)
    left = max(0, math.floor((1 - half_width / EXTENT) * grid / 2))
    first = max(0, math.floor((1 - top / EXTENT) * grid / 2))
    last = min(grid, math.ceil((1 - bottom / EXTENT) * grid / 2))
    columns, rows = slice(left, grid - left), slice(first, last)
    return Window(rows, columns, centres[columns][None, :], -centres[rows][:, None])


def view(image: Array, at: Window) -> Array:
    """The part of a (3, grid, grid) image that a window shows; writing to it writes to the image."""
    return image[:, at.rows, at.columns]


def step(distance: Array, width: float = SOFT) -> Array:
    """0 where distance < -width, 1 where > width, smooth between."""
    t: Array = np.clip(distance * (0.5 / width) + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def bell(distance: Array, width: float) -> Array:
    """A Gaussian of standard deviation `width`, 1 at distance 0."""
    return np.exp(distance * distance * (-0.5 / width**2))


def dome(t: Array, power: float) -> Array:
    """1 - |t|**power: 1 at the middle, 0 at the ends, and on to negative values beyond them."""
    return 1 - np.abs(t) ** power


def see(stack: Stack, x: Array, v: Array, yaw: float) -> Surface:
    """The front surface of a stack turned by `yaw` radians, where sight lines (x, v) meet it."""
    c, s = math.cos(yaw), math.sin(yaw)
    reach2 = stack.width2 * (c * c) + stack.depth2 * (s * s)
    offset = x - (stack.x * c + stack.z * s)
    slope = np.gradient(reach2[:, 0], v[:, 0])[:, None]
    outline = (reach2 - offset * offset) / np.sqrt(4 * offset * offset + slope * slope + 1e-6)

    a, b = np.sqrt(np.maximum(stack.width2, 1e-5)), np.sqrt(np.maximum(stack.depth2, 1e-5))
    reach = np.sqrt(a * a * (c * c) + b * b * (s * s))
    across = np.clip(offset / reach, -1, 1)
    toward = np.sqrt(1 - across * across)
    cosine_tilt, sine_tilt = a * c / reach, b * s / reach
    sine = across * cosine_tilt - toward * sine_tilt
    cosine = toward * cosine_tilt + across * sine_tilt
    px, pz = stack.x + a * sine, stack.z + b * cosine

    da, db = (np.gradient(half[:, 0], v[:, 0])[:, None] for half in (a, b))
    dz = np.gradient(np.broadcast_to(stack.z, v.shape)[:, 0], v[:, 0])[:, None]
    up = -(sine * sine * (da * b) + cosine * cosine * (db * a) + cosine * (dz * a))
    normal = unit(np.stack((b * sine, up, a * cosine)))
    return Surface(step(outline, SOFT), px, pz, sine, cosine, pz * c - px * s, normal)


def unit(vectors: Array) -> Array:
    """(3, ...) vectors scaled to length 1."""
    length: Array = np.sqrt(np.einsum("c...,c...->...", vectors, vectors) + 1e-12)
    return vectors / length


def turned(normal: Array, yaw: float) -> Array:
    """Normals of a solid's own frame as the viewer sees them once it is turned by `yaw` radians."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.stack((normal[0] * c + normal[2] * s, normal[1], normal[2] * c - normal[0] * s))


class Bump(NamedTuple):
    """A Gaussian rise of the face: height, place (mirrored unless x is 0), and widths.

    `below` is the width on the lower side, where a nose ends more steeply than it begins.
    """

    height: float
    x: float
    v: float
    across: float
    above: float
    below: float


def relief(bumps: tuple[Bump, ...], u: Array, v: Array) -> tuple[Array, Array, Array]:
    """Height of the bumps over the face at (u, v), and its slopes along u and v; v is (rows, 1)."""
    height, along_u, along_v = (np.zeros_like(u) for _ in range(3))
    for bump in bumps:
        rows = band(v, bump.v + 3.2 * bump.above, bump.v - 3.2 * bump.below)
        dv = v[rows] - bump.v
        fall = np.where(dv > 0, (bump.above**-2), (bump.below**-2))
        profile = bump.height * np.exp((-0.5) * dv * dv * fall)
        for x in (bump.x, -bump.x) if bump.x else (0.0,):
            du = u[rows] - x
            g = bell(du, bump.across) * profile
            height[rows] += g
            along_u[rows] -= g * du * (bump.across**-2)
            along_v[rows] -= g * (dv * fall)
    return height, along_u, along_v


def band(v: Array, top: float, bottom: float) -> slice:
    """The rows of a descending (rows, 1) column between two heights."""
    first, last = np.searchsorted(-v[:, 0], (-top, -bottom))
    return slice(int(first), int(last))
