"""The table of a stimulus set: its columns, and how a cell is written so that every program reads the same.

Ids begin with a letter and hashes with `sha256_`, so that no spreadsheet takes them for numbers or dates; columns
avoid the words that experiment programs reserve.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from gaia_stim.cells import csv_bytes, read_frame, unguarded
from gaia_stim.errors import DataError

STIMULI = "stimuli"
"""The folder of the pictures in a set's folder."""


@dataclass(frozen=True)
class Row:
    """What is known of one stimulus; the fields are the manifest's columns, in order. None is an empty cell."""

    stim_id: str
    image: str
    """Path in the set's folder, with /."""
    kind: str
    """The verb's noun: morph, grid, sample …"""
    position: int
    """From 0; grids row by row from the top left."""
    alpha: float | None = None
    """Latent fraction between the sources, as used after spacing."""
    grid_u: float | None = None
    grid_v: float | None = None
    angle_deg: float | None = None
    attribute: str | None = None
    amount: float | None = None
    """As asked."""
    amount_reached: float | None = None
    """As the written picture shows it; see `stimuli.reading`."""
    attribute_2: str | None = None
    amount_2: float | None = None
    amount_2_reached: float | None = None
    source_ids: str | None = None
    """Joined by `;`; provenance.json names their files and hashes."""
    raw: int = 0
    """1 for a source image as it is, not decoded from its code."""
    step_distance: float | None = None
    """RMS pixel difference from the stimulus before, in [0, 1]."""
    cumulative_distance: float | None = None
    mean_luminance: float | None = None
    """Mean linear Y in [0, 1] of the written picture."""
    rms_contrast: float | None = None
    """Standard deviation of linear Y."""
    reconstruction_error: float | None = None
    """Mean absolute difference from the source image, where the stimulus stands for one."""
    image_hash: str | None = None
    """SHA-256 of the written file."""
    model_hash: str | None = None
    seed: int | None = None
    stim_license: str | None = None
    support: float | None = None
    """Distance to the nearest real code, in units of their median distance to each other."""
    size: int | None = None
    """Pixels of a side, where photographs were carried along."""
    detail: str | None = None
    """What was done to their detail: restored, or mean."""
    disagreement: float | None = None
    """Share of the photographs that is not shown, since none agrees with the stimulus there: 0 to 1."""
    folds: int | None = None
    """Spots at which the map of the stimulus folds."""

    @classmethod
    def numbered(cls, kind: str, position: int, total: int) -> "Row":
        """The row of one of `total` stimuli, with nothing known yet but its id: `m_0001` is the first of a morph."""
        digits = max(4, len(str(total)))
        stim_id = f"{kind[0]}_{position + 1:0{digits}}"
        return cls(stim_id, f"{STIMULI}/{stim_id}.png", kind, position)


NOT_ALWAYS = ("amount_reached", "amount_2_reached", "size", "detail", "disagreement", "folds")
"""Columns that are there where they say something: in sets of edits, and of carried photographs."""
ALL_COLUMNS = [field.name for field in fields(Row)]
COLUMNS = [name for name in ALL_COLUMNS if name not in NOT_ALWAYS]
TEXT_COLUMNS = [name for name, kind in Row.__annotations__.items() if "str" in str(kind)]

STIM_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_ROW = TypeAdapter(Row)


def manifest_csv(rows: Sequence[Row]) -> bytes:
    """The table as UTF-8 CSV; floats in the shortest form that reads back equal."""
    said = {name for name in NOT_ALWAYS if any(getattr(row, name) is not None for row in rows)}
    columns = [name for name in ALL_COLUMNS if name in COLUMNS or name in said]
    return csv_bytes([columns, *([getattr(row, name) for name in columns] for row in rows)])


def read_manifest(path: Path) -> pd.DataFrame:
    """What `manifest_csv` wrote. Raises `DataError` where the file is something else."""
    kinds: dict[Any, Any] = {**dict.fromkeys(TEXT_COLUMNS, str), "seed": "Int64", "size": "Int64", "folds": "Int64"}
    table = read_frame(path, "a manifest", dtype=kinds)
    if missing := [name for name in COLUMNS if name not in table]:
        raise DataError(f"{path}: not a manifest (it lacks the column {missing[0]})")
    for name in [name for name in ALL_COLUMNS if name in table]:
        if name in TEXT_COLUMNS:
            table[name] = table[name].map(unguarded, na_action="ignore")
        elif not pd.api.types.is_numeric_dtype(table[name]) or np.isinf(table[name].astype(float)).any():
            table[name] = [_number(cell, f"{path}:{line}: {name}") for line, cell in enumerate(table[name], 2)]
    return table


def _number(cell: Any, where: str) -> float:
    try:
        number = float(cell)
    except (OverflowError, TypeError, ValueError):
        number = math.inf
    if math.isinf(number):
        raise DataError(f"{where} is '{str(cell)[:40]}', which is no number")
    return number


def rows_of(records: Iterable[Mapping[Any, Any]], where: str) -> list[Row]:
    """Rows from a table's records or from JSON. Raises `DataError`, beginning with `where`, at what is no stimulus.

    A row names a file that is read or written: only names that stay in the set's folder pass.
    """
    rows: list[Row] = []
    for record in records:
        try:
            known = {name: value for name, value in record.items() if not _is_empty(value)}
            row = _ROW.validate_python(asdict(Row(**known)))
        except (TypeError, ValidationError) as error:
            lines = str(error).splitlines()
            raise DataError(
                f"{where}: row {len(rows) + 1} is no stimulus ({' '.join(lines[-2:-1] or lines)})"
            ) from None
        if any(isinstance(value, int) and not 0 <= value < 2**63 for value in asdict(row).values()):
            raise DataError(f"{where}: row {len(rows) + 1} is no stimulus (a number in it is out of range)")
        if not STIM_ID.fullmatch(row.stim_id) or row.image != f"{STIMULI}/{row.stim_id}.png":
            raise DataError(f"{where}: row {len(rows) + 1} names '{row.image}', which is not a stimulus of this set")
        rows.append(row)
    if len({row.stim_id.lower() for row in rows}) < len(rows):
        raise DataError(f"{where}: two rows have the same stim_id")
    return rows


def _is_empty(value: Any) -> bool:
    return value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))
