"""Which photographs a set's stimuli are made of, and how much of each is in each of them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gaia_stim.errors import ConfigError
from gaia_stim.images import Pixels
from gaia_stim.space.carrying import Residuals
from gaia_stim.space.paths import Code, Codes
from gaia_stim.space.photographs import NO_SHAPE, Carried, Photograph, Weights
from gaia_stim.space.space import Space
from gaia_stim.stimuli.codes import from_json, to_json
from gaia_stim.stimuli.sources import Encoded, SourceImage

At = npt.NDArray[np.float64]
"""Places on a curve (n,), or on a sheet (n, 2)."""

SOURCE, MODEL = "source", "model"
RESTORED = "restored"
MOST_NODES = 64
"""Weights of a residual velocity along a side that are read from a file."""
LARGEST = 1024
"""Pixels of a side that stimuli have at most where nobody asks for more."""
LATENT, TOLD = "latent", 128
"""Equal steps of the code are placed by no picture: how even they are is told of pictures of so many pixels a side."""
MEASURED_BYTES = 1 << 27
"""Of all stimuli together where their steps are measured to place them: larger ones are measured on smaller pictures.
Places by pictures of 128 px were up to .02 (pixel) and .04 (nlpd) off those by the written ones of 384."""


@dataclass(frozen=True, eq=False)
class Carrying:
    """Photographs and their weights in all stimuli of a set."""

    ids: tuple[str, ...]
    codes: Codes
    """(sources, latent)"""
    weights: Weights
    """(stimuli, sources)"""
    side: int
    """Of the stimuli, in pixels."""
    detail: str
    """"restored" or "mean"."""
    read: Sequence[Callable[[Code], Photograph]] = ()
    """Of each source the photograph, with its code; none yet where a plan was read from JSON."""
    residuals: Residuals | None = None
    """Their own velocities beside those of their codes, where they have some."""
    shapes: Weights | None = None
    """(stimuli, sources): how much of each of those is in them, where that is not as much as of its photograph."""

    def carried(self, space: Space, side: int) -> Carried:
        """What makes stimuli of these photographs, at a size."""
        own = [None] * len(self.codes) if self.residuals is None else list(self.residuals)
        plain = [read(code) for code, read in zip(self.codes, self.read, strict=True)]
        photographs = [replace(one, residual=residual) for one, residual in zip(plain, own, strict=True)]
        return Carried(space.model.decoder, photographs, side, keep_detail=self.detail == RESTORED)

    def as_json(self) -> dict[str, Any]:
        """What a plan says of it in provenance.json."""
        return {
            "side": self.side,
            "detail": self.detail,
            "sources": list(self.ids),
            "weights": self.weights.tolist(),
            "source_codes": to_json(self.codes),
            **({} if self.residuals is None else {"residuals": to_json(self.residuals)}),
            **({} if self.shapes is None else {"shapes": self.shapes.tolist()}),
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any], stimuli: int) -> "Carrying":
        """Read back what `as_json` wrote. Raises `ValueError` and its kin where it is something else."""
        weights = np.array(value["weights"], dtype=np.float64)
        ids, codes = tuple(map(str, value["sources"])), from_json(value["source_codes"])
        side, detail = int(value["side"]), str(value["detail"])
        if weights.shape != (stimuli, len(ids)) or len(codes) != len(ids) or not 1 <= side <= 1 << 14:
            raise ValueError(f"weights of shape {weights.shape} for {stimuli} stimuli of {len(ids)} photographs")
        if not np.isfinite(weights).all() or not np.isfinite(codes).all():
            raise ValueError("a weight or a code of a photograph is not a number")
        residuals = from_json(value["residuals"]) if "residuals" in value else None
        if residuals is not None and not (
            residuals.ndim == 4
            and residuals.shape[:2] == (len(ids), 2)
            and 1 <= min(residuals.shape[2:]) <= max(residuals.shape[2:]) <= MOST_NODES
            and np.isfinite(residuals).all()
        ):
            raise ValueError(f"residual velocities of shape {residuals.shape} for {len(ids)} photographs")
        shapes = np.array(value["shapes"], dtype=np.float64) if "shapes" in value else None
        if shapes is not None and (shapes.shape != weights.shape or not np.isfinite(shapes).all()):
            raise ValueError(f"weights of shape {shapes.shape} for {stimuli} stimuli of {len(ids)} residual velocities")
        return cls(ids, codes, weights, side, detail, residuals=residuals, shapes=shapes)

    def reading(self, space: Space, images: Mapping[str, SourceImage]) -> "Carrying":
        """The same with its photographs, by their ids."""
        return replace(self, read=[partial(images[name].photograph, space) for name in self.ids])


@dataclass(frozen=True)
class Size:
    """What --size and --detail come to: photographs are carried where `side` is a number."""

    side: int | None = None
    detail: str = RESTORED

    @classmethod
    def of(cls, space: Space, images: Sequence[SourceImage], size: str = SOURCE, detail: str = RESTORED) -> "Size":
        """`size` is "source", "model" or a number of pixels.

        source: as the smallest of the photographs, up to `LARGEST`, where the model has a shape and smaller pictures.
        Raises `ConfigError` for a number where the model has no shape.
        """
        if size == MODEL or not images:
            return cls()
        if size != SOURCE:
            if not space.has_shape:
                raise ConfigError(f"--size {size}: {NO_SHAPE}")
            return cls(int(size), detail)
        side = min(LARGEST, *(image.side for image in images))
        return cls(side, detail) if space.has_shape and side > space.shape[0] else cls()

    def carrying(
        self,
        space: Space,
        images: Sequence[SourceImage],
        points: Encoded,
        weights: Weights,
        shapes: Weights | None = None,
    ) -> Carrying | None:
        """The images with their codes, carried at that size, if they are.

        `shapes` is how much of each residual velocity is in the stimuli, where it may not be as much as of the image.
        """
        if self.side is None:
            return None
        if points.residuals is None or shapes is None or np.array_equal(weights, shapes):
            shapes = None
        ids = tuple(image.source.source_id for image in images)
        read = [partial(image.photograph, space) for image in images]
        return Carrying(ids, points.codes, weights, self.side, self.detail, read, points.residuals, shapes)

    def render(
        self,
        space: Space,
        images: Sequence[SourceImage],
        points: Encoded,
        curve: Callable[[At], Codes],
        weights: Callable[[At], Weights],
        shapes: Callable[[At], Weights],
        stimuli: int,
        spacing: str,
    ) -> Callable[[At], Pixels]:
        """From places on a curve to the pictures there, to measure the steps of so many stimuli by."""
        carrying = self.carrying(space, images, points, np.empty((0, len(images))))
        if carrying is None:
            return lambda places: space.decode(curve(places))
        carried = carrying.carried(space, self.measured_at(stimuli, spacing) or carrying.side)
        known: dict[bytes, Pixels] = {}

        def shown(places: At) -> Pixels:
            new = np.array([place for place in places if place.tobytes() not in known])
            if len(new):
                shown = carried.many(curve(new), weights(new), shapes(new))
                known.update((place.tobytes(), one.picture) for place, one in zip(new, shown, strict=True))
            return np.stack([known[place.tobytes()] for place in places])

        return shown

    def measured_at(self, stimuli: int, spacing: str) -> int | None:
        """Pixels of a side at which steps are measured: the stimuli's own, unless they are very many, or "latent"."""
        most = TOLD if spacing == LATENT else math.isqrt(MEASURED_BYTES // (3 * stimuli))
        return self.side and min(self.side, most)

    def measuring(self, stimuli: int, spacing: str) -> dict[str, int]:
        """What the record of a spacing says of it."""
        side = self.measured_at(stimuli, spacing)
        return {} if side is None else {"measured_at_px": side}

    def degrees(self, space: Space, pixels_per_degree: float | None) -> float | None:
        """How wide the stimuli are to the eye, where it is known how many of their pixels make a degree."""
        return None if pixels_per_degree is None else (self.side or space.shape[0]) / pixels_per_degree

    def request(self) -> dict[str, Any]:
        """What is added to a set's request."""
        return {} if self.side is None else {"carried": {"side": self.side, "detail": self.detail}}
