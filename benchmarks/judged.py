"""How even the steps of each spacing are by every measure: those that placed the stimuli, and those that did not.

    python benchmarks/judged.py -m builtin

Morphs of nine stimuli between pairs of drawn faces; the median coefficient of variation of the steps over the pairs.
"""

import argparse
import json
import sys

import numpy as np

from gaia_stim.metrics.distance import pixel_distance, variation
from gaia_stim.samples import deal, draw_face
from gaia_stim.space import SPACINGS
from gaia_stim.space.paths import Line
from gaia_stim.space.space import Space
from gaia_stim.space.spacing import choose_spacing
from gaia_stim.stimuli.judging import JUDGES

SEED = 7
MEASURES = {"pixel": pixel_distance, **JUDGES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("-m", "--model", default="builtin")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--degrees", type=float, help="width of the pictures to the eye, for 'nlpd'")
    asked = parser.parse_args()
    space = Space.load(asked.model)
    codes = space.encode(draw_face(deal(face, SEED), space.shape[0]) for face in range(2 * asked.pairs))
    for name in SPACINGS:
        spacing = choose_spacing(name, asked.degrees if name == "nlpd" else None)
        found: dict[str, list[float]] = {measure: [] for measure in MEASURES}
        for a, b in zip(codes[::2], codes[1::2], strict=True):
            line = Line(a, b)
            shown = space.decode(line(spacing(lambda t, line=line: space.decode(line(t)), asked.steps).places))
            for measure, distance in MEASURES.items():
                found[measure].append(variation(distance(shown[:-1], shown[1:])))
        medians = {measure: round(float(np.median(values)), 4) for measure, values in found.items()}
        sys.stdout.write(json.dumps({"spacing": name, **medians}) + "\n")


if __name__ == "__main__":
    main()
