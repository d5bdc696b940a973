"""What written pictures show of the attributes that were moved: how much of each amount was reached.

A picture is encoded again and read by the attribute's gauge (`Vectors.gauge`). Its reading less that of the unmoved
picture, in units of the attribute, is what was reached. The unmoved picture is what amount 0 shows: the photograph
where photographs are carried along, else the face's reconstruction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gaia_stim.images import Pixels
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space
from gaia_stim.stimuli.codes import from_json, to_json
from gaia_stim.stimuli.manifest import Row

REACHED = ("amount_reached", "amount_2_reached")
"""The manifest's columns, in the order of the attributes."""
Readings = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reading:
    """How the pictures of a plan are read."""

    gauges: Codes
    """(attributes, latent): of each attribute that was moved; NaN where its codes tell too little of it."""
    unmoved: Readings
    """(stimuli, attributes): what the unmoved picture of each stimulus's face says."""

    @classmethod
    def of(cls, gauges: Codes, space: Space, unmoved: Iterable[Pixels], faces: Sequence[int]) -> "Reading":
        """For stimuli of faces, told by their places among the unmoved pictures of all."""
        return cls(gauges, _read(gauges, space, unmoved)[list(faces)])

    def told(self, space: Space, shown: Iterable[tuple[Row, Pixels]]) -> Iterator[tuple[Row, Pixels]]:
        """Rows with their pictures, and how much of each amount these show."""
        for (row, picture), unmoved in zip(shown, self.unmoved, strict=True):
            first, *second = map(_number, _read(self.gauges, space, [picture])[0] - unmoved)
            yield replace(row, amount_reached=first, amount_2_reached=second[0] if second else None), picture

    def as_json(self) -> dict[str, Any]:
        """What a plan says of it in provenance.json."""
        return {"gauges": to_json(self.gauges), "unmoved": [[_number(one) for one in row] for row in self.unmoved]}

    @classmethod
    def of_json(cls, value: Mapping[str, Any], stimuli: int) -> "Reading":
        """Read back what `as_json` wrote. Raises `ValueError` and its kin where it is something else."""
        found = cls(from_json(value["gauges"]), np.array(value["unmoved"], dtype=np.float64))
        if (
            found.gauges.ndim != 2
            or found.unmoved.shape != (stimuli, len(found.gauges))
            or not 1 <= len(found.gauges) <= len(REACHED)
        ):
            raise ValueError(f"readings of shape {found.unmoved.shape} for {stimuli} stimuli")
        return found


def _read(gauges: Codes, space: Space, pictures: Iterable[Pixels]) -> Readings:
    """(pictures, attributes)"""
    # Not a product of matrices: sums must not depend on how many pictures are read together.
    codes = space.encode(pictures).astype(np.float64)
    return np.asarray((codes[:, None] * gauges.astype(np.float64)).sum(axis=2))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
