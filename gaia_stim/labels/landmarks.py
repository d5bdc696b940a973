"""Landmarks of images: named points, in the pixels of the image files, as people keep them.

Read are a table with the columns image, landmark, x and y (CSV, XLSX, ODS), a folder of WebMorph's `.tem` files, and a
folder of `.pts` files (two columns, as face-tracking programs write them); files of a folder are named like their
images. Positions count from the top left corner, x to the right and y down; a pixel's centre lies at whole numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaia_stim.cells import csv_bytes
from gaia_stim.errors import DataError, in_brief
from gaia_stim.files import hash_file, hash_json, in_parts
from gaia_stim.gate import content_of
from gaia_stim.labels.joining import rows_of
from gaia_stim.tabular import column_of_numbers, read_table

COLUMNS = ("image", "landmark", "x", "y")
TEM, PTS = ".tem", ".pts"
LARGEST = 10_000_000
"""Bytes of a file of points."""
Positions = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Landmarks:
    """The landmarks of images, the same ones in each."""

    source: Path
    names: tuple[str, ...]
    positions: Mapping[str, Positions]
    """By image as the source names it: (landmarks, 2), in pixels of its file; NaN where one is missing."""

    def place(self, name: str) -> int:
        """Which landmark that is. Raises `DataError` where there is none of that name."""
        if name not in self.names:
            raise DataError(
                f"{self.source}: has no landmark '{name}'; its {len(self.names)} are {in_brief(self.names)}"
            )
        return self.names.index(name)

    def of(self, images: Sequence[str]) -> list[Positions | None]:
        """The landmarks of images, given by their paths below their folder; None for those without.

        Raises `DataError` where two images of the source would be called alike.
        """
        names = list(self.positions)
        rows = rows_of(self.source, names, images)
        return [self.positions[names[row]] if row >= 0 else None for row in rows]


def read_landmarks(source: Path) -> Landmarks:
    """Landmarks from a table or a folder. Raises `DataError`, with the line, where they are not landmarks."""
    if not source.exists():
        raise DataError(f"{source}: no such file or folder")
    return _folder(source) if source.is_dir() else _table(source)


def hash_landmarks(source: Path) -> str:
    """The hash of a table, or of all that is read of a folder. Raises `DataError` where there is none."""
    if not source.exists():
        raise DataError(f"{source}: no such file or folder")
    if source.is_file():
        return hash_file(source)
    return hash_json({path.relative_to(source).as_posix(): hash_file(path) for path in _files(source)})


def landmarks_csv(landmarks: Landmarks) -> bytes:
    """The table that `read_landmarks` reads; missing ones have no row."""
    names = [place if name == str(place) else name for place, name in enumerate(landmarks.names)]
    rows = (
        (image, name, round(x, 2), round(y, 2))
        for image, positions in landmarks.positions.items()
        for name, (x, y) in zip(names, positions.tolist(), strict=True)
        if np.isfinite([x, y]).all()
    )
    return csv_bytes([COLUMNS, *rows])


def _table(source: Path) -> Landmarks:
    table = read_table(source, fits=lambda names: {name.casefold() for name in names} >= set(COLUMNS))
    called = {name.casefold(): name for name in reversed(table.columns)}
    if missing := [name for name in COLUMNS if name not in called]:
        raise DataError(f"{source}: has no column '{missing[0]}'; landmarks are told by {', '.join(COLUMNS)}")
    image, landmark = (table.frame[called[name]].tolist() for name in COLUMNS[:2])
    places = np.column_stack([column_of_numbers(table, called[name]) for name in COLUMNS[2:]])
    names = list(dict.fromkeys(landmark))
    order = {name: place for place, name in enumerate(names)}
    found: dict[str, Positions] = {}
    for row, place in enumerate(map(order.__getitem__, landmark)):
        positions = found.setdefault(image[row], np.full((len(names), 2), np.nan))
        if not np.isnan(positions[place]).all():
            raise DataError(f"{table.where(row)}: landmark '{landmark[row]}' of {image[row]} stands there twice")
        if not np.isfinite(places[row]).all():
            raise DataError(f"{table.where(row)}: has no position: two numbers are needed, x and y")
        positions[place] = places[row]
    return Landmarks(source, tuple(names), found)


def _position(where: str, *words: str) -> tuple[float, float]:
    try:
        x, y = (float(word) for word in words)
    except ValueError:
        x = y = np.nan
    if not np.isfinite([x, y]).all():
        raise DataError(f"{where}: '{' '.join(words)}' is not a position: two numbers are needed, x and y")
    return x, y


def _folder(source: Path) -> Landmarks:
    files = _files(source)
    if not files:
        raise DataError(f"{source}: holds no landmarks: no {TEM} and no {PTS} files; or give a table of them")
    found = {path.relative_to(source).with_suffix("").as_posix(): np.array(list(_points(path))) for path in files}
    counts = {image: len(positions) for image, positions in found.items()}
    first, count = next(iter(counts.items()))
    for image, other in counts.items():
        if other != count:
            raise DataError(f"{source}: {image} has {other} landmarks and {first} {count}; they must be the same ones")
    return Landmarks(source, tuple(str(place) for place in range(count)), found)


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix.lower() in (TEM, PTS) and path.is_file())
    return sorted(found, key=in_parts)


def _points(path: Path) -> Iterator[tuple[float, float]]:
    """The points of a file: of a `.tem` as many as its first line says, of a `.pts` all lines of two numbers."""
    text = content_of(path, LARGEST).decode("utf-8-sig", errors="replace")
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if path.suffix.lower() == TEM:
        if not lines or len(lines[0][1]) != 1 or not lines[0][1][0].isdigit():
            raise DataError(f"{path}:1: a {TEM} file begins with the number of its points")
        wanted = int(lines[0][1][0])
        lines = lines[1 : 1 + wanted]
        if len(lines) < wanted:
            raise DataError(f"{path}: says {wanted} points, but {len(lines)} lines follow")
    else:
        # Of the head (version, n_points) and the braces nothing is needed.
        lines = [(number, words) for number, words in lines if not (words[0][0] in "{}#" or words[0].endswith(":"))]
    for number, words in lines:
        yield _position(f"{path}:{number}", *words[:2])
