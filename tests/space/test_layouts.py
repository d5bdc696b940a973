"""Lattices and grids: what lies on an edge is a morph of its corners; a spaced grid has even rows and columns."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaia_stim.errors import DataError
from gaia_stim.metrics.distance import pixel_distance, variation
from gaia_stim.space.layouts import Block, crossed, lattice, spaced_grid
from gaia_stim.space.paths import Line
from gaia_stim.space.spacing import equal_codes, equal_pixels

Array = npt.NDArray[np.float32]
Places = npt.NDArray[np.float64]


def corners(directions: int) -> st.SearchStrategy[Array]:
    return arrays(np.float32, (2**directions, 3), elements=st.floats(-8, 8, width=32))


@settings(max_examples=60, deadline=None)
@given(points=corners(2), columns=st.integers(2, 7), rows=st.integers(2, 7))
def test_the_edges_of_a_grid_are_the_morphs_of_its_corners(points: Array, columns: int, rows: int) -> None:
    grid = Block(points)(lattice((columns, rows))).reshape(rows, columns, 3)
    across, down = np.linspace(0, 1, columns), np.linspace(0, 1, rows)
    top_left, top_right, bottom_left, bottom_right = points
    assert np.array_equal(grid[0], Line(top_left, top_right)(across))
    assert np.array_equal(grid[-1], Line(bottom_left, bottom_right)(across))
    assert np.array_equal(grid[:, 0], Line(top_left, bottom_left)(down))
    assert np.array_equal(grid[:, -1], Line(top_right, bottom_right)(down))


@settings(max_examples=60, deadline=None)
@given(points=corners(2), u=st.floats(0, 1), v=st.floats(0, 1))
def test_a_sheet_is_bilinear(points: Array, u: float, v: float) -> None:
    shares = np.array([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v])
    assert np.allclose(Block(points)(np.array([[u, v]]))[0], shares @ points.astype(np.float64), atol=1e-5)


@pytest.mark.parametrize("directions", [1, 2, 3, 4])
def test_the_corners_of_a_lattice_are_the_corners(directions: int) -> None:
    points = np.random.default_rng(0).normal(size=(2**directions, 6)).astype(np.float32)
    block = Block(points)
    assert block.directions == directions
    assert np.array_equal(block(lattice((2,) * directions)), points)
    middle = block(np.full((1, directions), 0.5))
    assert np.allclose(middle, points.mean(axis=0), atol=1e-6)


def test_a_line_is_the_block_of_two() -> None:
    points = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    assert np.array_equal(Block(points)(lattice((7,))), Line(*points)(np.linspace(0, 1, 7)))


def test_a_lattice_is_read_like_a_page() -> None:
    assert lattice((3, 2)).tolist() == [[0, 0], [0.5, 0], [1, 0], [0, 1], [0.5, 1], [1, 1]]
    cube = lattice((2, 3, 4))
    assert cube.shape == (24, 3)
    assert cube[:3].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0.5, 0]]


@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_a_missing_corner_is_refused(count: int) -> None:
    with pytest.raises(DataError, match=f"2, 4, 8 … corners, not {count}"):
        Block(np.zeros((count, 3), np.float32))


def test_a_lattice_of_one_is_refused() -> None:
    with pytest.raises(DataError, match="at least 2 stimuli along each direction, not 1"):
        lattice((3, 1))


def increasing(count: int) -> st.SearchStrategy[Places]:
    inside = st.lists(st.floats(0.02, 0.98), min_size=count - 2, max_size=count - 2)
    return inside.map(lambda middle: np.array([0.0, *sorted(middle), 1.0]))


@settings(max_examples=60, deadline=None)
@given(top=increasing(5), bottom=increasing(5), left=increasing(4), right=increasing(4))
def test_crossed_places_keep_their_edges(top: Places, bottom: Places, left: Places, right: Places) -> None:
    grid = crossed(top, bottom, left, right).reshape(4, 5, 2)
    u, v = grid[..., 0], grid[..., 1]
    assert np.array_equal(u[0], top) and np.array_equal(u[-1], bottom)
    assert np.array_equal(v[:, 0], left) and np.array_equal(v[:, -1], right)
    assert not v[0].any() and not u[:, 0].any() and (v[-1] == 1).all() and (u[:, -1] == 1).all()
    # Each lies on both of its straight lines.
    assert np.allclose(u, (1 - v) * top + v * bottom) and np.allclose(v, (1 - u) * left[:, None] + u * right[:, None])
    assert np.all((grid >= 0) & (grid <= 1))


SIDE = 24
PATTERN = np.random.default_rng(0).random((SIDE, SIDE, 3))


def fading(places: Places) -> npt.NDArray[np.uint8]:
    """Two halves that fade in by themselves, each at a speed that the other direction changes."""
    u, v = places.T
    left, right = u ** (1.5 + v), v ** (2.5 - u)
    pictures = np.broadcast_to(PATTERN, (len(places), *PATTERN.shape)) * 255
    shares = np.concatenate([np.repeat(left[:, None], SIDE // 2, 1), np.repeat(right[:, None], SIDE // 2, 1)], axis=1)
    return np.rint(pictures * shares[:, None, :, None]).astype(np.uint8)


def test_rows_and_columns_of_a_spaced_grid_are_even() -> None:
    spaced = spaced_grid(fading, equal_pixels, 6, 5)
    assert spaced.variation < 0.02 and spaced.variation_before > 0.25
    shown = fading(spaced.places).reshape(5, 6, SIDE, SIDE, 3)
    steps = [pixel_distance(row[:-1], row[1:]) for row in shown]
    steps += [pixel_distance(shown[:-1, column], shown[1:, column]) for column in range(6)]
    assert spaced.variation == pytest.approx(np.mean([variation(line) for line in steps]))


def test_the_edges_of_a_spaced_grid_are_the_spaced_morphs_of_its_corners() -> None:
    grid = spaced_grid(fading, equal_pixels, 6, 5).places.reshape(5, 6, 2)
    zero, one = np.zeros, np.ones
    top = equal_pixels(lambda t: fading(np.stack([t, zero(len(t))], axis=1)), 6).places
    right = equal_pixels(lambda t: fading(np.stack([one(len(t)), t], axis=1)), 5).places
    assert np.array_equal(grid[0, :, 0], top) and np.array_equal(grid[:, -1, 1], right)


def test_an_unspaced_grid_is_the_even_lattice() -> None:
    spaced = spaced_grid(fading, equal_codes, 4, 3)
    assert np.array_equal(spaced.places, lattice((4, 3)))
    assert spaced.variation == spaced.variation_before > 0.1
    assert spaced.record("latent")["name"] == "latent"
