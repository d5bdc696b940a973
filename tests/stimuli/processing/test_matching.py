"""Truth on pictures whose statistics are known, and what the files of real sets must have."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.config import ProcessingConfig
from gaia_stim.images import Pixels, fit_image, read_image
from gaia_stim.metrics.photometry import luminance, mean_luminance
from gaia_stim.samples.faces import draw_face
from gaia_stim.stimuli.processing.ground import common_ground
from gaia_stim.stimuli.processing.layout import laid_out
from gaia_stim.stimuli.processing.matching import Measured, find_targets, matched, measure

Pictures = list[Pixels]


def noise(mean: float, spread: float, seed: int, channels: int = 3, side: int = 48) -> Pixels:
    levels = np.random.default_rng(seed).normal(mean, spread, (side, side, channels))
    return np.clip(levels, 1, 254).astype(np.uint8)


def smooth(slope: float, seed: int, side: int = 48) -> Pixels:
    """Noise whose amplitude falls with frequency to the power of `slope`."""
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=(side, side)))
    frequency = np.hypot(np.fft.fftfreq(side, 1 / side)[:, None], np.fft.fftfreq(side, 1 / side))
    spectrum *= np.where(frequency > 0, np.maximum(frequency, 1) ** slope, 0)
    picture = np.real(np.fft.ifft2(spectrum))
    return np.clip(128 + picture / picture.std() * 20, 0, 255).astype(np.uint8)[..., None]


def process(pictures: Pictures, **asked: object) -> tuple[Pictures, list[Measured], list[Measured]]:
    options = ProcessingConfig(**asked)
    flat = common_ground(pictures)
    prepared = [laid_out(pixels, options, flat) for pixels in pictures]
    targets = find_targets(prepared, options)
    made = [matched(picture, targets, options)[0] for picture in prepared]
    weights = [picture.weights for picture in prepared]
    before = [measure(pixels, one, targets, options) for pixels, one in zip(pictures, weights, strict=True)]
    return made, before, [measure(pixels, one, targets, options) for pixels, one in zip(made, weights, strict=True)]


def spread(measured: list[Measured], name: str) -> float:
    values = [getattr(one, name) for one in measured]
    return max(values) - min(values)


@pytest.fixture(scope="module")
def drawn() -> Pictures:
    return [draw_face({"skin_tone": tone}, 48) for tone in (0.2, 0.5, 0.8)]


def test_luminance_is_equal_in_the_rounded_pictures_at_their_common_mean() -> None:
    pictures = [noise(90, 30, 1), noise(120, 20, 2), noise(150, 25, 3)]
    made, before, _ = process(pictures, luminance=True)
    reached = mean_luminance(np.stack(made))
    assert np.ptp(reached) < 2e-4
    assert reached.mean() == pytest.approx(np.mean([one.mean_luminance for one in before]), abs=1e-4)


def test_a_slight_difference_is_made_equal_too() -> None:
    """Where no pixel by itself would be rounded to another level."""
    half = np.full((32, 32, 1), 200, np.uint8)
    other = half.copy()
    other[:8] = 201
    made, _, after = process([half, other], luminance=True)
    assert spread(after, "mean_luminance") < 2e-4
    assert np.abs(made[0].astype(int) - half).max() <= 1


def test_contrast_is_equal_and_the_mean_stays_each_ones_own() -> None:
    pictures = [noise(110, 15, 1), noise(125, 35, 2)]
    _, before, after = process(pictures, contrast=True)
    assert spread(before, "foreground_contrast") > 0.05
    assert spread(after, "foreground_contrast") < 5e-4
    for one, other in zip(before, after, strict=True):
        assert other.mean_luminance == pytest.approx(one.mean_luminance, abs=2e-3)


def test_luminance_and_contrast_are_equal_together() -> None:
    _, _, after = process([noise(100, 15, 1), noise(125, 30, 2), noise(140, 22, 3)], luminance=True, contrast=True)
    assert spread(after, "mean_luminance") < 5e-4
    assert spread(after, "foreground_contrast") < 1e-3


def test_a_histogram_is_that_of_the_set() -> None:
    pictures = [noise(90, 15, 1, channels=1), noise(150, 30, 2, channels=1)]
    made, before, after = process(pictures, histogram=True)
    assert max(one.histogram_error or 0 for one in before) > 0.05
    assert max(one.histogram_error or 0 for one in after) < 2e-3
    one, other = (np.sort(luminance(pixels[None]).ravel()) for pixels in made)
    assert np.abs(one - other).mean() < 2e-3
    union = np.sort(luminance(np.stack(pictures)).ravel())[::2]
    assert np.abs(one - union).mean() < 4e-3, "the mean histogram is that of all pixels together"


def test_ranks_stay_when_a_histogram_is_matched() -> None:
    pictures = [noise(90, 15, 1, channels=1), noise(150, 30, 2, channels=1)]
    made, _, _ = process(pictures, histogram=True)
    was, now = pictures[0].ravel(), made[0].ravel().astype(int)
    levels = np.unique(was)
    for darker, lighter in pairwise(levels):
        assert now[was == darker].max() <= now[was == lighter].min() + 1, "but for a level of dither"


@pytest.mark.parametrize("rotational", [False, True])
def test_amplitudes_are_those_of_the_set(rotational: bool) -> None:
    pictures = [smooth(-0.6, 1), smooth(-1.4, 2)]
    _, before, after = process(pictures, spectrum=True, rotational=rotational)
    worst_before, worst = (max(one.spectrum_error or 0 for one in measured) for measured in (before, after))
    assert worst < worst_before / 3
    assert worst < 0.1


def test_with_full_amplitudes_pictures_differ_in_phase_only() -> None:
    made, _, _ = process([smooth(-1, 1), smooth(-1.2, 2)], spectrum=True)
    one, other = (np.abs(np.fft.fft2(luminance(pixels[None])[0])) for pixels in made)
    assert np.corrcoef(np.log(one.ravel()), np.log(other.ravel()))[0, 1] > 0.97
    assert not np.array_equal(made[0], made[1])


def test_rotational_matching_leaves_each_its_own_orientations() -> None:
    stripes = np.tile(128 + 40 * np.sin(np.arange(48) * 2 * np.pi / 8), (48, 1))[..., None].astype(np.uint8)
    other = np.ascontiguousarray((stripes.transpose(1, 0, 2).astype(int) - 128) // 2 + 128).astype(np.uint8)
    made, _, _ = process([stripes, other], spectrum=True, rotational=True)
    assert np.ptp(made[0], axis=0).max() <= 3, "vertical stripes are vertical stripes still"
    assert np.ptp(made[1], axis=1).max() <= 3
    assert np.ptp(made[0].astype(int)) == pytest.approx(np.ptp(made[1].astype(int)), abs=3)


def test_spectrum_and_histogram_can_be_asked_for_together() -> None:
    _, before, after = process([smooth(-0.6, 1), smooth(-1.4, 2)], spectrum=True, histogram=True)
    assert max(one.histogram_error or 0 for one in after) < 2e-3
    assert max(one.spectrum_error or 0 for one in after) < max(one.spectrum_error or 0 for one in before) / 2


@pytest.mark.parametrize("region", ["picture", "foreground"])
def test_drawn_faces_are_equally_light_and_their_ground_is_untouched(drawn: Pictures, region: str) -> None:
    made, before, after = process(drawn, luminance=True, region=region)
    name = "mean_luminance" if region == "picture" else "foreground_luminance"
    assert spread(before, name) > 0.02
    assert spread(after, name) < 2e-4
    for pixels, face in zip(made, drawn, strict=True):
        flat = (face == 128).all(axis=-1)
        assert flat.mean() > 0.2
        assert (pixels[flat & _joined(flat)] == 128).all()


def _joined(flat: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    regions, _ = ndimage.label(flat)
    return np.isin(regions, np.unique(regions[0]))


def test_what_is_cut_off_at_black_or_white_is_counted() -> None:
    options = ProcessingConfig(contrast=True)
    pictures = [laid_out(pixels, options, None) for pixels in (noise(128, 5, 1), noise(128, 90, 2))]
    targets = find_targets(pictures, options)
    assert matched(pictures[1], targets, options)[1] == 0
    bright = laid_out(noise(240, 10, 3), options, None)
    assert matched(bright, targets, options)[1] > 0.05


@pytest.fixture(scope="module")
def avatars() -> Pictures:
    if "GAIA_STIM_DATA" not in os.environ:
        pytest.skip("needs GAIA_STIM_DATA")
    folder = Path(os.environ["GAIA_STIM_DATA"]) / "avatars" / "images"
    return [fit_image(read_image(path), 64, "crop") for path in sorted(folder.glob("*.png"))[:400:40]]


def test_avatars_on_white_are_equally_light(avatars: Pictures) -> None:
    made, before, after = process(avatars, luminance=True)
    assert spread(before, "mean_luminance") > 0.05
    assert np.ptp(mean_luminance(np.stack(made))) < 0.002
    assert spread(process(avatars, luminance=True, region="foreground")[2], "foreground_luminance") < 0.002
    assert spread(after, "mean_luminance") < 0.002


def test_avatars_keep_their_white(avatars: Pictures, contents: Callable[[Path], dict[str, bytes]]) -> None:
    made, _, _ = process(avatars, luminance=True, contrast=True)
    for pixels, avatar in zip(made, avatars, strict=True):
        assert (pixels[avatar.min(axis=-1) == 255].mean(axis=-1) > 250).mean() > 0.9
