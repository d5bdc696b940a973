"""What a run, a set or an image is, and where it came from."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaia_stim.config import InfoConfig
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent
from gaia_stim.files import hash_file
from gaia_stim.images import is_grey, read_image
from gaia_stim.publishing.cards import Card, card
from gaia_stim.runs import Run, find_run, named_run
from gaia_stim.stimuli.sets import MANIFEST, StimulusSet


@dataclass(frozen=True)
class RunInfo:
    """A trained model: how long, how good, how large."""

    run: Path
    images_seen: int
    """Of the best weights, those that make stimuli."""
    validation_l1: float | None
    parameters: int
    """Of encoder and decoder."""
    model_hash: str
    model: str
    network: str
    objective: str
    size: int
    channels: int
    latent: int
    aligned: str
    trained_on: str
    training_images: int
    validation_images: int
    dataset_hash: str
    seed: int
    gaia_stim: str


@dataclass(frozen=True)
class SetInfo:
    """A stimulus set: what is in it and which model made it."""

    set: Path
    kind: str
    stimuli: int
    size: str
    sources: list[str]
    model_hash: str
    gaia_stim: str


@dataclass(frozen=True)
class ImageInfo:
    """An image, or the stimulus of a set."""

    image: Path
    width: int
    height: int
    colour: bool
    image_hash: str
    stimulus: dict[Any, Any] | None
    """Its row in the manifest of the set that it lies in."""


def info(config: InfoConfig, listen: Listener = silent) -> RunInfo | SetInfo | ImageInfo | Card:
    """Describe a run, a stimulus set or an image. Raises `DataError` where it is none of them, or has no card."""
    target = config.target
    if config.card:
        return card(target)
    if target is None:
        return _run(find_run(None).existing())
    run = named_run(target)
    if run.path != target:
        return _run(run)
    if not target.exists():
        raise DataError(f"{target}: no such file or folder")
    if target.is_file():
        return _image(target)
    if (target / MANIFEST).exists():
        return _set(StimulusSet.open(target))
    if run.exists:
        return _run(run)
    raise DataError(f"{target}: neither a run (config.json) nor a stimulus set ({MANIFEST}) nor an image")


def _run(run: Run) -> RunInfo:
    config, record, model_hash = run.config(), run.weights_record(), run.model_hash()
    return RunInfo(
        run=run.path,
        images_seen=record.images_seen,
        validation_l1=record.validation_l1,
        parameters=sum(parameter.numel() for parameter in run.load().generator_state().values()),
        model_hash=model_hash,
        model=config.model.method,
        network=config.model.network,
        objective=config.model.objective,
        size=config.model.size,
        channels=config.model.channels,
        latent=config.model.latent,
        aligned=config.alignment.words if config.alignment else "no",
        trained_on=config.dataset.folder,
        training_images=config.dataset.training_images,
        validation_images=config.dataset.validation_images,
        dataset_hash=config.dataset.content_hash,
        seed=int(config.options.get("seed", 0)),
        gaia_stim=config.gaia_stim,
    )


def _set(found: StimulusSet) -> SetInfo:
    first = found.rows()[0]
    height, width = found.picture(first.image)[1].shape[:2]
    provenance = found.provenance
    return SetInfo(
        set=found.folder,
        kind=first.kind,
        stimuli=len(found),
        size=f"{width} x {height}",
        sources=[f"{source.source_id}: {source.path}" for source in provenance.sources],
        model_hash=provenance.model.model_hash,
        gaia_stim=provenance.gaia_stim,
    )


def _image(path: Path) -> ImageInfo:
    pixels = read_image(path)
    height, width, _ = pixels.shape
    stimulus = None
    folder = path.absolute().parent.parent
    # A manifest there may be anybody's, and then it tells nothing of the image.
    with contextlib.suppress(DataError, FileNotFoundError):
        table = StimulusSet.open(folder).table
        rows = table[table["image"] == path.absolute().relative_to(folder).as_posix()]
        stimulus = rows.iloc[0].dropna().to_dict() if len(rows) else None
    return ImageInfo(path, width, height, not is_grey(pixels), hash_file(path), stimulus)
