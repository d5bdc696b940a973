"""Models side by side: trained runs, or methods that are trained first on the same images, seeds and budget.

`contenders` has the trainings; table and sheets are made of them again at any time.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from gaia_stim.cells import frame_csv
from gaia_stim.config import BenchmarkMidpointsConfig, CompareConfig
from gaia_stim.config.attributes import names
from gaia_stim.config.verbs import verb_of
from gaia_stim.dataset import Dataset
from gaia_stim.devices import build
from gaia_stim.errors import ConfigError
from gaia_stim.evaluation.comparison import (
    COLLAPSED,
    MeasuredTraining,
    collapsed,
    ideals,
    is_exact,
    midpoint_sheet,
    reconstruction_sheet,
    summary,
    table,
    titles,
)
from gaia_stim.evaluation.contenders import Contender, claim, given, named, requested, train_all, trainings
from gaia_stim.evaluation.figures import kept_figures
from gaia_stim.evaluation.likelihood import OF_A_FLOW
from gaia_stim.evaluation.measure import scores
from gaia_stim.evaluation.midpoints import IDEALS, OPPOSITE, RANDOM, Drawn, draw, midpoint_figures, pairs
from gaia_stim.evaluation.paper_figures import Models, attribute_sheets, labels_beside, strips
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import clear_leftovers, write_bytes, write_json
from gaia_stim.images import write_png
from gaia_stim.samples.folder import are_drawn
from gaia_stim.space.images import images_of
from gaia_stim.space.labelled import check_fittable, chosen_labels, labelled, tell
from gaia_stim.space.space import Space

COMPARISON, TABLE = "comparison.json", "comparison.csv"
COLOUR = 3
EXACT = (
    "gives every image back exactly, by construction and whatever it learned: its figures of reconstructions stay out "
    "of the table, and are not to be ranked with the others'"
)
RECONSTRUCTIONS, MIDPOINTS = "reconstructions.png", "midpoints.png"
STRIPS, FACES, VECTORS = "strips.png", "faces.png", "vectors.png"


@dataclass(frozen=True)
class CompareResult:
    """Every figure of every model, and where table and sheets are."""

    trainings: int
    figures: list[dict[str, Any]]
    collapsed: list[str]
    """Models that show few pictures for many images: they come last, and their figures are not to be ranked."""
    out: Path
    table: Path
    reconstructions: Path
    midpoints: Path
    strips: Path | None
    """Figure 2, where asked for; Figure 5 is `reconstructions`."""
    faces: Path | None
    """Figure 3, where there are labels."""
    vectors: Path | None
    """Figure 4."""
    titles: dict[str, str] = field(metadata={"for_programs": True})
    """What each model is called in `figures`."""


def compared(config: CompareConfig, listen: Listener = silent) -> CompareResult:
    """Measure models side by side, training them first where `config` names methods.

    The identical command trains and measures nothing twice. Raises `ConfigError` for a method or option that cannot
    be, or where the folder holds something else; else as `train` and `evaluate`.
    """
    # All that was asked for is understood before the first hour of training.
    wanted = list(trainings(config))
    if config.labels:
        labels = chosen_labels(config.labels, *_asked_of_labels(config))
        check_fittable(config.labels, labels.attributes, labels.values)
    request = {"verb": verb_of(config), "seed": config.seed, "trainings": requested(config, wanted)}
    claim(config.out, COMPARISON, request, [training.folder for training in wanted], force=config.force)
    contenders = train_all(wanted, listen) if wanted else given(config.runs or (), listen)

    measured, first = _measure(config, contenders, listen)
    spaces, dataset = first
    found = summary(measured)
    out = collapsed(found)
    for model, share in out.items():
        listen(Note(_said_of(model, share), warning=True))
    for model in found:
        if is_exact(found[model]):
            listen(Note(f"{model}: {EXACT}", warning=True))
    config.out.mkdir(parents=True, exist_ok=True)
    for name in (RECONSTRUCTIONS, MIDPOINTS, STRIPS, FACES, VECTORS, TABLE, COMPARISON):
        clear_leftovers(config.out / name)
    called = titles(found)
    shown = {title: spaces[model] for model, title in called.items()}
    record = {
        **build(),
        "request": request,
        "images": {"folder": str(dataset.folder), "dataset_hash": dataset.content_hash},
        "collapsed": list(out),
        "trainings": [{**asdict(one), "run": str(one.run)} for one in measured],
        "models": {model: {name: asdict(one) for name, one in figures.items()} for model, figures in found.items()},
    }
    # First, for it says whose folder this is: after a kill the same command goes on in it.
    write_json(config.out / COMPARISON, record)
    write_png(config.out / RECONSTRUCTIONS, reconstruction_sheet(shown, dataset))
    write_png(config.out / MIDPOINTS, midpoint_sheet(shown, dataset))
    drawn = _figures(config, shown, dataset, listen) if config.figures else {}
    write_bytes(config.out / TABLE, frame_csv(_long(measured)))
    return CompareResult(
        len(measured),
        table(found),
        list(out),
        config.out,
        config.out / TABLE,
        config.out / RECONSTRUCTIONS,
        config.out / MIDPOINTS,
        drawn.get(STRIPS),
        drawn.get(FACES),
        drawn.get(VECTORS),
        called,
    )


def _figures(config: CompareConfig, models: Models, dataset: Dataset, listen: Listener) -> dict[str, Path]:
    """The paper's figures beside those that every comparison has."""
    drawn = {STRIPS: strips(models, dataset)}
    labels = config.labels or labels_beside(dataset)
    if labels:
        first = next(iter(models.values()))
        found = labelled(first, labels, Path(dataset.folder), *_asked_of_labels(config), listen)
        tell(found, listen)
        drawn[FACES], drawn[VECTORS] = attribute_sheets(models, found, dataset, listen)
    else:
        listen(Note("Figures 3 and 4, attributes, need labels: --labels TABLE", warning=True))
    for name, sheet in drawn.items():
        write_png(config.out / name, sheet)
    return {name: config.out / name for name in drawn}


def _asked_of_labels(config: CompareConfig) -> tuple[dict[str, Any], Sequence[str], Sequence[str]]:
    """How labels are read, and which of their columns are meant, as `labelled` takes it."""
    return {"ones": list(config.one or ())}, (), names(config.without)


def _said_of(model: str, share: float) -> str:
    return (
        f"{model}: collapsed: its pictures vary by {share:.0%} of what the images do, less than {COLLAPSED:.0%}; it "
        "stands last, and its figures are not to be ranked with the others'"
    )


# -- measuring --------------------------------------------------------------------------------------------------------


def _measure(
    config: CompareConfig, contenders: Sequence[Contender], listen: Listener
) -> tuple[list[MeasuredTraining], tuple[dict[str, Space], Dataset]]:
    """All figures, and of each model the space of its first training with the images to look at."""
    measured: list[MeasuredTraining] = []
    spaces: dict[str, Space] = {}
    shown: Dataset | None = None
    for contender in contenders:
        space = Space.load(contender.run.path)
        tell = named(contender.run.path.name, listen)
        dataset = images_of(space, config.images, tell, reading=config)
        if shown is not None and _hashes(shown) != _hashes(dataset):
            raise ConfigError(
                f"{contender.run.path}: was trained on other images than {contenders[0].run.path}; name the images "
                "to measure all of them on by --images"
            )
        found = kept_figures(contender.run, dataset, config.seed, tell, again=config.force)
        figures = {name: found[name] for name in (*scores(), OF_A_FLOW) if name in found}
        if are_drawn(dataset.folder) and space.shape[2] == COLOUR:
            figures |= _true_midpoints(space, config.seed)
        measured.append(
            MeasuredTraining(contender.model, contender.seed, contender.run.path, space.model_hash, figures)
        )
        spaces.setdefault(contender.model, space)
        shown = shown or dataset
    if shown is None:
        raise ConfigError("nothing to compare")
    return measured, (spaces, shown)


def _true_midpoints(space: Space, seed: int) -> dict[str, float | None]:
    """What only models of drawn faces have: midpoints beside the true ones."""
    figures: dict[str, Any] = {}
    for kind in (OPPOSITE, RANDOM):
        figures |= midpoint_figures(space, _drawn(kind, space.shape[0], seed), seed).named(kind)
    return {name: figures[name] for name in IDEALS}


@cache
def _drawn(kind: str, size: int, seed: int) -> Drawn:
    return draw(kind, pairs(kind, BenchmarkMidpointsConfig().pairs, seed), size)


def _hashes(dataset: Dataset) -> list[str]:
    return list(dataset.table["image_hash"])


def _long(measured: Sequence[MeasuredTraining]) -> pd.DataFrame:
    """A row a figure of a training, as statistics programs like it."""
    known = ideals()
    return pd.DataFrame(
        [
            {
                "model": one.model,
                "training_seed": one.seed,
                "model_hash": one.model_hash,
                "figure": name,
                "ideal": known[name],
                "value": value,
            }
            for one in measured
            for name, value in one.figures.items()
        ]
    )
