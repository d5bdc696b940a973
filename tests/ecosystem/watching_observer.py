"""An observer who knows nothing of the trial list: they look at the screen, read which key is which, and press one.

The standard library alone, for this runs in PsychoPy's own environment, too.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Shown = tuple[str, float, float]
"""A picture's file, and where it stands: to the right and upwards, in any unit."""
ROWS = 1.0
"""Pictures whose heights differ by less stand in one row."""


@dataclass
class Observer:
    """Sees each picture at its place on a known scale, with normal noise of `sigma` in each decision."""

    truth: Mapping[str, float]
    """Stimulus id to its place on the scale."""
    sigma: float
    chance: random.Random

    def word(self, pictures: Sequence[Shown]) -> str:
        """Their answer, in the words of the page: by where the pictures stand and how many there are."""
        rows = self._rows(pictures)
        noise = self.sigma * self.chance.gauss(0, 1)
        if [len(row) for row in rows] == [2, 2]:
            (a, b), (c, d) = rows
            return "lower" if abs(d - c) - abs(b - a) + noise > 0 else "upper"
        [row] = rows
        if len(row) == 3:
            return "right" if abs(row[2] - row[1]) - abs(row[1] - row[0]) + noise > 0 else "left"
        if len(row) == 2:
            return "right" if row[1] - row[0] + noise > 0 else "left"
        return "B" if row[0] + noise > 0 else "A"

    def _rows(self, pictures: Sequence[Shown]) -> list[list[float]]:
        """Places on the scale, row by row from above, each from the left."""
        rows: list[list[Shown]] = []
        for one in sorted(pictures, key=lambda one: -one[2]):
            if rows and rows[-1][0][2] - one[2] < ROWS:
                rows[-1].append(one)
            else:
                rows.append([one])
        return [[self.truth[_id_of(name)] for name, _, _ in sorted(row, key=lambda one: one[1])] for row in rows]

    def key(self, pictures: Sequence[Shown], hints: Mapping[str, str]) -> str:
        """The key that the screen says is theirs; `hints` is key to the words beside it."""
        word = self.word(pictures)
        [found] = [key for key, words in hints.items() if word in words.split()]
        return found


def _id_of(name: str) -> str:
    return re.split(r"[/\\]", name)[-1].removesuffix(".png")


def hints_in(text: str) -> dict[str, str]:
    """Key to words in `[UP] the upper pair     [DOWN] the lower pair`."""
    return {key: words.strip() for key, words in re.findall(r"\[(\S+)\] ([^\[]+)", text)}
