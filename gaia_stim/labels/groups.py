"""Which images belong together, a person's say, so that none of them is trained on while another is held out."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaia_stim.errors import ConfigError, DataError, unknown_name
from gaia_stim.gate import text_of
from gaia_stim.labels.joining import rows_of
from gaia_stim.labels.table import column_of_images, is_image_name
from gaia_stim.tabular import read_table

SHARE = 0.1
"""Of the groups, where nobody says which to hold out."""
LARGEST_LIST = 10_000_000
"""Bytes of a list of what to hold out."""


def read_groups(file: Path, column: str, images: Sequence[str]) -> list[str]:
    """What a column of a table says of each image; an image of which it says nothing is a group of its own.

    Raises `ConfigError` where there is no such column, `DataError` where it names nobody or one group only.
    """
    table = read_table(file, fits=lambda names: column in names and any(map(is_image_name, names)))
    image = column_of_images(table)
    if column not in table.columns or column == image:
        raise unknown_name(f"column of {file}", column, [name for name in table.columns if name and name != image])
    values: list[str] = table.frame[column].tolist()
    rows = rows_of(file, table.frame[image].tolist(), images)
    named = [values[row] if row >= 0 else "" for row in rows]
    if not any(named):
        raise DataError(f"{file}: column '{column}' names nobody for any of these {len(images)} images")
    if len(set(named)) == 1:
        raise DataError(f"{file}: column '{column}' is '{named[0]}' for all images; nothing could be held out")
    return [name or image for name, image in zip(named, images, strict=True)]


def by_chance(groups: Sequence[str]) -> npt.NDArray[np.bool_]:
    """(images,): whether each belongs to the `SHARE` of groups that are held out, by a hash of their names.

    A group stays on its side whatever others there are; where a side would be empty, the first by hash changes it.
    """
    places = {group: int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 2**32 for group in groups}
    chosen = {group for group, place in places.items() if place < SHARE}
    if not chosen:
        chosen = {min(places, key=places.__getitem__)}
    elif len(chosen) == len(places):
        chosen.discard(max(places, key=places.__getitem__))
    return np.array([group in chosen for group in groups])


def by_list(file: Path, images: Sequence[str], groups: Sequence[str] | None) -> npt.NDArray[np.bool_]:
    """(images,): whether each is held out by a file that names images or groups, one a line; `#` begins a remark.

    An image that is named takes its whole group with it. Raises `ConfigError`, with the line, for what is neither, and
    where nothing or everything would be held out.
    """
    try:
        lines = text_of(file, LARGEST_LIST).splitlines()
    except DataError as error:
        raise ConfigError(f"--hold-out {error}") from error
    own = list(images) if groups is None else list(groups)
    known = set(own)
    chosen: set[str] = set()
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        if name not in known:
            row = int(rows_of(file, images, [name])[0])
            if row < 0:
                what = "an image" if groups is None else "an image or a group"
                raise ConfigError(f"{file}:{number}: '{name}' is not {what} of this folder")
            name = own[row]
        chosen.add(name)
    held_out = np.array([group in chosen for group in own])
    if not held_out.any() or held_out.all():
        raise ConfigError(f"--hold-out {file}: holds {'nothing' if not held_out.any() else 'everything'} out")
    return held_out
