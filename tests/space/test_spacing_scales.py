"""Spacing beyond pixels: perceptual distances, measured scales, wheels, stretches, sudden changes, many steps."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gaia_stim.config import renamed
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.metrics.distance import pixel_distance, variation
from gaia_stim.metrics.perceptual import colour_distance, nlpd
from gaia_stim.space import SPACINGS
from gaia_stim.space.spacing import (
    MOST_STEPS,
    HumanScale,
    Spacing,
    choose_spacing,
    equal_chords,
    equal_colours,
    equal_nlpd,
    equal_pixels,
    read_scale,
)

Places = npt.NDArray[np.float64]
Pictures = npt.NDArray[np.uint8]
SIDE = 24
PATTERN = np.random.default_rng(0).random((SIDE, SIDE, 3))


def fading(t: Places) -> Pictures:
    return np.rint(t[:, None, None, None] * PATTERN * 255).astype(np.uint8)


def drifting(side: int, speed: float) -> Callable[[Places], Pictures]:
    """A soft disc that crosses a textured ground, ever faster: changes that do not add up, for ground comes back."""
    y, x = np.mgrid[:side, :side] / side
    ground = 0.5 + 0.2 * np.sin(21 * x) * np.sin(17 * y)

    def render(t: Places) -> Pictures:
        centre = 0.1 + 0.8 * t[:, None, None] ** speed
        disc = np.exp(-(((x - centre) ** 2 + (y - 0.5) ** 2) / 0.02))
        return np.rint((ground * (1 - disc) + disc)[..., None] * 255).astype(np.uint8)

    return render


@pytest.mark.parametrize("side", [24, 64])
@pytest.mark.parametrize("steps", [4, 9])
def test_steps_of_nlpd_become_even(side: int, steps: int) -> None:
    render = drifting(side, 2.5)
    spaced = equal_nlpd(render, steps)
    pictures = render(spaced.places)
    assert spaced.variation < 0.03 < spaced.variation_before
    assert spaced.variation == variation(nlpd(pictures[:-1], pictures[1:]))
    assert spaced.metric == "NLPD of luminance (Laparra et al. 2016)", "whatever the size"


def test_steps_of_colour_become_even_where_no_light_changes() -> None:
    """From one hue to another of the same luminance: NLPD sees next to nothing, and colours change all the way."""
    lab = np.stack([np.full(200, 60.0), *(40 * f(np.linspace(0, 2.5, 200)) for f in (np.cos, np.sin))], axis=1)
    hues = skimage.color.lab2rgb(lab[None])[0]

    def render(t: Places) -> Pictures:
        shown = np.stack([np.interp(t**2, np.linspace(0, 1, 200), channel) for channel in hues.T], axis=1)
        return np.rint(255 * np.tile(shown[:, None, None], (1, 16, 16, 1))).astype(np.uint8)

    spaced = equal_colours(render, 9)
    pictures = render(spaced.places)
    known = skimage.color.deltaE_ciede2000(*skimage.color.rgb2lab(np.stack([pictures[:-1], pictures[1:]]))[:, :, 0, 0])
    assert spaced.variation < 0.03 < 0.3 < spaced.variation_before
    assert spaced.variation == pytest.approx(np.std(known) / np.mean(known), abs=1e-9)
    assert spaced.variation == variation(colour_distance(pictures[:-1], pictures[1:]))
    assert spaced.metric == "mean CIEDE2000 over the pixels"


def test_places_depend_on_how_large_the_pictures_are_to_the_eye() -> None:
    """Coarse waves fade in at first, then fine ones: seen from afar the second half is nearly nothing."""
    x = np.arange(96) / 96

    def render(t: Places) -> Pictures:
        coarse, fine = (50 * np.sin(2 * np.pi * cycles * x) for cycles in (3, 40))
        waves = np.clip(2 * t, 0, 1)[:, None] * coarse + np.clip(2 * t - 1, 0, 1)[:, None] * fine
        return np.rint(127 + np.repeat(waves[:, None, :], 96, axis=1))[..., None].astype(np.uint8)

    near, far = (choose_spacing("nlpd", degrees)(render, 9) for degrees in (6.0, 0.8))
    assert (far.places < 0.5).sum() > (near.places < 0.5).sum() + 1
    assert far.variation < 0.1 and "pictures 0.8 degrees wide" in far.metric


@pytest.mark.parametrize("at", [0.3, 0.503, 0.9])
@pytest.mark.parametrize("steepness", [30, 300])
def test_a_sudden_change_is_found(at: float, steepness: float) -> None:
    """All of the change between two of the even places: some stimuli have to stand inside it."""

    def render(t: Places) -> Pictures:
        return fading(0.5 + 0.5 * np.tanh((t - at) * steepness))

    for steps in (5, 9):
        spaced = equal_pixels(render, steps)
        assert spaced.variation_before > 0.8 and spaced.variation < 0.05


@pytest.mark.parametrize("power", [0.5, 1.5])
def test_chords_that_do_not_add_up(power: float) -> None:
    """A distance that saturates, or grows faster than the change."""

    def distance(a: Pictures, b: Pictures) -> Places:
        return np.asarray(np.minimum(pixel_distance(a, b) * 3, 1) ** power)

    start = np.linspace(0, 1, 12)
    spaced = equal_chords(lambda t: fading(t**3), distance, "planted", start)
    assert spaced.variation < 0.03 < spaced.variation_before
    assert np.allclose(spaced.places, start ** (1 / 3), atol=0.03)


def test_the_ends_of_a_stretch_stay() -> None:
    spaced = equal_pixels(lambda t: fading((t + 0.25) ** 2 / 2.5), 7, (-0.25, 1.25))
    assert (spaced.places[0], spaced.places[-1]) == (-0.25, 1.25)
    assert spaced.variation < 0.02 < spaced.variation_before


def test_round_a_wheel_the_last_step_counts() -> None:
    """A pattern that goes round unevenly; the step over the seam is as long as the others."""
    halves = PATTERN * 127, PATTERN * 127
    halves[0][:, SIDE // 2 :] = 0
    halves[1][:, : SIDE // 2] = 0

    def render(t: Places) -> Pictures:
        angle = 2 * np.pi * (t + 0.12 * np.sin(2 * np.pi * t))[:, None, None, None]
        return np.rint((1 + np.cos(angle)) * halves[0] + (1 + np.sin(angle)) * halves[1]).astype(np.uint8)

    steps = 12
    spaced = equal_pixels(render, steps + 1)
    shown = render(spaced.places[:-1])
    assert variation(pixel_distance(shown, np.roll(shown, -1, axis=0))) == spaced.variation < 0.02
    assert spaced.variation_before > 0.3


def test_very_many_steps_are_not_all_solved() -> None:
    rendered = 0

    def render(t: Places) -> Pictures:
        nonlocal rendered
        rendered += len(t)
        assert len(t) <= 4 * MOST_STEPS
        return fading(t**2)

    spaced = equal_pixels(render, 4000)
    assert len(spaced.places) == 4000 and np.all(np.diff(spaced.places) > 0)
    assert (spaced.places[0], spaced.places[-1]) == (0.0, 1.0)
    # Most are too near to each other for pixels to tell, but they are where t² is even.
    assert np.allclose(spaced.places, np.sqrt(np.linspace(0, 1, 4000)), atol=0.02)
    assert rendered < 4000 + 45 * MOST_STEPS


# Measured scales


def scale_file(folder: Path, text: str) -> Path:
    path = folder / "scale.csv"
    path.write_text(text, encoding="utf-8")
    return path


@example(rises=[1.4888717685378094, 0.7679805505525374], inside=[1.0] * 8, steps=11)  # a root lost to rounding
@settings(max_examples=40, deadline=None)
@given(
    rises=st.lists(st.floats(0.05, 3), min_size=1, max_size=8),
    inside=st.lists(st.floats(0.05, 1), min_size=8, max_size=8),
    steps=st.integers(2, 15),
)
def test_a_measured_scale_comes_back_even(rises: list[float], inside: list[float], steps: int) -> None:
    """Stimuli spaced by a scale have equal steps of that scale."""
    widths = np.array(inside[: len(rises)])
    alpha = np.concatenate([[0.0], np.cumsum(widths) / widths.sum()])
    alpha[-1] = 1.0
    scale = HumanScale(alpha, np.concatenate([[-1.0], -1 + np.cumsum(rises)]), Path("scale.csv"), "sha256_0")
    spaced = scale(fading, steps)
    again = HumanScale(spaced.places, np.linspace(-1, scale.scale[-1], steps), Path("x"), "")
    assert spaced.variation < 1e-6
    assert np.all(np.diff(spaced.places) > 0) and (spaced.places[0], spaced.places[-1]) == (0.0, 1.0)
    assert np.allclose(again(fading, steps).places, spaced.places, atol=1e-6)


def test_a_scale_that_is_a_straight_line_changes_nothing(tmp_path: Path) -> None:
    spaced = read_scale(scale_file(tmp_path, "alpha,scale\n0,2\n1,7\n"))(fading, 9)
    assert np.allclose(spaced.places, np.linspace(0, 1, 9))


def test_a_file_of_a_scale_is_read_however_it_was_saved(tmp_path: Path) -> None:
    path = scale_file(tmp_path, "\ufeffsubject, alpha ,scale\r\n7,1,1.0\r\n7,0,0\r\n\r\n7,0.5,0.25\r\n,,\r\n")
    scale = read_scale(path)
    assert scale.alpha.tolist() == [0, 0.5, 1] and scale.scale.tolist() == [0, 0.25, 1]
    spaced = choose_spacing(str(path))(fading, 3)
    # Half of the scale lies beyond the middle of alpha.
    assert 0.5 < spaced.places[1] < 0.9
    record = spaced.record(path.name)
    assert scale.file_hash in str(record["metric"]) and record["steps_cv"] == pytest.approx(0, abs=1e-6)
    assert float(record["steps_cv_before"]) > 0.3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: no header and no rows"),
        ("alpha;skale\n0;0\n", ":1: has no column 'scale'"),
        ("alpha,value\n0,0\n1,1\n", ":1: has no column 'scale'"),
        ("alpha,scale\n", "has a header but no rows"),
        ("alpha,scale\n0,0\n0.5,x\n1,1\n", ":3: column 'scale': 'x' is not a finite number"),
        ("alpha,scale\n0,0\n\n0.5,\n1,1\n", ":4: alpha and scale are not two numbers"),
        ("alpha,scale\n0,0\n1,inf\n", ":3: column 'scale': 'inf' is not a finite number"),
        ("alpha,scale\n0.1,0\n1,1\n", "covers alpha 0.1 to 1; a measured scale has to cover 0 to 1"),
        ("alpha,scale\n0,0\n0.9,1\n", "covers alpha 0 to 0.9"),
        ("alpha,scale\n0,0\n50,0.2\n100,1\n", "alpha runs from 0 to 100, and is 0 at the first image and 1 at the"),
        ("alpha,scale\n0,0\n50,0.2\n100,1\n", "they look like percent: divide them by 100"),
        ("alpha,scale\n0,0\n180,0.2\n360,1\n", "they look like degrees, or amounts of an attribute"),
        ("alpha,scale\n-30,0\n0,0.2\n30,1\n", "where they are degrees, divide them by 360"),
        ("alpha,scale\n0,0\n1024,1\n", "alpha runs from 0 to 1024"),
        ("alpha,scale,set_id\n0,0,set_a\n1,1,set_b\n", "has scales of several sets, set_a, set_b; keep one"),
        ("alpha,scale\n1,1\n0,0\n0.4,0.6\n0.6,0.5\n", ":5: scale 0.5 falls or stays from 0.6"),
        ("alpha,scale\n0,0\n0.5,0.5\n1,1\n0.5,0.6\n", ":5: alpha 0.5 stands there twice; average it first"),
    ],
)
def test_a_scale_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = scale_file(tmp_path, text)
    with pytest.raises(DataError) as caught:
        choose_spacing(str(path))
    assert str(caught.value).startswith(str(path)) and message in str(caught.value)


def test_a_scale_through_a_spreadsheet_reaches_to_its_ends(tmp_path: Path) -> None:
    scale = read_scale(scale_file(tmp_path, "alpha,scale\n0.0000000001,0\n0.666666667,0.3\n0.999999999,1\n"))
    assert scale.alpha.tolist() == [0, 0.666666667, 1] and len(scale(fading, 3).places) == 3


def test_a_scale_has_to_reach_over_the_stretch(tmp_path: Path) -> None:
    wide = read_scale(scale_file(tmp_path, "alpha,scale\n-0.5,0\n0,1\n1,3\n1.5,4\n"))
    assert wide(fading, 5).places[[0, -1]].tolist() == [0, 1]
    assert wide(lambda t: fading(np.clip(t, 0, 1)), 5, (-0.5, 1.5)).places[[0, -1]].tolist() == [-0.5, 1.5]
    narrow = read_scale(scale_file(tmp_path, "alpha,scale\n0,1\n1,3\n"))
    with pytest.raises(DataError, match=r"covers alpha 0 to 1; -0\.25 to 1\.25 is needed"):
        narrow(fading, 5, (-0.25, 1.25))


def test_unknown_spacings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown spacing 'pixels' \(did you mean 'pixel'\?\).*latent.*FILE\.csv"):
        choose_spacing("pixels")
    with pytest.raises(DataError, match=r"nowhere\.csv: no such file"):
        choose_spacing(str(tmp_path / "nowhere.csv"))


def test_an_old_name_is_taken_for_that_of_today_and_told() -> None:
    heard: list[Event] = []
    for before, now in renamed.SPACINGS.items():
        assert now in SPACINGS and before not in SPACINGS
        old, new = (choose_spacing(name, listen=heard.append)(drifting(32, 2.5), 7) for name in (before, now))
        assert old.places.tolist() == new.places.tolist() and old.record(before) == new.record(now)
    assert [note.text for note in heard if isinstance(note, Note)] == [
        "the spacing 'perceptual' is called nlpd now, by what it makes equal; its stimuli are the same"
    ]


def test_the_size_to_the_eye_counts_for_nlpd_alone(tmp_path: Path) -> None:
    """It had placed whatever was asked for by NLPD, under the other's name."""
    for name in (*(set(SPACINGS) - {"nlpd"}), str(tmp_path / "scale.csv")):
        with pytest.raises(ConfigError, match="only says something together with the spacing nlpd"):
            choose_spacing(name, 6.0)
    assert "6 degrees wide" in choose_spacing("perceptual", 6.0)(drifting(32, 2.5), 3).metric


def test_every_spacing_is_called_in_one_way() -> None:
    for name in SPACINGS:
        spacing: Spacing = choose_spacing(name)
        assert len(spacing(fading, 4, (0.2, 0.8)).places) == 4
