"""What a set of aligned images has in common, and placing an image on it: a search of all places, then Gauss-Newton."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import fft

from gaia_stim.alignment.contrasts import CHANNELS, COARSE, FINE, IDENTITY, Map, Planes, contrasts, grid, moved, thumb
from gaia_stim.alignment.similarity import Similarity
from gaia_stim.images import Pixels

ROTATIONS = np.radians(np.arange(-30.0, 31.0, 6.0))
SCALES = np.exp(np.linspace(-0.4, 0.4, 9))
"""What is tried at first of how things lie in an image, against the frame."""
SEEN = 0.5
"""At least this share of the template must lie inside an image."""
UNLIKELY = 0.05
"""What correlation must gain for a place that is one standard deviation (`SPREAD`) off the middle."""
SPREAD = {"log scale": 0.3, "shift": 0.4}
CANDIDATES, DISTINCT = 4, 0.15
"""So many places of a search are tried of an image that is unsure; nearer ones, in half sides, are one place."""
STEPS, LARGEST_STEP = 4, 0.2
ROUNDS = {COARSE: 2, FINE: 3}
CHANCE, CLEAR = 0.2, 0.4
"""Correlations that any image finds somewhere, and below which no set is taken for aligned."""
UNSURE = 0.5
"""Images of less confidence are searched for anew at the fine level, where more is told apart."""
LARGEST_MEAN = 4.0
"""Local contrasts beyond are not told apart."""


Weights: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """Of an image, in pixels."""

    height: int
    width: int


@dataclass(frozen=True)
class Found:
    """Where an image lies."""

    place: Map
    sides: Sides
    confidence: float

    def similarity(self, size: int) -> Similarity:
        """From pixels of the image to those of the aligned one, a square of `size`."""
        a, b = self.place
        half = min(self.sides.height, self.sides.width) / 2
        corner = 0.5 * (1 + 1j)
        first = (corner - complex(self.sides.width, self.sides.height) / 2) / half
        shift = size / 2 * ((first - b) / a + 1 + 1j) - corner
        return Similarity(size / 2 / half / abs(a), -math.atan2(a.imag, a.real), (shift.real, shift.imag))


@dataclass(frozen=True)
class Template:
    """The mean of a set and what its places are worth, as a grey picture (192, 256, 1) that can be stored as PNG."""

    pixels: Pixels
    typical: float
    """Correlation of the middle one of the set's images with the mean of the others."""

    @classmethod
    def of(cls, levels: Mapping[int, tuple[Planes, Planes]], typical: float) -> "Template":
        """Of each side's mean and worth, (CHANNELS, side, side) each: fine mean, fine worth, then the coarse ones."""
        rows = [[_byte_mean(levels[FINE][0])], [_byte_worth(levels[FINE][1])]]
        rows.append([_byte_mean(levels[COARSE][0]), _byte_worth(levels[COARSE][1])])
        return cls(
            np.vstack([np.hstack([np.hstack(list(tiles)) for tiles in row]) for row in rows])[..., None], typical
        )

    def place(self, image: Pixels) -> Found:
        """Where an image (H, W, 1 or 3) lies that was not in the set."""
        place, score = self.fitted(thumb(image, FINE))
        return Found(place, Sides(*image.shape[:2]), self.confidence(score))

    def confidence(self, score: float) -> float:
        """Of a correlation, 0 to 1."""
        return confidence(score, self.typical)

    def fitted(self, small: Pixels) -> tuple[Map, float]:
        """The place of a thumb of side `FINE`, and its correlation there."""
        thumbs = {FINE: small, COARSE: thumb(small, COARSE)}
        (place,), score = self._search(*contrasts(thumbs[COARSE], COARSE, IDENTITY)), 0.0
        for side in [side for side, count in ROUNDS.items() for _ in range(count)]:
            step, score = fitted(*contrasts(thumbs[side], side, place), *self._levels[side])
            place = composed(place, step)
        if self.confidence(score) >= UNSURE:
            return place, score
        return likelier((place, score), self._fine_search.best(small, *self._levels[FINE]))

    @cached_property
    def _levels(self) -> dict[int, tuple[Planes, Planes]]:
        plain = self.pixels[..., 0].astype(np.float32)
        fine, coarse = plain[: 2 * FINE], plain[2 * FINE :]
        split = CHANNELS * COARSE
        return {
            FINE: (_mean(_tiles(fine[:FINE])), _tiles(fine[FINE:])),
            COARSE: (_mean(_tiles(coarse[:, :split])), _tiles(coarse[:, split:])),
        }

    @cached_property
    def _search(self) -> "Search":
        return Search(*self._levels[COARSE])

    @cached_property
    def _fine_search(self) -> "Search":
        return Search(*self._levels[FINE])


def confidence(score: float, typical: float) -> float:
    """Of a correlation: 0 where any image has it somewhere, 1 from that of the set's middle image, `typical`, on.

    In a set whose images have little in common none is sure.
    """
    return float(np.clip((score - CHANCE) / (max(typical, CLEAR) - CHANCE), 0, 1))


def likelier(*placed: tuple[Map, float]) -> tuple[Map, float]:
    """Of places and their correlations the best, where places far off the middle must be better by something."""
    return max(placed, key=lambda one: one[1] - float(_unlikely(*one[0])))


def _unlikely(scale: complex | npt.NDArray[np.complex128], shift: complex | npt.NDArray[np.complex128]) -> Weights:
    sizes = np.square(np.log(np.abs(scale)) / SPREAD["log scale"])
    return np.asarray(UNLIKELY * (sizes + np.square(np.abs(shift) / SPREAD["shift"])) / 2)


def _byte_mean(mean: Planes) -> Pixels:
    stored: Pixels = np.rint(np.clip(mean / LARGEST_MEAN, -1, 1) * 127 + 128).astype(np.uint8)
    return stored


def _byte_worth(worth: Planes) -> Pixels:
    stored: Pixels = np.rint(worth / max(float(worth.max()), 1e-9) * 255).astype(np.uint8)
    return stored


def _mean(stored: Planes) -> Planes:
    return (stored - np.float32(128)) * np.float32(LARGEST_MEAN / 127)


def _tiles(row: Planes) -> Planes:
    return np.stack(np.split(row, CHANNELS, axis=1))


def composed(place: Map, step: Map) -> Map:
    """The map through `step`, in the frame, and then `place`."""
    return place[0] * step[0], place[0] * step[1] + place[1]


def correlation(planes: Planes, inside: Planes, mean: Planes, worth: Planes) -> float:
    """Of an image with a template, -1 to 1: what of the template lies beyond the image counts as not like it."""
    weight = worth * inside
    power = float((weight * planes**2).sum()) * float((worth * mean**2).sum())
    return float((weight * planes * mean).sum()) / math.sqrt(max(power, 1e-12))


def fitted(planes: Planes, inside: Planes, mean: Planes, worth: Planes) -> tuple[Map, float]:
    """The map of the frame on itself through which planes look most like the mean, and their correlation then.

    Inverse compositional Gauss-Newton (Baker & Matthews 2004) from the identity; what makes it worse is not taken.
    """
    steepest = _steepest(mean)
    both = np.concatenate([planes, inside[None]])
    place, best = IDENTITY, (IDENTITY, correlation(planes, inside, mean, worth))
    for step in range(STEPS + 1):
        seen = moved(both, place)
        score = correlation(seen[:-1], seen[-1], mean, worth)
        if step and score <= best[1]:
            break
        best = (place, score)
        place = _stepped(place, seen[:-1], worth * seen[-1], mean, steepest)
    return best


def _stepped(place: Map, seen: Planes, weight: Planes, mean: Planes, steepest: Planes) -> Map:
    gain = float((weight * seen * mean).sum()) / max(float((weight * seen**2).sum()), 1e-9)
    weighted = steepest * weight[:, None]
    curvature = np.einsum("ciyx,cjyx->ij", weighted, steepest).astype(np.float64)
    slope = np.einsum("ciyx,cyx->i", weighted, gain * seen - mean).astype(np.float64)
    damped = curvature + 1e-3 * np.diag(np.diag(curvature)) + 1e-9 * np.eye(4)
    x, y, size, angle = np.clip(np.linalg.solve(damped, slope), -LARGEST_STEP, LARGEST_STEP)
    factor = complex(np.exp(size + 1j * angle))
    return composed(place, (1 / factor, -complex(x, y) / factor))


def _steepest(mean: Planes) -> Planes:
    """The template's change with x, y, log scale and angle: (CHANNELS, 4, side, side)."""
    side = mean.shape[-1]
    u = grid(side)
    dy, dx = np.gradient(mean, 2 / side, axis=(1, 2))
    made = np.stack([dx, dy, dx * u.real + dy * u.imag, dy * u.real - dx * u.imag], axis=1)
    return made.astype(np.float32)


class Search:
    """Correlation with a template at all rotations, scales and shifts, by Fourier transforms."""

    def __init__(self, mean: Planes, worth: Planes) -> None:
        self.side = mean.shape[-1]
        self.trials = [complex(scale * np.exp(1j * angle)) for scale in SCALES for angle in ROTATIONS]
        planes = np.concatenate([worth * mean, worth, (worth * mean**2).sum(axis=0, keepdims=True)])
        turned = np.stack([moved(planes, (1 / trial, 0j)) for trial in self.trials])
        self.power = np.maximum(turned[:, -1].sum(axis=(1, 2)), 1e-9)[:, None, None]
        self.spectra = np.conj(self._spectra(turned))
        along = np.fft.fftfreq(2 * self.side, 1 / (2 * self.side)) * 2 / self.side
        self.shifts = along[None, :] + 1j * along[:, None]
        self.unlikely = _unlikely(np.array(self.trials)[:, None, None], self.shifts)

    def __call__(self, planes: Planes, inside: Planes, most: int = 1) -> list[Map]:
        """The maps from the frame to where the template fits planes best, which show the image as it is.

        At most so many, of distinct places, the best first.
        """
        like = self._everywhere(self.spectra[:, :CHANNELS], planes)
        power = self._everywhere(self.spectra[:, CHANNELS:-1], planes**2)
        seen = self._everywhere(self.spectra[:, -1:], inside[None]) / self.power
        found = like / np.sqrt(np.maximum(power, 1e-3) * self.power) - self.unlikely
        each = np.where(seen < SEEN, -np.inf, found).reshape(len(found), -1)
        where = each.argmax(axis=1)
        best: list[Map] = []
        for trial in np.argsort(-each.max(axis=1), kind="stable"):
            a, b = self.trials[int(trial)], complex(self.shifts.flat[where[trial]])
            if len(best) < most and all(abs(a - c) + abs(b - d) > DISTINCT for c, d in best):
                best.append((a, b))
        return best

    def best(self, small: Pixels, mean: Planes, worth: Planes) -> tuple[Map, float]:
        """The likeliest of several places of a thumb, each after Gauss-Newton, and its correlation with the mean."""
        places = self(*contrasts(small, self.side, IDENTITY), CANDIDATES)
        return likelier(*(self._refined(small, place, mean, worth) for place in places))

    def _refined(self, small: Pixels, place: Map, mean: Planes, worth: Planes) -> tuple[Map, float]:
        score = 0.0
        for _ in range(ROUNDS[self.side]):
            step, score = fitted(*contrasts(small, self.side, place), mean, worth)
            place = composed(place, step)
        return place, score

    def _spectra(self, planes: Planes) -> npt.NDArray[np.complex64]:
        made: npt.NDArray[np.complex64] = fft.rfft2(planes, s=(2 * self.side, 2 * self.side))
        return made

    def _everywhere(self, spectra: npt.NDArray[np.complex64], planes: Planes) -> Planes:
        sums = np.einsum("tcyx,cyx->tyx", spectra, self._spectra(planes))
        made: Planes = fft.irfft2(sums, s=(2 * self.side, 2 * self.side))
        return made
