"""What benchmarks say of their models: a row a model, beside controls and what was published."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.evaluation import lines as protocol
from gaia_stim.evaluation.comparison import Spread, spread_of
from gaia_stim.evaluation.contenders import Contender
from gaia_stim.evaluation.lines import LineFigures
from gaia_stim.images import Pixels

SCORES = ("distance", "smoothness")
"""The paper's; the others say what these two leave out."""
COST, GAIN = "reconstruction_ssim", "structure_spearman"
BESIDE = ("trustworthiness", "midpoint_precision")


def line_spreads(measured: Sequence[tuple[Contender, LineFigures]]) -> dict[str, dict[str, Spread]]:
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
        *((f"{name}, paper", scores, {}) for name, scores in published().items()),
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


def published() -> dict[str, dict[str, float]]:
    """The paper's scores, by its models."""
    return {name: dict(zip(SCORES, scores, strict=True)) for name, scores in protocol.PUBLISHED.items()}


def line_sheet(rows: Mapping[str, protocol.Lines]) -> Pixels:
    """A row a model: its frames from one line to another."""
    frames = np.concatenate([protocol.line_pixels(np.clip(line, 0, 1)) for line in rows.values()])
    steps = [f"{step / (protocol.STEPS - 1):.2f}" for step in range(protocol.STEPS)]
    title = "From one line to another, frame by frame"
    return contact_sheet(list(frames), protocol.STEPS, row_labels=list(rows), column_labels=steps, title=title, scale=2)


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
