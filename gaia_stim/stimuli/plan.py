"""What a set is to be, before a picture is made: a row and a code for each stimulus.

Every verb that makes stimuli ends in a plan, and a plan can be read back from a set's provenance; so there is one way
to render, measure and write, and one way to make a set again.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from gaia_stim.errors import DataError
from gaia_stim.images import Pixels
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import Row

SHEET_COLUMNS = 11
CODES_TYPE = np.dtype("<f4")


@dataclass(frozen=True, eq=False)
class Plan:
    """Rows and codes of all stimuli in order, and what to tell of them."""

    rows: Sequence[Row]
    codes: Codes
    title: str
    record: Mapping[str, Any] = field(default_factory=dict)
    """How the codes came about, in words and numbers a reviewer asks for: path, spacing …"""
    columns: int = SHEET_COLUMNS
    """Of the sheet."""
    continuum: bool = False
    """Whether the distance from each stimulus to the one before means something."""
    sources: Mapping[int, Pixels] = field(default_factory=dict)
    """By position: the image that the stimulus stands for, to measure how far it is from it."""

    def rendered(self, space: Space) -> Iterator[tuple[Row, Pixels]]:
        """Every row with its picture; a raw row has its source itself."""
        pictures = chain.from_iterable(space.rendered(self.codes))
        for row, picture in zip(self.rows, pictures, strict=True):
            source = self.sources.get(row.position)
            shown = source if row.raw and source is not None else picture
            error = None if source is None else reconstruction_error(shown, source)
            yield replace(row, reconstruction_error=error, model_hash=space.model_hash), shown

    def as_json(self) -> dict[str, Any]:
        """The plan for provenance.json: the codes to the bit, the rows without what is measured later."""
        rows = [{name: value for name, value in asdict(row).items() if value is not None} for row in self.rows]
        codes = np.ascontiguousarray(self.codes, dtype=CODES_TYPE)
        return {
            "title": self.title,
            "columns": self.columns,
            "continuum": self.continuum,
            **self.record,
            "stimuli": rows,
            "codes": {"shape": list(codes.shape), "float32_base64": base64.b64encode(codes.tobytes()).decode()},
        }

    @classmethod
    def from_json(cls, plan: Mapping[str, Any]) -> "Plan":
        """Read back what `as_json` wrote. Raises `DataError` where it is something else."""
        try:
            content = base64.b64decode(plan["codes"]["float32_base64"], validate=True)
            codes = np.frombuffer(content, dtype=CODES_TYPE).reshape(plan["codes"]["shape"]).astype(np.float32)
            rows = [Row(**row) for row in plan["stimuli"]]
            known = {"title", "columns", "continuum", "stimuli", "codes"}
            record = {name: value for name, value in plan.items() if name not in known}
            read = cls(rows, codes, plan["title"], record, int(plan["columns"]), bool(plan["continuum"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"the plan in the provenance is damaged ({error})") from error
        if len(read.rows) != len(read.codes):
            raise DataError(f"the plan in the provenance has {len(read.rows)} rows and {len(read.codes)} codes")
        return read


def reconstruction_error(picture: Pixels, source: Pixels) -> float:
    """Mean absolute difference of sRGB pixels, in [0, 1]."""
    return float(np.abs(picture.astype(np.float64) - source).mean() / 255)
