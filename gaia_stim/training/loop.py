"""The one training loop: batches in, weights out, for every model; images seen are its clock.

All that a step depends on is the state that is saved (weights, their average, Adam's moments) and the number of the
step; so a run that was stopped anywhere goes on as if it had not been.

A step that is not numbers is skipped as if it had not been either. Where that does not help, the training goes back to
the state of its last sound validation, once, and on with a lower learning rate.
"""

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.dataset import Dataset
from gaia_stim.devices import has_bfloat16
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.errors import CheckpointError, DivergedError
from gaia_stim.events import Listener, Note, Progress, silent
from gaia_stim.images import to_bytes, write_png
from gaia_stim.models.base import Autoencoder, Images, Report
from gaia_stim.runs import Run, append_log, trim_log
from gaia_stim.tensors import read_tensors, write_tensors
from gaia_stim.training.distributed import here
from gaia_stim.training.feed import Feed
from gaia_stim.training.groups import Groups
from gaia_stim.training.guards import PATIENCE, Guard, Watch, all_values
from gaia_stim.training.interruption import StopRequest, stop_requests
from gaia_stim.training.mirror import mirrored
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
LOWERED = 0.1
"""Share of the learning rate with which a training goes on that diverged."""

T = TypeVar("T")


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
        self.layout = model.family.memory_format
        self.model = model.to(device=device, memory_format=self.layout)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.model).requires_grad_(False) if config.ema else self.model
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
        self.devices = here()
        self.groups = Groups(self.model, config.groups or self.devices.size, self.devices)
        self.feed = Feed(dataset, device, lambda number: self.order.batch(number, config.batch // self.groups.count))
        self.steps = config.steps
        self.pretraining = round(config.pretrain * self.steps) if model.pretrains else 0
        """So many of them come before the game."""
        self.step = 0
        self.best = Best()
        self.guard = Guard(device)
        self.watch = Watch(self.steps, listen)
        self.lowered = 1.0

    @property
    def images_seen(self) -> int:
        return self.step * self.config.batch

    @property
    def finished(self) -> bool:
        return self.step >= self.steps

    # -- one step -------------------------------------------------------------------------------------------------

    def images(self, rows: npt.NDArray[np.int64]) -> Tensor:
        """Rows of the dataset as the model takes them: float32 NCHW in [0, 1]."""
        return self.floats(self.feed.images(rows))

    def floats(self, images: Tensor) -> Images:
        """uint8 images of the feed, so."""
        return images.permute(0, 3, 1, 2).to(torch.float32, memory_format=self.layout).div_(255)

    def advance(self) -> Report:
        """One step of every player; nothing but the step's number changes where it is not numbers."""
        self.model.pretraining = self.step < self.pretraining
        first, end = self._part
        self.model.progress = (self.step - first) / (end - first)
        if self.step == self.pretraining:
            # The game's gradients have another scale than those that Adam has met so far.
            self.adam.state.clear()
        buffers = [(buffer, buffer.clone()) for buffer in self.model.buffers()]
        report = self.groups.backward(self._in_group)
        broken = self.guard.judge(report, (value for values in self.players.values() for value in values))
        for buffer, before in buffers:
            buffer.copy_(torch.where(broken > 0, before, buffer))
        lr = self.config.lr * self.lowered * self.schedule()
        for name, rate in self.rates.items():
            rate.copy_(report.rates.get(name, torch.ones((), device=self.device)) * lr)
        self._descend(broken)
        self.step += 1
        if self.config.ema:
            # The average starts short: the first weights are not worth remembering.
            decay = min(self.config.ema, self.step / (self.step + 10))
            weight = (1 - broken) * (1 - decay)
            # Without gradients, or the average would carry the graph of every step that it was made of.
            with torch.no_grad():
                for average, parameter in zip(self.average.parameters(), self.model.parameters(), strict=True):
                    average.lerp_(parameter, weight)
        return report

    def _in_group(self, group: int, function: Callable[[Images, torch.Generator], T], /) -> T:
        """Call a function of the model with one group of this step's images, and its chance."""
        own, count = self.groups.own, self.groups.count
        first, following = self.step * count, count + own[0] if group == own[-1] else own[own.index(group) + 1]
        x = self.floats(self.feed.batch(first + group, then=first + following))
        if self.config.mirror == "yes":
            x = mirrored(x, chance(self.config.seed, self.step, f"mirror/{group}", self.device))
        purpose = f"training/{group}" if group else "training"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            return function(x, chance(self.config.seed, self.step, purpose, self.device))

    def _descend(self, broken: Tensor) -> None:
        if self.adam.defaults["fused"]:
            # The fused step looks on the device whether it may, as it does for a GradScaler.
            self.adam.found_inf = broken  # type: ignore[attr-defined]
            self.adam.step()
        elif not broken:
            self.adam.step()

    @property
    def _part(self) -> tuple[int, int]:
        """The first step of the part of the training that this one is of, and the first one after it."""
        if self.step < self.pretraining:
            return 0, self.pretraining
        return self.pretraining, self.steps

    @property
    def fall(self) -> float:
        """What is left of the learning rate's fall to 0; 1 and more before it begins, 1 where the rate stays."""
        first, end = self._part
        left = (end - self.step) / max(1, end - first)
        return left / self.config.cooldown if self.config.cooldown else 1.0

    def schedule(self) -> float:
        """The share of the learning rate at this step: a short rise, a plateau, a straight fall to 0, in each part."""
        rise = (self.step - self._part[0] + 1) / WARM_UP
        return min(1.0, rise, self.fall)

    # -- the whole run --------------------------------------------------------------------------------------------

    def finish(self) -> Best:
        """Train to the end. Raises `Cancelled` or `InterruptedRun` once everything is saved, `DivergedError` on NaN."""
        with stop_requests() as stop:
            if not self.finished:
                self._run(stop)
                if skipped := self.guard.skipped:
                    text = (
                        f"{skipped:,} of {self.steps:,} steps were skipped: their losses or gradients were not numbers"
                    )
                    self.listen(Note(text, warning=True))
        if self.devices.leads:
            self.run.good_state.unlink(missing_ok=True)
        return self.best

    def _run(self, stop: StopRequest) -> None:
        started, saved, shown = time.monotonic(), time.monotonic(), 0.0
        first = self.step
        meter = Meter(self)
        if self.step == 0:
            self._write(self.run.good_state, *self._state())
        while not self.finished:
            try:
                meter.add(self.advance())
                self._look(meter)
                now = time.monotonic()
                if now - shown > PROGRESS_SECONDS or self.finished:
                    shown = now
                    speed = (self.step - first) * self.config.batch / (now - started)
                    figures = meter.figures(speed)
                    self.listen(Progress("training", self.images_seen, self.steps * self.config.batch, figures))
                # All processes stop together, whichever was asked to, and save together, whatever their clocks say.
                overdue = self.devices.leads and now - saved > self.config.save_seconds
                stopped, due = self.devices.highest(stop.number, overdue)
                if due or self.finished or stopped:
                    self.save()
                    saved = time.monotonic()
            except DivergedError as error:
                self.roll_back(error)
                first, started, saved = self.step, time.monotonic(), time.monotonic()
                meter = Meter(self)
                continue
            if stopped and not self.finished:
                raise StopRequest([stopped]).error(
                    f"all saved in {self.run.path} after {self.images_seen:,} images; the same command goes on"
                )

    def _look(self, meter: "Meter") -> None:
        """Measure, log and draw what is due after this step. Raises `DivergedError`."""
        measuring, logging = self._due(self.config.validations), self._due(LOG_ROWS)
        if (measuring or logging) and self.guard.streak >= min(PATIENCE, self.steps):
            raise self.diverged(f"the losses or gradients of the last {self.guard.streak:,} steps are")
        validation = self.validate() if measuring else None
        if measuring or logging:
            row = meter.row(validation)
            if self.devices.leads:
                append_log(self.run.log, row)
        if measuring and self.lowered == 1 and self.guard.streak == 0 and not self.finished:
            self._write(self.run.good_state, *self._state())
        if self.config.sheets and self._due(self.config.sheets):
            self.draw_sheet()

    def roll_back(self, error: DivergedError) -> None:
        """Go back to the last good state, once, and on with a lower learning rate. Raises `error` the second time."""
        if self.lowered < 1 or not self.run.good_state.exists():
            raise error
        tried, best = self.images_seen, self.best
        try:
            self._take_up(self.run.good_state)
        except CheckpointError as damage:
            raise error from damage
        # The best weights that were kept are still there, also where they were found on the way since.
        self.best, self.lowered = best, LOWERED
        self._trim_log()
        self.save()
        self.listen(
            Note(
                f"training diverged after {tried:,} images: back to {self.images_seen:,}, and on with "
                f"{LOWERED:.0%} of the learning rate",
                warning=True,
            )
        )

    def _due(self, times: int) -> bool:
        """Whether the step just done is one of `times` spread evenly over the run, the last step among them."""
        return self.step * times // self.steps > (self.step - 1) * times // self.steps

    # -- measuring and looking ------------------------------------------------------------------------------------

    @torch.inference_mode()
    def validate(self) -> float:
        """Mean |x − G(x)| over the validation split; keeps the weights where it is the best so far."""
        rows, sums = self.dataset.rows("validation"), np.zeros(3)
        for start in self.devices.share(range(0, len(rows), MEASURED)):
            x = self.images(rows[start : start + MEASURED])
            pictures = self.average.decode(self.average.encode(x))
            spreads = [float(shown.std(dim=0, correction=0).mean()) * len(x) for shown in (pictures, x)]
            sums += [float((x - pictures).abs().mean(dim=(1, 2, 3)).sum()), *spreads]
        error, shown_spread, true_spread = map(float, self.devices.add_up(torch.from_numpy(sums)))
        validation_l1 = error / len(rows)
        if not np.isfinite(validation_l1):
            raise self.diverged("the reconstructions are")
        if true_spread > 0:
            self.watch.spread(shown_spread / true_spread, self.step, self.images_seen)
        # A game that starts from an autoencoder's weights is nearest to the images before it has begun to change them:
        # once the learning rate falls, the latest weights are kept and not the nearest.
        plays_on = bool(self.config.from_) or 0 < self.pretraining <= self.step
        has_settled = plays_on and self.fall < 1
        if validation_l1 < self.best.validation_l1 or has_settled:
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
        if self.devices.leads:
            write_png(self.run.sheets / f"{self.images_seen:09d}.png", sheet)

    def diverged(self, what: str) -> DivergedError:
        return DivergedError(
            f"training diverged after {self.images_seen:,} images ({what} not numbers); the last good state is in "
            f"{self.run.path}; try a lower --lr"
            + (f" (a {1 / LOWERED:.0f}th of this one did not help)" if self.lowered < 1 else "")
        )

    # -- saving and resuming --------------------------------------------------------------------------------------

    def _write(
        self, path: Path, tensors: Mapping[str, Tensor], told: Mapping[str, object], keep: Path | None = None
    ) -> None:
        if self.devices.leads:
            write_tensors(path, tensors, told, keep)

    def _write_weights(self, path: Path, validation_l1: float | None, keep: Path | None = None) -> None:
        record = {"images_seen": self.images_seen, "validation_l1": validation_l1}
        self._write(path, self.average.generator_state(), record, keep)

    def _trim_log(self) -> None:
        if self.devices.leads:
            trim_log(self.run.log, self.images_seen)

    def save(self) -> None:
        """Write everything the next step depends on, and keep what was written before.

        Raises `DivergedError` where that is no longer numbers, `DataError` where there is no room for it,
        `CheckpointError` where the processes of a training on several devices no longer agree on it.
        """
        state = self._state()
        self.devices.check_same(state[0])
        self._write_weights(self.run.last_weights, None, self.run.last_weights_before)
        # Last: with it, the save is done.
        self._write(self.run.state, *state, self.run.state_before)
        self.devices.wait()

    def _state(self) -> tuple[dict[str, Tensor], dict[str, object]]:
        """Everything the next step depends on. Raises `DivergedError` where it is not numbers."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        if self.config.ema:
            tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for name, parameters in self.players.items():
            for index, parameter in enumerate(parameters):
                # Before the first step there are none.
                moments = self.adam.state.get(parameter, {})
                tensors |= {f"adam.{name}.{index}.{key}": value for key, value in moments.items() if key in ADAM_STATE}
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise self.diverged("the weights are")
        told: dict[str, object] = {
            "step": self.step,
            "best_images_seen": self.best.images_seen,
            "guard": self.guard.as_json(),
            "lowered": self.lowered,
        }
        if self.best.images_seen:
            told["best_l1"] = self.best.validation_l1
        return tensors, told

    def resume(self) -> None:
        """Take up the last save that is whole. Raises `CheckpointError` where there is none of this run."""
        problems = []
        for path in self.run.states:
            try:
                self._take_up(path)
                break
            except CheckpointError as error:
                problems.append(str(error))
        else:
            what = " and ".join(problems) or f"{self.run.state}: no such file"
            raise CheckpointError(f"{what}; no other save can be gone on from: start again with --force")
        # Whether all have read the same save; and so all are done with reading.
        self.devices.check_same(self.model.state_dict())
        if problems and self.devices.leads:
            # In the damaged one's place, or the next save would keep that one.
            path.replace(self.run.state)
            text = f"{problems[0]}; going on from the save before it, at {self.images_seen:,} images"
            self.listen(Note(text, warning=True))
        self._trim_log()
        self.listen(Note(f"resuming {self.run.path} at {self.images_seen:,} images"))

    def _take_up(self, path: Path) -> None:
        """Be as the training was when that file was written. Raises `CheckpointError` where it is another's."""
        tensors, metadata = read_tensors(path)
        try:
            self._restore(tensors)
            self.step = int(metadata["step"])
            self.best = Best(float(metadata.get("best_l1", "inf")), int(metadata["best_images_seen"]))
            # States of before there were guards have no counts.
            self.guard.take_up(metadata.get("guard", {}))
            self.lowered = float(metadata.get("lowered", 1.0))
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CheckpointError(f"{path}: not the state of this run ({reason})") from error

    def _restore(self, tensors: Mapping[str, Tensor]) -> None:
        def part(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

        self.model.load_state_dict(part("model."))
        if self.config.ema:
            self.average.load_state_dict(part("average."))
        self.adam.state.clear()
        for name, parameters in self.players.items():
            for index, parameter in enumerate(parameters):
                # Who has not played yet has none.
                if f"adam.{name}.{index}.step" not in tensors:
                    continue
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
    """Means of the figures since the last row of the log, summed on the device over the steps that were not skipped."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.last = Report({})
        self._clear()

    def _clear(self) -> None:
        self.sums = torch.zeros((), device=self.training.device)
        self.skipped = torch.zeros((), device=self.training.device)
        self.steps, self.started = 0, time.monotonic()

    def add(self, report: Report) -> None:
        if self.steps and report.losses.keys() != self.last.losses.keys():
            # The game has begun: other figures.
            self._clear()
        broken = self.training.guard.broken
        values = all_values(report)
        self.sums = self.sums + torch.where(broken > 0, torch.zeros_like(values), values)
        self.skipped = self.skipped + broken
        self.steps += 1
        self.last = report

    def figures(self, images_per_second: float) -> dict[str, float]:
        """What a progress bar shows: the last step's figures."""
        return {"images/s": images_per_second} | {name: float(value) for name, value in self.last.figures()}

    def row(self, validation_l1: float | None) -> dict[str, object]:
        """A row of the log, and a fresh start. Without losses where every step was skipped."""
        training, skipped = self.training, int(self.skipped)
        sound = self.steps - skipped
        means = iter([total / sound for total in self.sums.tolist()] if sound else ())
        # Each takes as many as it names, in the order of `all_values`.
        losses, balance, rates = (
            dict(zip(names, means, strict=False)) for names in (self.last.losses, self.last.balance, self.last.rates)
        )
        training.watch.rates(rates, self.steps, training.config.batch)
        row: dict[str, object] = {
            "images_seen": training.images_seen,
            "images_per_second": round(self.steps * training.config.batch / (time.monotonic() - self.started), 2),
            "losses": losses,
            "balance": balance,
            "learning_rate": training.config.lr * training.lowered * training.schedule(),
        }
        if skipped:
            row["skipped_steps"] = skipped
        if validation_l1 is not None:
            row["validation_l1"] = validation_l1
        self._clear()
        return row
