"""What looking can be asked: audits, measurements, comparisons, reports, and what a thing or a machine is."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from gaia_stim.config.attributes import Ones, Without
from gaia_stim.config.base import Config, Count, FolderConfig, Force, ModelPath, RecordedModel, Seed
from gaia_stim.config.displays import RecordedDisplay
from gaia_stim.config.options import Decides, Input, Model, Output

FIRST = "Train first"
"""The panel of what trains the models that are then measured."""
WIDTHS = {"column": 89.0, "page": 183.0}
"""Of a journal, in millimetres."""
FIGURE_KINDS = (".svg", ".pdf", ".png")
Methods = Annotated[
    str | None,
    Decides(
        "Train these first, names with commas between; options of one after colons: gaia,gaia:alpha=0,ae.",
        "NAMES",
        panel=FIRST,
        choices="gaia_stim.models:MODELS",
    ),
]
Seeds = Annotated[
    int, Field(ge=1, le=100), Decides("Trainings of each method, with the seeds from --seed on.", "N", panel=FIRST)
]
TrainedOn = Annotated[Count | None, Decides("How long to train each. [default: as train]", "N", panel=FIRST)]
TrainOptions = Annotated[
    tuple[str, ...] | None,
    Field(alias="set"),
    Decides("Any other option of train, for all methods: --set latent=64; may be repeated.", "KEY=VALUE", panel=FIRST),
]


class AuditConfig(FolderConfig):
    """Say what else varies in a stimulus set with what is meant to vary."""

    stimuli: Annotated[Path, Input("A stimulus set.", "SET", positional=True)]
    out: Annotated[Path | None, Output("The folder of the report. [default: SET_audit]", "DIR")] = None
    model: RecordedModel = None
    images: Annotated[
        Path | None, Input("The images that the model was trained on. [default: where they were then]", "DIR")
    ] = None
    display: RecordedDisplay = None
    force: Force = False


class InfoConfig(Config):
    """Say what a run, a set or an image is and where it came from."""

    target: Annotated[
        Path | None,
        Input(
            "A run, a stimulus set or an image. Without it: the model that would be used.", "TARGET", positional=True
        ),
    ] = None
    card: Annotated[bool, Decides("Of a run: its model card, as Markdown.")] = False


class EvaluateConfig(FolderConfig):
    """Measure a model on images that it never saw, each figure beside its control."""

    run: Annotated[Path | None, Model("The model's run folder; -m RUN says the same.", "RUN", positional=True)] = None
    model: ModelPath = None
    images: Annotated[Path | None, Input("The images. [default: the folder that it was trained on]", "IMAGES")] = None
    landmarks: Annotated[
        Path | None,
        Input(
            "Landmarks to carry from image to image: a table of image, landmark, x, y in pixels of the "
            "files, or a folder of .tem or .pts files.",
            "FILE",
            panel="Landmarks",
        ),
    ] = None
    scale_by: Annotated[
        str,
        Field(pattern=r"^[^,]+,[^,]+$"),
        Decides("Two of them whose distance is the unit, the eyes say: NAME,NAME.", "NAMES", panel="Landmarks"),
    ] = "0,1"
    landmark_sheet: Annotated[
        Path | None, Output("Draw the error at each of them there, as PNG.", "FILE", panel="Landmarks")
    ] = None
    refine: Annotated[
        int,
        Field(ge=0, le=10_000),
        Decides(
            "Fit code and shape of each image that has landmarks to it first by so many gradient steps, as "
            "morph --refine does; 60 do. Shapes need the images of the training.",
            "N",
            panel="Landmarks",
        ),
    ] = 0
    out: Annotated[Path | None, Output("Write the figures there too, as JSON.", "FILE")] = None
    seed: Seed = 0
    force: Force = False

    @model_validator(mode="after")
    def _one_model(self) -> "EvaluateConfig":
        if self.run and self.model and self.run != self.model:
            raise ValueError(f"two models are named, {self.run} and {self.model}; give one")
        return self


class CompareConfig(FolderConfig):
    """Measure models side by side on the same held-out images: trained runs, or methods that are trained first."""

    runs: Annotated[
        tuple[Path, ...] | None,
        Input(
            "Run folders; with --methods instead the folder of images to train on, or nothing for the "
            "built-in samples.",
            "RUN…",
            positional=True,
        ),
    ] = None
    methods: Methods = None
    seeds: Seeds = 3
    images_seen: TrainedOn = None
    size: Annotated[
        int | None,
        Field(ge=16, le=1024, multiple_of=16),
        Decides("Pixels of a side. [default: as train]", "PX", panel=FIRST),
    ] = None
    set_: TrainOptions = None
    images: Annotated[
        Path | None, Input("The images to measure on. [default: the folder that they were trained on]", "IMAGES")
    ] = None
    figures: Annotated[
        bool,
        Decides("Draw the paper's Figures 2 to 4, too: strips, faces with each attribute moved, each vector alone."),
    ] = False
    labels: Annotated[
        Path | None,
        Input("The labels for Figures 3 and 4. [default: those of drawn faces; of other images none]", "TABLE"),
    ] = None
    without: Without = None
    one: Ones = None
    out: Annotated[Path, Output("The folder of table, sheets and trainings.", "DIR")] = Path("comparison")
    seed: Seed = 0
    force: Force = False

    @model_validator(mode="after")
    def _one_way(self) -> "CompareConfig":
        if self.labels and not self.figures:
            raise ValueError("--labels: only says something together with --figures")
        read = {"--without": self.without, "--one": self.one}
        if not self.labels and (said := [name for name, value in read.items() if value is not None]):
            raise ValueError(f"{said[0]}: only says something together with --labels")
        if self.methods is None:
            given = {"--images-seen": self.images_seen, "--size": self.size, "--set": self.set_}
            if said := [name for name, value in given.items() if value is not None]:
                raise ValueError(f"{said[0]}: only says something together with --methods")
            if not self.runs:
                raise ValueError("nothing to compare: name trained runs, or a folder of images and --methods gaia,ae")
        elif len(self.runs or ()) > 1:
            raise ValueError("with --methods, name one folder of images to train on, not several")
        return self


class ReportConfig(FolderConfig):
    """Write one self-contained HTML page about a run or a stimulus set, to read, print or send."""

    target: Annotated[Path, Input("A run or a stimulus set.", "TARGET", positional=True)]
    out: Annotated[Path | None, Output("The page. [default: beside it, NAME_report.html]", "FILE")] = None
    images: Annotated[
        Path | None, Decides("Of a run: the images to look at. [default: the folder that it was trained on]", "IMAGES")
    ] = None
    figures: Annotated[bool, Decides("Of a run: measure it too, as evaluate does, where that was not done before.")] = (
        True
    )
    seed: Seed = 0
    force: Force = False


class CiteConfig(Config):
    """Say what to cite for a set, a model or a scale, and whose images to name."""

    target: Annotated[Path, Input("A stimulus set, a run folder or a folder of scales.", "TARGET", positional=True)]
    bibtex: Annotated[bool, Decides("As BibTeX.")] = False


class FigureConfig(Config):
    """Draw sets, spaces and scales as a figure for a paper: SVG or PDF with whole pictures and text as text, or PNG."""

    targets: Annotated[
        tuple[Path, ...],
        Field(min_length=1),
        Input(
            "Stimulus sets, run folders (a map of their images) and folders of scales: a panel each.",
            "TARGET…",
            positional=True,
        ),
    ]
    out: Annotated[Path, Output("The file: what it ends in, .svg, .pdf or .png, is its kind.", "FILE")]
    width: Annotated[str, Decides("How wide: a column (89 mm), a page (183 mm), or millimetres.", "column|page|MM")] = (
        "column"
    )
    every: Annotated[int, Field(ge=1), Decides("Show every so-maniest step of a set.", "N")] = 1
    labels: Annotated[bool, Decides("Write steps, amounts and names beside the pictures.")] = True
    letters: Annotated[bool, Decides("a, b, c at the panels of a figure that has several.")] = True
    font: Annotated[
        Path | None,
        Input("A TrueType font to write with. [default: Aileron; in SVG Helvetica or Arial]", "FILE.ttf"),
    ] = None
    images: Annotated[
        Path | None, Input("Of a run: the images to map. [default: the folder that it was trained on]", "IMAGES")
    ] = None
    force: Force = False

    @property
    def millimetres(self) -> float:
        """The width in numbers."""
        return WIDTHS.get(self.width) or float(self.width)

    @field_validator("width")
    @classmethod
    def _a_width(cls, width: str) -> str:
        if width not in WIDTHS and not (re.fullmatch(r"\d{1,3}(\.\d+)?", width) and 20 <= float(width) <= 500):
            raise ValueError("should be column, page, or millimetres from 20 to 500")
        return width

    @field_validator("out")
    @classmethod
    def _a_kind(cls, out: Path) -> Path:
        if out.suffix.lower() not in FIGURE_KINDS:
            raise ValueError(f"should end in {', '.join(FIGURE_KINDS)}")
        return out


class DemoConfig(Config):
    """Do the main job on built-in data: draw faces, morph two, make a grid of four, and a page to look at."""

    out: Annotated[Path, Output("Where to put it all.", "DIR")] = Path("gaia-stim-demo")
    force: Force = False


class DoctorConfig(Config):
    """Say what this machine can do, and what to do about what it cannot."""
