"""The main job on built-in data, from nothing to stimuli: draw faces, morph them, make a grid, look at a page."""

from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import DemoConfig, MorphConfig, MorphGridConfig, ReportConfig, SamplesConfig
from gaia_stim.events import Listener, silent
from gaia_stim.pipeline.grids import morph_grid
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.report import report
from gaia_stim.pipeline.samples import samples
from gaia_stim.runs import BUILT_IN

FACES = 12
FACES_SEED = 7
SIZE = 256
"""Pixels of a side: four times what the model draws, so that the faces are carried along as photographs are."""
FIRST, SECOND = 2, 5
"""The faces that are morphed: they differ in much."""
CORNERS = (2, 5, 8, 11)


@dataclass(frozen=True)
class DemoResult:
    """What the demo made, and where to look."""

    out: Path
    faces: Path
    continuum: Path
    grid: Path
    look_at: Path
    """A page to open in a browser."""
    sheet: Path
    stimuli: int


def demo(config: DemoConfig, listen: Listener = silent) -> DemoResult:
    """Draw faces; with the built-in model make a continuum in equal steps of the pixels, a grid, and a page."""
    out, force = config.out, config.force
    drawn = samples(SamplesConfig(out=out / "faces", n=FACES, size=SIZE, seed=FACES_SEED, force=force), listen)
    faces = sorted(drawn.images.glob("*.png"))
    continuum = morph(
        MorphConfig(
            first=faces[FIRST],
            second=faces[SECOND],
            steps=9,
            spacing="pixel",
            out=out / "morph",
            model=BUILT_IN,
            force=force,
        ),
        listen,
    )
    corners = dict(
        zip(("top_left", "top_right", "bottom_left", "bottom_right"), (faces[place] for place in CORNERS), strict=True)
    )
    grid = morph_grid(MorphGridConfig(**corners, out=out / "grid", model=BUILT_IN, force=force), listen)
    page = report(ReportConfig(target=continuum.out, out=out / "report.html", force=force), listen)
    stimuli = continuum.stimuli + grid.stimuli
    return DemoResult(out, drawn.folder, continuum.out, grid.out, page.out, continuum.sheet, stimuli)
