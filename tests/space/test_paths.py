"""Paths: a line is straight between and beyond its ends; every path meets its codes, and a wheel closes."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaia_stim.errors import DataError
from gaia_stim.space import PATHS
from gaia_stim.space.paths import Line, Polyline, Spline, Wheel, average
from gaia_stim.tables import look_up

WIDE = st.floats(width=32, allow_nan=False, allow_infinity=False)
TAME = st.floats(-(2.0**20), 2.0**20, width=32)
Code = npt.NDArray[np.float32]


def codes(elements: st.SearchStrategy[float]) -> st.SearchStrategy[Code]:
    return arrays(np.float32, 5, elements=elements)


@settings(max_examples=80, deadline=None)
@given(a=codes(WIDE), b=codes(WIDE), steps=st.integers(2, 12))
def test_the_ends_are_met_exactly(a: Code, b: Code, steps: int) -> None:
    points = Line(a, b)(np.linspace(0, 1, steps))
    assert points.shape == (steps, 5) and points.dtype == np.float32
    assert np.array_equal(points[0], a) and np.array_equal(points[-1], b)


@settings(max_examples=80, deadline=None)
@given(a=codes(TAME), b=codes(TAME), t=st.floats(-3, 3))
def test_it_is_straight(a: Code, b: Code, t: float) -> None:
    expected = a.astype(np.float64) * (1 - t) + b.astype(np.float64) * t
    scale = np.maximum(np.abs(a), np.abs(b)).max() + 1e-30
    assert np.allclose(Line(a, b)(np.array([t]))[0], expected, rtol=0, atol=2e-6 * float(scale))


@settings(max_examples=80, deadline=None)
@given(a=codes(TAME), b=codes(TAME))
def test_the_way_back_is_the_same_way(a: Code, b: Code) -> None:
    t = np.linspace(0, 1, 9)  # eighths are exact
    assert np.array_equal(Line(a, b)(t), Line(b, a)(1 - t)[:])


def test_a_line_from_a_point_to_itself_stays_there() -> None:
    a = np.array([1, -2, 3e-9], np.float32)
    assert np.allclose(Line(a, a)(np.linspace(-1, 2, 7)), a, rtol=1e-6)


@pytest.mark.parametrize("t", [[], [0.5], [2.0, -1.0]])
def test_any_number_of_places(t: list[float]) -> None:
    points = Line(np.array([0, 1], np.float32), np.array([4, 5], np.float32))(np.array(t))
    assert points.tolist() == [[4 * place, 1 + 4 * place] for place in t]


def well_apart(count: int) -> st.SearchStrategy[Code]:
    """So many codes of which no two neighbours, and not the first and the last, are nearly the same."""
    return arrays(np.float32, (count, 5), elements=st.floats(-4, 4, width=32)).filter(
        lambda points: np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1).min() > 0.1
    )


@pytest.mark.parametrize("name", PATHS)
@settings(max_examples=30, deadline=None)
@given(points=st.integers(3, 6).flatmap(well_apart))
def test_every_path_meets_its_codes_where_it_says(name: str, points: Code) -> None:
    path = look_up(PATHS, "path", name)(points)
    met = path(path.knots)
    assert met.dtype == np.float32 and np.allclose(met, points, atol=2e-3)
    assert np.array_equal(met[0], points[0])
    assert path.knots[0] == 0 and np.all(np.diff(path.knots) > 0)
    if name != "wheel":
        assert path.knots[-1] == 1 and np.array_equal(met[-1], points[-1])


@pytest.mark.parametrize("name", ["line", "spline"])
@settings(max_examples=50, deadline=None)
@given(points=well_apart(2), t=st.lists(st.floats(-1, 2), min_size=1, max_size=9))
def test_through_two_codes_every_open_path_is_the_line(name: str, points: Code, t: list[float]) -> None:
    path = look_up(PATHS, "path", name)(points)
    assert np.array_equal(path(np.array(t)), Line(*points)(np.array(t)))


@settings(max_examples=30, deadline=None)
@given(points=st.integers(2, 6).flatmap(well_apart))
def test_a_polyline_goes_at_constant_speed(points: Code) -> None:
    length = np.linalg.norm(np.diff(points.astype(np.float64), axis=0), axis=1).sum()
    t = np.linspace(0, 1, 401)
    walked = np.linalg.norm(np.diff(Polyline(points)(t).astype(np.float64), axis=0), axis=1)
    # Shorter only where a corner is cut.
    assert walked.max() <= length / 400 * 1.01
    assert np.sum(walked < length / 400 * 0.99) <= len(points) - 2


@settings(max_examples=30, deadline=None)
@given(points=st.integers(3, 6).flatmap(well_apart))
def test_a_spline_is_walked_at_constant_speed(points: Code) -> None:
    """Against the integral of the speed of scipy's spline, which knows nothing of samples."""
    chords = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points.astype(np.float64), axis=0), axis=1))])
    curve = scipy.interpolate.CubicSpline(chords / chords[-1], points.astype(np.float64), bc_type="natural")
    speed = curve.derivative()

    def length(start: float, end: float) -> float:
        return float(scipy.integrate.quad(lambda u: float(np.linalg.norm(speed(u))), start, end, limit=200)[0])

    pieces = np.array([length(a, b) for a, b in pairwise(curve.x)])
    assert Spline(points).knots == pytest.approx(np.concatenate([[0.0], np.cumsum(pieces) / pieces.sum()]), abs=1e-4)
    fine = np.linalg.norm(np.diff(Spline(points)(np.linspace(0, 1, 201)).astype(np.float64), axis=0), axis=1)
    # Chords: shorter than their piece of the curve where it bends sharply.
    assert fine.max() <= pieces.sum() / 200 * 1.001
    assert np.median(fine) >= pieces.sum() / 200 * 0.995


def test_a_spline_of_before_was_walked_unevenly() -> None:
    """The sharp turn that the chords' parameter hurries through: nine places, now equally far apart."""
    points = np.array([[0, 0], [4, 0], [4.2, 0.5], [0, 1]], np.float32)
    steps = np.linalg.norm(np.diff(Spline(points)(np.linspace(0, 1, 81)), axis=0), axis=1)
    assert steps.std() / steps.mean() < 0.02


@settings(max_examples=30, deadline=None)
@given(points=st.integers(3, 6).flatmap(well_apart), turns=st.integers(-2, 2), t=st.floats(0, 1))
def test_a_wheel_closes(points: Code, turns: int, t: float) -> None:
    wheel = Wheel(points)
    assert np.array_equal(wheel(np.array([0.0])), wheel(np.array([1.0])))
    assert np.allclose(wheel(np.array([t])), wheel(np.array([t + turns])), atol=1e-4)


def test_a_wheel_has_no_corner_and_constant_speed() -> None:
    """Round four corners of a square: the way over the seam is like any other."""
    wheel = Wheel(np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32))
    steps = np.diff(wheel(np.arange(201) / 200).astype(np.float64), axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    assert lengths.std() / lengths.mean() < 1e-3
    turned = np.einsum("nd,nd->n", steps, np.roll(steps, -1, axis=0)) / lengths / np.roll(lengths, -1)
    assert turned.min() > np.cos(2.5 * 2 * np.pi / 200)
    # By symmetry the corners are at the quarters, and what is between them is round, not straight.
    assert np.allclose(wheel.knots, np.arange(4) / 4, atol=1e-6)
    assert 0.9 < np.linalg.norm(wheel(np.array([1 / 8]))) < 1.0


def test_a_spline_is_the_natural_one() -> None:
    """Evenly spaced on one axis, so the chords' length is no even parameter; at its ends it does not bend."""
    points = np.array([[0, 0], [1, 1], [2, 0], [3, 3]], np.float32)
    h = 1e-2
    for end in (0.0, 1.0):
        a, b, c = Spline(points)(np.array([end, abs(end - h), abs(end - 2 * h)])).astype(np.float64)
        inside = Spline(points)(np.array([0.5 - h, 0.5, 0.5 + h])).astype(np.float64)
        bend = np.linalg.norm(a - 2 * b + c) / h**2
        assert bend < 0.25 * np.linalg.norm(inside[0] - 2 * inside[1] + inside[2]) / h**2


@pytest.mark.parametrize(
    ("name", "points", "message"),
    [
        ("line", [[0, 1]], "at least 2 images"),
        ("spline", [[0, 1]], "at least 2 images"),
        ("wheel", [[0, 1], [1, 0]], "at least 3 images, not 2"),
        ("line", [[0, 1], [2, 2], [2, 2]], "images 2 and 3 of the path have the same code"),
        ("spline", [[0, 1], [0, 1], [2, 2]], "images 1 and 2 of the path have the same code"),
        ("wheel", [[0, 1], [1, 1], [0, 1]], "images 3 and 1 of the path have the same code"),
    ],
)
def test_what_makes_no_path_is_refused(name: str, points: list[list[float]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        look_up(PATHS, "path", name)(np.array(points, np.float32))


def test_an_average_is_the_mean() -> None:
    points = np.array([[1, 2], [3, 4], [5, 0]], np.float32)
    assert average(points).tolist() == [3, 2] and average(points).dtype == np.float32
