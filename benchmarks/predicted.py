"""Which measure of pictures predicts a difference scale: an observer made here, who sees what was drawn, not pixels.

    python benchmarks/predicted.py [PAIRS]

Continua of nine drawn faces from one to another, all attributes in straight lines, at places that a power, a sigmoid or
a random curve has moved. The observer compares differences of those places (500 quadruples, noise 0.1), and knows no
picture; the scale fitted to the answers is what each measure has to predict by its summed steps. RMS differences of the
two scales over the seven inner stimuli, means over pairs. People see pictures and not attributes: this says which
measure follows a change of what is shown, and does not say which looks right to people.
"""

import sys
from collections.abc import Callable

import numpy as np
from coverage import FINE, fitted, shape

from gaia_stim.designs.difference import fit_mlds
from gaia_stim.evaluation.midpoints import pairs
from gaia_stim.metrics.distance import Pixels, pixel_distance
from gaia_stim.metrics.perceptual import colour_distance, nlpd, structural_distance
from gaia_stim.samples import draw_face

STEPS, TRIALS, NOISE, SIDE = 9, 500, 0.1, 64
Distance = Callable[[Pixels, Pixels], np.ndarray]


def summed(distance: Distance, shown: Pixels) -> np.ndarray:
    """A measure's scale from 0 to 1: its steps from picture to picture, summed."""
    steps = distance(shown[:-1], shown[1:])
    return np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])


def with_colour(weight: float) -> Distance:
    """NLPD and CIEDE2000 of the whole continuum brought to one size, then mixed: no source has a weight."""

    def distance(a: Pixels, b: Pixels) -> np.ndarray:
        light, colour = nlpd(a, b), colour_distance(a, b)
        return (1 - weight) * light / light.sum() + weight * colour / colour.sum()

    return distance


MEASURES: dict[str, Distance] = {
    "RMS pixels": pixel_distance,
    "NLPD": nlpd,
    "CIEDE2000": colour_distance,
    "root of 1 - SSIM": structural_distance,
    "NLPD 3/4, CIEDE2000 1/4": with_colour(0.25),
    "NLPD 1/2, CIEDE2000 1/2": with_colour(0.5),
}


def main() -> None:
    count = int((sys.argv[1:] or ["40"])[0])
    for kind in ("random", "opposite"):
        found: dict[str, list[float]] = {name: [] for name in ("equal steps", "the true places", *MEASURES)}
        for number, pair in enumerate(pairs(kind, count, seed=5)):
            rng = np.random.default_rng([31, number])
            even = np.linspace(0, 1, STEPS)
            places = np.interp(even, FINE, shape(rng))
            faces = [{name: (1 - s) * pair.first[name] + s * pair.second[name] for name in pair.first} for s in places]
            shown = np.stack([draw_face(face, SIDE) for face in faces])
            at = np.sort([rng.choice(STEPS, 4, replace=False) for _ in range(TRIALS)], axis=1)
            a, b, c, d = places[at].T
            is_second = d - c - b + a + NOISE * rng.standard_normal(TRIALS) > 0
            fit = fitted(fit_mlds, "mlds", even[at], is_second, bootstrap=0)
            scale = np.interp(even, fit.alpha, fit.scale)
            guesses = {"equal steps": even, "the true places": places}
            guesses |= {name: summed(distance, shown) for name, distance in MEASURES.items()}
            for name, guess in guesses.items():
                found[name].append(float(np.sqrt(np.mean(np.square(guess - scale)[1:-1]))))
        for name, values in found.items():
            print(f"{kind:9} {name:26} {np.mean(values):.3f} ± {np.std(values) / np.sqrt(len(values)):.3f}", flush=True)


if __name__ == "__main__":
    main()
