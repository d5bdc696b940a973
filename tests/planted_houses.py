"""Houses of their own colours that were displaced by similarities, to be put in one place again."""

import numpy as np
from PIL import Image, ImageDraw
from skimage.transform import SimilarityTransform, warp

from gaia_stim.images import Pixels

SIDE = 96


def house(chance: np.random.Generator) -> Pixels:
    """A house of its own colours, each with a window, a door and a chimney, but not the same hedge."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(picture)
    wall, roof, hedge = (tuple(int(value) for value in chance.integers(60, 200, 3)) for _ in range(3))
    left = int(chance.integers(4, 60))
    pen.ellipse((left, 74, left + 30, 90), hedge)
    pen.rectangle((60, 18, 66, 40), roof, "black")
    pen.polygon([(22, 44), (48, 20), (74, 44)], roof, "black")
    pen.rectangle((28, 44, 68, 76), wall, "black")
    pen.rectangle((33, 50, 45, 60), "white", "black")
    pen.rectangle((52, 54, 62, 76), "white", "black")
    return np.array(picture)


def planted(chance: np.random.Generator) -> SimilarityTransform:
    centre = np.full(2, (SIDE - 1) / 2)
    about = SimilarityTransform(scale=chance.uniform(0.85, 1.15), rotation=np.radians(chance.uniform(-15, 15)))
    moved = SimilarityTransform(translation=centre + chance.uniform(-0.08, 0.08, 2) * SIDE)
    return SimilarityTransform(translation=-centre) + about + moved


def displaced(image: Pixels, truth: SimilarityTransform) -> Pixels:
    return np.rint(warp(image / 255, truth.inverse, order=3, mode="edge", clip=True) * 255).astype(np.uint8)
