"""Fields against maps that are known in closed form, and against the same maps at other resolutions."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gaia_stim.networks import fields

SIZE = 64
INNER = (slice(None), slice(None), slice(12, -12), slice(12, -12))
"""Away from the border, beyond which a field goes on as it is there and a closed form does not."""
PIXEL = 2 / SIZE


def positions(size: int = SIZE) -> Tensor:
    return fields.identity(size, size, torch.zeros((), dtype=torch.float64))


def linear(matrix: list[list[float]], size: int = SIZE) -> Tensor:
    """The field p ↦ A·p."""
    return torch.einsum("ij,njhw->nihw", torch.tensor(matrix, dtype=torch.float64), positions(size))


def bumps(seed: int, spread: float, nodes: int = 8) -> Tensor:
    """Random weights of a velocity, smoothed so that neighbours are alike, of that root mean square."""
    rng = torch.Generator().manual_seed(seed)
    weights = torch.randn(1, 2, nodes, nodes, dtype=torch.float64, generator=rng)
    kernel = torch.ones(2, 1, 3, 3, dtype=torch.float64) / 9
    smooth = torch.nn.functional.conv2d(torch.nn.functional.pad(weights, (1, 1, 1, 1), "replicate"), kernel, groups=2)
    return smooth * spread / smooth.square().mean().sqrt()


def slope(velocity: Tensor) -> float:
    """The largest change of a velocity over a unit of length, along x or y."""
    size = velocity.shape[-1]
    return float(max(velocity.diff(dim=2).abs().max(), velocity.diff(dim=3).abs().max())) * size / 2


# -- the exponential --------------------------------------------------------------------------------------------------


def test_no_velocity_moves_nothing() -> None:
    assert torch.equal(fields.exponential(torch.zeros(2, 2, 8, 8)), torch.zeros(2, 2, 8, 8))


def test_a_constant_velocity_is_a_shift() -> None:
    velocity = torch.tensor([0.3, -0.2], dtype=torch.float64)[None, :, None, None].expand(1, 2, SIZE, SIZE)
    assert torch.allclose(fields.exponential(velocity), velocity, atol=1e-12)


@pytest.mark.parametrize("degrees", [5.0, -20.0, 40.0])
def test_the_generator_of_a_rotation_gives_the_rotation(degrees: float) -> None:
    angle = math.radians(degrees)
    turned = linear([[math.cos(angle) - 1, -math.sin(angle)], [math.sin(angle), math.cos(angle) - 1]])
    made = fields.exponential(linear([[0, -angle], [angle, 0]]))
    # Each squaring is exact in x but for the flow's curvature in a 32nd of the time: a third of 1e-3 of the radius.
    assert (made - turned)[INNER].abs().max() < 0.01 * abs(angle) * 2


def test_the_generator_of_a_scaling_gives_the_scaling() -> None:
    rate = 0.2
    made = fields.exponential(linear([[rate, 0], [0, rate]]))
    assert (made - (math.exp(rate) - 1) * positions())[INNER].abs().max() < 1e-3


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), spread=st.floats(0.01, 0.1))
def test_a_velocity_back_undoes_it_nearly_and_the_inverse_to_its_bound(seed: int, spread: float) -> None:
    velocity = fields.from_nodes(bumps(seed, spread), 128, 128)
    there, back = fields.exponential(velocity), fields.exponential(-velocity)
    assert fields.compose(there, back).abs().mean() < 2 / 512, "a pixel of 512"
    exact = fields.inverse(there)
    assert fields.compose(there, exact).abs().max() < fields.UNDONE


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), spread=st.floats(0.01, 0.3))
def test_gentle_velocities_fold_nothing(seed: int, spread: float) -> None:
    nodes = bumps(seed, spread)
    velocity = fields.from_nodes(nodes, 128, 128)
    # The bound: no velocity that changes by less than 2 half sides a half side, so by |∇v| < 2 along x and along y.
    steepest = slope(velocity)
    if steepest >= 2:
        velocity = velocity * (1.99 / steepest)
    assert fields.stretch(fields.exponential(velocity)).min() > 0


def test_wild_velocities_fold() -> None:
    nodes = 0.8 * torch.sign(torch.randn(8, 2, 8, 8, generator=torch.Generator().manual_seed(0)))
    stretched = fields.stretch(fields.exponential(fields.from_nodes(nodes, 64, 64)))
    assert (stretched <= 0).any(), "or the test above could not fail"


@pytest.mark.parametrize("seed", range(5))
def test_the_map_does_not_depend_on_the_resolution_it_is_made_at(seed: int) -> None:
    nodes = bumps(seed, 0.1)

    def made_at(size: int) -> Tensor:
        return fields.resized(fields.exponential(fields.from_nodes(nodes, size, size)), 512, 512)

    finest = made_at(512)
    assert (made_at(128) - finest).abs().mean() * 256 < 0.2, "pixels of 512"
    assert (made_at(32) - finest).abs().mean() * 256 < 1.5


# -- splines ----------------------------------------------------------------------------------------------------------


def test_equal_weights_are_a_constant_velocity_away_from_the_border() -> None:
    field = fields.from_nodes(torch.full((1, 2, 8, 8), 0.25, dtype=torch.float64), SIZE, SIZE)
    assert torch.allclose(field[INNER], torch.full_like(field[INNER], 0.25))


def test_weights_that_rise_evenly_are_a_velocity_that_does() -> None:
    ramp = fields.centres(8, torch.zeros((), dtype=torch.float64)).expand(1, 2, 8, 8)
    field = fields.from_nodes(ramp, SIZE, SIZE)
    assert torch.allclose(field[INNER], positions()[:, :1].expand(1, 2, SIZE, SIZE)[INNER])


@pytest.mark.parametrize("sizes", [(32, 96), (48, 144)])
def test_a_velocity_is_one_function_at_every_size(sizes: tuple[int, int]) -> None:
    coarse, fine = (fields.from_nodes(bumps(1, 0.2), size, size) for size in sizes)
    # Each coarse pixel's centre is the centre of the middle one of its nine fine pixels.
    assert torch.allclose(coarse, fine[:, :, 1::3, 1::3])


def test_no_flow_leaves_the_picture() -> None:
    velocity = fields.from_nodes(torch.full((1, 2, 8, 8), 0.7), SIZE, SIZE)
    assert velocity[:, 0, :, [0, -1]].abs().max() < 0.7 * 3 * (PIXEL / 2 / fields.WALL) ** 2
    landed = fields.identity(SIZE, SIZE, velocity) + fields.exponential(velocity)
    assert landed.abs().max() <= 1


# -- sampling, composing, points --------------------------------------------------------------------------------------


def test_sampling_by_whole_pixels_is_a_shift_of_the_picture() -> None:
    picture = torch.rand(1, 3, 16, 16, dtype=torch.float64)
    by_two = torch.zeros(1, 2, 16, 16, dtype=torch.float64)
    by_two[:, 0] = 2 * 2 / 16
    assert torch.allclose(fields.sample(picture, by_two)[..., :-2], picture[..., 2:])
    assert torch.allclose(fields.sample(picture, by_two)[..., -2:], picture[..., -1:].expand(1, 3, 16, 2))


def test_composing_adds_shifts_and_multiplies_matrices() -> None:
    a, b = linear([[0.1, 0.0], [0.05, -0.1]]), linear([[-0.05, 0.1], [0.0, 0.1]])
    one = torch.eye(2, dtype=torch.float64)
    product = (one + torch.tensor([[0.1, 0.0], [0.05, -0.1]])) @ (one + torch.tensor([[-0.05, 0.1], [0.0, 0.1]])) - one
    assert torch.allclose(fields.compose(a, b)[INNER], linear(product.tolist())[INNER], atol=1e-9)


def test_points_move_as_the_pixels_they_lie_between_do() -> None:
    field = linear([[0.1, 0.0], [0.05, -0.1]])
    points = torch.tensor([[[0.13, -0.41], [-0.5, 0.2]]], dtype=torch.float64)
    matrix = torch.tensor([[1.1, 0.0], [0.05, 0.9]], dtype=torch.float64)
    assert torch.allclose(fields.moved(points, field), points @ matrix.T, atol=1e-9)


def test_stretch_is_the_determinant() -> None:
    assert torch.allclose(
        fields.stretch(linear([[0.1, 0.3], [0.05, -0.1]])), torch.tensor(1.1 * 0.9 - 0.05 * 0.3).double()
    )


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e30, -1e30])
def test_displacements_that_are_no_numbers_end_in_none_and_not_in_foreign_memory(wrong: float) -> None:
    field = torch.zeros(1, 2, 16, 16)
    field[:, :, 3, 4] = wrong
    field.requires_grad_()
    picture = torch.rand(1, 3, 16, 16).requires_grad_()
    seen = fields.sample(picture, field)
    seen.sum().backward()
    assert seen[0, :, 3, 4].isfinite().all() == math.isfinite(wrong)
    others = seen.detach().clone()
    others[0, :, 3, 4] = 0
    assert others.isfinite().all()
    assert fields.moved(torch.tensor([[[math.nan, 0.0]]]), torch.zeros(1, 2, 4, 4)).isnan().any()
