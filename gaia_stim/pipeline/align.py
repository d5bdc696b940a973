"""Images of one kind of thing put in one place, so that a model has to learn what they are and not where."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import gaia_stim
from gaia_stim.alignment.anchors import FACE_POINTS, WAYS, Anchored, by_points
from gaia_stim.alignment.outcome import COLUMNS, Outcome, check_names
from gaia_stim.alignment.sheet import alignment_sheet
from gaia_stim.alignment.target import EDGE, Target, own_size
from gaia_stim.cells import csv_bytes
from gaia_stim.config import AlignConfig
from gaia_stim.errors import DataError, in_brief
from gaia_stim.events import Listener, Note, silent, tracked
from gaia_stim.files import hash_file, write_bytes
from gaia_stim.images import Positions, counted, image_bytes, parse_colour, read_image, survey, write_png
from gaia_stim.labels import Landmarks, landmarks_csv, read_landmarks
from gaia_stim.outputs import Kind, made_once

IMAGES, LANDMARKS, TRANSFORMS, SHEET = "images", "landmarks.csv", "alignment.csv", "alignment.png"
MUCH = 0.25
"""Images of which more than this lies beyond their edges are told."""
TABLES = ("labels.csv", "licenses.csv", "licences.csv")
"""What stands beside images and is about them: taken along as it is."""
ALIGNED = Kind(
    "folder of aligned images", "alignment.json", parts=frozenset({IMAGES, LANDMARKS, TRANSFORMS, SHEET, *TABLES})
)
Found = dict[str, Anchored | None]


@dataclass(frozen=True)
class AlignResult:
    """The aligned images, and which could not be, or may be wrong."""

    images: Path
    landmarks: Path
    transforms: Path
    sheet: Path
    by: str
    """How it was done: by the eyes, or by which points."""
    aligned: int
    unsure: list[dict[str, str]]
    """Which images are not to be trusted, and why; those among `left_out` are not in the folder."""
    left_out: list[str]
    size: int


def align(config: AlignConfig, listen: Listener = silent) -> AlignResult:
    """Write `config.out` as `AlignConfig` says; images without a place, and unsure ones, are listed and left out.

    The identical command finds that all is done. Raises `ConfigError` where the folder holds anything else,
    `DataError` for the images, the points, or where no image has a place.
    """
    listing = survey(config.images, follow_links=config.follow_links)
    if listing.left_out and config.strict:
        raise DataError(f"{config.images}: {counted(listing.left_out)}{listing.hint}")
    if listing.left_out:
        listen(Note(f"{len(listing.left_out)} files skipped: {counted(listing.left_out)}{listing.hint}", warning=True))
    if config.pad != EDGE:
        parse_colour(config.pad)
    points = read_landmarks(config.points) if config.points else None
    request = {
        "gaia_stim": gaia_stim.__version__,
        **config.request(),
        "source_hashes": {path: hash_file(config.images / path) for path in listing.images},
        "points_hashes": [hash_file(file) for file in _files(config.points)],
        "tables": {path.name: hash_file(path) for path in _tables(config)},
    }
    make = partial(_make, config, listing.images, points, listen)
    record = made_once(config.out, ALIGNED, request, make, force=config.force, listen=listen)
    out, told = config.out, record["aligned"]
    result = AlignResult(
        out / IMAGES, out / LANDMARKS, out / TRANSFORMS, out / SHEET, size=record["frame"]["size"], **told
    )
    if result.unsure:
        named = in_brief([f"{row['image']} ({row['why']})" for row in result.unsure])
        what = f"{len(result.unsure)} of {len(listing.images)} images"
        what += " left out" if len(result.left_out) == len(result.unsure) else " unsure or left out"
        listen(Note(f"{what}: {named}; see {SHEET} and --unsure", warning=True))
    return result


def _tables(config: AlignConfig) -> list[Path]:
    """What is known of the images, beside them or in the folder above: of each name the nearest."""
    beside = [[home / name for home in (config.images, config.images.parent)] for name in TABLES]
    return [found for places in beside if (found := next((path for path in places if path.is_file()), None))]


def _files(points: Path | None) -> list[Path]:
    if points is None:
        return []
    return sorted(path for path in points.rglob("*") if path.is_file()) if points.is_dir() else [points]


def _anchored(
    config: AlignConfig, paths: Sequence[str], points: Landmarks | None, listen: Listener
) -> tuple[str, tuple[str, ...], Found]:
    """How the images' places were found, the names of the points that are carried along, and the places."""
    own: list[Positions | None] = points.of(paths) if points else [None] * len(paths)
    by = config.by if config.by != "auto" else "0,1" if points else "eyes"
    if points and by not in WAYS:
        pair = [points.place(name.strip()) for name in by.split(",")]
        return by, points.names, dict(zip(paths, by_points(own, pair), strict=True))
    looked = tracked(WAYS[by]([config.images / path for path in paths]), f"looking for {by}", len(paths), listen)
    found = dict(zip(paths, looked, strict=True))
    faces = sum(there is not None and there.seen for there in found.values())
    few = f"faces were found in {faces} of {len(paths)} images"
    if config.by == "auto" and 2 * faces < len(paths):
        raise DataError(f"{config.images}: {few}; give --points FILE, or --by eyes for these alone")
    listen(Note(f"by the eyes, found in {faces} of {len(paths)} images"))
    if points is None:
        return by, FACE_POINTS, found
    missing = np.full((len(points.names), 2), np.nan)
    for path, given in zip(paths, own, strict=True):
        if there := found[path]:
            carried = np.concatenate([missing if given is None else given, there.landmarks])
            found[path] = replace(there, landmarks=carried)
    return by, points.names + FACE_POINTS, found


def _make(
    config: AlignConfig, paths: Sequence[str], points: Landmarks | None, listen: Listener, staging: Path
) -> Mapping[str, Any]:
    by, carried, found = _anchored(config, paths, points, listen)
    outcomes = [Outcome.of(path, there, by, keep=config.unsure == "keep") for path, there in found.items()]
    kept = [(image, image.anchored) for image in outcomes if image.anchored and not image.left_out]
    source = config.points or config.images
    if not kept:
        raise DataError(f"{source}: has {by} of none of the images in {config.images} for sure")
    check_names(image for image, _ in kept)
    size = config.size or own_size([there for _, there in kept], config.distance)
    target = Target(by, config.distance, config.height, size, config.pad, config.mask, config.symmetrise)
    moved: dict[str, Positions] = {}
    beyond: dict[str, float] = {}
    for image, there in tracked(kept, "aligning", len(kept), listen):
        try:
            moved[image.name] = target.similarity(there)(there.landmarks)
            pixels = read_image(config.images / image.path)
            aligned, beyond[image.path] = target.put(pixels, there), target.beyond(pixels, there)
        except ValueError as error:
            raise DataError(f"{source}: {image.path}: {error}") from None
        place = staging / IMAGES / image.name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(place, image_bytes(aligned, place.suffix))
    write_bytes(staging / LANDMARKS, landmarks_csv(Landmarks(staging / LANDMARKS, carried, moved)))
    write_bytes(
        staging / TRANSFORMS, csv_bytes([COLUMNS, *(image.row(target, beyond.get(image.path)) for image in outcomes)])
    )
    write_png(staging / SHEET, alignment_sheet(config.images, outcomes, target))
    if cut := [path for path, share in beyond.items() if share > MUCH]:
        much = f"{len(cut)} of {len(kept)} images fill less than {1 - MUCH:.0%} of the square: {in_brief(cut)}"
        listen(Note(f"{much}; a larger --distance shows less round the places, --pad COLOUR hides the streaks"))
    for table in _tables(config):
        shutil.copyfile(table, staging / table.name)
    told = {
        "by": by,
        "aligned": len(kept),
        "unsure": [{"image": image.path, "why": image.why} for image in outcomes if image.why],
        "left_out": [image.path for image in outcomes if image.left_out],
    }
    return {"frame": asdict(target), "aligned": told}
