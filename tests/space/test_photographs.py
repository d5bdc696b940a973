"""Photographs carried along, against truths that were not computed by it."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, shift
from torch import Tensor

from gaia_stim.errors import ConfigError
from gaia_stim.images import Pixels
from gaia_stim.space import photographs
from gaia_stim.space.carrying import ShapeMap
from gaia_stim.space.paths import Code
from gaia_stim.space.photographs import MISTRUST, TOLERANCE, Carried, Photograph

SIDE = 96
INSIDE = (slice(24, 72), slice(24, 72))
NODES = 16


class Planted:
    """A decoder of which all is known: a code's first number shifts the picture, its second is how striped the texture
    is, its third how light."""

    texture_latent = 0

    def texture(self, code: Tensor) -> Tensor:
        stripes = torch.tensor([1.0, 1.0, -1.0, -1.0]).repeat(8)
        drawn = 0.5 + code[:, 1, None, None, None] * stripes + code[:, 2, None, None, None] ** 2
        return drawn.expand(-1, 3, 32, 32)

    def velocity(self, code: Tensor) -> Tensor:
        across = code[:, 0, None, None].expand(-1, NODES, NODES)
        return torch.stack([across, torch.zeros_like(across)], dim=1)


def noise(seed: int, sigma: float = 2.0) -> Pixels:
    values = gaussian_filter(np.random.default_rng(seed).normal(size=(SIDE, SIDE, 3)), (sigma, sigma, 0))
    return np.clip(128 + values * 40 / values.std(), 0, 255).astype(np.uint8)


def code(across: float, stripes: float = 0.0, light: float = 0.0) -> Code:
    return np.array([across, stripes, light], np.float32)


def photograph(pixels: Pixels, across: float, stripes: float = 0.0, light: float = 0.0) -> Photograph:
    return Photograph(code(across, stripes, light), lambda _: pixels)


def error(a: Pixels, b: Pixels) -> float:
    """Mean absolute difference where nothing is near the wall, in levels."""
    return float(np.abs(a[INSIDE].astype(float) - b[INSIDE]).mean())


def test_a_source_is_its_photograph() -> None:
    a, b = noise(0), noise(1)
    made = Carried(Planted(), [photograph(a, 0.0), photograph(b, 0.1)], SIDE)
    assert np.array_equal(made.picture(code(0.0), np.array([1.0, 0.0])), a)
    assert np.array_equal(made.picture(code(0.1), np.array([0.0, 1.0])), b)


@pytest.mark.parametrize("across", [0.04, 0.11])
def test_one_photograph_goes_where_its_code_goes(across: float) -> None:
    """The map is p ↦ p + across half sides, so the picture moves by -across half sides: scipy says where to."""
    a = noise(0)
    moved = Carried(Planted(), [photograph(a, 0.0)], SIDE, keep_detail=False).picture(code(across), np.array([1.0]))
    wanted = shift(a.astype(float), (0, -across * SIDE / 2, 0), order=3, mode="nearest")
    assert error(moved, wanted.astype(np.uint8)) < 1.0 < 5 < error(a, wanted.astype(np.uint8))


def test_half_way_both_have_gone_half_the_way() -> None:
    """Two shifts of one picture meet in the middle: the picture itself, no cross-fade of two."""
    a = noise(0)
    b = shift(a.astype(float), (0, -0.1 * SIDE / 2, 0), order=3, mode="nearest").round().clip(0, 255).astype(np.uint8)
    middle = Carried(Planted(), [photograph(a, 0.0), photograph(b, 0.1)], SIDE, keep_detail=False).picture(
        code(0.05), np.array([0.5, 0.5])
    )
    wanted = shift(a.astype(float), (0, -0.05 * SIDE / 2, 0), order=3, mode="nearest")
    assert error(middle, wanted.astype(np.uint8)) < 1.5
    assert error(((a.astype(int) + b) // 2).astype(np.uint8), wanted.astype(np.uint8)) > 4


def test_without_motion_and_with_one_texture_it_is_the_weighted_mean() -> None:
    a, b = noise(0), noise(1)
    made = Carried(Planted(), [photograph(a, 0.0), photograph(b, 0.0)], SIDE, keep_detail=False)
    wanted = 0.25 * a.astype(float) + 0.75 * b
    assert np.abs(made.picture(code(0.0), np.array([0.25, 0.75])) - wanted).max() <= 1


def test_where_textures_disagree_the_nearer_one_is_kept() -> None:
    """A texture as that of b: of a, whose texture is far, next to nothing is left."""
    a, b = noise(0), noise(1)
    made = Carried(Planted(), [photograph(a, 0.0, -0.5), photograph(b, 0.0, 0.3)], SIDE, keep_detail=False)
    assert error(made.picture(code(0.0, 0.3), np.array([0.5, 0.5])), b) < 1


def test_where_none_agrees_the_models_texture_shows() -> None:
    """Stripes and their negatives have a mean, but none to be trusted: exp(-MISTRUST · 0.475² / 2τ²) = 0.14 is kept."""
    a, b = noise(0), noise(1)
    made = Carried(Planted(), [photograph(a, 0.0, -0.5), photograph(b, 0.0, 0.45)], SIDE, keep_detail=False)
    shown = made.picture(code(0.0, 0.0), np.array([0.5, 0.5]))
    mean = (a.astype(float) + b) / 2
    kept = float((shown - shown.mean()).ravel() @ (mean - mean.mean()).ravel() / np.square(mean - mean.mean()).sum())
    assert kept == pytest.approx(np.exp(-MISTRUST * 0.475**2 / (2 * TOLERANCE**2)), abs=0.06)
    assert abs(float(shown.mean()) - 127.5) < 3


def test_between_unlike_photographs_the_mean_is_kept_and_no_spot_is_drawn_that_neither_has() -> None:
    """The decoder makes stripes of ±0.3 between two even textures 0.09 apart: ±0.045 of them is what may be left."""

    class Spotty(Planted):
        def texture(self, code: Tensor) -> Tensor:
            drawn = super().texture(code)
            is_between = (code[:, 2] > 0.05) & (code[:, 2] < 0.25)
            stripes = torch.tensor([1.0, 1.0, -1.0, -1.0]).repeat(8)
            return torch.where(is_between[:, None, None, None], drawn + 0.3 * stripes, drawn)

    a, b = noise(0), noise(1)
    made = Carried(Spotty(), [photograph(a, 0.0), photograph(b, 0.0, 0.0, 0.3)], SIDE, keep_detail=False)
    shown = made.shown(code(0.0, 0.0, 0.15), np.array([0.5, 0.5]))
    assert error(shown.picture, (a.astype(float) + b) / 2) < 0.045 * 255
    assert shown.disagreement < 0.1


def test_tones_agree_and_are_the_mean_of_the_photographs() -> None:
    """The decoder draws the square of what its code says of light: half-way it would be a quarter of the way."""
    a, b = np.full((SIDE, SIDE, 3), 60, np.uint8), np.full((SIDE, SIDE, 3), 160, np.uint8)
    made = Carried(Planted(), [photograph(a, 0.0), photograph(b, 0.0, 0.0, 0.6)], SIDE)
    half = np.array([0.5, 0.5])
    assert np.abs(made.picture(code(0.0, 0.0, 0.3), half).astype(int) - 110).max() <= 1
    assert made.shown(code(0.0, 0.0, 0.3), half).disagreement < 0.01


def test_an_edit_changes_tone_as_the_model_says() -> None:
    """A code beside its source's: nothing of the change is taken for the decoder's own crookedness."""
    a = np.full((SIDE, SIDE, 3), 60, np.uint8)
    made = Carried(Planted(), [photograph(a, 0.0)], SIDE)
    assert np.abs(made.picture(code(0.0, 0.0, 0.5), np.array([1.0])).astype(int) - (60 + 0.25 * 255)).max() <= 1


def test_detail_lost_by_averaging_is_restored() -> None:
    """Two unlike grains: their mean has half the energy, the stimulus nearly all of it; measured by its Laplacian."""

    def energy(pixels: Pixels) -> float:
        grey = pixels.astype(float).mean(axis=2)[INSIDE]
        return float(
            ((4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]) ** 2).mean()
        )

    a, b = noise(0, 1.0), noise(1, 1.0)
    pair = [photograph(a, 0.0), photograph(b, 0.0)]
    ends = (energy(a) + energy(b)) / 2
    half = np.array([0.5, 0.5])
    assert energy(Carried(Planted(), pair, SIDE, keep_detail=False).picture(code(0.0), half)) < 0.6 * ends
    assert 0.85 < energy(Carried(Planted(), pair, SIDE).picture(code(0.0), half)) / ends < 1.1


def test_what_is_flat_stays_flat() -> None:
    a, b = np.full((SIDE, SIDE, 3), 90, np.uint8), np.full((SIDE, SIDE, 3), 110, np.uint8)
    made = Carried(Planted(), [photograph(a, 0.0), photograph(b, 0.1)], SIDE)
    assert np.abs(made.picture(code(0.05), np.array([0.5, 0.5])).astype(int) - 100).max() <= 1


def test_the_way_from_a_photograph_begins_without_a_jump() -> None:
    """From 0 to .001 it is hardly further than from .001 to .002."""
    a, b = noise(0), noise(1)
    made = Carried(Planted(), [photograph(a, 0.0), photograph(b, 0.1, 0.1)], SIDE)

    def at(t: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        with torch.inference_mode():
            at = code(0.1 * t, 0.1 * t)
            return made._rendered(made._drawn(at, np.array([1 - t, t]), ShapeMap.of(Planted(), at))).numpy()

    first, second, third = (at(t) for t in (1e-6, 1e-3, 2e-3))
    assert np.abs(first[0].transpose(1, 2, 0) - a / 255).max() < 0.004
    assert np.linalg.norm(second - first) <= 1.5 * np.linalg.norm(third - second)


def test_beyond_a_source_nothing_negative_is_carried() -> None:
    """At alpha 1.5 b alone is carried: its own ghost, not the negative of a."""
    a, b = noise(0), noise(1)
    made = Carried(Planted(), [photograph(a, 0.0), photograph(b, 0.1)], SIDE, keep_detail=False)
    alone = Carried(Planted(), [photograph(b, 0.1)], SIDE, keep_detail=False)
    beyond = code(0.15)
    assert np.array_equal(made.picture(beyond, np.array([-0.5, 1.5])), alone.picture(beyond, np.array([1.0])))


def test_a_stimulus_does_not_depend_on_the_others() -> None:
    a, b = noise(0), noise(1)
    made = Carried(Planted(), [photograph(a, 0.0), photograph(b, 0.1)], SIDE)
    codes = np.stack([code(0.1 * t) for t in (0.2, 0.5, 0.7)])
    weights = np.array([[1 - t, t] for t in (0.2, 0.5, 0.7)])
    together = [made.picture(one, own) for one, own in zip(codes, weights, strict=True)]
    assert np.array_equal(together[1], made.picture(codes[1], weights[1]))


def test_no_more_photographs_in_memory_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def one(place: int) -> Photograph:
        def at(side: int) -> Pixels:
            read.append(place)
            return np.full((side, side, 3), place, np.uint8)

        return Photograph(code(0.0), at)

    monkeypatch.setattr(photographs, "IN_MEMORY", 2)
    made = Carried(Planted(), [one(place) for place in range(4)], 16)
    assert read == []
    made.picture(code(0.0), np.full(4, 0.25))
    assert sorted(set(read)) == [0, 1, 2, 3]


def test_a_model_without_a_shape_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no shape to carry photographs by"):
        Carried(object(), [photograph(noise(0), 0.0)], SIDE)
