"""Before and after: what an alignment did to each image, to be looked at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from gaia_stim.alignment.anchors import Anchored
from gaia_stim.alignment.outcome import Outcome
from gaia_stim.alignment.target import Target
from gaia_stim.drawing.ink import FAINT, SERIES
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.images import Pixels, fit_image, read_image, with_channels

MOST, COLUMNS, SIDE = 24, 4, 150
"""Images on a sheet, in a row, and pixels of a picture's side."""


def alignment_sheet(folder: Path, images: Sequence[Outcome], target: Target) -> Pixels:
    """Originals with their two places marked, each beside what became of it: those that are unsure first."""
    order = sorted(images, key=lambda image: (not image.why, image.path))
    shown = order[:MOST]
    labels = [f"{image.path}: {image.why}" if image.why else image.path for image in shown]
    title = f"By {target.by}: before and after"
    if len(images) > MOST:
        title += f", {MOST} of {len(images)} images"
    return contact_sheet([_pair(folder, image, target) for image in shown], COLUMNS, labels=labels, title=title, gap=10)


def _pair(folder: Path, image: Outcome, target: Target) -> Pixels:
    pixels = with_channels(read_image(folder / image.path), 3)
    after = np.full((SIDE, SIDE, 3), FAINT, np.uint8)
    if image.anchored and not image.left_out:
        after = fit_image(target.put(pixels, image.anchored), SIDE, "pad")
    return np.concatenate([_marked(pixels, image.anchored), after], axis=1)


def _marked(pixels: Pixels, anchored: Anchored | None) -> Pixels:
    """The picture, small, with rings round its two places."""
    scale = SIDE / max(pixels.shape[:2])
    made = Image.fromarray(fit_image(pixels, SIDE, "pad"))
    if anchored:
        corner = (SIDE - np.array(pixels.shape[1::-1]) * scale) / 2
        for x, y in (anchored.pair + 0.5) * scale + corner:
            ImageDraw.Draw(made).ellipse((x - 4, y - 4, x + 4, y + 4), outline=SERIES[1], width=2)
    return np.array(made)
