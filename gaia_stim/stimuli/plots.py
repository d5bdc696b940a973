"""Small scatter plots as pictures, to lie beside each other on a sheet, drawn with Pillow alone."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gaia_stim.images import Pixels

WIDTH, HEIGHT = 300, 190
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 28, 24
"""Room for numbers and title, in pixels."""
DOT = 3.5
OVERSAMPLING = 4
"""Dots are drawn so many times larger and averaged down: Pillow does not smooth edges."""
WHITE, INK, FAINT = (255, 255, 255), (24, 24, 24), (205, 205, 205)
PLAIN, STRONG = (70, 110, 160), (200, 60, 40)


def scatter(x: Sequence[float], y: Sequence[float], title: str, strong: bool = False) -> Pixels:
    """Points in a frame, with the smallest and largest of each axis: uint8 (HEIGHT, WIDTH, 3)."""
    points = np.array([x, y], dtype=np.float64).T
    points = points[np.isfinite(points).all(axis=1)]
    big = Image.new("RGB", (WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING), WHITE)
    pen = ImageDraw.Draw(big)
    frame = (LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM)
    pen.rectangle([edge * OVERSAMPLING for edge in frame], outline=FAINT, width=OVERSAMPLING)
    lowest, highest = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.ones(2))
    span = np.where(highest > lowest, highest - lowest, 1.0)
    inner = np.array([WIDTH - RIGHT - LEFT, HEIGHT - BOTTOM - TOP]) - 6 * DOT
    for share in (points - lowest) / span:
        across, up = share * inner
        centre = np.array([LEFT + 3 * DOT + across, HEIGHT - BOTTOM - 3 * DOT - up])
        box = np.concatenate([centre - DOT, centre + DOT]) * OVERSAMPLING
        pen.ellipse([float(edge) for edge in box], fill=STRONG if strong else PLAIN)
    image = big.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    pen = ImageDraw.Draw(image)
    font, small = ImageFont.load_default(13), ImageFont.load_default(11)
    pen.text((LEFT, TOP - 8), title, STRONG if strong else INK, font, anchor="lb")
    if len(points):
        below, left = HEIGHT - BOTTOM + 6, LEFT - 6
        pen.text((LEFT + 3 * DOT, below), _short(lowest[0]), INK, small, anchor="mt")
        pen.text((WIDTH - RIGHT - 3 * DOT, below), _short(highest[0]), INK, small, anchor="mt")
        pen.text((left, HEIGHT - BOTTOM - 3 * DOT), _short(lowest[1]), INK, small, anchor="rm")
        pen.text((left, TOP + 3 * DOT), _short(highest[1]), INK, small, anchor="rm")
    return np.array(image)


def _short(value: float) -> str:
    return f"{value:.3g}"
