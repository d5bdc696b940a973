"""QUEST+: the stimulus that is expected to tell most about a psychometric function (Watson 2017, doi:10.1167/17.3.10).

The posterior of threshold, slope and both rates lives on a grid; the next stimulus is the one after whose answer its
expected entropy is smallest. The function is the Weibull function of a logarithmic intensity, for that is the one that
PsychoPy's `QuestPlusHandler` has, with alpha in the intensity's place: so any alpha will do, and the function is the
same wherever its threshold lies. It only chooses stimuli: the scale is fitted to the answers as to all others.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
HALF = float(np.log10(np.log(2)))
"""Of 10^(slope (x - threshold)) where half of the function is reached."""
SD = float(np.pi / np.sqrt(6) / np.log(10))
"""Standard deviation of the function as a distribution, of slope 1."""
PARAMETERS = ("threshold", "slope", "lower", "lapse")


class QuestPlus:
    """A session: what to show, given the answers so far."""

    def __init__(self, procedure: Mapping[str, Any]) -> None:
        """`procedure` is a design's record: the places that may be shown, and of each parameter its values."""
        self.places = np.array([place for place, _ in procedure["line"]])
        grid = np.meshgrid(*(np.array(procedure[name], float) for name in PARAMETERS), indexing="ij")
        threshold, slope, lower, lapse = (one.ravel() for one in grid)
        self.half = threshold + HALF / slope
        """(m,): where the function is half way between its rates."""
        with np.errstate(over="ignore"):
            rises = -np.expm1(-(10 ** (slope * (self.places[:, None] - threshold))))
        self.chance = lower + (1 - lower - lapse) * rises
        """(n, m): of "more" to each place, for each set of parameters."""
        self.uncertainty = _entropy(self.chance)
        self.posterior = np.full(len(threshold), 1 / len(threshold))

    def expected_entropy(self) -> Values:
        """(n,): of the posterior after an answer to each place, but for what all have in common.

        H(parameters | answer) = H(parameters) + H(answer | parameters) - H(answer).
        """
        return np.asarray(self.uncertainty @ self.posterior - _entropy(self.chance @ self.posterior))

    def next(self) -> int:
        """The number of the place to be shown."""
        return int(np.argmin(self.expected_entropy()))

    def answered(self, number: int, is_more: bool) -> None:
        """The answer to a place."""
        likely = self.posterior * (self.chance[number] if is_more else 1 - self.chance[number])
        self.posterior = likely / likely.sum()

    def estimate(self, confidence: float = 0.95) -> tuple[float, float, float]:
        """Posterior mean of where half is reached, and the ends of its interval."""
        order = np.argsort(self.half)
        tails = (1 - confidence) / 2
        summed = np.cumsum(self.posterior[order])
        low, high = self.half[order][np.searchsorted(summed, [tails, 1 - tails]).clip(max=len(order) - 1)]
        return float(self.half @ self.posterior), float(low), float(high)


def _entropy(chance: Values) -> Values:
    """In nats, of an answer that comes with that chance."""
    return np.asarray(-chance * np.log(chance) - (1 - chance) * np.log1p(-chance))
