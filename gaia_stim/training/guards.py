"""What tells of a game that goes nowhere. It is a function of the steps alone, and costs none of them any time."""

from collections.abc import Mapping

from gaia_stim.events import Listener, Note

STARVED = 0.02
"""A player that learns at less than this share of the learning rate hardly learns."""
STARVED_SHARE, STARVED_STEPS = 0.05, 200
"""It is told of once that has lasted for this share of all steps, and so many of them."""
CONSTANT = 0.02
"""Pictures that vary by less than this share of what their images vary are one picture."""
CONSTANT_STEPS, CONSTANT_TIMES = 500, 2
"""It is told of from this step on, once so many validations in a row found it: every network begins with grey."""


class Watch:
    """Tells, once each and early, that a training is not getting anywhere."""

    def __init__(self, steps: int, listen: Listener) -> None:
        self.listen = listen
        self._long = max(STARVED_STEPS, round(STARVED_SHARE * steps))
        self._starved: dict[str, int] = {}
        self._constant = 0
        self._told: set[str] = set()

    def rates(self, means: Mapping[str, float], steps: int, batch: int) -> None:
        """Hear each player's mean learning-rate multiplier over the last `steps` steps."""
        for player, mean in means.items():
            self._starved[player] = self._starved.get(player, 0) + steps if mean < STARVED else 0
            if self._starved[player] >= self._long:
                images = self._starved[player] * batch
                self._tell(
                    player,
                    f"the {player} has hardly learned for {images:,} images (at {mean:.1%} of the learning rate): the "
                    "balance holds it back, and the other player does not catch up; if the sheets get no better, stop, "
                    "and try --objective steady, another --gamma or a lower --lr",
                )

    def spread(self, share: float, step: int, images_seen: int) -> None:
        """Hear how much the pictures of different images vary, as a share of what the images do."""
        self._constant = self._constant + 1 if share < CONSTANT and step >= CONSTANT_STEPS else 0
        if self._constant >= CONSTANT_TIMES:
            self._tell(
                "constant",
                f"after {images_seen:,} images, all reconstructions are nearly one picture (they vary by {share:.1%} "
                "of what the images vary): the model has collapsed; stop, and try a lower --lr, --objective anchored, "
                "or --method ae to see whether the images can be learned at all",
            )

    def _tell(self, what: str, text: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self.listen(Note(text, warning=True))
