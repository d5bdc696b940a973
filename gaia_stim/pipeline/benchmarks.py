"""Published protocols, run here: figures that stand beside the literature's, and beside controls.

Models are trained as `compare` trains them, and lie in the benchmark's folder as runs like any other.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.config import BenchmarkLinesConfig, BenchmarkStructureConfig, CompareConfig, make
from gaia_stim.config.verbs import verb_of
from gaia_stim.devices import build
from gaia_stim.errors import ConfigError
from gaia_stim.evaluation import lines as protocol
from gaia_stim.evaluation.benchmark_tables import line_sheet, line_spreads, lines_table, published, structure_table
from gaia_stim.evaluation.compared import compared
from gaia_stim.evaluation.contenders import Training, claim, given, requested, train_all, trainings
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.files import write_json
from gaia_stim.images import write_png
from gaia_stim.space.space import Space

LINES, SHEET = "lines.json", "lines.png"
TRAINED_ON = 1
"""Added to the seed of the lines that models are trained on, so that they are not those that models are measured on."""
SHOWN_TURN = np.pi / 2
"""The sheet shows the pair whose angle is nearest to this one: neither a trifle nor half the circle."""


@dataclass(frozen=True)
class BenchmarkLinesResult:
    """Controls, models and published models, a row each, and where the sheet is."""

    trainings: int
    figures: list[dict[str, Any]]
    out: Path
    record: Path
    sheet: Path


@dataclass(frozen=True)
class BenchmarkStructureResult:
    """What each weight of L_dist costs and gains, a row each."""

    trainings: int
    weights: list[dict[str, Any]]
    out: Path


# -- lines ------------------------------------------------------------------------------------------------------------


def benchmark_lines(config: BenchmarkLinesConfig, listen: Listener = silent) -> BenchmarkLinesResult:
    """ACAI's protocol on trained runs, or on methods that are trained on lines first.

    The identical command trains nothing twice, and the folder may grow by methods and seeds. Raises `ConfigError` for
    a method or option that cannot be, a model of other pictures, or where the folder holds something else; else as
    `train`.
    """
    # The name says all that decides the pictures: whatever lies there is a beginning of them.
    images = config.out / f"images_{config.lines}_{config.seed}"
    asked = _comparison(config, images)
    wanted = [_of_lines(training) for training in trainings(asked)]
    request = {"verb": verb_of(config), "seed": config.seed, "trainings": requested(asked, wanted)}
    parts = [images.name, *(training.folder for training in wanted)]
    claim(config.out, LINES, request, parts, force=config.force)
    if wanted:
        _draw(images, config.lines, config.seed, listen)
        contenders = train_all(wanted, listen)
    else:
        contenders = given(config.runs or (), listen)

    ends = protocol.random_ends(config.seed)
    shown = int(np.abs(np.abs(np.angle(np.exp(1j * np.diff(ends)[:, 0]))) - SHOWN_TURN).argmin())
    controls, rows = {}, {}
    for name, control in protocol.CONTROLS.items():
        frames = control(ends)
        controls[name], rows[name] = protocol.figures(frames, ends), frames[shown]
    measured = []
    for contender in tracked(contenders, "measuring", len(contenders), listen):
        space = Space.load(contender.run.path)
        frames = protocol.interpolate(space, ends)
        measured.append((contender, space.model_hash, protocol.figures(frames, ends)))
        rows.setdefault(contender.model, frames[shown])

    models = line_spreads([(contender, figures) for contender, _, figures in measured])
    record = {
        **build(),
        "request": request,
        "controls": {name: figures._asdict() for name, figures in controls.items()},
        "trainings": [
            {
                "model": contender.model,
                "seed": contender.seed,
                "run": str(contender.run.path),
                "model_hash": model_hash,
                **figures._asdict(),
            }
            for contender, model_hash, figures in measured
        ],
        "models": {model: {name: asdict(one) for name, one in found.items()} for model, found in models.items()},
        "published": published(),
    }
    # First, for it says whose folder this is: after a kill the same command goes on in it.
    write_json(config.out / LINES, record)
    write_png(config.out / SHEET, line_sheet(rows))
    return BenchmarkLinesResult(
        len(measured), lines_table(controls, models), config.out, config.out / LINES, config.out / SHEET
    )


def _comparison(config: BenchmarkLinesConfig, images: Path) -> CompareConfig:
    shared = {"out": config.out, "seed": config.seed, "force": config.force}
    if config.methods is None:
        return make(CompareConfig, {**shared, "runs": config.runs})
    return make(
        CompareConfig,
        {
            **shared,
            "runs": [images],
            "methods": config.methods,
            "seeds": config.seeds,
            "images_seen": config.images_seen,
            "size": protocol.SIZE,
            "set": ["channels=1", *(config.set_ or ())],
        },
    )


def _of_lines(training: Training) -> Training:
    if (training.options.size, training.options.channels) != (protocol.SIZE, "1"):
        raise ConfigError(f"{training.model}: lines are {protocol.SIZE} px and grey; leave size and channels out")
    return training


def _draw(folder: Path, count: int, seed: int, listen: Listener) -> None:
    """Draw the lines to train on; those that are there are kept."""
    paths = [folder / f"line_{index:06}.png" for index in range(count)]
    angles = protocol.random_angles(count, [seed, TRAINED_ON])
    missing = [index for index, path in enumerate(paths) if not path.exists()]
    for index in tracked(missing, "drawing lines", len(missing), listen):
        [picture] = protocol.line_pixels(protocol.draw_lines(angles[index : index + 1]))
        write_png(paths[index], picture)


# -- structure --------------------------------------------------------------------------------------------------------


def benchmark_structure(config: BenchmarkStructureConfig, listen: Listener = silent) -> BenchmarkStructureResult:
    """Train GAIA at several weights α of L_dist on the same images, seeds and budget (paper §4.3, with a number).

    The identical command trains and measures nothing twice. Raises as `compare`.
    """
    names = {alpha: f"gaia:alpha={alpha:g}" for alpha in config.weights}
    found = compared(
        make(
            CompareConfig,
            {
                "runs": [config.images] if config.images else None,
                "methods": ",".join(names.values()),
                "seeds": config.seeds,
                "images_seen": config.images_seen,
                "size": config.size,
                "set": config.set_,
                "out": config.out,
                "seed": config.seed,
                "force": config.force,
            },
        ),
        listen,
    )
    figures = {row["figure"]: row for row in found.figures}
    called = {alpha: found.titles[model] for alpha, model in names.items()}
    return BenchmarkStructureResult(found.trainings, structure_table(figures, called), found.out)
