"""Carried photographs beside true midpoints: drawn faces at 256 px, carried by a model of 64.

    python benchmarks/carried_midpoints.py [RUN [PAIRS [SHEET.png]]]

For pairs of opposite yaw and random ones: SSIM to the true midpoint of a pixel blend, of the model's own picture
enlarged, and of the photographs carried along, as `morph` writes them; the folds of all maps. No RUN: the built-in one.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from gaia_stim import Space, morph_plan
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.evaluation.midpoints import OPPOSITE, RANDOM, draw, pairs
from gaia_stim.images import Pixels, write_png
from gaia_stim.runs import BUILT_IN

SIDE, SHOWN = 256, 4
run = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT_IN
count = int(sys.argv[2]) if len(sys.argv) > 2 else 64
space = Space.load(run)


def similarity(a: Pixels, b: Pixels) -> float:
    return float(structural_similarity(a, b, channel_axis=2, data_range=255))


rows: list[Pixels] = []
for kind in (OPPOSITE, RANDOM):
    drawn = draw(kind, pairs(kind, count, 0), SIDE)
    found: dict[str, list[float]] = {}
    folds = 0
    for place, (a, b, truth) in enumerate(zip(drawn.first, drawn.second, drawn.truth, strict=True)):
        plan = morph_plan(space, a, b, steps=3)
        shown = list(plan.rendered(space))
        folds += sum(row.folds or 0 for row, _ in shown)
        own = morph_plan(space, a, b, steps=3, size="model").pictures(space)[1]
        enlarged = np.asarray(Image.fromarray(own).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        blend = np.mean([a, b], axis=0).astype(np.uint8)
        mean = morph_plan(space, a, b, steps=3, detail="mean").pictures(space)[1]
        middles = {"blend": blend, "model, enlarged": enlarged, "carried": shown[1][1], "… --detail mean": mean}
        for name, picture in middles.items():
            found.setdefault(name, []).append(similarity(picture, truth))
        if place < SHOWN:
            rows += [a, *middles.values(), truth, b]
    told = ", ".join(f"{name} {np.mean(values):.3f}" for name, values in found.items())
    print(f"{kind}, {count} pairs: {told}; {folds} folds")
if len(sys.argv) > 3:
    write_png(Path(sys.argv[3]), contact_sheet(rows, 7, column_labels=["A", *middles, "truth", "B"]))
