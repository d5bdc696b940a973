"""Sets, spaces and scales as one figure: what a path is decides what is drawn of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gaia_stim
from gaia_stim.config import FigureConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.designs.scale_record import RECORD
from gaia_stim.drawing.ink import typeface
from gaia_stim.drawing.pages import COLUMN, POINTS_A_MM, Panel, page
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent
from gaia_stim.figures.maps import map_panel
from gaia_stim.figures.scales import scale_panels
from gaia_stim.figures.sets import set_panel
from gaia_stim.files import hash_file
from gaia_stim.outputs import Kind, file_once
from gaia_stim.runs import named_run
from gaia_stim.space.images import codes_of, images_of
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import MANIFEST, StimulusSet

FIGURE = Kind("figure")


@dataclass(frozen=True)
class FigureResult:
    """Where the figure is, how wide, and of how many panels."""

    out: Path
    millimetres: float
    panels: int


def drawn(config: FigureConfig, listen: Listener = silent) -> FigureResult:
    """Draw the figure. Raises `DataError` where a target is nothing that can be drawn, `ConfigError` for the font."""
    face = typeface(config.font) if config.font else None
    shown = [panels_of(target, config, listen) for target in config.targets]
    panels = [panel for one in shown for panel in one.panels]
    request = {
        "verb": verb_of(config),
        "gaia_stim": gaia_stim.__version__,
        "options": config.request(),
        "font": hash_file(config.font) if config.font else None,
        "targets": [one.hashes for one in shown],
    }

    def make() -> bytes:
        return page(panels, config.millimetres * POINTS_A_MM, config.out.suffix.lower(), face, letters=config.letters)

    file_once(config.out, FIGURE, request, make, force=config.force, listen=listen)
    return FigureResult(config.out, config.millimetres, len(panels))


@dataclass(frozen=True, eq=False)
class Shown:
    """The panels of a target, and the hashes of what they were drawn from."""

    panels: Sequence[Panel]
    hashes: Sequence[str]


def panels_of(target: Path, config: FigureConfig, listen: Listener = silent) -> Shown:
    """The panels of a set, a folder of scales, or a run. Raises `DataError` where it is none of them."""
    if (target / MANIFEST).is_file():
        stimuli = StimulusSet.open(target)
        return Shown([set_panel(stimuli, config.every, labels=config.labels)], [stimuli.manifest_hash])
    if (target / RECORD).is_file():
        return Shown(scale_panels(target), [hash_file(target / RECORD)])
    if (run := named_run(target)).exists:
        space = Space.load(run.path)
        images = images_of(space, config.images, listen)
        is_wide = config.millimetres * POINTS_A_MM > COLUMN and len(config.targets) == 1
        panel = map_panel(images, codes_of(space, images, listen), wide=is_wide)
        return Shown([panel], [space.model_hash, images.content_hash])
    raise DataError(f"{target}: neither a stimulus set ({MANIFEST}) nor a run (config.json) nor scales ({RECORD})")
