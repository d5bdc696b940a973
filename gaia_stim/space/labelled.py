"""From a table of labels and a folder of images to what a regression wants: codes and numbers, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaia_stim.config import FolderConfig
from gaia_stim.dataset import Dataset
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note
from gaia_stim.labels import Attribute, join, problems, read_labels
from gaia_stim.space.images import AS_EVER, codes_of, images_of
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space

IMAGES = "images"
"""The folder beside the labels in which images are looked for first."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images and their labels, aligned; NaN where missing."""

    images: Dataset
    attributes: tuple[Attribute, ...]
    values: npt.NDArray[np.float64]
    """(images, attributes)"""
    matched: int
    summary: str
    notes: tuple[str, ...]

    def codes(self, space: Space, listen: Listener) -> Codes:
        """The codes of all images, from the cache where they are known."""
        return codes_of(space, self.images, listen)


def reading(
    image_column: str | None,
    category: Sequence[str] | None,
    baselines: Mapping[str, str],
    missing: Sequence[str] | None,
) -> dict[str, Any]:
    """The arguments of `read_labels`, as JSON values that can be kept and used again."""
    return {
        "image_column": image_column,
        "categories": list(category or ()),
        "baselines": dict(baselines),
        "missing": list(missing or ()),
    }


def labelled(
    space: Space,
    file: Path,
    folder: Path | None,
    how: Mapping[str, Any],
    chosen: Sequence[str],
    without: Sequence[str],
    listen: Listener,
    folders: FolderConfig = AS_EVER,
) -> Labelled:
    """The images of a folder with their labels, as the model sees them.

    Raises `DataError` where the table is none, labels and images do not belong together, or an attribute cannot be
    fitted; `ConfigError` for names that are not there.
    """
    labels = read_labels(file, **how)
    if chosen:
        labels = labels.select(chosen)
    if without:
        dropped = set(labels.select(without).names)
        kept = [name for name in labels.names if name not in dropped]
        if not kept:
            raise DataError(f"{file}: nothing is left where {', '.join(without)} is left out")
        labels = labels.select(kept)
    home = folder or default_folder(file)
    images = images_of(space, home, listen, reading=folders)
    joined = join(labels, _as_written(images, file))
    if found := problems(labels.attributes, joined.values):
        told = "; ".join(f"'{name}' {reason}" for name, reason in found.items())
        raise DataError(f"{file}: {told}. Leave out what cannot be fitted: --without {','.join(found)}")
    return Labelled(images, labels.attributes, joined.values, joined.matched, joined.summary, labels.notes)


def default_folder(labels: Path) -> Path:
    """Where the images of a table are, when nothing is said: `images` beside it, else beside it."""
    beside = labels.parent / IMAGES
    return beside if beside.is_dir() else labels.parent


def tell(found: Labelled, listen: Listener) -> None:
    """Say how labels were read and joined."""
    for note in found.notes:
        listen(Note(note))
    listen(Note(found.summary))


def _as_written(images: Dataset, file: Path) -> list[str]:
    """The images' paths as a table beside them would have them."""
    paths = images.table["path"].tolist()
    home, table = images.folder.absolute(), file.parent.absolute()
    before = home.relative_to(table).as_posix() if home.is_relative_to(table) and home != table else ""
    return [f"{before}/{path}" if before else path for path in paths]
