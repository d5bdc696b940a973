"""Faces put at known places in pictures, and pictures without any."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch

from gaia_stim.alignment import Face, Similarity, find_face
from gaia_stim.alignment.eyes import MIRRORED
from gaia_stim.images import Pixels, read_image, resized
from gaia_stim.labels import read_landmarks

PUPILS = np.array([[203.3, 100.2], [245.7, 102.4]])
"""Of skimage's astronaut (NASA, public domain), as seen at six times the size."""
WITHIN = 0.05
"""Eye distances."""


def astronaut() -> Pixels:
    return skimage.data.astronaut()


def face_of(pixels: Pixels) -> Face:
    face = find_face(pixels)
    assert face is not None
    return face


def off(face: Face, pupils: np.ndarray) -> float:
    """The worse eye's distance from its place, in eye distances."""
    apart = np.linalg.norm(pupils[1] - pupils[0])
    return float(np.linalg.norm(face.eyes - pupils, axis=1).max() / apart)


@pytest.mark.parametrize(
    ("eyes_at", "apart", "degrees"),
    [
        pytest.param((150, 150), 85, 0, id="larger"),
        pytest.param((150, 150), 85, 30, id="turned right"),
        pytest.param((150, 150), 60, -30, id="turned left"),
        pytest.param((150, 120), 150, 0, id="fills the picture"),
        pytest.param((60, 250), 25, 10, id="small and in a corner"),
    ],
)
def test_eyes_are_found_where_they_were_put(eyes_at: tuple[int, int], apart: int, degrees: int) -> None:
    reach = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]) * apart / 2
    wanted = np.array([eyes_at - reach, eyes_at + reach])
    picture = Similarity.between(PUPILS, wanted).apply(astronaut(), 300)
    face = face_of(picture)
    assert off(face, wanted) < WITHIN and face.faces == 1 and face.confidence > 0.5
    assert face.landmarks.shape == (68, 2) and face.eyes[0, 0] < face.eyes[1, 0]


def test_grey_large_and_tiny_pictures() -> None:
    small = Similarity.between(PUPILS, np.array([[10.0, 14.0], [21.0, 14.0]])).apply(astronaut(), 32)
    assert off(face_of(small), np.array([[10.0, 14.0], [21.0, 14.0]])) < 0.1
    grey = np.rint(astronaut().mean(axis=2, keepdims=True)).astype(np.uint8)
    assert off(face_of(grey), PUPILS) < WITHIN
    large = resized(astronaut(), 3000, 3000)
    assert off(face_of(large), (PUPILS + 0.5) * 3000 / 512 - 0.5) < WITHIN


def test_two_faces_are_counted_and_the_larger_is_told() -> None:
    picture = np.concatenate([resized(astronaut(), 400, 400), resized(astronaut(), 400, 400)], axis=1)
    picture[:, :400] = np.pad(resized(astronaut(), 300, 300), ((50, 50), (50, 50), (0, 0)), mode="edge")
    face = face_of(picture)
    assert face.faces == 2
    assert off(face, (PUPILS + 0.5) * 400 / 512 - 0.5 + (400, 0)) < WITHIN


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket"])
def test_a_cat_and_things_have_no_face(name: str) -> None:
    assert find_face(getattr(skimage.data, name)()) is None


def test_noise_has_no_face() -> None:
    rng = np.random.default_rng(0)
    assert find_face(rng.integers(0, 256, (300, 200, 3), dtype=np.uint8)) is None
    assert find_face(np.full((64, 64, 1), 128, dtype=np.uint8)) is None


def test_what_is_seen_of_a_face_from_the_side_is_not_sure() -> None:
    """The cameraman, in profile."""
    face = find_face(skimage.data.camera()[..., None])
    assert face is None or face.confidence < 0.1


def test_the_mirror_of_the_mirror_is_the_face() -> None:
    assert [MIRRORED[place] for place in MIRRORED] == list(range(68))
    there, mirrored = face_of(astronaut()), face_of(np.ascontiguousarray(astronaut()[:, ::-1]))
    np.testing.assert_allclose(mirrored.landmarks[MIRRORED] * (-1, 1) + (511, 0), there.landmarks, atol=2)


def test_the_same_picture_gives_the_same_face_on_any_number_of_threads() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        first = face_of(astronaut())
        torch.set_num_threads(2)
        second = face_of(astronaut())
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert (first.landmarks == second.landmarks).all() and first.confidence == second.confidence


def test_photographs() -> None:
    """`benchmarks/eyes.py` has all of them."""
    folder = Path(os.environ.get("GAIA_STIM_DATA", "nowhere")) / "faces"
    if not folder.is_dir():
        pytest.skip("GAIA_STIM_DATA has no faces/")
    points = read_landmarks(folder / "landmarks.csv")
    for name in ("canada_044f.jpg", "london_027_neutral.jpg", "london_121_neutral.jpg", "london_143_neutral.jpg"):
        face = face_of(read_image(folder / "images" / name))
        assert off(face, points.positions[name][:2]) < WITHIN and face.faces == 1 and face.confidence > 0.7, name
