"""Stimulus sets are written: rendered, measured as written, and put in their place in one step.

Pictures stream through: while the next ones are rendered, those before are compressed, hashed and measured on other
cores, and only a few are in memory at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.devices import build, cores, in_order
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.files import hash_bytes, write_bytes
from gaia_stim.images import Pixels, png_bytes, read_image, resized, shrunk, write_png
from gaia_stim.metrics.distance import pixel_distance
from gaia_stim.metrics.photometry import SRGB, Display, luminance
from gaia_stim.outputs import write
from gaia_stim.space.photographs import Shown
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import STIMULI, Row, manifest_csv
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.provenance import VERSION, Source
from gaia_stim.stimuli.sets import DISAGREEMENT, MANIFEST, SET, SHEET, StimulusSet

SHEET_STIMULI = 120
"""A larger set's sheet shows so many of it, evenly spread."""
SHEET_SIDE = 256
"""Pixels that a stimulus has on a sheet at most."""
MARK = (214, 39, 40)
"""Where carried photographs do not agree."""
AHEAD = 32
"""Pictures that may wait for being written."""

Finish = Callable[[Path, Sequence[Row]], Mapping[str, Any]]
"""From the unfinished folder with all its pictures, and their rows, to what provenance.json says."""


def provenance_of(request: Mapping[str, Any], space: Space, sources: Sequence[Source]) -> dict[str, Any]:
    """What a new set's file says beside its plan. No dates: the same command gives the same bytes."""
    return {
        "version": VERSION,
        **build(),
        "request": dict(request),
        "model": {"run": str(space.run), "model_hash": space.model_hash, **space.config.model.model_dump()},
        "sources": [source.as_json() for source in sources],
    }


def write_set(
    folder: Path, plan: Plan, space: Space, provenance: Mapping[str, Any], listen: Listener = silent
) -> StimulusSet:
    """Render a plan and write it in one step, measuring each picture as written.

    Memory does not grow with the pictures. `provenance` has the `request` that the set answers.
    """

    def finish(staging: Path, rows: Sequence[Row]) -> Mapping[str, Any]:
        # How far a stimulus is from its image can be measured only where the image is: the plan remembers it.
        if marked:
            title = f"{plan.title.removesuffix(', alpha')}: red where the photographs do not agree"
            sheet = contact_sheet(
                list(marked.values()), plan.columns, labels=[_label(rows[at]) for at in marked], title=title
            )
            write_png(staging / DISAGREEMENT, sheet)
        errors = [row.reconstruction_error for row in rows]
        known = [replace(row, reconstruction_error=error) for row, error in zip(plan.rows, errors, strict=True)]
        return {
            **provenance,
            "plan": replace(plan, rows=known).as_json(lambda at: read_image(staging / rows[at].image)),
        }

    marked: dict[int, Pixels] = {}

    def see(row: Row, shown: Shown) -> None:
        if row.position % _every(len(plan.rows)) == 0:
            marked[row.position] = _marked(shown)

    return write_pictures(folder, plan, plan.rendered(space, see), finish, listen)


def _every(stimuli: int) -> int:
    """Every so-maniest stimulus is on the sheet."""
    return -(-stimuli // SHEET_STIMULI)


def _marked(shown: Shown) -> Pixels:
    """The stimulus in grey, the redder the less of the photographs is kept."""
    small = shrunk(shown.picture, SHEET_SIDE)
    share = resized(np.rint(255 * shown.disagreeing[..., None]).astype(np.uint8), *small.shape[:2]) / 255
    grey = small.mean(axis=2, keepdims=True)
    marked: Pixels = np.rint(grey + share * (np.array(MARK) - grey)).astype(np.uint8)
    return marked


def write_pictures(
    folder: Path,
    plan: Plan,
    pictures: Iterable[tuple[Row, Pixels]],
    finish: Finish,
    listen: Listener = silent,
    display: Display = SRGB,
) -> StimulusSet:
    """Write the pictures of a plan, however they came about, as a set in one step, each measured as written.

    Their luminance is that on the display that they are for; the sheet is for sRGB, and has them as they look there.
    """
    rows: list[Row] = []
    shown: list[Pixels] = []
    labels: list[str] = []
    sizes: list[int] = []
    total = len(plan.rows)
    every = _every(total)
    title = plan.title if display is SRGB else f"{plan.title}, as on the display ({display.name})"

    def needed() -> int:
        return total * sum(sizes) // max(1, len(sizes))

    def make(staging: Path) -> Mapping[str, Any]:
        (staging / STIMULI).mkdir()

        def write_picture(item: tuple[Row, Pixels, Pixels | None]) -> tuple[Row, Pixels]:
            row, pixels, before = item
            content = png_bytes(pixels)
            sizes.append(len(content))
            (staging / row.image).write_bytes(content)
            return replace(_measured(row, pixels, before, display), image_hash=hash_bytes(content)), pixels

        with ThreadPoolExecutor(cores()) as pool:
            written = in_order(pool, write_picture, _with_the_one_before(pictures, plan.continuum), AHEAD)
            for index, (row, pixels) in enumerate(tracked(written, "writing stimuli", total, listen)):
                rows.append(_travelled(row, rows[-1] if rows else None))
                if index % every == 0:
                    # A copy: the picture is a view of a whole tile.
                    shown.append(shrunk(display.as_srgb(pixels), SHEET_SIDE).copy())
                    labels.append(_label(row))
        write_png(staging / SHEET, contact_sheet(shown, plan.columns, labels=labels, title=title))
        about = finish(staging, rows)
        write_bytes(staging / MANIFEST, manifest_csv(rows))
        return about

    write(folder, SET, make, needed=needed, listen=listen)
    return StimulusSet.open(folder)


def _with_the_one_before(
    pictures: Iterable[tuple[Row, Pixels]], continuum: bool
) -> Iterator[tuple[Row, Pixels, Pixels | None]]:
    before: Pixels | None = None
    for row, pixels in pictures:
        yield row, pixels, before
        before = pixels if continuum else None


def _measured(row: Row, pixels: Pixels, before: Pixels | None, display: Display) -> Row:
    y = luminance(pixels[None], display)[0]
    return replace(
        row,
        mean_luminance=float(y.mean()),
        rms_contrast=float(y.std()),
        # What was laid out anew has another size than it was carried at.
        size=row.size and pixels.shape[0],
        step_distance=None if before is None else float(pixel_distance(before[None], pixels[None])[0]),
    )


def _travelled(row: Row, last: Row | None) -> Row:
    if row.step_distance is None or last is None:
        return replace(row, cumulative_distance=None)
    return replace(row, cumulative_distance=row.step_distance + (last.cumulative_distance or 0.0))


def _label(row: Row) -> str:
    if row.alpha is not None:
        return f"{row.alpha:.2f}"
    amounts = [f"{amount:+g}" for amount in (row.amount, row.amount_2) if amount is not None]
    return ", ".join(amounts) or row.stim_id
