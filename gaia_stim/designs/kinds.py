"""The tasks, as data: which stimuli make an item, in which arrangements it is shown, what is answered, what is right.

A task is one `Design` here and its row in `DESIGNS`. Answers name places: `a` is the stimulus in `stim_a`, the first in
time or the left one. This is the one place that says what may stand in the column `response` of a results file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from gaia_stim.config import DesignConfig
from gaia_stim.designs.layout import Item, Layout
from gaia_stim.errors import ConfigError

NUMBER = "number"
"""In `answers`: an alpha is answered."""


def _no_right_answer(layout: Layout, shown: Item) -> str:
    return ""


@dataclass(frozen=True)
class Design:
    """A task."""

    answers: tuple[str, ...]
    """All that may be answered."""
    items: Callable[[Layout, DesignConfig], Sequence[Item]]
    """What is measured: stimuli, pairs, triples …; raises `ConfigError` where a set has none."""
    arrangements: tuple[Item, ...]
    """Which of an item's stimuli is in which place of the trial."""
    right: Callable[[Layout, Item], str] = _no_right_answer
    """The right answer to the stimuli in their places, "" where there is none."""
    dealt: bool = False
    """An item is shown in one arrangement a repetition, all arrangements equally often, and not in each of them."""
    takes: frozenset[str] = frozenset()
    """The options that say something about this task."""
    triads: "Design | None" = None
    """The task that `--triads` makes of it."""
    clear: tuple[tuple[Item, str], ...] = ()
    """Trials that nobody who looks answers otherwise, and the answer, as `Layout.ends` numbers them: 0 is the beginning
    of the line, 1 its end, 2 its middle."""


def _higher(layout: Layout, shown: Item) -> str:
    """Which of two is nearer to the end of the line; "" off a line and for equal ones."""
    first, second = (layout.place[number] for number in shown)
    if layout.order != "line" or first == second:
        return ""
    return "a" if first > second else "b"


def _like_x(layout: Layout, shown: Item) -> str:
    return "a" if shown[2] == shown[0] else "b"


def _same(layout: Layout, shown: Item) -> str:
    return "same" if shown[0] == shown[1] else "different"


def _odd(layout: Layout, shown: Item) -> str:
    return next(place for place, number in zip("abc", shown, strict=True) if shown.count(number) == 1)


def _target(layout: Layout, shown: Item) -> str:
    return repr(float(layout.place[shown[0]]))


def _pairs(layout: Layout, config: DesignConfig) -> Sequence[Item]:
    return layout.pairs(config.pairs)


def _with_the_standard(layout: Layout, config: DesignConfig) -> Sequence[Item]:
    line = layout.line("constant")
    standard = line[len(line) // 2]
    if config.standard is not None:
        if config.standard not in layout.ids:
            raise ConfigError(
                f"--standard {config.standard}: no such stimulus; the set has {layout.ids[0]} to {layout.ids[-1]}"
            )
        standard = layout.ids.index(config.standard)
    return [(standard, comparison) for comparison in line]


def _with_two_starts(layout: Layout, config: DesignConfig) -> Sequence[Item]:
    """Targets, each with where adjusting it begins: at the ends of a line; a quarter of a wheel before it and after."""
    line = layout.round("adjustment")
    count, whole = config.targets or len(line), len(line)
    if count > whole:
        raise ConfigError(f"--targets {count}: the set has {whole} stimuli")
    if layout.order == "wheel":
        targets, quarter = [number * whole // count for number in range(count)], max(1, round(whole / 4))
        return [(one, (one - quarter) % whole, (one + quarter) % whole) for one in targets]
    # One is the middle; more reach from end to end.
    chosen = [(line[0] + line[-1]) // 2] if count == 1 else np.linspace(line[0], line[-1], count).round().astype(int)
    return [(int(target), line[0], line[-1]) for target in chosen]


def _along_the_line(task: str, size: int) -> Callable[[Layout, DesignConfig], Sequence[Item]]:
    def items(layout: Layout, config: DesignConfig) -> Sequence[Item]:
        layout.line(task)
        return layout.subsets(size)

    return items


_NEARER = (((0, 1), "b"), ((1, 0), "a"))
_ODD = tuple(
    (tuple(1 - way if place == at else way for place in range(3)), "abc"[at]) for way in (0, 1) for at in (0, 1, 2)
)

identification = Design(
    answers=("a", "b"),
    items=lambda layout, config: [(number,) for number in range(len(layout))],
    arrangements=((0,),),
    clear=(((0,), "a"), ((1,), "b")),
)

two_afc = Design(
    answers=("a", "b"),
    items=_pairs,
    arrangements=((0, 1), (1, 0)),
    right=_higher,
    takes=frozenset({"pairs"}),
    clear=_NEARER,
)

abx = Design(
    answers=("a", "b"),
    items=_pairs,
    arrangements=((0, 1, 0), (0, 1, 1), (1, 0, 1), (1, 0, 0)),
    right=_like_x,
    takes=frozenset({"pairs"}),
    clear=(((0, 1, 0), "a"), ((0, 1, 1), "b"), ((1, 0, 1), "a"), ((1, 0, 0), "b")),
)

same_different = Design(
    answers=("same", "different"),
    items=_pairs,
    arrangements=((0, 1), (1, 0), (0, 0), (1, 1)),
    right=_same,
    takes=frozenset({"pairs"}),
    clear=(((0, 1), "different"), ((0, 0), "same"), ((1, 0), "different"), ((1, 1), "same")),
)

oddity = Design(
    answers=("a", "b", "c"),
    items=_pairs,
    arrangements=tuple(
        tuple(odd if place == at else 1 - odd for place in range(3)) for odd in (0, 1) for at in range(3)
    ),
    right=_odd,
    takes=frozenset({"pairs"}),
    clear=_ODD,
)

triplets = Design(
    answers=("a", "b", "c"),
    items=lambda layout, config: layout.subsets(3),
    arrangements=tuple(permutations(range(3))),
    dealt=True,
    takes=frozenset({"trials"}),
    clear=_ODD,
)

_triads = Design(
    answers=("ab", "bc"),
    items=_along_the_line("mlds", 3),
    arrangements=((0, 1, 2), (2, 1, 0)),
    dealt=True,
    takes=frozenset({"trials", "triads", "after"}),
    clear=(((0, 0, 1), "bc"), ((0, 1, 1), "ab"), ((1, 1, 0), "bc"), ((1, 0, 0), "ab")),
)

mlds = Design(
    answers=("ab", "cd"),
    items=_along_the_line("mlds", 4),
    # Pairs that do not overlap (Maloney & Yang 2003), in either order, each either way round.
    arrangements=tuple(
        first + second
        for pairs in permutations([((0, 1), (1, 0)), ((2, 3), (3, 2))])
        for first, second in product(*pairs)
    ),
    dealt=True,
    takes=frozenset({"trials", "triads", "after"}),
    triads=_triads,
    # One pair is the whole line, the other nothing.
    clear=(((0, 1, 2, 2), "ab"), ((2, 2, 0, 1), "cd"), ((1, 0, 2, 2), "ab"), ((2, 2, 1, 0), "cd")),
)

constant = Design(
    answers=("a", "b"),
    items=_with_the_standard,
    arrangements=((0, 1), (1, 0)),
    right=_higher,
    takes=frozenset({"standard"}),
    clear=_NEARER,
)

adjustment = Design(
    answers=(NUMBER,),
    items=_with_two_starts,
    # From below and from above: what is adjusted begins in stim_b.
    arrangements=((0, 1), (0, 2)),
    right=_target,
    takes=frozenset({"targets"}),
)
