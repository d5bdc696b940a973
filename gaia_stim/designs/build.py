"""From a task and a set to the list of trials of every participant.

What is shown is exactly balanced before anything is shuffled: each item in each of its arrangements equally often (or,
where that would be too many trials, one arrangement a repetition, all equally often over items, and each item in the
next one with the next repetition and the next participant). Chance only decides the order, participant by participant,
from the seed and the participant's number: further participants can be added without changing those before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaia_stim.config import DesignConfig
from gaia_stim.designs import CHAINS, DESIGNS, KINDS, PROCEDURES
from gaia_stim.designs.chains import check_chain
from gaia_stim.designs.informative import shares
from gaia_stim.designs.kinds import Design
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.options import check_belonging, check_listed
from gaia_stim.designs.order import Constraints, Numbers, arranged, williams
from gaia_stim.designs.responses import Answers
from gaia_stim.errors import ConfigError
from gaia_stim.stimuli.trials import LEADING, PLACES, WHEEL
from gaia_stim.tables import look_up

SHARED, OWN, PRACTICE, CATCH = 0, 1, 2, 3
"""What a random stream is for: what all participants have in common, one participant's own, their practice …"""
PHASE = "phase"
"""The column that says what a trial is for, where there are others than the main ones."""
CANDIDATES = 64
"""Of so many unused items the one with the least used stimuli is drawn next."""


@dataclass(frozen=True, eq=False)
class Units:
    """The trials of one participant before they are ordered: (n,) each."""

    item: Numbers
    arrangement: Numbers
    repetition: Numbers
    part: Numbers

    def joined(self, more: "Units") -> "Units":
        """These, and then more."""
        return Units(*(np.concatenate([getattr(one, field.name) for one in (self, more)]) for field in fields(self)))


def find_design(config: DesignConfig) -> Design:
    """The task that is asked for. Raises `ConfigError` for an unknown one, and for options that do not belong to it."""
    if config.kind in PROCEDURES:
        found: Design = look_up(PROCEDURES, "design", config.kind)(config)
        return found
    design: Design = look_up(KINDS, "design", config.kind)
    if config.kind in CHAINS:
        check_chain(config)
        return design
    if config.triads and design.triads is not None:
        design = design.triads
    check_belonging(config)
    for option in ("pairs", "standard", "targets", "trials", "triads", "after"):
        if getattr(config, option) not in (None, False) and option not in design.takes:
            belongs = [name for name in DESIGNS if option in look_up(DESIGNS, "design", name).takes]
            raise ConfigError(f"--{option}: says nothing about {config.kind}; it belongs to {', '.join(belongs)}")
    if config.catch and not design.clear:
        raise ConfigError(f"--catch: no answer to {config.kind} is clear; leave it out")
    if config.after and not config.trials:
        raise ConfigError("--after: say how many trials are to come, as in --trials 300")
    return design


def trial_table(design: Design, layout: Layout, config: DesignConfig, earlier: Answers | None = None) -> pd.DataFrame:
    """All trials of all participants, a row each: `LEADING`, then `part, repetition, item, arrangement`; `phase` where
    some are for practice (block 0) or to catch who looks away (`repetition` and `item` 0); and, where the stimuli lie
    on a line or a wheel, `alpha_a` to `alpha_d`, and `wheel` where adjusting goes round. With `earlier` answers, items
    are drawn by how much they tell.

    Raises `ConfigError` where the set has no such trials, or the constraints cannot be kept.
    """
    items = design.items(layout, config)
    a_participant = _trials_a_participant(design, len(items), config)
    check_listed(a_participant * config.participants)
    if config.blocks > a_participant:
        raise ConfigError(f"--blocks {config.blocks}: a participant has only {a_participant} trials")
    members = np.array(items)
    answers = list(design.answers)
    drawer: Drawer | None = None
    if config.trials:
        rng = np.random.default_rng([config.seed, SHARED])
        drawer = (
            ByShare(shares(layout, members, earlier, a_participant * config.participants), rng)
            if earlier
            else Evenly(members, rng)
        )
    places = np.array(design.arrangements)
    tables = []
    for participant in range(config.participants):
        units = _units(design, len(items), config, participant, drawer)
        shown = members[units.item[:, None], places[units.arrangement]]
        distinct, back = np.unique(shown, axis=0, return_inverse=True)
        right = np.array([design.right(layout, tuple(row)) for row in distinct.tolist()])[back.reshape(-1)]
        phase = np.full(len(shown), "main", dtype=object)
        if config.catch:
            caught, seen, answer = _catch(design, layout, config, participant, len(shown))
            units, shown = units.joined(caught), np.concatenate([shown, seen])
            right, phase = np.concatenate([right, answer]), np.append(phase, ["catch"] * len(seen))
        codes = np.array([answers.index(one) if one in answers else -1 for one in right], np.int64)
        order, blocks = _ordered(units, codes, config, participant)
        practised = _practice(config, participant, np.flatnonzero(phase == "main"))
        order, blocks = np.concatenate([practised, order]), np.concatenate([np.zeros_like(practised), blocks])
        phase = np.append(["practice"] * len(practised), phase[order[len(practised) :]])
        trials = _rows(layout, shown[order], right[order])
        trials.insert(0, "participant", f"p{participant + 1:0{max(2, len(str(config.participants)))}}")
        trials.insert(1, "block", blocks)
        trials.insert(2, "trial", np.arange(1, len(order) + 1))
        trials.insert(3, "task", config.kind)
        for number, name in enumerate(("part", "repetition", "item", "arrangement"), len(LEADING)):
            trials.insert(number, name, getattr(units, name)[order] + 1)
        if config.catch or config.practice:
            trials.insert(len(LEADING) + 4, PHASE, phase)
        if config.kind == "adjustment" and layout.order == "wheel":
            trials[WHEEL] = 1
        tables.append(trials)
    return pd.concat(tables, ignore_index=True)


def counts(table: pd.DataFrame) -> dict[str, Any]:
    """How many trials of what a design has; those for practice and to catch somebody are counted apart."""
    phase = table[PHASE] if PHASE in table else pd.Series("main", index=table.index)
    is_first = table["participant"] == table["participant"].iloc[0]
    one = table[is_first & (phase == "main")]
    an_item = one["item"].value_counts()
    right = one.loc[one["correct"] != "", "correct"]
    # An adjustment's right answer is a number, as many as there are stimuli.
    is_counted = len(right) and one["task"].iloc[0] != "adjustment"
    return {
        "trials": len(table),
        "participants": int(table["participant"].nunique()),
        "trials_each": int(is_first.sum()),
        "practice": int((is_first & (phase == "practice")).sum()),
        "catch": int((is_first & (phase == "catch")).sum()),
        "trials_a_block": [int(count) for count in one["block"].value_counts(sort=False)],
        "items": int(one["item"].nunique()),
        "trials_an_item": sorted({int(an_item.min()), int(an_item.max())}),
        "right_answers": {str(k): int(n) for k, n in sorted(right.value_counts().items())} if is_counted else {},
    }


def _catch(
    design: Design, layout: Layout, config: DesignConfig, participant: int, main: int
) -> tuple[Units, Numbers, npt.NDArray[np.str_]]:
    """Trials whose answer is clear, each kind of them as often as the others to within one: units, stimuli, answers."""
    rng = np.random.default_rng([config.seed, CATCH, participant])
    count = max(1, round(config.catch * main))
    kind = np.resize(rng.permutation(len(design.clear)), count)
    ends = np.array(layout.ends())
    shown = ends[np.array([item for item, _ in design.clear])[kind]]
    part = rng.permutation(np.arange(count) % config.blocks)
    nothing = np.full(count, -1, np.int64)
    units = Units(nothing, kind, nothing, part)
    return units, shown, np.array([answer for _, answer in design.clear])[kind]


def _practice(config: DesignConfig, participant: int, main: Numbers) -> Numbers:
    """Which of the main trials are seen before, for practice: any, none twice before all were."""
    rng = np.random.default_rng([config.seed, PRACTICE, participant])
    rounds = -(-config.practice // len(main))
    found = [rng.permutation(main) for _ in range(rounds)]
    return np.concatenate([np.empty(0, np.int64), *found])[: config.practice].astype(np.int64)


def _trials_a_participant(design: Design, items: int, config: DesignConfig) -> int:
    drawn = config.trials or items
    return config.repetitions * drawn * (1 if design.dealt else len(design.arrangements))


def _units(design: Design, items: int, config: DesignConfig, participant: int, drawer: "Drawer | None") -> Units:
    ways = len(design.arrangements)
    shared = np.random.default_rng([config.seed, SHARED, participant if drawer else 0])
    found: list[tuple[Numbers, Numbers]] = []
    # Which item begins with which arrangement: each equally often, and chance decides.
    begins = shared.permutation(items)
    for repetition in range(config.repetitions):
        if drawer is not None:
            chosen = drawer.draw(config.trials or 0)
            found.append((chosen, (np.arange(len(chosen)) + repetition + participant) % ways))
        elif design.dealt:
            found.append((np.arange(items), (begins + repetition + participant) % ways))
        else:
            found.append((np.repeat(np.arange(items), ways), np.tile(np.arange(ways), items)))
    item = np.concatenate([one for one, _ in found])
    arrangement = np.concatenate([one for _, one in found])
    repetition_of = np.repeat(np.arange(config.repetitions), [len(one) for one, _ in found])
    if config.repetitions % config.blocks == 0:
        part = repetition_of // (config.repetitions // config.blocks)
    else:
        # Dealt out, so that each part has its share of every arrangement and of every item.
        labels = shared.permutation(items)[item]
        part = np.empty(len(item), np.int64)
        part[np.lexsort((repetition_of, labels, arrangement if not design.dealt else np.zeros_like(item)))] = (
            np.arange(len(item)) % config.blocks
        )
    return Units(item, arrangement, repetition_of, part)


def _ordered(units: Units, answers: Numbers, config: DesignConfig, participant: int) -> tuple[Numbers, Numbers]:
    """The order of the trials, and the block of each."""
    rng = np.random.default_rng([config.seed, OWN, participant])
    keep = Constraints(config.max_run, config.min_distance)
    square = williams(config.blocks)
    pieces = []
    for part in square[participant % len(square)]:
        rows = np.flatnonzero(units.part == part)
        pieces.append(rows[arranged(units.item[rows], answers[rows], keep, rng)])
    blocks = np.repeat(np.arange(1, config.blocks + 1), [len(piece) for piece in pieces])
    return np.concatenate(pieces), blocks


def _rows(layout: Layout, shown: Numbers, right: npt.NDArray[np.str_]) -> pd.DataFrame:
    ids = np.array(layout.ids, dtype=object)
    columns: dict[str, object] = {}
    for number, name in enumerate(PLACES):
        columns[f"stim_{name}"] = ids[shown[:, number]] if number < shown.shape[1] else ""
    columns["correct"] = right
    if np.isfinite(layout.place).all():
        for number, name in enumerate(PLACES):
            columns[f"alpha_{name}"] = layout.place[shown[:, number]] if number < shown.shape[1] else np.nan
    return pd.DataFrame(columns, index=range(len(shown)))


class Drawer(Protocol):
    """Decides which items are shown where not all are."""

    def draw(self, count: int) -> Numbers: ...


class ByShare:
    """Each item as often as its share of the trials says, to within one."""

    def __init__(self, shares: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
        self.shares, self.rng = shares, rng

    def draw(self, count: int) -> Numbers:
        # Systematic sampling: evenly spaced marks, along the items laid end to end in an order that chance decides.
        items = self.rng.permutation(len(self.shares))
        ends = np.cumsum(self.shares[items])
        marks = (np.arange(count) + self.rng.random()) / count
        found: Numbers = items[np.searchsorted(ends / ends[-1], marks, side="right")]
        return found


class Evenly:
    """Items drawn one after the other, none twice before all were, all stimuli about equally often."""

    def __init__(self, members: Numbers, rng: np.random.Generator) -> None:
        self.members, self.rng = members, rng
        self.uses = np.zeros(members.max() + 1, np.int64)
        self.unused = np.empty(0, np.int64)

    def draw(self, count: int) -> Numbers:
        return np.fromiter(self._next(count), np.int64, count)

    def _next(self, count: int) -> Iterator[int]:
        for _ in range(count):
            if not len(self.unused):
                self.unused = self.rng.permutation(len(self.members))
            looked = self.rng.integers(len(self.unused), size=CANDIDATES)
            best = looked[np.argmin(self.uses[self.members[self.unused[looked]]].sum(axis=1))]
            chosen = int(self.unused[best])
            self.unused[best] = self.unused[-1]
            self.unused = self.unused[:-1]
            self.uses[self.members[chosen]] += 1
            yield chosen
