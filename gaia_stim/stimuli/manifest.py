"""The table of a stimulus set: its columns, and how a cell is written so that every program reads the same.

Ids begin with a letter and hashes with `sha256_`, so that no spreadsheet takes them for numbers or dates; columns
avoid the words that experiment programs reserve.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import pandas as pd

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
    attribute_2: str | None = None
    amount_2: float | None = None
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

    @classmethod
    def numbered(cls, kind: str, position: int, total: int) -> "Row":
        """The row of one of `total` stimuli, with nothing known yet but its id: `m_0001` is the first of a morph."""
        digits = max(4, len(str(total)))
        stim_id = f"{kind[0]}_{position + 1:0{digits}}"
        return cls(stim_id, f"{STIMULI}/{stim_id}.png", kind, position)


COLUMNS = [field.name for field in fields(Row)]


def manifest_csv(rows: Sequence[Row]) -> bytes:
    """The table as UTF-8 CSV; floats in the shortest form that reads back equal."""
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"seed": "Int64"})
    return table.to_csv(index=False, lineterminator="\n").encode()
