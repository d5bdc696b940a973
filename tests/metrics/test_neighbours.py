"""Points whose neighbours are counted by hand, and populations whose overlap is known."""

import numpy as np
import pytest

from gaia_stim.metrics.neighbours import Neighbourhood

LINE = np.array([[0.0], [1.0], [2.0], [3.0], [10.0]])


def test_radii_reach_to_the_kth_neighbour() -> None:
    assert Neighbourhood.of(LINE, k=2).radii.tolist() == [2, 1, 1, 2, 8]


def test_precision_and_coverage_counted_by_hand() -> None:
    around = Neighbourhood.of(LINE, k=1)  # radii 1, 1, 1, 1, 7
    samples = np.array([[-0.5], [0.5], [4.5], [-9.0]])
    assert around.precision(samples) == 0.75
    assert around.coverage(samples) == 0.6


def test_far_away_is_nowhere() -> None:
    around = Neighbourhood.of(np.random.default_rng(0).normal(size=(100, 4)))
    far = np.full((20, 4), 50.0)
    assert (around.precision(far), around.coverage(far)) == (0, 0)


def test_one_good_place_is_precise_and_covers_nothing() -> None:
    points = np.random.default_rng(0).normal(size=(300, 4))
    around = Neighbourhood.of(points)
    same = np.repeat(points[:1], 300, axis=0)
    assert around.precision(same) == 1
    assert around.coverage(same) < 0.05


@pytest.mark.parametrize("samples", [100, 500, 1500])
def test_coverage_by_equals_is_that_of_the_lemma(samples: int) -> None:
    """1 − (n − 1)…(n − k) / ((n + m − 1)…(n + m − k)) (Naeem et al. 2020)."""
    chance = np.random.default_rng(0)
    n, k = 500, 3
    around = Neighbourhood.of(chance.normal(size=(n, 3)), k)
    found = np.mean([around.coverage(chance.normal(size=(samples, 3))) for _ in range(5)])
    steps = np.arange(1, k + 1)
    assert found == pytest.approx(1 - np.prod((n - steps) / (n + samples - steps)), abs=0.03)


def test_the_middle_of_a_ring_is_precise_only_for_those_on_it() -> None:
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, (2, 400))
    ring, others = (np.stack([np.cos(angle), np.sin(angle)], axis=1) for angle in angles)
    around = Neighbourhood.of(ring)
    assert around.precision(others) > 0.95
    assert around.precision((others + others[::-1]) / 2) < 0.2
