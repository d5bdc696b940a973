"""What is told of a training: rows of means, and warnings of a game that goes nowhere."""

import time
from collections.abc import Mapping

import torch
from torch import Tensor

from gaia_stim.events import Listener, Note
from gaia_stim.models.base import Report

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


class Meter:
    """Means of what steps tell since the last row of the log, summed on the device; skipped steps do not count."""

    def __init__(self, batch: int, watch: Watch, device: torch.device) -> None:
        self.batch, self.watch, self.device = batch, watch, device
        self.last = Report({})
        self._clear()

    def _clear(self) -> None:
        self.sums, self.skipped = (torch.zeros((), device=self.device) for _ in range(2))
        self.steps, self.started = 0, time.monotonic()

    def add(self, report: Report, broken: Tensor) -> None:
        """Count a step; `broken` is 1 where it was skipped, else 0."""
        if self.steps and report.losses.keys() != self.last.losses.keys():
            # The game has begun: other losses.
            self._clear()
        values = report.stacked()
        self.sums = self.sums + torch.where(broken > 0, torch.zeros_like(values), values)
        self.skipped = self.skipped + broken
        self.steps += 1
        self.last = report

    def figures(self, images_per_second: float) -> dict[str, float]:
        """What a progress bar shows: the last step's figures."""
        return {"images/s": images_per_second} | {name: float(value) for name, value in self.last.figures()}

    def row(self, images_seen: int, learning_rate: float) -> dict[str, object]:
        """A row of the log, and a fresh start. Without losses where every step was skipped."""
        skipped, seconds = int(self.skipped), time.monotonic() - self.started
        sound = self.steps - skipped
        means = iter([total / sound for total in self.sums.tolist()] if sound else ())
        # Each takes as many as it names, in the order of `Report.stacked`.
        losses, balance, rates = (
            dict(zip(names, means, strict=False)) for names in (self.last.losses, self.last.balance, self.last.rates)
        )
        self.watch.rates(rates, self.steps, self.batch)
        row: dict[str, object] = {
            "images_seen": images_seen,
            "images_per_second": round(self.steps * self.batch / seconds, 2),
            "losses": losses,
            "balance": balance,
            "learning_rate": learning_rate,
        }
        self._clear()
        return row | ({"skipped_steps": skipped} if skipped else {})
