"""Perceptual distances: the published NLPD, recomputed here another way, and what every distance must do."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.signal import convolve2d

from gaia_stim.metrics.perceptual import (
    FLOORS,
    LOW_PASS,
    NEIGHBOURS,
    colour_distance,
    nlpd,
    structural_distance,
)

Plane = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]


def pyramid(plane: Plane) -> list[Plane]:
    """NLP_dist.m of Laparra et al., line by line: symmetric and zero borders, `conv2(..., 'same')`."""
    kernel = np.outer(LOW_PASS, LOW_PASS)
    found = []
    for scale, (floor, weights) in enumerate(zip(FLOORS, NEIGHBOURS, strict=True)):
        band = plane
        if scale < len(FLOORS) - 1:
            coarse = convolve2d(plane, kernel, "same", "symm")[::2, ::2]
            rimmed = np.pad(coarse, 1, mode="edge")
            spread = np.zeros((2 * rimmed.shape[0], 2 * rimmed.shape[1]))
            spread[::2, ::2] = 4 * rimmed
            odd = [2 * coarse.shape[axis] - plane.shape[axis] for axis in (0, 1)]
            enlarged = convolve2d(spread, kernel, "same")
            band = plane - enlarged[2 : enlarged.shape[0] - 2 - odd[0], 2 : enlarged.shape[1] - 2 - odd[1]]
            plane = coarse
        found.append(band / (floor + convolve2d(np.abs(band), np.array(weights), "same")))
    return found


def published(a: Pixels, b: Pixels) -> float:
    """Of grey pictures, whose sRGB level is the grey level that the source takes."""
    scales = zip(pyramid(a[..., 0] / 255), pyramid(b[..., 0] / 255), strict=True)
    return float(np.mean([np.sqrt(np.mean((x - y) ** 2)) for x, y in scales]))


def textured(shape: tuple[int, int], seed: int, channels: int = 1) -> Pixels:
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]] / shape[0]
    waves = [np.sin(2 * np.pi * (f * x + g * y) + p) for f, g, p in chance.uniform(-6, 6, (5 * channels, 3))]
    shown = np.stack([sum(waves[channel::channels]) for channel in range(channels)], axis=-1)
    return np.rint(127 + 22 * shown + chance.normal(0, 4, shown.shape)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [(64, 64), (96, 128), (65, 70), (63, 80), (32, 32)])
def test_nlpd_is_the_published_one(shape: tuple[int, int]) -> None:
    pictures = np.stack([textured(shape, seed) for seed in range(4)])
    expected = [published(a, b) for a, b in pairwise(pictures)]
    assert nlpd(pictures[:-1], pictures[1:]) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), side=st.sampled_from([32, 64]), channels=st.sampled_from([1, 3]))
def test_a_distance_is_a_distance(seed: int, side: int, channels: int) -> None:
    a, b = textured((side, side), seed, channels)[None], textured((side, side), seed + 1, channels)[None]
    for distance in (nlpd, structural_distance, colour_distance):
        there, back = distance(a, b), distance(b, a)
        assert there.shape == (1,) and there.dtype == np.float64
        assert there == pytest.approx(back) and there > 0.1
        assert distance(a, a) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("side", [32, 64])
def test_small_changes_count_in_proportion(side: int) -> None:
    """Twice the change is nearly twice the distance: what makes equal steps possible."""
    plain = textured((side, side), 0).astype(np.float64)
    change = textured((side, side), 1) - 127.0
    near, far = (np.rint(plain + share * change).clip(0, 255).astype(np.uint8) for share in (0.1, 0.2))
    start = plain.astype(np.uint8)
    ratio = nlpd(start[None], far[None]) / nlpd(start[None], near[None])
    assert 1.7 < float(ratio[0]) < 2.3


def test_nlpd_sees_contrast_where_it_is_seen() -> None:
    """The same texture changes more to the eye on a flat ground than on a busy one."""
    flat = np.full((64, 64, 1), 127.0)
    busy = flat + 60 * np.random.default_rng(0).standard_normal(flat.shape).clip(-2, 2)
    added = 6 * np.random.default_rng(1).standard_normal(flat.shape)
    on_flat, on_busy = (
        nlpd(*(np.rint(ground + share * added).clip(0, 255).astype(np.uint8)[None] for share in (0, 1)))
        for ground in (flat, busy)
    )
    assert on_flat > 1.5 * on_busy


def test_one_metric_on_both_sides_of_64_pixels() -> None:
    """The same change at 63 and at 64 pixels is nearly the same distance: until now it was SSIM here and NLPD there."""
    whole = [textured((128, 128), seed)[:, :, 0] for seed in (0, 1)]
    found = []
    for side in (62, 63, 64, 66):
        a, b = (
            np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BOX))[None, ..., None]
            for one in whole
        )
        found.append(float(nlpd(a, b)[0]))
    assert max(found) / min(found) < 1.1, found


@pytest.mark.parametrize("cycles", [1, 4])
def test_scales_are_of_cycles_per_degree(cycles: int) -> None:
    """The same gratings on the same patch of the retina, of fewer or more pixels, are equally far apart."""
    found = []
    for side in (96, 192):
        x = (np.arange(side) + 0.5) / side * 4
        a, b = (np.tile(127 + 60 * np.sin(2 * np.pi * cycles * x + phase), (side, 1)) for phase in (0.0, 0.5))
        pictures = (np.rint(one).astype(np.uint8)[None, ..., None] for one in (a, b))
        found.append(float(nlpd(*pictures, degrees=4)[0]))
    assert found[1] == pytest.approx(found[0], rel=0.05)


def test_what_the_eye_cannot_see_is_not_there() -> None:
    """A checkerboard of single pixels, of 128 to the degree: 64 cycles per degree are beyond any eye."""
    board = np.indices((128, 128)).sum(axis=0) % 2
    a, b = (np.uint8(90 + 70 * one)[None, ..., None] for one in (board, 1 - board))
    assert nlpd(a, b, degrees=1)[0] < 0.02 < 0.5 < nlpd(a, b)[0]


def test_a_difference_of_greys_is_ciede2000s_of_lightness() -> None:
    """Of two greys, by hand: IEC 61966-2-1 to luminance, CIELAB's L*, and what CIEDE2000 makes of that."""
    grey = [np.full((1, 8, 8, 1), level, np.uint8) for level in (119, 128)]
    # Lightness alone: S_L = 1 + 0.015 (L̄ − 50)² / √(20 + (L̄ − 50)²), with L* of the two levels.
    y = [((level / 255 + 0.055) / 1.055) ** 2.4 for level in (119, 128)]
    lightness = [116 * one ** (1 / 3) - 16 for one in y]
    off = np.mean(lightness) - 50
    expected = abs(lightness[1] - lightness[0]) / (1 + 0.015 * off**2 / np.sqrt(20 + off**2))
    assert colour_distance(*grey)[0] == pytest.approx(expected, rel=1e-3)
