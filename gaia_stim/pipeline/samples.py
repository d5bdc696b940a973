"""Drawing the built-in faces into a folder, with a table of their true attributes."""

from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import SamplesConfig
from gaia_stim.events import Listener, silent
from gaia_stim.samples.folder import IMAGES, LABELS, draw_into


@dataclass(frozen=True)
class SamplesResult:
    """Where the faces are, and how many of them had to be drawn."""

    folder: Path
    images: Path
    labels: Path
    n: int
    drawn: int
    first: Path
    second: Path
    """Two of the faces to begin with."""


def samples(config: SamplesConfig, listen: Listener = silent) -> SamplesResult:
    """Draw `config.n` faces into `config.out`; what the identical command drew before is kept.

    Raises `ConfigError` where the folder holds anything else and `force` is not set.
    """
    drawn = draw_into(config, listen)
    faces = sorted((config.out / IMAGES).glob("*.png"))
    first, second = (faces[2], faces[5]) if len(faces) > 5 else (faces[0], faces[-1])
    return SamplesResult(config.out, config.out / IMAGES, config.out / LABELS, config.n, drawn, first, second)
