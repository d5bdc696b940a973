"""Photometry against scikit-image's independent conversion, and against what is known of plain images."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from skimage.color import rgb2xyz

from gaia_stim.metrics.photometry import LINEAR_LIGHT, REC709, luminance, mean_luminance, rms_contrast

Pixels = npt.NDArray[np.uint8]
ROUNDING = 2e-4
"""scikit-image's matrix has six digits and BT.709's weights have four."""


@settings(max_examples=40, deadline=None)
@given(images=arrays(np.uint8, (2, 4, 5, 3)))
def test_luminance_is_the_y_of_xyz(images: Pixels) -> None:
    y = rgb2xyz(images)[..., 1]
    assert np.allclose(luminance(images), y, atol=ROUNDING)
    assert np.allclose(mean_luminance(images), y.mean(axis=(1, 2)), atol=ROUNDING)
    assert np.allclose(rms_contrast(images), y.std(axis=(1, 2)), atol=ROUNDING)


def test_linear_light() -> None:
    """IEC 61966-2-1: its ends, its knee, and the sRGB level that is half as bright as white."""
    assert (LINEAR_LIGHT[0], LINEAR_LIGHT[255]) == (0, 1)
    assert np.all(np.diff(LINEAR_LIGHT) > 0)
    assert LINEAR_LIGHT[10] == pytest.approx(10 / 255 / 12.92)
    assert LINEAR_LIGHT[188] == pytest.approx(0.5, abs=0.005)
    assert REC709.sum() == pytest.approx(1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("level", "y"), [(0, 0.0), (255, 1.0), (188, 0.5028864580325687)])
def test_plain_images(channels: int, level: int, y: float) -> None:
    plain = np.full((2, 6, 6, channels), level, np.uint8)
    assert mean_luminance(plain) == pytest.approx([y, y])
    assert rms_contrast(plain) == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize("channels", [1, 3])
def test_half_black_half_white(channels: int) -> None:
    image = np.zeros((1, 6, 6, channels), np.uint8)
    image[:, :3] = 255
    assert mean_luminance(image) == pytest.approx([0.5])
    assert rms_contrast(image) == pytest.approx([0.5])  # the most that there is


@settings(max_examples=20, deadline=None)
@given(images=arrays(np.uint8, (2, 4, 5, 1)))
def test_grey_is_grey_in_one_channel_or_three(images: Pixels) -> None:
    assert np.allclose(luminance(images), luminance(np.repeat(images, 3, axis=3)))


def test_shapes_and_kinds() -> None:
    images = np.zeros((3, 4, 5, 3), np.uint8)
    assert luminance(images).shape == (3, 4, 5)
    for measure in (mean_luminance, rms_contrast):
        assert measure(images).shape == (3,) and measure(images).dtype == np.float64
