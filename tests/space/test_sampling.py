"""New exemplars: each item's chance is its own; mixtures stay inside, draws follow what they were fitted to."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from gaia_stim.errors import DataError
from gaia_stim.space.sampling import Density, Support, choose_parents, generator, mix

Array = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def real() -> Array:
    """400 codes of a known Gaussian in six directions, one of them flat."""
    chance = np.random.default_rng(3)
    spread = np.array([3, 2, 1, 1, 0.5, 1e-3])
    return (chance.standard_normal((400, 6)) * spread + np.arange(6)).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), few=st.integers(0, 5), more=st.integers(6, 12), parents=st.integers(2, 4))
def test_an_item_does_not_depend_on_how_many_there_are(
    real: Array, seed: int, few: int, more: int, parents: int
) -> None:
    some, all_of = (choose_parents(len(real), n, parents, seed) for n in (few, more))
    assert np.array_equal(some[0], all_of[0][:few]) and np.array_equal(some[1], all_of[1][:few])
    assert np.array_equal(mix(real, *some), mix(real, *all_of)[:few])
    density = Density(np.zeros(6), np.eye(6), 0.0)
    assert np.array_equal(density.draw(few, seed), density.draw(more, seed)[:few])


def test_items_and_seeds_differ() -> None:
    first = [generator(seed, item).random() for seed in range(20) for item in range(20)]
    assert len(set(first)) == 400


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), parents=st.integers(2, 5))
def test_mixtures_are_convex_and_of_what_they_say(real: Array, seed: int, parents: int) -> None:
    chosen, weights = choose_parents(len(real), 8, parents, seed)
    mixed = mix(real, chosen, weights)
    assert mixed.shape == (8, 6) and mixed.dtype == np.float32
    assert np.allclose(weights.sum(axis=1), 1) and (weights >= 0).all()
    for rows, code in zip(chosen, mixed, strict=True):
        assert len(set(rows)) == parents
        # Non-negative weights that sum to 1 bring it back exactly, found by another method.
        _, left = nnls(np.vstack([real[rows].T.astype(np.float64), 100 * np.ones(parents)]), [*code, 100.0])
        assert left < 1e-4


def test_a_mixture_of_too_few_is_refused() -> None:
    with pytest.raises(DataError, match="a mixture of 3 images needs as many; there are 2"):
        choose_parents(2, 5, 3, 0)


def test_draws_follow_the_density_of_the_codes(real: Array) -> None:
    density = Density.fit(real)
    drawn = density.draw(4000, 0)
    assert 0 < density.shrinkage < 0.1
    assert np.allclose(drawn.mean(axis=0), real.mean(axis=0), atol=0.2)
    assert np.allclose(drawn.std(axis=0)[:5], real.std(axis=0)[:5], rtol=0.1, atol=0.1)
    assert np.allclose(np.corrcoef(drawn.T)[:3, :3], np.eye(3), atol=0.1)


def test_a_density_of_fewer_codes_than_numbers_has_room_everywhere() -> None:
    codes = np.random.default_rng(0).standard_normal((5, 50)).astype(np.float32)
    drawn = Density.fit(codes).draw(60, 1)
    assert np.linalg.matrix_rank(drawn - drawn.mean(axis=0)) == 50


def test_support_is_0_on_an_image_and_1_a_neighbours_distance_away() -> None:
    grid = np.stack(np.meshgrid(np.arange(5), np.arange(5)), axis=-1).reshape(-1, 2).astype(np.float32) * 7
    support = Support.of(grid)
    assert support.unit == pytest.approx(7)
    places = np.array([[7, 14], [3.5, 0], [-7, 0], [-70, 0]], np.float32)
    assert support(places).tolist() == pytest.approx([0, 0.5, 1, 10])


def test_support_of_real_codes(real: Array) -> None:
    support = Support.of(real)
    assert support(real[:50]).tolist() == [0] * 50
    fresh = (np.random.default_rng(9).standard_normal((200, 6)) * [3, 2, 1, 1, 0.5, 1e-3] + np.arange(6)).astype(
        np.float32
    )
    assert 0.7 < np.median(support(fresh)) < 1.4


@pytest.mark.parametrize("codes", [np.zeros((1, 3)), np.zeros((5, 3))])
def test_where_nothing_tells_what_is_near(codes: Array) -> None:
    with pytest.raises(DataError, match=r"at least 2 images|copies of each other"):
        Support.of(codes.astype(np.float32))
