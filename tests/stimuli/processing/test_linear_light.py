import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaia_stim.srgb import encoded
from gaia_stim.stimuli.processing.light import BAYER, grey, luminance_of, relit, to_linear, to_pixels

LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


def test_every_level_survives_the_way_to_linear_light_and_back() -> None:
    assert np.array_equal(to_pixels(to_linear(LEVELS)), LEVELS)
    assert np.array_equal(to_pixels(to_linear(LEVELS), dithered=True), LEVELS), "whole levels are not dithered"


def test_the_curve_is_the_standards() -> None:
    assert encoded(np.array([0.0, 0.0031308, 0.18, 1.0])) == pytest.approx([0, 0.04045, 0.46135, 1], abs=1e-4)


def test_dither_keeps_a_mean_that_rounding_would_lose() -> None:
    between = (
        to_linear(np.full((16, 16, 1), 100, np.uint8)) * 0.3 + to_linear(np.full((16, 16, 1), 101, np.uint8)) * 0.7
    )
    assert len(np.unique(BAYER)) == 64
    assert abs(BAYER.mean()) < 1e-12
    assert np.unique(to_pixels(between)).tolist() == [101]
    assert to_pixels(between, dithered=True).mean() == pytest.approx(100.7, abs=0.01)


@given(arrays(np.uint8, (4, 4, 3)), arrays(np.float64, (4, 4), elements=st.floats(0, 1)))
def test_relit_pictures_have_the_luminance_and_are_in_gamut(pixels: np.ndarray, y: np.ndarray) -> None:
    changed = relit(to_linear(pixels), y)
    assert changed.min() >= -1e-12
    assert changed.max() <= 1 + 1e-9
    assert luminance_of(changed) == pytest.approx(y, abs=1e-9)


def test_relit_pictures_keep_their_hue_where_there_is_room() -> None:
    skin = to_linear(np.array([[[200, 150, 120]]], np.uint8))
    changed = relit(skin, luminance_of(skin) * 1.3)
    assert changed == pytest.approx(skin * 1.3)


def test_grey_pictures_have_the_same_luminance() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    made = grey(pixels)
    assert made.shape == (8, 8, 1)
    assert luminance_of(to_linear(made)) == pytest.approx(luminance_of(to_linear(pixels)), abs=0.005)
