"""What keeps a training sound: steps that are not numbers are skipped, and a game that goes nowhere is told of.

Both look without waiting for the device: whether a step is sound is a tensor there, which the optimiser obeys, and its
counts are read where the loop waits anyway. All of it is a function of the steps alone, so that a run that was stopped
counts on where it was.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from gaia_stim.events import Listener, Note
from gaia_stim.models.base import Report

PATIENCE = 10
"""So many skipped steps in a row, and the training has diverged."""
STARVED = 0.02
"""A player that learns at less than this share of the learning rate hardly learns."""
STARVED_SHARE, STARVED_STEPS = 0.05, 200
"""It is told of once that has lasted for this share of all steps, and so many of them."""
CONSTANT = 0.02
"""Pictures that vary by less than this share of what their images vary are one picture."""
CONSTANT_STEPS, CONSTANT_TIMES = 500, 2
"""It is told of from this step on, once so many validations in a row found it: every network begins with grey."""


def all_values(report: Report) -> Tensor:
    """All that a step told, in one tensor: losses, balance, rates."""
    return torch.stack([value.float() for _, value in (*report.figures(), *report.rates.items())])


class Guard:
    """Judges each step, and counts those that are skipped."""

    def __init__(self, device: torch.device) -> None:
        self.broken = torch.zeros((), device=device)
        """1 where the last step was skipped, else 0."""
        self._skipped = torch.zeros((), dtype=torch.int64, device=device)
        self._streak = torch.zeros((), dtype=torch.int64, device=device)

    def judge(self, report: Report, parameters: Iterable[nn.Parameter]) -> Tensor:
        """1 where a figure or a gradient of this step is no number, or a gradient too large to be squared; else 0."""
        norm = torch.nn.utils.get_total_norm([value.grad for value in parameters if value.grad is not None])
        self.broken = 1 - (torch.isfinite(norm) & torch.isfinite(all_values(report)).all()).float()
        broken = self.broken.to(torch.int64)
        self._skipped += broken
        self._streak.add_(1).mul_(broken)
        return self.broken

    @property
    def skipped(self) -> int:
        """How many steps were skipped; waits for the device."""
        return int(self._skipped)

    @property
    def streak(self) -> int:
        """How many of them were the last ones; waits for the device."""
        return int(self._streak)

    def as_json(self) -> dict[str, int]:
        """What a run that goes on has to know."""
        return {"skipped": self.skipped, "streak": self.streak}

    def take_up(self, counts: Mapping[str, int]) -> None:
        """Count on from what `as_json` said."""
        self._skipped.fill_(counts.get("skipped", 0))
        self._streak.fill_(counts.get("streak", 0))


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
