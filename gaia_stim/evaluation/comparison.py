"""Models side by side: what to call each, mean and spread over its trainings, and what the eye should see too.

Trainings that differ in their seed alone are one model; what else differs becomes part of its name, so that a table
never holds two models under one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from gaia_stim.dataset import Dataset
from gaia_stim.drawing.sheets import column_sheet
from gaia_stim.evaluation.evidence import blend
from gaia_stim.evaluation.likelihood import OF_A_FLOW
from gaia_stim.evaluation.measure import scores
from gaia_stim.evaluation.midpoints import IDEALS
from gaia_stim.images import Pixels
from gaia_stim.space.paths import Line
from gaia_stim.space.space import Space

NOT_THE_MODEL = {"images", "preset", "seed", "device", "precision", "validations"}
"""Training options that do not make another model of it."""
BUDGET = ("size", "network", "latent", "width", "images_seen", "batch")
"""What should be equal for a fair comparison of methods."""
VARIES = "reconstruction_spread"
"""The figure by which a collapse is seen."""
COLLAPSED = 0.6
"""A model whose pictures vary by less than this share of what the images do shows few pictures for many images: what
else is measured of it says nothing beside the others' figures, however good it looks."""
OF_RECONSTRUCTIONS = ("reconstruction_", "sharpness", "identity", "cycle")
"""How the names of figures begin that are perfect of such a model, whatever it learned."""
ROWS = 8
"""Images of a sheet: the first held-out ones, nobody chose them."""


@dataclass(frozen=True)
class MeasuredTraining:
    """One training and its figures."""

    model: str
    """What it is called; trainings with other seeds are called the same."""
    seed: int
    run: Path
    model_hash: str
    figures: Mapping[str, float | None]
    """None of one that could not be measured: there were too few images, or the blend is nearly the truth."""


@dataclass(frozen=True)
class Spread:
    """A figure over a model's trainings."""

    mean: float | None
    """Of the trainings in which it could be measured; None where in none."""
    spread: float | None
    """Sample standard deviation over those; None of a single one."""
    values: list[float | None]


def names(options: Sequence[Mapping[str, Any]]) -> list[str]:
    """What to call runs with these training options: the method, and in what it differs from others of that method."""
    found = []
    for one in options:
        peers = [other for other in options if other["method"] == one["method"]]
        differing = [f"{key}={_short(one.get(key))}" for key in _differing(peers)]
        found.append(":".join([str(one["method"]), *differing]))
    return found


def unequal(options: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """In which parts of the budget runs differ, in words."""
    for key in BUDGET:
        values = list(dict.fromkeys(_short(one.get(key)) for one in options))
        if len(values) > 1:
            yield f"{key.replace('_', ' ')} ({', '.join(values)})"


def _differing(options: Sequence[Mapping[str, Any]]) -> list[str]:
    keys = dict.fromkeys(key for one in options for key in one if key not in NOT_THE_MODEL)
    return [key for key in keys if len({str(one.get(key)) for one in options}) > 1]


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def ideals() -> dict[str, float | None]:
    """Every figure of a comparison by name, and what a perfect space would have; None of a control."""
    return {name: score.ideal for name, score in scores().items()} | IDEALS | {OF_A_FLOW: None}


def summary(measured: Sequence[MeasuredTraining]) -> dict[str, dict[str, Spread]]:
    """Model, then figure, to its mean and spread; models in the order in which they first come."""
    return {
        model: {name: spread_of([one.figures[name] for one in trainings]) for name in trainings[0].figures}
        for model in dict.fromkeys(one.model for one in measured)
        if (trainings := [one for one in measured if one.model == model])
    }


def spread_of(values: list[float | None]) -> Spread:
    """Mean and spread of one figure over trainings."""
    known = [value for value in values if value is not None]
    return Spread(fmean(known) if known else None, stdev(known) if len(known) > 1 else None, values)


def collapsed(found: Mapping[str, Mapping[str, Spread]]) -> dict[str, float]:
    """The models that have collapsed in any of their trainings, and the least share by which their pictures vary."""
    least = {
        model: min((value for value in figures[VARIES].values if value is not None), default=1.0)
        for model, figures in found.items()
    }
    return {model: share for model, share in least.items() if share < COLLAPSED}


def titles(found: Mapping[str, Mapping[str, Spread]]) -> dict[str, str]:
    """What each model is called where it stands beside others: those that collapsed come last, and say so.

    One whose reconstructions are exact by construction says that.
    """
    out = collapsed(found)
    named = {model: f"{model} (exact)" if is_exact(found[model]) else model for model in found if model not in out}
    return named | {model: f"{model} (collapsed)" for model in out}


def is_exact(figures: Mapping[str, Spread]) -> bool:
    """Whether decoding undoes encoding: then figures of reconstructions say nothing of what was learned."""
    return OF_A_FLOW in figures


def table(found: Mapping[str, Mapping[str, Spread]]) -> list[dict[str, Any]]:
    """A row a figure: its ideal, and for each model the mean and, of several trainings, ± the spread.

    The columns are `titles`: models that collapsed are not ranked among the others. Empty where a figure is not of the
    model, or says nothing of it: of reconstructions that are exact by construction.
    """
    called = titles(found)
    return [
        {"figure": name, "ideal": ideal}
        | {column: value for model, title in called.items() for column, value in _cells(title, found[model], name)}
        for name, ideal in ideals().items()
        if any(name in figures for figures in found.values())
    ]


def _cells(title: str, figures: Mapping[str, Spread], name: str) -> Iterator[tuple[str, float | None]]:
    says_nothing = name not in figures or (is_exact(figures) and name.startswith(OF_RECONSTRUCTIONS))
    yield title, None if says_nothing else figures[name].mean
    if any(one.spread is not None for one in figures.values()):
        yield f"± {title}", None if says_nothing else figures[name].spread


def reconstruction_sheet(models: Mapping[str, Space], dataset: Dataset) -> Pixels:
    """The paper's Figure 5: a row a held-out image, and beside it what each model makes of it."""
    images = dataset.batch(dataset.rows("validation")[:ROWS])
    columns = [images, *(space.decode(space.encode(images)) for space in models.values())]
    return column_sheet(columns, ["image", *models], "Held-out images and their reconstructions")


def midpoint_sheet(models: Mapping[str, Space], dataset: Dataset) -> Pixels:
    """A row a pair of held-out images: the two, their pixel blend as a control, and each model's midpoint."""
    images = dataset.batch(dataset.rows("validation")[: 2 * ROWS])
    a, b = images[: len(images) // 2 * 2 : 2], images[1::2]
    columns = [a, b, blend(a, b), *(midpoints(space, a, b) for space in models.values())]
    return column_sheet(columns, ["A", "B", "pixel blend", *models], "Half-way between two held-out images")


def midpoints(space: Space, a: Iterable[Pixels], b: Iterable[Pixels]) -> Pixels:
    """The decoded means of the codes of pairs of images."""
    return space.decode(Line(space.encode(a), space.encode(b))(np.array([0.5])))
