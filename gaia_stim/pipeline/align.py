"""Images of one kind of thing put in one place, so that a model has to learn what they are and not where."""

import dataclasses
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gaia_stim
from gaia_stim.alignment.folder import IMAGES, LANDMARKS, SHEET, TABLES, TRANSFORMS, aligned_into, tables_beside
from gaia_stim.alignment.frame import FRAME, AlignmentFrame
from gaia_stim.alignment.target import EDGE
from gaia_stim.config import AlignConfig
from gaia_stim.errors import ConfigError, DataError, in_brief
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file, hash_json
from gaia_stim.images import counted, parse_colour, survey
from gaia_stim.labels import read_landmarks
from gaia_stim.outputs import Kind, made_once
from gaia_stim.runs import named_run

ALIGNED = Kind(
    "folder of aligned images", "alignment.json", parts=frozenset({IMAGES, LANDMARKS, TRANSFORMS, SHEET, *TABLES})
)


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
        "tables": {path.name: hash_file(path) for path in tables_beside(config.images)},
    }
    make = partial(aligned_into, config, frame, listing.images, points, listen)
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


def _files(points: Path | None) -> list[Path]:
    if points is None:
        return []
    return sorted(path for path in points.rglob("*") if path.is_file()) if points.is_dir() else [points]


def _frame_of(run: Path) -> AlignmentFrame:
    frame = named_run(run).config().alignment
    if frame is None:
        raise ConfigError(f"--like {run}: its images were not aligned by 'gaia-stim align', or nobody knows how")
    return frame


def _alike(config: AlignConfig, frame: AlignmentFrame) -> AlignConfig:
    """The same, asking for what was done to the images of a model."""
    return config.model_copy(update=dataclasses.asdict(frame.target))
