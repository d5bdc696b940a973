"""A continuum as a slider sweeps it: few of its pictures, how they move into each other, and how well that does.

Which pictures those are follows from a bound: a stretch of the continuum is halved until what is drawn between its ends
(`space.inbetween`) is the set's pictures within, and at its quarters what the model and the photographs give there.
Places are counted in steps of the set: 0 is its first stimulus, 1.5 lies half-way between the second and the third,
codes and all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gaia_stim.errors import ConfigError
from gaia_stim.events import Listener, Note
from gaia_stim.images import Pixels
from gaia_stim.space.carrying import Residual
from gaia_stim.space.inbetween import Moves, inbetween, moves_between
from gaia_stim.space.opening import open_space_by_hash
from gaia_stim.space.space import Space
from gaia_stim.stimuli.continuum import along, axis
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.plans.continua import WHEEL
from gaia_stim.stimuli.remaking import with_sources
from gaia_stim.stimuli.sets import StimulusSet

Number = TypeVar("Number", np.float32, np.float64)
MEAN_OFF = 1.0
"""Grey levels, of 255, by which a picture may be off in the mean."""
OFF = 3
"""Levels by which no pixel outside edges may be off."""
EDGE = 16
"""Levels that 3 x 3 pixels of the true picture span, in any channel, where there is an edge: with 8 levels a pixel,
what lies right to a third of a pixel is off by `OFF` already."""
MOST_KEYS = 129
FINEST = 512
"""Parts of the line, none longer than a step: what is no better between pictures so near is better between none."""


@dataclass(frozen=True)
class Off:
    """How far a drawn picture is from the true one."""

    mean: float
    """Grey levels."""
    largest: int
    outside: int
    """The same outside edges."""

    @classmethod
    def of(cls, drawn: Pixels, true: Pixels) -> "Off":
        off = np.abs(drawn.astype(np.int16) - true)
        spans = ndimage.maximum_filter(true, (3, 3, 1)).astype(np.int16) - ndimage.minimum_filter(true, (3, 3, 1))
        is_plain = spans.max(axis=2) < EDGE
        return cls(float(off.mean()), int(off.max()), int(off[is_plain].max(initial=0)))

    @property
    def is_near(self) -> bool:
        return self.mean <= MEAN_OFF and self.outside <= OFF


@dataclass(frozen=True, eq=False)
class Check:
    """A place that is none of the keys', the true picture there, and how far off the drawn one is."""

    at: float
    picture: Pixels
    off: Off


@dataclass(frozen=True, eq=False)
class Sweep:
    """What a slider needs."""

    keys: tuple[float, ...]
    """Places of the pictures between which it is drawn, from 0 to the last step."""
    pictures: tuple[Pixels, ...]
    moves: tuple[Moves, ...]
    """Of each two that follow one another."""
    checks: tuple[Check, ...]
    """The worst first."""

    def at(self, place: float) -> Pixels:
        """What the slider draws."""
        stretch = min(max(int(np.searchsorted(self.keys, place, side="right")) - 1, 0), len(self.moves) - 1)
        first, last = self.keys[stretch : stretch + 2]
        share = (place - first) / (last - first)
        return inbetween(self.pictures[stretch], self.pictures[stretch + 1], self.moves[stretch], share)


def sweep_of(stimuli: StimulusSet, model: Path | None, images: Path | None, listen: Listener) -> Sweep | None:
    """The sweep of a set, made of its own pictures and of more between them where these do not do; None, with a
    warning, where the bound does not hold with as many as may be.

    `model` and `images` say where model and photographs lie that are no longer where they were. Raises `ConfigError`
    for a set between whose stimuli nothing is known; else as `open_space_by_hash` and `with_sources`.
    """
    record = stimuli.provenance
    rows = [row for _, row in along(stimuli.rows())]
    plan = Plan.from_json(record.as_written["plan"])
    if problem := _problem(stimuli, plan):
        raise ConfigError(f"--slider smooth: {stimuli.folder} {problem}; leave the option out")
    space = open_space_by_hash(stimuli.folder, record.model.model_hash, Path(record.model.run), model, listen)
    if plan.carrying is not None:
        plan = with_sources(plan, record.sources, space, images)
    found = _keyed(_Continuum(stimuli, plan, space, [row.position for row in rows]))
    if isinstance(found, Check):
        listen(Note(_coarse(stimuli.folder, found), warning=True))
        return None
    mean, outside = (max(getattr(one.off, name) for one in found.checks) for name in ("mean", "outside"))
    listen(
        Note(
            f"slider: drawn from {len(found.keys)} pictures; off by {mean:.2f} grey levels in the mean and, outside "
            f"edges, by {outside} at most"
        )
    )
    return found


def _problem(stimuli: StimulusSet, plan: Plan) -> str:
    """Why nothing can be drawn between the stimuli, if so."""
    rows = stimuli.rows()
    if not axis(rows) or len(rows) < 2:
        return "is no continuum"
    if any(row.kind == WHEEL for row in rows):
        return "is a wheel, which has no ends"
    if stimuli.provenance.processing:
        return "was processed after it was made, and nothing is known between its stimuli"
    if len(plan.rows) != len(rows):
        return "has not the stimuli of its provenance"
    if plan.carrying is None and any(row.raw for row in rows):
        return "has images at its ends that are not the model's own"
    return ""


class _Continuum:
    """A set's stimuli in the order of their places, and what lies between them."""

    def __init__(self, stimuli: StimulusSet, plan: Plan, space: Space, order: list[int]) -> None:
        self.last = len(order) - 1
        self._files = [stimuli.rows()[position].image for position in order]
        self._stimuli, self._space, self._carrying = stimuli, space, plan.carrying
        self._codes = plan.codes[order]
        if plan.carrying is not None:
            self._carried = plan.carrying.carried(space, plan.carrying.side)
            self._weights = plan.carrying.weights[order]
            self._shapes = self._weights if plan.carrying.shapes is None else plan.carrying.shapes[order]
        self.picture = lru_cache(MOST_KEYS)(self._picture)

    def moves(self, a: float, b: float) -> Moves:
        places = (a, (a + b) / 2, b)
        first, middle, last = (_between(self._codes, place) for place in places)
        return moves_between(self._space.model.decoder, (first, middle, last), tuple(map(self._residual, places)))

    def _picture(self, at: float) -> Pixels:
        """The stimulus itself where there is one."""
        if at == int(at):
            return self._stimuli.picture(self._files[int(at)])[1]
        code = _between(self._codes, at)
        if self._carrying is None:
            picture: Pixels = self._space.decode(code[None])[0]
            return picture
        return self._carried.picture(code, _between(self._weights, at), _between(self._shapes, at))

    def _residual(self, at: float) -> Residual | None:
        own = None if self._carrying is None else self._carrying.residuals
        return None if own is None else np.tensordot(_between(self._shapes, at), own, axes=1).astype(np.float32)


def _between(of: npt.NDArray[Number], at: float) -> npt.NDArray[Number]:
    """The row at a place between two of them."""
    before = min(int(at), len(of) - 2)
    share = at - before
    mixed: npt.NDArray[Number] = ((1 - share) * of[before].astype(np.float64) + share * of[before + 1]).astype(of.dtype)
    return mixed


def _keyed(line: _Continuum) -> Sweep | Check:
    """Stretches are halved until each does; the place that none does, if there is one."""
    todo, done = [(0.0, float(line.last))], []
    while todo:
        a, b = todo.pop()
        moves = line.moves(a, b)
        checks = list(_checked(line, a, b, moves))
        worst = max(checks, key=_badness)
        if worst.off.is_near:
            done.append((a, b, moves, worst))
            continue
        if len(todo) + len(done) + 2 >= MOST_KEYS or b - a <= min(1, line.last / FINEST):
            return worst
        middle = _middle(a, b)
        todo += [(middle, b), (a, middle)]
    keys = [done[0][0], *(b for _, b, _, _ in done)]
    assert all(before < after for before, after in pairwise(keys))
    checks = sorted((one[3] for one in done), key=_badness, reverse=True)
    return Sweep(tuple(keys), tuple(map(line.picture, keys)), tuple(one[2] for one in done), tuple(checks))


def _coarse(folder: Path, worst: Check) -> str:
    return (
        f"--slider smooth: {folder} cannot be drawn within the bound from {MOST_KEYS} pictures, near step "
        f"{worst.at + 1:g} it is off by {worst.off.mean:.1f} grey levels in the mean and, outside edges, by "
        f"{worst.off.outside}: the slider goes from picture to picture"
    )


def _middle(a: float, b: float) -> float:
    """Half-way, at a stimulus where there is one: it is there already."""
    return float(round((a + b) / 2)) if b - a >= 2 else (a + b) / 2


def _badness(check: Check) -> float:
    return max(check.off.mean / MEAN_OFF, check.off.outside / OFF)


def _checked(line: _Continuum, a: float, b: float, moves: Moves) -> Iterator[Check]:
    """Half-way, at the quarters, and at each stimulus within. One bad one is enough."""
    half = _middle(a, b)
    within = {float(at) for at in range(ceil(a), ceil(b))}
    for at in dict.fromkeys((half, _middle(a, half), _middle(half, b), *sorted(within - {a}))):
        true = line.picture(at)
        off = Off.of(inbetween(line.picture(a), line.picture(b), moves, (at - a) / (b - a)), true)
        yield Check(at, true, off)
        if not off.is_near:
            return
