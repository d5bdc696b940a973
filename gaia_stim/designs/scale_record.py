"""`scale.json`, the record of a folder of scales, as those read it who draw or cite what was fitted."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gaia_stim.errors import DataError
from gaia_stim.files import read_json
from gaia_stim.gate import mistake_in

RECORD = "scale.json"
MOST = 100_000
"""Scales in a folder, and dots of one."""
Said = Annotated[str, Field(max_length=1000)]
Dots = Annotated[list[float], Field(max_length=MOST)]


class _Part(BaseModel):
    """What is needed of it; it has more."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)


class Measured(_Part):
    """The dots of a scale's figure."""

    alpha: Dots = []
    share: Dots = []
    trials: Dots | None = None

    @model_validator(mode="after")
    def _alike(self) -> "Measured":
        if any(len(one) != len(self.alpha) for one in (self.share, self.trials or self.alpha)):
            raise ValueError("alpha, share and trials are not equally many")
        return self


class OneScale(_Part):
    """A scale."""

    set: Said
    participant: Said
    file: Said
    """Its table, by its path in the folder."""
    figures: Annotated[dict[str, float | str | list[float | None] | None], Field(max_length=1000)]
    measured: Measured = Measured()


class Options(_Part):
    """How it was fitted."""

    confidence: Annotated[float, Field(gt=0, lt=1)]


class Request(_Part):
    """What was asked for."""

    options: Options


class ScaleRecord(_Part):
    """The record."""

    request: Request
    task: Said
    scales: Annotated[list[OneScale], Field(max_length=MOST)]

    @classmethod
    def of(cls, folder: Path) -> "ScaleRecord":
        """Read it. Raises `DataError` where it is none of ours."""
        try:
            return cls.model_validate(read_json(folder / RECORD))
        except ValidationError as error:
            raise DataError(f"{folder / RECORD}: not the record of a scale ({mistake_in(error)})") from None
