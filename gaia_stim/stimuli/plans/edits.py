"""Attributes of images moved along their vectors, one or two crossed, as plans."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaia_stim.events import Listener, silent
from gaia_stim.space.calibration import factors
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Image, Space
from gaia_stim.space.varying import VARY_BOTH, Vary
from gaia_stim.space.vectors import Direction, Vectors
from gaia_stim.stimuli.carrying import RESTORED, SOURCE, Size
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.provenance import Predicted
from gaia_stim.stimuli.reading import REACHED, Reading
from gaia_stim.stimuli.sources import SourceImage, encoded, gather

FAR_OFF = 0.2
"""Share of an amount by which a picture may miss it before that is said."""
OUTSIDE = 0.25
"""In SDs: how far beyond all labels an amount may lead before that is said."""


@dataclass(frozen=True)
class Edit:
    """What is moved, and how far: in units of the labels, or with `unit` "sd" in their standard deviations."""

    vectors: Vectors
    attributes: Sequence[str]
    amounts: Sequence[Sequence[float]]
    """Of each attribute the steps that are taken."""
    estimator: str = "ols"
    unit: str = "unit"
    held: Sequence[str] = ()
    """Attributes that stay where they are."""
    calibrate: bool = True
    """Whether each step is taken so far that its picture shows what was asked."""

    @property
    def units(self) -> list[float]:
        """Of each attribute, what an amount of 1 means in units of its labels."""
        return [self.vectors.attribute(name).sd if self.unit == "sd" else 1.0 for name in self.attributes]

    def directions(self) -> list[Direction]:
        """The vector of each attribute, for an amount of 1. Raises `ConfigError` for unknown names, or held ones."""
        found = [self.vectors.direction(name, self.estimator, self.held) for name in self.attributes]
        return [direction * unit for direction, unit in zip(found, self.units, strict=True)]

    def gauges(self) -> list[Direction | None]:
        """What reads each attribute's amounts of a change of z; None for those that codes do not carry."""
        found = [self.vectors.gauge(name) for name in self.attributes]
        return [None if gauge is None else gauge / unit for gauge, unit in zip(found, self.units, strict=True)]


def edit_plan(
    space: Space,
    images: Sequence[Image | SourceImage],
    edit: Edit,
    *,
    refine: int = 0,
    points: Path | None = None,
    size: str = SOURCE,
    detail: str = RESTORED,
    vary: Vary = VARY_BOTH,
    listen: Listener = silent,
) -> Plan:
    """Every image at every step of the first attribute, crossed with those of the second where there is one.

    With `vary` a step is the part of shape, or of texture, of what the whole step were: the two add up to it. Raises
    `ConfigError` as `Edit.directions`, `DataError` for an image that cannot be read.
    """
    directions = edit.directions()
    found = gather(space, images)
    own = Size.of(space, found, size, detail)
    faces = encoded(space, found, refine, points, listen, is_carried=own.side is not None)
    # Row by row: the first attribute along the rows, the second from row to row, image after image.
    crossed = [one[::-1] for one in product(*reversed(edit.amounts))]
    total = len(found) * len(crossed)
    rows = [
        replace(
            Row.numbered("attribute", place * len(crossed) + step, total),
            source_ids=image.source.source_id,
            **_cells(edit.attributes, values),
        )
        for place, image in enumerate(found)
        for step, values in enumerate(crossed)
    ]
    grid = np.tile(np.array(crossed, dtype=np.float64), (len(found), 1))
    starts = np.repeat(faces.codes, len(crossed), axis=0)
    far = _calibrated(space, starts, directions, grid, edit) if edit.calibrate else np.ones_like(grid)
    return Plan(
        rows=rows,
        codes=moved(starts, [vary.direction(space, one) for one in directions], list((grid * far).T)),
        title=_title(edit) + vary.words,
        record={
            "path": _record(edit, far),
            **vary.record("own"),
            "predicted": _predicted(edit, found, faces.codes),
            **faces.record,
        },
        columns=len(edit.amounts[0]),
        sources={
            row.position: found[row.position // len(crossed)].picture
            for row, values in zip(rows, grid, strict=True)
            if not values.any()
        },
        carrying=own.carrying(space, found, faces, np.repeat(np.eye(len(found)), len(crossed), axis=0)),
        reading=Reading.of(
            np.stack([np.full(space.latent, np.nan) if one is None else one for one in edit.gauges()]).astype(
                np.float32
            ),
            space,
            space.decode(faces.codes) if own.side is None else (image.at(space, own.side) for image in found),
            np.repeat(np.arange(len(found)), len(crossed)).tolist(),
        ),
    )


def moved(codes: Codes, directions: Sequence[Direction], steps: Sequence[npt.NDArray[np.float64]]) -> Codes:
    """Codes (n, latent) with each direction added so many times as its steps (n,) say."""
    sums = codes.astype(np.float64)
    for direction, step in zip(directions, steps, strict=True):
        sums = sums + step[:, None] * direction
    return sums.astype(np.float32)


def warnings(edit: Edit, rows: Sequence[Row], faces: Sequence[Predicted], vary: Vary = VARY_BOTH) -> Iterator[str]:
    """What to mind of amounts: those that pictures do not show, and those that no label has.

    `faces` is what the codes say of the faces before they are moved. Where shape or texture moves alone it shows a part
    of each amount, and nothing is missed.
    """
    before = {(one.source_id, one.attribute): one.value for one in faces}
    columns = zip(("amount", "amount_2"), REACHED, strict=True)
    for name, unit, gauge, (asked, shown) in zip(edit.attributes, edit.units, edit.gauges(), columns, strict=False):
        known, amounts = edit.vectors.attribute(name), np.array([getattr(row, asked) for row in rows], np.float64)
        targets = [before[row.source_ids or "", name] for row in rows] + amounts * unit
        beyond = np.where(amounts > 0, targets - known.high, known.low - targets) > OUTSIDE * known.sd
        if outside := int((beyond & (amounts != 0)).sum()):
            yield (
                f"{name}: {_stimuli(outside, rows)} asked for more, or less, than any image that was labelled has "
                f"({known.low:g} to {known.high:g})"
            )
        if gauge is None:
            weak = f"{name}: the codes tell too little of it (R² {known.r2:.2f}) to say what pictures show"
            yield f"{weak}; {shown} is left empty"
        elif vary.part == VARY_BOTH.part:
            ratios = np.array([getattr(row, shown) for row in rows], np.float64)[amounts != 0] / amounts[amounts != 0]
            missed = ratios[np.abs(ratios - 1) > FAR_OFF]
            if len(missed):
                yield (
                    f"{name}: {_stimuli(len(missed), rows)} shown {missed.min():.2f} to {missed.max():.2f} times the "
                    f"amount asked; take {shown} of the manifest for what they show"
                )


def _stimuli(count: int, rows: Sequence[Row]) -> str:
    return f"{count} of {len(rows)} stimuli {'is' if count == 1 else 'are'}"


def _record(edit: Edit, far: npt.NDArray[np.float64]) -> dict[str, Any]:
    vectors = edit.vectors
    return {
        "kind": "attributes",
        "estimator": edit.estimator,
        "unit": edit.unit,
        "held": list(edit.held),
        "calibration": far.tolist() if edit.calibrate else None,
        "attributes": [
            {**vectors.attribute(name).model_dump(mode="json"), "amounts": list(values)}
            for name, values in zip(edit.attributes, edit.amounts, strict=True)
        ],
        "vectors_hash": vectors.record.tensors_hash,
        "labels_hash": vectors.record.labels_hash,
    }


def _predicted(edit: Edit, images: Sequence[SourceImage], codes: Codes) -> list[dict[str, Any]]:
    return [
        {"source_id": image.source.source_id, "attribute": name, "value": float(values[edit.vectors.place(name)])}
        for image, values in zip(images, edit.vectors.predicted(codes), strict=True)
        for name in edit.attributes
    ]


def _calibrated(
    space: Space, starts: Codes, directions: Sequence[Direction], grid: npt.NDArray[np.float64], edit: Edit
) -> npt.NDArray[np.float64]:
    """How many times each amount of the grid is taken, for its pictures to show it; 1 where codes carry too little."""
    far = np.ones_like(grid)
    for place, (gauge, direction) in enumerate(zip(edit.gauges(), directions, strict=True)):
        if gauge is not None:
            amounts = grid[:, place]
            far[:, place] = factors(space, starts, amounts[:, None] * direction, gauge, amounts)
    return far


def _cells(attributes: Sequence[str], values: Sequence[float]) -> dict[str, Any]:
    columns = (("attribute", "amount"), ("attribute_2", "amount_2"))
    pairs = zip(columns, attributes, values, strict=False)
    return {key: value for (name, amount), one, step in pairs for key, value in ((name, one), (amount, float(step)))}


def _title(edit: Edit) -> str:
    unit = " SD" if edit.unit == "sd" else ""
    parts = [
        f"{name} {min(values):+g} to {max(values):+g}{unit}"
        for name, values in zip(edit.attributes, edit.amounts, strict=True)
    ]
    return ", down ".join(parts) + (f"; {', '.join(edit.held)} held" if edit.held else "")
