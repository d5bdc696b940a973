"""Residual velocities that are planted, and found again from what is to be seen."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from gaia_stim.images import to_bytes, to_float
from gaia_stim.networks import fields
from gaia_stim.space.carrying import FIELD, Residual, ShapeMap
from gaia_stim.space.registering import _in_frame, registered

CODE = np.zeros(2, np.float32)
NODES = 24


class Still:
    """A decoder whose every code leaves a picture in its place."""

    texture_latent = 1

    def texture(self, code: Tensor) -> Tensor:
        return torch.full((len(code), 3, 32, 32), 0.5)

    def velocity(self, code: Tensor) -> Tensor:
        return torch.zeros(len(code), 2, 16, 16)


def bump() -> Residual:
    """A velocity to the right and half as much up, round a place."""
    at = (np.arange(NODES) * 2 + 1) / NODES - 1
    bell = 0.06 * np.exp(-((at[None] - 0.1) ** 2 + (at[:, None] + 0.2) ** 2) / (2 * 0.25**2))
    return np.stack([bell, -bell / 2]).astype(np.float32)


def spots() -> np.ndarray:
    values = gaussian_filter(np.random.default_rng(0).normal(size=(FIELD, FIELD, 3)), (4, 4, 0))
    return np.clip(128 + values * 40 / values.std(), 0, 255).astype(np.uint8)


def test_a_planted_velocity_is_found_whatever_the_light() -> None:
    """The photograph is the template's, moved by a known map, darker and of less contrast."""
    template = _in_frame(Still(), CODE, spots())
    with torch.inference_mode():
        truth = ShapeMap.of(Still(), CODE, bump()).there
        picture = to_bytes((0.2 + 0.5 * fields.sample(torch.from_numpy(to_float(spots()[None])), truth)).numpy())[0]
    found = registered(Still(), CODE, picture, template, 60)
    with torch.inference_mode():
        there = ShapeMap.of(Still(), CODE, found)
        inside = (..., slice(FIELD // 4, -FIELD // 4), slice(FIELD // 4, -FIELD // 4))
        before, after = (float((one - truth)[inside].norm(dim=1).mean()) for one in (0 * truth, there.there))
    assert after < 0.3 * before and there.folds() == 0


def test_what_is_in_its_place_stays_there() -> None:
    template = _in_frame(Still(), CODE, spots())
    assert np.abs(registered(Still(), CODE, spots(), template, 30)).max() < 0.01  # a third of a pixel of 64


def test_it_works_inside_inference_mode_and_gives_the_same_again() -> None:
    template = _in_frame(Still(), CODE, spots())
    moved = np.roll(spots(), 3, axis=1)
    with torch.inference_mode():
        inside = registered(Still(), CODE, moved, template, 5)
    assert np.array_equal(inside, registered(Still(), CODE, moved, template, 5)) and inside.any()
