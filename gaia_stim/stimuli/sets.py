"""A stimulus set: a folder that is whole or not there.

SET/manifest.csv      a row a stimulus, written last: it is the commit
SET/stimuli/*.png     lossless, named by stim_id
SET/sheet.png         the set at a glance
SET/provenance.json   everything needed to make it again
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.files import hash_bytes, read_json, staged_folder, write_bytes, write_json
from gaia_stim.images import Pixels, png_bytes, read_image, write_png
from gaia_stim.metrics.distance import pixel_distance
from gaia_stim.metrics.photometry import mean_luminance, rms_contrast
from gaia_stim.sheets import contact_sheet
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import COLUMNS, STIMULI, Row, manifest_csv
from gaia_stim.stimuli.plan import Plan

MANIFEST, PROVENANCE, SHEET = "manifest.csv", "provenance.json", "sheet.png"
SHEET_STIMULI = 120
"""A larger set's sheet shows so many of it, evenly spread."""
TEXT_COLUMNS = [name for name, kind in Row.__annotations__.items() if "str" in str(kind)]


@dataclass(frozen=True, eq=False)
class StimulusSet:
    """A set on disk: its folder, its manifest as a table, and its provenance."""

    folder: Path
    table: pd.DataFrame = field(repr=False)
    provenance: Mapping[str, Any] = field(repr=False)

    def __len__(self) -> int:
        return len(self.table)

    def image(self, stim_id: str) -> Pixels:
        """The picture of one stimulus: uint8 (H, W, C). Raises `DataError` for an unknown id."""
        found = self.table.loc[self.table["stim_id"] == stim_id, "image"]
        if found.empty:
            raise DataError(f"{self.folder}: no stimulus '{stim_id}' in its manifest")
        return read_image(self.folder / found.iloc[0])

    @classmethod
    def open(cls, folder: Path) -> "StimulusSet":
        """Read a set. Raises `DataError` where the folder is not one."""
        manifest = folder / MANIFEST
        if not manifest.is_file():
            raise DataError(f"{folder}: not a stimulus set (it has no {MANIFEST})")
        try:
            table = pd.read_csv(manifest, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False, na_values=[""])
        except (ValueError, UnicodeDecodeError) as error:
            raise DataError(f"{manifest}: not a manifest ({error})") from error
        if missing := [name for name in COLUMNS if name not in table]:
            raise DataError(f"{manifest}: not a manifest (it lacks the column {missing[0]})")
        return cls(folder, table, read_json(folder / PROVENANCE))


def stands(folder: Path, request: Mapping[str, Any], force: bool) -> bool:
    """Whether the set that `request` asks for is in `folder` already.

    Raises `ConfigError` where something else is there, unless `force`, which replaces a set and nothing else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not (folder / PROVENANCE).is_file():
        raise ConfigError(f"{folder}: exists and is not a stimulus set; give another --out")
    if not force and read_json(folder / PROVENANCE).get("request") == request:
        return True
    if not force:
        raise ConfigError(f"{folder}: holds another stimulus set; give another --out, or replace it with --force")
    return False


def write_set(
    folder: Path, plan: Plan, space: Space, provenance: Mapping[str, Any], listen: Listener = silent
) -> StimulusSet:
    """Render a plan and write it in one step, measuring each picture as written.

    Memory does not grow with the pictures. `provenance` has the `request` that the set answers.
    """
    rows: list[Row] = []
    shown: list[Pixels] = []
    labels: list[str] = []
    total = len(plan.rows)
    every = -(-total // SHEET_STIMULI)
    before: Pixels | None = None
    with staged_folder(folder) as staging:
        (staging / STIMULI).mkdir()
        for index, (row, pixels) in enumerate(tracked(plan.rendered(space), "writing stimuli", total, listen)):
            row = _measured(row, pixels, before if plan.continuum else None, rows[-1] if rows else None)
            content = png_bytes(pixels)
            (staging / row.image).write_bytes(content)
            rows.append(replace(row, image_hash=hash_bytes(content)))
            before = pixels
            if index % every == 0:
                shown.append(pixels)
                labels.append(_label(row))
        write_png(staging / SHEET, contact_sheet(shown, plan.columns, labels=labels, title=plan.title))
        write_json(staging / PROVENANCE, {**provenance, "plan": plan.as_json()})
        write_bytes(staging / MANIFEST, manifest_csv(rows))
    return StimulusSet.open(folder)


def _measured(row: Row, pixels: Pixels, before: Pixels | None, last: Row | None) -> Row:
    one = pixels[None]
    step = None if before is None else float(pixel_distance(before[None], one)[0])
    return replace(
        row,
        mean_luminance=float(mean_luminance(one)[0]),
        rms_contrast=float(rms_contrast(one)[0]),
        step_distance=step,
        cumulative_distance=None if step is None or last is None else step + (last.cumulative_distance or 0.0),
    )


def _label(row: Row) -> str:
    return row.stim_id if row.alpha is None else f"{row.alpha:.2f}"
