"""FAULTS 7: what is no number is skipped, gone back from, then told; and a game that goes nowhere is told early."""

import copy
import math
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from plain_steps import advance, backward
from safetensors.torch import load_file
from torch import Tensor

from faults.conftest import TINY, times, what_counts
from gaia_stim.config import TrainConfig
from gaia_stim.dataset import Dataset, open_dataset
from gaia_stim.errors import DivergedError, InterruptedRun
from gaia_stim.events import Event, Note, Progress
from gaia_stim.models import build
from gaia_stim.models.base import Autoencoder, Losses, Means, Report
from gaia_stim.pipeline.train import train
from gaia_stim.runs import Run
from gaia_stim.training import log, loop
from gaia_stim.training.loader import Microbatch
from gaia_stim.training.log import Meter, Watch
from gaia_stim.training.loop import PATIENCE, Training
from gaia_stim.training.state import TrainState
from gaia_stim.training.step import TrainStep

NAN, INF = math.nan, math.inf
Ask = Callable[..., TrainConfig]
Sicken = Callable[..., None]


@pytest.fixture
def dataset(faces: Path) -> Dataset:
    return open_dataset(faces, 16)


@pytest.fixture
def begin(dataset: Dataset, tmp_path: Path) -> Callable[..., Training]:
    def begin(**options: Any) -> Training:
        config = TrainConfig.model_validate({**TINY, "images_seen": 400, **options})
        torch.manual_seed(0)
        (tmp_path / "run").mkdir(exist_ok=True)
        model = build(config.model(dataset.channels))
        return Training(model, dataset, config, Run(tmp_path / "run"), torch.device("cpu"))

    return begin


@pytest.fixture
def ask(faces: Path, tmp_path: Path) -> Ask:
    def ask(**options: Any) -> TrainConfig:
        return TrainConfig.model_validate(
            {"images": faces, "out": tmp_path / "run", **TINY, "images_seen": 400, "validations": 10, **options}
        )

    return ask


def sick(model: Autoencoder, where: str, value: float) -> None:
    """Make the next gradients of a model those of a step that went wrong."""
    backward = model.backward

    def wrong(losses: Losses, means: Means) -> Report:
        model.backward = backward  # type: ignore[method-assign]
        report = backward(losses, means)
        player = next(iter(model.players().values()))
        if where == "gradient":
            gradient = player[-1].grad
            assert gradient is not None
            gradient.view(-1)[0] = value
            return report
        told = {name: dict(getattr(report, name)) for name in ("losses", "balance", "rates")}
        told[where] = {name: torch.full_like(number, value) for name, number in told[where].items()}
        return Report(**told)

    model.backward = wrong  # type: ignore[method-assign]


@pytest.fixture
def sicken(monkeypatch: pytest.MonkeyPatch) -> Sicken:
    """Make steps of every training go wrong; as `at` is asked for each, steps that are taken again can be well."""

    def sicken(at: Callable[[TrainState], bool], where: str = "gradient", value: float = NAN) -> None:
        take_step = TrainStep.__call__

        def sometimes(step: TrainStep, batch: list[Microbatch]) -> Report:
            if at(step.state):
                sick(step.state.model, where, value)
            return take_step(step, batch)

        monkeypatch.setattr(TrainStep, "__call__", sometimes)

    return sicken


def numbers(training: Training) -> dict[str, Tensor]:
    """All weights, their average, the buffers, and Adam's moments."""
    moments = {
        f"{index}.{key}": value.clone()
        for index, state in enumerate(training.state.adam.state.values())
        for key, value in state.items()
    }
    averages = {f"average.{name}": value.clone() for name, value in training.state.ema.state_dict().items()}
    return {name: value.clone() for name, value in training.state.model.state_dict().items()} | averages | moments


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(value.equal(b[name]) for name, value in a.items())


def warnings(events: Iterable[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Note) and event.warning]


def all_finite(run: Run) -> bool:
    files = list(run.path.glob("*.safetensors"))
    return bool(files) and all(
        bool(torch.isfinite(value).all()) for path in files for value in load_file(path).values()
    )


# -- one step ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "value"),
    [("gradient", NAN), ("gradient", INF), ("gradient", -1e30), ("losses", NAN), ("balance", INF), ("rates", NAN)],
)
@pytest.mark.parametrize(
    "options", [{}, {"ema": 0.0}, *times([], [{"network": "munit"}, {"precision": "bfloat16"}])], ids=str
)
def test_a_step_that_went_wrong_changes_nothing(
    where: str, value: float, options: dict[str, Any], begin: Callable[..., Training]
) -> None:
    training = begin(**options)
    advance(training, 3)
    before = numbers(training)
    sick(training.state.model, where, value)
    advance(training)
    assert training.state.step == 4
    assert equal(numbers(training), before)
    assert (training.state.skipped, training.state.streak) == (1, 1)
    advance(training)
    assert not equal(numbers(training), before)
    assert (training.state.skipped, training.state.streak) == (1, 0)


def test_the_very_first_step_may_go_wrong(begin: Callable[..., Training]) -> None:
    training = begin()
    before = {name: value.clone() for name, value in training.state.model.state_dict().items()}
    sick(training.state.model, "gradient", NAN)
    advance(training)
    assert all(value.equal(before[name]) for name, value in training.state.model.state_dict().items())
    assert {float(state["step"]) for state in training.state.adam.state.values()} == {0.0}


@pytest.mark.parametrize("method", ["began", "avb"])
def test_what_a_model_keeps_beside_its_weights_is_kept_too(method: str, begin: Callable[..., Training]) -> None:
    """BEGAN's k follows the losses, and would be NaN from then on."""
    training = begin(method=method)
    advance(training)
    before = numbers(training)
    training.state.model.decoder.register_forward_hook(lambda module, given, made: made * NAN)
    advance(training)
    assert equal(numbers(training), before) and training.state.streak == 1


def test_a_sound_step_is_what_it_was_without_the_guard(begin: Callable[..., Training]) -> None:
    """To the bit: the same steps with plain Adam and a plain average."""
    training = begin()
    model = copy.deepcopy(training.state.model)
    average = copy.deepcopy(training.state.model)
    rates = {name: torch.tensor(0.0) for name in model.players()}
    groups = [{"params": parameters, "lr": rates[name]} for name, parameters in model.players().items()]
    adam = torch.optim.Adam(groups, betas=(training.config.beta1, 0.999), fused=True)
    for step in range(20):
        [(_, [one])] = training.loader.steps(step, step + 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=training.train_step.precision == "bfloat16"):
            report = backward(model, one.images, torch.Generator().manual_seed(one.seed))
        for name, rate in rates.items():
            rate.copy_(report.rates[name] * training.train_step.learning_rate())
        adam.step()
        advance(training)
        decay = min(training.config.ema, (step + 1) / (step + 11))
        torch._foreach_lerp_([p.data for p in average.parameters()], list(model.parameters()), 1 - decay)
    assert all(value.equal(model.state_dict()[name]) for name, value in training.state.model.state_dict().items())
    assert all(value.equal(average.state_dict()[name]) for name, value in training.state.ema.state_dict().items())


def test_no_step_waits_for_the_device(begin: Callable[..., Training], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a step becomes a Python number, which on a GPU would wait for it."""
    training = begin()
    advance(training)
    with monkeypatch.context() as patch:
        for name in ("item", "__bool__", "__float__", "__int__", "tolist"):
            patch.setattr(Tensor, name, lambda *_: pytest.fail("waits for the device"))
        patch.setattr(training.train_step, "_descend", lambda report: None)  # Adam on the CPU looks at its own step
        meter = Meter(4, training.watch, torch.device("cpu"))
        meter.add(advance(training), training.state.broken)


# -- a whole training -------------------------------------------------------------------------------------------------


def test_skipped_steps_are_counted_and_told(ask: Ask, sicken: Sicken) -> None:
    sicken(lambda state: state.step in (17, 18, 50))
    told: list[Event] = []
    result = train(ask(), told.append)
    assert result.images_seen == 400
    assert warnings(told) == ["3 of 100 steps were skipped: their losses or gradients were not numbers"]
    rows = list(Run(result.run).rows())
    assert {row["images_seen"]: row["skipped_steps"] for row in rows if "skipped_steps" in row} == {
        72: 1,
        76: 1,
        204: 1,
    }
    assert [row["losses"] == {} for row in rows].count(True) == 3
    assert all(math.isfinite(value) for row in rows for value in row["losses"].values())
    assert all_finite(Run(result.run))


def test_means_are_over_the_steps_that_counted(ask: Ask, sicken: Sicken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_ROWS", 10)
    sicken(lambda state: state.step == 15, "losses", NAN)
    rows = list(Run(train(ask()).run).rows())
    assert len(rows) == 10 and [row.get("skipped_steps", 0) for row in rows] == [0, 1, *[0] * 8]
    assert rows[1]["losses"]["reconstruction"] == pytest.approx(rows[2]["losses"]["reconstruction"], rel=0.5)


def test_after_many_in_a_row_it_goes_back_once(ask: Ask, sicken: Sicken) -> None:
    sicken(lambda state: state.step >= 44 and state.lowered == 1)
    told: list[Event] = []
    result = train(ask(lr=1e-3), told.append)
    assert warnings(told)[0] == "training diverged after 216 images: back to 160, and on with 10% of the learning rate"
    rows = list(Run(result.run).rows())
    assert [row["images_seen"] for row in rows] == list(range(4, 404, 4))
    rates = {row["images_seen"]: row["learning_rate"] for row in rows}
    assert rates[164] == pytest.approx(1e-4 * 41 / 100 * 1.0, rel=0.05)
    assert max(rate for seen, rate in rates.items() if seen > 160) < 1.1e-4
    assert all_finite(Run(result.run)) and not Run(result.run).good_state.exists()


def test_the_second_time_it_is_told(ask: Ask, sicken: Sicken) -> None:
    sicken(lambda state: state.step >= 44)
    told: list[Event] = []
    with pytest.raises(DivergedError) as caught:
        train(ask(), told.append)
    said = str(caught.value)
    assert caught.value.exit_code == 5 and "\n" not in said
    for words in (f"the last {PATIENCE} steps are not numbers", "last good state is in", "--lr", "10th of this one"):
        assert words in said
    assert len(warnings(told)) == 1
    assert all_finite(Run(ask().out or Path()))


def test_before_any_validation_it_goes_back_to_the_beginning(ask: Ask, sicken: Sicken) -> None:
    sicken(lambda state: state.lowered == 1 and state.step > 2)
    told: list[Event] = []
    assert train(ask(validations=1), told.append).images_seen == 400
    assert "back to 0, and on" in warnings(told)[0]


def test_reconstructions_that_are_no_numbers(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    validate = Training.validate

    def fails(training: Training) -> float:
        if training.state.lowered == 1 and training.state.step == 50:
            raise training.diverged("the reconstructions are")
        return validate(training)

    monkeypatch.setattr(Training, "validate", fails)
    told: list[Event] = []
    train(ask(), told.append)
    assert warnings(told) == ["training diverged after 200 images: back to 160, and on with 10% of the learning rate"]


class Stop:
    def __init__(self, images_seen: int) -> None:
        self.images_seen, self.sent = images_seen, False

    def __call__(self, event: Event) -> None:
        if (
            isinstance(event, Progress)
            and event.task == "training"
            and event.done == self.images_seen
            and not self.sent
        ):
            self.sent = True
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize("stops", [(40, 180, 212), *times([], [(4, 200, 208), (176, 180, 220)])], ids=str)
def test_stopped_anywhere_around_it_ends_the_same(
    stops: tuple[int, ...], ask: Ask, sicken: Sicken, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Counts, the good state and the lowered rate outlive a process: resuming is exact through all of it."""
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", -1)
    sicken(lambda state: state.step == 30 or (state.step >= 44 and state.lowered == 1))
    train(ask(out=tmp_path / "whole"))
    for images_seen in stops:
        with pytest.raises(InterruptedRun):
            train(ask(), Stop(images_seen))
    train(ask())
    assert what_counts(tmp_path / "run") == what_counts(tmp_path / "whole")


def test_a_damaged_good_state_is_no_good_state(ask: Ask, sicken: Sicken, tmp_path: Path) -> None:
    def wrong(state: TrainState) -> bool:
        if state.step == 46:
            Run(tmp_path / "run").good_state.write_bytes(b"hello")
        return state.step >= 44

    sicken(wrong)
    with pytest.raises(DivergedError):
        train(ask())


# -- collapse ---------------------------------------------------------------------------------------------------------


def test_a_starved_player_is_told_of_once() -> None:
    told: list[Event] = []
    watch = Watch(10_000, told.append)
    for _ in range(9):
        watch.rates({"generator": 0.99, "discriminator": 0.01}, 50, 16)
    assert told == []
    watch.rates({"generator": 0.99, "discriminator": 0.5}, 50, 16)  # it has come back
    for _ in range(30):
        watch.rates({"generator": 0.99, "discriminator": 0.01}, 50, 16)
    [said] = warnings(told)
    assert said.startswith("the discriminator has hardly learned for 8,000 images (at 1.0% of the learning rate)")
    assert "--objective steady" in said and "\n" not in said
    for _ in range(30):
        watch.rates({"generator": 0.0}, 50, 16)
    assert len(told) == 2


def test_one_picture_for_all_is_told_of_once() -> None:
    told: list[Event] = []
    watch = Watch(10_000, told.append)
    for step, share in [(400, 0.001), (500, 0.01), (1000, 0.5), (1500, 0.01), (2000, 0.01), (2500, 0.01)]:
        watch.spread(share, step, step * 16)
    [said] = warnings(told)
    assert said.startswith("after 32,000 images, all reconstructions are nearly one picture (they vary by 1.0% of")


@pytest.mark.slow
def test_a_collapse_is_seen_in_a_training(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code of nothing makes one picture of all images; a training that is well is not told of."""
    monkeypatch.setattr(log, "CONSTANT_STEPS", 10)
    told: list[Event] = []
    train(ask(method="ae", network="light", lr=5e-3), told.append)
    assert warnings(told) == []
    encode = Autoencoder.encode
    monkeypatch.setattr(Autoencoder, "encode", lambda model, x: encode(model, x) * 0)
    train(ask(method="ae", network="light", force=True), told.append)
    assert len(warnings(told)) == 1 and "has collapsed" in warnings(told)[0]


@pytest.mark.slow
def test_starving_is_seen_in_a_training(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "STARVED_STEPS", 10)

    def starving(model: Autoencoder, losses: Losses, means: Means) -> Report:
        report = Autoencoder.backward(model, losses, means)
        return Report(
            report.losses, report.balance, {"generator": torch.tensor(1.0), "discriminator": torch.tensor(0.01)}
        )

    monkeypatch.setattr("gaia_stim.models.gaia.Gaia.backward", starving)
    told: list[Event] = []
    train(ask(), told.append)
    assert len(warnings(told)) == 1 and "the discriminator has hardly learned for 40 images" in warnings(told)[0]
