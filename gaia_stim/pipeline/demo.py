"""The main job on built-in data, from nothing to stimuli: draw faces, morph two of them, look."""

from dataclasses import dataclass
from pathlib import Path

from gaia_stim.checkpoint import BUILT_IN
from gaia_stim.config import DemoConfig, MorphConfig, SamplesConfig
from gaia_stim.events import Listener, silent
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.samples import samples

FACES = 12
FACES_SEED = 7
FIRST, SECOND = 2, 5
"""The faces that are morphed: they differ in much."""


@dataclass(frozen=True)
class DemoResult:
    """What the demo made, and where to look."""

    out: Path
    faces: Path
    continuum: Path
    look_at: Path
    stimuli: int


def demo(config: DemoConfig, listen: Listener = silent) -> DemoResult:
    """Draw faces, and morph two of them with the built-in model, in equal steps of their pixels."""
    drawn = samples(
        SamplesConfig(out=config.out / "faces", n=FACES, size=64, seed=FACES_SEED, force=config.force), listen
    )
    faces = sorted(drawn.images.glob("*.png"))
    made = morph(
        MorphConfig(
            first=faces[FIRST],
            second=faces[SECOND],
            steps=9,
            spacing="pixel",
            out=config.out / "morph",
            model=BUILT_IN,
            force=config.force,
        ),
        listen,
    )
    return DemoResult(config.out, drawn.folder, made.out, made.sheet, made.stimuli)
