"""One step of every player.

A step's batch is parted in microbatches. Each is a small batch of its own: its images are played with alone, so that
pairs of interpolations and L_dist are formed within it, and it has random numbers of its own. A loss of the step is the
mean of its microbatches'; what depends on how large a loss is (GAIA's balance, BEGAN's k, the scale of a likelihood) is
computed from that mean; a gradient is the mean of the microbatches'. So the objective depends on how many microbatches
there are, and not on how many devices they are spread over: N processes with a microbatch each do what one does that
takes N of them one after the other, with the memory of one.

A step that is not numbers is skipped as if it had not been. Nothing waits for the device here: whether a step is sound
is a tensor there, which the optimiser obeys.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.devices import arithmetic
from gaia_stim.models.base import Losses, Means, Report
from gaia_stim.training.distributed import ProcessGroup
from gaia_stim.training.loader import Microbatch
from gaia_stim.training.state import TrainState

WARM_UP = 100
"""Steps over which the learning rate rises: Adam's first moments are noise."""


@dataclass(frozen=True)
class Schedule:
    """The learning rate over a training, whose first steps may be without the game."""

    steps: int
    pretraining: int
    """So many steps come before the game."""
    cooldown: float

    def part(self, step: int) -> tuple[int, int]:
        """The first step of the part of the training that this one is of, and the first one after it."""
        return (0, self.pretraining) if step < self.pretraining else (self.pretraining, self.steps)

    def fall(self, step: int) -> float:
        """What is left of the learning rate's fall to 0; 1 and more before it begins, 1 where the rate stays."""
        first, end = self.part(step)
        left = (end - step) / max(1, end - first)
        return left / self.cooldown if self.cooldown else 1.0

    def share(self, step: int) -> float:
        """The share of the learning rate at a step: a short rise, a plateau, a straight fall to 0, in each part."""
        return min(1.0, (step - self.part(step)[0] + 1) / WARM_UP, self.fall(step))


class TrainStep:
    """Takes one step with this process's microbatches: `train_step(batch)`."""

    def __init__(self, state: TrainState, config: TrainConfig, group: ProcessGroup) -> None:
        self.state, self.config, self.group = state, config, group
        pretraining = round(config.pretrain * config.steps) if state.model.pretrains else 0
        self.schedule = Schedule(config.steps, pretraining, config.cooldown)
        self.count = config.groups or group.size
        """Microbatches of a step, over all processes."""
        self.device = state.broken.device
        self.precision = arithmetic(config.precision, self.device)

    def __call__(self, batch: list[Microbatch]) -> Report:
        """One step of every player; nothing but the step's number changes where it is not numbers."""
        state = self.state
        self._begin()
        report = self._backward(batch)
        self._judge(report)
        state.model.keep_score(report, state.broken)
        self._descend(report)
        state.step += 1
        self._average()
        return report

    def learning_rate(self) -> float:
        """The learning rate of the step to come, before each player's multiplier."""
        return self.config.lr * self.state.lowered * self.schedule.share(self.state.step)

    def _begin(self) -> None:
        state, (first, end) = self.state, self.schedule.part(self.state.step)
        state.model.pretraining = state.step < self.schedule.pretraining
        state.model.progress = (state.step - first) / (end - first)
        state.adam.zero_grad()
        if state.step == self.schedule.pretraining:
            # The game's gradients have another scale than those that Adam has met so far.
            state.adam.state.clear()

    def _backward(self, batch: list[Microbatch]) -> Report:
        """Set `.grad` of all parameters to the mean over all microbatches."""
        # The means are known once all are played: where there are several, each is played twice.
        means = self._mean([self._played(one) for one in batch]) if len(batch) > 1 else None
        gradient = torch.zeros((), device=self.device)
        for one in batch:
            with self._autocast():
                losses = self._losses(one)
                report = self.state.model.backward(losses, means or self._mean([losses.values()]))
            if self.count > 1:
                gradient = gradient + torch.cat([part.flatten() for part in self._gradients()])
        if self.count > 1:
            self._hand_out(self.group.all_sum(gradient) / self.count)
        return report

    def _losses(self, one: Microbatch) -> Losses:
        return self.state.model.losses(one.images, torch.Generator(self.device).manual_seed(one.seed))

    def _played(self, one: Microbatch) -> Means:
        with torch.no_grad(), self._autocast():
            return self._losses(one).values()

    def _autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def _mean(self, own: list[Means]) -> Means:
        """The means over all microbatches, of which this process has played its own."""
        if self.count == 1:
            return own[0]
        sums = self.group.all_sum(sum((torch.stack(list(one.values())) for one in own), start=torch.zeros(())))
        return dict(zip(own[0], (sums / self.count).unbind(), strict=True))

    def _gradients(self) -> list[Tensor]:
        return [value.grad for value in self.state.model.parameters() if value.grad is not None]

    def _hand_out(self, gradient: Tensor) -> None:
        moved = [value for value in self.state.model.parameters() if value.grad is not None]
        for value, part in zip(moved, torch.split(gradient, [value.numel() for value in moved]), strict=True):
            # Laid out in memory as the parameter is: the fused Adam asks for it.
            value.grad = torch.empty_like(value).copy_(part.view(value.shape))

    def _judge(self, report: Report) -> None:
        """A step is broken where a figure or a gradient is no number, or a gradient too large to be squared."""
        state, norm = self.state, torch.nn.utils.get_total_norm(self._gradients())
        state.broken = 1 - (torch.isfinite(norm) & torch.isfinite(report.stacked()).all()).float()
        broken = state.broken.to(torch.int64)
        state.skipped += broken
        state.streak.add_(1).mul_(broken)

    def _descend(self, report: Report) -> None:
        state, lr = self.state, self.learning_rate()
        for name, rate in state.rates.items():
            rate.copy_(report.rates.get(name, torch.ones((), device=self.device)) * lr)
        if state.adam.defaults["fused"]:
            # The fused step looks on the device whether it may, as it does for a GradScaler.
            state.adam.found_inf = state.broken  # type: ignore[attr-defined]
            state.adam.step()
        elif not state.broken:
            state.adam.step()

    def _average(self) -> None:
        state = self.state
        if state.ema is state.model:
            return
        # The average starts short: the first weights are not worth remembering.
        decay = min(self.config.ema, state.step / (state.step + 10))
        weight = (1 - state.broken) * (1 - decay)
        # Without gradients, or the average would carry the graph of every step that it was made of.
        with torch.no_grad():
            for average, parameter in zip(state.ema.parameters(), state.model.parameters(), strict=True):
                average.lerp_(parameter, weight)
