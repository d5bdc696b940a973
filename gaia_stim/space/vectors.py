"""Attribute vectors on disk, and the direction that is gone when one is applied.

    attributes/vectors.json          what they are, of what, how well they can be told apart; written last
    attributes/vectors.safetensors   the vectors, their standard errors, the readout, and the mean code

Vectors belong to the model whose codes they were fitted on: they are opened with its hash, and refused with another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float32, Float64
from pydantic import AfterValidator, Field, ValidationError

from gaia_stim.config.base import Record
from gaia_stim.errors import CheckpointError, ConfigError, DataError, unknown_name
from gaia_stim.files import hash_file, read_json
from gaia_stim.gate import mistake_in
from gaia_stim.outputs import Kind
from gaia_stim.space.attributes import Directions, Each
from gaia_stim.tensors import read_tensors, write_tensors

JSON, TENSORS = "vectors.json", "vectors.safetensors"
VECTORS = Kind("folder of attribute vectors", JSON, parts=frozenset({TENSORS}), request="command")
FORMAT = 1
ESTIMATORS = ("ols", "mean_difference", "ridge")
UNITS = "change of z for one unit of the attribute: from 0 to 1 where it is binary or a level of a category"
CARRIED = 0.5
"""R² from which on an attribute counts as carried by the codes."""
LEAST_R2 = 0.05
"""Of what is to be held: below, the codes say nothing of the attribute that could be held."""
LEAST_OWN = 0.05
"""Share of an attribute's effect on its own readout that holding others must leave."""

Direction = Float64[npt.NDArray[np.float64], " latent"]


class AttributeRecord(Record):
    """What is known of one attribute of the labels that vectors were fitted on."""

    name: str
    kind: Literal["binary", "graded", "category"]
    column: str
    baseline: str | None = None
    levels: tuple[tuple[str, float], ...] = ()
    why: str = ""
    """Of two words: why it is this one that is 1."""
    images: int
    """Those where it is known."""
    mean: float
    sd: float
    low: float
    high: float
    r2: float
    vif: float | None
    """None where it is a sum of others."""


class ReadingRecord(Record):
    """How labels were read: what `read_labels` was asked for."""

    image_column: str | None = None
    categories: tuple[str, ...] = ()
    baselines: dict[str, str] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    ones: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    sheet: str | None = None


def _known_command(command: dict[str, Any]) -> dict[str, Any]:
    """As it is, for it is compared with what is asked for; what labels are read by again is what it should be."""
    try:
        ReadingRecord.model_validate(command.get("reading"))
    except ValidationError as error:
        raise ValueError(f"its reading: {mistake_in(error)}") from error
    return command


class VectorsRecord(Record):
    """What `vectors.json` holds."""

    format: int = FORMAT
    gaia_stim: str
    command: Annotated[dict[str, Any], AfterValidator(_known_command)]
    """What was asked for: what makes two fits the same."""
    units: str = UNITS
    run: str
    model_hash: str
    latent: int
    labels: str
    labels_hash: str
    images: str
    images_hash: str
    images_total: int
    images_matched: int
    images_complete: int
    """With all labels: those of the least squares."""
    samples: bool
    """Whether the labels are those of the built-in faces."""
    attributes: tuple[AttributeRecord, ...]
    correlations: tuple[tuple[float, ...], ...]
    condition_number: float | None
    """None where an attribute is exactly a sum of others."""
    inseparable: tuple[tuple[str, ...], ...]
    ridge_penalty: float
    warnings: tuple[str, ...]
    tensors_hash: str = ""
    files: dict[str, str] = Field(default_factory=dict)
    """The hash of each file of the folder; version 0.1 did not say."""

    @property
    def names(self) -> list[str]:
        """The attributes' names, in the order of the vectors."""
        return [attribute.name for attribute in self.attributes]


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors of all attributes by every estimator, and what goes with them; float32, (attributes, latent)."""

    record: VectorsRecord
    estimates: Mapping[str, Float32[npt.NDArray[np.float32], "attributes latent"]]
    errors: Mapping[str, Float32[npt.NDArray[np.float32], "attributes latent"]]
    """Standard errors; ridge has none."""
    readout: Float32[npt.NDArray[np.float32], "attributes latent"]
    intercepts: Float32[npt.NDArray[np.float32], " attributes"]
    mean: Float32[npt.NDArray[np.float32], " latent"]
    """The mean code of the images that have labels."""
    folder: Path | None = None
    """Where they were read; none: they were just fitted."""

    def place(self, name: str) -> int:
        """Which row is that of an attribute. Raises `ConfigError`, with suggestions, where there is none."""
        if name not in self.record.names:
            what = "attribute" if self.folder is None else f"attribute of {self.folder}"
            raise unknown_name(what, name, self.record.names)
        return self.record.names.index(name)

    def attribute(self, name: str) -> AttributeRecord:
        """What is known of an attribute; raises as `place`."""
        return self.record.attributes[self.place(name)]

    def predicted(self, codes: npt.NDArray[np.floating]) -> Float64[npt.NDArray[np.float64], "n attributes"]:
        """What codes (n, latent) say linearly of the attributes, in their units."""
        return np.asarray(codes.astype(np.float64) @ self.readout.T.astype(np.float64) + self.intercepts)

    def gauge(self, name: str) -> Direction | None:
        """What is to be multiplied with a change of z to read how far it moves an attribute, in units of the attribute.

        The readout w, divided by what it says of one unit of the attribute alone, w · v with v its OLS vector (its mean
        difference where it is a sum of others): regression draws what it says towards the mean, and so an edit that did
        all that was asked would seem too small. None for attributes that codes do not carry.
        """
        own = self.place(name)
        record, weights = self.record.attributes[own], self.readout[own].astype(np.float64)
        alone = self.estimates["ols" if record.vif is not None else "mean_difference"][own]
        one = float(weights @ alone)
        return weights / one if record.r2 >= CARRIED and one >= LEAST_OWN else None

    def direction(self, name: str, estimator: str = "ols", hold: Sequence[str] = ()) -> Direction:
        """The change of z for one unit of an attribute, that changes nothing in the readout of those held.

        With v the vector of the attribute, H the vectors of those held and W their readouts, it is v − H (Wᵀ H)⁻¹ Wᵀ v:
        of each held attribute's own vector, as much is added as undoes what v does to its readout. The direction so
        stays among the vectors of attributes, where codes of real images lie, which an orthogonal projection away from
        W would leave. Raises `ConfigError` for unknown names, and where nothing is left of the attribute, or the codes
        say nothing of one that is held.
        """
        own = self.place(name)
        if estimator not in self.estimates:
            raise unknown_name("estimator", estimator, self.estimates)
        if name in hold:
            raise ConfigError(f"'{name}' cannot be moved and held at once")
        vectors, readout = self.estimates[estimator].astype(np.float64), self.readout.astype(np.float64)
        held = [self.place(one) for one in dict.fromkeys(hold)]
        if not held:
            alone: Direction = vectors[own]
            return alone
        for place in held:
            if self.record.attributes[place].r2 < LEAST_R2:
                raise ConfigError(
                    f"'{self.record.names[place]}' cannot be held: the codes hardly say anything of it (R² "
                    f"{self.record.attributes[place].r2:.2f})"
                )
        moves = readout[held] @ vectors[held].T
        # In SDs, so that it does not matter in which units the labels are.
        sds = np.array([self.record.attributes[place].sd for place in held])
        if np.linalg.cond(moves / sds[:, None] * sds) > 1e6:
            raise ConfigError(f"{', '.join(hold)} cannot be held together: they cannot be told apart")
        found: Direction = vectors[own] - np.linalg.solve(moves, readout[held] @ vectors[own]) @ vectors[held]
        if abs(readout[own] @ found) < LEAST_OWN * abs(readout[own] @ vectors[own]):
            raise ConfigError(f"nothing is left of '{name}' where {', '.join(hold)} is held: give --hold others")
        return found

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the tensors into a folder, and return what its record, `vectors.json`, says."""
        tensors = {
            **self.estimates,
            **{f"{name}_error": array for name, array in self.errors.items()},
            "readout": self.readout,
            "intercepts": self.intercepts,
            "mean": self.mean,
        }
        write_tensors(folder / TENSORS, {name: torch.from_numpy(np.array(one)) for name, one in tensors.items()})
        record = self.record.model_copy(update={"tensors_hash": hash_file(folder / TENSORS)})
        return record.model_dump(mode="json")

    @classmethod
    def open(cls, folder: Path) -> "Vectors":
        """Read what `save` wrote. Raises `DataError` where there is nothing, or it is damaged or something else."""
        if not (folder / JSON).is_file():
            raise DataError(f"{folder}: no attribute vectors (it has no {JSON}); 'gaia-stim attributes fit' makes them")
        try:
            record = VectorsRecord.model_validate(read_json(folder / JSON))
        except ValidationError as error:
            raise DataError(f"{folder / JSON}: not a record of vectors ({mistake_in(error)})") from None
        try:
            tensors = read_tensors(folder / TENSORS)[0]
        except CheckpointError as error:
            raise DataError(f"{error}; 'gaia-stim attributes fit --force' makes the vectors anew") from None
        if reason := next(_wrong(record, tensors, folder / TENSORS), None):
            raise DataError(f"{folder / TENSORS}: {reason}; 'gaia-stim attributes fit --force' makes it anew")
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        return cls(
            record,
            {name: arrays[name] for name in ESTIMATORS},
            {name.removesuffix("_error"): array for name, array in arrays.items() if name.endswith("_error")},
            arrays["readout"],
            arrays["intercepts"],
            arrays["mean"],
            folder,
        )


def _wrong(record: VectorsRecord, tensors: Mapping[str, torch.Tensor], file: Path) -> Iterator[str]:
    attributes = len(record.attributes)
    if len(set(record.names)) < attributes:
        yield "two attributes have one name"
    if hash_file(file) != record.tensors_hash:
        yield f"is not the file that {JSON} tells of"
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys((*ESTIMATORS, "readout"), (attributes, record.latent))
    shapes |= {name: (attributes, record.latent) for name in tensors if name.endswith("_error")}
    for name, shape in chain(shapes.items(), [("intercepts", (attributes,)), ("mean", (record.latent,))]):
        if name not in tensors:
            yield f"lacks '{name}'"
        elif tuple(tensors[name].shape) != shape or tensors[name].dtype != torch.float32:
            yield f"'{name}' is {tuple(tensors[name].shape)} of {tensors[name].dtype}, not {shape} of float32"
        elif not bool(torch.isfinite(tensors[name]).all()):
            yield f"'{name}' holds what is not a number"


def as_float32(array: Directions | Each) -> npt.NDArray[np.float32]:
    """As vectors are kept: codes are float32 too."""
    return np.ascontiguousarray(array, dtype=np.float32)
