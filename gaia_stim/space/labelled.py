"""From a table of labels and a folder of images to what a regression wants: codes and numbers, row by row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaia_stim.config import FolderConfig
from gaia_stim.dataset import Dataset
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Listener, Note
from gaia_stim.labels import Attribute, Labels, coding_in_words, join, problems, read_labels
from gaia_stim.labels.coding import AttributeValues
from gaia_stim.space.images import AS_EVER, codes_of, images_of
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import AttributeRecord

IMAGES = "images"
"""The folder beside the labels in which images are looked for first."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images and their labels, aligned; NaN where missing."""

    images: Dataset
    attributes: tuple[Attribute, ...]
    values: AttributeValues
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
    **rest: Any,
) -> dict[str, Any]:
    """The arguments of `read_labels`, as JSON values that can be kept and used again; of the `rest` those with a value.

    Vectors of an earlier version were asked for without the latter, and stay what was asked for.
    """
    return {
        "image_column": image_column,
        "categories": list(category or ()),
        "baselines": dict(baselines),
        "missing": list(missing or ()),
        **{name: value for name, value in rest.items() if value},
    }


def as_fitted(how: Mapping[str, Any], attributes: Iterable[AttributeRecord]) -> dict[str, Any]:
    """The reading of a fit with each coding of two words as it was then, whatever is known of words by now."""
    ones = [
        f"{one.column}={word}"
        for one in attributes
        if one.kind == "binary" and coding_in_words(one.name, one.levels, one.why)
        for word, number in one.levels
        if number == 1
    ]
    return {**how, "ones": [*how.get("ones", ()), *ones]}


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
    fitted; `ConfigError` for names that are not there, and where of two words nothing says which is 1.
    """
    labels = chosen_labels(file, how, chosen, without)
    home = folder or default_folder(file)
    images = images_of(space, home, listen, reading=folders)
    joined = join(labels, images.table["path"].tolist(), _from_table(images.folder, file))
    check_fittable(file, labels.attributes, joined.values)
    return Labelled(images, labels.attributes, joined.values, joined.matched, joined.summary, labels.notes)


def check_fittable(file: Path, attributes: Sequence[Attribute], values: AttributeValues) -> None:
    """Raises `DataError` where one of the attributes cannot be fitted on these rows of the table."""
    if found := problems(attributes, values):
        told = "; ".join(f"'{name}' {reason}" for name, reason in found.items())
        raise DataError(f"{file}: {told}. Leave out what cannot be fitted: --without {','.join(found)}")


def chosen_labels(file: Path, how: Mapping[str, Any], chosen: Sequence[str], without: Sequence[str]) -> Labels:
    """The labels of a table that are asked for; raises as `labelled`."""
    labels = read_labels(file, **how)
    if chosen:
        labels = labels.select(chosen)
    elif asked := [f"'{name}': {text}" for name, text in labels.asked.items() if name not in without]:
        raise ConfigError(f"{file}: {'; '.join(asked)} (or the other word; or --without the column)")
    if without:
        dropped = set(labels.select(name for name in without if name not in labels.asked).names)
        kept = [name for name in labels.names if name not in dropped]
        if not kept:
            raise DataError(f"{file}: nothing is left where {', '.join(without)} is left out")
        labels = labels.select(kept)
    return labels


def default_folder(labels: Path) -> Path:
    """Where the images of a table are, when nothing is said: `images` beside it, else beside it."""
    beside = labels.parent / IMAGES
    return beside if beside.is_dir() else labels.parent


def tell(found: Labelled, listen: Listener) -> None:
    """Say how labels were read and joined."""
    for note in found.notes:
        listen(Note(note))
    listen(Note(found.summary))


def codings(attributes: Iterable[Attribute | AttributeRecord]) -> list[str]:
    """Which of two words is 1, and why, for each attribute that was written as two words."""
    binary = [one for one in attributes if one.kind == "binary"]
    return [said for one in binary if (said := coding_in_words(one.name, one.levels, one.why))]


def _from_table(folder: Path, file: Path) -> str:
    """A folder as a table has it that stands above; empty where it does not."""
    home, table = folder.absolute(), file.parent.absolute()
    return home.relative_to(table).as_posix() if home.is_relative_to(table) and home != table else ""
