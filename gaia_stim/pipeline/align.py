"""Images of one kind of thing put in one place, so that a model has to learn what they are and not where."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

import gaia_stim
from gaia_stim.alignment import Similarity, targets
from gaia_stim.cells import csv_bytes
from gaia_stim.config import AlignConfig
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note, silent, tracked
from gaia_stim.files import hash_file, write_bytes
from gaia_stim.images import Positions, counted, image_bytes, is_written, read_image, survey
from gaia_stim.labels import Landmarks, landmarks_csv, read_landmarks
from gaia_stim.outputs import Kind, made_once

IMAGES, LANDMARKS, TRANSFORMS = "images", "landmarks.csv", "alignment.csv"
TABLES = ("labels.csv", "licenses.csv", "licences.csv")
"""What stands beside images and is about them: taken along as it is."""
ALIGNED = Kind("folder of aligned images", "alignment.json", parts=frozenset({IMAGES, LANDMARKS, TRANSFORMS, *TABLES}))
LARGEST = 1024
MULTIPLE = 16
"""Sides are rounded to a size that can be trained on as it is."""
NAMED = 5


@dataclass(frozen=True)
class AlignResult:
    """The aligned images, and which could not be."""

    images: Path
    landmarks: Path
    transforms: Path
    aligned: int
    left_out: list[str]
    size: int


def align(config: AlignConfig, listen: Listener = silent) -> AlignResult:
    """Write `config.out` as `AlignConfig` says; images without both points are listed and left out.

    The identical command finds that all is done. Raises `ConfigError` where the folder holds anything else,
    `DataError` for the images, the points, or where no image has both.
    """
    listing = survey(config.images, follow_links=config.follow_links)
    paths = listing.images
    if listing.left_out and config.strict:
        raise DataError(f"{config.images}: {counted(listing.left_out)}{listing.hint}")
    if listing.left_out:
        listen(Note(f"{len(listing.left_out)} files skipped: {counted(listing.left_out)}{listing.hint}", warning=True))
    landmarks = read_landmarks(config.points)
    by = [landmarks.place(name.strip()) for name in config.by.split(",")]
    found = dict(zip(paths, landmarks.of(paths), strict=True))
    usable = {path: points for path, points in found.items() if points is not None and np.isfinite(points[by]).all()}
    left_out = [path for path in paths if path not in usable]
    if not usable:
        raise DataError(f"{config.points}: has the points {config.by} of none of the images in {config.images}")
    size = config.size or _own_size(config, list(usable.values()), by)
    request = {
        "gaia_stim": gaia_stim.__version__,
        **config.request(),
        "size": size,
        "source_hashes": {path: hash_file(config.images / path) for path in usable},
        "points_hashes": [hash_file(file) for file in _files(config.points)],
        "tables": {path.name: hash_file(path) for path in _tables(config)},
    }
    result = AlignResult(
        config.out / IMAGES, config.out / LANDMARKS, config.out / TRANSFORMS, len(usable), left_out, size
    )
    make = partial(_make, config, usable, landmarks, by, size, listen)
    made_once(config.out, ALIGNED, request, make, force=config.force, listen=listen)
    if left_out:
        named = ", ".join(left_out[:NAMED]) + (f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else "")
        listen(Note(f"{len(left_out)} of {len(paths)} images left out, without both points: {named}", warning=True))
    return result


def _own_size(config: AlignConfig, points: Sequence[Positions], by: Sequence[int]) -> int:
    """The side at which the middle one of the images is neither enlarged nor reduced."""
    apart = float(np.median([np.linalg.norm(there[by[0]] - there[by[1]]) for there in points]))
    return int(np.clip(round(apart / config.distance / MULTIPLE) * MULTIPLE, MULTIPLE, LARGEST))


def _tables(config: AlignConfig) -> list[Path]:
    """What is known of the images, beside them or in the folder above: of each name the nearest."""
    beside = [[home / name for home in (config.images, config.images.parent)] for name in TABLES]
    return [found for places in beside if (found := next((path for path in places if path.is_file()), None))]


def _files(points: Path) -> list[Path]:
    return sorted(path for path in points.rglob("*") if path.is_file()) if points.is_dir() else [points]


def _names(paths: Iterable[str]) -> dict[str, str]:
    """What the aligned images are called: as they were, but PNGs for kinds that are not written, HEIC say.

    Raises `DataError` where two would be called so.
    """
    names: dict[str, str] = {}
    for path in paths:
        name = path if is_written(PurePosixPath(path).suffix) else str(PurePosixPath(path).with_suffix(".png"))
        if name in names:
            raise DataError(f"{names[name]} and {path}: both would be written as {name}; rename one of them")
        names[name] = path
    return {path: name for name, path in names.items()}


def _make(
    config: AlignConfig,
    usable: Mapping[str, Positions],
    landmarks: Landmarks,
    by: Sequence[int],
    size: int,
    listen: Listener,
    staging: Path,
) -> dict[str, Any]:
    places = targets(size, config.distance, config.height)
    names = _names(usable)
    moved: dict[str, Positions] = {}
    rows: list[Sequence[str | float]] = [("image", "scale", "rotation_deg", "shift_x", "shift_y")]
    for path, points in tracked(usable.items(), "aligning", len(usable), listen):
        try:
            similarity = Similarity.between(points[by], places)
        except ValueError as error:
            raise DataError(f"{config.points}: {path}: {error}") from None
        aligned = similarity.apply(read_image(config.images / path), size)
        target = staging / IMAGES / names[path]
        target.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(target, image_bytes(aligned, target.suffix))
        moved[names[path]] = similarity(points)
        x, y = similarity.shift
        degrees = float(np.degrees(similarity.rotation))
        rows.append(
            (names[path], float(f"{similarity.scale:.6g}"), round(degrees, 4), round(float(x), 3), round(float(y), 3))
        )
    write_bytes(staging / LANDMARKS, landmarks_csv(Landmarks(config.points, landmarks.names, moved)))
    write_bytes(staging / TRANSFORMS, csv_bytes(rows))
    for table in _tables(config):
        shutil.copyfile(table, staging / table.name)
    return {}
