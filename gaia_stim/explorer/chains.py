"""Chains of choices that people make: Gibbs sampling with people, and Markov chain Monte Carlo with people.

A chain walks through a few dimensions round a photograph, each in standard deviations. With Gibbs sampling (Harrison et
al. 2020) a trial is a slider along one dimension, the next dimension each time, and where it is left the chain goes on.
With Markov chain Monte Carlo (Sanborn, Griffiths & Shiffrin 2010) a trial is the present stimulus beside a proposal,
and the one that is chosen is the next: people choose in proportion to how well each fits, which is Barker's rule.

What a trial shows is a pure function of the chain's seed and of the answers before it, so the answers are all the state
there is: see `explorer.store`.
"""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from gaia_stim.errors import ConfigError
from gaia_stim.explorer.views import MOST_AXES, AxesView, EditView, Name, Part, Strict, View

State = tuple[float, ...]
"""Where a chain is: of each dimension the SDs."""
PLACES = 12
"""Decimals of what is kept: the same on every machine."""


class ChainSpec(Strict):
    """What a chain is, said once when it is begun."""

    kind: Literal["gsp", "mcmcp"]
    """Gibbs sampling with people, or Markov chain Monte Carlo with people."""
    start: Name
    """The photograph that is moved."""
    attributes: Annotated[tuple[Name, ...], Field(max_length=MOST_AXES)] = ()
    """The dimensions: attributes of the vectors that are open …"""
    axes: Annotated[int, Field(ge=0, le=MOST_AXES)] = 0
    """… or so many principal axes of the photographs."""
    vary: Part = "both"
    """The part of the code that is moved: shape or texture alone; `axes` are then those of that part."""
    trials: Annotated[int, Field(ge=1, le=100_000)] = 100
    """How many answers it takes."""
    reach: Annotated[float, Field(gt=0, le=10)] = 2.0
    """In SDs: how far each dimension goes, to both sides of the photograph."""
    step: Annotated[float, Field(gt=0, le=10)] = 0.5
    """In SDs: how far proposals of mcmcp are from the present stimulus, a Gaussian's standard deviation."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of where it begins, of the order of its dimensions, and of all proposals."""
    size: Annotated[str, Field(pattern=r"^(source|model|\d{2,4})$")] = "source"
    """Of what is shown: source, model, or pixels of a side."""

    @model_validator(mode="after")
    def _dimensions(self) -> "ChainSpec":
        if bool(self.attributes) == bool(self.axes):
            raise ValueError("name attributes, or say how many principal axes; one of the two")
        if len(set(self.attributes)) < len(self.attributes):
            raise ValueError("an attribute is named twice")
        return self

    @property
    def dimensions(self) -> list[str]:
        """What the dimensions are called."""
        return list(self.attributes) or [f"axis_{number + 1}" for number in range(self.axes)]

    def view(self, state: State) -> View:
        """The stimulus there."""
        if self.attributes:
            amounts = dict(zip(self.attributes, state, strict=True))
            return EditView(images=(self.start,), amounts=amounts, vary=self.vary)
        return AxesView(images=(self.start,), amounts=state, vary=self.vary)

    # -- the walk ----------------------------------------------------------------------------------------------------

    def begin(self) -> State:
        """Where the chain begins: anywhere within its reach."""
        drawn = np.random.default_rng([self.seed, 0]).uniform(-self.reach, self.reach, len(self.dimensions))
        return _kept(drawn)

    def holds(self, state: State) -> bool:
        """Whether the chain could come there."""
        return len(state) == len(self.dimensions) and all(-self.reach <= one <= self.reach for one in state)

    def dimension(self, trial: int) -> int:
        """Of gsp: along which a trial goes. In turn, in an order that each chain has for itself."""
        order = np.random.default_rng([self.seed, 1]).permutation(len(self.dimensions))
        return int(order[trial % len(order)])

    def slider(self, trial: int) -> float:
        """Of gsp: where a trial's slider begins, anywhere, so that where it was left last does not draw the hand."""
        return _kept(np.random.default_rng([self.seed, 3, trial]).uniform(-self.reach, self.reach, 1))[0]

    def proposal(self, trial: int, state: State) -> tuple[State, bool]:
        """Of mcmcp: what is proposed, and whether it is shown first. At the ends of the reach it is thrown back."""
        random = np.random.default_rng([self.seed, 2, trial])
        away = np.array(state) + self.step * random.standard_normal(len(state))
        # Folded back as often as it takes: as likely there and back, so the chain's rule holds.
        period = 4 * self.reach
        folded = np.abs((away - self.reach) % period - period / 2) - self.reach
        return _kept(folded), bool(random.random() < 0.5)

    def pair(self, trial: int, state: State) -> tuple[State, State]:
        """Of mcmcp: what is shown first, and second."""
        proposed, is_first = self.proposal(trial, state)
        return (proposed, state) if is_first else (state, proposed)

    def shown(self, trial: int, state: State, at: float) -> State:
        """What a trial shows: of gsp with its slider `at` so many SDs, of mcmcp the first (0) or the second (1).

        Raises `ConfigError` for what it does not show.
        """
        if self.kind == "mcmcp":
            if at not in (0, 1):
                raise ConfigError("an answer is 0 for the first of the two, 1 for the second")
            return self.pair(trial, state)[int(at)]
        if not -self.reach <= at <= self.reach:
            raise ConfigError(f"an answer lies between {-self.reach:g} and {self.reach:g}")
        own = self.dimension(trial)
        return tuple(round(at, PLACES) if place == own else one for place, one in enumerate(state))

    def told(self, trial: int, state: State) -> dict[str, Any]:
        """What a participant's page needs to know of a trial."""
        if self.kind == "mcmcp":
            return {"trial": trial, "kind": "mcmcp", "answers": [0, 1]}
        name, begin = self.dimensions[self.dimension(trial)], self.slider(trial)
        ends = {"low": -self.reach, "high": self.reach}
        return {"trial": trial, "kind": "gsp", "dimension": name, **ends, "begin": begin}


def _kept(values: "np.ndarray[Any, np.dtype[np.float64]]") -> State:
    return tuple(round(float(one), PLACES) for one in values)
