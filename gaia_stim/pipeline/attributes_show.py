"""Showing: the paper's Figure 4 (each vector decoded alone) and Figure 3 (faces × attributes), as sheets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gaia_stim
from gaia_stim.config import AttributesShowConfig
from gaia_stim.config.attributes import names
from gaia_stim.config.verbs import verb_of
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent
from gaia_stim.images import find_images, write_png
from gaia_stim.outputs import Kind, made_once
from gaia_stim.space.labelled import codings
from gaia_stim.space.opening import open_space_by_hash
from gaia_stim.space.varying import Vary
from gaia_stim.space.vectors import Vectors
from gaia_stim.stimuli.sets import beside
from gaia_stim.stimuli.sources import gather
from gaia_stim.stimuli.vector_sheets import VectorSheets

ALONE, FACES = "vectors_alone.png", "faces.png"
SHEETS = Kind("pair of sheets", "show.json", parts=frozenset({ALONE, FACES}))


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
    space = open_space_by_hash(config.vectors, record.model_hash, Path(record.run), config.model, listen)
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
        sheets = VectorSheets(space, vectors, chosen, config.amount, config.estimator, Vary(config.vary))
        write_png(staging / ALONE, sheets.alone())
        write_png(staging / FACES, sheets.on_faces(faces))
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
