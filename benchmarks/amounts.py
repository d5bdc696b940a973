"""How much of an amount the pictures of `attributes apply` show, by the readout that fills `amount_reached`.

    python benchmarks/amounts.py attributes -m builtin

Moves newly drawn faces by one standard deviation up and one down, for each attribute that codes carry. Prints the
median and the tenth and ninetieth percentile of the amount reached per 1 asked, for targets that labels have (`inside`)
and for those that no label has (`beyond`), and the share that misses by more than a fifth.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import CARRIED, Vectors
from gaia_stim.stimuli.plans.edits import FAR_OFF, Edit, edit_plan

SEED = 2**41


def told(ratios: npt.NDArray[np.float64]) -> dict[str, float | int]:
    if not len(ratios):
        return {"edits": 0}
    low, median, high = np.percentile(ratios, [10, 50, 90])
    far = float((np.abs(ratios - 1) > FAR_OFF).mean())
    return {"edits": len(ratios), "median": median, "p10": low, "p90": high, "missed": far}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("vectors", type=Path, help="what 'attributes fit' made of drawn faces")
    parser.add_argument("-m", "--model", default="builtin")
    parser.add_argument("--faces", type=int, default=60)
    parser.add_argument("--estimator", default="ols")
    parser.add_argument("--hold", nargs="*", default=[])
    parser.add_argument("--no-calibrate", action="store_true")
    asked = parser.parse_args()
    space, vectors = Space.load(asked.model), Vectors.open(asked.vectors)
    dealt = [deal(face, SEED) for face in range(asked.faces)]
    faces = [draw_face(one, space.shape[0]) for one in dealt]
    for attribute in vectors.record.attributes:
        if attribute.r2 < CARRIED or attribute.name in asked.hold:
            continue
        edit = Edit(
            vectors, [attribute.name], [[-1, 1]], asked.estimator, "sd", asked.hold, calibrate=not asked.no_calibrate
        )
        rows = [row for row, _ in edit_plan(space, faces, edit).rendered(space)]
        ratios = np.array([(row.amount_reached or 0) / (row.amount or 1) for row in rows])
        targets = np.array([one[attribute.name] + step * attribute.sd for one in dealt for step in (-1, 1)])
        inside = (targets >= attribute.low) & (targets <= attribute.high)
        found = {"inside": told(ratios[inside]), "beyond": told(ratios[~inside])}
        sys.stdout.write(json.dumps({"attribute": attribute.name, **found}) + "\n")


if __name__ == "__main__":
    main()
