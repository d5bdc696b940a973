"""Sets, spaces and scales as one figure for a paper."""

from dataclasses import dataclass
from pathlib import Path

import gaia_stim
from gaia_stim.config import FigureConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.drawing.ink import typeface
from gaia_stim.drawing.pages import POINTS_A_MM, page
from gaia_stim.events import Listener, silent
from gaia_stim.figures.targets import panels_of
from gaia_stim.files import hash_file
from gaia_stim.outputs import Kind, file_once

FIGURE = Kind("figure")


@dataclass(frozen=True)
class FigureResult:
    """Where the figure is, how wide, and of how many panels."""

    out: Path
    millimetres: float
    panels: int


def figure(config: FigureConfig, listen: Listener = silent) -> FigureResult:
    """Draw the figure. Raises `DataError` where a target is nothing that can be drawn, `ConfigError` for the font."""
    face = typeface(config.font) if config.font else None
    shown = [panels_of(target, config, listen) for target in config.targets]
    panels = [panel for one in shown for panel in one.panels]
    width, ending = config.millimetres * POINTS_A_MM, config.out.suffix.lower()
    request = {
        "verb": verb_of(config),
        "gaia_stim": gaia_stim.__version__,
        "options": config.request(),
        "font": hash_file(config.font) if config.font else None,
        "targets": [one.hashes for one in shown],
    }
    make = lambda: page(panels, width, ending, face, letters=config.letters)  # noqa: E731
    file_once(config.out, FIGURE, request, make, force=config.force, listen=listen)
    return FigureResult(config.out, config.millimetres, len(panels))
