"""The one training loop: batches in, weights out, for every model; images seen are its clock.

All that a step depends on is the state that is saved (weights, their average, Adam's moments) and the number of the
step; so a run that was stopped anywhere goes on as if it had not been.
"""

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaia_stim.checkpoint import Run, append_log, read_tensors, trim_log, write_tensors
from gaia_stim.config import TrainConfig
from gaia_stim.dataset import Dataset
from gaia_stim.devices import has_bfloat16
from gaia_stim.errors import CheckpointError, DivergedError
from gaia_stim.events import Listener, Note, Progress, silent
from gaia_stim.images import to_bytes, write_png
from gaia_stim.models.base import Autoencoder, Report
from gaia_stim.sheets import contact_sheet
from gaia_stim.training.interruption import StopRequest, stop_requests
from gaia_stim.training.order import Order, chance

LOG_ROWS = 200
"""Rows of the log in a whole run."""
SHOWN = 12
"""Images of a sample sheet, which are the first of the validation split."""
WARM_UP = 100
"""Steps over which the learning rate rises: Adam's first moments are noise."""
MEASURED = 64
"""Images measured at a time."""
ADAM_STATE = ("exp_avg", "exp_avg_sq", "step")
PROGRESS_SECONDS = 0.5


@dataclass
class Best:
    """The best validation so far."""

    validation_l1: float = float("inf")
    images_seen: int = 0


class Training:
    """A model in training in a run folder."""

    def __init__(
        self,
        model: Autoencoder,
        dataset: Dataset,
        config: TrainConfig,
        run: Run,
        device: torch.device,
        listen: Listener = silent,
    ) -> None:
        self.config, self.dataset, self.run, self.device, self.listen = config, dataset, run, device, listen
        layout = torch.channels_last if model.family.channels_last else torch.contiguous_format
        self.model = model.to(device=device, memory_format=layout)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.model).requires_grad_(False) if config.ema else self.model
        self.layout = layout
        self.reduced = config.precision == "bfloat16" or (config.precision == "auto" and has_bfloat16(device))
        self.players = self.model.players()
        # One tensor a player, changed in place: the rates stay on the device and no step waits for the host.
        self.rates = {name: torch.tensor(config.lr, device=device) for name in self.players}
        self.adam = torch.optim.Adam(
            [{"params": parameters, "lr": self.rates[name]} for name, parameters in self.players.items()],
            betas=(config.beta1, 0.999),
            fused=device.type in ("cpu", "cuda"),
        )
        self.order = Order(dataset.rows("train"), config.seed)
        self.steps = max(1, round(config.images_seen / config.batch))
        self.step = 0
        self.best = Best()

    @property
    def images_seen(self) -> int:
        return self.step * self.config.batch

    @property
    def finished(self) -> bool:
        return self.step >= self.steps

    # -- one step -------------------------------------------------------------------------------------------------

    def images(self, rows: npt.NDArray[np.int64]) -> Tensor:
        """Rows of the dataset as the model takes them: float32 NCHW in [0, 1]."""
        batch = torch.from_numpy(self.dataset.batch(rows)).to(self.device, non_blocking=True)
        return batch.permute(0, 3, 1, 2).to(torch.float32, memory_format=self.layout).div_(255)

    def advance(self) -> Report:
        """One step of every player."""
        x = self.images(self.order.batch(self.step, self.config.batch))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            report: Report = self.model.backward(x, chance(self.config.seed, self.step, "training", self.device))
        for name, rate in self.rates.items():
            rate.copy_(report.rates.get(name, torch.ones((), device=self.device)) * (self.config.lr * self.schedule()))
        self.adam.step()
        self.step += 1
        if self.config.ema:
            # The average starts short: the first weights are not worth remembering.
            decay = min(self.config.ema, self.step / (self.step + 10))
            torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - decay)
        return report

    def schedule(self) -> float:
        """The share of the learning rate at this step: a short rise, a plateau, a straight fall to 0."""
        rise = (self.step + 1) / WARM_UP
        fall = (1 - self.step / self.steps) / self.config.cooldown if self.config.cooldown else 1.0
        return min(1.0, rise, fall)

    # -- the whole run --------------------------------------------------------------------------------------------

    def finish(self) -> Best:
        """Train to the end. Raises `Cancelled` or `InterruptedRun` once everything is saved, `DivergedError` on NaN."""
        with stop_requests() as stop:
            if not self.finished:
                self._run(stop)
        return self.best

    def _run(self, stop: StopRequest) -> None:
        started, saved, shown = time.monotonic(), time.monotonic(), 0.0
        first = self.step
        meter = Meter(self)
        while not self.finished:
            meter.add(self.advance())
            validation = self.validate() if self._due(self.config.validations) else None
            if validation is not None or self._due(LOG_ROWS):
                append_log(self.run.log, meter.row(validation))
            if self.config.sheets and self._due(self.config.sheets):
                self.draw_sheet()
            now = time.monotonic()
            if now - shown > PROGRESS_SECONDS or self.finished:
                shown = now
                speed = (self.step - first) * self.config.batch / (now - started)
                self.listen(
                    Progress("training", self.images_seen, self.steps * self.config.batch, meter.figures(speed))
                )
            if now - saved > self.config.save_seconds or self.finished or stop:
                self.save()
                saved = time.monotonic()
            if stop and not self.finished:
                raise stop.error(
                    f"all saved in {self.run.path} after {self.images_seen:,} images; the same command goes on"
                )

    def _due(self, times: int) -> bool:
        """Whether the step just done is one of `times` spread evenly over the run, the last step among them."""
        return self.step * times // self.steps > (self.step - 1) * times // self.steps

    # -- measuring and looking ------------------------------------------------------------------------------------

    @torch.inference_mode()
    def validate(self) -> float:
        """Mean |x − G(x)| over the validation split; keeps the weights where it is the best so far."""
        rows, total = self.dataset.rows("validation"), 0.0
        for start in range(0, len(rows), MEASURED):
            x = self.images(rows[start : start + MEASURED])
            total += float((x - self.average.decode(self.average.encode(x))).abs().mean(dim=(1, 2, 3)).sum())
        validation_l1 = total / len(rows)
        if not np.isfinite(validation_l1):
            raise self.diverged("the losses are")
        if validation_l1 < self.best.validation_l1:
            self.best = Best(validation_l1, self.images_seen)
            self._write_weights(self.run.weights, validation_l1)
        return validation_l1

    @torch.inference_mode()
    def draw_sheet(self) -> None:
        """Draw what the players make of some validation images."""
        x = self.images(self.dataset.rows("validation")[:SHOWN])
        views = self.average.views(x)
        if not all(bool(torch.isfinite(view).all()) for view in views.values()):
            raise self.diverged("the pictures are")
        images = [image for view in views.values() for image in to_bytes(view.cpu().numpy())]
        title = f"{self.images_seen:,} images seen"
        sheet = contact_sheet(images, columns=len(x), row_labels=list(views), title=title)
        write_png(self.run.sheets / f"{self.images_seen:09d}.png", sheet)

    def diverged(self, what: str) -> DivergedError:
        return DivergedError(
            f"training diverged after {self.images_seen:,} images ({what} not numbers); the last good state is in "
            f"{self.run.path}; try a lower --lr"
        )

    # -- saving and resuming --------------------------------------------------------------------------------------

    def _write_weights(self, path: Path, validation_l1: float | None) -> None:
        record = {"images_seen": self.images_seen, "validation_l1": validation_l1}
        write_tensors(path, self.average.generator_state(), record)

    def save(self) -> None:
        """Write everything the next step depends on. Raises `DivergedError` where that is no longer numbers."""
        if not all(bool(torch.isfinite(value).all()) for value in self.model.parameters()):
            raise self.diverged("the weights are")
        self._write_weights(self.run.last_weights, None)
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        if self.config.ema:
            tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for name, parameters in self.players.items():
            for index, parameter in enumerate(parameters):
                tensors |= {f"adam.{name}.{index}.{key}": self.adam.state[parameter][key] for key in ADAM_STATE}
        state = {
            "step": self.step,
            "best_l1": self.best.validation_l1,
            "best_images_seen": self.best.images_seen,
        }
        if self.best.images_seen == 0:
            del state["best_l1"]
        write_tensors(self.run.state, tensors, state)

    def resume(self) -> None:
        """Take up the state of the last save. Raises `CheckpointError` where it is not this run's."""
        tensors, metadata = read_tensors(self.run.state)
        try:
            self._restore(tensors)
            self.step = int(metadata["step"])
            self.best = Best(float(metadata.get("best_l1", "inf")), int(metadata["best_images_seen"]))
        except (KeyError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CheckpointError(f"{self.run.state}: not the state of this run ({reason})") from error
        trim_log(self.run.log, self.images_seen)
        self.listen(Note(f"resuming {self.run.path} at {self.images_seen:,} images"))

    def _restore(self, tensors: Mapping[str, Tensor]) -> None:
        def part(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

        self.model.load_state_dict(part("model."))
        if self.config.ema:
            self.average.load_state_dict(part("average."))
        for name, parameters in self.players.items():
            for index, parameter in enumerate(parameters):
                moments = {key: tensors[f"adam.{name}.{index}.{key}"].to(parameter.device) for key in ADAM_STATE}
                for key in ("exp_avg", "exp_avg_sq"):
                    moments[key] = moments[key].to(memory_format=self._format(parameter))
                self.adam.state[parameter] = moments

    @staticmethod
    def _format(parameter: Tensor) -> torch.memory_format:
        # The fused step asks for moments laid out as their parameter is.
        channels_last = parameter.dim() == 4 and parameter.is_contiguous(memory_format=torch.channels_last)
        return torch.channels_last if channels_last else torch.contiguous_format


class Meter:
    """Means of the figures since the last row of the log, summed on the device."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self._clear()

    def _clear(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.steps, self.started = 0, time.monotonic()
        self.losses: list[str] = []

    def add(self, report: Report) -> None:
        self.losses, self.balance = list(report.losses), list(report.balance)
        for name, value in report.figures():
            self.sums[name] = self.sums[name] + value if name in self.sums else value.clone()
        self.steps += 1
        self.last = report

    def figures(self, images_per_second: float) -> dict[str, float]:
        """What a progress bar shows: the last step's figures."""
        return {"images/s": images_per_second} | {name: float(value) for name, value in self.last.figures()}

    def row(self, validation_l1: float | None) -> dict[str, object]:
        """A row of the log, and a fresh start. Raises `DivergedError` where a loss is not a number."""
        training = self.training
        means = {name: float(value) / self.steps for name, value in self.sums.items()}
        if not all(np.isfinite(list(means.values()))):
            raise training.diverged("the losses are")
        row: dict[str, object] = {
            "images_seen": training.images_seen,
            "images_per_second": round(self.steps * training.config.batch / (time.monotonic() - self.started), 2),
            "losses": {name: means[name] for name in self.losses},
            "balance": {name: means[name] for name in self.balance},
            "learning_rate": training.config.lr * training.schedule(),
        }
        if validation_l1 is not None:
            row["validation_l1"] = validation_l1
        self._clear()
        return row
