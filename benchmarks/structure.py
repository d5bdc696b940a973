"""What the structure loss L_dist costs in reconstruction and gains in structure (the paper's §4.3, with a number).

    python benchmarks/structure.py IMAGES --out DIR --images-seen 20k --size 32 --seeds 3

trains GAIA at several weights α on the same images, seeds and budget through `gaia-stim compare`, and prints, for each
α, held-out SSIM with its cost against α = 0 and the Spearman correlation of distances with its gain, ± the standard
deviation over seeds. The identical command goes on where it was stopped.
"""

import argparse
import json
import sys
from pathlib import Path

from gaia_stim.config import CompareConfig, make
from gaia_stim.errors import GaiaStimError
from gaia_stim.events import Event, Note
from gaia_stim.pipeline.compare import COMPARISON, compare

ALPHAS = (0.0, 0.02, 0.2, 1.0)
COST, GAIN = "reconstruction_ssim", "structure_spearman"
BESIDE = ("trustworthiness", "midpoint_precision")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="a folder of at least 350 images")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--images-seen", default="20k")
    parser.add_argument("--size", default="32")
    parser.add_argument("--seeds", default="3")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any other option of train")
    asked = parser.parse_args()
    given = {
        "runs": [asked.images],
        "methods": ",".join(f"gaia:alpha={alpha:g}" for alpha in ALPHAS),
        "out": asked.out,
        "images_seen": asked.images_seen,
        "size": asked.size,
        "seeds": asked.seeds,
        "set": asked.set or None,
    }
    try:
        compare(make(CompareConfig, given), tell)
    except GaiaStimError as error:
        sys.exit(f"error: {error}")
    models = json.loads((asked.out / COMPARISON).read_text(encoding="utf-8"))["models"]
    sys.stdout.write(table({float(name.split("=")[1]): figures for name, figures in models.items()}))


def table(models: dict[float, dict[str, dict[str, float | None]]]) -> str:
    """A row an α: the two figures with what they lost and won against the first row, then those beside them."""
    none = models[ALPHAS[0]]
    lines = [f"| alpha | {COST} | cost | {GAIN} | gain | {' | '.join(BESIDE)} |", "|---" * (5 + len(BESIDE)) + "|"]
    for alpha, figures in models.items():
        cost = (none[COST]["mean"] or 0.0) - (figures[COST]["mean"] or 0.0)
        gain = (figures[GAIN]["mean"] or 0.0) - (none[GAIN]["mean"] or 0.0)
        cells = [f"{alpha:g}", _cell(figures[COST]), f"{cost:+.3f}", _cell(figures[GAIN]), f"{gain:+.3f}"]
        lines.append(f"| {' | '.join([*cells, *(_cell(figures[name]) for name in BESIDE)])} |")
    return "\n".join(lines) + "\n"


def _cell(figure: dict[str, float | None]) -> str:
    spread = figure["spread"]
    return f"{figure['mean']:.3f}" + ("" if spread is None else f" ± {spread:.3f}")


def tell(event: Event) -> None:
    """Notes, and the end of each task."""
    if isinstance(event, Note):
        sys.stderr.write(f"{event.text}\n")
    elif event.done == event.total:
        sys.stderr.write(f"{event.task}: done\n")


if __name__ == "__main__":
    main()
