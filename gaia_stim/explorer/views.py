"""What can be looked at: a place in the space, said by images and numbers, as the page and the addresses say it."""

from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gaia_stim.config import said
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.space.layouts import Block
from gaia_stim.space.paths import Code, Codes, Line, Wheel
from gaia_stim.space.photographs import Weights
from gaia_stim.space.space import Space
from gaia_stim.space.spacing import FARTHEST
from gaia_stim.space.varying import VARY_BOTH, Vary
from gaia_stim.space.vectors import Vectors
from gaia_stim.stimuli.plans.continua import TURN, between_neighbours, between_two
from gaia_stim.stimuli.plans.edits import Edit, moved
from gaia_stim.stimuli.plans.grids import between_corners

MOST_IMAGES, MOST_AXES, MOST_SDS, MOST_CODE = 64, 64, 10.0, 1e3
Name = Annotated[str, Field(min_length=1, max_length=1000)]
Part = Literal["both", "shape", "texture"]


class Known(Protocol):
    """What a view is resolved in."""

    space: Space
    vectors: Vectors | None

    def codes(self, names: tuple[str, ...]) -> Codes:
        """The codes of images by their names."""

    def axes(self, part: str = VARY_BOTH.part) -> Codes:
        """The principal axes of all photographs, or of their shape or texture alone."""


class Strict(BaseModel):
    """What is asked over the network: nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class MorphView(Strict):
    """Between two images."""

    kind: Literal["morph"] = "morph"
    images: Annotated[tuple[Name, ...], Field(min_length=2, max_length=2)]
    alpha: Annotated[float, Field(ge=FARTHEST[0], le=FARTHEST[1])] = 0.5
    vary: Part = "both"
    hold_other: Annotated[str, Field(pattern="^([ab]|mean)$")] = "a"

    @property
    def beyond(self) -> float:
        """How far a continuum goes beyond both photographs, where this lies beyond one."""
        return round(max(0.0, -self.alpha, self.alpha - 1), 3)

    def place(self, known: Known) -> tuple[Code, Weights]:
        """The code, and how much of each photograph is shown."""
        own, vary, t = known.codes(self.images), Vary(self.vary, self.hold_other), np.array([self.alpha])
        return Line(*vary.codes(known.space, own))(t)[0], vary.weights(own, between_two)(t)[0]


class GridView(Strict):
    """Among four images: top left, top right, bottom left, bottom right."""

    kind: Literal["grid"] = "grid"
    images: Annotated[tuple[Name, ...], Field(min_length=4, max_length=4)]
    u: Annotated[float, Field(ge=0, le=1)] = 0.5
    """From the left to the right."""
    v: Annotated[float, Field(ge=0, le=1)] = 0.5
    """From the top to the bottom."""
    vary: Part = "both"
    hold_other: Annotated[str, Field(pattern="^([abcd]|mean)$")] = "a"

    def place(self, known: Known) -> tuple[Code, Weights]:
        """As of every view."""
        own, vary, at = known.codes(self.images), Vary(self.vary, self.hold_other), np.array([[self.u, self.v]])
        return Block(vary.codes(known.space, own))(at)[0], vary.weights(own, between_corners)(at)[0]


class WheelView(Strict):
    """On a wheel through three images or more."""

    kind: Literal["wheel"] = "wheel"
    images: Annotated[tuple[Name, ...], Field(min_length=3, max_length=MOST_IMAGES)]
    angle: Annotated[float, Field(ge=-36_000, le=36_000)] = 0.0

    def place(self, known: Known) -> tuple[Code, Weights]:
        """As of every view."""
        codes, t = known.codes(self.images), np.array([self.angle / TURN])
        wheel = Wheel(codes)
        return wheel(t)[0], between_neighbours(wheel.knots, True, t)[0]


class EditView(Strict):
    """One image with some of its attributes moved, each by so many standard deviations of the labels."""

    kind: Literal["edit"] = "edit"
    images: Annotated[tuple[Name, ...], Field(min_length=1, max_length=1)]
    amounts: dict[Name, Annotated[float, Field(ge=-MOST_SDS, le=MOST_SDS)]] = Field(default_factory=dict)
    hold: tuple[Name, ...] = ()
    vary: Part = "both"

    @property
    def asked(self) -> dict[str, float]:
        """What is moved at all."""
        return {name: amount for name, amount in self.amounts.items() if amount}

    def edit(self, known: Known) -> Edit:
        """What is done to the code; an attribute that is moved is not held. Raises `ConfigError` as `Edit`."""
        if known.vectors is None:
            raise ConfigError("there are no attribute vectors here: give --vectors, a folder of 'attributes fit'")
        asked = self.asked
        held = [name for name in self.hold if name not in asked]
        return Edit(known.vectors, list(asked), [[one] for one in asked.values()], "ols", "sd", held, calibrate=False)

    def place(self, known: Known) -> tuple[Code, Weights]:
        """As of every view."""
        start = known.codes(self.images)
        if not self.asked:
            return start[0], np.ones(1)
        edit, vary = self.edit(known), Vary(self.vary)
        directions = [vary.direction(known.space, one) for one in edit.directions()]
        return moved(start, directions, [np.array(step) for step in edit.amounts])[0], np.ones(1)


class AxesView(Strict):
    """One image moved along the principal axes of all photographs, each by so many standard deviations."""

    kind: Literal["axes"] = "axes"
    images: Annotated[tuple[Name, ...], Field(min_length=1, max_length=1)]
    amounts: Annotated[tuple[Annotated[float, Field(ge=-MOST_SDS, le=MOST_SDS)], ...], Field(max_length=MOST_AXES)]
    vary: Part = "both"

    def place(self, known: Known) -> tuple[Code, Weights]:
        """As of every view. Raises `DataError` where there are fewer axes."""
        axes = known.axes(self.vary)
        if len(self.amounts) > len(axes):
            raise DataError(f"there are {len(axes)} principal axes here, not {len(self.amounts)}")
        directions = list(axes[: len(self.amounts)].astype(np.float64))
        start = known.codes(self.images)
        return moved(start, directions, [np.array([one]) for one in self.amounts])[0], np.ones(1)


class CodeView(Strict):
    """A code as it is: the model's own picture."""

    kind: Literal["code"] = "code"
    images: Annotated[tuple[Name, ...], Field(max_length=0)] = ()
    code: Annotated[tuple[Annotated[float, Field(ge=-MOST_CODE, le=MOST_CODE)], ...], Field(min_length=1)]

    def place(self, known: Known) -> tuple[Code, Weights]:
        """As of every view. Raises `DataError` for a code of another length."""
        if len(self.code) != known.space.latent:
            raise DataError(f"a code of this model has {known.space.latent} numbers, not {len(self.code)}")
        return np.array(self.code, np.float32), np.empty(0)


View = MorphView | GridView | WheelView | EditView | AxesView | CodeView
VIEWS: TypeAdapter[View] = TypeAdapter(Annotated[View, Field(discriminator="kind")])


def read_view(value: object) -> View:
    """A view of JSON values. Raises `ConfigError`, which says what is wrong in it."""
    try:
        return VIEWS.validate_python(value)
    except ValidationError as error:
        raise ConfigError("; ".join(_told(mistake) for mistake in error.errors()[:3])) from None


def _told(mistake: object) -> str:
    where = ".".join(map(str, mistake["loc"][1:] or mistake["loc"]))  # type: ignore[index]
    return f"{where}: {said(mistake)}" if where else said(mistake)
