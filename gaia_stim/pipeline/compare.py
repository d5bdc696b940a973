"""Models side by side: trained runs, or methods that are trained first on the same images, seeds and budget.

What is precious in a comparison's folder are the trainings: they are run folders like any other, and go on where they
were stopped. Table and sheets are made of them again at any time, and a comparison may grow by methods, seeds or runs.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from gaia_stim.checkpoint import LATEST, Run
from gaia_stim.config import CompareConfig, TrainConfig, make, option_name
from gaia_stim.dataset import Dataset
from gaia_stim.errors import ConfigError
from gaia_stim.evaluation.comparison import (
    Measured,
    midpoint_sheet,
    names,
    reconstruction_sheet,
    summary,
    table,
    unequal,
)
from gaia_stim.evaluation.measure import scores
from gaia_stim.events import Event, Listener, Note, Progress, silent
from gaia_stim.files import read_json, write_bytes, write_json
from gaia_stim.images import write_png
from gaia_stim.models import MODELS
from gaia_stim.pipeline.exemplars import real_images
from gaia_stim.pipeline.measured import figures_of
from gaia_stim.pipeline.sets import build
from gaia_stim.pipeline.train import train
from gaia_stim.space.space import Space
from gaia_stim.tables import look_up

COMPARISON, TABLE = "comparison.json", "comparison.csv"
RECONSTRUCTIONS, MIDPOINTS = "reconstructions.png", "midpoints.png"
NOT_A_METHODS = ("images", "out", "config", "force", "dry_run", "seed", "method")
"""Options of `train` that are the comparison's own."""


@dataclass(frozen=True)
class CompareResult:
    """Every figure of every model, and where table and sheets are."""

    trainings: int
    figures: list[dict[str, Any]]
    out: Path
    table: Path
    reconstructions: Path
    midpoints: Path


@dataclass(frozen=True)
class Contender:
    """A run, and what its model is called."""

    model: str
    run: Run
    seed: int


def compare(config: CompareConfig, listen: Listener = silent) -> CompareResult:
    """Measure models side by side, training them first where `config` names methods.

    The identical command trains and measures nothing twice. Raises `ConfigError` for a method or option that cannot
    be, or where the folder holds something else; else as `train` and `evaluate`.
    """
    # All that was asked for is understood before the first hour of training.
    trainings = list(_trainings(config))
    wanted = {
        folder: {"model": model, **training.model_dump(mode="json", include=_decisive(training))}
        for folder, model, training in trainings
    }
    if not trainings:
        wanted = {str(path): {"model_hash": _run(path).model_hash()} for path in config.runs or ()}
    request = {"verb": "compare", "seed": config.seed, "trainings": wanted}
    _claim(config, request, [folder for folder, _, _ in trainings])
    contenders = [
        Contender(model, Run(config.out / folder), training.seed)
        for folder, model, training in _trained(config, trainings, listen)
    ] or _given(config, listen)

    measured, first = _measure(config, contenders, listen)
    spaces, dataset = first
    found = summary(measured)
    config.out.mkdir(parents=True, exist_ok=True)
    write_png(config.out / RECONSTRUCTIONS, reconstruction_sheet(spaces, dataset))
    write_png(config.out / MIDPOINTS, midpoint_sheet(spaces, dataset))
    write_bytes(config.out / TABLE, _long(measured).to_csv(index=False, lineterminator="\n").encode())
    record = {
        **build(),
        "request": request,
        "images": {"folder": str(dataset.folder), "dataset_hash": dataset.content_hash},
        "trainings": [{**asdict(one), "run": str(one.run)} for one in measured],
        "models": {model: {name: asdict(one) for name, one in figures.items()} for model, figures in found.items()},
    }
    write_json(config.out / COMPARISON, record)
    return CompareResult(
        len(measured),
        table(found),
        config.out,
        config.out / TABLE,
        config.out / RECONSTRUCTIONS,
        config.out / MIDPOINTS,
    )


# -- what is compared -------------------------------------------------------------------------------------------------


def _trainings(config: CompareConfig) -> Iterator[tuple[str, str, TrainConfig]]:
    """Folder, model and options of each training that is asked for; seed by seed, so that a table fills evenly."""
    if config.methods is None:
        return
    specs = [spec.strip() for spec in config.methods.split(",") if spec.strip()]
    if not specs:
        raise ConfigError("--methods: names no method; give, say, gaia,ae,vae")
    folders = {_folder(spec) for spec in specs}
    if len(folders) < len(specs):
        raise ConfigError(f"--methods {config.methods}: names a method twice")
    for seed in range(config.seed, config.seed + config.seeds):
        for spec in specs:
            folder = f"{_folder(spec)}_{seed}"
            yield folder, spec, _training(config, spec, seed, config.out / folder)


def _training(config: CompareConfig, spec: str, seed: int, out: Path) -> TrainConfig:
    method, *own = spec.split(":")
    look_up(MODELS, "method", method)
    shared = {"images_seen": config.images_seen, "size": config.size}
    options = {
        **{name: value for name, value in shared.items() if value is not None},
        **_options(config.set_ or (), "--set"),
        **_options(own, f"--methods {spec}"),
    }
    place = {"images": config.runs[0] if config.runs else None, "out": out, "seed": seed, "force": config.force}
    return make(
        TrainConfig, {**options, **place, "method": method}, lambda key: f"--methods {spec}: {option_name(key)}"
    )


def _options(texts: Sequence[str], where: str) -> dict[str, str]:
    options = {}
    for text in texts:
        name, equals, value = text.partition("=")
        key = name.strip().replace("-", "_")
        if not (equals and key and value.strip()):
            raise ConfigError(f"{where}: '{text}' is not an option; write KEY=VALUE, alpha=0.2 say")
        if key in NOT_A_METHODS:
            raise ConfigError(f"{where}: '{key}' is the same for all that are compared")
        options[key] = value.strip()
    return options


def _folder(spec: str) -> str:
    """A method and its options as a folder's name on every system: `gaia:alpha=0` is `gaia_alpha=0`."""
    return re.sub(r"[^A-Za-z0-9.=+-]+", "_", spec)


def _decisive(training: TrainConfig) -> set[str]:
    """The fields that decide the weights, but for the place of the images: their hashes stand in each run."""
    return (set(training.request()) & set(type(training).model_fields)) - {"images"}


def _run(path: Path) -> Run:
    if not Run(path).exists:
        raise ConfigError(f"{path}: not a run folder; to train models on images first, name them by --methods gaia,ae")
    return Run(path)


def _claim(config: CompareConfig, request: dict[str, Any], folders: Sequence[str]) -> None:
    """Raise `ConfigError` where the folder holds what this comparison would not keep."""
    out = config.out
    if config.force or not out.exists():
        return
    if not out.is_dir():
        raise ConfigError(f"{out}: is a file; give another --out")
    if (out / COMPARISON).is_file():
        before = read_json(out / COMPARISON).get("request", {})
        wanted = request["trainings"]
        is_part = all(wanted.get(name) == training for name, training in before.get("trainings", {}).items())
        if before.get("seed") != config.seed or not is_part:
            raise ConfigError(f"{out}: holds another comparison; give another --out, or replace it with --force")
    elif any(out.iterdir()) and not any(Run(out / folder).exists for folder in folders):
        raise ConfigError(f"{out}: exists and is not a comparison; give another --out")


# -- training and measuring -------------------------------------------------------------------------------------------


def _trained(
    config: CompareConfig, trainings: Sequence[tuple[str, str, TrainConfig]], listen: Listener
) -> Sequence[tuple[str, str, TrainConfig]]:
    with _latest_run_kept():
        for folder, _, training in trainings:
            train(training, _named(folder, listen))
    return trainings


@contextlib.contextmanager
def _latest_run_kept() -> Iterator[None]:
    """A contender is not the model that the next command should take by itself."""
    before = LATEST.read_bytes() if LATEST.is_file() else None
    try:
        yield
    finally:
        if before is None:
            LATEST.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                LATEST.parent.rmdir()
        else:
            write_bytes(LATEST, before)


def _named(name: str, listen: Listener) -> Listener:
    """Tell all progress under the training's name, and of the notes only warnings."""

    def tell(event: Event) -> None:
        if isinstance(event, Progress):
            listen(replace(event, task=f"{name}: {event.task}"))
        elif event.warning:
            listen(replace(event, text=f"{name}: {event.text}"))

    return tell


def _given(config: CompareConfig, listen: Listener) -> list[Contender]:
    runs = [_run(path) for path in config.runs or ()]
    options = [{**run.config().options, **run.config().model.model_dump()} for run in runs]
    if differences := ", ".join(unequal(options)):
        listen(Note(f"not a fair comparison of methods: the runs differ in {differences}", warning=True))
    return [
        Contender(model, run, int(one.get("seed", 0)))
        for model, run, one in zip(names(options), runs, options, strict=True)
    ]


def _measure(
    config: CompareConfig, contenders: Sequence[Contender], listen: Listener
) -> tuple[list[Measured], tuple[dict[str, Space], Dataset]]:
    """All figures, and of each model the space of its first training with the images to look at."""
    measured: list[Measured] = []
    spaces: dict[str, Space] = {}
    shown: Dataset | None = None
    for contender in contenders:
        space = Space.load(contender.run.path)
        tell = _named(contender.run.path.name, listen)
        dataset = real_images(space, config.images, tell)
        if shown is not None and _hashes(shown) != _hashes(dataset):
            raise ConfigError(
                f"{contender.run.path}: was trained on other images than {contenders[0].run.path}; name the images "
                "to measure all of them on by --images"
            )
        found = figures_of(contender.run, dataset, config.seed, tell, again=config.force)
        figures = {name: float(found[name]) for name in scores()}
        measured.append(Measured(contender.model, contender.seed, contender.run.path, space.model_hash, figures))
        spaces.setdefault(contender.model, space)
        shown = shown or dataset
    if shown is None:
        raise ConfigError("nothing to compare")
    return measured, (spaces, shown)


def _hashes(dataset: Dataset) -> list[str]:
    return list(dataset.table["image_hash"])


def _long(measured: Sequence[Measured]) -> pd.DataFrame:
    """A row a figure of a training, as statistics programs like it."""
    ideals = {name: score.ideal for name, score in scores().items()}
    return pd.DataFrame(
        [
            {
                "model": one.model,
                "training_seed": one.seed,
                "model_hash": one.model_hash,
                "figure": name,
                "ideal": ideals[name],
                "value": value,
            }
            for one in measured
            for name, value in one.figures.items()
        ]
    )
