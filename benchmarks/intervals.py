"""Whether intervals hold the truth as often as they say, and what lapses do: observers made here, answer by answer.

    python benchmarks/intervals.py one|lapses|people|psignifit [EXPERIMENTS]

Observers compare noisy sensations, trial by trial, and toss a coin now and then; nothing here knows the likelihood that
is fitted. `one`: 90 trials of one person, 95 % intervals of PSE and JND. `lapses`: sigma with and without them.
`people`: people who differ, each time others; the intervals should hold what is true of all who might be drawn.
`psignifit`: the same answers fitted by psignifit 4 (pip install psignifit; GPL, nothing here needs it).
"""

import math
import random
import statistics
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.difference import fit_mlds
from gaia_stim.designs.fits import Fit
from gaia_stim.designs.psychometric import fit_constant, fit_identification
from gaia_stim.designs.responses import Answers

JND = float(ndtri(0.75))
PSE = 0.42
STEPS = 9
Asked = tuple[float, ...]


def answers(task: str, trials: list[tuple[Asked, str, str]]) -> Answers:
    """Of what was asked, answered, and by whom."""
    alpha = np.array([[*asked, *[np.nan] * (4 - len(asked))] for asked, _, _ in trials])
    return Answers(task, alpha, np.array([one for _, one, _ in trials]), np.array([who for *_, who in trials]))


def config(bootstrap: int, **values: Any) -> ScaleConfig:
    return ScaleConfig.model_validate({"responses": (Path("results.csv"),), "bootstrap": bootstrap, **values})


def judged(rng: random.Random, is_second: bool, words: tuple[str, str], lapse: float) -> str:
    return rng.choice(words) if rng.random() < lapse else words[is_second]


def identified(
    rng: random.Random, trials: int, sigma: float, lapse: float = 0, pse: float = PSE, who: str = "p"
) -> list:
    """Whether what is felt lies beyond the boundary."""
    places = [at / (STEPS - 1) for at in range(STEPS)]
    asked = [places[number % STEPS] for number in range(trials)]
    return [((at,), judged(rng, rng.gauss(at, sigma) > pse, ("a", "b"), lapse), who) for at in asked]


def differed(rng: random.Random, trials: int, power: float, sigma: float, lapse: float = 0, who: str = "p") -> list:
    """Which of two pairs differs more, of sensations that are a power of alpha."""
    found = []
    for _ in range(trials):
        asked = tuple(sorted(at / (STEPS - 1) for at in rng.sample(range(STEPS), 4)))
        a, b, c, d = (at**power for at in asked)
        found.append((asked, judged(rng, rng.gauss(d - c - b + a, sigma) > 0, ("ab", "cd"), lapse), who))
    return found


def holds(fit: Fit, name: str, truth: float) -> bool:
    return bool(fit.figures[f"{name}_low"] <= truth <= fit.figures[f"{name}_high"])


def told(what: str, **figures: float) -> None:
    print(f"{what:44}", "  ".join(f"{name} {value:.3f}" for name, value in figures.items()), flush=True)


def fitted(fit: Callable[..., Fit], task: str, trials: list, bootstrap: int, **values: Any) -> Fit:
    return fit(answers(task, trials), config(bootstrap, **values), np.random.default_rng(0))


def one(experiments: int) -> None:
    for sigma in (0.06, 0.12, 0.25):
        for lapse in (0.0, 0.04, 0.1):
            rng = random.Random(f"{sigma} {lapse}")
            fits = [
                fitted(fit_identification, "identification", identified(rng, 90, sigma, lapse), 200)
                for _ in range(experiments)
            ]
            told(
                f"90 trials, sigma {sigma}, random {lapse}",
                jnd_held=statistics.mean(holds(fit, "jnd", JND * sigma) for fit in fits),
                pse_held=statistics.mean(holds(fit, "pse", PSE) for fit in fits),
                median_sigma=statistics.median(fit.figures["sigma"] for fit in fits),
            )


def lapses(experiments: int) -> None:
    for lapse in (0.0, 0.06, 0.15, 0.3):
        rng = random.Random(f"psi {lapse}")
        sigmas = [
            fitted(fit_identification, "identification", identified(rng, 660, 0.12, lapse), 0).figures["sigma"]
            for _ in range(experiments)
        ]
        told(f"identification, 660 trials, random {lapse}", mean_sigma=statistics.mean(sigmas), truth=0.12)
    for lapse in (0.0, 0.01, 0.03, 0.06, 0.15):
        rng = random.Random(f"mlds {lapse}")
        sets = [differed(rng, 500, 2, 0.1, lapse) for _ in range(experiments)]
        fits = [fitted(fit_mlds, "mlds", trials, 100) for trials in sets]
        without = [fitted(fit_mlds, "mlds", trials, 0, lapses=False) for trials in sets]
        told(
            f"mlds, 500 quadruples, random {lapse}",
            mean_sigma=statistics.mean(fit.figures["sigma"] for fit in fits),
            truth=0.1,
            without_lapses=statistics.mean(fit.figures["sigma"] for fit in without),
            sigma_held=statistics.mean(holds(fit, "sigma", 0.1) for fit in fits),
            lapses_found=statistics.mean(fit.figures["lapse"] > 0 for fit in fits),
            lapse=statistics.mean(fit.figures["lapse"] for fit in fits),
        )
    for bias in (0.0, 0.08):
        rng = random.Random(f"bias {bias}")
        fits = []
        for _ in range(experiments):
            trials: list = []
            for number in range(360):
                at = (number % STEPS) / (STEPS - 1)
                asked = (at, 0.5) if number // STEPS % 2 else (0.5, at)
                # The second one looks a little higher.
                felt = rng.gauss(asked[0], 0.12 / 2**0.5), rng.gauss(asked[1] + bias, 0.12 / 2**0.5)
                trials.append((asked, "ab"[felt[1] > felt[0]], "p"))
            fits.append(fitted(fit_constant, "constant", trials, 0))
        told(
            f"constant, 360 trials, second higher by {bias}",
            mean_pse=statistics.mean(fit.figures["pse"] for fit in fits),
            mean_sigma=statistics.mean(fit.figures["sigma"] for fit in fits),
            truth=0.12,
            second_if_equal=statistics.mean(fit.figures["second_if_equal"] for fit in fits),
        )


def people(experiments: int) -> None:
    rng = random.Random("population")
    for spread in (0.0, 0.35):
        powers = [2 * math.exp(rng.gauss(0, spread)) for _ in range(20_000)]
        places = np.linspace(0, 1, STEPS)
        truth = np.mean([places**power for power in powers], axis=0)[1:-1]
        for count in (5, 10, 30):
            smooth, plain, typical, wide = [], [], [], []
            for _ in range(experiments):
                trials: list = []
                for who in range(count):
                    power = 2 * math.exp(rng.gauss(0, spread))
                    trials += differed(rng, 100, power, 0.1 * math.exp(rng.gauss(0, 0.2)), who=f"p{who:02}")
                fit = fitted(fit_mlds, "mlds", trials, 60)
                low, high = (np.interp(places, fit.alpha, ends)[1:-1] for ends in (fit.low, fit.high))
                smooth.append(np.mean((low <= truth) & (truth <= high)))
                typical.append(np.mean((low <= places[1:-1] ** 2) & (places[1:-1] ** 2 <= high)))
                wide.append(float((high - low).max()))
                at = np.isfinite(fit.columns["unsmoothed"])
                low, high = (fit.columns[f"unsmoothed_{end}"][at][1:-1] for end in ("low", "high"))
                plain.append(np.mean((low <= truth) & (truth <= high)))
            told(
                f"mlds, {count} people, exponent's SD {spread} log",
                mean_scale_held=statistics.mean(smooth),
                by_unsmoothed=statistics.mean(plain),
                median_persons_held=statistics.mean(typical),
                width=statistics.mean(wide),
            )
    for count in (5, 10, 30):
        fits = []
        for _ in range(experiments):
            trials = []
            for who in range(count):
                sigma, pse = 0.12 * math.exp(rng.gauss(0, 0.3)), rng.gauss(PSE, 0.1)
                trials += identified(rng, 90, sigma, 0.03, pse, f"p{who:02}")
            fits.append(fitted(fit_identification, "identification", trials, 100))
        told(
            f"identification, {count} people, PSE's SD 0.1",
            pse_held=statistics.mean(holds(fit, "pse", PSE) for fit in fits),
            own_jnd_held=statistics.mean(holds(fit, "jnd_of_a_person", JND * 0.12) for fit in fits),
            own_jnd=statistics.mean(fit.figures["jnd_of_a_person"] for fit in fits),
            truth=JND * 0.12,
            jnd_of_all=statistics.mean(fit.figures["jnd"] for fit in fits),
        )


def psignifit(experiments: int) -> None:
    import psignifit as theirs

    for lapse in (0.0, 0.1):
        for number in range(experiments):
            trials = identified(random.Random(number), 90, 0.12, lapse)
            fit = fitted(fit_identification, "identification", trials, 4000).figures
            places = sorted({at for (at,), *_ in trials})
            table = [
                (
                    at,
                    sum(1 for (p,), word, _ in trials if (p, word) == (at, "b")),
                    sum(1 for (p,), *_ in trials if p == at),
                )
                for at in places
            ]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = theirs.psignifit(
                    np.array(table, float),
                    sigmoid="norm",
                    experiment_type="yes/no",
                    fixed_parameters={"eta": 0.0},
                    stimulus_range=(0.0, 1.0),
                )
            # Its width is from 5 % to 95 %.
            sigmas = 2 * float(ndtri(0.95))
            low, high = (end / sigmas for end in found.confidence_intervals["width"]["0.95"])
            threshold = found.confidence_intervals["threshold"]["0.95"]
            guesses = found.parameter_estimate
            print(f"random {lapse}, experiment {number}")
            for whose, numbers in (
                ("ours", [fit[f"{name}{end}"] for name in ("pse", "sigma") for end in ("", "_low", "_high")]),
                ("psignifit", [guesses["threshold"], *threshold, guesses["width"] / sigmas, low, high]),
            ):
                pse, pse_low, pse_high, sigma, sigma_low, sigma_high = numbers
                print(
                    f"  {whose:10} PSE {pse:.3f} ({pse_low:.3f} to {pse_high:.3f})  "
                    f"sigma {sigma:.3f} ({sigma_low:.3f} to {sigma_high:.3f})",
                    flush=True,
                )


PARTS = {"one": one, "lapses": lapses, "people": people, "psignifit": psignifit}

if __name__ == "__main__":
    PARTS[sys.argv[1]](int((sys.argv[2:] or ["100"])[0]))
