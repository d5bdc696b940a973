"""Populations that are equal, populations that differ, and classifiers that must not cheat."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from gaia_stim.metrics.distance import Pixels
from gaia_stim.metrics.features import Look, patch_words, principal_components
from gaia_stim.metrics.realism import matches, told_apart


def scenes(n: int, seed: int, size: int = 32) -> Pixels:
    """Pictures with edges: a bright ellipse anywhere on a darker, shaded ground."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    pictures = []
    for _ in range(n):
        cx, cy = chance.uniform(0.3, 0.7, 2)
        rx, ry = chance.uniform(0.12, 0.3, 2)
        inside = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1
        ground = chance.uniform(20, 80, 3) + 40 * y[..., None]
        pictures.append(np.where(inside[..., None], chance.uniform(120, 250, 3), ground))
    return np.array(pictures).astype(np.uint8)


@pytest.fixture(scope="module")
def look() -> Look:
    return patch_words(scenes(200, seed=0))


def alone(n: int, first: int = 0) -> np.ndarray:
    return np.arange(first, first + n)


def auc(look: Look, a: Pixels, b: Pixels) -> float:
    return told_apart(look(a), look(b), alone(len(a)), alone(len(b), 10_000))


def test_equal_populations_cannot_be_told_apart(look: Look) -> None:
    assert auc(look, scenes(200, seed=1), scenes(200, seed=2)) == pytest.approx(0.5, abs=0.08)


def test_separable_ones_always_are() -> None:
    a = np.random.default_rng(0).normal(size=(100, 5))
    assert told_apart(a, a + np.array([9, 0, 0, 0, 0]), alone(100), alone(100, 100)) == 1


def test_the_auc_of_two_gaussians_is_the_textbooks() -> None:
    """Means a distance of 1 apart: AUC = Φ(1 / √2) = 0.760."""
    a, b = np.random.default_rng(0).normal(size=(2, 2000, 2))
    b[:, 0] += 1
    assert told_apart(a, b, alone(2000), alone(2000, 2000)) == pytest.approx(0.760, abs=0.02)


def test_blends_and_blur_are_found(look: Look) -> None:
    real, others = scenes(200, seed=1), scenes(200, seed=2)
    ghosts = ((others.astype(int) + others[::-1]) // 2).astype(np.uint8)
    assert auc(look, real, ghosts) > 0.9
    assert auc(look, real, gaussian_filter(others, (0, 1, 1, 0))) > 0.95


def test_a_picture_is_not_known_by_its_relatives() -> None:
    """Labels that only relatives share: with groups chance, without them nearly certainty."""
    chance = np.random.default_rng(0)
    families = np.repeat(np.arange(60), 8)
    features = chance.normal(size=(60, 200))[families] + 0.1 * chance.normal(size=(480, 200))
    labelled = chance.permutation(60)[families] % 2 == 0
    a, b = features[labelled], features[~labelled]
    assert told_apart(a, b, families[labelled], families[~labelled]) < 0.65
    assert told_apart(a, b, alone(len(a)), alone(len(b), 10_000)) > 0.95


def test_the_same_answer_each_time(look: Look) -> None:
    a, b = scenes(40, seed=1), scenes(40, seed=2)
    assert auc(look, a, b) == auc(patch_words(scenes(200, seed=0)), a, b)


def test_matches_are_others_and_the_nearest_that_can_be() -> None:
    reference = np.array([[0.0], [1.0], [5.0], [9.0]])
    assert matches(np.array([[0.1], [0.2], [8.0]]), reference).tolist() == [0, 1, 3]


def test_words_see_neither_brightness_nor_place(look: Look) -> None:
    picture = np.full((1, 32, 32, 3), 60, np.uint8)
    picture[:, 10:16, 8:16] = 200
    np.testing.assert_allclose(look(picture + 5), look(picture), atol=1e-4)
    np.testing.assert_allclose(look(np.roll(picture, (3, 5), axis=(1, 2))), look(picture), atol=1e-4)
    assert np.abs(look(np.roll(picture, 8, axis=2) // 2 + picture // 2) - look(picture)).max() > 0.01


@pytest.mark.parametrize("size", [16, 128])
def test_features_of_all_sizes_are_few(size: int) -> None:
    pictures = scenes(20, seed=0, size=size)
    assert patch_words(pictures)(pictures[:3]).shape == (3, 64)
    assert principal_components(pictures)(pictures[:3]).shape == (3, 19)


def test_components_keep_distances_of_what_was_learned() -> None:
    """Of n pictures n − 1 components say all: distances are those of the pixels, in units of full contrast."""
    pictures = scenes(12, seed=0)
    seen = principal_components(pictures)(pictures)
    straight = np.linalg.norm((pictures[0] / 255 - pictures[1] / 255).ravel())
    assert np.linalg.norm(seen[0] - seen[1]) == pytest.approx(straight, rel=1e-4)
