"""Whose images stimuli are made of, and what may be done with them.

A licence stands in a `license` column of a table beside the images. A stimulus made of several images carries the
strictest of theirs, in the words of its owner. This is bookkeeping, not legal advice: whether two licences can be
combined at all is not decided here.
"""

import os
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from gaia_stim.errors import DataError
from gaia_stim.files import stamp
from gaia_stim.gate import LONGEST_TEXT
from gaia_stim.names import LICENCE_TABLES
from gaia_stim.tabular import read_header, read_table

COLUMN = ("license", "licence")
KEYS = ("image", "path", "file", "filename", "image_id", "name")
"""What the column of the images may be called; else it is the first."""

STRICTNESS = (
    "CC0",
    "CC BY",
    "CC BY-SA",
    "CC BY-NC",
    "CC BY-NC-SA",
    "CC BY-ND",
    "CC BY-NC-ND",
)
"""Known licences, from the freest to the strictest; one that is not here is taken to be stricter than all of them."""
UNKNOWN = "unknown"
"""Stands for the licence of an image that has none, where other parents of the stimulus have one."""

_FREE = re.compile(r"public ?domain|\bpdm\b|\bcc ?0\b|\bzero\b")
_WORDS = {
    "noncommercial": "nc",
    "non commercial": "nc",
    "noderivatives": "nd",
    "noderivs": "nd",
    "no derivatives": "nd",
    "no derivs": "nd",
    "sharealike": "sa",
    "share alike": "sa",
    "attribution": "by",
}


def known_licence(text: str) -> str | None:
    """The entry of `STRICTNESS` that a text or an address means: `cc-by-4.0` is CC BY. None where it is unknown."""
    plain = " ".join(re.sub(r"[^a-z0-9.]+", " ", text.lower()).split())
    if _FREE.search(plain):
        return "CC0"
    if "creativecommons" not in plain and "creative commons" not in plain and not re.match(r"cc\b|cc ?by", plain):
        return None
    for words, short in _WORDS.items():
        plain = plain.replace(words, short)
    terms = set(re.sub(r"\bccby\b", "cc by", plain).split()) & {"by", "nc", "sa", "nd"}
    name = "CC " + "-".join(term for term in ("by", "nc", "sa", "nd") if term in terms).upper()
    return name if name in STRICTNESS else None


def strictest(licences: Iterable[str | None]) -> str | None:
    """The strictest of the licences of a stimulus's parents, as written; None where none of them has any.

    One that is not known is stricter than any known one, and so is a parent without one beside parents that have one.
    """
    given = list(licences)
    if not any(given):
        return None
    return max((licence or UNKNOWN for licence in given), key=lambda text: (_rank(text), text))


def warnings(licences: Iterable[str | None]) -> list[str]:
    """What a maker of stimuli should know of the licences of all parents: a sentence each."""
    given = sorted({licence or UNKNOWN for licence in licences})
    if given in ([], [UNKNOWN]):
        return []
    said = [
        f"the licence {licence} forbids sharing what is made of an image, and a stimulus is that"
        for licence in given
        if (known_licence(licence) or "").endswith("ND")
    ]
    strange = [licence for licence in given if known_licence(licence) is None]
    if UNKNOWN in strange:
        said.append("some images have no licence while others have one; stimuli made of them are marked 'unknown'")
    said += [
        f"the licence '{licence}' is not one that gaia-stim knows; it is taken to be stricter than any other"
        for licence in strange
        if licence != UNKNOWN
    ]
    return said


def licence_of(path: Path) -> str | None:
    """The licence of an image file, None where it has none; a table is read once, until it changes.

    Raises `DataError` where a table says two different things of one image.
    """
    image = path.absolute()
    for folder in (image.parent, image.parent.parent):
        for name in LICENCE_TABLES:
            table = _read(folder / name, stamp(folder / name))
            if table and (found := table.find(image.relative_to(folder))):
                return found
    return None


class _Table:
    """Licences by path relative to the table's folder, with and without the suffix; without a folder, by name."""

    def __init__(self, path: Path, images: Sequence[str], licences: Sequence[str]) -> None:
        self._path = path
        self._by_key: dict[str, set[str]] = {}
        for image, licence in zip(images, licences, strict=True):
            place = PurePosixPath(image.replace("\\", "/") or "-")
            for key in {str(place), str(place.with_suffix(""))}:
                self._by_key.setdefault(key, set()).add(licence)

    def find(self, image: Path) -> str | None:
        for key in (image.as_posix(), image.with_suffix("").as_posix(), image.name, image.stem):
            found = self._by_key.get(key, set())
            if len(found) > 1:
                raise DataError(f"{self._path}: two licences for '{key}': {' and '.join(sorted(found))}")
            if found:
                return next(iter(found))
        return None


@lru_cache(maxsize=64)
def _read(path: Path, state: tuple[int, int, int] | None) -> _Table | None:
    """A table that has licences; None where there is none, or where the file has no such column."""
    if not os.path.lexists(path):
        return None
    try:
        # First the header alone: a table of labels may be large, and says nothing of licences.
        if not _has_licences(read_header(path, _has_licences)):
            return None
        table = read_table(path, fits=_has_licences, fill=True)
    except DataError as error:
        # A table of labels in another form is not ours to judge; one of licences is.
        if path.name == LICENCE_TABLES[-1]:
            return None
        raise DataError(f"{error} (a table of licences)") from error
    named = [name for name in table.columns if not table.is_index(name)]
    images = next((name for name in named if name.lower() in KEYS), named[0])
    column = next(name for name in named if name.lower() in COLUMN)
    rows = table.frame[table.frame[column] != ""]
    for place, text in enumerate(table.frame[column]):
        if len(text) > LONGEST_TEXT:
            raise DataError(
                f"{table.where(place)}: a licence of {len(text):,} letters; say it in at most {LONGEST_TEXT:,}"
            )
    return _Table(path, [*rows[images]], [" ".join(text.split()) for text in rows[column]])


def _has_licences(names: Sequence[str]) -> bool:
    """Whether a header has a column of licences; the first names the images, whatever it is called."""
    return any(name.lower() in COLUMN for name in names[1:])


def _rank(licence: str) -> int:
    known = known_licence(licence)
    return len(STRICTNESS) if known is None else STRICTNESS.index(known)
