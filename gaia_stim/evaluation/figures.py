"""How good a model is on some images: the figures of `METRICS`, those of landmarks, and what is kept of them.

Measuring takes half a minute, and the next who asks about the same model and images gets the same answer.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.dataset import Dataset, Split
from gaia_stim.errors import DataError
from gaia_stim.evaluation.evidence import gather
from gaia_stim.evaluation.landmarks import MOST, LandmarkFigures, landmark_figures, landmark_picture
from gaia_stim.evaluation.likelihood import OF_A_FLOW, likelihood
from gaia_stim.evaluation.measure import in_words, measure
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import clear_leftovers, read_json, write_json
from gaia_stim.images import Frame, Pixels, read_image
from gaia_stim.labels import Landmarks
from gaia_stim.metrics import METRICS
from gaia_stim.runs import Run
from gaia_stim.space.space import Space

EVALUATION = "evaluation.json"
"""In the run folder: what was measured of it last."""


def figures_of(space: Space, dataset: Dataset, seed: int = 0, listen: Listener = silent) -> dict[str, Any]:
    """Every figure of `METRICS` by name, with what was measured; what they say goes to the listener.

    A figure that needs more images than there are is None, and `not_measured` says why. A flow's likelihood is added.
    """
    if dataset.content_hash != space.config.dataset.content_hash:
        listen(
            Note(
                f"{dataset.folder}: not the very images that the model was trained on; the figures are about these",
                warning=True,
            )
        )
    evidence = gather(space, dataset, seed, listen)
    figures, reasons = measure(evidence, listen)
    listen(Note("\n".join(in_words(figures))))
    return {
        "run": str(space.run),
        "model_hash": space.model_hash,
        "images": str(dataset.folder),
        "dataset_hash": dataset.content_hash,
        "training_images": len(evidence.training),
        "held_out_images": len(evidence.held_out),
        "seed": seed,
        **figures,
        **likelihood(space, evidence.held_out),
    } | ({"not_measured": reasons} if reasons else {})


def kept_figures(run: Run, dataset: Dataset, seed: int, listen: Listener, *, again: bool = False) -> dict[str, Any]:
    """The figures of a run on these images: as they were kept for this very model, else measured and kept."""
    wanted = {
        "gaia_stim": gaia_stim.__version__,
        "model_hash": run.model_hash(),
        "dataset_hash": dataset.content_hash,
        "seed": seed,
    }
    if may_write := os.access(run.path, os.W_OK):
        # Of one that was killed while it kept them: a run is no folder of this verb's, which others would clear.
        clear_leftovers(run.path / EVALUATION)
    kept = {} if again else _kept(run.path / EVALUATION)
    too_few: object = kept.get("not_measured")
    excused = too_few if isinstance(too_few, dict) else {}
    # What is kept may have been edited: a figure is a number, or left out for a reason.
    is_whole = isinstance(kept.get(OF_A_FLOW, 0.0), float) and all(
        isinstance(kept.get(name), float) or (kept.get(name) is None and name in excused) for name in METRICS
    )
    if is_whole and wanted.items() <= kept.items():
        listen(Note(f"{run.path}: measured before"))
        return kept
    measured = {**wanted, **figures_of(Space.load(run.path), dataset, seed, listen)}
    if may_write:
        write_json(run.path / EVALUATION, {name: _sayable(value) for name, value in measured.items()})
    return measured


def figures_of_landmarks(
    space: Space,
    dataset: Dataset,
    landmarks: Landmarks,
    scale_by: str,
    refine: int = 0,
    draw: Callable[[Pixels], object] | None = None,
    listen: Listener = silent,
) -> dict[str, Any]:
    """The figures of landmarks: of held-out images, and of those that the model was trained on where there are some.

    Errors are in % of the distance between the two landmarks that `scale_by` names; a picture of the held-out images'
    goes to `draw`. Raises `DataError` where fewer than two held-out images have landmarks.
    """
    first, second = scale_by.split(",")
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
        files = [Path(dataset.folder) / dataset.table["path"].iloc[row] for row, _ in rows]
        figures = landmark_figures(space, pictures, positions, frames, scale, refine, files, listen)
        found |= {
            f"landmark_error{suffix}": figures.error,
            f"landmark_error_unmoved{suffix}": figures.unmoved,
            f"landmark_images{suffix}": figures.images,
        }
        if refine:
            found["landmark_fitted"] = _fitted(figures)
        if split == "validation":
            listen(Note(_said(figures, scale_by, refine)))
            if draw:
                draw(landmark_picture(pictures, positions, frames, figures, scale))
    return found


def _frame(dataset: Dataset, row: int) -> Frame:
    # Read as the model's pictures were: what turns an image upright turns its size.
    image = read_image(Path(dataset.folder) / dataset.table["path"].iloc[row])
    return Frame.of(image.shape[0], image.shape[1], dataset.fit)


def _fitted(figures: LandmarkFigures) -> str:
    """What `refine` fitted to each image."""
    return "codes and shapes" if figures.shapes_fitted else "codes"


def _said(figures: LandmarkFigures, scale_by: str, refine: int) -> str:
    unit = f"% of the distance {scale_by}"
    if figures.error is None:
        return f"landmarks of two images lie {figures.unmoved:.1f} {unit} apart; the model has no shape to carry them"
    fitted = f", {_fitted(figures)} fitted by {refine} steps" if refine else ""
    return (
        f"a landmark carried to another image misses that image's own by {figures.error:.1f} {unit}; not carried, by "
        f"{figures.unmoved:.1f} ({figures.images} held-out images, {figures.pairs} pairs{fitted})"
    )


def _kept(path: Path) -> dict[str, Any]:
    try:
        kept = read_json(path)
    except (OSError, DataError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _sayable(value: Any) -> Any:
    # JSON has no infinity: such a figure is measured again.
    return None if isinstance(value, float) and not math.isfinite(value) else value
