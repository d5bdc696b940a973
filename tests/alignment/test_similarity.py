"""Similarities against points and pictures that are known."""

import math

import numpy as np
import pytest

from gaia_stim.alignment import Similarity, targets
from gaia_stim.images import Frame


def disc(height: int, width: int, x: float, y: float, radius: float) -> np.ndarray:
    """A soft grey disc on white."""
    rows, columns = np.mgrid[:height, :width]
    inside = 1 / (1 + np.exp(2 * (np.hypot(columns - x, rows - y) - radius)))
    return np.rint(255 - 155 * inside).astype(np.uint8)[..., None]


def centre(picture: np.ndarray) -> tuple[float, float]:
    dark = 255.0 - picture[..., 0]
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return float((columns * dark).sum() / dark.sum()), float((rows * dark).sum() / dark.sum())


@pytest.mark.parametrize("degrees", [0.0, 17.0, -140.0])
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
def test_it_is_the_one_that_takes_two_points_to_two(degrees: float, scale: float) -> None:
    angle = math.radians(degrees)
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = np.array([[3.0, -4.0], [10.0, 2.0]])
    found = Similarity.between(points, points @ turn.T + (5, 6))
    assert found.scale == pytest.approx(scale) and math.degrees(found.rotation) == pytest.approx(degrees)
    others = np.random.default_rng(0).normal(size=(7, 2))
    np.testing.assert_allclose(found(others), others @ turn.T + (5, 6))


@pytest.mark.parametrize("scale", [0.35, 1.0, 1.7])
def test_what_is_seen_goes_where_the_points_go(scale: float) -> None:
    picture = disc(120, 160, 70.0, 50.0, 14.0)
    eyes = np.array([[60.0, 48.0], [80.0, 52.0]])
    wanted = np.array([[30.0, 40.0], [30.0 + 20.4 * scale, 40.0]])
    similarity = Similarity.between(eyes, wanted)
    aligned = similarity.apply(picture, 96)
    assert aligned.shape == (96, 96, 1)
    expected = similarity(np.array([[70.0, 50.0]]))[0]
    assert centre(aligned) == pytest.approx(tuple(expected), abs=0.05)
    area = (255.0 - aligned).sum() / (255.0 - picture).sum()
    assert area == pytest.approx(scale**2, rel=0.02)


def test_nothing_to_do_is_the_very_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    points = np.array([[3.0, 5.0], [20.0, 7.0]])
    assert np.array_equal(Similarity.between(points, points).apply(picture, 32), picture)


def test_two_points_in_one_place_have_no_similarity() -> None:
    with pytest.raises(ValueError, match="lie in one place"):
        Similarity.between(np.ones((2, 2)), np.eye(2))


def test_targets_are_level_and_centred() -> None:
    (left, top), (right, again) = targets(100, 0.2, 0.45)
    assert top == again == 44.5 and left == 39.5 and right == 59.5 and (left + right) / 2 == 49.5


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("shape", [(60, 80), (80, 60), (50, 50)])
def test_a_frame_is_the_square_that_the_model_sees(shape: tuple[int, int], fit: str) -> None:
    from gaia_stim.images import fit_image

    height, width = shape
    x, y = width / 2 + 8.5, height / 2 - 6.5
    picture = np.repeat(disc(height, width, x, y, 6.0), 3, axis=2)
    seen = fit_image(picture, 40, fit)  # type: ignore[arg-type]
    frame = Frame.of(height, width, fit)  # type: ignore[arg-type]
    expected = (frame.model(np.array([[x, y]]))[0] + 1) * 20 - 0.5
    assert centre(seen[..., :1]) == pytest.approx(tuple(expected), abs=0.05)
    points = np.random.default_rng(0).uniform(0, 60, (5, 2))
    np.testing.assert_allclose(frame.pixels(frame.model(points)), points)


def test_the_same_similarity_to_an_image_of_another_size() -> None:
    """A place at a share of a side stays at it: (p + ½) / side."""
    similarity = Similarity(0.7, 0.2, (5.0, -3.0))
    points = np.array([[3.0, 4.0], [20.0, 11.5]])
    np.testing.assert_allclose((similarity.at(96, 64)(points) + 0.5) / 96, (similarity(points) + 0.5) / 64)
