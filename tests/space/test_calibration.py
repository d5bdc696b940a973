"""Calibration on spaces whose pictures are known to show less, or more, than was asked of the codes."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gaia_stim.space.calibration import LEAST, MOST, factors

LATENT = 5
chance = np.random.default_rng(0)
codes = chance.normal(size=(12, LATENT)).astype(np.float32)
readout = chance.normal(size=LATENT)
amounts = np.linspace(-1, 1, 12) * (readout @ readout)
changes = np.linspace(-1, 1, 12)[:, None] * readout
"""Of the codes, one each; none is 0."""


def space(shown: Callable[[np.ndarray], np.ndarray]) -> Any:
    """One that draws of each code what `shown` says."""
    return SimpleNamespace(decode=shown, encode=lambda pictures: np.asarray(pictures, np.float32))


def test_where_pictures_show_what_codes_say_nothing_is_changed() -> None:
    assert factors(space(lambda z: z), codes, changes, readout, amounts) == pytest.approx(np.ones(12), abs=1e-4)


@pytest.mark.parametrize("gain", [0.6, 0.8, 1.25, 1.9])
def test_what_shows_in_part_is_asked_for_so_much_more(gain: float) -> None:
    assert factors(space(lambda z: gain * z), codes, changes, readout, amounts) == pytest.approx(
        np.full(12, 1 / gain), rel=1e-3
    )


@pytest.mark.parametrize(("gain", "limit"), [(0.1, MOST), (5.0, LEAST), (0.0, 1.0), (-1.0, 1.0)])
def test_what_cannot_be_shown_is_not_forced(gain: float, limit: float) -> None:
    assert factors(space(lambda z: gain * z), codes, changes, readout, amounts) == pytest.approx(np.full(12, limit))


def test_each_face_is_solved_for_itself_where_faces_saturate() -> None:
    def bent(z: np.ndarray) -> np.ndarray:
        return 1.5 * np.tanh(z / 1.5)

    small = 0.4 * changes
    found = factors(space(bent), codes, small, readout, 0.4 * amounts)
    moved = (bent(codes + found[:, None] * small) - bent(codes)) @ readout
    inside = (found > LEAST) & (found < MOST)
    assert inside.sum() >= 8 and np.ptp(found[inside]) > 0.1
    assert moved[inside] == pytest.approx((small @ readout)[inside], rel=0.02)
    alone = factors(space(bent), codes[3:4], small[3:4], readout, 0.4 * amounts[3:4])
    assert alone == pytest.approx(found[3:4]), "whoever is calibrated beside it"


def test_a_picture_that_jumps_is_brought_as_near_as_it_can_be() -> None:
    """What is asked stands half-way up a steep slope, where steps in proportion would go back and forth."""

    def steep(z: np.ndarray) -> np.ndarray:
        return z + 0.9 * np.tanh(8 * (z - 1.2))

    start, step, weights = np.zeros((1, 1), np.float32), np.array([[1.0]]), np.array([1.0])
    [k] = factors(space(steep), start, step, weights, np.array([1.0]))
    shown = (steep(start + k * step) - steep(start))[0, 0]
    assert abs(shown - 1) < 0.05 < abs((steep(start + step) - steep(start))[0, 0] - 1)


def test_an_amount_of_0_stays_0() -> None:
    none = np.zeros_like(changes)
    assert factors(space(lambda z: 0.5 * z), codes, none, readout, np.zeros(12)).tolist() == [1.0] * 12
