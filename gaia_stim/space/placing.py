"""Photographs put where a model's images are: what `gaia-stim align` did to these is done to further ones."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gaia_stim.alignment import AT_REST, Found, Placement, View
from gaia_stim.errors import DataError
from gaia_stim.images import Pixels
from gaia_stim.space.paths import Code
from gaia_stim.space.photographs import Photograph

if TYPE_CHECKING:
    from gaia_stim.space.space import Image, Space

AUTO, AS_IT_IS = "auto", "none"


def found_in(space: "Space", path: Path, image_hash: str, pixels: Pixels, align: str = AUTO) -> Found | None:
    """Where a photograph belongs, and how far it lies from there.

    None where the model's images were not aligned, where this one was with them, and where nothing is found in it and
    `align` is "none". Raises `DataError` where it is "auto".
    """
    frame = space.config.alignment
    if frame is None or frame.holds(path, image_hash):
        return None
    try:
        found = frame.find(pixels, space.config.dataset.fit)
        if found.faces > 1 and moves(found, align):
            raise ValueError(f"it shows several faces ({found.faces}), and nobody says which is meant")
        return found
    except ValueError as error:
        if align == AS_IT_IS:
            return None
        raise DataError(
            f"{path}: {error}, and the images of this model were aligned; give an aligned image, or take all as they "
            "are with --align none"
        ) from None


def moves(found: Found | None, align: str) -> bool:
    """Whether it is to be sampled anew: what lies in its place is taken as it is."""
    return found is not None and align == AUTO and found.off > AT_REST


def square(space: "Space", image: "Image", placement: Placement | None, side: int | None = None) -> Pixels:
    """The square that the model is shown of an image, uint8 (side, side, channels); else of the model's own size."""
    frame = space.config.alignment
    if placement is None or frame is None:
        return space.prepare(image, side)
    return frame.cut(space.read(image), placement, side or space.shape[0])


def photograph(space: "Space", image: "Image", placement: Placement | None, code: Code) -> Photograph:
    """What is carried of an image, by this code; it is read when it is needed, once for its square and its view."""

    def around(side: int) -> tuple[Pixels, View | None]:
        pixels, frame = space.read(image), space.config.alignment
        view = frame.view(pixels, placement, side) if frame and placement else None
        return square(space, pixels, placement, side), view

    return Photograph(code, partial(square, space, image, placement), around=around)
