import math

import numpy as np
import pytest

from gaia_stim.config import ProcessingConfig, make
from gaia_stim.errors import ConfigError
from gaia_stim.stimuli.processing.layout import degrees_to_pixels, laid_out, side_of
from gaia_stim.stimuli.processing.light import to_pixels

WHITE = np.array([255, 255, 255], np.uint8)


def square(side: int = 32, inner: int = 12) -> np.ndarray:
    picture = np.full((side, side, 3), 255, np.uint8)
    edge = (side - inner) // 2
    picture[edge : edge + inner, edge : edge + inner] = (200, 40, 40)
    return picture


@pytest.mark.parametrize(
    ("degrees", "distance", "width", "pixels"),
    [
        (5, 57, 530, 1920),  # millimetres of a screen
        (8, 570, 53, 1920),  # millimetres to the eye
        (0.05, 57, 53, 1920),  # turns, or what else
        (170, 57, 53, 1920),
    ],
)
def test_degrees_that_come_to_no_side_are_refused(degrees: float, distance: float, width: float, pixels: int) -> None:
    asked = {"degrees": degrees, "distance": distance, "screen_width": width, "screen_pixels": pixels}
    with pytest.raises(ConfigError, match=r"--degrees .*: comes to a side of \d+ px.*both in centimetres"):
        side_of(ProcessingConfig.model_validate(asked))


@pytest.mark.parametrize("wrong", [{"distance": 0.57}, {"distance": 5700}, {"screen_width": 0.53}, {"degrees": 360}])
def test_lengths_in_metres_are_refused(wrong: dict[str, float]) -> None:
    asked = {"degrees": 5, "distance": 57, "screen_width": 53, "screen_pixels": 1920}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ProcessingConfig.model_validate(asked | wrong)


def test_degrees_are_pixels_by_the_tangent_of_the_half_angle() -> None:
    # At 57.3 cm a degree is a centimetre, nearly: 50 cm over 1000 px are 20 px a centimetre.
    assert degrees_to_pixels(1, 57.3, 50, 1000) == 20
    assert degrees_to_pixels(5, 57.3, 50, 1000) == round(2 * 57.3 * math.tan(math.radians(2.5)) * 20)
    assert degrees_to_pixels(90, 50, 100, 1000) == 1000
    asked = {"degrees": 5, "distance": 57.3, "screen_width": 50, "screen_pixels": 1000}
    assert side_of(ProcessingConfig(**asked)) == 100
    assert side_of(ProcessingConfig(size=77)) == 77
    assert side_of(ProcessingConfig()) is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"degrees": 5, "distance": 60}, "--screen-width and --screen-pixels"),
        ({"degrees": 5, "size": 64}, "give one"),
        ({"distance": 57}, "only say something together with --degrees"),
        ({"rotational": True}, "together with --spectrum"),
        ({"size": 4}, "greater than or equal to 8"),
    ],
)
def test_sizes_that_say_too_little_or_too_much_are_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(ProcessingConfig, asked)


def test_nothing_asked_changes_nothing() -> None:
    picture = laid_out(square(), ProcessingConfig(), WHITE)
    assert np.array_equal(to_pixels(picture.light), square())
    assert picture.weights.sum() == 12 * 12


def test_without_a_flat_background_all_is_foreground() -> None:
    assert laid_out(square(), ProcessingConfig(), None).weights.min() == 1


def test_padding_and_size_leave_the_background_as_it_is() -> None:
    picture = laid_out(square(), ProcessingConfig(padding=10, size=84), WHITE)
    pixels = to_pixels(picture.light)
    assert pixels.shape == (84, 84, 3)
    assert (pixels[:10] == 255).all()
    assert (picture.weights[:10] == 0).all()
    assert picture.weights.sum() == pytest.approx((12 * 2) ** 2, rel=0.05)


def test_padding_without_a_size_makes_pictures_larger() -> None:
    assert laid_out(square(), ProcessingConfig(padding=3), WHITE).light.shape == (38, 38, 3)


def test_another_background_goes_round_the_foreground_and_leaves_no_fringe() -> None:
    blurred = square()
    blurred[9, 10:22] = (236, 180, 180)  # half white, half red
    pixels = to_pixels(laid_out(blurred, ProcessingConfig(background="#000000"), WHITE).light)
    assert (pixels[:9] == 0).all()
    assert pixels[9, 15].mean() < 160, "the mixed edge got darker, too"
    assert (pixels[12:20, 12:20] == (200, 40, 40)).all()


def test_an_oval_shows_the_middle_and_mid_grey_round_it_where_nothing_is_flat() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    pixels = to_pixels(laid_out(noise, ProcessingConfig(mask="oval"), None).light)
    assert (pixels[0, 0] == 128).all()
    assert np.array_equal(pixels[15:25, 15:25], noise[15:25, 15:25])


def test_grey_has_one_channel_and_so_has_its_background() -> None:
    picture = laid_out(square(), ProcessingConfig(grey=True, padding=2), WHITE)
    assert picture.light.shape == (36, 36, 1)
    assert (to_pixels(picture.light)[0] == 255).all()


def test_a_background_that_is_no_colour_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a colour"):
        laid_out(square(), ProcessingConfig(background="blurple"), WHITE)
