"""Fitting: codes and labels in, vectors of every estimator out, with what a reviewer asks about them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.config import AttributesFitConfig
from gaia_stim.config.attributes import names
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file
from gaia_stim.outputs import made_once
from gaia_stim.space.fitting import fitted
from gaia_stim.space.labelled import codings, labelled, reading, tell
from gaia_stim.space.opening import open_space
from gaia_stim.space.vectors import CARRIED, VECTORS, Vectors


@dataclass(frozen=True)
class FittedAttribute:
    """An attribute, how much the codes say of it, and how well its vector is known."""

    attribute: str
    images: int
    mean: float
    sd: float
    r2: float
    """Cross-validated, of a linear prediction from z."""
    vif: float | None
    length: float
    """Of the OLS vector, for one SD of the attribute."""
    error: float
    """Standard error of the vector, as a share of its length."""


@dataclass(frozen=True)
class AttributesFitResult:
    """Where the vectors are, and how far to trust them."""

    out: Path
    model_hash: str
    labels: str
    images: int
    complete: int
    """Images with all labels: what OLS and ridge are fitted on."""
    condition_number: float | None
    ridge_penalty: float
    inseparable: list[list[str]]
    carried: list[str]
    """Attributes with an R² of at least `CARRIED`."""
    codings: list[str]
    """Which word is 1 in each column of two words, and why."""
    attributes: list[FittedAttribute]


def fit(config: AttributesFitConfig, listen: Listener = silent) -> AttributesFitResult:
    """Fit vectors to labels and write them into a folder.

    Raises `DataError` where labels cannot be read, do not belong to the images or cannot be fitted, `ConfigError` for
    unknown names and where the folder holds something else, `CheckpointError` for the model.
    """
    space = open_space(config.model, listen)
    how = reading(
        config.image_column,
        config.category,
        config.baselines(),
        config.missing,
        ones=list(config.one or ()),
        decimal=config.decimal_sign(),
        sheet=config.sheet,
    )
    found = labelled(
        space, config.labels, config.images, how, names(config.attributes), names(config.without), listen, config
    )
    tell(found, listen)
    words = {one.name: dict(one.levels) for one in found.attributes if codings([one])}
    command = {
        "reading": how,
        # Vectors of an earlier version may have another word for 1; without words they are what they were.
        **({"coding": words} if words else {}),
        "attributes": [attribute.name for attribute in found.attributes],
        "labels": hash_file(config.labels),
        "images": found.images.content_hash,
        "model_hash": space.model_hash,
    }

    def make(staging: Path) -> dict[str, Any]:
        return fitted(space, found, config.labels, command, found.codes(space, listen)).save(staging)

    made_once(config.out, VECTORS, command, make, force=config.force, listen=listen)
    made = Vectors.open(config.out)
    for warning in made.record.warnings:
        listen(Note(warning, warning=True))
    return _result(config.out, made)


def _result(out: Path, made: Vectors) -> AttributesFitResult:
    record = made.record
    vectors, errors = made.estimates["ols"].astype(np.float64), made.errors["ols"].astype(np.float64)
    lengths, noise = np.linalg.norm(vectors, axis=1), np.linalg.norm(errors, axis=1)
    return AttributesFitResult(
        out,
        record.model_hash,
        record.labels,
        record.images_matched,
        record.images_complete,
        record.condition_number,
        record.ridge_penalty,
        [list(group) for group in record.inseparable],
        [one.name for one in record.attributes if one.r2 >= CARRIED],
        codings(record.attributes),
        [
            FittedAttribute(
                one.name,
                one.images,
                one.mean,
                one.sd,
                one.r2,
                one.vif,
                float(length * one.sd),
                float(error / length) if length else float("inf"),
            )
            for one, length, error in zip(record.attributes, lengths, noise, strict=True)
        ],
    )
