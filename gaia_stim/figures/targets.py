"""What a path is decides what is drawn of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import FigureConfig
from gaia_stim.drawing.pages import COLUMN, POINTS_A_MM, Panel
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent
from gaia_stim.figures.maps import map_panel
from gaia_stim.figures.scales import RECORD, scale_panels
from gaia_stim.figures.sets import set_panel
from gaia_stim.files import hash_file
from gaia_stim.runs import named_run
from gaia_stim.space.images import codes_of, images_of
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import MANIFEST, StimulusSet


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
