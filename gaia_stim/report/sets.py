"""The page about a stimulus set: its very files, how even its steps are, what else varies, and how it was made.

Files for another display than sRGB are shown as they look there, as on the set's sheet.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gaia_stim.drawing.charts import Chart, Series, chart
from gaia_stim.errors import in_brief
from gaia_stim.files import hash_bytes
from gaia_stim.images import Pixels, decode_image, png_bytes, read_bytes
from gaia_stim.metrics.distance import variation
from gaia_stim.metrics.photometry import SRGB
from gaia_stim.report.content import Fact, Record, number, spread_over, without
from gaia_stim.report.page import EmbeddedPicture, data_uri, render
from gaia_stim.stimuli.continuum import axis
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.provenance import Judged, PlanRecord
from gaia_stim.stimuli.sets import DISAGREEMENT, StimulusSet

SHOWN, SHOWN_BYTES = 500, 20 << 20
"""At most so many stimuli, and of these at most so many bytes, stand in a page: a browser must still open it."""
LARGE = 128
"""Pixels of a side from which on a picture is not enlarged."""
LISTED = 500
"""Rows of the manifest in the page."""
ONE_ROW = 12
"""So few stimuli stand in one row."""
COORDINATES = {
    "alpha": "α",
    "grid_u": "u",
    "grid_v": "v",
    "angle_deg": "angle",
    "amount": "amount",
    "amount_2": "second amount",
}
"""Where a stimulus is in its set, and how its caption calls that."""


@dataclass(frozen=True)
class Stimulus:
    """A stimulus and what stands below it."""

    picture: EmbeddedPicture
    where: str
    measured: str


@dataclass(frozen=True)
class ManifestTable:
    """The manifest: what is the same for all once, the rest a row a stimulus."""

    same: Mapping[str, str]
    headings: Sequence[str]
    rows: Sequence[Sequence[tuple[str, str]]]
    """Cells as shown, and in full."""
    left_out: int


@dataclass(frozen=True)
class SetPage:
    """All that the page shows."""

    title: str
    lead: str
    facts: Sequence[Fact]
    notes: Sequence[str]
    stimuli: Sequence[Stimulus]
    is_large: bool
    """Whether the stimuli are larger than pixels are to be seen in."""
    columns: int | None
    """Of a grid or a short continuum."""
    disagreement: EmbeddedPicture | None
    """Of carried photographs, where they do not agree."""
    charts: Sequence[Chart]
    table: ManifestTable
    provenance: Mapping[str, Record]


def set_page(stimuli: StimulusSet, request_hash: str) -> tuple[bytes, list[str]]:
    """The page about a set, and what its reader is warned of. Raises `DataError` where a file is missing."""
    rows = stimuli.rows()
    shown, changed = _shown(stimuli, rows)
    notes = []
    if changed:
        notes.append(f"changed after the set was written: {in_brief(changed)}; 'gaia-stim remake' makes the set again")
    if len(shown) < len(rows):
        notes.append(f"{len(shown)} of {len(rows):,} stimuli are shown, evenly spread")
    plan, first = stimuli.provenance.plan, stimuli.image(rows[0].stim_id)
    page = SetPage(
        title=stimuli.folder.resolve().name,
        lead=f"A stimulus set: {(plan.title or rows[0].kind).removesuffix(', alpha')}.",
        facts=_facts(stimuli, rows, first),
        notes=notes,
        stimuli=shown,
        is_large=first.shape[0] > LARGE,
        columns=_columns(rows) if len(shown) == len(rows) else None,
        disagreement=_disagreement(stimuli),
        charts=[one for one in _charts(rows, plan) if one.curves],
        table=_table(rows),
        provenance=_provenance(stimuli),
    )
    return render("set.html", request_hash, page), notes


def _facts(stimuli: StimulusSet, rows: Sequence[Row], first: Pixels) -> list[Fact]:
    licences = ", ".join(sorted({row.stim_license for row in rows if row.stim_license}))
    model_hash = rows[0].model_hash or "none"
    facts = [
        Fact("Stimuli", f"{len(rows):,}"),
        Fact("Kind", rows[0].kind),
        Fact("Size", f"{first.shape[1]} × {first.shape[0]} px"),
        Fact("Sources", f"{len(stimuli.provenance.sources):,} images"),
        Fact("Model", f"{model_hash[:19]}…"),
    ]
    if (display := stimuli.provenance.display) is not SRGB:
        facts.append(Fact("Display", f"{display.name}: shown here as on it, not as in the files"))
    task = "2afc" if axis(rows) else "triplets"
    following = Fact("Next", f"gaia-stim design {task} {shlex.quote(str(stimuli.folder))}")
    return [*facts, *([Fact("Licence", licences)] if licences else []), following]


# -- pictures ---------------------------------------------------------------------------------------------------------


def _disagreement(stimuli: StimulusSet) -> EmbeddedPicture | None:
    file = stimuli.folder / DISAGREEMENT
    if not file.is_file():
        return None
    return EmbeddedPicture(
        data_uri(read_bytes(file)), "The stimuli in grey, red where the photographs do not agree", ""
    )


def _shown(stimuli: StimulusSet, rows: Sequence[Row]) -> tuple[list[Stimulus], list[str]]:
    """The stimuli that fit, and the ids of those that are no longer what the manifest tells of."""
    sizes = [
        (stimuli.folder / row.image).stat().st_size if (stimuli.folder / row.image).is_file() else 0 for row in rows
    ]
    fitting = max(2, int(SHOWN_BYTES / max(1.0, float(np.mean(sizes)))))
    shown, changed = [], []
    for place in spread_over(len(rows), min(SHOWN, fitting)):
        row = rows[place]
        content = stimuli.content(row.image)
        if hash_bytes(content) != row.image_hash:
            changed.append(row.stim_id)
        where = _where(row)
        alt = f"Stimulus {row.stim_id}{f', {where}' if where else ''}"
        picture = EmbeddedPicture(data_uri(_looks(stimuli, row, content)), alt, row.stim_id)
        shown.append(Stimulus(picture, where, _measured(row)))
    return shown, changed


def _looks(stimuli: StimulusSet, row: Row, content: bytes) -> bytes:
    """The PNG to show of a file: itself, or what looks on sRGB as it does on the display that it is for."""
    display = stimuli.provenance.display
    if display is SRGB:
        return content
    return png_bytes(display.as_srgb(decode_image(content, str(stimuli.folder / row.image))))


def _where(row: Row) -> str:
    values = asdict(row)
    parts = [f"{name} = {number(values[field])}" for field, name in COORDINATES.items() if values[field] is not None]
    attributes = [name for name in (row.attribute, row.attribute_2) if name]
    raw = ["source image"] if row.raw else []
    return " · ".join([*attributes, *parts, *raw])


def _measured(row: Row) -> str:
    named = {
        "luminance": row.mean_luminance,
        "contrast": row.rms_contrast,
        "step": row.step_distance,
        "error": row.reconstruction_error,
        "support": row.support,
    }
    return " · ".join(f"{name} {value:.3f}" for name, value in named.items() if value is not None)


def _columns(rows: Sequence[Row]) -> int | None:
    """Of a grid, or of what fits into one row; None where as many as fit may stand beside each other."""
    across = {row.grid_u for row in rows}
    is_grid = None not in across and len(across) > 1 and len(rows) % len(across) == 0
    return len(across) if is_grid else len(rows) if len(rows) <= ONE_ROW else None


# -- curves -----------------------------------------------------------------------------------------------------------


def _judged(judged: Judged) -> str:
    """What measures say that did not place the stimuli."""
    named = {"CIEDE2000": judged.ciede2000, "√(1 − SSIM)": judged.structural, "NLPD": judged.nlpd}
    told = [f"by {value:.1%} in {name}" for name, value in named.items() if value is not None]
    return f" To measures that placed nothing: {', '.join(told)}." if told else ""


def _before(plan: PlanRecord) -> str:
    """How the steps vary by the measure that evened them, which need not be the one that is drawn."""
    spacing = plan.spacing
    if spacing is None:
        return ""
    return (
        f"; by the measure that placed them, {spacing.name}, {spacing.steps_cv:.1%}, and {spacing.steps_cv_before:.1%} "
        "in equal latent steps"
    )


def _charts(rows: Sequence[Row], plan: PlanRecord) -> Iterator[Chart]:
    kept = [rows[place] for place in spread_over(len(rows), LISTED)]
    joined = plan.continuum
    steps = np.array([row.step_distance for row in rows if row.step_distance is not None])
    if len(steps) > 1:
        was = _before(plan)
        judged = _judged(plan.spacing.judged) if plan.spacing else ""
        yield chart(
            "Steps between neighbours",
            f"RMS pixel difference from the stimulus before. The steps vary by {variation(steps):.1%} of their mean "
            f"(dashed{was}).{judged}",
            "position",
            "RMS pixel difference, of 1",
            [_series("step", kept, "step_distance")],
            reference=float(steps.mean()),
        )
    yield chart(
        "Luminance and contrast",
        f"Of the written files, in linear light. {_range('Mean luminance', rows, 'mean_luminance')}; "
        f"{_range('RMS contrast', rows, 'rms_contrast')}.",
        "position",
        "linear light Y, of 1",
        [
            _series("mean luminance", kept, "mean_luminance", joined),
            _series("RMS contrast", kept, "rms_contrast", joined),
        ],
    )
    errors = [row for row in kept if row.reconstruction_error is not None]
    if len(errors) > 2:
        yield chart(
            "Distance from the source image",
            "Mean absolute pixel difference, where a stimulus stands for an image.",
            "position",
            "mean pixel difference, of 1",
            [_series("error", errors, "reconstruction_error", joined)],
        )


def _series(name: str, rows: Sequence[Row], field: str, joined: bool = True) -> Series:
    known = [(row.position, value) for row in rows if (value := getattr(row, field)) is not None]
    return Series(name, [position for position, _ in known], [value for _, value in known], joined)


def _range(name: str, rows: Sequence[Row], field: str) -> str:
    values = [value for row in rows if (value := getattr(row, field)) is not None]
    return f"{name} {min(values):.3f} to {max(values):.3f}" if values else f"{name} unknown"


# -- manifest and provenance ------------------------------------------------------------------------------------------


def _table(rows: Sequence[Row]) -> ManifestTable:
    records = [{name: value for name, value in asdict(row).items() if name != "image"} for row in rows]
    used = [name for name in records[0] if any(record[name] is not None for record in records)]
    constant = [name for name in used if len(rows) > 1 and len({record[name] for record in records}) == 1]
    headings = [name for name in used if name not in constant]
    return ManifestTable(
        {name: _full(records[0][name]) for name in constant},
        headings,
        [[(_cell(record[name]), _full(record[name])) for name in headings] for record in records[:LISTED]],
        max(0, len(records) - LISTED),
    )


def _full(value: Any) -> str:
    return "" if value is None else str(value)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    text = _full(value)
    return f"{text[:15]}…" if text.startswith("sha256_") else text


def _provenance(stimuli: StimulusSet) -> dict[str, Record]:
    known = stimuli.provenance.as_written
    sources = {str(source["source_id"]): without(source, "source_id") for source in known["sources"]}
    found: dict[str, Record] = {
        "Asked for": known["request"],
        "How it came about": without(
            known["plan"], "codes", "stimuli", "columns", "continuum", "source_pixels", "carried"
        ),
        "Model": known["model"],
        "Sources": {name: sources[name] for name in list(sources)[:LISTED]},
    }
    if known.get("processing"):
        found["Processing"] = {f"step {place}": step for place, step in enumerate(known["processing"], start=1)}
    if carried := known["plan"].get("carried"):
        found["Photographs carried along"] = without(carried, "weights", "source_codes")
    taken = {"request", "plan", "model", "sources", "processing"}
    found["Made with"] = {name: value for name, value in known.items() if name not in taken}
    return {heading: record for heading, record in found.items() if record}
