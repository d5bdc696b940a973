"""All that the next step of a training depends on, and how it lies in a file."""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from gaia_stim.config import TrainConfig
from gaia_stim.config.base import Record
from gaia_stim.models.base import Autoencoder

ADAM_STATE = ("exp_avg", "exp_avg_sq", "step")


class Best(NamedTuple):
    """The best validation so far."""

    validation_l1: float = float("inf")
    images_seen: int = 0


class GuardRecord(Record):
    """How many steps were skipped, and how many of them were the last ones."""

    skipped: int = Field(default=0, strict=True, ge=0, lt=2**63)
    streak: int = Field(default=0, strict=True, ge=0, lt=2**63)


class StateRecord(Record):
    """What stands in the header of a file of a state. Those of before steps were skipped have no counts."""

    step: int = Field(strict=True, ge=0, lt=2**63)
    best_images_seen: int = Field(strict=True, ge=0, lt=2**63)
    guard: GuardRecord = GuardRecord()
    lowered: float = Field(default=1.0, strict=True, gt=0, le=1)
    best_l1: float | None = Field(default=None, strict=True, ge=0)


class TrainState:
    """Weights, their average, Adam's moments, and what has been counted."""

    def __init__(self, model: Autoencoder, config: TrainConfig, device: torch.device) -> None:
        layout = model.family.memory_format
        self.model: Autoencoder = model.to(device=device, memory_format=layout)  # type: ignore[call-overload]
        self.ema = copy.deepcopy(self.model).requires_grad_(False) if config.ema else self.model
        """The moving average of the weights; the weights themselves where there is none."""
        players = self.model.players()
        # One tensor a player, changed in place: the rates stay on the device and no step waits for the host.
        self.rates = {name: torch.tensor(config.lr, device=device) for name in players}
        self.adam = torch.optim.Adam(
            [{"params": parameters, "lr": self.rates[name]} for name, parameters in players.items()],
            betas=(config.beta1, 0.999),
            fused=device.type in ("cpu", "cuda"),
        )
        self.step = 0
        self.best = Best()
        self.lowered = 1.0
        """Share of the learning rate that a training goes on with that diverged."""
        self.broken = torch.zeros((), device=device)
        """1 where the last step was skipped, as it was not numbers; else 0."""
        self.skipped, self.streak = (torch.zeros((), dtype=torch.int64, device=device) for _ in range(2))
        """How many steps were skipped, and how many of them were the last ones."""

    def tensors(self) -> dict[str, Tensor]:
        """What a file of it holds."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        if self.ema is not self.model:
            tensors |= {f"average.{name}": value for name, value in self.ema.state_dict().items()}
        for prefix, parameter in self._prefixes().items():
            # Before the first step there are none.
            moments = self.adam.state.get(parameter, {})
            tensors |= {f"{prefix}.{key}": value for key, value in moments.items() if key in ADAM_STATE}
        return tensors

    def record(self) -> dict[str, object]:
        """What stands in its header."""
        return StateRecord(
            step=self.step,
            best_images_seen=self.best.images_seen,
            guard=GuardRecord(skipped=int(self.skipped), streak=int(self.streak)),
            lowered=self.lowered,
            best_l1=self.best.validation_l1 if self.best.images_seen else None,
        ).model_dump(exclude_none=True)

    def load_state(self, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
        """Be as it was when that file was written. Raises whatever comes of it where it is another training's."""
        told = StateRecord.model_validate(record)

        def part(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

        self.model.load_state_dict(part("model."))
        if self.ema is not self.model:
            self.ema.load_state_dict(part("average."))
        self.adam.state.clear()
        for prefix, parameter in self._prefixes().items():
            # Who has not played yet has no moments.
            if f"{prefix}.step" in tensors:
                moments = {key: tensors[f"{prefix}.{key}"].to(parameter.device) for key in ADAM_STATE}
                for key in ("exp_avg", "exp_avg_sq"):
                    # Laid out in memory as the parameter is: the fused Adam asks for it.
                    moments[key] = torch.empty_like(parameter).copy_(moments[key])
                self.adam.state[parameter] = moments
        self.step = told.step
        self.best = Best(float("inf") if told.best_l1 is None else told.best_l1, told.best_images_seen)
        self.skipped.fill_(told.guard.skipped)
        self.streak.fill_(told.guard.streak)
        self.lowered = told.lowered

    def _prefixes(self) -> dict[str, nn.Parameter]:
        """What the names of each parameter's moments begin with."""
        return {
            f"adam.{name}.{index}": parameter
            for name, parameters in self.model.players().items()
            for index, parameter in enumerate(parameters)
        }
