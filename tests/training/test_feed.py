"""The feed gives each step its images, whatever was read ahead."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from gaia_stim.training.feed import Feed
from gaia_stim.training.order import Order

from gaia_stim.dataset import Dataset, open_dataset

CPU = torch.device("cpu")


@pytest.fixture
def dataset(faces: Path) -> Dataset:
    return open_dataset(faces, 16)


def test_a_step_has_the_images_of_its_order_also_when_steps_are_left_out_or_done_again(dataset: Dataset) -> None:
    order = Order(dataset.rows("train"), seed=3)
    feed = Feed(dataset, CPU, lambda step: order.batch(step, 7))
    for step in (0, 1, 2, 9, 10, 4, 4, 5):
        expected = dataset.pixels[Order(dataset.rows("train"), seed=3).batch(step, 7)]
        assert np.array_equal(feed.batch(step, then=step + 1).numpy(), expected), step


def test_the_next_step_is_read_while_this_one_is_at_work(dataset: Dataset) -> None:
    asked: list[int] = []
    second = threading.Event()

    def rows(step: int) -> np.ndarray:
        asked.append(step)
        if step == 1:
            second.set()
        return np.array([step])

    feed = Feed(dataset, CPU, rows)
    feed.batch(0, then=1)
    assert second.wait(30), "nobody has asked for step 1 yet, and it is read"
    feed.batch(1, then=2)
    assert asked[:2] == [0, 1] and asked.count(1) == 1, "it is not read twice"


def test_a_fault_in_reading_is_raised_where_the_images_are_asked_for(dataset: Dataset) -> None:
    feed = Feed(dataset, CPU, lambda step: np.array([10**6 * step]))
    feed.batch(0, then=1)
    with pytest.raises(IndexError):
        feed.batch(1, then=2)
