"""The rows of a training's log: means over the steps since the row before."""

import time
from dataclasses import dataclass

import torch

from gaia_stim.models.base import Report


@dataclass(frozen=True)
class Row:
    """The means of some steps, over those that were not skipped; none where all were."""

    steps: int
    skipped: int
    seconds: float
    losses: dict[str, float]
    balance: dict[str, float]
    rates: dict[str, float]

    def as_json(self, images_seen: int, batch: int, learning_rate: float) -> dict[str, object]:
        """What is written of them."""
        row: dict[str, object] = {
            "images_seen": images_seen,
            "images_per_second": round(self.steps * batch / self.seconds, 2),
            "losses": self.losses,
            "balance": self.balance,
            "learning_rate": learning_rate,
        }
        return row | {"skipped_steps": self.skipped} if self.skipped else row


class Meter:
    """Sums up what steps tell, on the device, so that no step waits for it."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.last = Report({})
        self._clear()

    def _clear(self) -> None:
        self.sums, self.skipped = (torch.zeros((), device=self.device) for _ in range(2))
        self.steps, self.started = 0, time.monotonic()

    def add(self, report: Report, broken: torch.Tensor) -> None:
        """Count a step, which is `broken` (1, else 0)."""
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

    def row(self) -> Row:
        """The means since the last row, and a fresh start."""
        skipped = int(self.skipped)
        sound = self.steps - skipped
        means = iter([total / sound for total in self.sums.tolist()] if sound else ())
        # Each takes as many as it names, in the order of `Report.stacked`.
        losses, balance, rates = (
            dict(zip(names, means, strict=False)) for names in (self.last.losses, self.last.balance, self.last.rates)
        )
        row = Row(self.steps, skipped, time.monotonic() - self.started, losses, balance, rates)
        self._clear()
        return row
