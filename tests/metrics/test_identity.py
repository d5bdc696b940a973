"""Round trips that end at home, next door or anywhere."""

import math

import numpy as np
import pytest

from gaia_stim.metrics.identity import cycle_error, retrieval

POINTS = np.random.default_rng(0).normal(size=(500, 8))
OWN = np.arange(500)


def test_copies_and_slightly_moved_ones_are_found() -> None:
    assert retrieval(POINTS, POINTS, OWN) == 1
    assert retrieval(POINTS + 1e-3, POINTS, OWN) == 1


def test_swapped_ones_are_not() -> None:
    swapped = POINTS.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert retrieval(swapped, POINTS, OWN) == 498 / 500


def test_strangers_are_found_by_chance() -> None:
    assert retrieval(np.random.default_rng(1).normal(size=(500, 8)), POINTS, OWN) < 0.02


def test_edits_of_few_sources_among_many() -> None:
    assert retrieval(POINTS[[3, 3, 7]], POINTS, np.array([3, 3, 8])) == pytest.approx(2 / 3)


def test_codes_that_come_back_and_codes_that_get_lost() -> None:
    assert cycle_error(POINTS, POINTS) == 0
    lost = np.random.default_rng(1).normal(size=(500, 8))
    assert cycle_error(POINTS, lost) == pytest.approx(math.sqrt(2), rel=0.05)
    assert cycle_error(POINTS, np.broadcast_to(POINTS.mean(axis=0), POINTS.shape)) == pytest.approx(1)


def test_a_planted_error_and_no_scale_or_origin() -> None:
    unit = np.array([[1.0], [-1.0]])
    assert cycle_error(unit, unit + 0.25) == 0.25
    assert cycle_error(100 * unit + 7, 100 * (unit + 0.25) + 7) == pytest.approx(0.25)


def test_one_code_for_all() -> None:
    assert cycle_error(np.ones((3, 2)), np.ones((3, 2))) == 0
    assert cycle_error(np.ones((3, 2)), np.zeros((3, 2))) == math.inf
