"""Residual velocities that are planted, and found again from points."""

import numpy as np
import pytest
import torch
from torch import Tensor

from gaia_stim.networks import fields
from gaia_stim.space.carrying import FIELD, Carrier, Residual, ShapeMap
from gaia_stim.space.photographs import Carried, Photograph
from gaia_stim.space.residuals import NODES, placed

COARSE = 16


class Still:
    """A decoder whose every code is a grey picture in its place."""

    texture_latent = 1

    def texture(self, code: Tensor) -> Tensor:
        return torch.full((len(code), 3, 32, 32), 0.5)

    def velocity(self, code: Tensor) -> Tensor:
        return torch.zeros(len(code), 2, COARSE, COARSE)


CODES = np.array([[0, 0], [0, 1]], np.float32)


def bump(height: float, x: float, y: float, wide: float = 0.25) -> Residual:
    """A velocity to the right and half as much up, round a place."""
    at = (np.arange(NODES) * 2 + 1) / NODES - 1
    bell = height * np.exp(-((at[None] - x) ** 2 + (at[:, None] - y) ** 2) / (2 * wide**2))
    return np.stack([bell, -bell / 2]).astype(np.float32)


def grid(side: int) -> np.ndarray:
    at = np.linspace(-0.6, 0.6, side)
    return np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)


def test_weights_at_points_are_those_of_the_field_there() -> None:
    nodes = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 2, 24, 24)))
    points = torch.from_numpy(np.random.default_rng(1).uniform(-1.05, 1.05, (200, 2)))
    seen = fields.moved(points[None], fields.from_nodes(nodes, 64, 64))[0] - points
    for axis, base in enumerate(fields.weights_at(points, 24, 64)):
        torch.testing.assert_close(base @ nodes[0, axis].flatten(), seen[:, axis], atol=1e-9, rtol=0)


def test_a_planted_velocity_is_recovered_where_there_are_points() -> None:
    """Two pictures of one thing, the second moved by a known map: points between those that were given agree too."""
    planted = bump(0.06, 0.1, -0.2)
    given, between = grid(12), grid(9)
    truth = Carrier(Still(), CODES, np.stack([np.zeros_like(planted), planted]))
    places = [given, truth.carry(given, 0, 1)]
    own = placed(Still(), CODES, places)
    found = Carrier(Still(), CODES, np.stack([one.residual for one in own]))
    wanted = truth.carry(between, 0, 1)
    before, after = (np.linalg.norm(at - wanted, axis=1).mean() for at in (between, found.carry(between, 0, 1)))
    assert after < 0.1 * before
    assert all(one.after < 0.1 * one.before for one in own) and found.folds() == [0, 0]


def test_three_points_move_their_surroundings_smoothly() -> None:
    three = np.array([[-0.3, -0.2], [0.3, -0.2], [0.0, 0.3]])
    own = placed(Still(), CODES, [three, three + np.array([[0.04, 0], [-0.02, 0.02], [0, 0.04]])])
    assert all(one.after < 0.25 * one.before for one in own)
    with torch.inference_mode():
        for one in own:
            spots = fields.stretch(ShapeMap.of(Still(), CODES[0], one.residual).there)
            assert float(spots.min()) > 0.6 and float(spots.max()) < 1.6


def test_points_that_change_places_do_not_fold_the_picture() -> None:
    """As where two were mistaken for each other: no smooth map can do it, and none is forced to."""
    points = np.array([[-0.05, 0.0], [0.05, 0.0], [0.0, 0.4]])
    own = placed(Still(), CODES, [points, points[[1, 0, 2]]])
    assert Carrier(Still(), CODES, np.stack([one.residual for one in own])).folds() == [0, 0]
    assert all(one.after <= one.before for one in own)


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (96, 96, 3), dtype=np.uint8) for _ in range(2)]


def photographs(*residuals: Residual | None) -> list[Photograph]:
    return [
        Photograph(code, lambda _, picture=picture: picture, own)
        for code, picture, own in zip(CODES, pictures(), residuals, strict=True)
    ]


def test_the_ends_are_the_photographs_and_nothing_jumps_beside_them() -> None:
    made = Carried(Still(), photographs(bump(0.08, 0, 0), bump(-0.08, 0, 0)), 96, keep_detail=False)
    ends = [made.picture(code, weights) for code, weights in zip(CODES, np.eye(2), strict=True)]
    assert all(np.array_equal(a, b) for a, b in zip(ends, pictures(), strict=True))
    near = made.picture((0.999 * CODES[0] + 0.001 * CODES[1]).astype(np.float32), np.array([0.999, 0.001]))
    assert np.abs(near.astype(int) - ends[0]).max() <= 6


def test_no_residual_and_one_of_nothing_are_the_same_bytes() -> None:
    middle, half = CODES.mean(axis=0), np.array([0.5, 0.5])
    none, nothing = (Carried(Still(), photographs(own, own), 96).picture(middle, half) for own in (None, bump(0, 0, 0)))
    assert np.array_equal(none, nothing)


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 0.0), (0.5, 0.05), (1.0, 0.1)])
def test_half_way_the_residual_is_half_of_each(share: float, wanted: float) -> None:
    """Of one photograph only its shape goes over: its middle comes from as far as the weights say."""
    far = np.stack([np.full((NODES, NODES), 0.1), np.zeros((NODES, NODES))]).astype(np.float32)
    made = Carried(Still(), photographs(np.zeros_like(far), far), 96)
    with torch.inference_mode():
        shape = ShapeMap.of(Still(), CODES[0], made._residual(np.array([1 - share, share])))
    assert float(shape.there[0, 0, FIELD // 2, FIELD // 2]) == pytest.approx(wanted, abs=1e-3)
