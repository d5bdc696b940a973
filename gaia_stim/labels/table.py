"""A file of labels as a design: which column names the images, and what each of the others is in numbers."""

import dataclasses
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.errors import ConfigError, DataError, unknown_name
from gaia_stim.images import IMAGE_SUFFIXES
from gaia_stim.labels.coding import Attribute, AttributeValues, Coded, Column, code
from gaia_stim.tabular import MISSING, Table, read_table

_IMAGE = "(image|img|picture|photo|stim|stimulus)"
_IMAGE_NAME = re.compile(rf"{_IMAGE}?(file|path|filename|filepath)|{_IMAGE}(name|id)?")
"""What a column of images is usually called, without case and signs: `Image_ID` is `imageid`."""
WEAK_IMAGE_NAMES = ("id", "name")
"""Names that a column of images may have where nothing better is found."""
NO_ATTRIBUTES = ("license", "licence")
"""Columns that this program reads for something else."""
CELEBA_FIRST = "5_o_Clock_Shadow"
"""CelebA's first attribute. Where it stands above the images, the header lacks their name and every row a value."""
MOST_LETTERS = 1000
"""Of what an attribute or its level can be called; what is longer is no word but a text."""
LOOKED_AT = 1000
"""Rows that tell whether a column holds names of image files."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Attributes of images, a row an image and a column an attribute."""

    file: Path
    images: list[str]
    """The image cell of each row, as written."""
    attributes: tuple[Attribute, ...]
    values: AttributeValues
    """(rows, attributes): 0 or 1 for binary ones and categories, the number for graded ones, NaN where missing."""
    lines: npt.NDArray[np.int64] | None = None
    """(rows,): the line of the file that each row stands on, where there is a file."""
    image_column: str = ""
    """What the column of the images is called; empty where the file has no name for it."""
    left_out: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Columns that are no attributes, and why."""
    notes: tuple[str, ...] = ()
    """What a user should know of how the file was read: a sentence each."""
    asked: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Columns of two words of which nothing says which is 1, and what is to be said; they are no attributes yet."""

    @property
    def names(self) -> list[str]:
        """The attributes' names, in the order of `values`."""
        return [attribute.name for attribute in self.attributes]

    def line(self, row: int) -> str:
        """Where a row stands, as " (line 7)"; empty where that is not known."""
        return "" if self.lines is None else f" (line {self.lines[row]})"

    def column(self, name: str) -> AttributeValues:
        """(rows,) values of one attribute. Raises `ConfigError`, as `select`, where there is none of that name."""
        [place, *others] = self._places(name)
        if others:
            raise ConfigError(f"{self.file}: '{name}' is several attributes: {', '.join(self._levels(name))}")
        return self.values[:, place]

    def select(self, names: Iterable[str]) -> "Labels":
        """Only these attributes, in this order; the name of a column of words means all of its levels.

        Raises `ConfigError`, with suggestions, where there is no such attribute.
        """
        places = list(dict.fromkeys(place for name in names for place in self._places(name)))
        chosen = tuple(self.attributes[place] for place in places)
        return dataclasses.replace(self, attributes=chosen, values=self.values[:, places])

    def _places(self, name: str) -> list[int]:
        places = [
            place for place, attribute in enumerate(self.attributes) if name in (attribute.name, attribute.column)
        ]
        if places:
            return places
        if name in self.asked:
            raise ConfigError(f"{self.file}: column '{name}': {self.asked[name]}")
        if name in self.left_out:
            raise ConfigError(f"{self.file}: column '{name}' is no attribute: it {self.left_out[name]}")
        for baseline, column in {(attribute.baseline, attribute.column) for attribute in self.attributes}:
            if name == f"{column}:{baseline}":
                others = ", ".join(self._levels(column))
                raise ConfigError(f"'{name}' is the baseline that {others} are measured against; choose one of those")
        raise unknown_name("attribute", name, self.names)

    def _levels(self, column: str) -> list[str]:
        return [attribute.name for attribute in self.attributes if attribute.column == column]


def read_labels(
    file: Path,
    image_column: str | None = None,
    categories: Sequence[str] = (),
    baselines: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    ones: Sequence[str] = (),
    decimal: str | None = None,
    sheet: str | None = None,
) -> Labels:
    """The attributes in a table of labels: CSV, XLSX, ODS or CelebA's text files; docs/labels.md says how.

    `image_column` names the column of the images where that is not plain; `categories` names columns whose numbers
    are names; `baselines` maps columns of words to the level that the others are measured against, else the most
    frequent one. Each of `missing` is a text that stands for a missing value, everywhere or, as `skin_tone=-1`, in
    one column; each of `ones` a word of two that is 1, wherever it stands or, as `glasses=ja`, in one column. `decimal`
    is what parts decimals, `.` or `,`. An image may have several rows where they all say the same.

    Raises `DataError`, naming file and line, where the table is not one; `ConfigError` where an option names what the
    table does not have.
    """
    table = read_table(file, sheet, lambda names: image_column in names or any(map(is_image_name, names)))
    if table.repeated:
        raise DataError(f"{file}:{table.header_line}: two columns are called '{table.repeated[0]}'; rename one")
    image = column_of_images(table, image_column)
    images = _images(table, image)
    chosen = baselines or {}
    others = [name for name in table.columns if name and name != image]
    for name in (*categories, *chosen):
        if name not in others:
            raise unknown_name(f"column of attributes in {file}", name, others)
    stands_for_missing, told_ones = _by_column(table, missing), _told_ones(table, ones)
    coded: dict[str, Coded] = {}
    for name in table.columns:
        if name == image:
            continue
        if name not in categories and (reason := _why_no_attribute(table, name)):
            coded[name] = Coded(left_out=reason)
            continue
        words = Column.read(table, name, stands_for_missing[name])
        if max(map(len, (name, *words.words))) > MOST_LETTERS:
            coded[name] = Coded(left_out=f"holds a text of more than {MOST_LETTERS:,} letters")
            continue
        coded[name] = code(words, name in categories, chosen.get(name), told_ones.get(name), decimal)
    labels = Labels(
        file=file,
        images=images,
        attributes=tuple(attribute for part in coded.values() for attribute in part.attributes),
        values=_beside(coded.values(), len(images)),
        lines=table.frame.index.to_numpy(),
        image_column=image,
        left_out={name: part.left_out for name, part in coded.items() if part.left_out},
        asked={name: part.asked for name, part in coded.items() if part.asked},
        notes=(
            *(f"{file.name}: {note}" for note in table.notes),
            *_image_notes(table, image, image_column),
            *_notes(coded),
        ),
    )
    if not labels.attributes and not labels.asked:
        reasons = "; ".join(f"{name} {reason}" for name, reason in labels.left_out.items())
        raise DataError(f"{file}: has no attributes beside the images{f' ({reasons})' if reasons else ''}")
    if twice := [name for name, count in Counter(labels.names).items() if count > 1]:
        raise DataError(f"{file}: two attributes would be called '{twice[0]}'; rename a column")
    return _once(labels, table.frame.index.to_numpy())


def is_image_name(header: str) -> bool:
    """Whether a column of that name usually holds images."""
    return _IMAGE_NAME.fullmatch(re.sub(r"[\W_]", "", header.casefold())) is not None


def problems(attributes: Sequence[Attribute], values: AttributeValues) -> dict[str, str]:
    """Why an attribute cannot be fitted on these rows, by its name; (rows, attributes) with NaN where missing.

    Named are those that are missing everywhere, constant, or in every row the same as one before.
    """
    found: dict[str, str] = {}
    first: dict[bytes, str] = {}
    for attribute, column in zip(attributes, values.T, strict=True):
        known = column[~np.isnan(column)]
        if len(known) == 0:
            found[attribute.name] = "is missing for every image"
        elif (known == known[0]).all():
            found[attribute.name] = f"is {known[0]:g} for every image that has it"
        elif (other := first.setdefault((column + 0.0).tobytes(), attribute.name)) != attribute.name:
            found[attribute.name] = f"is the same as '{other}' for every image"
    return found


def column_of_images(table: Table, told: str | None = None) -> str:
    """Which column names the images: as told, by its name, by its content, or by a weaker name."""
    columns = table.columns
    if told is not None:
        if told not in columns:
            raise unknown_name(f"column of {table.file}", told, filter(None, columns))
        return _named_throughout(table, told)
    by_name = [name for name in columns if is_image_name(name)]
    by_content = [name for name in columns if _holds_files(table, name)]
    if CELEBA_FIRST in by_content:
        raise DataError(
            f"{table.file}: the images stand below '{CELEBA_FIRST}': the header has no name for them, and the rows have"
            f" {len(columns)} cells where {len(columns) + 1} are needed"
        )
    weak = [name for name in columns if name.casefold() in WEAK_IMAGE_NAMES]
    both = [name for name in by_name if name in by_content]
    if not columns[0] and not by_name and ("" in by_content or not (by_content or weak)):
        return ""
    several = both or by_name or by_content or weak
    if len(several) == 1:
        return _named_throughout(table, several[0])
    which = (
        f"{' and '.join(map(repr, several))} may both name the images"
        if several
        else "no column seems to name the images"
    )
    named = ", ".join(filter(None, columns))
    raise DataError(f"{table.file}: {which}; say which one with --image-column (columns: {named})")


def _named_throughout(table: Table, image: str) -> str:
    """The same column again. Raises `DataError` where another one has no name, and is no index either."""
    if image and not table.columns[0] and not table.is_index(""):
        raise DataError(
            f"{table.file}: the first column has no name in the header, although another names the images; name it or"
            " delete it (pandas: to_csv(…, index=False))"
        )
    return image


def path_key(image: str) -> str:
    """An image's path in one way of writing: with /, without ./, its letters composed (macOS stores é as two)."""
    path = unicodedata.normalize("NFC", image).replace("\\", "/")
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _holds_files(table: Table, name: str) -> bool:
    return all(cell.lower().endswith(IMAGE_SUFFIXES) for cell in table.frame[name].iloc[:LOOKED_AT])


def _images(table: Table, image: str) -> list[str]:
    images: list[str] = table.frame[image].tolist()
    if "" in images:
        raise DataError(f"{table.where(images.index(''))}: names no image")
    return images


def _why_no_attribute(table: Table, name: str) -> str | None:
    if table.is_index(name):
        return "holds the numbers of the rows, as R and pandas write them"
    if is_image_name(name) or name.casefold() in WEAK_IMAGE_NAMES:
        return "names the images too; rename it if it is an attribute"
    return "is about the images' files" if name.casefold() in NO_ATTRIBUTES else None


def _by_column(table: Table, told: Sequence[str]) -> dict[str, list[str]]:
    """By column the texts that an option names, for all columns or, as `skin_tone=-1`, for one."""
    found: dict[str, list[str]] = {name: [] for name in table.columns}
    for text in told:
        name, equals, value = text.partition("=")
        if equals and name not in found:
            raise unknown_name(f"column of {table.file}", name, filter(None, table.columns))
        for column in [name] if equals else found:
            found[column].append(value if equals else text)
    return found


def _told_ones(table: Table, ones: Sequence[str]) -> dict[str, str]:
    """By column the word that is 1, as told; a word without a column counts wherever it is one of two.

    Raises `ConfigError` where it stands nowhere.
    """
    found: dict[str, str] = {}
    for text in ones:
        name, equals, word = text.partition("=")
        named = _by_column(table, [text])
        for column in [name] if equals else named:
            words = [one for one in table.frame[column].unique() if one.casefold() not in MISSING]
            if equals and word not in words:
                raise unknown_name(f"value of column '{name}'", word, words)
            if equals or (text in words and len({one.casefold() for one in words}) == 2):
                found[column] = word if equals else text
        if not equals and text not in found.values():
            raise ConfigError(f"{table.file}: --one {text}: no column of two words has it")
    return found


def _beside(parts: Iterable[Coded], rows: int) -> AttributeValues:
    values = [part.values for part in parts if part.values is not None]
    return np.concatenate(values, axis=1) if values else np.empty((rows, 0))


def _image_notes(table: Table, image: str, image_column: str | None) -> list[str]:
    if not image or image_column is not None or is_image_name(image):
        return []
    return [f"the images are taken from the column '{image}'; --image-column names another"]


def _notes(coded: Mapping[str, Coded]) -> list[str]:
    left_out = [
        f"column '{name or 1}' is left out: it {part.left_out}" for name, part in coded.items() if part.left_out
    ]
    asked = [f"column '{name}' is left out: {part.asked}" for name, part in coded.items() if part.asked]
    return [*left_out, *asked, *(note for part in coded.values() for note in part.notes)]


def _once(labels: Labels, lines: npt.NDArray[np.int64]) -> Labels:
    """One row an image. Raises `DataError` where two rows say different things of one."""
    codes, different = pd.factorize(np.array([path_key(image) for image in labels.images], dtype=object))
    if len(different) == len(codes):
        return labels
    first = np.unique(codes, return_index=True)[1]
    firsts = labels.values[first[codes]]
    same = ((labels.values == firsts) | (np.isnan(labels.values) & np.isnan(firsts))).all(axis=1)
    if not same.all():
        row = int(np.argmin(same))
        raise DataError(
            f"{labels.file}:{lines[row]}: other labels for '{labels.images[row]}' than on line"
            f" {lines[first[codes[row]]]}; an image has one row (average repeated ratings first)"
        )
    kept = np.sort(first)
    return dataclasses.replace(
        labels,
        images=[labels.images[row] for row in kept],
        values=labels.values[kept],
        lines=lines[kept],
        notes=(*labels.notes, f"{len(codes) - len(kept):,} rows say again what another row says of the same image"),
    )
