"""Lines whose course is planted: half-way, snapped, jumping, along an arc, across it."""

import math

import numpy as np
import pytest

from gaia_stim.metrics.lines import betweenness, geodesic_ratio, step_variation


@pytest.fixture
def cloud() -> np.ndarray:
    """Images, as points: 400 references, and 60 ends from the same population."""
    return np.random.default_rng(0).normal(size=(460, 12))


def test_half_way_is_wholly_between(cloud: np.ndarray) -> None:
    a, b = cloud[400:430], cloud[430:]
    np.testing.assert_allclose(betweenness((a + b) / 2, a, b, cloud[:400]), 1)


@pytest.mark.parametrize("t", [0.4, 0.6])
def test_nearer_to_one_end_is_less_between(t: float, cloud: np.ndarray) -> None:
    a, b = cloud[400:430], cloud[430:]
    scores = betweenness(a + t * (b - a), a, b, cloud[:400])
    # A chance that is nearer than the ends are to each other leaves less to gain.
    np.testing.assert_allclose(scores[scores >= np.quantile(scores, 0.6)], 0.8)
    assert scores.min() > 0.5


def test_snapping_to_an_end_does_not_score(cloud: np.ndarray) -> None:
    a, b = cloud[400:430], cloud[430:]
    assert betweenness(a, a, b, cloud[:400]).max() == 0
    assert betweenness(b, a, b, cloud[:400]).max() == 0


def test_snapping_to_the_best_of_the_references_does_not_score(cloud: np.ndarray) -> None:
    reference, a, b = cloud[:400], cloud[400:430], cloud[430:]
    far = np.maximum(*(np.linalg.norm(end[:, None] - reference, axis=2) for end in (a, b)))
    nearest = np.linalg.norm(((a + b) / 2)[:, None] - reference, axis=2).argmin(axis=1)
    assert betweenness(reference[far.argmin(axis=1)], a, b, reference).max() == 0
    assert betweenness(reference[nearest], a, b, reference).max() == 0
    assert betweenness(cloud[:30], a, b, reference).max() == 0


def test_a_copy_of_a_reference_that_has_copies_does_not_score(cloud: np.ndarray) -> None:
    reference, a, b = cloud[:400], cloud[400:430], cloud[430:]
    snapped = reference[np.linalg.norm(((a + b) / 2)[:, None] - reference, axis=2).argmin(axis=1)]
    assert betweenness(snapped, a, b, np.concatenate([reference, reference])).max() == 0


def test_strangers_score_next_to_nothing(cloud: np.ndarray) -> None:
    strangers = np.random.default_rng(1).normal(size=(30, 12))
    assert betweenness(strangers, cloud[400:430], cloud[430:], cloud[:400]).mean() < 0.1


def test_a_dense_population_is_no_disadvantage() -> None:
    """Where training images are everywhere, half-way is still half-way."""
    square = np.random.default_rng(0).uniform(size=(2000, 3))
    a, b = square[:60], square[60:120]
    assert betweenness((a + b) / 2, a, b, square[120:]).mean() > 0.8


def test_ends_that_are_one_have_no_between(cloud: np.ndarray) -> None:
    a = cloud[400:401]
    assert betweenness(a, a, a, cloud[:400]).item() == 0


def grey(levels: list[int]) -> np.ndarray:
    return np.array(levels, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)


def test_steps_even_jumping_and_none() -> None:
    morphs = np.stack([grey([0, 20, 40, 60, 80]), grey([0, 0, 80, 80, 80]), grey([7, 7, 7, 7, 7])])
    np.testing.assert_allclose(step_variation(morphs), [0, math.sqrt(4 - 1), 0], atol=1e-12)


def arc(angles: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


@pytest.fixture
def circle() -> np.ndarray:
    return arc(np.random.default_rng(0).uniform(0, 2 * np.pi, 600))


def test_along_a_circle_and_across_it(circle: np.ndarray) -> None:
    """A half circle is as long as the way from point to point; its chord is 2/π of it."""
    along = arc(np.linspace(0.3, 0.3 + np.pi, 41))
    across = np.linspace(along[0], along[-1], 41)
    np.testing.assert_allclose(geodesic_ratio(np.stack([along, across]), circle), [1, 2 / np.pi], rtol=0.02)


def test_a_detour_is_longer(circle: np.ndarray) -> None:
    there_and_back = arc(np.concatenate([np.linspace(0, 1.5, 20), np.linspace(1.5, 1, 20)]))
    assert geodesic_ratio(there_and_back[None], circle).item() == pytest.approx(2, rel=0.03)


def test_a_flat_sheet_is_crossed_straight() -> None:
    sheet = np.random.default_rng(0).uniform(size=(1500, 2))
    line = np.linspace([0.1, 0.1], [0.9, 0.9], 9)
    assert 0.85 < geodesic_ratio(line[None], sheet).item() <= 1


def test_islands_are_joined_by_the_shortest_bridge() -> None:
    left = np.stack([np.linspace(0, 1, 30), np.zeros(30)], axis=1)
    right = left + np.array([6, 0])
    line = np.linspace([0, 0.0], [7, 0.0], 9)
    assert geodesic_ratio(line[None], np.concatenate([left, right])).item() == pytest.approx(1)


def test_copies_among_the_references_change_nothing(circle: np.ndarray) -> None:
    along = arc(np.linspace(0, 2, 30))[None]
    doubled = np.concatenate([circle, np.repeat(circle[:1], 12, axis=0)])
    assert geodesic_ratio(along, doubled) == pytest.approx(geodesic_ratio(along, circle), rel=0.02)
