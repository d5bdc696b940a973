"""d', bias and maps of simulated observers come back as they were planted; the models are checked by rolling dice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from observers import continuum, trial_list
from scipy.spatial import procrustes
from scipy.stats import circmean, circstd, vonmises

from gaia_stim.config import AnalyseConfig, DesignConfig
from gaia_stim.designs import ANALYSES, DESIGNS, SCALES, adjusting
from gaia_stim.designs.adjusting import kappa_of
from gaia_stim.designs.build import find_design, trial_table
from gaia_stim.designs.discrimination import (
    abx_differencing,
    abx_independent,
    oddity_differencing,
    same_different_differencing,
    same_different_independent,
    triangular,
)
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.responses import read_answers
from gaia_stim.errors import DataError
from gaia_stim.events import Note
from gaia_stim.pipeline.analyse import analyse

Values = npt.NDArray[np.float64]
TRIALS = 400_000


def seen(d: float, *is_second: bool) -> list[Values]:
    """What is seen of each stimulus in many trials."""
    rng = np.random.default_rng(7)
    return [d * one + rng.standard_normal(TRIALS) for one in is_second]


def odd_one(a: Values, b: Values, c: Values) -> npt.NDArray[np.intp]:
    """Of the two closest, the third."""
    return np.argmin([np.abs(b - c), np.abs(a - c), np.abs(a - b)], axis=0)


@pytest.mark.parametrize("d", [0.5, 1.0, 2.0, 3.0])
def test_each_model_gives_back_what_its_observer_had(d: float) -> None:
    """Observers who do what the model says, rolled a few hundred thousand times, and no formula of it."""
    a, b = seen(d, False, True)
    same = seen(d, True, True)
    hits, false_alarms = np.mean(np.abs(b - a) > 1.5), np.mean(np.abs(same[1] - same[0]) > 1.5)
    assert same_different_differencing(np.array([hits, false_alarms])) == pytest.approx(d, abs=0.03)
    above = [np.mean((one > d / 2) != (other > d / 2)) for one, other in ((a, b), same)]
    assert same_different_independent(np.array(above)) == pytest.approx(d, abs=0.03)
    rates = []
    for is_b in (False, True):
        a, b, x = seen(d, False, True, is_b)
        rates.append([np.mean(np.abs(a - x) < np.abs(b - x)), np.mean((x > d / 2) != (b > a))])
    near, split = np.array(rates).T
    assert abx_differencing(near) == pytest.approx(d, abs=0.03)
    assert abx_independent(split) == pytest.approx(d, abs=0.03)
    assert oddity_differencing(np.array([np.mean(odd_one(*seen(d, False, True, False)) == 1)])) == pytest.approx(
        d, abs=0.03
    )


def test_published_values() -> None:
    """Ennis 1993 (J. Sensory Studies 8), table of the triangular and the duo-trio test at d' = 1: 0.42 and 0.58."""
    assert triangular(np.array(0.0)) == pytest.approx(1 / 3, abs=1e-9)
    assert round(float(triangular(np.array(1.0))), 2) == 0.42
    assert abx_differencing(np.array([0.583, 1 - 0.583])) == pytest.approx(1.0, abs=0.01)


def test_chance_and_below_is_no_distance() -> None:
    for model in (same_different_differencing, same_different_independent, abx_differencing, abx_independent):
        np.testing.assert_array_equal(model(np.array([[0.3, 0.3], [0.2, 0.6]])), 0)
    np.testing.assert_array_equal(oddity_differencing(np.array([[1 / 3], [0.1]])), 0)


# -- experiments ------------------------------------------------------------------------------------------------------


def places(table: pd.DataFrame, rng: np.random.Generator) -> Values:
    """What an observer sees of each stimulus of a trial: five of them, d' of 1 apart."""
    shown = table[[f"alpha_{place}" for place in "abc"]].to_numpy(float) * 4
    return np.asarray(shown + rng.standard_normal(shown.shape))


def answered(kind: str, participants: int = 1, repetitions: int = 100) -> pd.DataFrame:
    table = trial_list(kind, 5, participants=participants, repetitions=repetitions)
    a, b, c = places(table, np.random.default_rng(3)).T
    answers: dict[str, Callable[[], Any]] = {
        "same-different": lambda: np.where(np.abs(b - a) > 1.5, "different", "same"),
        "abx": lambda: np.where(np.abs(c - a) < np.abs(c - b), "a", "b"),
        "oddity": lambda: np.array(list("abc"))[odd_one(a, b, c)],
    }
    return table.assign(response=answers[kind](), set_id="set_12345678_9abcdef0", set_name="morph")


def analysed(table: pd.DataFrame, folder: Path, **options: Any) -> tuple[pd.DataFrame, dict[str, float], list[str]]:
    heard: list[str] = []
    table.to_csv(folder / "r.csv", index=False)
    config = AnalyseConfig.model_validate({"responses": [folder / "r.csv"], "out": folder / "out", **options})
    made = analyse(config, lambda event: heard.append(event.text) if isinstance(event, Note) else None)
    assert {file.name for file in made.out.iterdir()} == {
        *("analysis.csv", "analysis.json", "analysis.png", "analysis.svg", "analysis.pdf")
    }
    return pd.read_csv(made.table), made.figures, heard


@pytest.mark.parametrize("kind", ["same-different", "abx", "oddity"])
def test_neighbours_of_d_prime_1_are_found_so(kind: str, tmp_path: Path) -> None:
    table, figures, heard = analysed(answered(kind), tmp_path, bootstrap=200)
    assert list(table["alpha_1"]) == [0, 0.25, 0.5, 0.75] and not heard
    assert figures["d_prime_mean"] == pytest.approx(1, abs=0.2)
    assert ((table["d_prime_low"] <= 1) & (table["d_prime_high"] >= 1)).sum() >= 3
    assert (table["d_prime_high"] - table["d_prime_low"] > 0.1).all()
    assert set(table["interval"]) == {"over trials of one person"}


def test_several_people_are_intervals_over_people(tmp_path: Path) -> None:
    table, _, heard = analysed(answered("abx", participants=3, repetitions=30), tmp_path, bootstrap=50)
    assert set(table["participant"]) == {"all", "p01", "p02", "p03"}
    assert set(table.loc[table["participant"] == "all", "interval"]) == {"over 3 people"}
    assert "the intervals are over 3 people, which are few" in heard
    trials = table.groupby("participant")["trials_hit"].sum()
    assert trials["all"] == trials[["p01", "p02", "p03"]].sum() == 3 * 30 * 4 * 2


def test_rates_of_one_are_said(tmp_path: Path) -> None:
    table = answered("oddity", repetitions=5)
    table["response"] = table["correct"]
    found, _, heard = analysed(table, tmp_path, bootstrap=0)
    assert (found["right"] == 1).all() and np.isfinite(found["d_prime"]).all()
    assert heard[0].startswith("4 of 4 pairs have a rate of 0 or 1, taken as half a trial from it: their d' is what")


def test_adjustments_have_their_bias_and_spread(tmp_path: Path) -> None:
    table = trial_list("adjustment", 5, participants=6, repetitions=20)
    rng = np.random.default_rng(5)
    bias = 0.05 + 0.1 * table["alpha_a"]
    table["response"] = table["alpha_a"] + bias + rng.normal(0, 0.04, len(table))
    found, figures, _ = analysed(table, tmp_path, bootstrap=200)
    together = found[found["participant"] == "all"]
    np.testing.assert_allclose(together["bias"], 0.05 + 0.1 * together["target"], atol=0.015)
    np.testing.assert_allclose(together["sd"], 0.04, atol=0.006)
    assert figures["sd"] == pytest.approx(0.04, abs=0.003) and set(together["settings"]) == {6 * 40}
    np.testing.assert_allclose(together["mean"], together["target"] + together["bias"])


def on_a_wheel(count: int, **options: object) -> pd.DataFrame:
    config = DesignConfig.model_validate({"kind": "adjustment", "stimuli": Path("set"), **options})
    layout = Layout(tuple(f"w_{number:04}" for number in range(count)), "wheel", np.arange(count) / count)
    return trial_table(find_design(config), layout, config)


def test_adjustments_on_a_wheel_begin_a_quarter_before_and_after() -> None:
    table = on_a_wheel(24, targets=4)
    assert sorted(set(table["alpha_a"])) == [0, 0.25, 0.5, 0.75] and set(table["wheel"]) == {1}
    assert sorted(set((table["alpha_b"] - table["alpha_a"]) % 1)) == [0.25, 0.75]
    assert "wheel" not in trial_list("adjustment", 5)


@pytest.mark.parametrize("bias", [20.0, 178.0])
def test_adjustments_on_a_wheel_go_the_shorter_way_round(bias: float, tmp_path: Path) -> None:
    """Errors of a von Mises distribution, also around the place where the wheel begins, and where errors turn over."""
    table = on_a_wheel(24, targets=4, participants=6, repetitions=20)
    errors = vonmises.rvs(16, loc=np.radians(bias), size=len(table), random_state=4)
    table["response"] = (table["alpha_a"] + errors / (2 * np.pi)) % 1
    found, figures, _ = analysed(table, tmp_path, bootstrap=200)
    together, alone = found[found["participant"] == "all"], found[found["participant"] == "p01"]
    assert list(together["target"]) == [0, 90, 180, 270]
    for at, row in zip(together["target"], together.to_dict("records"), strict=True):
        one = alone[alone["target"] == at].iloc[0]
        of_all, of_one = (table["alpha_a"] == at / 360), table["participant"] == "p01"
        own = errors[of_all & of_one]
        error = np.degrees(circmean(own, low=-np.pi, high=np.pi))
        assert abs((one["bias"] - error + 180) % 360 - 180) < 1e-9
        resultant = np.exp(-(circstd(own) ** 2) / 2)
        unbiased = (len(own) * resultant**2 - 1) / (len(own) - 1)
        assert one["sd"] == pytest.approx(np.degrees(np.sqrt(-np.log(unbiased))))
        assert one["kappa"] == pytest.approx(vonmises.fit(own, fscale=1)[0], rel=0.05)
        assert abs((row["bias"] - bias + 180) % 360 - 180) < 3 and row["bias_low"] < row["bias"] < row["bias_high"]
        assert row["mean"] == pytest.approx((at + row["bias"]) % 360) and row["bias_high"] - row["bias_low"] < 20
        assert row["sd"] == pytest.approx(np.degrees(circstd(errors)), abs=2)
        assert row["kappa_low"] < row["kappa"] < row["kappa_high"]
    assert abs((figures["bias"] - bias + 180) % 360 - 180) < 2


def test_degrees_are_those_of_the_set_where_it_is_known(tmp_path: Path) -> None:
    """A wheel whose steps were made equal: even in degrees, and not in alpha. People are off by 10 degrees."""
    alphas, degrees = np.array([0, 0.05, 0.15, 0.3, 0.55, 0.8]), np.arange(6) * 60.0
    turns = np.append(alphas, 1.0), np.append(degrees, 360.0)
    table = on_a_wheel(6, targets=6, participants=3, repetitions=4)
    for name in ("alpha_a", "alpha_b"):
        table[name] = alphas[(table[name] * 6).round().astype(int)]
    seen = (np.interp(table["alpha_a"], *turns) + 10) % 360
    table["response"] = np.interp(seen, *turns[::-1])
    table.to_csv(tmp_path / "r.csv", index=False)
    answers = read_answers([tmp_path / "r.csv"], "adjustment", can=ANALYSES)
    config = AnalyseConfig(responses=(tmp_path / "r.csv",), bootstrap=0)
    of_alpha = adjusting.adjustment(answers, config, np.random.default_rng(1))
    assert any("name the set with --stimuli" in note for note in of_alpha.warnings)
    assert of_alpha.table["bias"].max() > 14
    own = replace(answers, angles=np.column_stack([alphas, degrees]))
    found = adjusting.adjustment(own, config, np.random.default_rng(1))
    assert sorted(set(found.table["target"])) == pytest.approx(list(degrees))
    np.testing.assert_allclose(found.table["bias"], 10)
    assert not any("--stimuli" in note for note in found.warnings)


def test_settings_that_are_all_one_have_no_kappa() -> None:
    assert np.isnan(kappa_of(0.0)) and np.isnan(kappa_of(float("nan")))
    assert kappa_of(1e3) == pytest.approx(0, abs=1e-6)


def test_a_map_of_triplets_is_the_planted_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(-1.5, 1.5, (8, 2))
    table = trial_list("triplets", 8, repetitions=12).drop(columns=[f"alpha_{place}" for place in "abcd"])
    ids = sorted(set(table["stim_a"]))
    shown = table[["stim_a", "stim_b", "stim_c"]].map(ids.index).to_numpy()
    a, b, c = (truth[shown[:, place]] for place in range(3))
    near = -np.array([((b - c) ** 2).sum(1), ((a - c) ** 2).sum(1), ((a - b) ** 2).sum(1)])
    table["response"] = np.array(list("abc"))[np.argmax(near + rng.gumbel(size=near.shape), axis=0)]
    found, figures, _ = analysed(table, tmp_path)
    points = found[["dimension_1", "dimension_2"]].to_numpy()
    assert list(found["stim_id"]) == ids
    assert procrustes(truth, points)[2] < 0.03
    assert 0.6 < figures["agreement_held_out"] <= figures["agreement"] + 0.03
    assert np.var(points[:, 0]) >= np.var(points[:, 1])
    table["response"] = rng.choice(list("abc"), len(table))
    (tmp_path / "chance").mkdir()
    assert analysed(table, tmp_path / "chance")[1]["agreement_held_out"] < 0.4


def test_every_task_has_a_scale_or_an_analysis() -> None:
    assert set(SCALES) | set(ANALYSES) == set(DESIGNS) and not set(SCALES) & set(ANALYSES)


def test_what_cannot_be_analysed_is_said(tmp_path: Path) -> None:
    table = trial_list("2afc", 5)
    table["response"] = "a"
    with pytest.raises(
        DataError, match=r"no analysis belongs to 2afc; it takes abx.* 'gaia-stim scale' has the others"
    ):
        analysed(table, tmp_path)
    only_same = answered("same-different", repetitions=2)
    only_same = only_same[only_same["stim_a"] == only_same["stim_b"]]
    with pytest.raises(DataError, match="no trial showed two different stimuli"):
        analysed(only_same, tmp_path)


@pytest.mark.parametrize(("asked", "number"), [(1, [0.5]), (3, [0.0, 0.5, 1.0]), (5, [0, 0.25, 0.5, 0.75, 1])])
def test_targets_of_adjustments(asked: int, number: list[float]) -> None:
    config = DesignConfig.model_validate({"kind": "adjustment", "stimuli": Path("set"), "targets": asked})
    table = trial_table(find_design(config), continuum(5), config)
    assert sorted(set(table["alpha_a"])) == number and len(table) == 2 * asked


def test_two_settings_tell_the_spread_as_well_as_many() -> None:
    """On a line and round a wheel alike: of many people with two settings each, the mean of variances is the truth."""
    errors = np.random.default_rng(3).normal(0, 10, (4000, 2))
    for way in (adjusting.LINE, adjusting.WHEEL):
        assert np.sqrt(np.mean([way.sd(two) ** 2 for two in errors])) == pytest.approx(10, rel=0.03)
