"""Landmarks carried: whether a model's shapes take a point of one image to the same point of another.

Nothing learns from the landmarks. Over ordered pairs of images A and B, each landmark of A is carried to B and compared
with B's own, in % of the distance between two landmarks of B that the user names (the eyes, say). Beside it stands the
same with nothing carried: A's landmark at its place in the picture. Places in pictures are compared, so images of
other sizes, cropped or padded as the model sees them, are measured alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw

from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent
from gaia_stim.images import Frame, Pixels, Positions
from gaia_stim.networks.base import Shaped
from gaia_stim.space.carrying import FIELD, Carrier
from gaia_stim.space.registering import residuals_of
from gaia_stim.space.space import Image, Space

MOST = 64
"""Images; all ordered pairs of them are measured."""
SHOWN = 640
"""Pixels of a side of the picture of landmarks."""
UNMOVED, CARRIED = (200, 30, 30), (20, 130, 60)


@dataclass(frozen=True, eq=False)
class LandmarkFigures:
    """Mean distances in % of the distance between two landmarks."""

    error: float | None
    """Landmarks carried; None of a model without a shape."""
    unmoved: float
    by_landmark: npt.NDArray[np.float64] | None
    """(landmarks,), of `error`."""
    unmoved_by_landmark: npt.NDArray[np.float64]
    images: int
    pairs: int
    shapes_fitted: bool = False
    """Whether each image's shape was fitted to it, and not its code alone."""


def landmark_figures(
    space: Space,
    pictures: Pixels,
    landmarks: Sequence[Positions],
    frames: Sequence[Frame],
    scale: tuple[int, int],
    refine: int = 0,
    files: Sequence[Image] = (),
    listen: Listener = silent,
) -> LandmarkFigures:
    """Of images as the model sees them, their landmarks in pixels of their files, and what their files' frames are.

    The code of each image is fitted to it by `refine` steps first, and then, where they are given, its shape to the
    file itself, as a photograph's that is carried is.
    Raises `DataError` where there are fewer than two images, or the two landmarks of `scale` lie on one another.
    """
    if len(pictures) < 2:
        raise DataError(f"landmarks of {len(pictures)} held-out image; at least two images are needed")
    pictures, landmarks, frames = pictures[:MOST], landmarks[:MOST], frames[:MOST]
    places = [frame.model(points) for frame, points in zip(frames, landmarks, strict=True)]
    units = [float(np.linalg.norm(points[scale[0]] - points[scale[1]])) for points in places]
    if not all(unit > 0 for unit in units):
        raise DataError("the two landmarks to scale by lie in one place, or are missing, in some images")
    decoder = space.model.decoder
    carrier, own = None, None
    if isinstance(decoder, Shaped):
        codes = space.fitted(list(pictures), refine)
        if refine and files:
            own = residuals_of(space, codes, (space.prepare(file, FIELD) for file in files[:MOST]), refine, listen)
        carrier = Carrier(decoder, codes, own)
    pairs = [(a, b) for a in range(len(places)) for b in range(len(places)) if a != b]
    carried, unmoved = [], []
    for a, b in pairs:
        unmoved.append(np.linalg.norm(places[a] - places[b], axis=1) / units[b])
        if carrier is not None:
            carried.append(np.linalg.norm(carrier.carry(places[a], a, b) - places[b], axis=1) / units[b])
    before = 100 * np.nanmean(unmoved, axis=0)
    after = 100 * np.nanmean(carried, axis=0) if carrier is not None else None
    return LandmarkFigures(
        error=None if after is None else float(np.nanmean(after)),
        unmoved=float(np.nanmean(before)),
        by_landmark=after,
        unmoved_by_landmark=before,
        images=len(places),
        pairs=len(pairs),
        shapes_fitted=own is not None,
    )


def landmark_picture(
    pictures: Pixels,
    landmarks: Sequence[Positions],
    frames: Sequence[Frame],
    figures: LandmarkFigures,
    scale: tuple[int, int],
) -> Pixels:
    """The images' mean, and round the mean place of each landmark two circles: its mean error unmoved and carried."""
    mean = pictures.astype(np.float64).mean(axis=0).round().astype(np.uint8)
    picture = Pillow.fromarray(np.broadcast_to(mean, (*mean.shape[:2], 3)).copy()).resize((SHOWN, SHOWN))
    # Faded, so that the circles stand out.
    picture = Pillow.blend(picture, Pillow.new("RGB", picture.size, (255, 255, 255)), 0.45)
    pen = ImageDraw.Draw(picture)
    places = np.nanmean([frame.model(points) for frame, points in zip(frames, landmarks, strict=True)], axis=0)
    unit = float(np.linalg.norm(places[scale[0]] - places[scale[1]])) * SHOWN / 2
    centres = (places + 1) * SHOWN / 2
    for errors, colour in ((figures.unmoved_by_landmark, UNMOVED), (figures.by_landmark, CARRIED)):
        if errors is None:
            continue
        for (x, y), error in zip(centres, errors, strict=True):
            radius = error / 100 * unit
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=2)
    told = f"red: not carried, {figures.unmoved:.1f} %"
    if figures.error is not None:
        told += f"; green: carried, {figures.error:.1f} %"
    return contact_sheet(
        [np.array(picture)],
        1,
        labels=["radius: mean distance from the image's own landmark"],
        title=f"Landmarks ({told} of the distance {scale[0]}-{scale[1]})",
        scale=1,
    )
