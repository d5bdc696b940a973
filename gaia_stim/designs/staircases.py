"""Staircases: the level goes down after so many successes in a row and up after so many failures (Levitt 1971).

Exactly what PsychoPy's `StairHandler` does, which runs them there, and `adaptive.js`, which runs them in a browser:
one up, one down until the first reversal, then the rule; the step becomes the next of its sizes at each reversal; a
staircase ends with its last reversal. (Levitt, J. Acoust. Soc. Am. 49, 467, doi:10.1121/1.1912375.)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Staircase:
    """One track on its way: a level is how far the stimulus lies from where the track would end."""

    start: float
    least: float
    most: float
    up: int
    down: int
    sizes: tuple[float, ...]
    scale: str
    """`lin`: a step is a distance; `log`: a factor of so many powers of ten."""
    most_reversals: int
    reversals: list[float] = field(default_factory=list)
    """The levels at which it turned."""
    level: float = 0.0
    direction: int = 0
    in_a_row: int = 0
    """Successes since the last step, or, below 0, failures."""

    def __post_init__(self) -> None:
        self.level = self.start

    @classmethod
    def of(cls, track: Mapping[str, Any], procedure: Mapping[str, Any]) -> "Staircase":
        """As a design's record says it."""
        rule = {name: procedure[name] for name in ("up", "down", "scale")}
        places = {name: track[name] for name in ("start", "least", "most")}
        return cls(**places, **rule, sizes=tuple(procedure["sizes"]), most_reversals=procedure["reversals"])

    @property
    def is_over(self) -> bool:
        """Whether it has turned often enough."""
        return len(self.reversals) >= self.most_reversals

    def answered(self, is_success: bool) -> bool:
        """One answer to the present level; whether it turned there."""
        same = self.in_a_row > 0 if is_success else self.in_a_row < 0
        self.in_a_row = (self.in_a_row if same else 0) + (1 if is_success else -1)
        is_early = not self.reversals
        goes = -1 if self.in_a_row >= (1 if is_early else self.down) else 0
        goes = goes or (1 if self.in_a_row <= -(1 if is_early else self.up) else 0)
        if not goes:
            return False
        turned = self.direction == -goes
        if turned:
            self.reversals.append(self.level)
        self.direction, self.in_a_row = goes, 0
        size = self.sizes[min(len(self.reversals), len(self.sizes) - 1)]
        moved = self.level + goes * size if self.scale == "lin" else self.level * 10 ** (goes * size)
        self.level = min(max(moved, self.least), self.most)
        return turned
