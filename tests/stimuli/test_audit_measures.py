"""Figures of known pictures, and trends that were planted."""

import numpy as np
import pandas as pd
import pytest

from gaia_stim.metrics.photometry import SRGB, display_of, luminance
from gaia_stim.samples.faces import draw_face
from gaia_stim.stimuli.audit import (
    FROM_MIDDLE,
    Frame,
    Neighbours,
    colour,
    contrasts,
    frame,
    misaligned,
    predictors,
    sharpness,
    spectral_slope,
    tell,
    trends,
    unrolled,
)

ALPHA = np.linspace(0, 1, 9)
CHANCE = np.random.default_rng(0)
WHITE = np.array([255, 255, 255], np.uint8)


def smooth(slope: float, seed: int = 1, side: int = 128) -> np.ndarray:
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=(side, side)))
    frequency = np.hypot(np.fft.fftfreq(side, 1 / side)[:, None], np.fft.fftfreq(side, 1 / side))
    picture = np.real(np.fft.ifft2(spectrum * np.where(frequency > 0, np.maximum(frequency, 1) ** slope, 0)))
    return np.clip(128 + picture / picture.std() * 12, 0, 255).astype(np.uint8)[..., None]


def seen(pixels: np.ndarray) -> np.ndarray:
    return luminance(pixels[None])[0]


@pytest.mark.parametrize("slope", [-0.5, -1.0, -1.5])
def test_the_spectral_slope_is_the_one_that_was_made(slope: float) -> None:
    measured = np.mean([spectral_slope(seen(smooth(slope, seed))) for seed in range(6)])
    assert measured == pytest.approx(slope, abs=0.06)


def test_a_picture_of_one_colour_has_no_slope_and_no_sharpness() -> None:
    plain = np.full((16, 16, 3), 90, np.uint8)
    assert np.isnan(spectral_slope(seen(plain)))
    assert sharpness(seen(plain)) == 0


def test_a_blurred_picture_is_less_sharp_whatever_its_contrast() -> None:
    assert sharpness(seen(smooth(-1.5))) < sharpness(seen(smooth(-1.0))) < sharpness(seen(smooth(-0.5)))
    halved = ((smooth(-1.0).astype(int) - 128) // 2 + 128).astype(np.uint8)
    assert sharpness(seen(halved)) == pytest.approx(sharpness(seen(smooth(-1.0))), rel=0.1)


def flagged(**measures: np.ndarray) -> list[str]:
    against = {"alpha": ALPHA, f"alpha{FROM_MIDDLE}": np.abs(ALPHA - 0.5)}
    return [tell(trend) for trend in trends(measures, against) if trend.warning]


def test_a_planted_luminance_trend_is_told_in_plain_words() -> None:
    [said] = flagged(mean_luminance=0.3 + 0.1 * ALPHA + CHANCE.normal(0, 0.005, 9))
    assert said.startswith("mean luminance rises with alpha (from 0.3")
    [said] = flagged(sharpness=2 - ALPHA)
    assert said.startswith("sharpness falls with alpha (from 1 to 2, Spearman -1.00")


def test_what_differs_at_the_ends_is_found_where_no_trend_is() -> None:
    [said] = flagged(sharpness=1 + np.abs(ALPHA - 0.5))
    assert said.startswith("sharpness is higher at the ends of alpha than in its middle")


def test_flat_slight_and_disorderly_measures_are_quiet() -> None:
    assert flagged(mean_luminance=np.full(9, 0.3)) == []
    assert flagged(mean_luminance=0.3 + 0.001 * ALPHA) == [], "orderly, but nobody can see it"
    assert flagged(rms_contrast=0.2 + 0.1 * np.array([0, 1, 0, 1, 0, 1, 0, 1, 0])) == []
    assert flagged(mean_luminance=0.3 + np.array([0, 0, 0, 0, 0, 0, 0, 0, 0.2])) == [], "one odd stimulus is no trend"
    assert flagged(spectral_slope=np.full(9, np.nan)) == []


def test_only_what_varies_in_degrees_can_explain() -> None:
    table = pd.DataFrame({name: [np.nan] * 9 for name in ("alpha", "grid_u", "grid_v", "amount", "amount_2")})
    assert predictors(table) == {}
    table["alpha"], table["amount"] = ALPHA, [1.0] * 9
    assert list(predictors(table)) == ["alpha", f"alpha{FROM_MIDDLE}"]
    assert predictors(table)[f"alpha{FROM_MIDDLE}"][[0, 4]] == pytest.approx([0.5, 0])


def test_the_nearest_image_is_found_unless_it_is_left_out() -> None:
    images = CHANCE.integers(0, 256, (60, 40, 40, 3), dtype=np.uint8)
    images[31] = np.clip(images[7].astype(int) + 8, 0, 255)
    neighbours = Neighbours.of(images)
    assert neighbours.nearest(images[7]) == (7, 0.0)
    row, distance = neighbours.nearest(images[7], [7])
    assert row == 31
    assert distance == pytest.approx(8 / 255, rel=0.05)
    assert neighbours.near < neighbours.typical
    assert neighbours.typical > 0.2
    assert Neighbours.of(images[:1]).nearest(images[0], [0]) == (None, float("inf"))


def test_a_frame_is_where_the_foreground_is() -> None:
    picture = np.full((40, 40, 3), 255, np.uint8)
    picture[20:30, 4:14] = 10
    found = frame(picture, WHITE)
    assert (found.x, found.y) == pytest.approx((9 / 40, 25 / 40))
    assert found.size == pytest.approx(np.sqrt(2 * (100 - 1) / 12) / 40)


def test_without_a_ground_the_edges_tell_where_it_is() -> None:
    left = np.full((40, 40, 1), 100, np.uint8)
    left[10:20, 5:15] = 220
    right = np.roll(left, 20, axis=1)
    assert frame(right, None).x - frame(left, None).x == pytest.approx(0.5, abs=0.02)


def test_a_shifted_source_stands_out_from_the_training_images() -> None:
    usual = [Frame(0.5 + shift, 0.5, 0.3) for shift in CHANCE.normal(0, 0.005, 50)]
    assert list(misaligned({"a": Frame(0.51, 0.5, 0.3)}, usual)) == []
    [said] = misaligned({"a": Frame(0.51, 0.5, 0.3), "b": Frame(0.62, 0.5, 0.3)}, usual)
    assert said.startswith("b: its centre lies +12% of the width from the training images'")


def test_without_training_images_sources_are_compared_with_each_other() -> None:
    assert list(misaligned({"a": Frame(0.5, 0.5, 0.3), "b": Frame(0.52, 0.5, 0.3)}, [])) == []
    [said] = misaligned({"a": Frame(0.5, 0.5, 0.3), "b": Frame(0.5, 0.5, 0.2)}, [])
    assert said == "b: its size differs by -10% of the side from that of a"


def test_drawn_faces_are_aligned() -> None:
    ground = np.array([128, 128, 128], np.uint8)
    frames = {str(age): frame(draw_face({"age": age}, 48), ground) for age in (25, 70)}
    assert list(misaligned(frames, [])) == []


def test_chroma_and_hue_are_those_of_cielab_whatever_the_display() -> None:
    """Reference colours of sRGB in CIELAB, D65 (Lindbloom's calculator): red is 104.55 at 40.0 degrees."""
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    for name in ("srgb", "linear"):
        assert colour(red, display_of(name), None) == pytest.approx({"chroma": 104.55, "hue": 40.0}, abs=0.1)
    grey = np.full((4, 4, 3), 100, np.uint8)
    found = colour(grey, SRGB, None)
    assert found["chroma"] < 0.1 and np.isnan(found["hue"])
    assert colour(grey[..., :1], SRGB, None) == {}
    half = np.where(np.arange(4)[:, None, None] < 2, red, grey)
    inside = np.where(np.arange(4)[:, None] < 2, 1.0, 0.0) * np.ones((4, 4))
    assert colour(half, SRGB, inside)["chroma"] == pytest.approx(104.55, abs=0.1)
    assert colour(half, SRGB, None)["chroma"] == pytest.approx(104.55 / 2, abs=0.1)


def test_the_same_light_has_the_same_colour_on_every_display() -> None:
    skin = np.full((1, 1, 3), (200, 150, 120), np.uint8)
    linear = np.rint(((skin / 255 + 0.055) / 1.055) ** 2.4 * 255).astype(np.uint8)
    there, here = colour(linear, display_of("linear"), None), colour(skin, SRGB, None)
    assert there == pytest.approx(here, abs=0.8), "but for rounding"


def test_hues_do_not_jump_at_half_a_circle() -> None:
    turned = unrolled(np.array([170.0, 178, -176, np.nan, -170]))
    assert np.diff(turned)[[0, 1]] == pytest.approx([8, 6])
    assert np.isnan(turned[3]) and turned[4] - turned[0] == pytest.approx(20)
    assert np.isnan(unrolled(np.full(3, np.nan))).all()


def test_contrast_is_told_of_all_and_of_the_foreground() -> None:
    y = np.full((4, 4), 0.5)
    y[1:3, 1:3] = [[0.1, 0.3], [0.1, 0.3]]
    inside = np.zeros((4, 4))
    inside[1:3, 1:3] = 1
    found = contrasts(y, inside)
    mean = (12 * 0.5 + 0.8) / 16
    deviation = ((12 * (0.5 - mean) ** 2 + 2 * (0.1 - mean) ** 2 + 2 * (0.3 - mean) ** 2) / 16) ** 0.5
    assert found == pytest.approx(
        {
            "mean_luminance": mean,
            "rms_contrast": deviation,
            "relative_contrast": deviation / mean,
            "foreground_luminance": 0.2,
            "foreground_contrast": 0.1,
            "foreground_relative_contrast": 0.5,
        }
    )
