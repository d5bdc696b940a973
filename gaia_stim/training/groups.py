"""The gradients of one step whose batch is parted in groups, on one device or several.

A group is a small batch of its own. Its images are played with alone, so that pairs of interpolations and L_dist are
formed within it, and its chance belongs to (seed, step, group). A loss of the step is the mean of its groups'; what
depends on how large a loss is (GAIA's balance, BEGAN's k, the scale of a likelihood) is computed from that mean, and
the same in every group; a gradient is the mean of the groups'. So the objective depends on how many groups there are,
and not on how many devices they are spread over: N processes with a group each do what one does that takes N groups
one after the other, with the memory of one.

A process with several groups does not know the means until it has played with all of them: it plays each twice, and
goes back through the second time only. That is about a third more work than one group of the same images.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from gaia_stim.models.base import Autoencoder, Images, Report
from gaia_stim.training.distributed import Devices

T = TypeVar("T")
Values = dict[str, Tensor]


class InGroup(Protocol):
    """Calls a model's function with the images and the chance of one group."""

    def __call__(self, group: int, function: Callable[[Images, torch.Generator], T], /) -> T: ...


class Groups:
    """The groups of every batch, and which of them are this process's."""

    def __init__(self, model: Autoencoder, count: int, devices: Devices) -> None:
        self.model, self.count, self.devices = model, count, devices
        self.own = devices.share(range(count))
        self.parameters = [value for values in model.players().values() for value in values]

    def backward(self, in_group: InGroup) -> Report:
        """Set `.grad` of all parameters to the mean over all groups; what the step tells, its losses means too."""
        if self.count == 1:
            return in_group(0, self.model.backward)
        self.model.mean_over_groups = self._mean if len(self.own) == 1 else self._foreseen(in_group)
        buffers = [(buffer, buffer.clone()) for buffer in self.model.buffers()]
        gradient = torch.zeros((), device=self.parameters[0].device)
        for group in self.own:
            # A score that the game keeps moves once a step, not once a group.
            for buffer, before in buffers:
                buffer.copy_(before)
            report = in_group(group, self.model.backward)
            gradient = gradient + self._gradient()
        self._hand_out(self.devices.add_up(gradient) / self.count)
        return report

    def _mean(self, values: Values) -> Values:
        """The means over all groups of what is known of this process's: their sums."""
        sums = self.devices.add_up(torch.stack(list(values.values())))
        return dict(zip(values, (sums / self.count).unbind(), strict=True))

    def _foreseen(self, in_group: InGroup) -> Callable[[Values], Values]:
        """Play each group once to know the means, which every group is then told."""
        sums: Values = {}

        def add(values: Values) -> Values:
            for name, value in values.items():
                sums[name] = sums[name] + value if name in sums else value
            return values

        self.model.mean_over_groups = add
        for group in self.own:
            in_group(group, self.model.play)
        means = self._mean(sums)
        return lambda values: {name: means[name] for name in values}

    def _gradient(self) -> Tensor:
        """All gradients as one vector: one message instead of hundreds."""
        return torch.cat([value.grad.flatten() for value in self.parameters if value.grad is not None])

    def _hand_out(self, gradient: Tensor) -> None:
        moved = [value for value in self.parameters if value.grad is not None]
        parts = torch.split(gradient, [value.numel() for value in moved])
        for value, part in zip(moved, parts, strict=True):
            # Laid out in memory as the parameter is: the fused Adam asks for it.
            value.grad = torch.empty_like(value).copy_(part.view(value.shape))
