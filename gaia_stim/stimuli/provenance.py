"""How a set came about, as its provenance.json tells it: typed to read, and kept as it stands to write on.

Version 1 of the file is what `stimuli.writing` writes; version 0.1 of the program wrote the same parts without a
number. What reads it needs no model, nor torch.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from gaia_stim.alignment.placement import Placement
from gaia_stim.config.renamed import spacing_now
from gaia_stim.errors import DataError
from gaia_stim.files import read_json
from gaia_stim.gate import Text, mistake_in
from gaia_stim.metrics.photometry import SRGB, Display, display_of

VERSION = 1
MOST_STIMULI = 10_000_000


@dataclass(frozen=True)
class Source:
    """An image, or a file with numbers, that stimuli are made of."""

    source_id: Text
    path: Text
    image_hash: Text
    license: Text | None = None
    """As it stands in a table beside the image; see `stimuli.licences`."""
    placement: Placement | None = None
    """How it was put in the place that the model's images are in; none: it was taken as it is."""
    off_frame: float | None = None
    """How far its eyes lay from their places there, as it is, in shares of a side; none: nobody has looked."""

    def as_json(self) -> dict[str, Any]:
        """What provenance says of it."""
        return {name: value for name, value in asdict(self).items() if value is not None or name == "license"}


@dataclass(frozen=True)
class Gain:
    """What refinement did for one image: mean absolute error of its reconstruction, in [0, 1]."""

    source_id: Text
    error_before: float
    error_after: float


class _Part(BaseModel):
    """What is needed of a part; it may have more, which stays in the file."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False, protected_namespaces=())


class ModelRecord(_Part):
    """The model that rendered."""

    run: Text
    model_hash: Text


class PathRecord(_Part):
    """What the codes lie on."""

    kind: Text = ""
    columns: int = Field(default=0, ge=0, le=MOST_STIMULI)
    """Of a grid."""


class Judged(_Part):
    """How even steps are to measures that did not place them: coefficients of variation; see `stimuli.judging`."""

    ciede2000: float | None = None
    structural: float | None = None
    nlpd: float | None = None


class SpacingRecord(_Part):
    """How places were chosen, and how even the steps between their pictures are."""

    name: Annotated[Text, AfterValidator(spacing_now)]
    """As it is called today."""
    metric: Text
    steps_cv_before: float
    steps_cv: float
    judged: Judged = Judged()


class RefinementRecord(_Part):
    """How codes were fitted to their images."""

    images: tuple[Gain, ...] = ()


@dataclass(frozen=True)
class Predicted:
    """What the code of an image says of an attribute that is moved, before it is moved."""

    source_id: Text
    attribute: Text
    value: float


class PlanRecord(_Part):
    """What was to be shown. `Plan.from_json` reads rows and codes."""

    title: Text = ""
    columns: int = Field(default=1, ge=0, le=MOST_STIMULI)
    """Of the sheet."""
    path: PathRecord = PathRecord()
    spacing: SpacingRecord | None = None
    refinement: RefinementRecord = RefinementRecord()
    predicted: tuple[Predicted, ...] = ()
    continuum: bool = False


class ProcessingRecord(_Part):
    """One processing of a set, and what was asked of the set that it was made of."""

    options: dict[str, Any]
    made_of: dict[str, Any]
    reached: dict[str, Any] = {}
    method: int = 1
    """Of matching: version 0.1 had one, and did not say it."""
    display: str | dict[str, Any] = "srgb"
    """What the files are for: a name, or the measured table."""


class Provenance(_Part):
    """Who made a set, of what, with what."""

    version: int = Field(default=0, ge=0)
    """Of the file; 0 is what version 0.1 of the program wrote."""
    gaia_stim: Text
    threads: int = Field(ge=1, le=1024)
    request: dict[str, Any]
    model: ModelRecord
    sources: tuple[Source, ...]
    plan: PlanRecord
    processing: tuple[ProcessingRecord, ...] = ()
    _json: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def as_written(self) -> Mapping[str, Any]:
        """All of it as it stands in the file."""
        return self._json

    @property
    def display(self) -> Display:
        """What the files are for: pictures are sRGB's, unless they were processed for another display."""
        return display_of(self.processing[-1].display) if self.processing else SRGB

    @property
    def spacing(self) -> SpacingRecord:
        """How its places were chosen. Raises `DataError` where the set has no such places."""
        if self.plan.spacing is None:
            raise DataError("not the provenance of a stimulus set ('plan.spacing' is missing)")
        return self.plan.spacing

    @classmethod
    def read(cls, path: Path) -> "Provenance":
        """Read the file. Raises `DataError`, naming the part, where it is not that."""
        return cls.of(read_json(path), path)

    @classmethod
    def of(cls, value: Any, path: Path) -> "Provenance":
        """From JSON; raises as `read`."""
        try:
            found = cls.model_validate(value)
        except ValidationError as error:
            raise DataError(f"{path}: not the provenance of a stimulus set ({mistake_in(error)})") from None
        if found.version > VERSION:
            raise DataError(f"{path}: was written by a newer gaia-stim ({found.gaia_stim}); update this one")
        found._json = value
        return found
