"""Scales are fitted to observers whose scale is known."""

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from observers import (
    TRUTHS,
    Truth,
    Values,
    alphas,
    answered,
    category,
    differences_judged,
    higher_chosen,
    smooth_scale,
    together,
    trial_list,
)
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.difference import PARTS, Smooth, fit_2afc, fit_mlds, fit_plain
from gaia_stim.designs.fits import Counts, Fit, rising
from gaia_stim.designs.informative import a_optimal, information
from gaia_stim.designs.psychometric import JND, Function, fit_constant, fit_identification
from gaia_stim.designs.responses import Answers
from gaia_stim.errors import DataError
from gaia_stim.metrics.distance import variation
from gaia_stim.space.spacing import HumanScale

SIGMA = 0.1
"""Of the observers' noise, the whole scale being 1: what Knoblauch & Maloney (2008) and Charrier et al. (2007) found in
people is 0.11 to 0.18."""
SEEDS = range(4)


def options(**values: Any) -> ScaleConfig:
    return ScaleConfig.model_validate({"responses": (Path("results.csv"),), "bootstrap": 0, **values})


def chance_of(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 77])


def scaled(name: str, seed: int, sigma: float = SIGMA, trials: int = 500, triads: bool = False, **values: Any) -> Fit:
    table = trial_list("mlds", 9, trials=trials, seed=seed, triads=triads)
    noise = np.random.default_rng([seed, list(TRUTHS).index(name)])
    answers = answered(table, differences_judged(table, TRUTHS[name], sigma, noise))
    return fit_mlds(answers, options(**values), np.random.default_rng(0))


def in_two_sessions(truth: Truth, seed: int, triads: bool = False, sigma: float = SIGMA) -> Answers:
    """200 trials, and the 300 that these ask for."""
    first = trial_list("mlds", 9, trials=200, seed=seed, triads=triads)
    answers = answered(first, differences_judged(first, truth, sigma, chance_of(seed)))
    second = trial_list("mlds", 9, earlier=answers, trials=300, seed=seed, triads=triads)
    return together([answers, answered(second, differences_judged(second, truth, sigma, chance_of(1000 + seed)))])


def respaced(alpha: Values, scale: Values, truth: Truth) -> float:
    """Coefficient of variation, in the observer's own scale, of nine stimuli spaced by a fitted one."""
    spaced = HumanScale(alpha, rising(scale)[0], Path(), "")(lambda places: np.empty(0, np.uint8), 9)
    return variation(np.diff(truth(spaced.places)))


def at_stimuli(values: Values) -> Values:
    return values[::PARTS]


@pytest.mark.parametrize("triads", [False, True], ids=["quadruples", "triads"])
def test_500_trials_tell_the_scale_and_even_the_steps(triads: bool) -> None:
    """r >= 0.99 every time, and steps with a coefficient of variation of at most 0.10 for most: in one session, that is
    chance as well as method. docs/designs.md has how many.
    """
    uneven, plain, noise = {}, [], []
    for name, seed in itertools.product(TRUTHS, SEEDS):
        fit = scaled(name, seed, triads=triads)
        stimuli, unsmoothed = at_stimuli(fit.alpha), at_stimuli(fit.columns["unsmoothed"])
        truth = TRUTHS[name](stimuli)
        assert np.corrcoef(at_stimuli(fit.scale), truth)[0, 1] >= 0.99
        assert np.corrcoef(unsmoothed, truth)[0, 1] >= 0.99
        assert (fit.scale[0], fit.scale[-1]) == (0, 1) and (np.diff(fit.scale) > 0).all()
        noise.append(fit.figures["sigma"])
        uneven[name, seed] = respaced(fit.alpha, fit.scale, TRUTHS[name])
        plain.append(respaced(stimuli, unsmoothed, TRUTHS[name]))
        before = variation(np.diff(TRUTHS[name](np.linspace(0, 1, 9))))
        assert uneven[name, seed] < 0.5 * before and before > 0.3
    reached = np.array(list(uneven.values())) <= 0.10
    assert np.median(list(uneven.values())) <= 0.08 and reached.mean() >= 0.65
    assert np.mean(noise) == pytest.approx(SIGMA, rel=0.1)
    # Smoothing pays.
    assert np.median(list(uneven.values())) < 0.85 * np.median(plain)


@pytest.mark.parametrize("triads", [False, True], ids=["quadruples", "triads"])
def test_500_trials_in_two_sessions_even_the_steps(triads: bool) -> None:
    """The goal of the project: r >= 0.99, and steps with a coefficient of variation of at most 0.10."""
    uneven = []
    for truth, seed in itertools.product([*TRUTHS.values(), *map(smooth_scale, range(6))], SEEDS):
        fit = fit_mlds(in_two_sessions(truth, seed, triads), options(), np.random.default_rng(0))
        assert np.corrcoef(at_stimuli(fit.scale), truth(at_stimuli(fit.alpha)))[0, 1] >= 0.99
        uneven.append(respaced(fit.alpha, fit.scale, truth))
    assert np.mean(np.array(uneven) <= 0.10) >= 0.95 and max(uneven) <= 0.13


def test_many_answers_are_the_truth() -> None:
    """Between the stimuli as well."""
    for name in ("power 2", "logarithm", "sigmoid"):
        few, many = (scaled(name, 0, trials=trials) for trials in (500, 20_000))
        few_off, many_off = (np.abs(fit.scale - TRUTHS[name](fit.alpha)).max() for fit in (few, many))
        assert many_off < 0.01 and many_off < few_off / 2
        assert respaced(many.alpha, many.scale, TRUTHS[name]) <= 0.03


def test_a_boundary_between_categories_is_not_smoothed_away() -> None:
    truth = category(0.06)
    for seed in SEEDS:
        fit = fit_mlds(in_two_sessions(truth, seed), options(), np.random.default_rng(0))
        assert np.abs(fit.scale - truth(fit.alpha)).max() < 0.06
        steepest = np.diff(truth(at_stimuli(fit.alpha))).max()
        assert steepest > 0.35 and np.diff(at_stimuli(fit.scale)).max() > 0.85 * steepest
        assert respaced(fit.alpha, fit.scale, truth) < 0.2 < 0.9 < variation(np.diff(truth(np.linspace(0, 1, 9))))


def test_five_answers_have_a_scale_and_intervals() -> None:
    """So few leave scales possible that are less likely than the best one by more than a float can say."""
    places = [[2, 3], [2, 1], [0, 1], [1, 2], [3, 2]]
    alpha = np.hstack([np.array(places) / 3, np.full((5, 2), np.nan)])
    answers = Answers("2afc", alpha, np.array(["b", "a", "b", "b", "a"]), np.full(5, "p"))
    for seed in range(4):
        fit = fit_2afc(answers, options(bootstrap=200), np.random.default_rng(seed))
        assert np.isfinite([fit.scale, fit.low, fit.high]).all()


def test_without_roughness_the_smooth_fit_is_the_plain_one() -> None:
    """The fewer the parts' slopes are held together, the nearer to maximum likelihood."""
    table = trial_list("mlds", 7, repetitions=20)
    responses = differences_judged(table, TRUTHS["exponential"], 0.1, chance_of(0))
    ranks = np.sort(np.rint(alphas(table) * 6).astype(int), axis=1)
    answers = np.array(responses) == np.where(alphas(table)[:, 0] < alphas(table)[:, 2], "cd", "ab")
    starts = np.arange(6)
    inside = [(ranks[:, [at]] <= starts) & (starts < ranks[:, [at + 1]]) for at in (0, 2)]
    counts = Counts.of(inside[1].astype(float) - inside[0], answers)
    plain = fit_plain(counts)
    assert (plain.steps > 0).all()
    parts = replace(counts, predictors=np.repeat(counts.predictors, PARTS, axis=1))
    off = []
    for weight in (10.0, 0.1, 1e-5):
        fit = Smooth.to(parts, np.full(6 * PARTS, 1 / PARTS), np.zeros(6 * PARTS), weight).fit
        off.append(np.abs(at_stimuli(fit.scale) - plain.scale).max())
    assert off[0] > off[1] > off[2] and off[2] < 0.01 * plain.scale[-1]


def test_the_trials_to_come_are_the_best_there_are() -> None:
    """By the equivalence theorem: no trial would add more than those that are shown do."""
    steps = np.array([1.0, 0.5, 2.0, 1.5, 0.7])
    pairs = list(itertools.combinations(range(6), 2))
    rows = np.array(
        [
            [float(c <= step < d) - float(a <= step < b) for step in range(5)]
            for (a, b), (c, d) in itertools.combinations(pairs, 2)
            if b <= c
        ]
    )
    weights = a_optimal(rows, steps, 1e-6 * np.eye(5), 100)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    length = steps / steps.sum()
    errors = np.sqrt(length)[:, None] * (np.eye(5) - length)
    each = information(Counts(rows, np.ones(len(rows)), np.zeros(len(rows))), steps)

    def left(shown: Values) -> float:
        told = rows * steps
        known = 1e-6 * np.eye(5) + 100 * told.T @ (told * (shown * each)[:, None])
        return float(np.trace(errors @ np.linalg.solve(known, errors.T)))

    best, evenly = left(weights), left(np.full(len(rows), 1 / len(rows)))
    assert best < 0.8 * evenly
    for one in np.eye(len(rows)):
        assert left(0.99 * weights + 0.01 * one) > 0.998 * best


def test_the_plain_fit_is_the_published_model() -> None:
    """Against a direct maximisation of the likelihood with the design matrix of Knoblauch & Maloney (2008)."""
    table = trial_list("mlds", 7, repetitions=10)
    responses = differences_judged(table, TRUTHS["power 2"], 0.2, chance_of(0))
    fit = fit_mlds(answered(table, responses), options(smooth=False), np.random.default_rng(0))
    ranks = np.rint(alphas(table) * 6).astype(int)
    matrix = np.zeros((len(table), 7))
    for row, (a, b, c, d) in enumerate(ranks):
        matrix[row, [max(c, d), min(a, b)]] += 1
        matrix[row, [min(c, d), max(a, b)]] -= 1
    sign = np.where(np.array(responses) == "cd", 1, -1)

    def loss(psi: Values) -> float:
        return -float(log_ndtr(sign * (matrix[:, 1:] @ psi)).sum())

    found = minimize(loss, np.linspace(0.5, 3, 6), method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(fit.scale / fit.figures["sigma"], [0, *found.x], atol=2e-3)
    assert fit.figures["log_likelihood"] == pytest.approx(-found.fun, abs=1e-4)


def test_triads_and_quadruples_are_one_model() -> None:
    """The answers to both together are those of one scale."""
    parts = [trial_list("mlds", 9, trials=400, triads=triads) for triads in (False, True)]
    both = [answered(table, differences_judged(table, TRUTHS["logarithm"], SIGMA, chance_of(1))) for table in parts]
    fit = fit_mlds(together(both), options(), np.random.default_rng(0))
    assert np.abs(fit.scale - TRUTHS["logarithm"](fit.alpha)).max() < 0.04


def test_the_place_on_the_screen_does_not_matter() -> None:
    """Pairs exchanged and turned round, with the answer that belongs to them, are the same trials."""
    table = trial_list("mlds", 7, repetitions=3)
    responses = np.array(differences_judged(table, TRUTHS["power 2"], SIGMA, chance_of(2)))
    straight = answered(table, list(responses))
    turned = Answers(
        "mlds", straight.alpha[:, [3, 2, 0, 1]], np.where(responses == "ab", "cd", "ab"), straight.participant
    )
    fits = [fit_mlds(one, options(bootstrap=20), np.random.default_rng(0)) for one in (straight, turned)]
    np.testing.assert_allclose(fits[0].scale, fits[1].scale, atol=1e-9)
    np.testing.assert_allclose(fits[0].low, fits[1].low, atol=1e-9)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Of 90 % intervals, over scales, seeds and stimuli: near 90 %; docs/designs.md has what a larger run found."""
    smooth, plain = [], []
    for name, seed in itertools.product(TRUTHS, range(6)):
        fit = scaled(name, 100 + seed, bootstrap=60, confidence=0.9)
        truth = TRUTHS[name](fit.alpha)
        columns = fit.columns
        smooth += list(((fit.low <= truth) & (truth <= fit.high))[1:-1])
        inside = (columns["unsmoothed_low"] <= truth) & (truth <= columns["unsmoothed_high"])
        plain += list(at_stimuli(inside)[1:-1])
    assert 0.78 <= np.mean(smooth) <= 0.98 and 0.8 <= np.mean(plain) <= 0.98


def test_the_bootstrap_is_of_the_seed_and_tells_how_even_steps_will_be() -> None:
    first, again = (scaled("power 2", 0, bootstrap=40) for _ in range(2))
    np.testing.assert_array_equal(first.low, again.low)
    assert ((first.high - first.low)[1:-1] > 0.005).all() and np.abs(
        (first.high + first.low) / 2 - first.scale
    ).max() < 0.03
    assert 0.02 < first.figures["steps_cv_expected"] < 0.15 < 0.5 < first.figures["steps_cv"]
    assert 0.01 < first.figures["deviance_p"] <= 1
    assert first.figures["sigma_low"] < first.figures["sigma"] < first.figures["sigma_high"]


def test_answers_without_a_contradiction() -> None:
    """No noise at all: the likelihood has no maximum, the scale is found all the same, and a warning says so."""
    fit = scaled("power 2", 0, sigma=0, trials=126, bootstrap=5)
    assert np.abs(fit.scale - TRUTHS["power 2"](fit.alpha)).max() < 0.06
    assert np.isfinite(fit.figures["sigma"]) and fit.figures["explained"] == 1
    assert any("no answer contradicts" in warning for warning in fit.warnings)


def test_stimuli_that_look_the_same_still_make_a_rising_scale() -> None:
    def flat_at_first(alpha: Values) -> Values:
        return np.maximum(0, alpha - 0.4) / 0.6

    table = trial_list("mlds", 9, repetitions=4)
    answers = answered(table, differences_judged(table, flat_at_first, SIGMA, chance_of(0)))
    fit = fit_mlds(answers, options(), np.random.default_rng(0))
    assert (np.diff(fit.scale) > 0).all() and np.abs(fit.scale - flat_at_first(fit.alpha)).max() < 0.05
    plain = fit_mlds(answers, options(smooth=False), np.random.default_rng(0))
    assert "unsmoothed" not in plain.columns
    falls = (np.diff(plain.scale) <= 0).any()
    assert falls == any("leave out --no-smooth" in warning for warning in plain.warnings)


@pytest.mark.parametrize("pairs", ["adjacent", "all"])
def test_choices_of_the_higher_tell_the_scale(pairs: str) -> None:
    repetitions = {"adjacent": 60, "all": 15}[pairs]
    table = trial_list("2afc", 9, pairs=pairs, repetitions=repetitions)
    answers = answered(table, higher_chosen(table, TRUTHS["power 1.5"], 0.15, chance_of(0)))
    fit = fit_2afc(answers, options(), np.random.default_rng(0))
    assert np.corrcoef(fit.scale, TRUTHS["power 1.5"](fit.alpha))[0, 1] >= 0.99
    assert fit.figures["sigma_of_a_difference"] == pytest.approx(0.15, rel=0.2)


def test_the_psychometric_function_of_an_identification() -> None:
    table = trial_list("identification", 11, repetitions=60)
    alpha = alphas(table)[:, 0]
    share = 0.03 + 0.94 * ndtr((alpha - 0.42) / 0.12)
    fits = []
    for seed in range(8):
        responses = np.where(chance_of(seed).random(len(alpha)) < share, "b", "a")
        fits.append(fit_identification(answered(table, list(responses)), options(), np.random.default_rng(0)))
    assert np.mean([fit.figures["pse"] for fit in fits]) == pytest.approx(0.42, abs=0.01)
    assert np.mean([fit.figures["jnd"] for fit in fits]) == pytest.approx(JND * 0.12, rel=0.08)
    assert np.mean([fit.figures["lapse"] for fit in fits]) == pytest.approx(0.03, abs=0.01)
    truth = ndtr((fits[0].alpha - 0.42) / 0.12)
    for fit in fits:
        assert np.abs(fit.scale - (truth - truth[0]) / np.ptp(truth)).max() < 0.15
        assert (np.diff(fit.scale) > 0).all() and (fit.scale[0], fit.scale[-1]) == (0, 1)
        assert fit.points is not None and len(fit.points[0]) == 11


def test_intervals_of_a_psychometric_function() -> None:
    table = trial_list("identification", 11, repetitions=20)
    alpha = alphas(table)[:, 0]
    inside = []
    for seed in range(8):
        responses = np.where(chance_of(seed).random(len(alpha)) < ndtr((alpha - 0.42) / 0.12), "b", "a")
        fit = fit_identification(answered(table, list(responses)), options(bootstrap=30), np.random.default_rng(0))
        figures = fit.figures
        inside += [figures["pse_low"] <= 0.42 <= figures["pse_high"]]
        inside += [figures["jnd_low"] <= JND * 0.12 <= figures["jnd_high"]]
        assert (fit.low <= fit.scale + 1e-9).all() and (fit.scale <= fit.high + 1e-9).all()
        assert 0 < figures["deviance_p"] <= 1
    assert np.mean(inside) >= 0.75


def test_the_psychometric_function_of_constant_stimuli() -> None:
    table = trial_list("constant", 11, repetitions=40, standard="m_0004")
    alpha = alphas(table)
    rng = chance_of(1)
    # The observer sees the standard, at 0.3, as if it were at 0.38.
    standard = float(table.loc[table["stim_a"] == "m_0004", "alpha_a"].iloc[0])
    seen = np.where(alpha[:, :2] == standard, 0.38, alpha[:, :2])
    noisy = seen + 0.1 / np.sqrt(2) * rng.standard_normal(seen.shape)
    responses = np.where(noisy[:, 1] > noisy[:, 0], "b", "a")
    fit = fit_constant(answered(table, list(responses)), options(), np.random.default_rng(0))
    assert fit.figures["standard"] == pytest.approx(0.3)
    assert fit.figures["pse"] == pytest.approx(0.38, abs=0.03)
    assert fit.figures["jnd"] == pytest.approx(JND * 0.1, rel=0.25)


@pytest.mark.parametrize("sigma", [0.03, 0.1, 1.0])
@pytest.mark.parametrize("pse", [-1.0, 0.3, 0.7, 2.0])
def test_a_functions_scale_is_told_in_its_tails(pse: float, sigma: float) -> None:
    """Against the tail on the side where it is small, number by number."""
    places, side = np.linspace(0, 1, 11), np.sign(0.5 - pse)
    tail = [side * math.erfc(side * (place - pse) / sigma / math.sqrt(2)) for place in places]
    found = Function(pse, sigma).scale(places)
    shares = (found - found[0]) / (found[-1] - found[0])
    np.testing.assert_allclose(shares, (tail - tail[0]) / (tail[-1] - tail[0]), atol=1e-9)


def test_intervals_of_a_handful_of_answers_are_numbers() -> None:
    table = trial_list("identification", 3, participants=2)
    is_first = (table["participant"] == "p02") & (table["stim_a"] == "m_0001")
    responses = list(np.where(is_first, "a", "b"))
    fit = fit_identification(answered(table, responses), options(bootstrap=100), np.random.default_rng(0))
    assert np.isfinite([fit.low, fit.scale, fit.high]).all()


def test_a_step_and_swapped_keys() -> None:
    table = trial_list("identification", 9, repetitions=10)
    alpha = alphas(table)[:, 0]
    step = answered(table, list(np.where(alpha > 0.55, "b", "a")))
    fit = fit_identification(step, options(bootstrap=3), np.random.default_rng(0))
    assert 0.5 < fit.figures["pse"] < 0.625 and (np.diff(fit.scale) > 0).all()
    assert any("how fast cannot be told" in warning for warning in fit.warnings)
    swapped = answered(table, list(np.where(alpha > 0.55, "a", "b")))
    with pytest.raises(DataError, match="swapped"):
        fit_identification(swapped, options(), np.random.default_rng(0))
    quadruples = trial_list("mlds", 9)
    opposite = {"ab": "cd", "cd": "ab"}
    right = differences_judged(quadruples, TRUTHS["power 2"], SIGMA, chance_of(0))
    with pytest.raises(DataError, match="swapped"):
        fit_mlds(answered(quadruples, [opposite[one] for one in right]), options(), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("kind", "steps", "fit", "words"),
    [
        ("identification", 3, fit_identification, ("a", "b")),
        ("constant", 3, fit_constant, ("a", "b")),
        ("2afc", 5, fit_2afc, ("a", "b")),
        ("mlds", 5, fit_mlds, ("ab", "cd")),
    ],
)
@pytest.mark.parametrize("seed", range(8))
def test_seven_trials_are_too_few_and_not_swapped(kind: str, steps: int, fit: Any, words: Any, seed: int) -> None:
    """Whatever is answered to so few: guesses, or the very opposite."""
    table = trial_list(kind, steps, repetitions=3)[:7]
    alpha = alphas(table)
    chance = chance_of(seed)
    guesses = list(chance.choice(words, 7))
    opposite = [words[0] if row[0] > 0.5 or row[1] > row[0] else words[1] for row in alpha]
    for responses in (guesses, opposite):
        try:
            fit(answered(table, responses), options(bootstrap=0), np.random.default_rng(0))
        except DataError as error:
            assert "swapped" not in str(error)
            assert (
                "too few" in str(error)
                or "tells no" in str(error)
                or "three stimuli" in str(error)
                or ("connect" in str(error))
            ), str(error)


def test_guesses_are_told_from_swapped_keys() -> None:
    table = trial_list("identification", 9, repetitions=30)
    order = np.argsort(alphas(table)[:, 0], kind="stable")
    alternating = np.empty(len(table), object)
    alternating[order] = np.resize(["b", "a"], len(table))
    with pytest.raises(DataError, match="do not rise with alpha, no more than guesses do"):
        fit_identification(answered(table, list(alternating)), options(), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("kind", "fit", "only"),
    [("mlds", fit_mlds, "cd"), ("2afc", fit_2afc, "a"), ("identification", fit_identification, "b")],
)
def test_answers_that_tell_nothing(kind: str, fit: Any, only: str) -> None:
    table = trial_list(kind, 7)
    with pytest.raises(DataError, match="answers are"):
        fit(answered(table, [only] * len(table)), options(), np.random.default_rng(0))
    few = table.iloc[:4].copy()
    answers = ["ab", "cd", "ab", "cd"] if kind == "mlds" else ["a", "b", "a", "b"]
    with pytest.raises(DataError, match=r"too few|do not connect|at least three"):
        fit(answered(few, answers), options(), np.random.default_rng(0))
    few[[f"alpha_{place}" for place in "abcd"]] *= 0
    with pytest.raises(DataError, match=r"at least three stimuli, not 1"):
        fit(answered(few, answers), options(), np.random.default_rng(0))


@pytest.mark.parametrize(("share", "told"), [(0, "none"), (1, "all")])
def test_a_standard_that_is_always_chosen_or_never(share: int, told: str) -> None:
    """Wherever it stood: the keys were not swapped."""
    table = trial_list("constant", 7)
    standard_first = table["stim_a"] == "m_0004"
    responses = list(np.where(standard_first == bool(share), "b", "a"))
    with pytest.raises(DataError, match=f"the comparison was chosen in {told} of "):
        fit_constant(answered(table, responses), options(), np.random.default_rng(0))


def test_trials_that_do_not_connect_the_stimuli() -> None:
    table = trial_list("2afc", 8, pairs="step:4", repetitions=10)
    answers = answered(table, list(itertools.islice(itertools.cycle("ab"), len(table))))
    with pytest.raises(DataError, match="do not connect all 8 stimuli"):
        fit_2afc(answers, options(), np.random.default_rng(0))
