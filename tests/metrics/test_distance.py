"""Distances against numbers worked out by hand."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaia_stim.metrics.distance import pixel_distance, variation

Pixels = npt.NDArray[np.uint8]
IMAGES = arrays(np.uint8, (2, 4, 5, 3))


def test_black_and_white_are_one_apart() -> None:
    black, white = np.zeros((3, 8, 8, 1), np.uint8), np.full((3, 8, 8, 1), 255, np.uint8)
    assert pixel_distance(black, white).tolist() == [1, 1, 1]
    assert pixel_distance(black, black).tolist() == [0, 0, 0]


def test_it_is_the_root_of_the_mean_of_the_squares() -> None:
    a, b = np.zeros((1, 2, 2, 1), np.uint8), np.zeros((1, 2, 2, 1), np.uint8)
    b[0, 0, 0, 0], b[0, 1, 1, 0] = 51, 102  # 0.2 and 0.4 of the range, in two of four pixels
    assert pixel_distance(a, b)[0] == pytest.approx(np.sqrt((0.2**2 + 0.4**2) / 4))


@settings(max_examples=40, deadline=None)
@given(a=IMAGES, b=IMAGES, c=IMAGES)
def test_it_is_a_distance(a: Pixels, b: Pixels, c: Pixels) -> None:
    ab = pixel_distance(a, b)
    assert ab.shape == (2,) and ab.dtype == np.float64
    assert np.array_equal(ab, pixel_distance(b, a))
    assert np.all((ab >= 0) & (ab <= 1))
    assert np.array_equal(ab == 0, (a == b).all(axis=(1, 2, 3)))
    assert np.all(pixel_distance(a, c) <= ab + pixel_distance(b, c) + 1e-12)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [([1, 1, 1], 0), ([0.5], 0), ([], 0), ([0, 0], 0), ([1, 3], 0.5), ([0, 0, 3], np.sqrt(2))],
    ids=str,
)
def test_variation(steps: list[float], expected: float) -> None:
    assert variation(np.array(steps, dtype=np.float64)) == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=9), factor=st.floats(1e-3, 1e3))
def test_variation_has_no_unit(steps: list[float], factor: float) -> None:
    assert variation(np.array(steps) * factor) == pytest.approx(variation(np.array(steps)), abs=1e-9)
