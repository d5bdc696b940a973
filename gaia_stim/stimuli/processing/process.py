"""A set's pictures laid out anew and made equal, as a set of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from gaia_stim.cells import frame_csv
from gaia_stim.config import ProcessingConfig
from gaia_stim.devices import build
from gaia_stim.errors import ConfigError
from gaia_stim.events import Listener, Note, silent, tracked
from gaia_stim.files import write_bytes
from gaia_stim.images import Pixels, parse_colour, read_image
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.processing.ground import common_ground
from gaia_stim.stimuli.processing.layout import Picture, laid_out, side_of
from gaia_stim.stimuli.processing.light import to_pixels
from gaia_stim.stimuli.processing.matching import (
    Measured,
    Targets,
    Way,
    find_targets,
    kept_structure,
    matched,
    measure,
)
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.writing import write_pictures

MATCHING = "matching.csv"
LUMINANCE_CLOSE = 0.001
"""In Y: a stimulus further from the target than this is named."""
LUMINANCE_SEEN = 0.01
"""In Y: a difference between foregrounds that is worth a word."""
CONTRAST_CLOSE = 0.02
"""Relative."""
SPECTRUM_CLOSE = 0.05
"""In RMS log10 amplitude."""
STRUCTURE_KEPT = 0.9
"""Correlation of a foreground with what it was: with less it is another picture."""
CLIPPED_MUCH = 0.01
NAMED = 5
MINIMUM = 8
"""Pixels of a side that a picture keeps inside its padding."""


def process(
    given: StimulusSet, way: Way, out: Path, request: Mapping[str, Any], listen: Listener = silent
) -> StimulusSet:
    """Write the processed pictures of a set as a new set, that answers `request`. Raises as `match`."""
    options = way.options
    if options.background is not None:
        parse_colour(options.background)
    side = side_of(options)
    if side is not None and side - 2 * options.padding < MINIMUM:
        raise ConfigError(
            f"pictures of {side} px with {options.padding} px of padding on each side leave nothing to see; "
            f"{MINIMUM} px are needed"
        )
    plan = Plan.from_json(given.provenance.as_written["plan"])
    before_that = replace(way, display=given.provenance.display)
    flat = common_ground(pixels for _, pixels in given.pictures())

    def pictures(task: str) -> Iterator[tuple[Row, Picture]]:
        for row, pixels in tracked(given.pictures(), task, len(given), listen):
            yield row, laid_out(pixels, options, flat, before_that.display)

    targets = find_targets((picture for _, picture in pictures("measuring")), before_that)
    clipped: list[float] = []
    structure: list[float] = []

    def changed() -> Iterator[tuple[Row, Pixels]]:
        for row, picture in pictures("matching"):
            pixels, share = matched(picture, targets, way)
            clipped.append(share)
            structure.append(kept_structure(pixels, picture, way))
            yield row, pixels

    def finish(staging: Path, rows: Sequence[Row]) -> Mapping[str, Any]:
        before, after = [], []
        for row, picture in pictures("reading back"):
            rounded = to_pixels(picture.light, display=before_that.display)
            before.append(measure(rounded, picture.weights, targets, before_that))
            after.append(measure(read_image(staging / row.image), picture.weights, targets, way))
        ends = {"clipped_share": clipped} | ({"structure": structure} if way.method > 1 else {})
        table = _table(rows, before, after, ends)
        write_bytes(staging / MATCHING, frame_csv(table))
        for warning in _warnings(table, targets, way, flat is not None):
            listen(Note(warning, warning=True))
        step = {
            "options": options.processing(),
            "side": side,
            "made_of": given.provenance.request,
            "build": build(),
            "targets": targets.record(way),
            "flat_background": None if flat is None else flat.tolist(),
            "reached": _reached(table),
            **({"method": way.method, "display": way.display.record()} if way.method > 1 else {}),
        }
        return {
            **given.provenance.as_written,
            "request": request,
            "processing": [*given.provenance.as_written.get("processing", []), step],
        }

    return write_pictures(out, plan, changed(), finish, listen, way.display)


def _table(
    rows: Sequence[Row], before: Sequence[Measured], after: Sequence[Measured], ends: Mapping[str, Sequence[float]]
) -> pd.DataFrame:
    """A row a stimulus, as `matching.csv` has it; columns of what was not asked for are left out."""
    found: dict[str, Sequence[Any]] = {"stim_id": [row.stim_id for row in rows]}
    for field in fields(Measured):
        for ending, measured in (("_before", before), ("", after)):
            values = [getattr(one, field.name) for one in measured]
            if values[0] is not None:
                found[f"{field.name}{ending}"] = values
    return pd.DataFrame({**found, **ends})


def _reached(table: pd.DataFrame) -> dict[str, Any]:
    names = [field.name for field in fields(Measured) if field.name in table]
    spread = {name: {"before": _range(table[f"{name}_before"]), "after": _range(table[name])} for name in names}
    return {
        "spread": spread,
        "clipped_mean": float(table["clipped_share"].mean()),
        "clipped_most": float(table["clipped_share"].max()),
    }


def _range(values: pd.Series) -> float:
    return float(values.max() - values.min())


def _warnings(table: pd.DataFrame, targets: Targets, way: Way, flat: bool) -> Iterator[str]:
    options = way.options
    luminance = table["mean_luminance" if options.region == "picture" else "foreground_luminance"]
    if targets.mean is not None:
        yield from _far("mean luminance", luminance, targets.mean, LUMINANCE_CLOSE, table)
    if targets.contrast is not None:
        far = CONTRAST_CLOSE * targets.contrast
        yield from _far("contrast", table[way.contrast_name], targets.contrast, far, table)
    yield from _of_spectrum(table, options, flat)
    much = table.loc[table["clipped_share"] > CLIPPED_MUCH, "stim_id"]
    if len(much):
        yield (
            f"more than {CLIPPED_MUCH:.0%} of the foreground was clipped at black or white in {_named(much)}; "
            f"{MATCHING} has the shares"
        )
    if options.region == "picture":
        if targets.mean is not None:
            yield from _uneven_foregrounds("light", "mean luminance", "foreground_luminance", table)
        if targets.contrast is not None and way.method > 1 and options.contrast_as == "sd":
            yield from _uneven_foregrounds("contrasty", "RMS contrast", "foreground_contrast", table)
    if options.ground == "free" and not flat:
        yield "--ground free: the set has no flat background that could be"
    if options.background is not None and not flat and options.mask == "none" and not options.padding:
        yield "--background: the set has no flat background, mask or padding that could get the colour"


def _uneven_foregrounds(words: str, what: str, name: str, table: pd.DataFrame) -> Iterator[str]:
    before, after = _range(table[f"{name}_before"]), _range(table[name])
    if after > max(LUMINANCE_SEEN, 1.25 * before):
        yield (
            f"the pictures are equally {words}, but the foreground is not of one size: its own {what} now varies by "
            f"{after:.3f} ({before:.3f} before); --region foreground makes that equal instead"
        )


def _of_spectrum(table: pd.DataFrame, options: ProcessingConfig, flat: bool) -> Iterator[str]:
    if "spectrum_error" not in table:
        return
    others = [] if options.rotational else ["--rotational (its average over orientations alone)"]
    others += ["--ground free"] if flat and options.ground == "kept" else []
    nearer = f"; {' or '.join(others)} gets nearer" if others else ""
    far = table.loc[table["spectrum_error"] > SPECTRUM_CLOSE, "stim_id"]
    if len(far):
        yield (
            f"the Fourier amplitude is further than {SPECTRUM_CLOSE} log10 from the set's mean in {_named(far)}, by up "
            f"to {table['spectrum_error'].max():.3f}; {MATCHING} has what was reached{nearer}"
        )
    if "structure" in table and len(lost := table.loc[table["structure"] < STRUCTURE_KEPT, "stim_id"]):
        yield (
            f"with the set's Fourier amplitude {_named(lost)} look like themselves no more (correlation with what they "
            f"were down to {table['structure'].min():.2f}){nearer.replace('gets nearer', 'keeps more')}"
        )


def _far(what: str, reached: pd.Series, wanted: float, limit: float, table: pd.DataFrame) -> Iterator[str]:
    far = table.loc[(reached - wanted).abs() > limit, "stim_id"]
    if len(far):
        yield f"the {what} of {wanted:.4f} could not be reached in {_named(far)}; {MATCHING} has what was"


def _named(ids: pd.Series) -> str:
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(ids[:NAMED]) + more
