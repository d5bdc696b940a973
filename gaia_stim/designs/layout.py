"""Where the stimuli of a set lie: on a line, on a wheel, on a grid, or in no order; and so which are neighbours."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from gaia_stim.errors import ConfigError
from gaia_stim.stimuli.continuum import is_wheel, places
from gaia_stim.stimuli.sets import StimulusSet

Order = Literal["line", "wheel", "grid", "none"]
Item = tuple[int, ...]
"""Stimuli that belong together, as numbers in the set."""

MOST_ITEMS = 1_000_000


@dataclass(frozen=True, eq=False)
class Layout:
    """The stimuli of a set as a design sees them."""

    ids: tuple[str, ...]
    order: Order
    place: npt.NDArray[np.float64] = field(repr=False)
    """(n,) along the line or the wheel; of a grid or without an order all NaN."""
    columns: int = 0
    """Of a grid."""

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, stimuli: StimulusSet) -> "Layout":
        """What the manifest says: a wheel has angles, a grid two coordinates, a line one, along which they stand."""
        table = stimuli.table
        ids = tuple(table["stim_id"])
        nowhere = np.full(len(ids), np.nan)
        columns = stimuli.provenance.plan.path.columns
        if table["grid_u"].notna().all() and columns and len(ids) % columns == 0:
            return cls(ids, "grid", nowhere, columns)
        if columns := _columns(table[["amount", "amount_2"]].to_numpy(np.float64)):
            return cls(ids, "grid", nowhere, columns)
        if is_wheel(stimuli.rows()):
            return cls(ids, "wheel", table["alpha"].to_numpy(np.float64))
        if len(ids) > 1 and (line := places(stimuli.rows())):
            order = np.argsort(line)
            return cls(tuple(ids[number] for number in order), "line", np.array(line)[order])
        return cls(ids, "none", nowhere)

    def line(self, what: str) -> list[int]:
        """The stimuli along their line. Raises `ConfigError` where the set is no continuum."""
        if self.order != "line":
            raise ConfigError(
                f"{what} needs a continuum (morph, interpolate --path line, attributes apply with one attribute); the "
                "stimuli of this set are not on one line. triplets, same-different and oddity take any set"
            )
        return list(range(len(self)))

    def round(self, what: str) -> list[int]:
        """The stimuli along their line, or once round their wheel. Raises as `line`."""
        return list(range(len(self))) if self.order == "wheel" else self.line(what)

    def ends(self) -> Item:
        """Two stimuli that nobody mistakes for each other and one between them: the beginning, the end and the middle.

        Raises `ConfigError` where the set has no ends.
        """
        if self.order != "line":
            raise ConfigError("--catch: trials with a clear answer show the ends of a line, and this set has none")
        return 0, len(self) - 1, len(self) // 2

    def pairs(self, which: str | None) -> list[Item]:
        """Pairs of different stimuli: `adjacent`, `all`, or `step:N`, N apart on the line, the wheel or a grid's rows
        and columns. None is `adjacent` where there is an order and `all` where there is none.

        Raises `ConfigError` where there are no such pairs.
        """
        which = which or ("all" if self.order == "none" else "adjacent")
        if which == "all":
            return self.subsets(2)
        if self.order == "none":
            raise ConfigError(f"--pairs {which}: the stimuli of this set have no order; take --pairs all")
        step = 1 if which == "adjacent" else int(which.removeprefix("step:"))
        if found := self._apart(step):
            return found
        raise ConfigError(f"--pairs {which}: no two of the {len(self)} stimuli are {step} apart; take a smaller step")

    def subsets(self, size: int) -> list[Item]:
        """All sets of `size` different stimuli. Raises `ConfigError` where they are none, or too many to list."""
        count = int(np.prod([(len(self) - at) / (at + 1) for at in range(size)]).round()) if len(self) >= size else 0
        if not count:
            raise ConfigError(f"{size} different stimuli are needed for a trial; the set has {len(self)}")
        if count > MOST_ITEMS:
            raise ConfigError(
                f"{len(self)} stimuli have {count:,} sets of {size}, more than can be listed; make a set of fewer"
            )
        return list(combinations(range(len(self)), size))

    def _apart(self, step: int) -> list[Item]:
        count = len(self)
        found: list[Item] = [(first, first + step) for first in range(count - step)]
        if self.order == "wheel":
            # A set, for half a turn apart each pair would come twice.
            both = {frozenset((first, (first + step) % count)) for first in range(count)}
            found = sorted((min(pair), max(pair)) for pair in both if len(pair) == 2)
        elif self.order == "grid":
            rows = [(first, first + step) for first in range(count) if first % self.columns + step < self.columns]
            found = [*rows, *((first, first + step * self.columns) for first in range(count - step * self.columns))]
        return found


def _columns(amounts: npt.NDArray[np.float64]) -> int:
    """How many columns two crossed amounts (n, 2) make, row by row; 0 where they are not crossed."""
    if not np.isfinite(amounts).all():
        return 0
    kinds = [len(np.unique(column)) for column in amounts.T]
    crossed = kinds[0] * kinds[1] == len(amounts) == len(np.unique(amounts, axis=0)) and min(kinds) > 1
    if not crossed:
        return 0
    first = int(np.argmax(amounts[:, 0] != amounts[0, 0]))
    second = int(np.argmax(amounts[:, 1] != amounts[0, 1]))
    return max(first, second)
