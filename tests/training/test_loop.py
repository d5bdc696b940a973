"""The loop: what a step, a schedule, a validation and a save are, each against its definition."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_steps import advance

from gaia_stim.config import TrainConfig
from gaia_stim.dataset import Dataset, open_dataset
from gaia_stim.errors import CheckpointError, DivergedError
from gaia_stim.events import Event, Note, Progress
from gaia_stim.images import read_image
from gaia_stim.models import build
from gaia_stim.models.base import Report
from gaia_stim.runs import Run
from gaia_stim.tensors import read_tensors, write_tensors
from gaia_stim.training import loop, validation
from gaia_stim.training.loader import Microbatch
from gaia_stim.training.loop import Training, due
from gaia_stim.training.state import Best
from gaia_stim.training.step import WARM_UP, Schedule, TrainStep

Begin = Callable[..., Training]

STEPS = 12


@pytest.fixture
def dataset(faces: Path) -> Dataset:
    return open_dataset(faces, 16)


@pytest.fixture
def begin(dataset: Dataset, tmp_path: Path) -> Begin:
    """Begin the training of a very small model, in a folder."""

    def begin(name: str = "run", listen: Callable[[Event], None] = lambda event: None, **options: Any) -> Training:
        small = {"size": 16, "latent": 4, "width": 4, "batch": 4, "images_seen": 4 * STEPS, "sheets": 0}
        config = TrainConfig.model_validate({"preset": "tiny", "pretrain": 0.0, **small, **options})
        torch.manual_seed(0)
        (tmp_path / name).mkdir(exist_ok=True)
        model = build(config.model(dataset.channels))
        return Training(model, dataset, config, Run(tmp_path / name), torch.device("cpu"), listen)

    return begin


def numbers(training: Training) -> dict[str, torch.Tensor]:
    """All that the next step depends on, beside its number."""
    adam = {
        f"{index}.{key}": value.clone()
        for index, moments in enumerate(training.state.adam.state.values())
        for key, value in moments.items()
    }
    averages = {f"average.{name}": value.clone() for name, value in training.state.ema.state_dict().items()}
    return {name: value.clone() for name, value in training.state.model.state_dict().items()} | averages | adam


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(value.equal(b[name]) for name, value in a.items())


# -- one step ---------------------------------------------------------------------------------------------------------


def test_images_are_those_of_the_dataset(begin: Begin, dataset: Dataset) -> None:
    x = begin().loader.images(np.array([5, 0]))
    assert x.shape == (2, 3, 16, 16) and x.dtype == torch.float32
    expected = dataset.pixels[[5, 0]].transpose(0, 3, 1, 2) / np.float32(255)
    assert np.allclose(x.numpy(), expected, atol=1e-7)
    assert 0 <= float(x.min()) < float(x.max()) <= 1


@pytest.mark.parametrize("ema", [0.0, 0.5, 0.999])
def test_the_average_of_the_weights(ema: float, begin: Begin) -> None:
    training = begin(ema=ema)
    expected = {name: value.clone().double() for name, value in training.state.model.named_parameters()}
    for step in range(1, 6):
        advance(training)
        decay = min(ema, step / (step + 10)) if ema else 0.0
        for name, value in training.state.model.named_parameters():
            expected[name] = decay * expected[name] + (1 - decay) * value.detach().double()
    for name, value in training.state.ema.named_parameters():
        assert torch.allclose(value.double(), expected[name], atol=1e-6), name
    assert (training.state.ema is training.state.model) is (ema == 0)


@pytest.mark.parametrize("method", ["gaia", "ae"])
def test_a_step_moves_every_player_and_time(method: str, begin: Begin) -> None:
    training = begin(method=method)
    before = {name: [p.clone() for p in parameters] for name, parameters in training.state.model.players().items()}
    assert (training.state.step, training.images_seen, training.finished) == (0, 0, False)
    report = advance(training)
    assert (training.state.step, training.images_seen) == (1, 4)
    assert all(bool(torch.isfinite(value)) for _, value in report.figures())
    for name, parameters in training.state.model.players().items():
        assert any(not was.equal(now) for was, now in zip(before[name], parameters, strict=True)), name


def test_a_players_rate_is_its_multiplier_of_the_schedules(begin: Begin) -> None:
    training = begin(lr=1e-3, cooldown=0.5)
    for _ in range(8):
        factor = training.train_step.schedule.share(training.state.step)
        report = advance(training)
        assert set(report.rates) == set(training.state.rates) == {"generator", "discriminator"}
        for name, rate in training.state.rates.items():
            assert float(rate) == pytest.approx(1e-3 * factor * float(report.rates[name]), rel=1e-6)
        groups = {float(group["lr"]) for group in training.state.adam.param_groups}
        assert groups == {float(rate) for rate in training.state.rates.values()}


def test_it_learns(begin: Begin) -> None:
    """The same batch size and seed, ten times as long, is much better: the loop really minimises something.

    By the networks without noise on their codes, whose minimum is the validation's own.
    """
    short, long = (
        begin("short", network="light", images_seen=40),
        begin("long", network="light", images_seen=400, lr=2e-3),
    )
    short.finish()
    long.finish()
    assert long.state.best.validation_l1 < 0.8 * short.state.best.validation_l1


# -- the schedule -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cooldown", [0.0, 0.25, 1.0])
def test_the_schedule_rises_stays_and_falls_to_nothing(cooldown: float) -> None:
    schedule = Schedule(1000, 0, cooldown)
    shares = [schedule.share(step) for step in range(1001)]
    assert shares[0] == 1 / WARM_UP
    assert shares[WARM_UP - 1] == pytest.approx(1, abs=0.1 if cooldown == 1 else 0)
    assert max(shares) <= 1
    assert shares[-1] == (0 if cooldown else 1)
    if cooldown:
        assert shares[round(1000 * (1 - cooldown / 2))] == pytest.approx(0.5)
        falling = shares[max(WARM_UP, round(1000 * (1 - cooldown))) :]
        assert np.all(np.diff(falling) < 0)


@settings(max_examples=60, deadline=None)
@given(steps=st.integers(1, 3000), times=st.integers(1, 300))
def test_what_is_due_is_spread_evenly(steps: int, times: int) -> None:
    found = [step for step in range(1, steps + 1) if due(step, times, steps)]
    assert len(found) == min(times, steps)
    assert found[-1] == steps
    gaps = np.diff([0, *found])
    assert gaps.max() - gaps.min() <= 1


# -- measuring --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measured", [1, 4, 64])
def test_validation_is_the_mean_over_all_images(
    measured: int, begin: Begin, dataset: Dataset, monkeypatch: Any
) -> None:
    monkeypatch.setattr(validation, "MEASURED", measured)
    training = begin()
    advance(training, 3)
    found = training.validate()
    pixels = dataset.pixels[dataset.rows("validation")].transpose(0, 3, 1, 2)
    x = torch.from_numpy(pixels / np.float64(255)).float().contiguous()
    with torch.no_grad():
        reconstructed = training.state.ema.decode(training.state.ema.encode(x))
    assert found == pytest.approx(float((x - reconstructed).abs().mean()), rel=1e-5)
    assert training.state.best.validation_l1 == found


def test_the_best_weights_are_kept(begin: Begin) -> None:
    training = begin()
    advance(training)
    good = training.validate()
    record, content = training.run.weights_record(), training.run.weights.read_bytes()
    assert (record.images_seen, record.validation_l1) == (4, good)
    with torch.no_grad():
        for parameter in training.state.ema.decoder.parameters():
            parameter.mul_(50)
    training.state.step = 7
    assert training.validate() > good
    assert training.run.weights.read_bytes() == content
    assert (training.state.best.images_seen, training.state.best.validation_l1) == (4, good)


@pytest.mark.parametrize("started_from", [None, Path("another")])
def test_of_anothers_weights_the_latest_are_kept_once_the_rate_falls(begin: Begin, started_from: Path | None) -> None:
    training = begin(**{"from": started_from}, cooldown=0.5)
    advance(training)
    good = training.validate()
    with torch.no_grad():
        for parameter in training.state.ema.decoder.parameters():
            parameter.mul_(50)
    half = training.config.steps // 2
    for step, counts in ((half, False), (half + 1, True), (half + 2, True)):
        training.state.step = step
        before = training.state.best
        found = training.validate()
        assert found > good
        assert training.state.best == (Best(found, training.images_seen) if counts and started_from else before)


def test_sheets_and_rows_and_progress(begin: Begin) -> None:
    events: list[Event] = []
    training = begin(listen=events.append, sheets=3, validations=2)
    training.finish()
    assert [path.name for path in sorted(training.run.sheets.iterdir())] == [f"{seen:09}.png" for seen in (16, 32, 48)]
    sheet = read_image(training.run.sheets / "000000048.png")
    assert sheet.shape[2] == 3 and len(np.unique(sheet)) > 50
    rows = list(training.run.rows())
    assert [row["images_seen"] for row in rows] == [4 * step for step in range(1, STEPS + 1)]
    assert [row["images_seen"] for row in rows if "validation_l1" in row] == [24, 48]
    for row in rows:
        assert row["images_per_second"] > 0
        assert set(row["losses"]) == {
            "real",
            "generated",
            "interpolated",
            "structure",
            "reconstruction",
            "edges",
            "smoothness",
            "drift",
        }
        assert set(row["balance"]) == {"delta_gen", "delta_disc", "w_interp", "w_fake"}
        assert all(np.isfinite(list({**row["losses"], **row["balance"]}.values())))
    assert rows[-1]["learning_rate"] == 0
    progress = [event for event in events if isinstance(event, Progress)]
    assert {event.task for event in progress} == {"training"}
    assert (progress[-1].done, progress[-1].total) == (48, 48)
    assert progress[-1].figures["images/s"] > 0


def test_a_row_is_the_mean_since_the_last(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_ROWS", 3)
    training = begin(validations=1)
    told: list[Report] = []

    class Listened(TrainStep):
        def __call__(self, batch: list[Microbatch]) -> Report:
            told.append(super().__call__(batch))
            return told[-1]

    training.train_step = Listened(training.state, training.config, training.group)
    training.finish()
    rows = list(training.run.rows())
    assert [row["images_seen"] for row in rows] == [16, 32, 48]
    for number, row in enumerate(rows):
        steps = told[4 * number : 4 * number + 4]
        assert row["losses"]["real"] == pytest.approx(np.mean([float(step.losses["real"]) for step in steps]), rel=1e-5)


def test_a_flow_begins_by_its_images_and_keeps_its_latest_weights(begin: Begin, dataset: Dataset) -> None:
    """Its reconstructions are as good as exact from the first step on: the best of them would be any."""
    training = begin(method="flow", lr=1e-9, validations=4)
    assert training.finish().images_seen == training.images_seen
    with torch.inference_mode():
        codes = training.state.model.encode(training.loader.images(dataset.rows("train")))
    assert codes.std().item() == pytest.approx(1, abs=0.1)
    [row] = training.run.log.read_text().splitlines()[-1:]
    assert "bits_per_dimension" in row
    # Who goes on from other weights keeps what those have learned.
    other = begin("other", method="flow", lr=1e-9)
    other.config = other.config.model_copy(update={"from_": training.run.path})
    before = numbers(other)
    other._begin()
    assert equal(numbers(other), before)


# -- saving and resuming ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ema": 0.0},
        {"method": "ae"},
        {"method": "flow"},
        {"objective": "simplex"},
        {"network": "munit"},
        {"precision": "float32"},
    ],
    ids=str,
)
def test_a_saved_training_goes_on_as_if_nothing_had_been(options: dict[str, Any], begin: Begin) -> None:
    whole = begin("whole", **options)
    advance(whole, 5)
    whole.validate()
    whole.save()
    events: list[Event] = []
    resumed = begin("whole", events.append, **options)
    resumed.resume()
    assert events == [Note(f"resuming {whole.run.path} at 20 images")]
    assert resumed.state.step == 5 and resumed.state.best == whole.state.best
    assert equal(numbers(resumed), numbers(whole))
    advance(whole, 3)
    advance(resumed, 3)
    assert equal(numbers(resumed), numbers(whole))


def test_a_state_before_any_validation(begin: Begin) -> None:
    training = begin()
    advance(training)
    training.save()
    resumed = begin()
    resumed.resume()
    assert resumed.state.best.validation_l1 == float("inf")


@pytest.mark.parametrize(
    "options",
    [{"latent": 8}, {"method": "ae"}, {"network": "munit"}, {"width": 8}, {"method": "gaia", "ema": 0.0}],
    ids=str,
)
def test_the_state_of_another_training_is_refused(options: dict[str, Any], begin: Begin) -> None:
    other = begin("other", **options)
    advance(other)
    other.save()
    training = begin()
    other.run.state.rename(training.run.state)
    with pytest.raises(CheckpointError) as caught:
        training.resume()
    assert str(caught.value).startswith(f"{training.run.state}: not the state of this run (")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("place", "odd"),
    [
        (("step",), -1),
        (("step",), 2.5),
        (("best_l1",), "NaN"),
        (("guard", "streak"), 10**30),
        (("lowered",), float("nan")),
        (("lowered",), 7.0),
    ],
    ids=str,
)
def test_a_state_whose_record_is_none_is_refused(place: tuple[str, ...], odd: object, begin: Begin) -> None:
    training = begin()
    advance(training)
    training.save()
    write_tensors(training.run.state, training.state.tensors(), training.state.record() | nested(place, odd))
    with pytest.raises(CheckpointError) as caught:
        begin().resume()
    said = str(caught.value)
    assert said.startswith(f"{training.run.state}: not ") and ("is not JSON" in said or f"'{'.'.join(place)}'" in said)


def nested(place: tuple[str, ...], odd: object) -> dict[str, object]:
    name, *rest = place
    return {name: nested(tuple(rest), odd) if rest else odd}


def test_a_refusal_is_one_line(begin: Begin) -> None:
    other = begin("other", latent=8)
    advance(other)
    other.save()
    training = begin()
    other.run.state.rename(training.run.state)
    with pytest.raises(CheckpointError) as caught:
        training.resume()
    assert "\n" not in str(caught.value)


# -- divergence -------------------------------------------------------------------------------------------------------


def poison(training: Training) -> None:
    with torch.no_grad():
        next(iter(training.state.model.parameters())).fill_(float("nan"))


def all_finite(run: Run) -> bool:
    return all(
        bool(torch.isfinite(value).all())
        for path in (run.weights, run.last_weights, run.state)
        if path.exists()
        for value in read_tensors(path)[0].values()
    )


def test_divergence_is_told_and_no_nan_is_written(begin: Begin) -> None:
    training = begin(save_seconds=1e-9)
    advance(training, 2)
    training.validate()
    training.save()
    poison(training)
    with pytest.raises(DivergedError, match=r"diverged after 12 images .* --lr") as caught:
        training.finish()
    assert caught.value.exit_code == 5
    assert str(training.run.path) in str(caught.value)
    assert all_finite(training.run)
    assert all(row["losses"] == {} for row in training.run.rows())


def test_a_validation_that_is_no_number(begin: Begin) -> None:
    training = begin(ema=0.0)
    advance(training)
    training.validate()
    poison(training)
    with pytest.raises(DivergedError):
        training.validate()
    assert all_finite(training.run)


def test_no_nan_is_saved_between_two_rows_of_the_log(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in any training of more than 200 steps."""
    monkeypatch.setattr(loop, "LOG_ROWS", 1)
    training = begin(validations=1, save_seconds=1e-9)
    advance(training)
    training.save()
    poison(training)
    with pytest.raises(DivergedError):
        training.finish()
    assert all_finite(training.run)


def test_a_sheet_of_a_diverged_model(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_ROWS", 1)
    training = begin(validations=1, sheets=3, ema=0.0)
    poison(training)
    with pytest.raises(DivergedError):
        training.finish()
