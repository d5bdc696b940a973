"""What intervals are about and whether they hold it, and what lapses and biases do: observers who compare noisy
sensations and toss a coin now and then. benchmarks/intervals.py has the same with more of everything, and
benchmarks/coverage.py other observers. Of so few experiments a share is known to some 0.06: these tests see that the
intervals are about what they say, and do not measure how often they hold it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observers import Values
from scipy.special import ndtr
from scipy.stats import binom

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.difference import fit_2afc, fit_mlds, fit_plain, root_of_inverse
from gaia_stim.designs.fits import MOST_LAPSES, Counts, Fit, People, interval
from gaia_stim.designs.plot import scale_chart
from gaia_stim.designs.psychometric import JND, fit_constant, fit_function, fit_identification, posterior
from gaia_stim.designs.responses import Answers
from gaia_stim.errors import DataError

LIMITS = 0.0125, 20.0
"""Of sigma, for nine stimuli."""


def options(**values: Any) -> ScaleConfig:
    return ScaleConfig.model_validate({"responses": (Path("results.csv"),), "bootstrap": 0, **values})


def answers(task: str, alpha: Values, is_second: Values, words: tuple[str, str], who: Values | str = "p") -> Answers:
    padded = np.full((len(alpha), 4), np.nan)
    padded[:, : alpha.shape[1]] = alpha
    return Answers(task, padded, np.where(is_second, words[1], words[0]), np.broadcast_to(who, len(alpha)).astype(str))


def tossed(rng: np.random.Generator, is_second: Values, lapse: float) -> Values:
    return np.where(rng.random(len(is_second)) < lapse, rng.random(len(is_second)) < 0.5, is_second)


def identified(
    seed: int, trials: int, sigma: float = 0.12, lapse: float = 0.0, pse: Values | float = 0.42, who: Any = "p"
) -> Answers:
    rng = np.random.default_rng([seed, trials])
    alpha = np.resize(np.linspace(0, 1, 9), trials)
    return answers(
        "identification",
        alpha[:, None],
        tossed(rng, alpha + sigma * rng.standard_normal(trials) > pse, lapse),
        ("a", "b"),
        who,
    )


def differed(seed: int, trials: int, power: Values | float = 2.0, lapse: float = 0.0, who: Any = "p") -> Answers:
    rng = np.random.default_rng([seed, trials])
    alpha = np.sort([rng.choice(9, 4, replace=False) for _ in range(trials)], axis=1) / 8
    a, b, c, d = alpha.T ** np.asarray(power)
    is_second = d - c - b + a + 0.1 * rng.standard_normal(trials) > 0
    return answers("mlds", alpha, tossed(rng, is_second, lapse), ("ab", "cd"), who)


def fitted(fit: Any, given: Answers, **values: Any) -> Fit:
    found: Fit = fit(given, options(**values), np.random.default_rng(0))
    return found


def counted(given: Answers) -> Counts:
    rows = np.column_stack([given.alpha[:, 0], np.zeros(len(given)), np.ones(len(given))])
    return Counts.of(rows, given.answer == "b")


# -- few answers ------------------------------------------------------------------------------------------------------


@given(st.integers(2, 30), st.integers(0, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_a_root_of_an_inverse(size: int, condition: int, seed: int) -> None:
    """As by the book while the matrix is far from singular, and a root when it is next to it."""
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.standard_normal((size, size)))[0]
    matrix = (turned * np.geomspace(1e-3, 10.0**condition, size)) @ turned.T
    found = root_of_inverse((matrix + matrix.T) / 2)
    assert np.isfinite(found).all() and not np.triu(found, 1).any()
    if condition < 4:
        np.testing.assert_allclose(found, np.linalg.cholesky(np.linalg.inv(matrix)), rtol=1e-4, atol=1e-6)


@given(st.integers(4, 12), st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_handful_of_answers_has_a_scale_or_a_reason(trials: int, people: int, seed: int) -> None:
    """Whatever was answered, about four stimuli: a scale from 0 to 1 with its intervals, or a message."""
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(4, 2, replace=False) for _ in range(trials)]) / 3
    rows = np.column_stack([pairs, np.full((trials, 2), np.nan)])
    chosen, who = rng.choice(["a", "b"], trials), rng.choice([f"p{one}" for one in range(people)], trials)
    try:
        fit = fitted(fit_2afc, Answers("2afc", rows, chosen, who), bootstrap=20)
    except DataError:
        return
    assert np.isfinite(fit.scale).all() and fit.scale[0] == 0 and fit.scale[-1] == pytest.approx(1)
    assert (fit.low <= fit.high + 1e-12).all()


# -- what intervals are about ------------------------------------------------------------------------------------------


def test_an_interval_over_people_holds_the_population() -> None:
    """PSEs that differ: the same answers, taken for one person's, hold the mean PSE far less often."""
    held: dict[bool, list[bool]] = {True: [], False: []}
    for seed in range(16):
        pse = np.random.default_rng([seed, 5]).normal(0.42, 0.2, 10)
        person = np.repeat(np.arange(10), 36)
        for is_told, who in ((True, person), (False, "p")):
            figures = fitted(fit_identification, identified(seed, 360, pse=pse[person], who=who), bootstrap=25).figures
            held[is_told].append(figures["pse_low"] <= 0.42 <= figures["pse_high"])
    assert np.mean(held[True]) >= 0.9 and np.mean(held[False]) <= 0.65


def test_a_scale_of_people_who_differ() -> None:
    """Exponents spread by 0.35 log: of the population's mean scale at the stimuli."""
    truth = np.mean(
        np.linspace(0, 1, 9) ** (2 * np.exp(0.35 * np.random.default_rng(0).normal(size=(9999, 1)))), axis=0
    )
    held: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(8):
        person = np.repeat(np.arange(10), 60)
        power = 2 * np.exp(0.35 * np.random.default_rng([seed, 6]).normal(size=10))[person]
        for is_told, who in ((True, person), (False, "p")):
            fit = fitted(fit_mlds, differed(seed, 600, power, who=who), bootstrap=40)
            inside = (fit.low[::4] <= truth) & (truth <= fit.high[::4])
            held[is_told].append(inside[1:-1].mean())
    assert np.mean(held[True]) >= 0.95 and np.mean(held[False]) <= 0.6


def test_it_is_said_what_intervals_are_about() -> None:
    person = np.repeat(np.arange(4), 90)
    given = identified(0, 360, who=person)
    fit = fitted(fit_identification, given, bootstrap=10, confidence=0.9)
    assert fit.interval == "90 % interval over 4 people"
    assert any("4 are few to tell how people differ" in warning for warning in fit.warnings)
    alone = fitted(fit_identification, given.of("2"), bootstrap=10, confidence=0.9)
    assert alone.interval == "90 % interval over trials of one person" and not any(
        "few to" in w for w in alone.warnings
    )
    assert fitted(fit_identification, given).interval == ""
    for one in (fit, alone):
        assert one.interval in scale_chart(one, "title").says


def test_people_are_drawn_whole() -> None:
    """The mean of two numbers of trials, person by person: never another mixture within one."""
    people = People.of(np.array([[1.0], [2.0], [2.0], [2.0]]), np.array([1, 0, 1, 1], bool), np.array(list("abbb")))
    assert len(people) == 2 and people.counts.trials.tolist() == [1, 3]
    seen = {tuple(map(float, people.drawn(np.random.default_rng(seed)).trials)) for seed in range(20)}
    assert seen == {(2.0,), (1.0, 3.0), (6.0,)}
    assert [one.second.tolist() for one in people.each()] == [[1], [2]]


def test_few_people_make_wider_intervals() -> None:
    """Of means of normal numbers, by the textbook: t with n - 1 degrees of freedom, and the standard error."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        sample = rng.standard_normal(4)
        draws = [np.array([rng.choice(sample, 4).mean()]) for _ in range(200)]
        low, high = interval(draws, 0.95, np.array([sample.mean()]), 4)
        held.append(low[0] <= 0 <= high[0])
    assert 0.9 <= np.mean(held) <= 0.99


def test_a_persons_jnd_is_not_that_of_all_together() -> None:
    person = np.repeat(np.arange(12), 90)
    pse = np.random.default_rng(3).normal(0.5, 0.2, 12)[person]
    fit = fitted(fit_identification, identified(1, 1080, 0.08, pse=pse, who=person), bootstrap=20)
    assert fit.figures["jnd"] > 2 * JND * 0.08
    # Three standard errors of these 1080 answers; whether it is right in the mean is for benchmarks/coverage.py.
    assert fit.figures["jnd_of_a_person"] == pytest.approx(JND * 0.08, rel=0.18)
    assert fit.figures["jnd_of_a_person_low"] < fit.figures["jnd_of_a_person"] < fit.figures["jnd"]
    assert fit.figures["pse_sd_over_people"] == pytest.approx(np.std(np.unique(pse), ddof=1), rel=0.3)
    assert any(warning.startswith("people differ: the JND of all together") for warning in fit.warnings)


# -- guesses and lapses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lapse", [0.0, 0.15, 0.3])
def test_lapses_do_not_flatten_the_function(lapse: float) -> None:
    """sigma of 0.12 came out as 0.198 where 15 % were answered at each end otherwise, with a bound of 0.1."""
    found = [fitted(fit_identification, identified(seed, 900, lapse=lapse)).figures for seed in range(12)]
    assert np.mean([one["sigma"] for one in found]) == pytest.approx(0.12, rel=0.1)
    for name in ("guess", "lapse"):
        assert np.mean([one[name] for one in found]) == pytest.approx(lapse / 2, abs=0.02)


def test_guesses_and_lapses_are_two_rates() -> None:
    rng = np.random.default_rng(0)
    alpha = np.resize(np.linspace(0, 1, 9), 1800)
    share = 0.2 + 0.78 * ndtr((alpha - 0.5) / 0.1)
    given = answers("identification", alpha[:, None], rng.random(1800) < share, ("a", "b"))
    fit = fitted(fit_identification, given)
    assert fit.figures["guess"] == pytest.approx(0.2, abs=0.03)
    assert fit.figures["lapse"] == pytest.approx(0.02, abs=0.02)
    assert fit.figures["sigma"] == pytest.approx(0.1, rel=0.15)
    assert [warning[:22] for warning in fit.warnings if "rate" in warning] == ["the guess rate is 0.20"]


def test_a_bound_that_is_met_is_said() -> None:
    rng = np.random.default_rng(0)
    alpha = np.resize(np.linspace(0, 1, 9), 1800)
    share = 0.45 + 0.55 * ndtr((alpha - 0.5) / 0.1)
    fit = fitted(fit_identification, answers("identification", alpha[:, None], rng.random(1800) < share, ("a", "b")))
    assert fit.figures["guess"] == pytest.approx(MOST_LAPSES)
    assert any(warning.startswith("the guess rate meets its bound, 0.3") for warning in fit.warnings)


def test_the_jnd_of_90_trials_lies_in_its_interval() -> None:
    """It did 83 % of the time: simulated experiments are as sure of sigma as their own estimate is."""
    held = []
    for seed in range(48):
        counts = counted(identified(seed, 90, lapse=0.04))
        best = fit_function(counts, LIMITS)
        low, high = np.quantile(
            [one.sigma for one in posterior(counts, best, LIMITS, 300, np.random.default_rng(0))], [0.025, 0.975]
        )
        held.append(low <= 0.12 <= high)
    assert np.mean(held) >= 0.95


def test_the_posterior_is_that_of_a_plain_reckoning() -> None:
    """Against draws from what is likely beforehand, each weighted by the binomial chance of the answers."""
    given = identified(4, 90, lapse=0.1)
    counts = counted(given)
    rng = np.random.default_rng(1)
    pse, sigma = rng.uniform(0, 1, 400_000), rng.uniform(0.0125, 0.6, 400_000)
    guess, lapse = rng.beta(1, 10, (2, 400_000))
    weight = ((guess < MOST_LAPSES) & (lapse < MOST_LAPSES)).astype(float)
    for (alpha, *_), trials, second in zip(counts.predictors, counts.trials, counts.second, strict=True):
        weight *= binom.pmf(second, trials, guess + (1 - guess - lapse) * ndtr((alpha - pse) / sigma))
    drawn = np.array(posterior(counts, fit_function(counts, LIMITS), LIMITS, 8000, rng))
    for column, values in enumerate((pse, sigma, guess, lapse)):
        order = np.argsort(values)
        summed = np.cumsum(weight[order]) / weight.sum()
        for part in (0.025, 0.25, 0.5, 0.75, 0.975):
            truth = values[order][np.searchsorted(summed, part)]
            spread = np.sqrt(np.average((values - np.average(values, weights=weight)) ** 2, weights=weight))
            assert np.quantile(drawn[:, column], part) == pytest.approx(truth, abs=0.15 * spread), (column, part)


def test_random_answers_do_not_double_the_noise_of_a_difference_scale() -> None:
    """6 % of the answers are a coin's."""
    without, fits = (
        [fitted(fit_mlds, differed(seed, 500, lapse=lapse)) for seed in range(10)] for lapse in (0.0, 0.06)
    )
    noise, truth = (np.mean([fit.figures["sigma"] for fit in some]) for some in (fits, without))
    # Maximum likelihood with a free step for each stimulus has sigma a tenth too small after 500 trials.
    assert noise == pytest.approx(truth, rel=0.1) and 0.085 < truth < 0.1
    assert np.mean([fit.figures["lapse"] for fit in fits]) == pytest.approx(0.06, abs=0.02)
    assert all(
        any("look as if answered by chance" in text for text in fit.warnings) for fit in fits if fit.figures["lapse"]
    )
    assert np.mean([np.abs(fit.scale - fit.alpha**2).max() for fit in fits]) < 0.05


def test_without_lapses_the_estimate_is_the_published_models() -> None:
    """To the last digit: where answers do not clearly call for lapses, there are none in the fit."""
    for seed in range(10):
        given = differed(seed, 500)
        fit = fitted(fit_mlds, given, smooth=False)
        a, b, c, d = given.alpha.T[..., None]
        starts = np.arange(8) / 8
        rows = ((c <= starts) & (starts < d)).astype(float) - ((a <= starts) & (starts < b))
        turned = rows[np.arange(500), (rows != 0).argmax(axis=1)] < 0
        plain = fit_plain(Counts.of(np.where(turned[:, None], -rows, rows), (given.answer == "cd") ^ turned))
        assert fit.figures["lapse"] == 0
        np.testing.assert_allclose(fit.scale, plain.scale / plain.scale[-1], atol=1e-12)
        assert fit.figures["sigma"] == pytest.approx(1 / plain.scale[-1], rel=1e-12)


def test_lapses_in_choices_of_the_higher() -> None:
    rng = np.random.default_rng(0)
    pairs = np.array([rng.choice(9, 2, replace=False) for _ in range(1500)]) / 8
    felt = pairs**1.5 + 0.15 / np.sqrt(2) * rng.standard_normal(pairs.shape)
    fit = fitted(fit_2afc, answers("2afc", pairs, tossed(rng, felt[:, 1] > felt[:, 0], 0.1), ("a", "b")), bootstrap=5)
    assert fit.figures["lapse"] == pytest.approx(0.1, abs=0.02)
    assert fit.figures["sigma_of_a_difference"] == pytest.approx(0.15, rel=0.1)


# -- the standard with itself ------------------------------------------------------------------------------------------


def compared(seed: int, second_higher: float, with_itself: bool = True) -> Answers:
    rng = np.random.default_rng([seed, 9])
    place = np.resize(np.linspace(0, 1, 9), 720)
    is_second = np.repeat([True, False], 360)
    pairs = np.where(
        is_second[:, None], np.column_stack([np.full(720, 0.5), place]), np.column_stack([place, [0.5] * 720])
    )
    pairs = pairs if with_itself else pairs[place != 0.5]
    felt = pairs + [0, second_higher] + 0.12 / np.sqrt(2) * rng.standard_normal(pairs.shape)
    return answers("constant", pairs, felt[:, 1] > felt[:, 0], ("a", "b"))


def test_the_standard_with_itself_tells_a_bias() -> None:
    """The second one looks higher by 0.1: the function of both orders together would be flatter, at the same PSE."""
    truth = ndtr(0.1 / 0.12)
    fits = [fitted(fit_constant, compared(seed, 0.1), bootstrap=30 if seed < 2 else 0) for seed in range(8)]
    assert np.mean([fit.figures["second_if_equal"] for fit in fits]) == pytest.approx(truth, abs=0.015)
    assert np.mean([fit.figures["sigma"] for fit in fits]) == pytest.approx(0.12, rel=0.05)
    assert np.mean([fit.figures["pse"] for fit in fits]) == pytest.approx(0.5, abs=0.01)
    for fit in fits[:2]:
        assert fit.figures["second_if_equal_low"] < truth < fit.figures["second_if_equal_high"]
        assert any("shown with itself" in text and "one place is preferred" in text for text in fit.warnings)
    unbiased = fitted(fit_constant, compared(0, 0.0))
    assert unbiased.figures["second_if_equal"] == pytest.approx(0.5, abs=0.05)
    assert not any("with itself" in text for text in unbiased.warnings)


def test_trials_of_the_standard_with_itself_count() -> None:
    """They are no part of the shares, and tell the bias as the two orders do."""
    with_itself, without = (fitted(fit_constant, compared(0, 0.1, one)) for one in (True, False))
    assert with_itself.points and without.points and len(with_itself.points[0]) == len(without.points[0]) == 8
    given = compared(0, 0.0)
    same = given.alpha[:, 0] == given.alpha[:, 1]
    always = replace(given, answer=np.where(same, "b", given.answer))
    assert fitted(fit_constant, always).figures["second_if_equal"] > 0.55
