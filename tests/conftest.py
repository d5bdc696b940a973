"""What all tests share: a world of their own, and a model that was really trained, once, in seconds."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

# Before torch is imported, here and in every process that a test starts.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch

from gaia_stim import __version__
from gaia_stim.config import SamplesConfig, TrainConfig
from gaia_stim.models import build
from gaia_stim.pipeline.samples import samples
from gaia_stim.pipeline.train import train
from gaia_stim.runs import MODEL_VARIABLE, DatasetRecord, Run, RunConfig
from gaia_stim.space.space import Space
from gaia_stim.tensors import write_tensors

SLOW = os.environ.get("GAIA_STIM_SLOW", "0") not in ("", "0")
Contents = Callable[[Path], dict[str, bytes]]
Plant = Callable[..., Path]

torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` has to end in minutes: what is slow, and has a quicker sibling, runs in `make test-slow`."""
    for item in items:
        if not SLOW and item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: GAIA_STIM_SLOW=1, or make test-slow"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_world(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees a user's caches, models or runs/latest, or leaves its own; `train` sets the process's threads."""
    monkeypatch.setenv("GAIA_STIM_CACHE", str(cache))
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 60 colour images of 32 pixels; not to be written into."""
    return samples(SamplesConfig(out=tmp_path_factory.mktemp("faces"), n=60, size=32)).images


@pytest.fixture(scope="session")
def held_out(faces: Path) -> int:
    """How many of `faces` are for validation: their bytes say so, and the build that wrote them decides those."""
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in faces.iterdir()]
    count = sum(int(one[:8], 16) / 2**32 < 0.1 for one in hashes)
    assert 0 < count < 60
    return count


@pytest.fixture(scope="session")
def tiny_run(faces: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that the real training made of `faces` (32 px, colour, 16 latents); not to be written into."""
    home = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        patch.chdir(home)
        # So short a training carries age, which tests move, where most of the code is shape.
        quick = {"preset": "tiny", "pretrain": 0.0, "shape_latent": 12, "images_seen": 320, "threads": 1}
        # Where there is bf16 another model would be trained, whose steps are as even by chance.
        alike = {"precision": "float32"}
        train(TrainConfig.model_validate({"images": faces, "out": home / "run", **quick, **alike}))
    return home / "run"


@pytest.fixture
def space(tiny_run: Path) -> Space:
    return Space.load(tiny_run)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Make a run folder with an untrained model of the given training options and channels, that is not all grey."""

    def plant(name: str = "planted", channels: Literal[1, 3] = 3, **options: object) -> Path:
        config = TrainConfig.model_validate({"preset": "tiny", "width": 4, **options}).model(channels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = build(config)
        with torch.no_grad():
            [*_, last_weights, _] = [*model.encoder.parameters(), *model.decoder.parameters()]
            last_weights.mul_(30)
        run = Run(tmp_path / name)
        run.path.mkdir()
        run.write_config(
            RunConfig(
                gaia_stim=__version__,
                torch=torch.__version__,
                threads=1,
                device="cpu",
                precision="float32",
                model=config,
                dataset=DatasetRecord(
                    folder="nowhere",
                    content_hash="sha256_0",
                    fit="crop",
                    background="white",
                    training_images=9,
                    validation_images=1,
                ),
                options={"seed": 5},
            )
        )
        write_tensors(run.weights, model.generator_state(), {"images_seen": 160, "validation_l1": 0.25})
        return run.path

    return plant


@pytest.fixture(scope="session")
def contents() -> Contents:
    """All files below a folder and what is in them."""

    def contents(folder: Path) -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    return contents
