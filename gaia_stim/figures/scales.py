"""A scale as it was fitted, drawn for paper: without the words above it, which stand in the text."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from gaia_stim.cells import read_frame
from gaia_stim.designs.fits import Fit
from gaia_stim.designs.plot import scale_chart
from gaia_stim.designs.scale_record import RECORD, OneScale, ScaleRecord
from gaia_stim.designs.scaling import TOGETHER
from gaia_stim.drawing.charts import Frame
from gaia_stim.drawing.panels import Plotted
from gaia_stim.errors import DataError

PRINTED = Frame(340, 290, left=58, top=10, right=332, bottom=248, inset=9)
TITLED = Frame(340, 308, left=58, top=28, right=332, bottom=266, inset=9)
"""Where there are several sets, each has its name above."""


def scale_panels(folder: Path) -> list[Plotted]:
    """A panel for each set whose scale is in the folder. Raises `DataError` where something of it is damaged."""
    record = ScaleRecord.of(folder)
    return list(_panels(folder, record))


def _panels(folder: Path, record: ScaleRecord) -> Iterator[Plotted]:
    scales = [one for one in record.scales if one.participant == TOGETHER]
    for one in scales:
        file, title = folder / one.file, one.set if len(scales) > 1 else ""
        if not file.resolve().is_relative_to(folder.resolve()):
            raise DataError(f"{folder / RECORD}: names '{one.file}', which is not in its folder")
        table = read_frame(file, "the table of a scale")
        try:
            fit = _fit(table, one, record.request.options.confidence)
            chart = scale_chart(fit, title, TITLED if title else PRINTED)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{file}: not the table of a scale, or its record is another's ({error!r})") from error
        yield Plotted(chart)


def _fit(table: pd.DataFrame, record: OneScale, confidence: float) -> Fit:
    about, measured = table["interval"].dropna().astype(str), record.measured
    alpha, scale, low, high = (table[name].to_numpy(float) for name in ("alpha", "scale", "low", "high"))
    return Fit(
        alpha,
        scale,
        low,
        high,
        about=about.iloc[0] if len(about) else "",
        confidence=confidence,
        figures=record.figures,
        points=(np.array(measured.alpha), np.array(measured.share)) if measured.alpha else None,
        trials=None if measured.trials is None else np.array(measured.trials),
    )
