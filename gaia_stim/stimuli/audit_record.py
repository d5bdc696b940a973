"""The audit of a set written down: figures, a row a stimulus, a plot, and what a reviewer would ask about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gaia_stim.alignment import AT_REST
from gaia_stim.cells import frame_csv
from gaia_stim.config import ProcessingConfig
from gaia_stim.config.options import option_name
from gaia_stim.dataset import Dataset
from gaia_stim.drawing.charts import Series, chart
from gaia_stim.drawing.plots import PANEL, plot
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.events import Listener, tracked
from gaia_stim.files import hash_file, write_bytes
from gaia_stim.images import Pixels, is_image, write_png
from gaia_stim.metrics.photometry import Display, luminance
from gaia_stim.space.placing import square
from gaia_stim.space.space import Space
from gaia_stim.stimuli.audit import (
    FROM_MIDDLE,
    MEASURES,
    REFERENCES,
    Column,
    Frame,
    Measure,
    Neighbours,
    Trend,
    colour,
    contrasts,
    frame,
    misaligned,
    predictors,
    sharpness,
    spectral_slope,
    tell,
    trends,
    unrolled,
)
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import reconstruction_error
from gaia_stim.stimuli.processing.ground import Colour, common_ground, ground
from gaia_stim.stimuli.processing.process import MATCHING
from gaia_stim.stimuli.sets import StimulusSet

TABLE, PLOT = "audit.csv", "audit.png"
TILE = 64
"""Stimuli that are in memory together."""
NAMED = 5
OFF_FRAME = "leave out --align none, and it is put there"
GHOSTS = "look whether they are aligned: features that do not coincide leave ghosts in a morph"


@dataclass(frozen=True)
class Warned:
    """Something that a reviewer would ask about, and what can be done."""

    found: str
    remedy: str


@dataclass(frozen=True)
class SourceAudit:
    """An image that the stimuli are made of."""

    source: str
    trained_on: str
    """training, held out, no, or ?"""


def write_audit(
    stimuli: StimulusSet,
    space: Space | None,
    dataset: Dataset | None,
    display: Display,
    listen: Listener,
    staging: Path,
) -> dict[str, Any]:
    """Fill the audit's folder, and return what its record says."""
    neighbours = Neighbours.of(dataset.pixels[dataset.rows("train")]) if dataset else None
    table = _measured(stimuli, space, dataset, neighbours, display, listen)
    measures = {name: table[name].to_numpy(np.float64) for name in MEASURES if name in table}
    against = predictors(stimuli.table)
    found = list(trends(measures, against))
    sources = _sources(stimuli, dataset)
    warnings = [Warned(tell(trend), _remedy(MEASURES[trend.measure], stimuli)) for trend in found if trend.warning]
    warnings += _copies(table, neighbours)
    warnings += [Warned(text, GHOSTS) for text in _alignment(stimuli, space, dataset)]
    warnings += [Warned(text, OFF_FRAME) for text in _off_frame(stimuli)]
    write_bytes(staging / TABLE, frame_csv(table))
    write_png(staging / PLOT, _plot(stimuli, measures, against, found))
    return {
        "display": display.record(),
        "verdict": _verdict(warnings, against),
        "warnings": [asdict(one) for one in warnings],
        "trends": [asdict(one) for one in found],
        "sources": [asdict(one) for one in sources],
        "training_images": neighbours
        and {"nearest_other_median": neighbours.typical, "nearest_other_5_percent": neighbours.near},
    }


def _remedy(measure: Measure, stimuli: StimulusSet) -> str:
    """What can be done; not what was done already and left this much."""
    if not measure.match:
        return measure.remedy
    usual = ProcessingConfig().model_dump()
    asked = {name: value for name, value in measure.match.items() if value != usual[name]}
    words = " ".join(option_name(name) + ("" if value is True else f" {value}") for name, value in asked.items())
    if any(step.method > 1 and measure.matched_by(step.options) for step in stimuli.provenance.processing):
        return f"it was matched already ({words}), and this is what is left: {MATCHING} says in which stimuli"
    return f"'gaia-stim match SET {words}' makes it equal"


def _measured(
    stimuli: StimulusSet,
    space: Space | None,
    dataset: Dataset | None,
    neighbours: Neighbours | None,
    display: Display,
    listen: Listener,
) -> pd.DataFrame:
    rows = []
    flat = common_ground(pixels for _, pixels in stimuli.pictures())
    train = dataset.table.iloc[dataset.rows("train")] if dataset else None
    # A stimulus is near the images that it is made of: that is no news.
    sources = {source.source_id: source.image_hash for source in stimuli.provenance.sources}
    places = {} if train is None else train.reset_index().groupby("image_hash").indices
    for tile in _tiles(tracked(stimuli.pictures(), "measuring stimuli", len(stimuli), listen)):
        seen = [space.prepare(pixels) for _, pixels in tile] if space else []
        decoded: Sequence[Pixels] = list(space.decode(space.encode(seen))) if space else []
        for index, (row, pixels) in enumerate(tile):
            one: dict[str, Any] = {
                "stim_id": row.stim_id,
                **_seen(pixels, display, flat),
            }
            if space:
                one["reconstruction_error"] = reconstruction_error(decoded[index], seen[index])
            if neighbours and train is not None:
                parents = [sources.get(parent) for parent in (row.source_ids or "").split(";")]
                own = [place for parent in parents for place in places.get(parent, ())]
                nearest, distance = neighbours.nearest(seen[index], own)
                if nearest is not None:
                    one |= {"training_distance": distance, "nearest_training_image": train["path"].iloc[nearest]}
            rows.append(one)
    table = pd.DataFrame(rows)
    return table.assign(hue=unrolled(table["hue"].to_numpy(np.float64))) if "hue" in table else table


def _seen(pixels: Pixels, display: Display, flat: Colour | None) -> dict[str, float]:
    """What of light and colour is measured of a stimulus, and of its foreground where the ground is flat."""
    y = luminance(pixels[None], display)[0]
    weights = None if flat is None else np.where(ground(pixels, flat), 0.0, 1.0)
    return {
        **contrasts(y, weights),
        "spectral_slope": spectral_slope(y),
        "sharpness": sharpness(y),
        **colour(pixels, display, weights),
    }


def _tiles(pictures: Iterable[tuple[Row, Pixels]]) -> Iterator[list[tuple[Row, Pixels]]]:
    queue = iter(pictures)
    while tile := list(islice(queue, TILE)):
        yield tile


def _sources(stimuli: StimulusSet, dataset: Dataset | None) -> list[SourceAudit]:
    split = dict(zip(dataset.table["image_hash"], dataset.table["split"], strict=True)) if dataset else {}
    words = {"train": "training", "validation": "held out"}
    return [
        SourceAudit(source.source_id, words.get(split.get(source.image_hash, ""), "no") if dataset else "?")
        for source in stimuli.provenance.sources
    ]


def _copies(table: pd.DataFrame, neighbours: Neighbours | None) -> Iterator[Warned]:
    """Stimuli that are nearly a training image, other than one they are made of."""
    if not neighbours:
        return
    close = table[table["training_distance"] < neighbours.near]
    for _, one in close.head(NAMED).iterrows():
        yield Warned(
            f"{one['stim_id']} is nearly the training image {one['nearest_training_image']} (RMS difference "
            f"{one['training_distance']:.3f}; training images are typically {neighbours.typical:.3f} from the nearest "
            "other one)",
            "it is a memory of the model rather than a new picture: choose other sources",
        )
    if len(close) > NAMED:
        yield Warned(f"{len(close) - NAMED} more stimuli are nearly a training image", f"{TABLE} names them")


def _alignment(stimuli: StimulusSet, space: Space | None, dataset: Dataset | None) -> Iterator[str]:
    """Compared in the model's own view of the images, where these are still there."""
    if space is None:
        return
    pictures = {
        source.source_id: square(space, Path(source.path), source.placement)
        for source in stimuli.provenance.sources[:REFERENCES]
        if Path(source.path).is_file() and is_image(source.path) and hash_file(Path(source.path)) == source.image_hash
    }
    known: list[Pixels] = []
    if dataset:
        rows = dataset.rows("train")
        known = list(dataset.batch(rows[:: max(1, len(rows) // REFERENCES)]))
    flat = common_ground([*known, *pictures.values()])
    frames: dict[str, Frame] = {name: frame(pixels, flat) for name, pixels in pictures.items()}
    yield from misaligned(frames, [frame(pixels, flat) for pixels in known])


def _off_frame(stimuli: StimulusSet) -> Iterator[str]:
    """Sources that were taken as they are, and do not lie where the images lie that the model learned from."""
    for source in stimuli.provenance.sources:
        if source.placement is None and (source.off_frame or 0.0) > AT_REST:
            yield (
                f"the places of {source.source_id} lie {100 * (source.off_frame or 0.0):.0f} % of a side from where "
                "the model's images have them"
            )


def of_ends(name: str) -> bool:
    """Whether a trend is about the distance from the middle of a continuum."""
    return name.endswith(FROM_MIDDLE)


def _verdict(warnings: list[Warned], against: Mapping[str, Column]) -> str:
    if warnings:
        return f"{len(warnings)} {'thing' if len(warnings) == 1 else 'things'} a reviewer would ask about"
    meant = [name for name in against if not of_ends(name)]
    if not meant:
        return "nothing in this set is meant to vary in degrees; no trend can be told"
    return f"nothing else varies with {' or '.join(meant)} enough to be worth a word"


def _plot(
    stimuli: StimulusSet, measures: Mapping[str, Column], against: Mapping[str, Column], found: list[Trend]
) -> Pixels:
    by_place = {(trend.measure, trend.against): trend for trend in found}
    shown = {name: values for name, values in against.items() if not of_ends(name)}
    shown = shown or {"position": stimuli.table["position"].to_numpy(np.float64)}
    panels = []
    for name, y in measures.items():
        for where, x in shown.items():
            trend = by_place.get((name, where))
            ends = by_place.get((name, f"{where}{FROM_MIDDLE}"))
            measure = MEASURES[name]
            title = measure.words + (f"   {trend.spearman:+.2f}" if trend else "")
            dots = Series(name, x, y, joined=False)
            drawn = chart(title, "", where, measure.unit, [dots], frame=PANEL, from_zero=False)
            panels.append(plot(drawn, warned=any(one.warning for one in (trend, ends) if one)))
    columns = len(shown) if len(shown) > 1 else 3
    title = f"{stimuli.folder.resolve().name}: what else varies with {', '.join(shown)} (Spearman's rho)"
    return contact_sheet(panels, columns, title=title, scale=1)
