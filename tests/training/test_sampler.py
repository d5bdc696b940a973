"""Batches and random numbers: pure functions of (seed, step), whatever came before."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_stim.training.loader import Sampler, derive_seed

SEEDS = st.integers(0, 2**63 - 1)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 50), size=st.integers(1, 70), seed=SEEDS, steps=st.lists(st.integers(0, 400), max_size=5))
def test_a_batch_does_not_depend_on_history(rows: int, size: int, seed: int, steps: list[int]) -> None:
    sampler = Sampler(np.arange(rows), seed)
    before = [sampler.batch(step, size) for step in steps]
    for step, batch in zip(steps[::-1], before[::-1], strict=True):
        assert np.array_equal(sampler.batch(step, size), batch)
        assert np.array_equal(Sampler(np.arange(rows), seed).batch(step, size), batch)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 50), size=st.integers(1, 70), seed=SEEDS)
def test_every_epoch_is_a_permutation(rows: int, size: int, seed: int) -> None:
    taken = np.arange(rows) * 7 + 3  # rows of a dataset that are not 0, 1, 2 …
    sampler = Sampler(taken, seed)
    epochs = 3
    steps = -(-epochs * rows // size)
    seen = np.concatenate([sampler.batch(step, size) for step in range(steps)])[: epochs * rows]
    assert seen.dtype == np.int64
    for epoch in seen.reshape(epochs, rows):
        assert sorted(epoch) == taken.tolist()


def test_epochs_and_seeds_differ() -> None:
    def epoch(seed: int, number: int) -> tuple[int, ...]:
        return tuple(Sampler(np.arange(100), seed).batch(number, 100))

    epochs = {epoch(seed, number) for seed in (0, 1, 2**62) for number in range(5)}
    assert len(epochs) == 15
    assert tuple(range(100)) not in epochs


def test_the_size_of_batches_does_not_change_the_order() -> None:
    sampler = Sampler(np.arange(30), 3)
    small = np.concatenate([sampler.batch(step, 4) for step in range(30)])
    assert np.array_equal(small, np.concatenate([sampler.batch(step, 12) for step in range(10)]))


def draws(seed: int, step: int, purpose: str) -> list[float]:
    return torch.rand(4, generator=torch.Generator().manual_seed(derive_seed(seed, step, purpose))).tolist()


def test_random_numbers_are_a_pure_function() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = draws(0, 7, "training")
    torch.rand(3)
    assert draws(0, 7, "training") == one
    torch.manual_seed(1)
    draws(5, 5, "weights")
    assert torch.get_rng_state().equal(before)  # nobody else's generator is touched
    different = [draws(0, 7, "weights"), draws(0, 8, "training"), draws(7, 0, "training"), draws(0, 70, "training")]
    assert all(other != one for other in different)
    assert len({tuple(numbers) for numbers in different}) == 4


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_every_seed_that_can_be_asked_for(seed: int) -> None:
    assert len(Sampler(np.arange(5), seed).batch(3, 4)) == 4
    assert len(draws(seed, 0, "training")) == 4
