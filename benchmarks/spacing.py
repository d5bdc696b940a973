"""How often `--spacing` keeps its promise: equal steps between pictures as written, on images that no model trained on.

    python benchmarks/spacing.py --run runs/photos --images photos/

Draws random pairs of held-out images and, for wheels, random fours; places stimuli between them, and says in how many
the coefficient of variation of the steps is at most 0.10. Grids are counted by the mean over their rows and columns.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaia_stim.dataset import open_dataset
from gaia_stim.space.layouts import Block, spaced_grid
from gaia_stim.space.paths import Codes, Line, Wheel
from gaia_stim.space.space import Space
from gaia_stim.space.spacing import Spacing, choose_spacing

EVEN = 0.10
"""Coefficient of variation of the steps that is asked for."""
ANCHORS = {"line": 2, "wheel": 4, "grid": 4}

Figures = tuple[float, float]
Kind = Callable[[Space, Codes, Spacing, int], Figures]


def line(space: Space, codes: Codes, spacing: Spacing, steps: int) -> Figures:
    path = Line(*codes)
    spaced = spacing(lambda t: space.decode(path(t)), steps)
    return spaced.variation_before, spaced.variation


def wheel(space: Space, codes: Codes, spacing: Spacing, steps: int) -> Figures:
    path = Wheel(codes)
    spaced = spacing(lambda t: space.decode(path(t)), steps + 1)
    return spaced.variation_before, spaced.variation


def grid(space: Space, codes: Codes, spacing: Spacing, steps: int) -> Figures:
    block = Block(codes)
    spaced = spaced_grid(lambda places: space.decode(block(places)), spacing, steps, steps)
    return spaced.variation_before, spaced.variation


KINDS: dict[str, Kind] = {"line": line, "wheel": wheel, "grid": grid}


def draws(codes: Codes, size: int, count: int, seed: int) -> Iterator[Codes]:
    chance = np.random.default_rng(seed)
    for _ in range(count):
        yield codes[chance.choice(len(codes), size, replace=False)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--run", help="a run folder, or builtin; else the model that commands would take")
    parser.add_argument("--images", type=Path, help="the folder it was trained on; its held-out tenth is used")
    parser.add_argument("--count", type=int, default=100, help="pairs, wheels and grids to draw")
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--wheel-steps", type=int, default=24)
    parser.add_argument("--grid-steps", type=int, default=5)
    parser.add_argument("--spacing", default="nlpd")
    parser.add_argument("--kinds", nargs="*", default=["line", "wheel"], choices=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    space = Space.load(asked.run)
    trained, model = space.config.dataset, space.config.model
    images = open_dataset(
        asked.images or Path(trained.folder),
        model.size,
        channels="3" if model.channels == 3 else "1",
        fit=trained.fit,
        background=trained.background,
    )
    held_out = images.batch(images.rows("validation"))
    codes = space.encode(list(held_out))
    spacing = choose_spacing(asked.spacing)
    steps = {"line": asked.steps, "wheel": asked.wheel_steps, "grid": asked.grid_steps}
    report = {"model": space.model_hash, "held_out_images": len(codes), "spacing": asked.spacing}
    for kind in asked.kinds:
        found = [
            KINDS[kind](space, drawn, spacing, steps[kind])
            for drawn in draws(codes, ANCHORS[kind], asked.count, asked.seed)
        ]
        report[kind] = summary(np.array(found), steps[kind])
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def summary(figures: npt.NDArray[np.float64], steps: int) -> dict[str, float]:
    before, after = figures.T
    return {
        "count": len(figures),
        "steps": steps,
        "share_even": float((after <= EVEN).mean()),
        "median_cv_before": float(np.median(before)),
        "median_cv": float(np.median(after)),
        "largest_cv": float(after.max()),
    }


if __name__ == "__main__":
    main()
