"""FAULTS 5: several processes do what one does, for every model; and what they are told of each other is true."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from faults.processes import together
from plain_steps import advance
from safetensors.torch import load_file, save_file
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.dataset import open_dataset
from gaia_stim.devices import Launch, launched
from gaia_stim.errors import CheckpointError, ConfigError, InterruptedRun
from gaia_stim.models import MODELS, OBJECTIVES, build
from gaia_stim.models.base import Losses, Report
from gaia_stim.pipeline.train import train
from gaia_stim.runs import Run
from gaia_stim.training.distributed import ProcessGroup, here, joined
from gaia_stim.training.loader import Microbatch
from gaia_stim.training.loop import Training
from gaia_stim.training.step import TrainStep

SMALL: dict[str, Any] = {
    "preset": "tiny",
    "size": 16,
    "latent": 4,
    "width": 4,
    "batch": 16,
    "threads": 1,
    "sheets": 0,
    "pretrain": 0.0,
}
CASES: dict[str, dict[str, Any]] = {
    **{name: {"method": name} for name in MODELS},
    **{f"gaia {name}": {"objective": name} for name in OBJECTIVES},
    "gaia munit": {"network": "munit"},
    "gaia bare": {"interpolations": False},
}
STEPS = 3
NEAR = 1e-6


class DoubleStep(TrainStep):
    """A step in float64."""

    def __call__(self, batch: list[Microbatch]) -> Report:
        return super().__call__([Microbatch(one.images.double(), one.seed) for one in batch])


def begun(faces: Path, folder: Path, precise: bool = True, **options: Any) -> Training:
    # A high rate, as the first steps are short: so that three of them go a thousand times farther than `NEAR`.
    config = TrainConfig.model_validate({**SMALL, "precision": "float32", "lr": 0.1, **options})
    dataset = open_dataset(faces, 16)
    torch.manual_seed(0)
    model = build(config.model(dataset.channels))
    training = Training(model, dataset, config, Run(folder), torch.device("cpu"))
    if precise:
        training.state.model.double()
        training.state.ema.double()
        training.train_step = DoubleStep(training.state, config, training.group)
    return training


def three_steps(faces: Path, folder: Path, **options: Any) -> dict[str, Tensor]:
    """All weights, buffers and averages after three steps; and what each step told, its learning rates too."""
    training = begun(faces, folder, **options)
    found: dict[str, Tensor] = {}
    for step in range(STEPS):
        report = advance(training)
        found |= {f"told.{step}.{name}": value.double() for name, value in report.figures()}
        found |= {f"rate.{step}.{name}": value.double().clone() for name, value in training.state.rates.items()}
    for whose, weights in (("model", training.state.model), ("average", training.state.ema)):
        found |= {f"{whose}.{name}": value for name, value in weights.state_dict().items()}
    return {name: value.contiguous() for name, value in found.items()}


def on_this_one(rank: int, folder: Path, faces: Path, cache: Path, groups: int) -> None:
    os.environ["GAIA_STIM_CACHE"] = str(cache)
    for name, options in CASES.items():
        save_file(three_steps(faces, folder, groups=groups, **options), folder / f"{name}-{groups}-{rank}.safetensors")


@pytest.fixture(scope="module")
def on_two(
    faces: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., list[dict[str, Tensor]]]:
    """What each of two processes has found of a case, with a group each, or two each."""
    folder = tmp_path_factory.mktemp("two")
    for groups in (2, 4):
        together(on_this_one, folder, faces, cache, groups)

    def found(case: str, groups: int) -> list[dict[str, Tensor]]:
        return [load_file(folder / f"{case}-{groups}-{rank}.safetensors") for rank in range(2)]

    return found


def farthest(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


# -- two processes, and one -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [2, 4])
@pytest.mark.parametrize("case", CASES)
def test_two_processes_are_as_one_with_the_same_groups(
    case: str, groups: int, on_two: Callable[..., list[dict[str, Tensor]]], faces: Path, tmp_path: Path
) -> None:
    first, second = on_two(case, groups)
    assert all(value.equal(second[name]) for name, value in first.items()), "the copies have drifted apart"
    one = three_steps(faces, tmp_path, groups=groups, **CASES[case])
    assert farthest(first, one) < NEAR
    start = begun(faces, tmp_path, groups=groups, **CASES[case]).state.model.state_dict()
    assert any(float((one[f"model.{name}"] - value).abs().max()) > 1e2 * NEAR for name, value in start.items())


@pytest.mark.parametrize("case", ["gaia", "began", "age", "acai"])
def test_groups_are_part_of_the_objective(case: str, faces: Path, tmp_path: Path) -> None:
    """Where images of a batch meet (pairs, L_dist, moments) or are mixed, it matters which of them are together."""
    one, two = (three_steps(faces, tmp_path, groups=groups, **CASES[case]) for groups in (1, 2))
    assert farthest(one, two) > 1e2 * NEAR


def test_where_images_do_not_meet_groups_do_not_matter(faces: Path, tmp_path: Path) -> None:
    one, two, four = (three_steps(faces, tmp_path, groups=groups, method="ae", network="light") for groups in (1, 2, 4))
    assert farthest(one, two) < NEAR and farthest(one, four) < NEAR


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_groups_against_their_definition(objective: str, faces: Path, tmp_path: Path) -> None:
    """GAIA's gradients with two groups: of the mean of both objectives, with the coefficients of the mean errors."""
    training = begun(faces, tmp_path, groups=2, objective=objective)
    model = training.state.model
    _, batch = next(training.loader.steps(0, 1))
    games = [model.losses(one.images.double(), torch.Generator().manual_seed(one.seed)) for one in batch]
    mean = {name: (games[0].values()[name] + games[1].values()[name]) / 2 for name in games[0].terms}
    one, other = (model.objectives(losses, mean)[0] for losses in games)
    expected = {
        name: torch.autograd.grad((one[name] + other[name]) / 2, weights, retain_graph=True)
        for name, weights in model.players().items()
    }
    report = training.train_step(batch)
    for name, weights in model.players().items():
        for weight, gradient in zip(weights, expected[name], strict=True):
            assert weight.grad is not None and weight.grad.stride() == weight.stride()
            assert float((weight.grad - gradient).abs().max()) < 1e-12, name
    assert all(float(report.losses[name] - value) == pytest.approx(0, abs=1e-12) for name, value in mean.items())


def test_a_score_moves_once_a_step_and_not_once_a_group(faces: Path, tmp_path: Path) -> None:
    training = begun(faces, tmp_path, groups=4, method="began")
    model = training.state.model
    model.gamma = 9.0  # else k falls, and is 0 already
    report = advance(training)
    expected = 0.002 * (9.0 * report.losses["real"] - report.losses["generated"])
    assert float(model.k) == pytest.approx(float(expected), rel=1e-6) and float(expected) > 0


def test_of_one_group_the_model_is_asked_once(faces: Path, tmp_path: Path) -> None:
    training = begun(faces, tmp_path)
    asked: list[tuple[int, ...]] = []
    losses = training.state.model.losses

    def counted(x: Tensor, rng: torch.Generator) -> Losses:
        asked.append(x.shape)
        return losses(x, rng)

    training.state.model.losses = counted  # type: ignore[method-assign]
    advance(training)
    assert asked == [(16, 3, 16, 16)]


# -- whom they work with ----------------------------------------------------------------------------------------------


def test_a_process_alone_hands_everything_back() -> None:
    alone = here()
    assert alone == ProcessGroup() and alone.leads
    values = torch.tensor([1.0, -0.0])
    assert alone.all_sum(values) is values
    assert alone.highest(3, True) == [3, 1]
    assert alone.gather(b"abc") == [b"abc"]
    assert list(alone.share(range(5))) == [0, 1, 2, 3, 4]
    alone.wait()
    alone.check_same({"a": values})
    with alone.leader_first(), joined(Launch()):
        assert here() is alone and not torch.distributed.is_initialized()


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [0, 1, 5, 14])
def test_shares_are_even_and_in_order(size: int, count: int) -> None:
    parts = [ProcessGroup(rank, size).share(range(count)) for rank in range(size)]
    assert [item for part in parts for item in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def talk(rank: int, folder: Path) -> None:
    devices = here()
    assert (devices.rank, devices.size, devices.leads) == (rank, 3, rank == 0)
    assert devices.all_sum(torch.tensor([1.0, rank])).tolist() == [3.0, 3.0]
    assert devices.highest(rank, -rank, 5) == [2, 0, 5]
    said = [b"", bytes(range(256)), b"x" * 1000]
    assert devices.gather(said[rank]) == said
    assert devices.gather(b"") == [b""] * 3
    with devices.leader_first():
        if devices.leads:
            (folder / "made").write_text("once")
        assert (folder / "made").exists()
    same = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones(4, dtype=torch.float64), "c": torch.tensor(3)}
    devices.check_same(same)
    same["b"][1] += 1e-15 if rank == 2 else 0
    with pytest.raises(CheckpointError, match=r"3 processes have come apart \(first in b\)") as caught:
        devices.check_same(same)
    assert caught.value.exit_code == 4


def test_three_processes_talk(tmp_path: Path) -> None:
    together(talk, tmp_path, size=3)


def one_dies(rank: int, folder: Path) -> None:
    devices = here()
    if rank == 1:
        os._exit(0)
    with pytest.raises(InterruptedRun, match="process 0 of 2 goes no further: another one has ended") as caught:
        for _ in range(3):
            devices.highest(1)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 75
    with pytest.raises(InterruptedRun):
        devices.wait()


def test_a_process_that_dies_is_not_waited_for(tmp_path: Path) -> None:
    together(one_dies, tmp_path)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, Launch()),
        ({"RANK": "0", "WORLD_SIZE": "1"}, Launch()),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, Launch()),
        (
            {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "SLURM_STEP_NUM_TASKS": "2"},
            Launch(5, 8, 1, 4, "env://"),
        ),
        (
            {
                "SLURM_STEP_NUM_TASKS": "8",
                "SLURM_PROCID": "5",
                "SLURM_LOCALID": "1",
                "SLURM_STEP_TASKS_PER_NODE": "4(x2)",
                "SLURM_STEP_NODELIST": "gpu[007-008,12]-ib,other",
                "SLURM_JOB_ID": "4211",
                "SLURM_STEP_ID": "2",
            },
            Launch(5, 8, 1, 4, f"tcp://gpu007-ib:{10_000 + (4211 * 31 + 2) % 20_000}"),
        ),
        (
            {
                "SLURM_STEP_NUM_TASKS": "2",
                "SLURM_PROCID": "0",
                "SLURM_STEP_NODELIST": "alpha,beta",
                "MASTER_PORT": "999",
            },
            Launch(0, 2, 0, 1, "tcp://alpha:999"),
        ),
    ],
)
def test_launchers(variables: dict[str, str], expected: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("SLURM_", "MASTER_", "RANK", "WORLD_", "LOCAL_"))]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert launched() == expected


def test_a_launcher_that_says_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "one")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="RANK is not set, or not a number"):
        launched()


# -- groups of a run --------------------------------------------------------------------------------------------------


def asked(faces: Path, **options: Any) -> TrainConfig:
    return TrainConfig.model_validate({**SMALL, "images": faces, "out": Path("run"), "images_seen": 64, **options})


def test_a_run_keeps_its_groups(faces: Path) -> None:
    train(asked(faces, groups=2))
    assert Run(Path("run")).config().options["groups"] == 2
    assert train(asked(faces)).images_seen == 64  # not named: those of the run
    with pytest.raises(ConfigError, match=r"another training \(--groups 2, not 4\)"):
        train(asked(faces, groups=4))


def test_a_run_of_before_there_were_groups_has_one(faces: Path) -> None:
    train(asked(faces))
    path = Path("run") / "config.json"
    config = json.loads(path.read_text())
    assert config["options"].pop("groups") == 1
    path.write_text(json.dumps(config))
    for groups in (0, 1):
        assert train(asked(faces, groups=groups)).images_seen == 64


def test_a_batch_that_has_no_such_groups(faces: Path) -> None:
    with pytest.raises(ConfigError, match="--batch 16: does not part into 3 groups"):
        train(asked(faces, groups=3))
    assert not Path("run").exists()


def test_a_batch_is_seen_whole_by_the_groups_together(faces: Path, tmp_path: Path) -> None:
    training = begun(faces, tmp_path, groups=4, method="ae")
    loader = training.loader
    _, batch = next(loader.steps(3, 4))
    assert len(batch) == 4 and len({one.seed for one in batch}) == 4
    assert torch.cat([one.images for one in batch]).equal(loader.images(loader.sampler.batch(3, 16)))
