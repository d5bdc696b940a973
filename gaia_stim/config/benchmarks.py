"""What published protocols can be asked, run here on any of our models."""

import math
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from gaia_stim.config.base import Config, Count, Device, Force, ModelPath, Precision, Seed, Threads
from gaia_stim.config.looks import FIRST, Methods, Seeds, TrainOptions
from gaia_stim.config.options import Decides, Input, Output
from gaia_stim.config.stimuli import LEAST_SIDE, MOST_SIDE


class BenchmarkLinesConfig(Config):
    """Measure interpolation where it is known what lies between: a line at an angle (Berthelot et al. 2018)."""

    runs: Annotated[
        tuple[Path, ...] | None,
        Input("Run folders of models for 32 px and one channel; with --methods nothing.", "RUN…", positional=True),
    ] = None
    methods: Methods = None
    seeds: Seeds = 3
    images_seen: Annotated[Count, Decides("How long to train each.", "N", panel=FIRST)] = 100_000
    lines: Annotated[Count, Field(ge=100), Decides("How many lines to draw for the training.", "N", panel=FIRST)] = (
        20_000
    )
    set_: TrainOptions = None
    out: Annotated[Path, Output("The folder of figures, sheet, lines and trainings.", "DIR")] = Path("lines")
    seed: Seed = 0
    force: Force = False

    @model_validator(mode="after")
    def _one_way(self) -> "BenchmarkLinesConfig":
        if self.runs and self.methods is not None:
            raise ValueError("name trained runs, or methods to train by --methods, not both")
        if not self.runs and self.methods is None:
            raise ValueError("nothing to measure: name trained runs, or train some by --methods gaia,ae,vae,acai")
        return self


class BenchmarkMidpointsConfig(Config):
    """Compare midpoints with the true ones, which drawn faces have: how far a model is from a cross-fade."""

    runs: Annotated[
        tuple[Path, ...] | None,
        Decides("Run folders of models of drawn faces. Without any: the built-in model.", "RUN…", positional=True),
    ] = None
    attribute: Annotated[
        str | None,
        Decides(
            "Pairs that differ in this graded attribute alone (yaw, age, …; several with commas between, "
            "or all), in place of opposite and random pairs.",
            "NAME",
        ),
    ] = None
    pairs: Annotated[Count, Field(ge=8, le=10_000), Decides("Pairs of each kind.", "N")] = 64
    size: Annotated[
        int | None,
        Field(ge=LEAST_SIDE, le=1024),
        Decides("Also faces drawn at so many pixels, carried along by the models' shapes.", "PX"),
    ] = None
    out: Annotated[Path, Output("The folder of the figures and a sheet for each model and kind.", "DIR")] = Path(
        "midpoints"
    )
    seed: Seed = 0
    force: Force = False


class BenchmarkStructureConfig(Config):
    """Measure what the structure loss L_dist costs in reconstruction and gains in structure, at several weights."""

    images: Annotated[
        Path | None, Input("A folder of at least 350 images. Without it: built-in samples.", "IMAGES", positional=True)
    ] = None
    alphas: Annotated[
        str,
        Decides("Weights of L_dist, with commas between; 0, with which all are compared, is always added.", "X,X,…"),
    ] = "0.02,0.2,1"
    seeds: Seeds = 3
    images_seen: Annotated[Count, Decides("How long to train each.", "N", panel=FIRST)] = 20_000
    size: Annotated[int, Field(ge=16, le=1024, multiple_of=16), Decides("Pixels of a side.", "PX", panel=FIRST)] = 32
    set_: TrainOptions = None
    out: Annotated[Path, Output("The folder of table, sheets and trainings.", "DIR")] = Path("structure")
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


Network = Annotated[
    str, Decides("The networks that models are made of.", "NAME", choices="gaia_stim.networks:NETWORKS")
]
Size = Annotated[int, Field(ge=16, le=1024, multiple_of=16), Decides("Pixels of a side.", "PX")]


class BenchmarkStepConfig(Config):
    """Measure a training step against the autoencoder's, the usual alternating one's, and the arithmetic's floor."""

    size: Size = 64
    network: Network = "light"
    objective: Annotated[str, Decides("GAIA's objective.", "NAME", choices="gaia_stim.models:OBJECTIVES")] = "anchored"
    latent: Annotated[int, Field(ge=2, le=4096), Decides("Numbers in a latent code.", "N")] = 128
    width: Annotated[int, Field(ge=4, le=512), Decides("Channels of the first layer.", "N")] = 48
    batch: Annotated[int, Field(ge=4, le=4096, multiple_of=4), Decides("Images a step.", "N")] = 16
    rounds: Annotated[int, Field(ge=3, le=10_000), Decides("Steps of each that are timed, in turn.", "N")] = 20
    precision: Precision = "auto"
    device: Device = "auto"
    threads: Threads = 0


class BenchmarkLoadConfig(Config):
    """Measure how fast images come out of their cache at random, from memory and from the disk."""

    images: Annotated[
        Path | None, Input("A folder of images. Without it: built-in samples.", "IMAGES", positional=True)
    ] = None
    size: Size = 64
    batch: Annotated[int, Field(ge=1, le=4096), Decides("Images read together.", "N")] = 16
    rounds: Annotated[int, Field(ge=3, le=100_000), Decides("Batches that are read.", "N")] = 200
    seed: Seed = 0


class BenchmarkEncodeConfig(Config):
    """Measure encoding a folder of images, against its slowest part alone."""

    images: Annotated[
        Path | None, Input("A folder of images. Without it: built-in samples.", "IMAGES", positional=True)
    ] = None
    model: ModelPath = None
    n: Annotated[Count, Decides("How many of the images.", "N")] = 500
    threads: Threads = 0


class BenchmarkRenderConfig(Config):
    """Measure writing a stimulus set, against decoding and PNG compression alone."""

    model: ModelPath = None
    n: Annotated[Count, Decides("How many stimuli.", "N")] = 1_000
    size: Annotated[
        int | None,
        Field(ge=LEAST_SIDE, le=MOST_SIDE),
        Decides("A morph of two drawn faces of so many pixels, carried along, and not the model's own pictures.", "PX"),
    ] = None
    seed: Seed = 0
    threads: Threads = 0
