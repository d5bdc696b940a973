"""Vectors that were planted are found again, whatever the labels do; and what cannot be told apart is named."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_stim.errors import DataError
from gaia_stim.space.attributes import (
    complete,
    correlations,
    high_and_low,
    mean_difference,
    ols,
    read_out,
    ridge,
    separation,
)

Array = npt.NDArray[np.float64]


def correlated_labels(images: int = 400, seed: int = 0) -> Array:
    """Age (graded), sex (binary) that goes with it, glasses (binary) that go with nothing."""
    chance = np.random.default_rng(seed)
    sex = (chance.random(images) < 0.5).astype(float)
    age = 35 + 20 * sex + chance.normal(0, 10, images)
    return np.stack([age, sex, (chance.random(images) < 0.3).astype(float)], axis=1)


def planted(
    labels: Array, latent: int = 16, noise: float = 0.0, seed: int = 1
) -> tuple[Array, npt.NDArray[np.float32]]:
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(labels.shape[1], latent))
    codes = chance.normal(size=latent) + labels @ vectors + noise * chance.normal(size=(len(labels), latent))
    return vectors, codes.astype(np.float32)


def by_lstsq(codes: Array, labels: Array) -> Array:
    design = np.column_stack([np.ones(len(labels)), labels])
    return np.linalg.lstsq(design, codes.astype(np.float64), rcond=None)[0][1:]


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 60), st.integers(1, 5), st.integers(1, 80), st.floats(0, 2), st.integers(0, 2**32 - 1))
def test_ols_is_lstsq_with_an_intercept(images: int, attributes: int, latent: int, noise: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    labels = chance.normal(size=(images, attributes)) @ chance.normal(size=(attributes, attributes))
    _, codes = planted(labels, latent, noise, seed)
    scale = 1 + np.abs(by_lstsq(codes, labels)).max()
    assert np.abs(ols(codes, labels).vectors - by_lstsq(codes, labels)).max() <= 1e-5 * scale


def test_planted_vectors_come_back_although_the_labels_correlate() -> None:
    labels = correlated_labels()
    vectors, codes = planted(labels)
    assert np.corrcoef(labels.T)[0, 1] > 0.6
    assert np.abs(ols(codes, labels).vectors - vectors).max() < 1e-5
    # The mean difference of sex is the way to the other sex's age, too.
    difference = mean_difference(codes, labels).vectors[1]
    gap = labels[labels[:, 1] == 1, 0].mean() - labels[labels[:, 1] == 0, 0].mean()
    other = labels[labels[:, 1] == 1, 2].mean() - labels[labels[:, 1] == 0, 2].mean()
    assert difference == pytest.approx(vectors[1] + gap * vectors[0] + other * vectors[2], abs=1e-4)


def test_a_rank_deficient_design_has_the_shortest_solution_and_the_same_fit() -> None:
    chance = np.random.default_rng(3)
    colours = np.eye(4)[chance.integers(0, 4, 200)][:, 1:]
    labels = np.column_stack([colours, colours[:, :2].sum(axis=1), chance.normal(size=200)])
    _, codes = planted(labels, noise=0.5)
    found, reference = ols(codes, labels), by_lstsq(codes, labels)
    assert np.abs(found.vectors - reference).max() < 1e-5
    assert found.errors is not None and np.isfinite(found.errors).all()
    twice = np.column_stack([labels[:, :1], labels[:, :1]])
    assert ols(codes, twice).vectors[0] == pytest.approx(ols(codes, twice).vectors[1])


def test_standard_errors_are_those_of_the_textbook() -> None:
    labels = correlated_labels(100)
    _, codes = planted(labels, noise=1.0)
    design = np.column_stack([np.ones(100), labels])
    left_over = codes - design @ np.linalg.lstsq(design, codes.astype(float), rcond=None)[0]
    expected = np.sqrt(
        np.outer(np.diag(np.linalg.inv(design.T @ design))[1:], np.square(left_over).sum(axis=0) / (100 - 4))
    )
    assert ols(codes, labels).errors == pytest.approx(expected, rel=1e-4)


def test_standard_errors_of_a_mean_difference() -> None:
    labels = correlated_labels(100)[:, 1:2]
    _, codes = planted(labels, noise=1.0)
    above, below = codes[labels[:, 0] == 1], codes[labels[:, 0] == 0]
    expected = np.sqrt(above.var(axis=0, ddof=1) / len(above) + below.var(axis=0, ddof=1) / len(below))
    assert mean_difference(codes, labels).errors == pytest.approx(expected[None], rel=1e-3)


def test_a_mean_difference_uses_every_image_where_its_attribute_is_known() -> None:
    labels = correlated_labels()
    vectors, codes = planted(labels[:, 2:])
    labels[::3, 0] = np.nan
    assert complete(labels).sum() < len(labels)
    assert mean_difference(codes, labels).vectors[2] == pytest.approx(vectors[0], abs=1e-4)


def test_graded_attributes_are_per_unit_also_in_mean_differences() -> None:
    labels = np.random.default_rng(0).uniform(18, 80, (500, 1))
    vectors, codes = planted(labels)
    assert mean_difference(codes, labels).vectors == pytest.approx(vectors, abs=1e-4)


@pytest.mark.parametrize("column", [[0, 0, 0, 1], [0, 1, 1, 1], [1, 2, 3, 4], [3, 3, 3, 4], [1, 3, 3, 3]])
def test_both_halves_have_someone(column: list[float]) -> None:
    above, below = high_and_low(np.array([*column, np.nan], float))
    assert above.any() and below.any() and not (above & below).any()
    assert not above[-1] and not below[-1]


def test_more_latents_than_images_and_too_few_images() -> None:
    labels = correlated_labels(30)
    vectors, codes = planted(labels, latent=500)
    assert ols(codes, labels).vectors == pytest.approx(vectors, abs=1e-3)
    assert ridge(codes, labels).vectors.shape == (3, 500)
    with pytest.raises(DataError, match="4 images with all labels are too few to tell 3 attributes apart: at least 5"):
        ols(codes[:4], labels[:4])


def test_ridge_is_near_least_squares_where_that_is_sure_and_calmer_where_not() -> None:
    labels = correlated_labels(2000)
    vectors, codes = planted(labels, noise=0.1)
    assert ridge(codes, labels).vectors == pytest.approx(vectors, abs=0.05)
    chance = np.random.default_rng(5)
    twin = labels[:60, 1] + 1e-3 * chance.normal(size=60)
    collinear = np.column_stack([labels[:60, 1], twin])
    vectors, codes = planted(collinear, noise=1.0)
    calm, wild = (np.linalg.norm(fit(codes, collinear).vectors - vectors) for fit in (ridge, ols))
    assert calm < 0.2 * wild


def test_those_that_cannot_be_told_apart_are_named() -> None:
    chance = np.random.default_rng(0)
    free = chance.normal(size=(300, 3))
    apart = separation(free)
    assert apart.groups == () and apart.condition_number < 2 and not apart.exact
    assert apart.vifs == pytest.approx(np.ones(3), abs=0.1)
    summed = separation(np.column_stack([free, free[:, 0] - 2 * free[:, 1]]))
    assert summed.groups == ((0, 1, 3),) and summed.exact and summed.condition_number == np.inf
    assert np.isinf(summed.vifs[[0, 1, 3]]).all() and summed.vifs[2] < 2
    near = separation(np.column_stack([free, free[:, 2] + 0.01 * chance.normal(size=300)]))
    assert near.groups == ((2, 3),) and not near.exact and near.condition_number > 30


def test_vifs_are_one_over_one_minus_r2() -> None:
    labels = correlated_labels(500)
    for place, vif in enumerate(separation(labels).vifs):
        others = np.column_stack([np.ones(500), np.delete(labels, place, axis=1)])
        rest = labels[:, place] - others @ np.linalg.lstsq(others, labels[:, place], rcond=None)[0]
        assert vif == pytest.approx(labels[:, place].var() / rest.var())


def test_correlations_are_over_the_images_where_both_are_known() -> None:
    labels = correlated_labels(60)
    labels[:9, 0], labels[20:30, 1] = np.nan, np.nan
    found = correlations(labels)
    both = ~np.isnan(labels[:, :2]).any(axis=1)
    assert found[0, 1] == pytest.approx(np.corrcoef(labels[both, :2].T)[0, 1])
    assert found == pytest.approx(found.T) and np.diag(found) == pytest.approx(1)


@pytest.mark.parametrize("latent", [8, 300])
def test_the_readout_says_what_the_codes_carry(latent: int) -> None:
    chance = np.random.default_rng(0)
    labels = chance.normal(size=(200, 3))
    codes = chance.normal(size=(200, latent))
    codes[:, 0] = 5 * labels[:, 0]
    codes[:, 1] = 5 * (labels[:, 1] + chance.normal(size=200))
    found = read_out(codes.astype(np.float32), labels)
    assert found.r2[0] > 0.95
    assert 0.2 < found.r2[1] < 0.65
    assert found.r2[2] < 0.1
    assert np.corrcoef(found(codes)[:, 0], labels[:, 0])[0, 1] > 0.98


def test_the_readout_uses_what_is_known_of_each_attribute() -> None:
    chance = np.random.default_rng(0)
    codes = chance.normal(size=(200, 5)).astype(np.float32)
    labels = np.column_stack([codes[:, 0], codes[:, 1], codes[:, 2]]).astype(float)
    labels[:100, 1], labels[3:, 2] = np.nan, np.nan
    found = read_out(codes, labels)
    assert found.r2[:2] == pytest.approx([1, 1], abs=0.01) and found.r2[2] == 0
    assert found.weights[1] == pytest.approx([0, 1, 0, 0, 0], abs=0.02)


def test_the_same_twice() -> None:
    labels = correlated_labels()
    _, codes = planted(labels, noise=1.0)
    one, other = (read_out(codes, labels) for _ in range(2))
    assert (one.weights == other.weights).all() and (one.r2 == other.r2).all()
