"""The page about a run: how it was trained, what its figures say beside their controls, and what its pictures show.

Nothing is picked by hand: examples are the first held-out images, and the worst are shown as large as the best.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gaia_stim.config.spaces import networks_in_words
from gaia_stim.dataset import Dataset
from gaia_stim.drawing.charts import Chart, Series, chart
from gaia_stim.evaluation.evidence import HELD_OUT
from gaia_stim.evaluation.measure import in_words, scores
from gaia_stim.images import Pixels, read_bytes
from gaia_stim.metrics.reconstruction import l1
from gaia_stim.report.content import Fact, Record, number, spread_over
from gaia_stim.report.page import EmbeddedPicture, data_uri, render
from gaia_stim.runs import Run, RunConfig
from gaia_stim.space.paths import Line
from gaia_stim.space.space import Space

EXAMPLES, EXTREMES, STRIPS, FRAMES, SHEETS = 12, 6, 6, 9, 3
"""How much is shown: reconstructions, best and worst cases, morphs, frames of each, sample sheets."""
IMAGES_SEEN = "images_seen"


@dataclass(frozen=True)
class Bar:
    """A share of the whole, beside others."""

    name: str
    value: float
    text: str
    is_control: bool


@dataclass(frozen=True)
class Bars:
    """A figure beside its controls."""

    title: str
    says: str
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Figure:
    """A row of the table of all figures."""

    name: str
    value: str
    ideal: str


@dataclass(frozen=True)
class Copy:
    """A held-out image and what the model makes of it."""

    image: EmbeddedPicture
    reconstruction: EmbeddedPicture
    caption: str


@dataclass(frozen=True)
class Strip:
    """A morph between two held-out images, and the cross-fade between them as its control."""

    first: EmbeddedPicture
    second: EmbeddedPicture
    morph: EmbeddedPicture
    blend: EmbeddedPicture


@dataclass(frozen=True)
class Looks:
    """What a model makes of images that it never saw."""

    held_out: int
    examples: Sequence[Copy]
    best: Sequence[Copy]
    worst: Sequence[Copy]
    strips: Sequence[Strip]


@dataclass(frozen=True)
class RunPage:
    """All that the page shows."""

    title: str
    lead: str
    facts: Sequence[Fact]
    notes: Sequence[str]
    """What is not on the page, and why."""
    sentences: Sequence[str]
    bars: Sequence[Bars]
    figures: Sequence[Figure]
    charts: Sequence[Chart]
    looks: Looks | None
    sheets: Sequence[EmbeddedPicture]
    provenance: Mapping[str, Record]


def run_page(
    run: Run,
    space: Space,
    dataset: Dataset | None,
    figures: Mapping[str, Any] | None,
    notes: Sequence[str],
    request_hash: str,
) -> bytes:
    """The page about a run. Without its images or its figures these parts are left out; `notes` say why."""
    config, record = run.config(), run.weights_record()
    model, images = config.model, config.dataset
    colour = "colour" if model.channels == 3 else "grey"
    facts = [
        Fact("Images seen", f"{record.images_seen:,}"),
        Fact("Held-out error", "not measured" if record.validation_l1 is None else f"{record.validation_l1:.2%}"),
        Fact("Trained on", f"{images.training_images:,} images"),
        Fact("Held out", f"{images.validation_images:,} images"),
        Fact("Model", space.model_hash[:19] + "…"),
    ]
    objective = f", objective {model.objective}" if model.method == "gaia" else ""
    page = RunPage(
        title=run.path.resolve().name,
        lead=f"A trained model: {model.method}{objective}, {networks_in_words(model.method, model.network)}, "
        f"{model.size} × {model.size} px in {colour}, {model.latent} numbers a code.",
        facts=facts,
        notes=notes,
        sentences=list(in_words(figures)) if figures else [],
        bars=list(_bars(figures)) if figures else [],
        figures=list(_figures(figures)) if figures else [],
        charts=[one for one in _charts(list(run.rows())) if one.curves],
        looks=_looks(space, dataset) if dataset else None,
        sheets=list(_sheets(run)),
        provenance=_provenance(run, config, space, dataset, figures),
    )
    return render("run.html", request_hash, page)


# -- figures ----------------------------------------------------------------------------------------------------------

GROUPS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Do midpoints lie where pictures lie?",
        "Share that lies among the training images' reconstructions; 100% is ideal.",
        {
            "midpoint_precision": "midpoints",
            "reconstruction_precision": "held-out reconstructions",
            "pixel_blend_precision": "pixel blends",
        },
    ),
    (
        "How much of the variety do they reach?",
        "Share of the training images' reconstructions that have one of them near.",
        {
            "midpoint_coverage": "midpoints",
            "reconstruction_coverage": "held-out reconstructions",
            "pixel_blend_coverage": "pixel blends",
        },
    ),
    (
        "Can midpoints be told from reconstructions?",
        "How often a classifier trained for it is right on pictures new to it; 50% is guessing, and ideal.",
        {
            "midpoint_auc": "midpoints from reconstructions",
            "matched_auc": "… from equally average ones",
            "crowding_auc": "average from single ones, no model in it",
        },
    ),
    (
        "Do distances between codes follow those between images?",
        "1 is ideal; principal components, as many as the code has numbers, are the control.",
        {
            "structure_spearman": "rank correlation of distances",
            "pca_structure_spearman": "… of principal components",
            "trustworthiness": "neighbours kept",
            "pca_trustworthiness": "… by principal components",
        },
    ),
)
"""Figures that say something beside each other only: question, explanation, and what each is called there."""


def _split_told(dataset: Record) -> Record:
    """What is recorded of the images, without the hash of each that was held out."""
    held_out = dataset.get("held_out")
    return {**dataset, "held_out": "a tenth by hash" if held_out is None else "named by --split-by or --hold-out"}


def _bars(figures: Mapping[str, Any]) -> Iterator[Bars]:
    table = scores()
    for title, says, called in GROUPS:
        bars = [
            Bar(
                words,
                min(1.0, max(0.0, figures[name])),
                f"{figures[name]:.3f}" if "1 is ideal" in says else f"{figures[name]:.0%}",
                table[name].ideal is None or name.startswith("reconstruction_"),
            )
            for name, words in called.items()
            if name in table and figures.get(name) is not None
        ]
        if bars:
            yield Bars(title, says, bars)


def _figures(figures: Mapping[str, Any]) -> Iterator[Figure]:
    for name, score in scores().items():
        if figures.get(name) is None:
            continue
        yield Figure(name, number(figures[name]), "control" if score.ideal is None else number(score.ideal))


# -- training ---------------------------------------------------------------------------------------------------------


def _charts(rows: Sequence[Mapping[str, Any]]) -> Iterator[Chart]:
    """The curves of the log: error, losses, the weights that balance them, learning rate."""
    seen = "images seen"
    measured = [row for row in rows if row.get("validation_l1") is not None]
    if measured:
        best = min(measured, key=lambda row: row["validation_l1"])
        yield chart(
            "Error on held-out images",
            f"Mean absolute difference from their reconstructions, of 1. Best {best['validation_l1']:.4f} at "
            f"{best[IMAGES_SEEN]:,} images: those weights make the stimuli.",
            seen,
            "mean pixel difference, of 1",
            [_curve("held-out error", measured, "validation_l1")],
        )
    losses, balance = _series(rows, "losses"), _series(rows, "balance")
    yield chart("Losses", "What the players minimise, before it is weighted.", seen, "loss", losses)
    yield chart(
        "Balance weights", "How much each loss counts: what keeps the players' game even.", seen, "weight", balance
    )
    yield chart(
        "Learning rate",
        "Of all players, before the balance multiplies it.",
        seen,
        "learning rate",
        [_curve("learning rate", rows, "learning_rate")],
    )


def _series(rows: Sequence[Mapping[str, Any]], part: str) -> list[Series]:
    names = dict.fromkeys(name for row in rows for name in row.get(part, {}))
    return [_curve(name.replace("_", " "), [row.get(part, {}) | row for row in rows], name) for name in names]


def _curve(name: str, rows: Sequence[Mapping[str, Any]], key: str) -> Series:
    """A value of the log over the images seen, where a row has it."""
    known = [row for row in rows if row.get(key) is not None]
    return Series(name, [row[IMAGES_SEEN] for row in known], [row[key] for row in known])


def _sheets(run: Run) -> Iterator[EmbeddedPicture]:
    found = sorted(run.sheets.glob("*.png")) if run.sheets.is_dir() else []
    for place in spread_over(len(found), SHEETS):
        sheet = found[place]
        said = f"{int(sheet.stem):,} images seen" if sheet.stem.isdigit() else sheet.stem
        yield EmbeddedPicture(data_uri(read_bytes(sheet)), f"Sample sheet of the training at {said}", said)


# -- pictures ---------------------------------------------------------------------------------------------------------


def _looks(space: Space, dataset: Dataset) -> Looks:
    rows = dataset.rows("validation")[:HELD_OUT]
    paths = dict(zip(dataset.table["row"], dataset.table["path"], strict=True))
    names = [str(paths[row]) for row in rows]
    images = dataset.batch(rows)
    codes = space.encode(images)
    copies = space.decode(codes)
    errors = l1(copies, images)

    def copy(place: int) -> Copy:
        return Copy(
            EmbeddedPicture.of(images[place], f"Held-out image {names[place]}", names[place]),
            EmbeddedPicture.of(copies[place], f"Reconstruction of {names[place]}"),
            f"{errors[place]:.1%}",
        )

    def strip(a: int, b: int) -> Strip:
        shares = np.linspace(0, 1, FRAMES)
        frames = space.decode(Line(codes[a], codes[b])(shares))
        fades = [np.round(images[a] * (1 - share) + images[b] * share).astype(np.uint8) for share in shares]
        return Strip(
            EmbeddedPicture.of(images[a], f"Held-out image {names[a]}", names[a]),
            EmbeddedPicture.of(images[b], f"Held-out image {names[b]}", names[b]),
            EmbeddedPicture.of(_row(frames), f"Morph from {names[a]} to {names[b]} in {FRAMES} equal latent steps"),
            EmbeddedPicture.of(_row(fades), f"Cross-fade from {names[a]} to {names[b]}"),
        )

    order = [int(place) for place in np.argsort(errors, kind="stable")]
    extremes = min(EXTREMES, len(order) // 2)
    return Looks(
        held_out=len(rows),
        examples=[copy(place) for place in range(min(EXAMPLES, len(rows)))],
        best=[copy(place) for place in order[:extremes]],
        worst=[copy(place) for place in order[::-1][:extremes]],
        strips=[strip(2 * pair, 2 * pair + 1) for pair in range(min(STRIPS, len(rows) // 2))],
    )


def _row(frames: Sequence[Pixels] | Pixels) -> Pixels:
    return np.concatenate(list(frames), axis=1)


# -- provenance -------------------------------------------------------------------------------------------------------


def _provenance(
    run: Run, config: RunConfig, space: Space, dataset: Dataset | None, figures: Mapping[str, Any] | None
) -> dict[str, Record]:
    known = config.model_dump()
    found: dict[str, Record] = {
        "Model": {"run": str(run.path), "model_hash": space.model_hash, **known["model"]},
        "Training images": _split_told(known["dataset"]),
        "Training options": known["options"],
        "Made with": {name: known[name] for name in ("gaia_stim", "torch", "threads", "device", "precision")},
    }
    if dataset is not None:
        found["Images on this page"] = {"folder": str(dataset.folder), "dataset_hash": dataset.content_hash}
    if figures is not None:
        told = ("images", "dataset_hash", "training_images", "held_out_images", "seed", "gaia_stim")
        found["Figures"] = {name: figures[name] for name in told if name in figures}
    return found
