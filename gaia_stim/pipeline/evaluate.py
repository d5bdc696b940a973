"""How good a model is, in figures that stand beside their controls, and in words."""

from pathlib import Path
from typing import Any

from gaia_stim.config import EvaluateConfig
from gaia_stim.dataset import Dataset, Split
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.evaluation.evidence import gather
from gaia_stim.evaluation.landmarks import MOST, LandmarkFigures, landmark_figures, landmark_picture
from gaia_stim.evaluation.measure import in_words, measure
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import write_json
from gaia_stim.images import Frame, read_image, write_png
from gaia_stim.labels import Landmarks, read_landmarks
from gaia_stim.pipeline.models import open_space
from gaia_stim.space.images import images_of
from gaia_stim.space.space import Space


def evaluate(config: EvaluateConfig, listen: Listener = silent) -> dict[str, Any]:
    """Every figure of `METRICS` as one flat object, with what was measured; what they say goes to the listener.

    A figure that needs more images than there are is None, and `not_measured` says why. Raises `CheckpointError` for
    the model, `DataError` for the images or landmarks, `ConfigError` where the file to write exists.
    """
    for path in (config.out, config.landmark_sheet):
        if path and path.exists() and not config.force:
            raise ConfigError(f"{path}: exists; give another, or replace it with --force")
    landmarks = read_landmarks(config.landmarks) if config.landmarks else None
    space = open_space(config.run or config.model, listen)
    dataset = images_of(space, config.images, listen, greyed=True)
    if dataset.content_hash != space.config.dataset.content_hash:
        listen(
            Note(
                f"{dataset.folder}: not the very images that the model was trained on; the figures are about these",
                warning=True,
            )
        )
    evidence = gather(space, dataset, config.seed, listen)
    figures, reasons = measure(evidence, listen)
    listen(Note("\n".join(in_words(figures))))
    result: dict[str, Any] = {
        "run": str(space.run),
        "model_hash": space.model_hash,
        "images": str(dataset.folder),
        "dataset_hash": dataset.content_hash,
        "training_images": len(evidence.training),
        "held_out_images": len(evidence.held_out),
        "seed": config.seed,
        **figures,
    }
    if landmarks is not None:
        result |= _carried(space, dataset, landmarks, config, listen)
    if reasons:
        result["not_measured"] = reasons
    if config.out:
        write_json(config.out, result)
    return result


def _carried(
    space: Space, dataset: Dataset, landmarks: Landmarks, config: EvaluateConfig, listen: Listener
) -> dict[str, Any]:
    """The figures of landmarks: of held-out images, and of those that the model was trained on where there are some."""
    first, second = config.scale_by.split(",")
    scale = landmarks.place(first.strip()), landmarks.place(second.strip())
    found: dict[str, Any] = {}
    splits: dict[Split, str] = {"validation": "", "train": "_training"}
    known = landmarks.of(dataset.table["path"].tolist())
    for split, suffix in splits.items():
        # No more than are measured: each image is read once more, for its frame.
        rows = [(row, points) for row in dataset.rows(split) if (points := known[row]) is not None][:MOST]
        if len(rows) < 2:
            if split == "validation":
                raise DataError(
                    f"{landmarks.source}: has landmarks for {len(rows)} of the held-out images of {dataset.folder}; at "
                    "least 2 are needed"
                )
            continue
        pictures = dataset.batch([row for row, _ in rows])
        positions = [points for _, points in rows]
        frames = [_frame(dataset, int(row)) for row, _ in rows]
        figures = landmark_figures(space, pictures, positions, frames, scale, config.refine)
        found |= {
            f"landmark_error{suffix}": figures.error,
            f"landmark_error_unmoved{suffix}": figures.unmoved,
            f"landmark_images{suffix}": figures.images,
        }
        if split == "validation":
            listen(Note(_said(figures, config.scale_by)))
            if config.landmark_sheet:
                write_png(config.landmark_sheet, landmark_picture(pictures, positions, frames, figures, scale))
    return found


def _frame(dataset: Dataset, row: int) -> Frame:
    # Read as the model's pictures were: what turns an image upright turns its size.
    image = read_image(Path(dataset.folder) / dataset.table["path"].iloc[row])
    return Frame.of(image.shape[0], image.shape[1], dataset.fit)


def _said(figures: LandmarkFigures, scale_by: str) -> str:
    unit = f"% of the distance {scale_by}"
    if figures.error is None:
        return f"landmarks of two images lie {figures.unmoved:.1f} {unit} apart; the model has no shape to carry them"
    return (
        f"a landmark carried to another image misses that image's own by {figures.error:.1f} {unit}; not carried, by "
        f"{figures.unmoved:.1f} ({figures.images} held-out images, {figures.pairs} pairs)"
    )
