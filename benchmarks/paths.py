"""How even the steps of the code are along each path between drawn faces, in equal steps of t.

    python benchmarks/paths.py -m builtin

Prints the coefficient of variation of the steps for each path of `PATHS`.
"""

import argparse
import json
import sys

import numpy as np

from gaia_stim.metrics.distance import variation
from gaia_stim.samples import deal, draw_face
from gaia_stim.space import PATHS
from gaia_stim.space.space import Space
from gaia_stim.tables import look_up

SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("-m", "--model", default="builtin")
    parser.add_argument("--paths", type=int, default=24)
    parser.add_argument("--images", type=int, default=5, help="of each path")
    parser.add_argument("--steps", type=int, nargs="*", default=[9, 25])
    asked = parser.parse_args()
    space = Space.load(asked.model)
    faces = (draw_face(deal(face, SEED), space.shape[0]) for face in range(asked.paths * asked.images))
    codes = space.encode(faces).reshape(asked.paths, asked.images, -1)
    for name in PATHS:
        for steps in asked.steps:
            places = np.arange(steps + 1) / steps if name == "wheel" else np.linspace(0, 1, steps)
            shown = [look_up(PATHS, "path", name)(own)(places).astype(np.float64) for own in codes]
            uneven = [variation(np.linalg.norm(np.diff(one, axis=0), axis=1)) for one in shown]
            told = {"path": name, "steps": steps, "median_cv": np.median(uneven), "largest_cv": max(uneven)}
            sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
