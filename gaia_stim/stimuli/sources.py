"""The images that stimuli are made of: whose they are, how the model sees them, and their codes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.alignment import AT_REST, Turned
from gaia_stim.dataset import Dataset, image_ids
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file
from gaia_stim.images import Frame as Square
from gaia_stim.images import Pixels, every_image, first, has_several, hash_pixels, is_grey, read_image, several_in_words
from gaia_stim.metrics.reconstruction import l1
from gaia_stim.networks.base import Shaped
from gaia_stim.space.carrying import FIELD, Residuals
from gaia_stim.space.paths import Code, Codes
from gaia_stim.space.photographs import Photograph
from gaia_stim.space.placing import AUTO, found_in, moves, photograph, square
from gaia_stim.space.registering import residuals_of
from gaia_stim.space.residuals import placed
from gaia_stim.space.space import Image, Space
from gaia_stim.stimuli import licences
from gaia_stim.stimuli.points import PointsGain, points_of
from gaia_stim.stimuli.provenance import Gain, Source

NOT_CARRIED = (
    "only photographs that are carried along go by points, and these stimuli are the model's own pictures; give a "
    "model with a shape (--network deform), and --size N or photographs larger than its pictures"
)


@dataclass(frozen=True, eq=False)
class SourceImage:
    """An image with its source."""

    source: Source
    original: Image
    picture: Pixels
    """As the model sees it: uint8 (size, size, channels)."""
    frame: Square | Turned
    """The square that it was cut or padded to."""

    @property
    def side(self) -> int:
        """Pixels of a side of that square."""
        return int(self.frame.side)

    def at(self, space: Space, side: int) -> Pixels:
        """The same square at another size: uint8 (side, side, channels). Raises `DataError` where it is gone."""
        return square(space, self.original, self.source.placement, side)

    def photograph(self, space: Space, code: Code) -> Photograph:
        """What is carried of it, by this code; it is read when it is needed."""
        return photograph(space, self.original, self.source.placement, code)


@dataclass(frozen=True, eq=False)
class Encoded:
    """The codes of images, in order, and what provenance tells of them."""

    codes: Codes
    record: dict[str, Any] = field(default_factory=dict)
    residuals: Residuals | None = None
    """Velocities of their own beside those of their codes."""


def gather(
    space: Space,
    images: Iterable[Image | SourceImage],
    listen: Listener = silent,
    *,
    follow_links: bool = False,
    align: str = AUTO,
    folders: bool = True,
) -> list[SourceImage]:
    """Read and check images, in order; of a folder, where `folders` may be, all in it. What was gathered stays.

    Where the model's images were aligned, further ones are put in the same place, unless they lie there, or `align`
    is "none". The listener hears of it, and of which only the first picture is used. Raises `DataError` where one
    cannot be read, cannot be aligned, is a link in a folder that leads out of it, or is in colour and the model has
    learned from grey images.
    """
    given = [one for image in images for one in (_in_folder(image, follow_links) if folders else [image])]
    fresh = [one for one in given if not isinstance(one, SourceImage)]
    read = [_gathered(space, name, image, align) for name, image in zip(_ids(fresh), fresh, strict=True)]
    if several := [str(image) for image in fresh if not isinstance(image, np.ndarray) and has_several(Path(image))]:
        listen(Note(several_in_words(several)))
    for note in _placed_in_words(space, read):
        listen(note)
    new = iter(read)
    return [one if isinstance(one, SourceImage) else next(new) for one in given]


def encoded(
    space: Space,
    images: Sequence[SourceImage],
    refine: int = 0,
    points: Path | None = None,
    listen: Listener = silent,
    *,
    is_carried: bool = False,
) -> Encoded:
    """The codes of the images, each fitted to its image by `refine` steps; the listener hears what that gained.

    Images that are carried along get velocities of their own, too: by as many steps, and by their points in a file.
    Raises `ConfigError` for points of images that are not carried, else as `stimuli.points`.
    """
    if points is not None and not is_carried:
        raise ConfigError(f"--points {points}: {NOT_CARRIED}")
    found = _refined(space, images, refine, listen)
    if refine and is_carried:
        pictures = (image.at(space, FIELD) for image in images)
        if (own := residuals_of(space, found.codes, pictures, refine, listen)) is not None:
            told = {"refinement": {**found.record["refinement"], "shapes": True}}
            found = replace(found, record={**found.record, **told}, residuals=own)
    return found if points is None else _placed(space, images, found, points, listen)


def _placed(space: Space, images: Sequence[SourceImage], found: Encoded, points: Path, listen: Listener) -> Encoded:
    places = points_of(points, [(image.source.path, image.frame) for image in images])
    decoder = space.model.decoder
    assert isinstance(decoder, Shaped)
    own = placed(decoder, found.codes, places, found.residuals)
    gained = [PointsGain.of(image.source.source_id, one) for image, one in zip(images, own, strict=True)]
    for gain in gained:
        listen(Note(f"points of {gain.source_id}: {gain.off_before:.2f} % to {gain.off_after:.2f} % of a side away"))
    told = {"points": {"used": len(places[0]), "images": [vars(gain) for gain in gained]}}
    return Encoded(found.codes, {**found.record, **told}, np.stack([one.residual for one in own]))


def _refined(space: Space, images: Sequence[SourceImage], refine: int, listen: Listener) -> Encoded:
    pictures = [image.picture for image in images]
    codes = space.encode(pictures)
    if not refine:
        return Encoded(codes)
    refined = space.refine(pictures, codes, refine)
    before, after = (l1(space.decode(found), np.stack(pictures)) for found in (codes, refined))
    gained = [
        Gain(image.source.source_id, float(was), float(now))
        for image, was, now in zip(images, before, after, strict=True)
    ]
    for gain in gained:
        listen(
            Note(f"refined {gain.source_id}: reconstruction error {gain.error_before:.4f} to {gain.error_after:.4f}")
        )
    return Encoded(refined, {"refinement": {"steps": refine, "images": [vars(gain) for gain in gained]}})


def joined_ids(images: Iterable[SourceImage]) -> str:
    """Their ids as a manifest's cell has them."""
    return ";".join(image.source.source_id for image in images)


def all_of(name: str, images: Dataset) -> Source:
    """A whole folder as one source; whoever is made of it carries the strictest of its licences."""
    licence = licences.strictest(licences.licence_of(images.folder / path) for path in images.table["path"])
    return Source(name, str(images.folder), images.content_hash, licence)


def some_of(images: Dataset, rows: Sequence[int]) -> list[Source]:
    """Images of a folder as sources, by their rows."""
    chosen = images.table.iloc[list(rows)]
    return [
        Source(name, str(images.folder / path), image_hash, licences.licence_of(images.folder / path))
        for name, path, image_hash in zip(chosen["image_id"], chosen["path"], chosen["image_hash"], strict=True)
    ]


def _in_folder(image: Image | SourceImage, follow_links: bool) -> Sequence[Image | SourceImage]:
    if isinstance(image, str | Path) and Path(image).is_dir():
        return every_image(Path(image), follow_links=follow_links)
    return [image]


def _ids(images: Sequence[Image]) -> list[str]:
    """What images are called; pixels of no file by their place."""
    paths = [None if isinstance(image, np.ndarray) else Path(image) for image in images]
    names = [f"image_{place + 1}" if path is None else path.name for place, path in enumerate(paths)]
    if len(set(names)) < len(names):
        names = [name if path is None else path.absolute().as_posix() for name, path in zip(names, paths, strict=True)]
    return image_ids(names)


def _source(name: str, image: Image) -> Source:
    if isinstance(image, np.ndarray):
        return Source(name, "", hash_pixels(image))
    return Source(name, str(image), hash_file(Path(image)), licences.licence_of(Path(image)))


def read_source(space: Space, source: Source, image: Image) -> SourceImage:
    """The image of a source that is known already, put where it was put then. Raises as `gather`."""
    return _seen(space, source, image, _checked(space, image))


def _gathered(space: Space, name: str, image: Image, align: str) -> SourceImage:
    pixels = _checked(space, image)
    source = _source(name, image)
    found = found_in(space, Path(source.path), source.image_hash, pixels, align) if source.path else None
    if found is None:
        return _seen(space, source, image, pixels)
    placement = found.placement if moves(found, align) else None
    return _seen(space, replace(source, placement=placement, off_frame=round(found.off, 4)), image, pixels)


def _seen(space: Space, source: Source, image: Image, pixels: Pixels) -> SourceImage:
    placement, frame = source.placement, space.config.alignment
    if placement is not None and frame is not None:
        shown: Square | Turned = Turned(placement, frame.target.size)
    else:
        shown = Square.of(pixels.shape[0], pixels.shape[1], space.config.dataset.fit)
    return SourceImage(source, image, square(space, pixels, placement), shown)


def _placed_in_words(space: Space, images: Sequence[SourceImage]) -> list[Note]:
    """What a listener hears of what was put in its place, and of what lies elsewhere."""
    placed = [image.source.path for image in images if image.source.placement is not None]
    off = [
        image.source.path
        for image in images
        if image.source.placement is None and (image.source.off_frame or 0.0) > AT_REST
    ]
    notes = []
    if placed:
        notes.append(Note(f"aligned as the model's images were: {first(placed)}"))
    if off:
        lie = "does not lie where the model's images do" if len(off) == 1 else "do not lie where the model's images do"
        notes.append(Note(f"{first(off)} {lie}, and no code describes that well; leave out --align none", warning=True))
    return notes


def _checked(space: Space, image: Image) -> Pixels:
    """The pixels of an image that the model can be shown."""
    pixels = image if isinstance(image, np.ndarray) else read_image(Path(image), space.config.dataset.background)
    # A model trained with --channels 1 saw its colour images as grey too, and wants these so.
    wants_grey = space.config.options.get("channels") == "1"
    if space.config.model.channels == 1 and not wants_grey and not is_grey(pixels):
        name = "the image" if isinstance(image, np.ndarray) else str(image)
        raise DataError(
            f"{name}: is in colour, and the model ({space.run}) has learned from grey images; "
            "make the image grey, or give a --model of colour images"
        )
    return pixels
