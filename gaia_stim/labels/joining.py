"""Which row of a table of labels belongs to which image.

One rule for all images, never a mixture: by path, else by path without the file's suffix, else by file name, else by
stem. All but the path is a guess, and has to hold for nearly all images; by their paths, some may have labels and
others none. Numbers are compared as they are written: 0001 is not 1, because CelebA's 000001 and CelebA-HQ's 00001 are
different faces, and a row is never moved to the next number. A set that is numbered from 0 on one side and from 1 on
the other matches nearly everywhere and is wrong everywhere, so what would fit better one step away is refused.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from gaia_stim.errors import DataError, in_brief
from gaia_stim.images import IMAGE_SUFFIXES
from gaia_stim.labels.coding import AttributeValues
from gaia_stim.labels.table import Labels, path_key

ENOUGH = 0.95
"""Share of the images that must have labels where they are not found by path: it is a guess otherwise."""
TRUST_FOLDERS = 0.5
"""Where so many images match with their folders, folders mean something and are not left out."""
MOST_DIGITS = 15
"""Of what is taken for an image's number."""
_NONE, _SEVERAL = -1, -2

Numbered = tuple[str, int]
"""What stands before the number at the end of a stem, and the number."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Labels aligned with images."""

    values: AttributeValues
    """(images, attributes); NaN where the image has no row or the row no value."""
    rows: npt.NDArray[np.int64]
    """(images,): the row of the labels, -1 for none."""
    by: str
    """What was compared: path, path without suffix, name, or stem."""
    matched: int
    """Images that have a row."""
    unmatched_images: tuple[str, ...]
    unused_rows: tuple[str, ...]
    """Image cells of the rows whose image is not there."""

    @property
    def summary(self) -> str:
        """A sentence: how many matched, by what, and which did not."""
        text = f"{self.matched:,} of {len(self.rows):,} images have labels (matched by {self.by})"
        if self.unmatched_images:
            text += f"; none for {in_brief(self.unmatched_images)}"
        if self.unused_rows:
            text += f"; {len(self.unused_rows):,} rows of labels are of other images, such as {self.unused_rows[0]}"
        return text


@dataclass(frozen=True, eq=False)
class _Match:
    """One way of comparing: a row for each image, `_NONE` or `_SEVERAL`."""

    by: str
    rows: npt.NDArray[np.int64]
    image_keys: list[str]
    row_keys: list[str]

    @property
    def touched(self) -> int:
        return int((self.rows != _NONE).sum())

    @property
    def matched(self) -> int:
        return int((self.rows >= 0).sum())


def _name(path: str) -> str:
    return PurePosixPath(path).name


def _without_suffix(path: str) -> str:
    """Only an image's suffix goes: `morph_0.25` ends in none. The case goes too: .JPG is .jpg."""
    folded = path.casefold()
    return folded.removesuffix(next((suffix for suffix in IMAGE_SUFFIXES if folded.endswith(suffix)), ""))


def _stem(path: str) -> str:
    return _without_suffix(_name(path))


_PATH = "path"
_WITH_FOLDERS: dict[str, Callable[[str], str]] = {_PATH: str, "path without suffix": _without_suffix}
_WITHOUT_FOLDERS: dict[str, Callable[[str], str]] = {"name": _name, "stem": _stem}


def join(labels: Labels, images: Sequence[str], folder: str = "") -> Joined:
    """The labels of each of `images`, paths relative to their folder with /; rows of other images are left over.

    `folder` is where theirs is, as a table beside it has it: rows may be paths from there, or from the table.

    Raises `DataError` where a file name or stem that decides occurs twice, where fewer than `ENOUGH` of the images have
    a row and it was not found by path, and where more images would have one if every number were one higher or lower.
    """
    if not images:
        raise DataError(f"{labels.file}: there are no images to find labels for")
    match = _best([path_key(row) for row in labels.images], _keys(images, folder))
    _refuse_twins(labels, images, match)
    unmatched = tuple(image for image, row in zip(images, match.rows, strict=True) if row == _NONE)
    hint = _numbering(labels, images, match)
    if match.matched < ENOUGH * len(images) and not (match.by == _PATH and match.matched):
        share = int(100 * match.matched / len(images))
        raise DataError(
            f"{labels.file}: has labels for {match.matched:,} of {len(images):,} images ({share} %) by their"
            f" {match.by}, at least {ENOUGH:.0%} are needed where it is not by the whole path; none for"
            f" {in_brief(unmatched)}, while its rows are called {in_brief(labels.images)};"
            f" {hint or 'are these the labels of these images?'}"
        )
    if hint:
        raise DataError(f"{labels.file}: {hint}")
    used = np.zeros(len(labels.images), dtype=bool)
    used[match.rows[match.rows >= 0]] = True
    values = np.where((match.rows >= 0)[:, None], labels.values[match.rows], np.nan)
    unused = tuple(image for image, is_used in zip(labels.images, used, strict=True) if not is_used)
    return Joined(values, match.rows, match.by, match.matched, unmatched, unused)


def rows_of(file: Path, names: Sequence[str], images: Sequence[str]) -> npt.NDArray[np.int64]:
    """(images,): the place in `names`, images as a file calls them, of each of `images`; -1 for none.

    By the rule of this module; images without a name are nobody's mistake. Raises `DataError` where a name that decides
    occurs twice.
    """
    match = _best([path_key(name) for name in names], _keys(images))
    if (match.rows == _SEVERAL).any():
        image = images[int(np.argmax(match.rows == _SEVERAL))]
        raise DataError(f"{file}: several of its images may be {image}; write their paths as they are in their folder")
    return match.rows


def _keys(images: Sequence[str], folder: str = "") -> list[list[str]]:
    """What the images may be called: from their folder on, and from the table on where that is another."""
    keys = [path_key(image) for image in images]
    return [keys, [f"{path_key(folder)}/{key}" for key in keys]] if folder else [keys]


def _best(rows: Sequence[str], images: Sequence[Sequence[str]]) -> _Match:
    """The first way by which enough images match, else the one by which most do, by path where no other finds more."""
    tried: list[_Match] = []
    count = len(images[0])
    for ways in (_WITH_FOLDERS, _WITHOUT_FOLDERS):
        if any(match.touched >= TRUST_FOLDERS * count for match in tried):
            break
        for by, key in ways.items():
            found = [_matched(by, [key(row) for row in rows], [key(image) for image in called]) for called in images]
            match = max(found, key=lambda match: match.touched)
            if match.touched >= ENOUGH * count:
                return match
            tried.append(match)
    best = max(tried, key=lambda match: (match.touched, match.by == _PATH))
    return best if best.touched else tried[-1]


def _matched(by: str, row_keys: list[str], image_keys: list[str]) -> _Match:
    place: dict[str, int] = {}
    for row, key in enumerate(row_keys):
        place[key] = _SEVERAL if key in place else row
    twins = {key for key, count in Counter(image_keys).items() if count > 1}
    found = [_SEVERAL if key in twins and key in place else place.get(key, _NONE) for key in image_keys]
    return _Match(by, np.array(found, dtype=np.int64), image_keys, row_keys)


def _refuse_twins(labels: Labels, images: Sequence[str], match: _Match) -> None:
    if match.touched == match.matched:
        return
    image = int(np.argmax(match.rows == _SEVERAL))
    key = match.image_keys[image]
    rows = [row for row, other in enumerate(match.row_keys) if other == key]
    if len(rows) > 1:
        named = " and ".join(f"'{labels.images[row]}'{labels.line(row)}" for row in rows[:2])
        where = f"{labels.file}: {named} may both be {images[image]}"
        way_out = "write the images' paths in the table as they are in their folder"
    else:
        twins = [image for image, other in zip(images, match.image_keys, strict=True) if other == key]
        where = f"{labels.file}: '{labels.images[rows[0]]}'{labels.line(rows[0])} may be " + " or ".join(twins[:2])
        way_out = "write the paths of the images in the table, with their folders and suffixes"
    raise DataError(f"{where}: the same {match.by} twice, so that nobody can say whose labels these are; {way_out}")


def _numbering(labels: Labels, images: Sequence[str], match: _Match) -> str | None:
    """What to say where numbers one higher or lower, or without their zeros, would match better than as they are."""
    if match.matched == len(images):
        return None
    numbered_images = [_numbered(key) for key in match.image_keys]
    numbered_rows = {number: row for row, key in enumerate(match.row_keys) if (number := _numbered(key))}
    as_numbers = sum(number in numbered_rows for number in numbered_images)
    for step in (1, -1):
        partner = [number and numbered_rows.get((number[0], number[1] + step)) for number in numbered_images]
        fits = sum(row is not None for row in partner)
        if fits > max(match.matched, as_numbers) and fits >= ENOUGH * len(images):
            example = next(place for place, row in enumerate(partner) if row is not None)
            return _offset(step, numbered_images, numbered_rows, images[example], labels.images[partner[example] or 0])
    if match.matched < ENOUGH * len(images) <= as_numbers:
        return (
            f"{as_numbers:,} would match if leading zeros did not count; if the numbers mean the same images"
            " (CelebA's and CelebA-HQ's do not), write them alike"
        )
    return None


def _offset(step: int, images: Sequence[Numbered | None], rows: Iterable[Numbered], image: str, row: str) -> str:
    lowest_image = min(number[1] for number in images if number)
    lowest_row = min(number[1] for number in rows)
    bases = {
        (0, 1): "the labels look 1-based and the images 0-based",
        (1, 0): "the labels look 0-based and the images 1-based",
    }
    looks = bases.get((lowest_image, lowest_row), f"the labels look numbered one {'higher' if step > 0 else 'lower'}")
    return (
        f"{looks}: more images would match if {image} went with {row}. Nothing is shifted silently: rename the rows or"
        " the images; or, if the numbers are right, take the images without labels away"
    )


def _numbered(key: str) -> Numbered | None:
    """The number at the end of a key, suffix aside, and what stands before it."""
    stem = _without_suffix(key)
    before = stem.rstrip("0123456789")
    digits = stem[len(before) :]
    return (before, int(digits)) if 0 < len(digits) <= MOST_DIGITS else None
