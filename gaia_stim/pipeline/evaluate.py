"""How good a model is, in figures that stand beside their controls, and in words."""

from pathlib import Path
from typing import Any

from gaia_stim.config import EvaluateConfig
from gaia_stim.dataset import Dataset, open_dataset
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.evaluation.evidence import gather
from gaia_stim.evaluation.measure import in_words, measure
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import write_json
from gaia_stim.pipeline.models import open_space
from gaia_stim.space.space import Space


def evaluate(config: EvaluateConfig, listen: Listener = silent) -> dict[str, Any]:
    """Every figure of `METRICS` as one flat object, with what was measured; what they say goes to the listener.

    Raises `CheckpointError` for the model, `DataError` for the images, `ConfigError` where the file to write exists.
    """
    if config.out and config.out.exists() and not config.force:
        raise ConfigError(f"{config.out}: exists; give another --out, or replace it with --force")
    space = open_space(config.run or config.model, listen)
    dataset = _images(space, config.images, listen)
    evidence = gather(space, dataset, config.seed, listen)
    figures = measure(evidence, listen)
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
    if config.out:
        write_json(config.out, result)
    return result


def _images(space: Space, folder: Path | None, listen: Listener) -> Dataset:
    """The images as the model was trained to see them. Copies of an image are on one side of the split everywhere."""
    trained = space.config.dataset
    if folder is None and not Path(trained.folder).is_dir():
        raise DataError(
            f"{trained.folder}: the images that the model was trained on are not here; name them by --images"
        )
    size, _, channels = space.shape
    dataset = open_dataset(
        folder or Path(trained.folder),
        size,
        channels="1" if channels == 1 else "3",
        fit=trained.fit,
        background=trained.background,
        listen=listen,
    )
    if dataset.content_hash != trained.content_hash:
        listen(
            Note(
                f"{dataset.folder}: not the very images that the model was trained on; the figures are about these",
                warning=True,
            )
        )
    return dataset
