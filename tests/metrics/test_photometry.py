"""Photometry against scikit-image's independent conversion, and against what is known of plain images."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from pydantic import TypeAdapter, ValidationError
from skimage.color import rgb2xyz

from gaia_stim.config.displays import DisplayName
from gaia_stim.errors import DataError
from gaia_stim.metrics.photometry import (
    LINEAR_LIGHT,
    REC709,
    display_of,
    luminance,
    mean_luminance,
    over_orientations,
    radial_amplitude,
    rms_contrast,
)

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


def measured(path: Path, levels: list[int], candela: list[float]) -> str:
    rows = [f"{level},{light}" for level, light in zip(levels, candela, strict=True)]
    path.write_text("level,luminance\n" + "\n".join(rows) + "\n")
    return str(path)


def test_light_of_the_levels_of_displays(tmp_path: Path) -> None:
    levels = np.arange(256) / 255
    assert display_of("linear").light == pytest.approx(levels)
    assert display_of("gamma:2.2").light == pytest.approx(levels**2.2)
    assert np.array_equal(display_of("srgb").light, LINEAR_LIGHT)
    # A display of 100 cd/m² whose black shines 2 cd/m², measured at five levels in no order.
    table = display_of(measured(tmp_path / "m.csv", [255, 0, 64, 128, 192], [100, 2, 10, 30, 60]))
    assert table.light[[0, 32, 64, 128, 192, 255]] == pytest.approx([0.02, 0.06, 0.10, 0.30, 0.60, 1.0])


@pytest.mark.parametrize("name", ["srgb", "linear", "gamma:2.2", "table"])
def test_every_level_of_a_display_is_found_again_by_its_light(name: str, tmp_path: Path) -> None:
    said = measured(tmp_path / "m.csv", [0, 60, 255], [0.5, 8, 80]) if name == "table" else name
    display = display_of(said)
    assert display.encode(display.light) * 255 == pytest.approx(np.arange(256), abs=1e-9)
    again = display_of(json.loads(json.dumps(display.record())))
    assert again.name == display.name and np.array_equal(again.light, display.light)


@pytest.mark.parametrize(
    ("levels", "candela", "message"),
    [
        ([0, 128], [1, 2], "from 0 to 255"),
        ([0, 128, 255], [1, 5, 4], "rises with every level"),
        ([0, 255], [-1, 4], "rises with every level"),
    ],
)
def test_a_table_that_is_no_display_is_refused(
    levels: list[int], candela: list[float], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        display_of(measured(tmp_path / "m.csv", levels, candela))
    (tmp_path / "n.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"n\.csv: not a measured display"):
        display_of(str(tmp_path / "n.csv"))
    with pytest.raises(DataError, match=r"gone\.csv: not a measured display"):
        display_of(str(tmp_path / "gone.csv"))


@pytest.mark.parametrize("said", ["apple", "gamma:0", "gamma:9", "gamma:", "SRGB"])
def test_a_display_that_there_is_not_is_refused(said: str) -> None:
    with pytest.raises(ValidationError, match=r"srgb, linear, gamma:X"):
        TypeAdapter(DisplayName).validate_python(said)


def test_the_average_over_orientations_is_the_slow_one() -> None:
    y = np.random.default_rng(0).random((12, 12))
    window = np.outer(np.hanning(12), np.hanning(12))
    amplitude = np.abs(np.fft.fft2((y - y.mean()) * window))
    found: dict[int, list[float]] = {}
    for row in range(12):
        for column in range(12):
            down, across = (place if place <= 5 else place - 12 for place in (row, column))
            found.setdefault(round((down**2 + across**2) ** 0.5), []).append(amplitude[row, column])
    slow = [np.mean(found[ring]) for ring in sorted(found)]
    assert over_orientations(amplitude) == pytest.approx(slow)
    assert radial_amplitude(y) == pytest.approx(slow[2:7])
