"""A folder of images put in one place: from where each image's places are to the files that are written."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.alignment.anchors import EYES, FACE_POINTS, WAYS, Anchored, by_points
from gaia_stim.alignment.frame import FRAME, AlignmentFrame, StoredTemplate, by_frame
from gaia_stim.alignment.outcome import COLUMNS, Outcome, check_names
from gaia_stim.alignment.placement import Place
from gaia_stim.alignment.scattering import LOOKED_AT, eyes_in
from gaia_stim.alignment.sheet import alignment_sheet
from gaia_stim.alignment.similarity import targets
from gaia_stim.alignment.target import Target, own_size
from gaia_stim.alignment.templates import Template
from gaia_stim.cells import csv_bytes
from gaia_stim.config import AlignConfig
from gaia_stim.errors import DataError, in_brief
from gaia_stim.events import Listener, Note, tracked
from gaia_stim.files import write_bytes
from gaia_stim.images import Positions, image_bytes, read_image, write_png
from gaia_stim.labels import Landmarks, landmarks_csv

IMAGES, LANDMARKS, TRANSFORMS, SHEET = "images", "landmarks.csv", "alignment.csv", "alignment.png"
MUCH = 0.25
"""Images of which more than this lies beyond their edges are told."""
TABLES = ("labels.csv", "licenses.csv", "licences.csv")
"""What stands beside images and is about them: taken along as it is."""
AUTO = "auto"


@dataclass(frozen=True)
class _Anchors:
    """How the images' places were found, the points that are carried along, and the places."""

    by: str
    points: tuple[str, ...]
    found: Mapping[str, Anchored | None]
    missing: str
    """Why some have none."""
    template: Template | None = None


def tables_beside(images: Path) -> list[Path]:
    """What is known of the images, beside them or in the folder above: of each name the nearest."""
    beside = [[home / name for home in (images, images.parent)] for name in TABLES]
    return [found for places in beside if (found := next((path for path in places if path.is_file()), None))]


def _anchored(
    config: AlignConfig, frame: AlignmentFrame | None, paths: Sequence[str], points: Landmarks | None, listen: Listener
) -> _Anchors:
    own: list[Positions | None] = points.of(paths) if points else [None] * len(paths)
    by = config.by if config.by != AUTO else "0,1" if points else EYES
    if points and by not in WAYS:
        pair = [points.place(name.strip()) for name in by.split(",")]
        located = by_points(own, pair)
        return _Anchors(by, points.names, dict(zip(paths, located.anchors, strict=True)), located.missing)
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
    what = "by the eyes, found" if by == EYES else "as the model's, sure" if frame else "by each other, sure"
    listen(Note(f"{what} in {seen} of {len(paths)} images"))
    names = FACE_POINTS if by == EYES else ()
    if points is None:
        return _Anchors(by, names, found, located.missing, located.template)
    missing = np.full((len(points.names), 2), np.nan)
    for path, given in zip(paths, own, strict=True):
        if there := found[path]:
            carried = np.concatenate([missing if given is None else given, there.landmarks])
            found[path] = replace(there, landmarks=carried)
    return _Anchors(by, points.names + names, found, located.missing, located.template)


def aligned_into(
    config: AlignConfig,
    frame: AlignmentFrame | None,
    paths: Sequence[str],
    points: Landmarks | None,
    listen: Listener,
    staging: Path,
) -> Mapping[str, Any]:
    """Fill the folder of the verb, and return what its record says: the frame, and what became of which image.

    Raises `DataError` where no image has a place for sure, where two would be written as one, and as the ways.
    """
    anchors = _anchored(config, frame, paths, points, listen)
    keep = config.unsure == "keep"
    outcomes = [Outcome.of(path, there, anchors.missing, keep=keep) for path, there in anchors.found.items()]
    kept = [(image, image.anchored) for image in outcomes if image.anchored and not image.left_out]
    source = config.points or config.images
    if not kept:
        raise DataError(f"{source}: has {anchors.by} of none of the images in {config.images} for sure")
    check_names(image for image, _ in kept)
    size = config.size or own_size([there for _, there in kept], config.distance)
    target = Target(anchors.by, config.distance, config.height, size, config.pad, config.mask, config.symmetrise)
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
    if anchors.points:
        write_bytes(staging / LANDMARKS, landmarks_csv(Landmarks(staging / LANDMARKS, anchors.points, moved)))
    rows = [image.row(target, beyond.get(image.path)) for image in outcomes]
    write_bytes(staging / TRANSFORMS, csv_bytes([COLUMNS, *rows]))
    write_png(staging / SHEET, alignment_sheet(config.images, outcomes, target))
    if cut := [path for path, share in beyond.items() if share > MUCH]:
        much = f"{len(cut)} of {len(kept)} images fill less than {1 - MUCH:.0%} of the square: {in_brief(cut)}"
        listen(Note(f"{much}; a larger --distance shows less round the places, --pad COLOUR hides the streaks"))
    for table in tables_beside(config.images):
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
