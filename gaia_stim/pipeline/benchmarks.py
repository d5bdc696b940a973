"""Published protocols, run here: figures that stand beside the literature's, and beside controls.

Models are trained as `compare` trains them, and lie in the benchmark's folder as runs like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.config import BenchmarkLinesConfig, BenchmarkStructureConfig, CompareConfig, make
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.errors import ConfigError
from gaia_stim.evaluation import lines as protocol
from gaia_stim.evaluation.comparison import Spread, spread_of
from gaia_stim.evaluation.contenders import Contender, Training, claim, given, requested, train_all, trainings
from gaia_stim.evaluation.lines import LineFigures
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.files import write_json
from gaia_stim.images import Pixels, write_png
from gaia_stim.pipeline.compare import compare
from gaia_stim.space.space import Space
from gaia_stim.stimuli.provenance import build

LINES, SHEET = "lines.json", "lines.png"
TRAINED_ON = 1
"""Added to the seed of the lines that models are trained on, so that they are not those that models are measured on."""
SCORES = ("distance", "smoothness")
"""The paper's; the others say what these two leave out."""
SHOWN_TURN = np.pi / 2
"""The sheet shows the pair whose angle is nearest to this one: neither a trifle nor half the circle."""

COST, GAIN = "reconstruction_ssim", "structure_spearman"
BESIDE = ("trustworthiness", "midpoint_precision")


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
    request = {"verb": "benchmark lines", "seed": config.seed, "trainings": requested(asked, wanted)}
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

    models = _models([(contender, figures) for contender, _, figures in measured])
    write_png(config.out / SHEET, _sheet(rows))
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
        "published": _published(),
    }
    write_json(config.out / LINES, record)
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


def _models(measured: Sequence[tuple[Contender, LineFigures]]) -> dict[str, dict[str, Spread]]:
    """Mean and spread of each figure over each model's trainings."""
    return {
        model: {
            name: spread_of([getattr(figures, name) for contender, figures in measured if contender.model == model])
            for name in LineFigures._fields
        }
        for model in dict.fromkeys(contender.model for contender, _ in measured)
    }


def lines_table(
    controls: Mapping[str, LineFigures], models: Mapping[str, Mapping[str, Spread]]
) -> list[dict[str, Any]]:
    """A row a control, a model (mean and, of several trainings, ± the spread of the published figures) and a paper's.

    All rows have the same columns, None where there is nothing to say.
    """
    spread = any(found["distance"].spread is not None for found in models.values())
    means = [
        *((name, figures._asdict(), {}) for name, figures in controls.items()),
        *(
            (model, {name: one.mean for name, one in found.items()}, {name: one.spread for name, one in found.items()})
            for model, found in models.items()
        ),
        *((f"{name}, paper", scores, {}) for name, scores in _published().items()),
    ]
    rows = []
    for model, figures, spreads in means:
        row: dict[str, Any] = {"model": model}
        for name in LineFigures._fields:
            row[name] = figures.get(name)
            if spread and name in SCORES:
                row[f"± {name}"] = spreads.get(name)
        rows.append(row)
    return rows


def _published() -> dict[str, dict[str, float]]:
    return {name: dict(zip(SCORES, scores, strict=True)) for name, scores in protocol.PUBLISHED.items()}


def _sheet(rows: Mapping[str, protocol.Lines]) -> Pixels:
    frames = np.concatenate([protocol.line_pixels(np.clip(line, 0, 1)) for line in rows.values()])
    steps = [f"{step / (protocol.STEPS - 1):.2f}" for step in range(protocol.STEPS)]
    title = "From one line to another, frame by frame"
    return contact_sheet(list(frames), protocol.STEPS, row_labels=list(rows), column_labels=steps, title=title, scale=2)


# -- structure --------------------------------------------------------------------------------------------------------


def benchmark_structure(config: BenchmarkStructureConfig, listen: Listener = silent) -> BenchmarkStructureResult:
    """Train GAIA at several weights α of L_dist on the same images, seeds and budget (paper §4.3, with a number).

    The identical command trains and measures nothing twice. Raises as `compare`.
    """
    names = {alpha: f"gaia:alpha={alpha:g}" for alpha in config.weights}
    compared = compare(
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
    figures = {row["figure"]: row for row in compared.figures}
    return BenchmarkStructureResult(compared.trainings, structure_table(figures, names), compared.out)


def structure_table(figures: Mapping[str, Mapping[str, Any]], names: Mapping[float, str]) -> list[dict[str, Any]]:
    """A row an α: SSIM with what it lost against α = 0, Spearman with what it won, and what stands beside them.

    `figures` are rows of a comparison by figure; `names` are its models by α, the first one 0.
    """
    none = next(iter(names.values()))
    rows = []
    for alpha, model in names.items():
        row: dict[str, Any] = {"alpha": alpha}
        for name in (COST, GAIN, *BESIDE):
            row[name] = figures[name][model]
            if f"± {model}" in figures[name]:
                row[f"± {name}"] = figures[name][f"± {model}"]
            if name == COST:
                row["cost"] = figures[name][none] - figures[name][model]
            if name == GAIN:
                row["gain"] = figures[name][model] - figures[name][none]
        rows.append(row)
    return rows
