"""Images of one kind of thing put in one place, so that a model has to learn what they are and not where."""

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import gaia_stim
from gaia_stim.alignment import LOOKED_AT, AlignmentFrame, eyes_in, targets
from gaia_stim.alignment.anchors import EYES, FACE_POINTS, WAYS, Anchored, by_points
from gaia_stim.alignment.frame import FRAME, Place, StoredTemplate, by_frame
from gaia_stim.alignment.outcome import COLUMNS, Outcome, check_names
from gaia_stim.alignment.sheet import alignment_sheet
from gaia_stim.alignment.target import EDGE, Target, own_size
from gaia_stim.alignment.templates import Template
from gaia_stim.cells import csv_bytes
from gaia_stim.config import AlignConfig
from gaia_stim.errors import ConfigError, DataError, in_brief
from gaia_stim.events import Listener, Note, silent, tracked
from gaia_stim.files import hash_file, hash_json, write_bytes
from gaia_stim.images import Positions, counted, image_bytes, parse_colour, read_image, survey, write_png
from gaia_stim.labels import Landmarks, landmarks_csv, read_landmarks
from gaia_stim.outputs import Kind, made_once
from gaia_stim.runs import named_run

IMAGES, LANDMARKS, TRANSFORMS, SHEET = "images", "landmarks.csv", "alignment.csv", "alignment.png"
TABLES = ("labels.csv", "licenses.csv", "licences.csv")
"""What stands beside images and is about them: taken along as it is."""
ALIGNED = Kind(
    "folder of aligned images", "alignment.json", parts=frozenset({IMAGES, LANDMARKS, TRANSFORMS, SHEET, *TABLES})
)
AUTO = "auto"


@dataclass(frozen=True)
class AlignResult:
    """The aligned images, and which could not be, or may be wrong."""

    images: Path
    landmarks: Path | None
    """None where there are no points."""
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
    frame = _frame_of(config.like) if config.like else None
    config = _alike(config, frame) if frame else config
    if config.pad != EDGE:
        parse_colour(config.pad)
    points = read_landmarks(config.points) if config.points else None
    request = {
        "gaia_stim": gaia_stim.__version__,
        **config.request(),
        **({"like": hash_json(frame.model_dump(mode="json"))} if frame else {}),
        "source_hashes": {path: hash_file(config.images / path) for path in listing.images},
        "points_hashes": [hash_file(file) for file in _files(config.points)],
        "tables": {path.name: hash_file(path) for path in _tables(config)},
    }
    make = partial(_make, config, frame, listing.images, points, listen)
    record = made_once(config.out, ALIGNED, request, make, force=config.force, listen=listen)
    out, told = config.out, record["aligned"]
    landmarks = out / LANDMARKS if (out / LANDMARKS).is_file() else None
    result = AlignResult(
        out / IMAGES, landmarks, out / TRANSFORMS, out / SHEET, size=record[FRAME]["target"]["size"], **told
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


@dataclass(frozen=True)
class _Anchors:
    """How the images' places were found, the points that are carried along, and the places."""

    by: str
    points: tuple[str, ...]
    found: Mapping[str, Anchored | None]
    template: Template | None = None


def _frame_of(run: Path) -> AlignmentFrame:
    frame = named_run(run).config().alignment
    if frame is None:
        raise ConfigError(f"--like {run}: its images were not aligned by 'gaia-stim align', or nobody knows how")
    return frame


def _alike(config: AlignConfig, frame: AlignmentFrame) -> AlignConfig:
    """The same, asking for what was done to the images of a model."""
    return config.model_copy(update=dataclasses.asdict(frame.target))


def _anchored(
    config: AlignConfig, frame: AlignmentFrame | None, paths: Sequence[str], points: Landmarks | None, listen: Listener
) -> _Anchors:
    own: list[Positions | None] = points.of(paths) if points else [None] * len(paths)
    by = config.by if config.by != AUTO else "0,1" if points else EYES
    if points and by not in WAYS:
        pair = [points.place(name.strip()) for name in by.split(",")]
        return _Anchors(by, points.names, dict(zip(paths, by_points(own, pair).anchors, strict=True)))
    places = targets(1, config.distance, config.height) + 0.5
    way = WAYS[by] if by == EYES or frame is None else by_frame(frame)
    located = way([config.images / path for path in paths], places, listen)
    found = dict(zip(paths, located.anchors, strict=True))
    seen = sum(there is not None and there.seen for there in found.values())
    if config.by == AUTO and 2 * seen < len(paths):
        raise DataError(
            f"{config.images}: faces were found in {seen} of {len(paths)} images; give --points FILE, --by eyes for "
            "these alone, or --by set to align the images by each other"
        )
    what = "by the eyes, found" if by == EYES else "by each other, which is sure"
    listen(Note(f"{what} in {seen} of {len(paths)} images"))
    names = FACE_POINTS if by == EYES else ()
    if points is None:
        return _Anchors(by, names, found, located.template)
    missing = np.full((len(points.names), 2), np.nan)
    for path, given in zip(paths, own, strict=True):
        if there := found[path]:
            carried = np.concatenate([missing if given is None else given, there.landmarks])
            found[path] = replace(there, landmarks=carried)
    return _Anchors(by, points.names + names, found, located.template)


def _make(
    config: AlignConfig,
    frame: AlignmentFrame | None,
    paths: Sequence[str],
    points: Landmarks | None,
    listen: Listener,
    staging: Path,
) -> Mapping[str, Any]:
    anchors = _anchored(config, frame, paths, points, listen)
    keep = config.unsure == "keep"
    outcomes = [Outcome.of(path, there, anchors.by, keep=keep) for path, there in anchors.found.items()]
    kept = [(image, image.anchored) for image in outcomes if image.anchored and not image.left_out]
    source = config.points or config.images
    if not kept:
        raise DataError(f"{source}: has {anchors.by} of none of the images in {config.images} for sure")
    check_names(image for image, _ in kept)
    size = config.size or own_size([there for _, there in kept], config.distance)
    target = Target(anchors.by, config.distance, config.height, size, config.pad, config.mask, config.symmetrise)
    moved: dict[str, Positions] = {}
    for image, there in tracked(kept, "aligning", len(kept), listen):
        try:
            moved[image.name] = target.similarity(there)(there.landmarks)
            aligned = target.put(read_image(config.images / image.path), there)
        except ValueError as error:
            raise DataError(f"{source}: {image.path}: {error}") from None
        place = staging / IMAGES / image.name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(place, image_bytes(aligned, place.suffix))
    if anchors.points:
        write_bytes(staging / LANDMARKS, landmarks_csv(Landmarks(staging / LANDMARKS, anchors.points, moved)))
    write_bytes(staging / TRANSFORMS, csv_bytes([COLUMNS, *(image.row(target) for image in outcomes)]))
    write_png(staging / SHEET, alignment_sheet(config.images, outcomes, target))
    for table in _tables(config):
        shutil.copyfile(table, staging / table.name)
    told = {
        "by": anchors.by,
        "aligned": len(kept),
        "unsure": [{"image": image.path, "why": image.why} for image in outcomes if image.why],
        "left_out": [image.path for image in outcomes if image.left_out],
    }
    if frame is None:
        template = StoredTemplate.of(anchors.template) if anchors.template else None
        eyes = None if template else _eyes(target, [staging / IMAGES / name for name in moved])
        frame = AlignmentFrame(target=target, eyes=eyes, template=template)
    return {FRAME: frame.model_dump(mode="json", exclude_none=True), "aligned": told}


def _eyes(target: Target, images: Sequence[Path]) -> tuple[Place, Place] | None:
    """Where the eyes lie in aligned images, in shares of a side, so that further ones can be put there."""
    if target.by == EYES:
        left, right = targets(1, target.distance, target.height) + 0.5
        return (left[0], left[1]), (right[0], right[1])
    chosen = np.unique(np.linspace(0, len(images) - 1, LOOKED_AT).astype(int))
    return eyes_in([read_image(images[place]) for place in chosen])
