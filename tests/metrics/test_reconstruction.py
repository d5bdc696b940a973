"""Copies whose error is known beforehand."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from gaia_stim.metrics.distance import Pixels, pixel_distance
from gaia_stim.metrics.reconstruction import explained, l1, sharpness, spread, ssim


@pytest.fixture
def images() -> Pixels:
    return np.random.default_rng(0).integers(40, 200, (5, 32, 32, 3), dtype=np.uint8)


def grating(cycles: float, contrast: float = 1.0, size: int = 64) -> Pixels:
    """One picture of a vertical grating of so many cycles a pixel."""
    wave = 127.5 * (1 + contrast * np.cos(2 * np.pi * cycles * np.arange(size)))
    return np.tile(np.round(wave).astype(np.uint8), (size, 1))[None, :, :, None]


def test_a_perfect_copy(images: Pixels) -> None:
    assert l1(images, images).tolist() == [0] * 5
    np.testing.assert_allclose(ssim(images, images), 1, rtol=1e-12)
    assert sharpness(images, images) == explained(images, images) == spread(images, images) == 1


def test_one_picture_for_all_explains_nothing_and_does_not_vary(images: Pixels) -> None:
    mean = np.repeat(np.round(images.mean(axis=0, keepdims=True)).astype(np.uint8), 5, axis=0)
    assert explained(mean, images) == pytest.approx(0, abs=1e-3) and spread(mean, images) == 0
    assert explained(images[::-1], images) < -0.5 and spread(images[::-1], images) == pytest.approx(1)
    assert explained(mean, mean) == spread(mean, mean) == 1
    assert explained(images, mean) == -math.inf and spread(images, mean) == math.inf


def test_half_the_variation_is_three_quarters_of_its_square(images: Pixels) -> None:
    half = np.round(images.mean(axis=0) + (images - images.mean(axis=0)) / 2).astype(np.uint8)
    assert spread(half, images) == pytest.approx(0.5, abs=1e-3)
    assert explained(half, images) == pytest.approx(0.75, abs=1e-3)


def test_a_constant_shift_is_all_that_l1_and_rmse_see(images: Pixels) -> None:
    shifted = images + np.arange(5, dtype=np.uint8)[:, None, None, None] * 10
    np.testing.assert_allclose(l1(shifted, images), np.arange(5) * 10 / 255)
    np.testing.assert_allclose(pixel_distance(shifted, images), np.arange(5) * 10 / 255)
    assert sharpness(shifted, images) == pytest.approx(1, abs=1e-12)


def test_l1_and_rmse_of_one_wrong_pixel_in_four() -> None:
    black, wrong = np.zeros((1, 2, 2, 1), np.uint8), np.zeros((1, 2, 2, 1), np.uint8)
    wrong[0, 0, 0] = 255
    assert l1(wrong, black).item() == 0.25
    assert pixel_distance(wrong, black).item() == 0.5


def test_ssim_of_flat_pictures_is_its_luminance_term() -> None:
    """Without variance, SSIM is (2ab + C1) / (a² + b² + C1), C1 = (0.01 L)² (Wang et al. 2004, Eq. 6)."""
    a, b = np.full((1, 16, 16, 3), 100, np.uint8), np.full((1, 16, 16, 3), 150, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(a, b).item() == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1))


def test_ssim_of_noise_and_of_a_negative(images: Pixels) -> None:
    other = np.random.default_rng(1).integers(40, 200, images.shape, dtype=np.uint8)
    assert abs(ssim(other, images)).max() < 0.1
    assert ssim(240 - images, images).max() < -0.8


@pytest.mark.parametrize("contrast", [0.25, 0.5])
def test_sharpness_is_the_square_of_the_contrast_of_detail(contrast: float) -> None:
    assert sharpness(grating(0.375, contrast), grating(0.375)) == pytest.approx(contrast**2, rel=0.02)


def test_sharpness_does_not_see_what_is_coarse() -> None:
    detail = grating(0.375, 0.5).astype(int)
    coarse = grating(0.0625, 0.4).astype(int) - 127
    assert sharpness((detail + coarse).astype(np.uint8), detail.astype(np.uint8)) == pytest.approx(1, rel=0.02)


def test_sharpness_falls_with_blur_and_rises_with_noise(images: Pixels) -> None:
    blurs = [gaussian_filter(images, (0, sigma, sigma, 0)) for sigma in (0.5, 1, 2)]
    ratios = [sharpness(blur, images) for blur in blurs]
    assert 1 > ratios[0] > ratios[1] > ratios[2] and ratios[2] < 0.01
    noisy = np.clip(images + np.random.default_rng(2).normal(0, 40, images.shape), 0, 255).astype(np.uint8)
    assert sharpness(noisy, images) > 1.2


def test_sharpness_where_the_original_has_no_detail() -> None:
    flat = np.full((2, 16, 16, 1), 90, np.uint8)
    assert sharpness(flat, flat) == 1
    assert sharpness(grating(0.375, size=16), flat[:1]) == math.inf
