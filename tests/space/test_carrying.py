"""Points carried by shapes that are planted: where they must go is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.evaluation.landmarks import landmark_figures, landmark_picture
from gaia_stim.images import Frame, to_bytes, to_float
from gaia_stim.networks import fields
from gaia_stim.networks.deform import NODES
from gaia_stim.space import registering
from gaia_stim.space.carrying import FIELD, Carrier, ShapeMap
from gaia_stim.space.space import Space

Plant = Callable[..., Path]


@pytest.fixture
def shaped(plant: Plant) -> Space:
    """Its first number of shape is a velocity to the right, the second one downwards: 0.1 half sides a unit."""
    space = Space.load(plant(network="deform", latent=8, shape_latent=4))
    weights = torch.zeros(2, NODES**2, 4)
    weights[0, :, 0] = weights[1, :, 1] = 0.1
    space.model.decoder.move.weight.data = weights.reshape(-1, 4)
    space.model.decoder.move.bias.data.zero_()
    return space


def codes(*shapes: tuple[float, float]) -> np.ndarray:
    return np.array([[0, 0, 0, 0, *shape, 0, 0] for shape in shapes], np.float32)


def test_points_go_where_the_difference_of_two_shifts_takes_them(shaped: Space) -> None:
    """φ(p) = p + s in the middle of the picture: what is at p in A is at p + s_A − s_B in B."""
    carrier = Carrier(shaped.model.decoder, codes((1, 0), (-1, 0.5), (0, 0)))
    points = np.array([[0.0, 0.0], [0.1, -0.2], [-0.3, 0.3]])
    np.testing.assert_allclose(carrier.carry(points, 0, 1), points + np.array([0.2, -0.05]), atol=2e-3)
    np.testing.assert_allclose(carrier.carry(points, 1, 0), points - np.array([0.2, -0.05]), atol=2e-3)
    np.testing.assert_allclose(carrier.carry(points, 2, 2), points, atol=1e-6)
    assert carrier.folds() == [0, 0, 0]


def test_there_and_back_is_where_one_was(shaped: Space) -> None:
    rng = np.random.default_rng(0)
    weights = torch.from_numpy(rng.normal(0, 0.02, (2 * NODES**2, 4))).float()
    shaped.model.decoder.move.weight.data = weights
    carrier = Carrier(shaped.model.decoder, rng.normal(size=(2, 8)).astype(np.float32))
    points = rng.uniform(-0.95, 0.95, (50, 2))
    there = carrier.carry(points, 0, 1)
    assert np.abs(there - points).max() > 2 / FIELD
    np.testing.assert_allclose(carrier.carry(there, 1, 0), points, atol=2 / FIELD / 4)


def test_points_are_told_in_each_images_own_pixels(shaped: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Space, "encode", lambda self, images: codes((1, 0), (0, 0)))
    a, b = np.zeros((100, 160, 3), np.uint8), np.zeros((400, 400, 3), np.uint8)
    # The middle of the square that is cut out of A moves by 0.1 half sides: by 20 pixels of B.
    middle = np.array([[79.5, 49.5]])
    np.testing.assert_allclose(shaped.carry(middle, a, b), [[199.5 + 20, 199.5]], atol=0.3)


def test_a_model_without_a_shape_cannot(plant: Plant) -> None:
    space = Space.load(plant(network="light"))
    with pytest.raises(ConfigError, match="no shape"):
        space.carry(np.zeros((1, 2)), *np.zeros((2, 32, 32, 3), np.uint8))


# -- figures -----------------------------------------------------------------------------------------------------------


def planted_landmarks(shifts: list[tuple[float, float]]) -> tuple[list[np.ndarray], list[Frame]]:
    """Three points of a common frame, seen through φ(p) = p + s: in A they lie at c − s. In pixels of 200."""
    common = np.array([[-0.1, 0.0], [0.1, 0.0], [0.0, 0.2]])
    frames = [Frame(0, 0, 200) for _ in shifts]
    return [frame.pixels(common - 0.1 * np.array(shift)) for shift, frame in zip(shifts, frames, strict=True)], frames


def test_shapes_that_fit_carry_landmarks_onto_landmarks(shaped: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    shifts = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0)]
    monkeypatch.setattr(Space, "encode", lambda self, images: codes(*shifts))
    landmarks, frames = planted_landmarks(shifts)
    pictures = np.zeros((3, 32, 32, 3), np.uint8)
    found = landmark_figures(shaped, pictures, landmarks, frames, (0, 1))
    assert found.error is not None and found.error < 1.5, "in % of 0.2 half sides"
    # Distances of the three pairs: 0.2, 0.1·√2 and 0.1·√2, in units of 0.2.
    assert found.unmoved == pytest.approx(100 * (0.2 + 0.2 * np.sqrt(2)) / 3 / 0.2, rel=1e-6)
    assert found.pairs == 6 and found.images == 3
    picture = landmark_picture(pictures, landmarks, frames, found, (0, 1))
    assert picture.shape[2] == 3 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 3


def test_codes_are_fitted_before_anything_is_carried(shaped: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that says nothing, and steps that find the shapes all the same."""
    shifts = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0)]
    monkeypatch.setattr(Space, "encode", lambda self, images: codes(*[(0.0, 0.0)] * 3))
    monkeypatch.setattr(Space, "refine", lambda self, images, start, steps: start if steps < 7 else codes(*shifts))
    landmarks, frames = planted_landmarks(shifts)
    pictures = np.zeros((3, 32, 32, 3), np.uint8)
    few, enough = (landmark_figures(shaped, pictures, landmarks, frames, (0, 1), steps) for steps in (6, 7))
    assert few.error == pytest.approx(few.unmoved, rel=0.01)
    assert enough.error is not None and enough.error < 1.5


def test_shapes_are_fitted_to_the_files_too(shaped: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes that say nothing, whatever is fitted to them: what is seen in the files says where everything lies."""
    shifts = [(0.4, 0.0), (-0.4, 0.2)]
    decoder, nothing = shaped.model.decoder, codes(*[(0.0, 0.0)] * 2)
    values = gaussian_filter(np.random.default_rng(0).normal(size=(FIELD, FIELD, 3)), (4, 4, 0))
    spots = np.clip(128 + values * 40 / values.std(), 0, 255).astype(np.uint8)
    with torch.inference_mode():
        seen = torch.from_numpy(to_float(spots[None]))
        maps = [ShapeMap.of(decoder, code).there for code in codes(*shifts)]
        files = [to_bytes(fields.sample(seen, there).numpy())[0] for there in maps]
    template = registering._in_frame(decoder, nothing[0], spots)
    monkeypatch.setattr(registering, "template_of", lambda space, listen: template)
    monkeypatch.setattr(Space, "encode", lambda self, images: nothing)
    monkeypatch.setattr(Space, "refine", lambda self, images, start, steps: start)
    landmarks, frames = planted_landmarks(shifts)
    pictures = np.zeros((2, 32, 32, 3), np.uint8)
    by_code, by_both, unfitted = (
        landmark_figures(shaped, pictures, landmarks, frames, (0, 1), steps, some)
        for steps, some in ((60, []), (60, files), (0, files))
    )
    assert by_code.error == unfitted.error == pytest.approx(by_code.unmoved, rel=0.01)
    assert by_both.error is not None and by_both.error < 0.4 * by_both.unmoved
    assert (by_code.shapes_fitted, by_both.shapes_fitted, unfitted.shapes_fitted) == (False, True, False)
    monkeypatch.setattr(registering, "template_of", lambda space, listen: None)
    gone = landmark_figures(shaped, pictures, landmarks, frames, (0, 1), 60, files)
    assert not gone.shapes_fitted and gone.error == by_code.error


def test_a_model_without_a_shape_has_the_control_alone(plant: Plant) -> None:
    space = Space.load(plant(network="light"))
    landmarks, frames = planted_landmarks([(1.0, 0.0), (-1.0, 0.0)])
    found = landmark_figures(space, np.zeros((2, 32, 32, 3), np.uint8), landmarks, frames, (0, 1))
    assert found.error is None and found.unmoved == pytest.approx(100)


def test_landmarks_that_say_nothing(shaped: Space) -> None:
    landmarks, frames = planted_landmarks([(1.0, 0.0), (-1.0, 0.0)])
    with pytest.raises(DataError, match="at least two"):
        landmark_figures(shaped, np.zeros((1, 32, 32, 3), np.uint8), landmarks[:1], frames[:1], (0, 1))
    with pytest.raises(DataError, match="lie in one place"):
        landmark_figures(shaped, np.zeros((2, 32, 32, 3), np.uint8), landmarks, frames, (1, 1))
