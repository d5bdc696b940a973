"""What is measured of edits, on a space whose truth is known: pictures are codes, and predictors read them linearly."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gaia_stim.drawing.heatmap import CELL, heatmap
from gaia_stim.evaluation.leakage import applied, correlated, mean_over, measure, own_source, steps_of, ways
from gaia_stim.evaluation.predictors import Lesson, balanced, learn
from gaia_stim.space.vectors import AttributeRecord

LATENT = 6


def record(name: str, kind: Any = "graded", column: str | None = None, sd: float = 1.0) -> AttributeRecord:
    return AttributeRecord(
        name=name, kind=kind, column=column or name, images=9, mean=0, sd=sd, low=-99, high=99, r2=1, vif=1
    )


def flat_space() -> Any:
    return SimpleNamespace(decode=lambda codes: codes, encode=lambda pictures: np.asarray(pictures, np.float32))


def readers(weights: np.ndarray) -> Any:
    class Readers:
        reliable = np.ones(len(weights), bool)

        def __call__(self, pictures: np.ndarray) -> np.ndarray:
            return pictures @ weights.T

    return Readers()


def test_leakage_is_what_the_readers_see_of_a_vector_in_sds() -> None:
    chance = np.random.default_rng(0)
    attributes = [record("age", sd=10.0), record("sex", "binary", sd=0.5)]
    weights = np.eye(LATENT)[:2]
    vectors = np.array([[0.8, 0.01, 0, 0, 0, 1], [2.0, 0.9, 0, 0, 1, 0]])
    codes = chance.normal(size=(20, LATENT)).astype(np.float32)
    values = np.column_stack([chance.normal(size=20), chance.integers(0, 2, 20)]).astype(float)
    found = measure(flat_space(), readers(weights), codes, values, attributes, {"ols": vectors})["ols"]
    assert found.matrix == pytest.approx(np.array([[0.8, 0.01 * 10 / 0.5], [2.0 * 0.5 / 10, 0.9]]), abs=1e-4)
    assert found.success.tolist() == [1, 1] and found.identity.tolist() == [1, 1]
    pairs = correlated(attributes, np.array([[1, -0.3], [-0.3, 1]]))
    assert pairs.tolist() == [[False, True], [True, False]]
    assert mean_over(found.matrix, pairs) == pytest.approx((0.2 + 0.1) / 2, abs=1e-4)
    assert mean_over(found.matrix, np.zeros((2, 2), bool)) is None


@pytest.mark.parametrize(("gain", "success"), [(0.49, 0), (0.51, 1), (1.49, 1), (1.51, 0), (-1, 0)])
def test_success_is_half_to_one_and_a_half(gain: float, success: float) -> None:
    vectors = gain * np.eye(LATENT)[:1]
    values = np.array([[1.0], [-1.0], [np.nan]])
    found = measure(
        flat_space(),
        readers(np.eye(LATENT)[:1]),
        np.zeros((3, LATENT), np.float32),
        values,
        [record("a")],
        {"ols": vectors},
    )
    assert found["ols"].success.tolist() == [success]


def test_what_is_asked_of_each_kind() -> None:
    values = np.array([0.0, 1.0, np.nan])
    assert steps_of(record("b", "binary"), values)[0] == pytest.approx([1, -1, np.nan], nan_ok=True)
    assert steps_of(record("c", "category"), values)[0] == pytest.approx([1, 0, np.nan], nan_ok=True)
    up, down = steps_of(record("g", sd=3.0), np.array([5.0, -5.0, np.nan]))
    assert up == pytest.approx([3, 3, np.nan], nan_ok=True) and down == pytest.approx([-3, -3, np.nan], nan_ok=True)


def test_where_edits_lead() -> None:
    """Labels from 0 to 1 with a mean of 0: four edits, of which two lead beyond all labels."""
    attribute = record("g").model_copy(update={"low": 0.0, "high": 1.0})
    led = ways(attribute, np.array([0.2, 0.2, 0.9, 0.9]), np.array([0.5, -0.5, 0.5, -0.5]))
    assert {way: rows.tolist() for way, rows in led.items()} == {
        "up": [True, False, False, False],
        "down": [False, False, False, True],
        "inwards": [False, False, False, True],
        "outwards": [True, False, False, False],
        "beyond": [False, True, True, False],
    }


def test_faces_that_cancel_in_the_mean_are_in_the_scatter() -> None:
    """Half of the faces get a darker skin when older, half a lighter one: the mean of both is nothing."""
    attributes = [record("age"), record("tone")]
    codes = np.column_stack([np.full(20, 0.5), np.tile([1.0, -1.0], 10), np.zeros(20)]).astype(np.float32)

    class Readers:
        reliable = np.ones(2, bool)

        def __call__(self, pictures: np.ndarray) -> np.ndarray:
            return np.column_stack([pictures[:, 0], 0.3 * pictures[:, 1] * pictures[:, 0]])

    values = np.column_stack([np.full(20, 0.5), np.zeros(20)])
    narrow = [one.model_copy(update={"sd": 0.5}) for one in attributes]
    found = measure(flat_space(), Readers(), codes, values, narrow, {"ols": np.eye(3)[:2]})["ols"]  # type: ignore[arg-type]
    assert found.matrix[0, 1] == pytest.approx(0, abs=1e-6)
    assert found.scatter[0, 1] == pytest.approx(0.3, abs=1e-6)
    assert found.scatter[0, 0] == pytest.approx(1, abs=1e-6)


def test_outward_moves_that_saturate_are_told_apart() -> None:
    """A decoder that draws nothing beyond what it knows: all is well inside, and nothing arrives beyond."""
    clipped = SimpleNamespace(decode=lambda codes: np.clip(codes, -1, 1), encode=flat_space().encode)
    attribute = record("yaw").model_copy(update={"low": -1.0, "high": 1.0, "sd": 0.5})
    values = np.linspace(-0.9, 0.9, 10)[:, None]
    codes = np.column_stack([values, np.zeros((10, 1))]).astype(np.float32)
    found = measure(clipped, readers(np.eye(2)[:1]), codes, values, [attribute], {"ols": np.eye(2)[:1]})["ols"]
    expected = np.mean([(1 - abs(value)) / 0.5 for value in values[:, 0] if abs(value) > 0.51])
    assert found.own["inwards"][0] == pytest.approx(1) and found.own["outwards"][0] == pytest.approx(1)
    assert found.own["beyond"][0] == pytest.approx(expected, abs=1e-5) and expected < 0.6
    assert found.success.tolist() == [1]


def test_on_the_way_to_another_level_a_face_leaves_its_own() -> None:
    attributes = [record("hair:red", "category", "hair"), record("hair:grey", "category", "hair"), record("age")]
    vectors = np.eye(3)
    values = np.array([[0.0, 1.0, 7.0], [0.0, 0.0, 7.0], [1.0, 0.0, 7.0]])
    steps = steps_of(attributes[0], values[:, 0])[0]
    together = applied(0, attributes, vectors, values, steps, together=True)
    assert together[:2].tolist() == [[1, -1, 0], [1, 0, 0]] and np.isnan(together[2]).all()
    assert applied(0, attributes, vectors, values, steps, together=False)[0].tolist() == [1, 0, 0]
    assert not correlated(attributes, np.full((3, 3), 0.9))[0, 1]


def test_identity_forgives_what_was_asked_and_nothing_else() -> None:
    sources = np.array([[0.0, 0, 0], [4.0, 1, 0]], np.float32)
    moved = np.array([[4.0, 0.2, 0]], np.float32)
    own, along = np.array([0]), np.array([[2.0, 0, 0]])
    assert own_source(moved, sources, own, along) == 1
    assert own_source(moved, sources, own, np.array([[0, 0, 1.0]])) == 0


def test_a_balanced_subset_has_no_correlation_left() -> None:
    chance = np.random.default_rng(0)
    sex = (chance.random(1000) < 0.5).astype(float)
    old = (chance.random(1000) < 0.2 + 0.6 * sex).astype(float)
    values = np.column_stack([sex, old])
    values[:50, 1] = np.nan
    rows = balanced(values, 0, [1], chance)
    assert len(rows) > 200 and rows.min() >= 50 and (np.diff(rows) > 0).all()
    assert abs(np.corrcoef(values[rows].T)[0, 1]) < 1e-9
    assert len(balanced(values, 1, [], chance)) == 950
    same = np.column_stack([sex, sex])
    assert len(balanced(same, 0, [1], chance)) == 0


def pictures(values: np.ndarray, noise: float = 8.0) -> np.ndarray:
    """Squares whose brightness is the first value and whose height is the second."""
    chance = np.random.default_rng(1)
    made = chance.normal(60, noise, (len(values), 16, 16, 1))
    for picture, (light, tall) in zip(made, values, strict=True):
        picture[: 4 + round(8 * tall), 4:12] += 40 + 100 * light
    return np.clip(made, 0, 255).astype(np.uint8)


def test_predictors_learn_what_pictures_show_and_say_what_they_could_not() -> None:
    chance = np.random.default_rng(0)
    values = np.column_stack([chance.integers(0, 2, 500), chance.random(500), chance.random(500)]).astype(float)
    shown = pictures(values[:, :2])
    every = [np.arange(400)] * 3
    lesson = Lesson(shown[:400], values[:400], every)
    exam = Lesson(shown[400:], values[400:], [np.arange(100)] * 3)
    found = learn(lesson, exam, [True, False, False])
    assert found.r2[0] > 0.95 and found.r2[1] > 0.9 and found.r2[2] < 0.1
    assert found.accuracy[0] == 1 and np.isnan(found.accuracy[1])
    assert found.reliable.tolist() == [True, True, False]
    guessed = found(exam.pictures)
    assert np.polyfit(values[400:, 1], guessed[:, 1], 1)[0] == pytest.approx(1, abs=0.02)
    few = learn(Lesson(shown[:400], values[:400], [np.arange(5), *every[1:]]), exam, [True, False, False])
    assert np.isnan(few.r2[0]) and not few.reliable[0] and np.isnan(few(shown[:3])[:, 0]).all()


def test_a_heat_map_shows_every_cell() -> None:
    matrix = np.array([[1.0, -0.3], [np.nan, 0.0]])
    drawn = heatmap(matrix, ["age", "sex"], "a title", np.eye(2, dtype=bool))
    assert drawn.dtype == np.uint8 and drawn.shape[0] > 2 * CELL
    plain = heatmap(np.zeros((2, 2)), ["age", "sex"], "a title")
    corner = drawn[-16 - 2 * CELL : -16 - CELL, -16 - 2 * CELL : -16 - CELL]
    assert corner.shape[0] == CELL and (drawn.shape == plain.shape)
