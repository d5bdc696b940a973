"""Shape alone or texture alone: one part of each code varies, the other is held, as face research has it.

A code of a model with a shape is [texture | shape]. Where the held part is one source's own, that source is still a
photograph of itself; where it is the mean, all stimuli wear the mean texture, or the mean shape.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaia_stim.errors import ConfigError
from gaia_stim.networks.base import Shaped
from gaia_stim.space.paths import Code, Codes
from gaia_stim.space.photographs import Weights
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import Direction

BOTH, SHAPE, TEXTURE = "both", "shape", "texture"
MEAN = "mean"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
At = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Vary:
    """What varies ("both", "shape" or "texture"), and at which source the other part is held: "a", "b" … or "mean"."""

    part: str = BOTH
    hold: str = "a"

    def held_at(self, codes: Codes) -> int | None:
        """The place of that source among the codes, None for their mean. Raises `ConfigError` where there is none."""
        if self.hold == MEAN:
            return None
        place = LETTERS.find(self.hold)
        if not 0 <= place < len(codes):
            last = LETTERS[min(len(codes), len(LETTERS)) - 1]
            raise ConfigError(f"--hold-other {self.hold}: should be the letter of an image, a to {last}, or mean")
        return place

    def codes(self, space: Space, codes: Codes) -> Codes:
        """Codes (sources, latent) that differ in nothing but what varies. Raises `ConfigError` without a shape."""
        if self.part == BOTH:
            return codes
        place = self.held_at(codes)
        mean: Code = codes.mean(axis=0, dtype=np.float64).astype(np.float32)
        return self.keeping(space, codes, mean if place is None else codes[place])

    def keeping(self, space: Space, codes: Codes, other: Code) -> Codes:
        """The codes with what is held as it is in `other`."""
        return codes if self.part == BOTH else np.where(self._varies(space), codes, other)

    def direction(self, space: Space, direction: Direction) -> Direction:
        """Of a direction what varies: that of shape and that of texture add up to the whole."""
        return direction if self.part == BOTH else direction * self._varies(space)

    def weights(self, codes: Codes, along: Callable[[At], Weights]) -> Callable[[At], Weights]:
        """How much of each photograph is shown, where `along` says how much of each code is: texture is what shows."""
        return self._held(codes) if self.part == SHAPE else along

    def shapes(self, codes: Codes, along: Callable[[At], Weights]) -> Callable[[At], Weights]:
        """How much there is of what each photograph has of shape beside its code."""
        return self._held(codes) if self.part == TEXTURE else along

    def _held(self, codes: Codes) -> Callable[[At], Weights]:
        """Everywhere that of the one whose part is held, or as much of each."""
        place, count = self.held_at(codes), len(codes)
        one = np.full(count, 1 / count) if place is None else np.eye(count)[place]
        return lambda places: np.tile(one, (len(places), 1))

    @property
    def words(self) -> str:
        """What is added to a title."""
        return "" if self.part == BOTH else f", {self.part} alone"

    def record(self, hold: str | None = None) -> dict[str, Any]:
        """What a plan says of it."""
        return {} if self.part == BOTH else {"vary": {"part": self.part, "other_held_at": hold or self.hold}}

    def _varies(self, space: Space) -> npt.NDArray[np.bool_]:
        decoder = space.model.decoder
        if not isinstance(decoder, Shaped):
            raise ConfigError(f"--vary {self.part}: this model has no shape; train one with --network deform")
        is_shape = np.arange(space.latent) >= decoder.texture_latent
        return is_shape if self.part == SHAPE else ~is_shape


VARY_BOTH = Vary()
