"""Showing: the paper's Figure 4 (each vector decoded alone) and Figure 3 (faces × attributes), as sheets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gaia_stim
from gaia_stim.config import AttributesShowConfig
from gaia_stim.config.attributes import names
from gaia_stim.config.verbs import verb_of
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent
from gaia_stim.images import Pixels, find_images, write_png
from gaia_stim.outputs import Kind, made_once
from gaia_stim.space.labelled import codings
from gaia_stim.space.opening import open_space_by_hash
from gaia_stim.space.space import Space
from gaia_stim.space.varying import Vary
from gaia_stim.space.vectors import Direction, Vectors
from gaia_stim.stimuli.plans.edits import moved
from gaia_stim.stimuli.sets import beside
from gaia_stim.stimuli.sources import SourceImage, encoded, gather

ALONE, FACES = "vectors_alone.png", "faces.png"
SHEETS = Kind("pair of sheets", "show.json", parts=frozenset({ALONE, FACES}))
STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""In --amount, at which a vector is shown alone."""
WORDS = {"ols": "OLS", "mean_difference": "mean difference", "ridge": "ridge"}


@dataclass(frozen=True)
class AttributesShowResult:
    """Where the two sheets are."""

    out: Path
    vectors: Path
    alone: Path
    """Each vector decoded from the mean code: mean difference on the left, OLS (or ridge) on the right."""
    faces: Path
    attributes: list[str]
    amount_sd: float
    codings: list[str]
    """Which word is 1 in each column of two words: where +1 goes."""


def show(config: AttributesShowConfig, listen: Listener = silent) -> AttributesShowResult:
    """Draw both sheets into a folder.

    Raises `DataError` where vectors or faces cannot be read, `CheckpointError` where the vectors' model is not found,
    `ConfigError` for unknown attributes and where the folder holds something else.
    """
    vectors = Vectors.open(config.vectors)
    out = config.out or beside(config.vectors, "_show")
    chosen = names(config.attributes) or _best_first(vectors)
    coded = codings(map(vectors.attribute, chosen))
    record = vectors.record
    space = open_space_by_hash(record.model_hash, Path(record.run), config.model, listen)
    faces = gather(space, _faces(config, vectors))
    request = {
        "verb": verb_of(config),
        "gaia_stim": gaia_stim.__version__,
        "vectors": record.tensors_hash,
        "faces": [face.source.image_hash for face in faces],
        "attributes": chosen,
        "amount": config.amount,
        "estimator": config.estimator,
        **Vary(config.vary).record(),
    }

    def make(staging: Path) -> dict[str, Any]:
        write_png(staging / ALONE, _alone(space, vectors, chosen, config))
        write_png(staging / FACES, _on_faces(space, vectors, chosen, faces, config))
        return {}

    made_once(out, SHEETS, request, make, force=config.force, listen=listen)
    return AttributesShowResult(out, config.vectors, out / ALONE, out / FACES, chosen, config.amount, coded)


def _best_first(vectors: Vectors) -> list[str]:
    return [one.name for one in sorted(vectors.record.attributes, key=lambda one: -one.r2)]


def _faces(config: AttributesShowConfig, vectors: Vectors) -> list[Path]:
    """The faces given, else some of those that the vectors were fitted on, evenly spread."""
    given = config.faces or Path(vectors.record.images)
    if not given.exists():
        raise DataError(f"{given}: the labelled images are gone; give faces to show: --faces DIR")
    found = find_images(given) if given.is_dir() else [given]
    if not found:
        raise DataError(f"{given}: has no images")
    places = np.unique(np.linspace(0, len(found) - 1, min(config.n, len(found))).astype(int))
    return [found[place] for place in places]


def _alone(space: Space, vectors: Vectors, chosen: Sequence[str], config: AttributesShowConfig) -> Pixels:
    """Figure 4: a row an attribute; left of the gap the mean difference, right of it the other estimator."""
    right = "ols" if config.estimator == "mean_difference" else config.estimator
    steps = np.array(STEPS) * config.amount
    mean = np.repeat(vectors.mean[None], len(steps), axis=0)
    labels = [f"{name}  (R² {vectors.attribute(name).r2:.2f})" for name in chosen]
    halves = []
    for estimator, beside_rows in (("mean_difference", labels), (right, None)):
        tiles = [
            picture
            for name in chosen
            for picture in space.decode(moved(mean, [_one_sd(space, vectors, name, estimator, config)], [steps]))
        ]
        halves.append(
            contact_sheet(
                tiles,
                len(steps),
                row_labels=beside_rows,
                column_labels=[f"{step:+g} SD" if step else "mean" for step in steps],
                title=f"Each vector alone: {WORDS[estimator]}{Vary(config.vary).words}",
            )
        )
    return np.concatenate(halves, axis=1)


def _on_faces(
    space: Space,
    vectors: Vectors,
    chosen: Sequence[str],
    faces: Sequence[SourceImage],
    config: AttributesShowConfig,
) -> Pixels:
    """Figure 3: a row a face, itself and its reconstruction first, then a column an attribute."""
    codes = encoded(space, faces).codes
    tiles: list[Pixels] = []
    steps = np.full(len(codes), config.amount)
    columns = [np.stack([face.picture for face in faces]), space.decode(codes)] + [
        space.decode(moved(codes, [_one_sd(space, vectors, name, config.estimator, config)], [steps]))
        for name in chosen
    ]
    for row in range(len(codes)):
        tiles += [column[row] for column in columns]
    return contact_sheet(
        tiles,
        len(columns),
        column_labels=["image", "decoded", *chosen],
        row_labels=[face.source.source_id for face in faces],
        title=f"Each attribute moved by {config.amount:+g} SD, the others left as they are ({WORDS[config.estimator]})"
        + Vary(config.vary).words,
    )


def _one_sd(space: Space, vectors: Vectors, name: str, estimator: str, config: AttributesShowConfig) -> Direction:
    whole = vectors.direction(name, estimator) * vectors.attribute(name).sd
    return Vary(config.vary).direction(space, whole)
