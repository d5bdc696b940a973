"""The one training loop: batches in, weights out, for every model; images seen are its clock.

All that a step depends on is the state that is saved and the number of the step; so a run that was stopped anywhere
goes on as if it had not been. Where skipping steps that are not numbers does not help, the training goes back to the
state of its last sound validation, once, and on with a lower learning rate.
"""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.dataset import Dataset
from gaia_stim.errors import CheckpointError, DataError, DivergedError
from gaia_stim.events import Listener, Note, Progress, silent
from gaia_stim.gate import mistake_in
from gaia_stim.images import write_png
from gaia_stim.models.base import Autoencoder
from gaia_stim.runs import Run, append_log, trim_log
from gaia_stim.tensors import first_line, read_tensors, write_tensors
from gaia_stim.training.distributed import here
from gaia_stim.training.interruption import StopRequest, stop_requests
from gaia_stim.training.loader import Loader
from gaia_stim.training.log import Meter, Watch
from gaia_stim.training.state import Best, TrainState
from gaia_stim.training.step import TrainStep
from gaia_stim.training.validation import sheet, validate

LOG_ROWS = 200
"""Rows of the log in a whole run."""
PROGRESS_SECONDS = 0.5
SEEN_FIRST = 64
"""Images by which the first weights are chosen, where a model does."""
PATIENCE = 10
"""So many skipped steps in a row, and the training has diverged."""
LOWERED = 0.1
"""Share of the learning rate with which a training goes on that diverged."""


def due(step: int, times: int, steps: int) -> bool:
    """Whether the step just done is one of `times` spread evenly over a run of `steps`, the last step among them."""
    return step * times // steps > (step - 1) * times // steps


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
        self.config, self.run, self.listen = config, run, listen
        self.group = here()
        self.state = TrainState(model, config, device)
        self.loader = Loader(dataset, config, self.group, device, model.family.memory_format)
        self.train_step = TrainStep(self.state, config, self.group)
        self.watch = Watch(config.steps, listen)
        self._is_there = False

    @property
    def images_seen(self) -> int:
        return self.state.step * self.config.batch

    @property
    def finished(self) -> bool:
        return self.state.step >= self.config.steps

    # -- the loop -------------------------------------------------------------------------------------------------

    def finish(self) -> Best:
        """Train to the end. Raises `Cancelled` or `InterruptedRun` once everything is saved, `DivergedError` on NaN."""
        if not self.finished:
            self._is_there = self.run.exists
            with stop_requests() as stop:
                if self.state.step == 0:
                    self._begin()
                    self._write_state(self.run.good_state)
                while not self.finished:
                    try:
                        self._loop(stop)
                    except DivergedError as error:
                        self.roll_back(error)
            if skipped := int(self.state.skipped):
                text = f"{skipped:,} of {self.config.steps:,} steps were skipped"
                self.listen(Note(f"{text}: their losses or gradients were not numbers", warning=True))
        if self.group.leads:
            self._check_there()
            self.run.good_state.unlink(missing_ok=True)
        return self.state.best

    def _begin(self) -> None:
        if not self.config.from_:
            # The same images on every device.
            self.state.model.begin(self.loader.images(self.loader.dataset.rows("train")[:SEEN_FIRST]))

    def _check_there(self) -> None:
        """Raises `DataError` where somebody took away the folder: what is written would make it anew, without a run."""
        if self._is_there and self.group.leads and not self.run.exists:
            raise DataError(
                f"{self.run.path}: was deleted or moved while it was trained, after {self.images_seen:,} images; what "
                "was saved is gone with it"
            )

    def _loop(self, stop: StopRequest) -> None:
        config, state, first = self.config, self.state, self.state.step
        started = saved = time.monotonic()
        shown = 0.0
        meter = Meter(config.batch, self.watch, self.loader.device)
        for step, batch in self.loader.steps(first, config.steps):
            report = self.train_step(batch)
            meter.add(report, state.broken)
            self._look(meter)
            now = time.monotonic()
            if now - shown > PROGRESS_SECONDS or self.finished:
                shown = now
                figures = meter.figures((step + 1 - first) * config.batch / (now - started))
                self.listen(Progress("training", self.images_seen, config.steps * config.batch, figures))
            # All processes stop together, whichever was asked to, and save together, whatever their clocks say.
            overdue = self.group.leads and now - saved > config.save_seconds
            stopped, save = self.group.highest(stop.number, overdue)
            if save or stopped or self.finished:
                self.save()
                saved = time.monotonic()
            if stopped and not self.finished:
                raise StopRequest([stopped]).error(
                    f"all saved in {self.run.path} after {self.images_seen:,} images; the same command goes on"
                )

    def _look(self, meter: Meter) -> None:
        """Measure, log and draw what is due after this step. Raises `DivergedError`."""
        config, state = self.config, self.state
        self._check_there()
        measuring, logging, drawing = (
            due(state.step, times, config.steps) for times in (config.validations, LOG_ROWS, config.sheets)
        )
        if measuring or logging:
            streak = int(state.streak)
            if streak >= min(PATIENCE, config.steps):
                raise self.diverged(f"the losses or gradients of the last {streak:,} steps are")
            measured = {"validation_l1": self.validate()} if measuring else {}
            row = meter.row(self.images_seen, self.train_step.learning_rate()) | measured
            if self.group.leads:
                append_log(self.run.log, row)
            if measuring and state.lowered == 1 and streak == 0 and not self.finished:
                self._write_state(self.run.good_state)
        if drawing:
            self.draw_sheet()

    # -- measuring and looking ------------------------------------------------------------------------------------

    def validate(self) -> float:
        """Mean |x − G(x)| over the validation split; keeps the weights where it is the best so far."""
        state, schedule = self.state, self.train_step.schedule
        l1, spread = validate(state.ema, self.loader, self.group)
        if not np.isfinite(l1):
            raise self.diverged("the reconstructions are")
        self.watch.spread(spread, state.step, self.images_seen)
        # A game that starts from an autoencoder's weights is nearest to the images before it has begun to change them:
        # once the learning rate falls, the latest weights are kept and not the nearest.
        plays_on = bool(self.config.from_) or 0 < schedule.pretraining <= state.step
        if l1 < state.best.validation_l1 or state.model.exact or (plays_on and schedule.fall(state.step) < 1):
            state.best = Best(l1, self.images_seen)
            self._write_weights(self.run.weights, l1)
        return l1

    def draw_sheet(self) -> None:
        """Draw what the players make of some validation images."""
        drawn = sheet(self.state.ema, self.loader, f"{self.images_seen:,} images seen")
        if drawn is None:
            raise self.diverged("the pictures are")
        if self.group.leads:
            write_png(self.run.sheets / f"{self.images_seen:09d}.png", drawn)

    # -- when it diverges -----------------------------------------------------------------------------------------

    def diverged(self, what: str) -> DivergedError:
        """The error of a training in which something is not numbers."""
        lowered = f" (a {1 / LOWERED:.0f}th of this one did not help)" if self.state.lowered < 1 else ""
        return DivergedError(
            f"training diverged after {self.images_seen:,} images ({what} not numbers); the last good state is in "
            f"{self.run.path}; try a lower --lr{lowered}"
        )

    def roll_back(self, error: DivergedError) -> None:
        """Go back to the last good state, once, and on with a lower learning rate. Raises `error` the second time."""
        state = self.state
        if state.lowered < 1 or not self.run.good_state.exists():
            raise error
        tried, best = self.images_seen, state.best
        try:
            self._read_state(self.run.good_state)
        except CheckpointError as damage:
            raise error from damage
        # The best weights that were kept are still there, also where they were found on the way since.
        state.best, state.lowered = best, LOWERED
        self.save()
        text = (
            f"training diverged after {tried:,} images: back to {self.images_seen:,}, and on with "
            f"{LOWERED:.0%} of the learning rate"
        )
        self.listen(Note(text, warning=True))

    # -- saving and resuming --------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write everything the next step depends on, and keep what was written before.

        Raises `DivergedError` where that is no longer numbers, `DataError` where there is no room for it,
        `CheckpointError` where the processes of a training on several devices no longer agree on it.
        """
        self._check_there()
        tensors = self._sound_tensors()
        self.group.check_same(tensors)
        self._write_weights(self.run.last_weights, None, self.run.last_weights_before)
        # Last: with it, the save is done.
        self._write(self.run.state, tensors, self.state.record(), self.run.state_before)
        self.group.wait()

    def resume(self) -> None:
        """Go on from the last save that is whole. Raises `CheckpointError` where there is none of this run."""
        problems = []
        for path in self.run.states:
            try:
                self._read_state(path)
                break
            except CheckpointError as error:
                problems.append(str(error))
        else:
            what = " and ".join(problems) or f"{self.run.state}: no such file"
            raise CheckpointError(f"{what}; no other save can be gone on from: start again with --force")
        # Whether all have read the same save; and so all are done with reading.
        self.group.check_same(self.state.model.state_dict())
        if problems and self.group.leads:
            # In the damaged one's place, or the next save would keep that one.
            path.replace(self.run.state)
            text = f"{problems[0]}; going on from the save before it, at {self.images_seen:,} images"
            self.listen(Note(text, warning=True))
        self.listen(Note(f"resuming {self.run.path} at {self.images_seen:,} images"))

    def check_best(self) -> None:
        """See that the best weights that were kept are whole. Raises `CheckpointError` where they are lost for good."""
        best = self.state.best
        if not best.images_seen:
            return
        try:
            self.run.model_with(self.run.weights)
        except CheckpointError as error:
            if best.images_seen == self.images_seen:
                self._write_weights(self.run.weights, best.validation_l1)
                what = "written again, for they are those of the last save"
            elif not self.finished:
                self.state.best, what = Best(), "the best from here on are kept"
            else:
                raise CheckpointError(
                    f"{error}; the training is over, and its best weights are kept nowhere else (its last ones are in "
                    f"{self.run.last_weights}): start again with --force"
                ) from error
            self.listen(Note(f"{error}; {what}", warning=True))

    def _read_state(self, path: Path) -> None:
        """Be as the training was when that file was written. Raises `CheckpointError` where it is another's."""
        tensors, record = read_tensors(path)
        try:
            self.state.load_state(tensors, record)
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = mistake_in(error) if isinstance(error, ValidationError) else first_line(error)
            raise CheckpointError(f"{path}: not the state of this run ({reason})") from error
        if self.group.leads:
            trim_log(self.run.log, self.images_seen)

    def _sound_tensors(self) -> dict[str, Tensor]:
        """The tensors of the state. Raises `DivergedError` where they are not numbers."""
        tensors = self.state.tensors()
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise self.diverged("the weights are")
        return tensors

    def _write_state(self, path: Path) -> None:
        self._write(path, self._sound_tensors(), self.state.record())

    def _write_weights(self, path: Path, validation_l1: float | None, keep: Path | None = None) -> None:
        record = {"images_seen": self.images_seen, "validation_l1": validation_l1}
        self._write(path, self.state.ema.generator_state(), record, keep)

    def _write(
        self, path: Path, tensors: Mapping[str, Tensor], record: Mapping[str, object], keep: Path | None = None
    ) -> None:
        if self.group.leads:
            write_tensors(path, tensors, record, keep)
