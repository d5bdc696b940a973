"""Orders: Latin squares that are, and limits that are exactly the limits."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_stim.designs.order import Constraints, arranged, williams
from gaia_stim.errors import ConfigError


@pytest.mark.parametrize("count", range(1, 10))
def test_williams_squares(count: int) -> None:
    square = williams(count)
    assert len(square) == (count if count % 2 == 0 or count == 1 else 2 * count)
    assert all(sorted(row) == list(range(count)) for row in square)
    assert all(set(Counter(column).values()) == {len(square) // count} for column in zip(*square, strict=True))
    follows = Counter(pair for row in square for pair in itertools.pairwise(row))
    assert len(follows) == count * (count - 1) and len(set(follows.values())) <= 1


@settings(max_examples=80, deadline=None)
@given(counts=st.lists(st.integers(1, 8), min_size=2, max_size=6), seed=st.integers(0, 99))
def test_the_least_run_is_reached_and_no_less_is_tried(counts: list[int], seed: int) -> None:
    answers = np.repeat(np.arange(len(counts)), counts)
    items = np.arange(len(answers))
    least = -(-max(counts) // (sum(counts) - max(counts) + 1))
    order = arranged(items, answers, Constraints(max_run=least), np.random.default_rng(seed))
    assert sorted(order) == list(items)
    assert max(len(list(run)) for _, run in itertools.groupby(answers[order])) <= least
    if least > 1:
        with pytest.raises(ConfigError, match=f"the least that can be kept is --max-run {least}"):
            arranged(items, answers, Constraints(max_run=least - 1), np.random.default_rng(seed))


@settings(max_examples=80, deadline=None)
@given(counts=st.lists(st.integers(1, 8), min_size=2, max_size=6), seed=st.integers(0, 99))
def test_the_largest_distance_is_reached_and_no_more_is_tried(counts: list[int], seed: int) -> None:
    items = np.repeat(np.arange(len(counts)), counts)
    answers = np.full(len(items), -1)
    most = max(counts)
    if most == 1:
        return
    farthest = (len(items) - counts.count(most)) // (most - 1)
    order = arranged(items, answers, Constraints(min_distance=farthest), np.random.default_rng(seed))
    for item in range(len(counts)):
        assert counts[item] < 2 or np.diff(np.flatnonzero(items[order] == item)).min() >= farthest
    with pytest.raises(ConfigError, match=f"the most that can be kept is --min-distance {farthest}"):
        arranged(items, answers, Constraints(min_distance=farthest + 1), np.random.default_rng(seed))


def test_without_constraints_all_orders_are_equally_likely() -> None:
    rng = np.random.default_rng(0)
    three = np.arange(3)
    found = Counter(tuple(arranged(three, three, Constraints(), rng)) for _ in range(600))
    assert len(found) == 6 and min(found.values()) > 60
    slack = Counter(tuple(arranged(three, three, Constraints(max_run=2), rng)) for _ in range(600))
    assert len(slack) == 6 and min(slack.values()) > 60
