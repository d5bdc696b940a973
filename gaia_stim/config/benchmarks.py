"""What published protocols can be asked, run here on any of our models."""

import math
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from gaia_stim.config.base import Cli, Config, Count, Force, Seed
from gaia_stim.config.looks import FIRST, Methods, Seeds, TrainOptions


class BenchmarkLinesConfig(Config):
    """Measure interpolation where it is known what lies between: a line at an angle (Berthelot et al. 2018)."""

    runs: Annotated[
        tuple[Path, ...] | None,
        Field(description="Run folders of models for 32 px and one channel; with --methods nothing."),
        Cli("RUN…", positional=True),
    ] = None
    methods: Methods = None
    seeds: Seeds = 3
    images_seen: Annotated[Count, Field(description="How long to train each."), Cli("N", panel=FIRST)] = 100_000
    lines: Annotated[
        Count, Field(ge=100, description="How many lines to draw for the training."), Cli("N", panel=FIRST)
    ] = 20_000
    set_: TrainOptions = None
    out: Annotated[Path, Field(description="The folder of figures, sheet, lines and trainings."), Cli("DIR")] = Path(
        "lines"
    )
    seed: Seed = 0
    force: Force = False

    @model_validator(mode="after")
    def _one_way(self) -> "BenchmarkLinesConfig":
        if self.runs and self.methods is not None:
            raise ValueError("name trained runs, or methods to train by --methods, not both")
        if not self.runs and self.methods is None:
            raise ValueError("nothing to measure: name trained runs, or train some by --methods gaia,ae,vae,acai")
        return self


class BenchmarkStructureConfig(Config):
    """Measure what the structure loss L_dist costs in reconstruction and gains in structure, at several weights."""

    images: Annotated[
        Path | None,
        Field(description="A folder of at least 350 images. Without it: built-in samples."),
        Cli("IMAGES", positional=True),
    ] = None
    alphas: Annotated[
        str,
        Field(description="Weights of L_dist, with commas between; 0, with which all are compared, is always added."),
        Cli("X,X,…"),
    ] = "0.02,0.2,1"
    seeds: Seeds = 3
    images_seen: Annotated[Count, Field(description="How long to train each."), Cli("N", panel=FIRST)] = 20_000
    size: Annotated[
        int, Field(ge=16, le=1024, multiple_of=16, description="Pixels of a side."), Cli("PX", panel=FIRST)
    ] = 32
    set_: TrainOptions = None
    out: Annotated[Path, Field(description="The folder of table, sheets and trainings."), Cli("DIR")] = Path(
        "structure"
    )
    seed: Seed = 0
    force: Force = False

    @field_validator("alphas")
    @classmethod
    def _are_weights(cls, text: str) -> str:
        _weights(text)
        return text

    @property
    def weights(self) -> tuple[float, ...]:
        """0 and the others, ascending."""
        return _weights(self.alphas)


def _weights(text: str) -> tuple[float, ...]:
    try:
        found = {float(word) for word in text.split(",")}
    except ValueError:
        raise ValueError(f"'{text}' is not numbers with commas between, as in 0.02,0.2,1") from None
    if not all(math.isfinite(weight) and weight >= 0 for weight in found):
        raise ValueError(f"'{text}' holds a weight that is not 0 or more")
    return tuple(sorted({0.0, *found}))
