"""The loader gives each step its images, whatever was read ahead."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.dataset import Dataset, open_dataset
from gaia_stim.training.distributed import ProcessGroup
from gaia_stim.training.loader import Loader, Sampler


@pytest.fixture
def dataset(faces: Path) -> Dataset:
    return open_dataset(faces, 16)


def loader(dataset: Dataset) -> Loader:
    config = TrainConfig(preset="tiny", batch=8, seed=3)
    return Loader(dataset, config, ProcessGroup(), torch.device("cpu"), torch.contiguous_format)


def stored(images: Tensor) -> np.ndarray:
    return images.mul(255).round().byte().permute(0, 2, 3, 1).numpy()


def test_a_step_has_the_images_of_its_batch_wherever_the_steps_begin(dataset: Dataset) -> None:
    found = loader(dataset)
    for first, end in ((0, 3), (9, 11), (4, 6), (4, 5)):
        steps = []
        for step, [microbatch] in found.steps(first, end):
            steps.append(step)
            rows = Sampler(dataset.rows("train"), seed=3).batch(step, 8)
            assert np.array_equal(stored(microbatch.images), dataset.pixels[rows]), step
        assert steps == list(range(first, end))


def test_the_next_step_is_read_while_this_one_is_at_work(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    found, asked, second = loader(dataset), [], threading.Event()
    rows = found.rows

    def listened(step: int) -> np.ndarray:
        asked.append(step)
        if step == 1:
            second.set()
        return rows(step)

    monkeypatch.setattr(found, "rows", listened)
    steps = found.steps(0, 3)
    next(steps)
    assert second.wait(30), "nobody has asked for step 1 yet, and it is read"
    next(steps)
    assert asked[:2] == [0, 1] and asked.count(1) == 1, "it is not read twice"


def test_a_fault_in_reading_is_raised_where_the_images_are_asked_for(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = loader(dataset)
    monkeypatch.setattr(found, "rows", lambda step: np.array([10**6 * step]))
    steps = found.steps(0, 2)
    next(steps)
    with pytest.raises(IndexError):
        next(steps)
