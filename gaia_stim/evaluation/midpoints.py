"""True midpoints: what lies half-way between two images, where that is known.

Between two drawn faces it is the face drawn from the mean of their attributes (a binary one is equal in both). No model
is ever told; none of the pairs is ever trained on. A model's midpoint is compared with it, between two controls: the
pixel mean of the pair, which is what a cross-fade shows, and what the model makes of the true midpoint itself, which is
the best that it can draw:

    share = (SSIM(midpoint, truth) − SSIM(blend, truth)) / (SSIM(G(truth), truth) − SSIM(blend, truth))

0 is a cross-fade, 1 as good as the model can draw at all. A model that draws badly has a low denominator, so a share is
always read beside both of the SSIMs that it is made of. Mean SSIMs over all pairs stand in it, not a mean of shares.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from gaia_stim.drawing.sheets import column_sheet
from gaia_stim.errors import ConfigError, unknown_name
from gaia_stim.evaluation.evidence import blend
from gaia_stim.images import Pixels, resized
from gaia_stim.metrics.reconstruction import l1, ssim
from gaia_stim.samples import ATTRIBUTES, deal, draw_face
from gaia_stim.space.paths import Code, Codes, Line
from gaia_stim.space.photographs import Carried, Photograph
from gaia_stim.space.space import Space

OPPOSITE, RANDOM = "opposite", "random"
"""Pairs that look to opposite sides, and any pairs."""
NEVER_TRAINED_ON = 2_000_000_011
"""Added to the seed of the pairs: far from any that somebody draws faces to train on by. Below 2³², since a larger seed
is two words of entropy, and (2⁴⁰, 0) the same two as (0, 256)."""
TURNED = 12.0
"""Degrees that both faces of an opposite pair are turned at least."""
LOW, HIGH = 0.1, 0.9
"""Quantiles of its range between which a single attribute is moved."""
NARROW = 0.05
"""Where SSIM of the blend comes so near to that of G(truth), a share of what lies between would be noise."""
RESAMPLES, INTERVAL = 2_000, (2.5, 97.5)
PLACES = (0.25, 0.5, 0.75)
"""Of a sheet's pictures between the ends."""
ROWS = 8

Attributes = dict[str, float]


@dataclass(frozen=True)
class Pair:
    """Two faces and the one half-way between them."""

    first: Attributes
    second: Attributes

    @property
    def middle(self) -> Attributes:
        return {name: (value + self.second[name]) / 2 for name, value in self.first.items()}


@dataclass(frozen=True, eq=False)
class Drawn:
    """Pairs of one kind as pictures, each (n, size, size, 3)."""

    kind: str
    first: Pixels
    second: Pixels
    truth: Pixels


IDEALS: dict[str, float | None] = {
    f"{figure}_{kind}": ideal
    for kind in (OPPOSITE, RANDOM)
    for figure, ideal in (("midpoint_share", 1.0), ("midpoint_ssim", 1.0), ("blend_ssim", None), ("truth_ssim", 1.0))
}
"""Those that stand in a comparison of models of drawn faces, and what a perfect space would have; None of a control."""


@dataclass(frozen=True)
class MidpointFigures:
    """Of one model on the pairs of one kind."""

    share: float | None
    """None where the blend is nearly as good as the model's own G(truth)."""
    share_interval: tuple[float, float] | None
    """95 % of bootstrap resamples of the pairs."""
    ssim: float
    blend_ssim: float
    truth_ssim: float
    l1: float
    blend_l1: float
    truth_l1: float

    def named(self, kind: str) -> dict[str, float | list[float] | None]:
        """The figures as `benchmark midpoints` names them."""
        interval = None if self.share_interval is None else list(self.share_interval)
        return {
            f"midpoint_share_{kind}": self.share,
            f"midpoint_share_interval_{kind}": interval,
            f"midpoint_ssim_{kind}": self.ssim,
            f"blend_ssim_{kind}": self.blend_ssim,
            f"truth_ssim_{kind}": self.truth_ssim,
            f"midpoint_l1_{kind}": self.l1,
            f"blend_l1_{kind}": self.blend_l1,
            f"truth_l1_{kind}": self.truth_l1,
        }


def check_graded(name: str) -> None:
    """Raise `ConfigError` where that is no attribute of drawn faces, or a binary one."""
    if name not in ATTRIBUTES:
        graded = [known for known, attribute in ATTRIBUTES.items() if attribute.kind == "graded"]
        raise unknown_name("attribute", name, graded)
    if ATTRIBUTES[name].kind == "binary":
        raise ConfigError(f"--attribute {name}: is there or is not; nothing lies half-way that could be compared with")


def pairs(kind: str, number: int, seed: int = 0) -> list[Pair]:
    """`number` pairs of a kind: opposite, random, or such as differ in the attribute of that name alone."""
    found: list[Pair] = []
    dealt = _dealt(seed)
    while len(found) < number:
        first, second = next(dealt), next(dealt)
        if kind in ATTRIBUTES:
            low, high = ATTRIBUTES[kind].low, ATTRIBUTES[kind].high
            first, second = (first | {kind: low + place * (high - low)} for place in (LOW, HIGH))
        second = second | {name: first[name] for name, spec in ATTRIBUTES.items() if spec.kind == "binary"}
        if kind != OPPOSITE or (first["yaw"] * second["yaw"] < 0 and min(map(_turn, (first, second))) > TURNED):
            found.append(Pair(first, second))
    return found


def _dealt(seed: int) -> Iterator[Attributes]:
    return (deal(index, NEVER_TRAINED_ON + seed) for index in count())


def _turn(attributes: Attributes) -> float:
    return abs(attributes["yaw"])


def draw(kind: str, wanted: list[Pair], size: int) -> Drawn:
    """The pairs and their true midpoints as pictures of `size` pixels."""
    first, second, truth = (
        np.stack([draw_face(attributes, size) for attributes in faces])
        for faces in zip(*((pair.first, pair.second, pair.middle) for pair in wanted), strict=True)
    )
    return Drawn(kind, first, second, truth)


def midpoint_figures(space: Space, drawn: Drawn, seed: int = 0) -> MidpointFigures:
    """What the model makes of the pairs' middles, beside both controls."""
    first, second = space.encode(drawn.first), space.encode(drawn.second)
    pictures = {
        "midpoint": space.decode(Line(first, second)(np.array([0.5]))),
        "blend": blend(drawn.first, drawn.second),
        "truth": space.decode(space.encode(drawn.truth)),
    }
    similar = {name: ssim(shown, drawn.truth) for name, shown in pictures.items()}
    away = {name: float(l1(shown, drawn.truth).mean()) for name, shown in pictures.items()}
    share = _share(*(values.mean() for values in similar.values()))
    interval = None if share is None else _interval(np.stack(list(similar.values())), seed)
    return MidpointFigures(
        None if share is None else float(share),
        interval,
        *(float(values.mean()) for values in similar.values()),
        *away.values(),
    )


@dataclass(frozen=True, eq=False)
class Middles:
    """The middles of pairs at their own size, four ways: each (n, side, side, 3)."""

    blend: Pixels
    enlarged: Pixels
    """The model's own pictures."""
    carried: Pixels
    """Photographs carried along, as `morph` writes them."""
    mean: Pixels
    """The same with `--detail mean`."""
    folds: int
    """Of all maps."""

    @classmethod
    def of(cls, space: Space, drawn: Drawn) -> "Middles":
        """Those of drawn faces, which are larger than the model's pictures. Raises `ConfigError` without a shape."""
        side = drawn.truth.shape[1]
        ends = np.stack([space.encode(drawn.first), space.encode(drawn.second)], axis=1)
        codes = ends.mean(axis=1, dtype=np.float64).astype(np.float32)
        carried, mean = (
            [
                _carried(space, own, pair, keep_detail).shown(code, np.array([0.5, 0.5]))
                for own, pair, code in zip(ends, zip(drawn.first, drawn.second, strict=True), codes, strict=True)
            ]
            for keep_detail in (True, False)
        )
        return cls(
            blend(drawn.first, drawn.second),
            np.stack([resized(one, side, side) for one in space.decode(codes)]),
            np.stack([one.picture for one in carried]),
            np.stack([one.picture for one in mean]),
            sum(one.folds for one in carried),
        )

    def named(self, drawn: Drawn) -> dict[str, float]:
        """SSIM to the true midpoints, and the folds, as `benchmark midpoints --size` names them."""
        ways = {"blend": self.blend, "enlarged": self.enlarged, "carried": self.carried, "carried_mean": self.mean}
        side, kind = drawn.truth.shape[1], drawn.kind
        figures = {f"{name}_ssim_{side}_{kind}": float(ssim(way, drawn.truth).mean()) for name, way in ways.items()}
        return {**figures, f"folds_{side}_{kind}": self.folds}

    def rows(self, drawn: Drawn) -> Pixels:
        """The first pairs to look at, a row each."""
        columns = [drawn.first, self.blend, self.enlarged, self.carried, self.mean, drawn.truth, drawn.second]
        labels = ["A", "blend", "model, enlarged", "carried", "--detail mean", "true 0.5", "B"]
        return column_sheet(
            [one[:ROWS] for one in columns], labels, f"Midpoints at {drawn.truth.shape[1]} px: {drawn.kind}"
        )


def _carried(space: Space, codes: Codes, pictures: Sequence[Pixels], keep_detail: bool) -> Carried:
    def photograph(code: Code, picture: Pixels) -> Photograph:
        return Photograph(code, lambda side: picture)

    photographs = [photograph(code, picture) for code, picture in zip(codes, pictures, strict=True)]
    return Carried(space.model.decoder, photographs, pictures[0].shape[0], keep_detail=keep_detail)


def _share(midpoint: float, blended: float, best: float) -> float | None:
    return None if best - blended < NARROW else (midpoint - blended) / (best - blended)


def _interval(similar: npt.NDArray[np.float64], seed: int) -> tuple[float, float]:
    """Of (3, pairs): pairs are drawn with replacement, and the share is made of their means."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, similar.shape[1], (RESAMPLES, similar.shape[1]))
    midpoint, blended, best = similar[:, chosen].mean(axis=2)
    low, high = np.percentile((midpoint - blended) / (best - blended), INTERVAL)
    return float(low), float(high)


def midpoint_rows(space: Space, drawn: Drawn) -> Pixels:
    """The first pairs to look at, a row each: A, what the model makes of the way to B, B, and the true midpoint."""
    a, b = drawn.first[:ROWS], drawn.second[:ROWS]
    line = Line(space.encode(a), space.encode(b))
    between = [space.decode(line(np.array([place]))) for place in PLACES]
    columns = [a, *between, b, drawn.truth[:ROWS]]
    labels = ["A", *(f"{place:g}" for place in PLACES), "B", "true 0.5"]
    return column_sheet(columns, labels, f"Midpoints: {drawn.kind}")
