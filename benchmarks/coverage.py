"""How often intervals hold the truth on observers that nothing was tuned on, each experiment's drawn anew.

    python benchmarks/coverage.py identification|constant|mlds|2afc|people|people-mlds [EXPERIMENTS]

benchmarks/intervals.py has a few round observers, and the intervals were made while looking at them. Here every
experiment has another: point of subjective equality, noise, guesses, lapses, number of stimuli and shape of the scale
are drawn from wide ranges (below, one line each), answers by numpy. Nothing of the package but the fit and the reading
of its intervals is used. Beside each share stands its standard error.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.difference import fit_2afc, fit_mlds
from gaia_stim.designs.fits import Fit
from gaia_stim.designs.psychometric import fit_constant, fit_identification
from gaia_stim.designs.responses import Answers
from gaia_stim.errors import DataError

QUARTILE = float(ndtri(0.75))
FINE = np.linspace(0, 1, 401)
Held = dict[str, float]


def fitted(fit: Callable[..., Fit], task: str, alpha: Any, is_second: Any, who: Any = "p", bootstrap: int = 100) -> Fit:
    words = {"mlds": ("ab", "cd")}.get(task, ("a", "b"))
    padded = np.full((len(alpha), 4), np.nan)
    padded[:, : alpha.shape[1]] = alpha
    given = Answers(task, padded, np.where(is_second, words[1], words[0]), np.broadcast_to(who, len(alpha)).astype(str))
    asked = ScaleConfig.model_validate({"responses": (Path("results.csv"),), "bootstrap": bootstrap})
    return fit(given, asked, np.random.default_rng(1))


def rates(rng: np.random.Generator) -> tuple[float, float]:
    """Guesses and lapses: none in half of the observers, else up to 8 % at each end."""
    return tuple(rng.uniform(0, 0.08, 2)) if rng.random() < 0.5 else (0.0, 0.0)  # type: ignore[return-value]


def shape(rng: np.random.Generator) -> Any:
    """A scale: a power of 0.4 to 2.5, a sigmoid, or a random walk's exponential, at `FINE`."""
    kind = rng.integers(3)
    if kind == 0:
        rise = FINE ** np.exp(rng.uniform(np.log(0.4), np.log(2.5)))
    elif kind == 1:
        rise = ndtr((FINE - rng.uniform(0.35, 0.65)) / rng.uniform(0.15, 0.5))
    else:
        slope = np.exp(np.interp(FINE, np.linspace(0, 1, 5), np.cumsum(rng.normal(0, 0.4, 5))))
        rise = np.cumsum(slope)
    return (rise - rise[0]) / (rise[-1] - rise[0])


def within(fit: Fit, name: str, truth: float) -> float:
    return float(fit.figures[f"{name}_low"] <= truth <= fit.figures[f"{name}_high"])


def scale_held(fit: Fit, places: Any, truth: Any) -> Held:
    """Share of the stimuli between the ends whose interval holds the truth: of the scale, and of the plain one."""
    inner = (places > 0) & (places < 1)
    low, high = (np.interp(places, fit.alpha, ends) for ends in (fit.low, fit.high))
    found = {"scale": float(np.mean(((low <= truth) & (truth <= high))[inner]))}
    at = np.isfinite(fit.columns["unsmoothed"])
    low, high = (fit.columns[f"unsmoothed_{end}"][at] for end in ("low", "high"))
    return {**found, "unsmoothed": float(np.mean(((low <= truth) & (truth <= high))[inner]))}


def identification(rng: np.random.Generator, trials: int) -> Held:
    """PSE .25 to .75, sigma .05 to .3 (log uniform), 7 or 11 stimuli."""
    pse, sigma = rng.uniform(0.25, 0.75), np.exp(rng.uniform(np.log(0.05), np.log(0.3)))
    (guess, lapse), count = rates(rng), rng.choice([7, 11])
    alpha = rng.permutation(np.resize(np.linspace(0, 1, count), trials))
    is_second = rng.random(trials) < guess + (1 - guess - lapse) * ndtr((alpha - pse) / sigma)
    fit = fitted(fit_identification, "identification", alpha[:, None], is_second)
    half = pse + sigma * float(ndtri((0.5 - guess) / (1 - guess - lapse)))
    return {
        "pse": within(fit, "pse", pse),
        "half": within(fit, "half", half),
        "jnd": within(fit, "jnd", QUARTILE * sigma),
        "jnd_too_small": float(fit.figures["jnd_high"] < QUARTILE * sigma),
        "log_ratio": float(np.log(fit.figures["sigma"] / sigma)),
    }


def constant(rng: np.random.Generator, trials: int) -> Held:
    """A standard at .3 to .7 and comparisons around, both orders, a bias of up to a sigma towards either place."""
    sigma, bias = np.exp(rng.uniform(np.log(0.08), np.log(0.25))), rng.uniform(-1, 1)
    places = np.linspace(0, 1, 9)
    standard = float(rng.choice(places[3:6]))
    place = rng.permutation(np.resize(places, trials))
    is_second = rng.random(trials) < 0.5
    pairs = np.where(
        is_second[:, None],
        np.column_stack([np.full(trials, standard), place]),
        np.column_stack([place, np.full(trials, standard)]),
    )
    higher = pairs[:, 1] - pairs[:, 0] + sigma * (bias + rng.standard_normal(trials)) > 0
    fit = fitted(fit_constant, "constant", pairs, higher)
    return {
        "pse": within(fit, "pse", standard),
        "jnd": within(fit, "jnd", QUARTILE * sigma),
        "second_if_equal": within(fit, "second_if_equal", float(ndtr(bias))),
    }


def mlds(rng: np.random.Generator, trials: int) -> Held:
    """Any shape, sigma .06 to .25, quadruples or triads, 8 or 11 stimuli; in half, 1 to 6 % tossed."""
    rise, sigma = shape(rng), np.exp(rng.uniform(np.log(0.06), np.log(0.25)))
    places = np.linspace(0, 1, rng.choice([8, 11]))
    truth = np.interp(places, FINE, rise)
    size = int(rng.choice([3, 4]))
    at = np.sort([rng.choice(len(places), size, replace=False) for _ in range(trials)], axis=1)
    ends = truth[at]
    felt = ends[:, -1] - ends[:, -2] - ends[:, 1] + ends[:, 0] + sigma * rng.standard_normal(trials)
    share = rng.uniform(0.01, 0.06) if rng.random() < 0.5 else 0.0
    is_second = np.where(rng.random(trials) < share, rng.random(trials) < 0.5, felt > 0)
    fit = fitted(fit_mlds, "mlds", places[at], is_second)
    found = {**scale_held(fit, places, truth), "sigma": within(fit, "sigma", sigma)}
    slips = "slips" if share else "no slips"
    return found | {
        f"{slips}: sigma": found["sigma"],
        f"{slips}: below": float(fit.figures["sigma_high"] < sigma),
        f"{slips}: above": float(fit.figures["sigma_low"] > sigma),
        f"{slips}: found": float(fit.figures["lapse"] > 0),
    }


def two(rng: np.random.Generator, trials: int) -> Held:
    """As mlds, pairs."""
    rise, sigma = shape(rng), np.exp(rng.uniform(np.log(0.1), np.log(0.3)))
    places = np.linspace(0, 1, rng.choice([7, 10]))
    truth = np.interp(places, FINE, rise)
    at = np.array([rng.choice(len(places), 2, replace=False) for _ in range(trials)])
    is_second = truth[at[:, 1]] - truth[at[:, 0]] + sigma * rng.standard_normal(trials) > 0
    fit = fitted(fit_2afc, "2afc", places[at], is_second)
    return {**scale_held(fit, places, truth), "sigma": within(fit, "sigma_of_a_difference", sigma)}


def people(rng: np.random.Generator, count: int) -> Held:
    """PSEs with an SD of .05 to .2, sigmas around .08 to .2 with one of .4 log, 63 or 126 trials and the rates of each.

    The mean PSE is true, and of people laid upon each other the JND of their mean function.
    """
    middle, spread = rng.uniform(0.35, 0.65), rng.uniform(0.05, 0.2)
    typical, each = np.exp(rng.uniform(np.log(0.08), np.log(0.2))), int(rng.choice([63, 126]))
    alpha, is_second, who = [], [], []
    for person in range(count):
        (guess, lapse), sigma = rates(rng), typical * np.exp(rng.normal(0, 0.4))
        pse, place = rng.normal(middle, spread), np.resize(np.linspace(0, 1, 9), each)
        alpha.append(place)
        is_second.append(rng.random(each) < guess + (1 - guess - lapse) * ndtr((place - pse) / sigma))
        who.append(np.full(each, f"p{person:02}"))
    fit = fitted(
        fit_identification,
        "identification",
        np.concatenate(alpha)[:, None],
        np.concatenate(is_second),
        np.concatenate(who),
    )
    sigmas = typical * np.exp(0.4 * ndtri((np.arange(2000) + 0.5) / 2000))
    steps = np.linspace(0, 4 * typical, 2001)
    own = float(np.interp(0.75, ndtr(steps[:, None] / sigmas).mean(axis=1), steps))
    found = {"pse": within(fit, "pse", middle)}
    if "jnd_of_a_person" in fit.figures:
        found |= {
            "own_jnd": within(fit, "jnd_of_a_person", own),
            "own_log_ratio": float(np.log(fit.figures["jnd_of_a_person"] / own)),
        }
    return found


def people_mlds(rng: np.random.Generator, count: int) -> Held:
    """Each a mixture, in shares of their own, of two shapes; sigmas around .08 to .2 with an SD of .3 log."""
    one, other = shape(rng), shape(rng)
    places = np.linspace(0, 1, 9)
    ends = np.array([np.interp(places, FINE, rise) for rise in (one, other)])
    typical, each = np.exp(rng.uniform(np.log(0.08), np.log(0.2))), int(rng.choice([70, 210]))
    alpha, is_second, who = [], [], []
    for person in range(count):
        felt = np.array([part := rng.beta(1, 1), 1 - part]) @ ends
        at = np.sort([rng.choice(9, 4, replace=False) for _ in range(each)], axis=1)
        a, b, c, d = felt[at].T
        sigma = typical * np.exp(rng.normal(0, 0.3))
        alpha.append(places[at])
        is_second.append(d - c - b + a + sigma * rng.standard_normal(each) > 0)
        who.append(np.full(each, f"p{person:02}"))
    fit = fitted(fit_mlds, "mlds", np.concatenate(alpha), np.concatenate(is_second), np.concatenate(who))
    return scale_held(fit, places, ends.mean(axis=0))


PARTS: dict[str, tuple[Callable[[np.random.Generator, int], Held], tuple[int, ...], str]] = {
    "identification": (identification, (77, 154, 462), "trials"),
    "constant": (constant, (144, 432), "trials"),
    "mlds": (mlds, (220, 600), "trials"),
    "2afc": (two, (220, 600), "trials"),
    "people": (people, (4, 12), "people"),
    "people-mlds": (people_mlds, (4, 12), "people"),
}


def experiments(part: str, size: int, count: int) -> Iterator[Held]:
    for number in range(count):
        try:
            yield PARTS[part][0](np.random.default_rng([2718, len(part), size, number]), size)
        except DataError as error:
            print(f"  experiment {number} has no fit: {error}")


def main() -> None:
    part, count = sys.argv[1], int((sys.argv[2:] or ["200"])[0])
    for size in PARTS[part][1]:
        found = list(experiments(part, size, count))
        told = []
        for name in dict.fromkeys(name for one in found for name in one):
            values = np.array([one[name] for one in found if name in one])
            told.append(f"{name} {values.mean():.3f} ± {values.std(ddof=1) / np.sqrt(len(values)):.3f}")
        print(f"{part}, {size} {PARTS[part][2]}, {len(found)} experiments: {'  '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
