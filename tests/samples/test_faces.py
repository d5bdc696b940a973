"""The faces that are drawn: every attribute shows, smoothly, and the picture keeps its promises."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_stim.samples import ATTRIBUTES, deal, draw_face

GRADED = [name for name, spec in ATTRIBUTES.items() if spec.kind == "graded"]
MIXED = {"hair_length": 0.45, "smile": 0.4, "mouth_open": 0.3, "yaw": -12.0, "age": 50.0, "sex": 0.3}
CORNERS = [(0, 0), (0, -1), (-1, 0), (-1, -1)]


def _difference(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> float:
    """Mean absolute difference in grey levels."""
    return float(np.abs(a.astype(int) - b).mean())


def _linear(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    s = image / 255
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("size", [8, 33, 64])
def test_shape_and_type(size: int) -> None:
    image = draw_face({}, size)
    assert image.shape == (size, size, 3) and image.dtype == np.uint8
    assert image.std() > 10


def test_same_values_same_bytes() -> None:
    values = deal(17, 3)
    first = draw_face(values, 64)
    draw_face(deal(18, 3), 64)
    assert np.array_equal(draw_face(values, 64), first)


def test_missing_attributes_are_neutral() -> None:
    neutral = {name: spec.neutral for name, spec in ATTRIBUTES.items()}
    assert np.array_equal(draw_face({}, 32), draw_face(neutral, 32))


@pytest.mark.parametrize("name", list(ATTRIBUTES))
@pytest.mark.parametrize("others", [{}, {"hair_length": 0.7, "sex": -0.7, "age": 60.0, "yaw": 15.0}])
def test_every_attribute_shows(name: str, others: dict[str, float]) -> None:
    spec = ATTRIBUTES[name]
    ends = [draw_face({**others, name: value}, 64) for value in (spec.low, spec.high)]
    assert _difference(*ends) > 0.25


@pytest.mark.parametrize("name", GRADED)
def test_graded_attributes_change_the_picture_smoothly(name: str) -> None:
    spec = ATTRIBUTES[name]
    frames = [draw_face({**MIXED, name: value}, 64) for value in np.linspace(spec.low, spec.high, 21)]
    steps = [_difference(a, b) for a, b in itertools.pairwise(frames)]
    assert min(steps) > 0
    assert max(steps) < 4 * np.mean(steps)


@pytest.mark.parametrize("name", GRADED)
def test_no_pixel_jumps_when_an_attribute_moves_a_little(name: str) -> None:
    """Mean differences would hide a feature that pops; a thousandth of the range moves no pixel far."""
    spec = ATTRIBUTES[name]
    nudge = (spec.high - spec.low) / 1000
    for value in np.linspace(spec.low, spec.high - nudge, 13):
        here, there = (draw_face({**MIXED, name: v}, 64).astype(int) for v in (value, value + nudge))
        assert np.abs(here - there).max() <= 16


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({n: st.sampled_from([s.low, s.neutral, s.high]) for n, s in ATTRIBUTES.items()}))
def test_background_is_mid_grey_whatever_the_face(values: dict[str, float]) -> None:
    with np.errstate(all="raise", under="ignore"):
        image = draw_face(values, 32)
    for corner in CORNERS:
        assert image[corner].tolist() == [128, 128, 128]
    assert (image[0] == 128).all()
    assert (image[:24, [0, -1]] == 128).all()


@pytest.mark.parametrize("index", range(4))
def test_turning_mirrors(index: int) -> None:
    values = {**deal(index, 5), "glasses": float(index % 2)}
    mirrored = {**values, "yaw": -values["yaw"], "light_direction": -values["light_direction"]}
    image = draw_face(values, 64).astype(int)
    assert abs(values["yaw"]) > 1
    assert np.abs(draw_face(mirrored, 64)[:, ::-1] - image).max() <= 1


def test_positive_yaw_turns_to_the_right_of_the_image() -> None:
    values = {"mouth_open": 1.0, "light_direction": 0.0}
    lips = [draw_face({**values, "yaw": yaw}, 128)[70:110] for yaw in (-25.0, 25.0)]
    # The open mouth is the darkest red thing in the lower face.
    columns = [np.argmin(strip.astype(int).sum(axis=2)[:, 30:98].min(axis=0)) + 30 for strip in lips]
    assert columns[0] < 60 < 68 < columns[1]


@pytest.mark.parametrize("side", [-1, 1])
def test_light_brightens_the_side_it_comes_from(side: int) -> None:
    image = draw_face({"light_direction": 50.0 * side}, 64).astype(float)
    left, right = image[30:45, 18:30].mean(), image[30:45, 34:46].mean()
    assert (right - left) * side > 10


@pytest.mark.parametrize("index", range(3))
def test_layout_does_not_depend_on_size(index: int) -> None:
    values = deal(index, 9)
    large = _linear(draw_face(values, 256))
    for size in (32, 64, 128):
        block = 256 // size
        averaged = large.reshape(size, block, size, block, 3).mean(axis=(1, 3))
        assert np.abs(averaged - _linear(draw_face(values, size))).mean() < 0.004


def test_eyes_stay_where_they_are() -> None:
    """The eyes' row is the same for every shape of face, so that faces can be morphed."""
    shapes = [{"face_width": 0.88}, {"nose_length": 1.2}, {"sex": 1.0}, {"mouth_open": 1.0}]
    rows = [_pupil_row(draw_face(shape, 128)) for shape in ({}, *shapes)]
    assert max(rows) - min(rows) <= 1


def _pupil_row(image: npt.NDArray[np.uint8]) -> int:
    strip = image[54:74, 38:60].astype(int).sum(axis=2)
    return int(np.unravel_index(np.argmin(strip), strip.shape)[0])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"age": 17.9}, "age.*18 to 80"),
        ({"yaw": 31.0}, "yaw.*-30 to 30"),
        ({"smile": float("nan")}, "smile.*-1 to 1"),
        ({"glasses": 0.5}, "glasses.*0 or 1"),
        ({"charm": 1.0}, "charm"),
    ],
)
def test_bad_values_are_named(values: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        draw_face(values, 64)


def test_tiny_size_is_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        draw_face({}, 7)
