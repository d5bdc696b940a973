"""A scale as it was fitted, drawn for paper: without the words above it, which stand in the text."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gaia_stim.designs.fits import Fit
from gaia_stim.designs.plot import scale_chart
from gaia_stim.designs.scaling import TOGETHER
from gaia_stim.drawing.charts import Frame
from gaia_stim.drawing.panels import Plotted
from gaia_stim.errors import DataError
from gaia_stim.files import read_json

RECORD = "scale.json"
PRINTED = Frame(340, 290, left=58, top=10, right=332, bottom=248, inset=9)
TITLED = Frame(340, 308, left=58, top=28, right=332, bottom=266, inset=9)
"""Where there are several sets, each has its name above."""


def scale_panels(folder: Path) -> list[Plotted]:
    """A panel for each set whose scale is in the folder. Raises `DataError` where something of it is damaged."""
    record = read_json(folder / RECORD)
    try:
        scales = [one for one in record["scales"] if one["participant"] == TOGETHER]
        confidence = float(record["request"]["options"]["confidence"])
        return list(_panels(folder, scales, confidence))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise DataError(f"{folder / RECORD}: not the record of a scale, or its table is damaged ({error})") from error


def _panels(folder: Path, scales: list[dict[str, Any]], confidence: float) -> Iterator[Plotted]:
    for one in scales:
        fit = _fit(pd.read_csv(folder / one["file"]), one, confidence)
        title = str(one["set"]) if len(scales) > 1 else ""
        yield Plotted(scale_chart(fit, title, TITLED if title else PRINTED))


def _fit(table: pd.DataFrame, record: Mapping[str, Any], confidence: float) -> Fit:
    about = table["interval"].dropna().astype(str)
    measured = {name: np.array(values, float) for name, values in record.get("measured", {}).items()}
    alpha, scale, low, high = (table[name].to_numpy(float) for name in ("alpha", "scale", "low", "high"))
    return Fit(
        alpha,
        scale,
        low,
        high,
        about=about.iloc[0] if len(about) else "",
        confidence=confidence,
        figures=record["figures"],
        points=(measured["alpha"], measured["share"]) if measured else None,
        trials=measured.get("trials"),
    )
