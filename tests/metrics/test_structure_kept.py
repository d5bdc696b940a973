"""Codes that keep, bend, fold or lose the order of distances."""

import numpy as np
import pytest
from sklearn.datasets import make_swiss_roll

from gaia_stim.metrics.structure import continuity, flat, spearman, trustworthiness


@pytest.fixture
def points() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(200, 10))


def test_a_rotated_scaled_shifted_copy_keeps_all(points: np.ndarray) -> None:
    turned, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(10, 10)))
    copy = 7 * points @ turned + 3
    assert spearman(points, copy) == pytest.approx(1)
    assert trustworthiness(points, copy) == continuity(points, copy) == pytest.approx(1)


def test_noise_keeps_nothing(points: np.ndarray) -> None:
    noise = np.random.default_rng(2).normal(size=(200, 10))
    assert abs(spearman(points, noise)) < 0.1
    assert trustworthiness(points, noise) == pytest.approx(0.5, abs=0.05)


def test_spearman_counted_by_hand() -> None:
    """Distances 1, 3, 2 and 1, 2, 3: d² sums to 2, so 1 − 6 · 2 / (3 · 8) = 0.5."""
    assert spearman(np.array([[0.0], [1.0], [3.0]]), np.array([[0.0], [1.0], [-2.0]])) == pytest.approx(0.5)


def test_all_codes_equal_is_not_a_number(points: np.ndarray) -> None:
    with pytest.warns(match="constant"):
        assert np.isnan(spearman(points, np.zeros((200, 2))))


def test_a_swiss_roll_unrolled_and_squashed() -> None:
    """Unrolled, neighbours stay neighbours both ways. Squashed, layers fall together: still continuous, not trusted."""
    roll, along = make_swiss_roll(800, random_state=0)
    unrolled = np.stack([along**2 / 2, roll[:, 1]], axis=1)  # arc length of a spiral r = t, nearly
    squashed = roll[:, :2]
    assert trustworthiness(roll, unrolled) > 0.99 and continuity(roll, unrolled) > 0.99
    assert trustworthiness(roll, squashed) < 0.93 < 0.97 < continuity(roll, squashed)


def test_torn_apart_is_trusted_and_not_continuous() -> None:
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 500)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    halves = np.stack([angle % np.pi, 100.0 * (angle > np.pi)], axis=1)
    assert trustworthiness(ring, halves) > 0.999 > continuity(ring, halves)


def test_flat_is_in_units_of_full_contrast() -> None:
    assert flat(np.full((2, 4, 4, 3), 255, np.uint8)).tolist() == np.ones((2, 48)).tolist()
