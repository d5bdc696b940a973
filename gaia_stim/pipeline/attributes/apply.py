"""Applying: faces and amounts in, a stimulus set out in which one attribute moves, or two, crossed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaia_stim.config import AttributesApplyConfig
from gaia_stim.config.attributes import amounts, names
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file
from gaia_stim.pipeline.ingredients import Gain, Ingredients, encoded, gains, gather
from gaia_stim.pipeline.models import open_space_by_hash
from gaia_stim.pipeline.sets import Source, make_set
from gaia_stim.space.calibration import factors
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import CARRIED, TENSORS, AttributeRecord, Direction, Vectors
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import SHEET

SMALL = 0.25
"""In SDs: amounts that stay within are hardly seen, and in units of a graded attribute rarely meant."""
NEAR_NOTHING = 0.1
"""R² below which what is moved is mostly chance."""


@dataclass(frozen=True)
class Predicted:
    """What the code of a face says of an attribute that is moved, before it is moved."""

    source_id: str
    attribute: str
    value: float


@dataclass(frozen=True)
class AttributesApplyResult:
    """Where the stimuli are, and where the faces stood before."""

    out: Path
    stimuli: int
    sheet: Path
    estimator: str
    unit: str
    attributes: list[str]
    held: list[str]
    faces: list[Predicted]
    refinement: tuple[Gain, ...]
    model_hash: str


def apply(config: AttributesApplyConfig, listen: Listener = silent) -> AttributesApplyResult:
    """Move attributes of faces and write a stimulus set.

    Raises `DataError` for vectors or images that cannot be read, `CheckpointError` where the vectors' model is not
    found, `ConfigError` for unknown attributes, those that cannot be held, and where the folder holds something else.
    """
    vectors = Vectors.open(config.vectors)
    held = names(config.hold)
    directions = [vectors.direction(name, config.estimator, held) for name in config.attribute]
    steps = [amounts(text) for text in config.amount]
    for name, values in zip(config.attribute, steps, strict=True):
        _mind(vectors.attribute(name), values, config.unit, listen)
    record = vectors.record
    space = open_space_by_hash(record.model_hash, Path(record.run), config.model, listen)
    faces = gather(space, config.faces)
    out = config.out or Path(_plain(f"{'_'.join(config.attribute)}_{config.faces[0].stem}"))
    if config.unit == "sd":
        directions = [one * vectors.attribute(name).sd for one, name in zip(directions, config.attribute, strict=True)]
    made = make_set(
        out,
        config,
        space,
        # The folder, not the file: nobody should look for a picture in it.
        [*faces.sources, Source("vectors", str(config.vectors), hash_file(config.vectors / TENSORS))],
        lambda: _plan(config, space, faces, directions, steps, vectors, listen),
        listen,
        force=config.force,
    )
    plan = made.provenance["plan"]
    return AttributesApplyResult(
        out,
        len(made),
        out / SHEET,
        config.estimator,
        config.unit,
        list(config.attribute),
        held,
        [Predicted(**one) for one in plan["predicted"]],
        gains(plan),
        record.model_hash,
    )


def moved(codes: Codes, directions: Sequence[Direction], steps: Sequence[npt.NDArray[np.float64]]) -> Codes:
    """Codes (n, latent) with each direction added so many times as its steps (n,) say."""
    sums = codes.astype(np.float64)
    for direction, step in zip(directions, steps, strict=True):
        sums = sums + step[:, None] * direction
    return sums.astype(np.float32)


def _plan(
    config: AttributesApplyConfig,
    space: Space,
    faces: Ingredients,
    directions: Sequence[Direction],
    steps: Sequence[Sequence[float]],
    vectors: Vectors,
    listen: Listener,
) -> Plan:
    points = encoded(space, faces, config.refine, listen)
    # Row by row: the first attribute along the rows, the second from row to row, face after face.
    crossed = [one[::-1] for one in product(*reversed(steps))]
    total = len(faces.sources) * len(crossed)
    rows = [
        replace(
            Row.numbered("attribute", face * len(crossed) + place, total),
            source_ids=source.source_id,
            **_cells(config.attribute, values),
        )
        for face, source in enumerate(faces.sources)
        for place, values in enumerate(crossed)
    ]
    grid = np.tile(np.array(crossed), (len(faces.sources), 1))
    starts = np.repeat(points.codes, len(crossed), axis=0)
    far = _calibrated(space, starts, directions, grid, vectors, config) if config.calibrate else np.ones_like(grid)
    codes = moved(starts, directions, list((grid * far).T))
    held = names(config.hold)
    predicted = vectors.predicted(points.codes)
    return Plan(
        rows=rows,
        codes=codes,
        title=_title(config, steps, held),
        record={
            "path": {
                "kind": "attributes",
                "estimator": config.estimator,
                "unit": config.unit,
                "held": held,
                "calibration": far.tolist() if config.calibrate else None,
                "attributes": [
                    {**vectors.attribute(name).model_dump(mode="json"), "amounts": list(values)}
                    for name, values in zip(config.attribute, steps, strict=True)
                ],
                "vectors_hash": vectors.record.tensors_hash,
                "labels_hash": vectors.record.labels_hash,
            },
            "predicted": [
                {"source_id": source.source_id, "attribute": name, "value": float(values[vectors.place(name)])}
                for source, values in zip(faces.sources, predicted, strict=True)
                for name in config.attribute
            ],
            **points.record,
        },
        columns=len(steps[0]),
        sources={
            row.position: faces.pictures[row.position // len(crossed)]
            for row, values in zip(rows, grid, strict=True)
            if not values.any()
        },
    )


def _calibrated(
    space: Space,
    starts: Codes,
    directions: Sequence[Direction],
    grid: npt.NDArray[np.float64],
    vectors: Vectors,
    config: AttributesApplyConfig,
) -> npt.NDArray[np.float64]:
    """How many times each amount of the grid is taken, for its pictures to show it; 1 where codes carry too little."""
    far = np.ones_like(grid)
    for place, (name, direction) in enumerate(zip(config.attribute, directions, strict=True)):
        if vectors.attribute(name).r2 >= CARRIED:
            readout = vectors.readout[vectors.place(name)].astype(np.float64)
            far[:, place] = factors(space, starts, grid[:, place, None] * direction, readout)
    return far


def _cells(attributes: Sequence[str], values: Sequence[float]) -> dict[str, Any]:
    columns = (("attribute", "amount"), ("attribute_2", "amount_2"))
    pairs = zip(columns, attributes, values, strict=False)
    return {key: value for (name, amount), one, step in pairs for key, value in ((name, one), (amount, float(step)))}


def _title(config: AttributesApplyConfig, steps: Sequence[Sequence[float]], held: Sequence[str]) -> str:
    unit = " SD" if config.unit == "sd" else ""
    parts = [
        f"{name} {min(values):+g} to {max(values):+g}{unit}"
        for name, values in zip(config.attribute, steps, strict=True)
    ]
    return ", down ".join(parts) + (f"; {', '.join(held)} held" if held else "")


def _mind(attribute: AttributeRecord, values: Sequence[float], unit: str, listen: Listener) -> None:
    """Say what a user would wonder about when looking at the sheet."""
    reach = max(map(abs, values)) * (1 if unit == "sd" else 1 / attribute.sd)
    if 0 < reach < SMALL:
        wide = "" if unit == "sd" else f" (its SD is {attribute.sd:.3g}: give larger amounts, or --unit sd)"
        listen(Note(f"{attribute.name}: at most {reach:.2g} SD, which is hardly seen{wide}", warning=True))
    if attribute.r2 < NEAR_NOTHING:
        weak = f"{attribute.name}: the codes hardly say anything of it (R² {attribute.r2:.2f})"
        listen(Note(f"{weak}; what is moved is mostly chance", warning=True))


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)
