"""The images that stimuli are made of: all read and checked before anything is made, encoded when it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note
from gaia_stim.images import Pixels, find_images, is_grey, read_image
from gaia_stim.metrics.reconstruction import l1
from gaia_stim.pipeline.sets import Source, describe_sources
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space


@dataclass(frozen=True)
class Gain:
    """What refinement did for one image: mean absolute error of its reconstruction, in [0, 1]."""

    source_id: str
    error_before: float
    error_after: float


@dataclass(frozen=True, eq=False)
class Ingredients:
    """Images as the model sees them, and whose they are."""

    sources: list[Source]
    pictures: list[Pixels]


@dataclass(frozen=True, eq=False)
class Encoded:
    """The codes of ingredients, in order, and what provenance tells of them."""

    codes: Codes
    record: dict[str, Any] = field(default_factory=dict)


def gather(space: Space, paths: Sequence[Path]) -> Ingredients:
    """Read the images, in order; of a folder, all that are in it.

    Raises `DataError` where one cannot be read, or is in colour and the model has learned from grey images.
    """
    files = [path for given in paths for path in (find_images(given) if given.is_dir() else [given])]
    pictures = [_prepared(space, path) for path in files]
    return Ingredients(describe_sources(files), pictures)


def encoded(space: Space, images: Ingredients, refine: int, listen: Listener) -> Encoded:
    """The codes of the images, each fitted to its image by `refine` steps; the listener hears what that gained."""
    codes = space.encode(images.pictures)
    if not refine:
        return Encoded(codes)
    pictures = np.stack(images.pictures)
    refined = space.refine(images.pictures, codes, refine)
    before, after = (l1(space.decode(found), pictures) for found in (codes, refined))
    names = [source.source_id for source in images.sources]
    gains = [Gain(name, float(was), float(now)) for name, was, now in zip(names, before, after, strict=True)]
    for gain in gains:
        listen(
            Note(f"refined {gain.source_id}: reconstruction error {gain.error_before:.4f} to {gain.error_after:.4f}")
        )
    return Encoded(refined, {"refinement": {"steps": refine, "images": [vars(gain) for gain in gains]}})


def gains(plan: dict[str, Any]) -> tuple[Gain, ...]:
    """What refinement did, read back from a plan in provenance.json."""
    return tuple(Gain(**gain) for gain in plan.get("refinement", {}).get("images", ()))


def _prepared(space: Space, path: Path) -> Pixels:
    pixels = read_image(path, space.config.dataset.background)
    # A model trained with --channels 1 saw its colour images as grey too, and wants these so.
    wants_grey = space.config.options.get("channels") == "1"
    if space.config.model.channels == 1 and not wants_grey and not is_grey(pixels):
        raise DataError(
            f"{path}: is in colour, and the model ({space.run}) has learned from grey images; "
            "make the image grey, or give a --model of colour images"
        )
    return space.prepare(pixels)
