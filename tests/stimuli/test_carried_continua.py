"""Continua of carried photographs, by the built-in model: no jump where a photograph is left, red where none agrees."""

import numpy as np
import pytest
import torch

from gaia_stim.evaluation.midpoints import OPPOSITE, draw, pairs
from gaia_stim.images import Pixels
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.plans.continua import morph_plan

SIDE = 192


@pytest.fixture(scope="module")
def space() -> Space:
    return Space.load()


@pytest.fixture(scope="module")
def plan(space: Space) -> Plan:
    """1,001 steps from a face to another that looks the other way."""
    drawn = draw(OPPOSITE, pairs(OPPOSITE, 1, 0), SIDE)
    return morph_plan(space, drawn.first[0], drawn.second[0], steps=1001)


def distance(a: Pixels, b: Pixels) -> float:
    return float(np.sqrt(np.square(a.astype(np.float64) - b).mean()))


def test_a_thousand_steps_leave_both_photographs_without_a_jump(space: Space, plan: Plan) -> None:
    carrying = plan.carrying
    assert carrying is not None
    carried = carrying.carried(space, SIDE)
    for places in ((0, 1, 2), (1000, 999, 998)):
        photograph, one, two = (carried.picture(plan.codes[at], carrying.weights[at]) for at in places)
        assert distance(photograph, one) <= 1.5 * distance(one, two)


def test_what_is_said_to_be_kept_is_seen(space: Space, plan: Plan) -> None:
    """The map of disagreement is 0 at a photograph; half-way it is largest where the two faces differ most."""
    carrying = plan.carrying
    assert carrying is not None
    carried = carrying.carried(space, SIDE)
    first, half = (carried.shown(plan.codes[at], carrying.weights[at]) for at in (0, 500))
    assert first.disagreeing.max() == 0 and first.is_photograph
    assert 0 < half.disagreement < 0.5
    assert half.disagreeing.min() >= -1e-6 and half.disagreeing.max() <= 1
    # The corners of drawn faces are one ground, on which all agree.
    assert half.disagreeing[:8, :8].max() < 0.02 < half.disagreeing.max()


def test_no_byte_depends_on_the_number_of_threads(space: Space) -> None:
    """Of one plan; codes themselves are a network's answer, and its sums may differ in the last bit."""
    drawn = draw(OPPOSITE, pairs(OPPOSITE, 1, 0), SIDE)
    plan, before = morph_plan(space, drawn.first[0], drawn.second[0], steps=4), torch.get_num_threads()
    made = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            made.append(plan.pictures(space))
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(*made)
