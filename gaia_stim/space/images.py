"""The images that a space was made of, or others, as its model sees them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from gaia_stim.config import FolderConfig
from gaia_stim.dataset import Dataset, cache_folder, open_dataset
from gaia_stim.devices import cores
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.files import hash_bytes, write_bytes
from gaia_stim.images import Pixels, decode_image, in_turn_if_large, read_bytes, shape_of
from gaia_stim.runs import DatasetRecord
from gaia_stim.space.paths import Codes
from gaia_stim.space.placing import AUTO, found_in, moves, square
from gaia_stim.space.space import Space

AS_EVER = FolderConfig()
AHEAD = 64
"""Images that are read while others are encoded."""


def images_of(
    space: Space,
    folder: Path | None,
    listen: Listener = silent,
    option: str = "--images",
    *,
    reading: FolderConfig = AS_EVER,
    greyed: bool = False,
) -> Dataset:
    """The images of a folder, else those that the model was trained on, as the model sees them.

    The latter are told by their hashes: a folder that merely has the recorded name is not taken. What was held out of
    the training is held out here, and all of a folder that shares no image with it. `option` names the folder on the
    command line. Raises `DataError` where they are gone or others now, or are in colour and the model has learned from
    grey ones, unless they may be `greyed`.
    """
    trained = space.config.dataset
    home = folder or Path(trained.folder)
    ask = f"name them, or others of their kind, by {option} DIR"
    if folder is None and not home.is_dir():
        raise DataError(f"{home}: the images that this model was trained on are not here; {ask}")
    given = folder is not None
    images = opened(space, home, listen, reading=reading, colour=given, grey=given and greyed)
    is_trained_on = images.content_hash == trained.content_hash
    if folder is None and not is_trained_on:
        # A path is no proof: another project may have a folder of that name.
        raise DataError(f"{home}: its images are not, or no longer, those that this model was trained on; {ask}")
    if images.channels != space.shape[2]:
        raise DataError(f"{home}: has images in colour, and the model ({space.run}) has learned from grey ones")
    if not is_trained_on and Path(trained.folder).is_dir():
        learned_from = opened(space, Path(trained.folder))
        is_there = learned_from.content_hash == trained.content_hash
        if is_there and set(learned_from.table["image_hash"]).isdisjoint(images.table["image_hash"]):
            return images.split(np.ones(len(images), dtype=bool))
    return split_as_trained(images, trained)


def codes_of(space: Space, images: Dataset, listen: Listener = silent) -> Codes:
    """The codes of all images, (n, latent), encoded once for each model: later calls read them from the cache."""
    key = hash_bytes(f"{space.model_hash}\n{images.content_hash}".encode())
    file = cache_folder() / "codes" / f"{key}.f32"
    shape = (len(images), space.latent)
    if file.is_file() and file.stat().st_size == 4 * shape[0] * shape[1]:
        return np.fromfile(file, dtype="<f4").astype(np.float32).reshape(shape)
    pictures = (images.batch([row])[0] for row in range(len(images)))
    codes = space.encode(tracked(pictures, "encoding", len(images), listen))
    write_bytes(file, codes.astype("<f4").tobytes())
    return codes


def split_as_trained(images: Dataset, trained: DatasetRecord) -> Dataset:
    """The images with those held out that a training held out: a tenth by hash, or those that a user named."""
    if trained.held_out is None:
        return images
    return images.split(images.table["image_hash"].isin(trained.held_out).to_numpy())


def opened(
    space: Space,
    home: Path,
    listen: Listener = silent,
    *,
    reading: FolderConfig = AS_EVER,
    colour: bool = False,
    grey: bool = False,
) -> Dataset:
    """A folder's images as training opens them, so that its own come from its own cache, which others would double.

    Links are followed where the training did so, or where `reading` says so.
    Where its images are of another kind than the model's, they are taken as `colour`, or as `grey`, if that may be.
    """
    trained, model = space.config.dataset, space.config.model
    as_trained: Literal["auto", "1", "3"] = space.config.options.get("channels", "auto")
    follow_links = reading.follow_links or bool(space.config.options.get("follow_links"))

    def open_as(channels: Literal["auto", "1", "3"], listen: Listener) -> Dataset:
        return open_dataset(
            home,
            model.size,
            channels=channels,
            fit=trained.fit,
            background=trained.background,
            strict=reading.strict,
            follow_links=follow_links,
            listen=listen,
        )

    images = open_as(as_trained, listen)
    if images.channels == 1 and model.channels == 3 and colour:
        return open_as("3", silent)
    if images.channels == 3 and model.channels == 1 and grey:
        return open_as("1", silent)
    return images


@dataclass(frozen=True, eq=False)
class Loaded:
    """An image as the model sees it."""

    image_hash: str
    picture: Pixels
    several: bool
    """Whether its file has more pictures, which are not used."""


def loaded(space: Space, paths: Sequence[Path], align: str = AUTO) -> Iterator[tuple[Path, Loaded | DataError]]:
    """Each image, put where the model's are, or why it cannot be read; some ahead of their use, on other cores."""

    def shown(path: Path, content: bytes, image_hash: str) -> Pixels:
        pixels = decode_image(content, str(path), space.config.dataset.background)
        found = found_in(space, path, image_hash, pixels, align)
        return square(space, pixels, found.placement if found and moves(found, align) else None)

    def load(path: Path) -> Loaded | DataError:
        try:
            content = read_bytes(path)
            image_hash = hash_bytes(content)
            pixels = in_turn_if_large(content, lambda: shown(path, content, image_hash))
            return Loaded(image_hash, pixels, shape_of(content).several)
        except DataError as error:
            return error

    with ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(paths), AHEAD):
            window = paths[start : start + AHEAD]
            yield from zip(window, pool.map(load, window), strict=True)
