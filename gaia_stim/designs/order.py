"""In which order: shuffled within what was asked not to follow each other, and blocks in balanced Latin squares."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaia_stim.errors import ConfigError

Numbers = npt.NDArray[np.int64]

STEPS = 40_000
"""Trials placed in all attempts at one block, before it is given up."""


@dataclass(frozen=True)
class Constraints:
    """What an order has to keep, within a block."""

    max_run: int | None = None
    """At most so many trials in a row with the same right answer, or of the same item."""
    min_distance: int | None = None
    """An item comes back so many trials later at the earliest; 1 is no constraint, 2 no repetition at once."""


def williams(count: int) -> list[list[int]]:
    """Latin square in which each of `count` things directly follows each other one equally often (Williams 1949).

    `count` rows where that is even, twice as many where it is odd.
    """
    first = [0]
    for step in range(1, count):
        first.append((first[-1] + (step if step % 2 else -step)) % count)
    square = [[(thing + shift) % count for thing in first] for shift in range(count)]
    return square if count % 2 == 0 or count == 1 else square + [row[::-1] for row in square]


def arranged(items: Numbers, answers: Numbers, keep: Constraints, rng: np.random.Generator) -> Numbers:
    """A random order of trials: their numbers in `items` and `answers` (n,) each, -1 for no right answer.

    Raises `ConfigError` where no order keeps the constraints, saying which and what would do.
    """
    if keep.max_run is None and (keep.min_distance or 1) == 1:
        return rng.permutation(len(items))
    _refuse_the_impossible(items, answers, keep)
    for _ in range(max(8, STEPS // len(items))):
        if (order := _attempt(items, answers, keep, rng)) is not None:
            return order
    loosest = " or ".join(
        f"{name} {value}"
        for name, value in (
            ("--max-run", keep.max_run and keep.max_run + 1),
            ("--min-distance", (keep.min_distance or 1) > 1 and (keep.min_distance or 1) - 1),
        )
        if value
    )
    raise ConfigError(
        f"no order of the {len(items)} trials of a block was found that keeps what was asked; try {loosest}, or fewer "
        "--blocks"
    )


def _refuse_the_impossible(items: Numbers, answers: Numbers, keep: Constraints) -> None:
    total = len(items)
    if keep.max_run is not None:
        for what, labels in (("have the same right answer", answers[answers >= 0]), ("show the same stimuli", items)):
            most = int(np.unique(labels, return_counts=True)[1].max(initial=0))
            least = -(-most // (total - most + 1))
            if keep.max_run < least:
                raise ConfigError(
                    f"--max-run {keep.max_run}: {most} of the {total} trials of a block {what}; the least that can be "
                    f"kept is --max-run {least}"
                )
    if keep.min_distance is not None:
        counts = np.unique(items, return_counts=True)[1]
        most = int(counts.max())
        if most > 1 and keep.min_distance > (farthest := (total - int((counts == most).sum())) // (most - 1)):
            raise ConfigError(
                f"--min-distance {keep.min_distance}: the same stimuli come {most} times in the {total} trials of a "
                f"block; the most that can be kept is --min-distance {farthest}, or give fewer --repetitions a block"
            )


def _attempt(items: Numbers, answers: Numbers, keep: Constraints, rng: np.random.Generator) -> Numbers | None:
    """Trial after trial, any that is allowed with equal chance; None where none is left that is.

    What can only be kept by acting now is done now: an answer, or an item, of which so much is left that it would not
    fit into the rest of the block.
    """
    total, distance = len(items), keep.min_distance or 1
    run = keep.max_run or total
    kinds, item_of = np.unique(items, return_inverse=True)
    left = np.ones(total, bool)
    count = np.bincount(item_of)
    free = np.zeros(len(kinds), np.int64)
    answer_kinds = np.unique(answers[answers >= 0])
    order = np.empty(total, np.int64)
    last_item, item_run, last_answer, answer_run = -1, 0, -1, 0
    for at in range(total):
        rest = total - at
        allowed = left & (free[item_of] <= at)
        if item_run >= run:
            allowed &= item_of != last_item
        if answer_run >= run and last_answer >= 0:
            allowed &= answers != last_answer
        for answer in answer_kinds if keep.max_run is not None else ():
            much = int((left & (answers == answer)).sum())
            if much > (rest - much) * run:
                allowed &= answers == answer
        most = count.max()
        if (most - 1) * distance + (count == most).sum() >= rest and most > 1 and distance > 1:
            allowed &= count[item_of] == most
        much = int(count.max())
        if much > (rest - much) * run:
            allowed &= count[item_of] == much
        choice = np.flatnonzero(allowed)
        if not len(choice):
            return None
        chosen = int(choice[rng.integers(len(choice))])
        order[at] = chosen
        left[chosen] = False
        item, answer = int(item_of[chosen]), int(answers[chosen])
        count[item] -= 1
        free[item] = at + distance
        item_run = item_run + 1 if item == last_item else 1
        answer_run = answer_run + 1 if answer == last_answer else 1
        last_item, last_answer = item, answer
    return order
