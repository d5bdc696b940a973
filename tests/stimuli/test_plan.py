"""A plan: what it tells of itself is enough to make the same pictures again."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gaia_stim.errors import DataError
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan, reconstruction_error

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def plan(codes: Any, **more: Any) -> Plan:
    codes = np.asarray(codes, np.float32)
    rows = [replace(Row.numbered("morph", place, len(codes)), alpha=0.1 * place) for place in range(len(codes))]
    return Plan(rows, codes, "a to b", **more)


def through_json(made: Plan) -> Plan:
    return Plan.from_json(json.loads(json.dumps(made.as_json(), allow_nan=False)))


@settings(max_examples=40, deadline=None)
@given(codes=arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=FLOATS))
def test_codes_come_back_to_the_bit(codes: Any) -> None:
    assert through_json(plan(codes)).codes.tobytes() == codes.tobytes()
    assert through_json(plan(codes)).codes.shape == codes.shape


def test_all_else_comes_back() -> None:
    made = plan(np.ones((3, 4)), record={"spacing": {"name": "pixel"}}, columns=5, continuum=True)
    back = through_json(made)
    assert list(back.rows) == list(made.rows)
    assert (back.title, back.record, back.columns, back.continuum) == (made.title, made.record, 5, True)


def test_what_is_measured_later_is_not_part_of_it() -> None:
    [row] = plan(np.ones((1, 2))).as_json()["stimuli"]
    assert row == {
        "stim_id": "m_0001",
        "image": "stimuli/m_0001.png",
        "kind": "morph",
        "position": 0,
        "alpha": 0.0,
        "raw": 0,
    }


def test_pictures_are_those_of_the_codes(space: Space) -> None:
    codes = np.random.default_rng(0).normal(size=(11, space.latent)).astype(np.float32)
    rendered = list(plan(codes).rendered(space))
    assert np.array_equal([picture for _, picture in rendered], space.decode(codes))
    assert [row.position for row, _ in rendered] == list(range(11))
    assert {row.model_hash for row, _ in rendered} == {space.model_hash}
    again = list(through_json(plan(codes)).rendered(space))
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(rendered, again, strict=True))


def test_a_source_is_measured_and_a_raw_row_is_it(space: Space) -> None:
    sources = {0: np.full(space.shape, 90, np.uint8), 2: np.full(space.shape, 200, np.uint8)}
    made = plan(np.zeros((3, space.latent)), sources=sources)
    made = replace(made, rows=[made.rows[0], made.rows[1], replace(made.rows[2], raw=1)])
    (first, shown), (middle, _), (last, source) = made.rendered(space)
    assert np.array_equal(shown, space.decode(made.codes)[0])
    assert first.reconstruction_error == pytest.approx(np.abs(shown / 255 - 90 / 255).mean())
    assert middle.reconstruction_error is None
    assert np.array_equal(source, sources[2]) and last.reconstruction_error == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda plan: {},
        lambda plan: {**plan, "codes": {**plan["codes"], "float32_base64": "!!"}},
        lambda plan: {**plan, "codes": {**plan["codes"], "shape": [3, 3]}},
        lambda plan: {**plan, "codes": {**plan["codes"], "shape": "many"}},
        lambda plan: {**plan, "codes": []},
        lambda plan: {**plan, "stimuli": plan["stimuli"][:1]},
        lambda plan: {**plan, "stimuli": [{"surprise": 1}] * 2},
        lambda plan: {**plan, "columns": "some"},
        lambda plan: [],
    ],
)
def test_a_damaged_plan_is_refused(damage: Callable[[Any], Any]) -> None:
    with pytest.raises(DataError, match=r"the plan in provenance\.json"):
        Plan.from_json(damage(plan(np.ones((2, 3))).as_json()))


@pytest.mark.parametrize(
    "hostile",
    [
        {"image": "../../etc/passwd"},
        {"image": "/etc/passwd"},
        {"image": "stimuli/\0.png"},
        {"image": "stimuli/m_0002.png"},
        {"image": "C:\\x.png"},
        {"stim_id": "=1+1"},
        {"stim_id": "1"},
        {"position": "first"},
        {"position": 3},
        {"alpha": "x"},
    ],
    ids=str,
)
def test_a_hostile_plan_is_refused(hostile: dict[str, Any]) -> None:
    made = plan(np.ones((1, 2))).as_json()
    made["stimuli"][0].update(hostile)
    with pytest.raises(DataError):
        Plan.from_json(made)


def test_codes_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="not a number"):
        through_json(plan([[1.0, np.nan]]))


def test_two_stimuli_of_one_name_are_refused() -> None:
    made = plan(np.ones((2, 2))).as_json()
    made["stimuli"][1] |= {"stim_id": "M_0001", "image": "stimuli/M_0001.png"}  # one file on many file systems
    with pytest.raises(DataError, match="the same stim_id"):
        Plan.from_json(made)


def test_reconstruction_error() -> None:
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    half = np.array(black)
    half[:2] = 255
    assert reconstruction_error(black, white) == reconstruction_error(white, black) == 1
    assert reconstruction_error(white, white) == 0
    assert reconstruction_error(half, black) == 0.5
