"""Images of one kind of thing aligned by each other: congealing (Learned-Miller 2006), a similarity an image.

Each image is placed on the mean of the others, the mean is taken again, and so on, from coarse to fine. What is
compared is local contrast (`contrasts`), place by place as far as the set agrees there: where eyes are in all images
they decide, hair that differs does not. Pixels beyond an image count nowhere. That the mean of all similarities stays
the identity keeps the set from shrinking and the frame from drifting.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaia_stim.alignment.contrasts import COARSE, FINE, IDENTITY, Planes, contrasts, thumb
from gaia_stim.alignment.similarity import Similarity
from gaia_stim.alignment.templates import (
    UNSURE,
    Found,
    Search,
    Sides,
    Template,
    composed,
    confidence,
    correlation,
    fitted,
    likelier,
)
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.images import Pixels

FEWEST = 5
"""Of fewer images nothing is in common that could be told from what is each one's own."""
MOST = 400
"""The template is made of at most so many, spread over the set; all others are placed on it."""
ROUNDS = {COARSE: 6, FINE: 5}
AGREED = 0.15
"""Variance of local contrast (of 1) below which places count alike."""
Maps = npt.NDArray[np.complex128]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Congealed:
    """Where each image goes, how sure that is, and the template on which images that come later are placed."""

    found: list[Found]
    template: Template

    @property
    def size(self) -> float:
        """The side, in pixels, at which the middle one of the images is neither enlarged nor reduced."""
        return 1 / float(np.median([one.similarity(1).scale for one in self.found]))

    def similarities(self, size: int) -> list[Similarity]:
        """From pixels of each image to pixels of its aligned one, a square of `size`."""
        return [one.similarity(size) for one in self.found]

    @property
    def confidence(self) -> list[float]:
        """Of each image, 0 to 1; see `Template.confidence`."""
        return [one.confidence for one in self.found]


def congeal(images: Iterable[Pixels], *, listen: Listener = silent) -> Congealed:
    """Align images (H, W, 1 or 3) of one kind of thing, of any sizes, by each other.

    They are looked at one by one, and kept at 64 px only: 12 KB each. Their shorter sides are taken for equally long at
    first; things may be turned by up to some 30°, and differ in size by up to 1.5 times from the middle one. The same
    images in the same order give the same result. Raises `DataError` where there are fewer than five.
    """
    thumbs, sides = [], []
    for image in images:
        thumbs.append(thumb(image, FINE))
        sides.append(Sides(*image.shape[:2]))
    if len(thumbs) < FEWEST:
        raise DataError(f"images are aligned by each other from {FEWEST} on; there are {len(thumbs)}")
    chosen = np.unique(np.linspace(0, len(thumbs) - 1, min(MOST, len(thumbs))).round().astype(int))
    congealing = _Congealing([thumbs[index] for index in chosen])
    congealing.run(listen)
    template = congealing.template()
    own = dict(zip(chosen.tolist(), zip(congealing.maps, congealing.scores, strict=True), strict=True))
    found = []
    for index, (small, side) in enumerate(tracked(zip(thumbs, sides, strict=True), "placing", len(thumbs), listen)):
        (a, b), score = own[index] if index in own else template.fitted(small)
        found.append(Found((complex(a), complex(b)), side, template.confidence(float(score))))
    return Congealed(found, template)


class _Congealing:
    """The images that make the template, and where they are by now."""

    def __init__(self, thumbs: Sequence[Pixels]) -> None:
        self.thumbs = {FINE: thumbs, COARSE: [thumb(one, COARSE) for one in thumbs]}
        self.maps: Maps = np.tile(np.array(IDENTITY), (len(thumbs), 1))
        self.weights: Weights = np.ones(len(thumbs))
        """What looks like no other counts less in the mean."""
        self.scores: Weights = np.zeros(len(thumbs))

    def run(self, listen: Listener) -> None:
        rounds = [side for side, count in ROUNDS.items() for _ in range(count)]
        for side in tracked(rounds, "congealing", len(rounds), listen):
            self._round(side)

    def template(self) -> Template:
        levels = {side: _Sums.of(self.thumbs[side], side, self.maps, self.weights).template() for side in ROUNDS}
        return Template.of(levels, float(np.median(self.scores)))

    def _round(self, side: int) -> None:
        """Place every image on the mean of all the others, as they are before it.

        At the fine level those that are unsure by then are searched for anew: dark glasses and much hair hide what
        decides, so that the coarse search misses places that correlate best.
        """
        sums = _Sums.of(self.thumbs[side], side, self.maps, self.weights)
        search = Search(*sums.template()) if side == COARSE else None
        unsure = self._unsure() if side == FINE else []
        anew = Search(*sums.template()) if unsure else None
        for index, small in enumerate(self.thumbs[side]):
            here = (complex(self.maps[index, 0]), complex(self.maps[index, 1]))
            planes, inside = contrasts(small, side, here)
            others = sums.template(without=(planes, inside, self.weights[index]))
            if search is not None:
                (there,) = search(*contrasts(small, side, IDENTITY))
                seen = contrasts(small, side, there)
                if correlation(*seen, *others) > correlation(planes, inside, *others):
                    here, (planes, inside) = there, seen
            step, score = fitted(planes, inside, *others)
            here = composed(here, step)
            if anew is not None and index in unsure:
                here, score = likelier((here, score), anew.best(small, *others))
            self.maps[index], self.scores[index] = here, score
        middle = float(np.median(self.scores))
        self.weights = np.clip(self.scores / middle, 0.01, 1) ** 2 if middle > 0 else np.ones(len(self.scores))
        self.maps = centred(self.maps, self.weights)

    def _unsure(self) -> list[int]:
        typical = float(np.median(self.scores))
        return [index for index, score in enumerate(self.scores) if confidence(score, typical) < UNSURE]


def centred(maps: Maps, weights: Weights) -> Maps:
    """The same maps (n, 2) from another frame, so chosen that their weighted mean is the identity."""
    share = weights / weights.sum()
    turned = maps[:, 0] / np.exp((share * np.log(maps[:, 0])).sum())
    shift = -(share * maps[:, 1]).sum() / (share * turned).sum()
    return np.stack([turned, turned * shift + maps[:, 1]], axis=1)


@dataclass
class _Sums:
    """What images look like in the frame, added up: contrasts, their squares, and how much was seen of each place."""

    first: npt.NDArray[np.float64]
    second: npt.NDArray[np.float64]
    seen: npt.NDArray[np.float64]

    @classmethod
    def of(cls, thumbs: Sequence[Pixels], side: int, maps: Maps, weights: Weights) -> "_Sums":
        first: npt.NDArray[np.float64] | float = 0.0
        second: npt.NDArray[np.float64] | float = 0.0
        seen: npt.NDArray[np.float64] | float = 0.0
        for small, (a, b), weight in zip(thumbs, maps, weights, strict=True):
            planes, inside = contrasts(small, side, (complex(a), complex(b)))
            first, second, seen = first + weight * planes, second + weight * planes**2, seen + weight * inside
        return cls(np.asarray(first), np.asarray(second), np.asarray(seen))

    def template(self, without: tuple[Planes, Planes, float] | None = None) -> tuple[Planes, Planes]:
        """The mean, and what its places are worth: much where much was seen and the images agree."""
        first, second, seen = self.first, self.second, self.seen
        if without is not None:
            planes, inside, weight = without
            first, second, seen = first - weight * planes, second - weight * planes**2, seen - weight * inside
        most = max(float(seen.max()), 1e-9)
        total = np.maximum(seen, 0) + 1e-3 * most
        mean = first / total
        variance = np.maximum(second / total - mean**2, 0)
        worth = np.maximum(seen, 0) / most / (variance + AGREED)
        return mean.astype(np.float32), worth.astype(np.float32)
