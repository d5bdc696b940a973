"""What a set is to be, before a picture is made: a row and a code for each stimulus.

Every verb that makes stimuli ends in a plan, and a plan can be read back from a set's provenance; so there is one way
to render, measure and write, and one way to make a set again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from gaia_stim.errors import DataError
from gaia_stim.images import Pixels, hash_pixels
from gaia_stim.space.paths import Codes
from gaia_stim.space.photographs import Shown
from gaia_stim.space.space import Space
from gaia_stim.stimuli.carrying import Carrying
from gaia_stim.stimuli.codes import from_json, to_json
from gaia_stim.stimuli.judging import Written
from gaia_stim.stimuli.manifest import Row, rows_of
from gaia_stim.stimuli.reading import Reading

See = Callable[[Row, Shown], None]
SHEET_COLUMNS = 11
DAMAGED = "the plan in provenance.json is damaged"


@dataclass(frozen=True, eq=False)
class Plan:
    """Rows and codes of all stimuli in order, and what to tell of them."""

    rows: Sequence[Row]
    codes: Codes
    title: str
    record: Mapping[str, Any] = field(default_factory=dict)
    """How the codes came about, in words and numbers a reviewer asks for: path, refinement …"""
    measured: Callable[[Written], Mapping[str, Any]] = lambda _: {}
    """More of it, that is asked for once the pictures are written: how even their steps are …"""
    columns: int = SHEET_COLUMNS
    """Of the sheet."""
    continuum: bool = False
    """Whether the distance from each stimulus to the one before means something."""
    sources: Mapping[int, Pixels] = field(default_factory=dict)
    """By position: the image that the stimulus stands for, to measure how far it is from it."""
    source_hashes: Mapping[int, str] = field(default_factory=dict)
    """By position: what `hash_pixels` says of them; all that a plan read from JSON knows."""

    carrying: Carrying | None = None
    """The photographs that are carried along; without, stimuli are the model's own pictures."""
    reading: Reading | None = None
    """How pictures are read of attributes that were moved."""

    def rendered(self, space: Space, see: See = lambda row, shown: None) -> Iterator[tuple[Row, Pixels]]:
        """Every row with its picture; a raw row has its source itself. Of carried stimuli more is to `see`."""
        shown = self._decoded(space) if self.carrying is None else self._carried(space, self.carrying, see)
        return shown if self.reading is None else self.reading.told(space, shown)

    def uncarried(self, space: Space) -> "Plan":
        """The same with the model's own pictures, which are compared with its own unmoved ones."""
        if self.carrying is None or self.reading is None:
            return replace(self, carrying=None)
        starts, faces = space.decode(self.carrying.codes), self.carrying.weights.argmax(axis=1).tolist()
        return replace(self, carrying=None, reading=Reading.of(self.reading.gauges, space, starts, faces))

    def _decoded(self, space: Space) -> Iterator[tuple[Row, Pixels]]:
        pictures = chain.from_iterable(space.rendered(self.codes))
        for row, picture in zip(self.rows, pictures, strict=True):
            source = self.sources.get(row.position)
            shown = source if row.raw and source is not None else picture
            error = row.reconstruction_error if source is None else reconstruction_error(shown, source)
            yield replace(row, reconstruction_error=error, model_hash=space.model_hash), shown

    def _carried(self, space: Space, carrying: Carrying, see: See) -> Iterator[tuple[Row, Pixels]]:
        carried = carrying.carried(space, carrying.side)
        for row, shown in zip(self.rows, carried.many(self.codes, carrying.weights, carrying.shapes), strict=True):
            told = replace(
                row,
                raw=int(shown.is_photograph),
                model_hash=space.model_hash,
                size=carrying.side,
                detail=carrying.detail,
                disagreement=shown.disagreement,
                folds=shown.folds,
            )
            see(told, shown)
            yield told, shown.picture

    def pictures(self, space: Space) -> Pixels:
        """All pictures, in order: uint8 (n, size, size, channels)."""
        return np.stack([picture for _, picture in self.rendered(space)])

    def as_json(self, shown: Written | None = None) -> dict[str, Any]:
        """The plan for provenance.json: the codes to the bit, the rows without what is measured later.

        What is measured of the pictures is told where they are `shown`.
        """
        rows = [{name: value for name, value in asdict(row).items() if value is not None} for row in self.rows]
        return {
            "title": self.title,
            "columns": self.columns,
            "continuum": self.continuum,
            **self.record,
            **(self.measured(shown) if shown else {}),
            "source_pixels": {str(position): name for position, name in self._hashes().items()},
            "stimuli": rows,
            "codes": to_json(self.codes),
            **({} if self.carrying is None else {"carried": self.carrying.as_json()}),
            **({} if self.reading is None else {"reading": self.reading.as_json()}),
        }

    @classmethod
    def from_json(cls, plan: Mapping[str, Any]) -> "Plan":
        """Read back what `as_json` wrote. Raises `DataError` where it is something else."""
        try:
            codes = from_json(plan["codes"])
            rows = rows_of(plan["stimuli"], DAMAGED)
            known = {"title", "columns", "continuum", "source_pixels", "stimuli", "codes", "carried", "reading"}
            carried, reading = plan.get("carried"), plan.get("reading")
            read = cls(
                rows,
                codes,
                title=str(plan["title"]),
                record={name: value for name, value in plan.items() if name not in known},
                columns=max(1, int(plan["columns"])),
                continuum=bool(plan["continuum"]),
                source_hashes={int(place): str(name) for place, name in plan.get("source_pixels", {}).items()},
                carrying=None if carried is None else Carrying.of_json(carried, len(rows)),
                reading=None if reading is None else Reading.of_json(reading, len(rows)),
            )
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{DAMAGED} ({error})") from error
        if carried is not None and read.carrying and read.carrying.codes.shape[1:] != codes.shape[1:]:
            raise DataError(f"{DAMAGED}: codes of photographs and of stimuli are not of one length")
        if read.reading and read.reading.gauges.shape[1:] != codes.shape[1:]:
            raise DataError(f"{DAMAGED}: codes and gauges are not of one length")
        if not rows or codes.ndim != 2 or len(rows) != len(codes):
            raise DataError(f"{DAMAGED}: {len(rows)} rows for codes of shape {codes.shape}")
        if [row.position for row in rows] != list(range(len(rows))):
            raise DataError(f"{DAMAGED}: the positions of its rows are not 0 to {len(rows) - 1}")
        if not np.isfinite(codes).all():
            raise DataError(f"{DAMAGED}: a code holds what is not a number")
        return read

    def _hashes(self) -> dict[int, str]:
        return {**self.source_hashes, **{place: hash_pixels(source) for place, source in self.sources.items()}}


def reconstruction_error(picture: Pixels, source: Pixels) -> float:
    """Mean absolute difference of sRGB pixels, in [0, 1]."""
    return float(np.abs(picture.astype(np.float64) - source).mean() / 255)
