import numpy as np
import pytest

from gaia_stim.samples.faces import draw_face
from gaia_stim.stimuli.processing.ground import common_ground, ground, ground_colour, oval

WHITE = np.array([255, 255, 255], np.uint8)


def disc(radius: float, on: int = 255, of: int = 90, side: int = 40) -> np.ndarray:
    place = np.arange(side) - side / 2 + 0.5
    inside = np.hypot(place[:, None], place) <= radius
    return np.where(inside[..., None], np.uint8(of), np.uint8(on)).repeat(3, axis=2)


def test_the_foreground_is_what_is_not_joined_to_the_border() -> None:
    picture = disc(12)
    picture[18:22, 18:22] = 255  # the white of an eye
    noisy = np.clip(picture + np.random.default_rng(0).integers(-5, 5, picture.shape), 0, 255).astype(np.uint8)
    colour = ground_colour(noisy)
    assert colour is not None
    assert np.abs(colour.astype(int) - 255).max() <= 5
    assert np.array_equal(~ground(noisy, colour), disc(12)[..., 0] == 90)


def test_a_photograph_has_no_flat_background() -> None:
    slope = np.linspace(0, 255, 40).astype(np.uint8)
    assert ground_colour(np.broadcast_to(slope[None, :, None], (40, 40, 3)).copy()) is None


def test_a_texture_is_no_flat_background() -> None:
    texture = np.random.default_rng(0).normal(120, 12, (40, 40, 1)).astype(np.uint8)
    assert ground_colour(texture) is None


def test_a_picture_of_one_colour_is_all_foreground() -> None:
    assert not ground(disc(0), WHITE).any()


def test_drawn_faces_stand_on_their_grey() -> None:
    face = draw_face({}, 64)
    colour = ground_colour(face)
    assert colour is not None
    assert colour.tolist() == [128, 128, 128]
    assert 0.2 < ground(face, colour).mean() < 0.8


def test_a_face_that_fills_its_picture_shares_the_sets_background() -> None:
    filling = disc(12)
    filling[:, :22] = 90  # most of its border is hair
    filling[:, 30:] = 90
    own = ground_colour(filling)
    assert own is None or own.tolist() != [255, 255, 255]
    common = common_ground([disc(10), disc(11), filling])
    assert common is not None
    assert common.tolist() == [255, 255, 255]
    assert ground(filling, common).any()


def test_a_set_on_different_backgrounds_has_none_in_common() -> None:
    assert common_ground([disc(10, on=255), disc(10, on=0)]) is None
    assert common_ground([]) is None


@pytest.mark.parametrize("soft", [False, True])
def test_an_oval_is_upright_symmetrical_and_whole_only_inside(soft: bool) -> None:
    mask = oval(64, soft)
    assert np.array_equal(mask, mask[::-1])
    assert np.array_equal(mask, mask[:, ::-1])
    assert mask[32, 32] == pytest.approx(1)
    assert mask[0, 0] == 0
    assert (mask[:, 32] > 0.5).sum() > (mask[32] > 0.5).sum()
    between = ((mask > 0.01) & (mask < 0.99)).mean()
    assert between > 0.1 if soft else between < 0.1


def test_a_hard_oval_has_the_area_of_an_ellipse() -> None:
    assert oval(200, soft=False).mean() == pytest.approx(np.pi / 4 * 0.72 * 0.94, abs=0.002)
