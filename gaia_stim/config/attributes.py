"""What attribute vectors can be asked: fitting them to labels, applying them to faces, showing and auditing them."""

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from gaia_stim.config.base import (
    MOST_LEVELS,
    Config,
    Count,
    FolderConfig,
    Force,
    ModelPath,
    RecordedModel,
    Seed,
    levels,
)
from gaia_stim.config.options import Decides, Input, Output
from gaia_stim.config.stimuli import CarryConfig, Refine

MOST_CROSSED = 2
"""The manifest has columns for so many attributes of one stimulus."""

VectorsFolder = Annotated[Path, Input("The folder that 'attributes fit' wrote.", "VECTORS", positional=True)]
Estimator = Annotated[
    Literal["ols", "mean_difference", "ridge"],
    Decides(
        "Least squares on all attributes together, the difference of means, or ridge for attributes that "
        "can hardly be told apart."
    ),
]


def names(text: str | None) -> list[str]:
    """The names in a list with commas between, none of them twice."""
    return list(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))


def amounts(text: str) -> list[float]:
    """The numbers that `LOW:HIGH:N` or `-1,0,1` means. Raises `ValueError` in a user's words."""
    if ":" in text:
        return levels(text)
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"'{text}' is neither LOW:HIGH:N, as in -2:2:9, nor a list, as in -1,0,1") from None
    if not all(map(math.isfinite, found)) or len(set(found)) < len(found) or len(found) > MOST_LEVELS:
        raise ValueError(f"'{text}' is not a list of different numbers, as in -1,0,1")
    return found


Without = Annotated[str | None, Decides("All but these, with commas between.", "NAMES")]
Ones = Annotated[
    tuple[str, ...] | None,
    Decides(
        "Which of two words is 1, everywhere or in one column; may be repeated. [default: as the words say, else "
        "asked]",
        "[COLUMN=]WORD",
        panel="How the table is read",
    ),
]


class AttributesFitConfig(FolderConfig):
    """Find the direction of the space that stands for each attribute of a table of labels."""

    labels: Annotated[Path, Input("The table: CSV, XLSX, ODS or CelebA's text files, a row an image.", "FILE")]
    images: Annotated[
        Path | None,
        Input("The folder of the images. [default: 'images' beside the labels, else the labels' folder]", "DIR"),
    ] = None
    attributes: Annotated[str | None, Decides("Only these, with commas between. [default: all]", "NAMES")] = None
    without: Without = None
    image_column: Annotated[
        str | None,
        Decides(
            "The column that names the images. [default: found by name or content]",
            "COLUMN",
            panel="How the table is read",
        ),
    ] = None
    category: Annotated[
        tuple[str, ...] | None,
        Decides("A column whose numbers are names; may be repeated.", "COLUMN", panel="How the table is read"),
    ] = None
    baseline: Annotated[
        tuple[str, ...] | None,
        Decides(
            "What a column of words is measured against; may be repeated. [default: its most frequent one]",
            "COLUMN=LEVEL",
            panel="How the table is read",
        ),
    ] = None
    missing: Annotated[
        tuple[str, ...] | None,
        Decides(
            "What stands for a missing value, everywhere or in one column; may be repeated.",
            "[COLUMN=]TEXT",
            panel="How the table is read",
        ),
    ] = None
    one: Ones = None
    decimal: Annotated[
        Literal["point", "comma"] | None,
        Decides(
            "What parts a number's decimals; the other one then parts thousands. [default: seen from the table]",
            panel="How the table is read",
        ),
    ] = None
    sheet: Annotated[
        str | None,
        Decides("The sheet of a workbook. [default: the first that fits]", "NAME", panel="How the table is read"),
    ] = None
    out: Annotated[Path, Output("The folder of the vectors.", "DIR")] = Path("attributes")
    model: ModelPath = None
    force: Force = False

    @field_validator("baseline")
    @classmethod
    def _pairs(cls, baseline: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for one in baseline or ():
            if "=" not in one:
                raise ValueError(f"'{one}' is not COLUMN=LEVEL, as in hair_color=brown")
        return baseline

    def baselines(self) -> dict[str, str]:
        """The level that each of these columns is measured against."""
        pairs = (one.split("=", 1) for one in self.baseline or ())
        return {column.strip(): level.strip() for column, level in pairs}

    def decimal_sign(self) -> str | None:
        """What parts decimals, as it is written."""
        return {"point": ".", "comma": ","}[self.decimal] if self.decimal else None


Calibrate = Annotated[
    bool, Decides("Go as far as it takes for the pictures, and not only the codes, to move as asked.")
]


class AttributesApplyConfig(CarryConfig):
    """Move one attribute of faces, or two crossed, and leave the others as they are."""

    faces: Annotated[
        tuple[Path, ...], Field(min_length=1), Input("Images, or folders of them.", "FACES…", positional=True)
    ]
    attribute: Annotated[
        tuple[str, ...],
        Field(min_length=1),
        Decides("What is moved; a second one, with its own --amount, is crossed with it.", "NAME"),
    ]
    amount: Annotated[
        tuple[str, ...],
        Field(min_length=1),
        Decides("How far, added to what the face has: LOW:HIGH:N, or a list as -1,0,1.", "AMOUNTS"),
    ]
    unit: Annotated[
        Literal["unit", "sd"],
        Decides("What 1 means: a unit of the attribute (a year, or from 0 to 1), or a standard deviation."),
    ] = "unit"
    hold: Annotated[
        str | None, Decides("Attributes, with commas between, whose predicted values must not change.", "NAMES")
    ] = None
    estimator: Estimator = "ols"
    vectors: Annotated[Path, Input("The folder that 'attributes fit' wrote.", "VECTORS")] = Path("attributes")
    calibrate: Calibrate = True
    refine: Refine = 0
    out: Annotated[Path | None, Output("The folder of the stimulus set. [default: ATTRIBUTE_FACE]", "DIR")] = None
    model: RecordedModel = None
    force: Force = False

    @field_validator("amount")
    @classmethod
    def _readable(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            amounts(one)
        return given

    @model_validator(mode="after")
    def _one_amount_each(self) -> "AttributesApplyConfig":
        if len(self.attribute) != len(self.amount):
            raise ValueError(
                f"{len(self.attribute)} times --attribute and {len(self.amount)} times --amount: each needs the other"
            )
        if len(set(self.attribute)) < len(self.attribute):
            raise ValueError(f"--attribute: '{self.attribute[0]}' is there twice")
        if len(self.attribute) > MOST_CROSSED:
            raise ValueError(
                f"{len(self.attribute)} attributes: a manifest tells of {MOST_CROSSED}; make a set of each pair"
            )
        if both := [name for name in names(self.hold) if name in self.attribute]:
            raise ValueError(f"--hold: '{both[0]}' cannot be moved and held at once")
        return self


class AttributesShowConfig(Config):
    """Show each vector alone, mean difference beside least squares, and faces with each attribute moved."""

    vectors: VectorsFolder = Path("attributes")
    attributes: Annotated[
        str | None, Decides("Only these, with commas between. [default: all, what the codes tell best first]", "NAMES")
    ] = None
    faces: Annotated[
        Path | None, Input("An image or a folder of them. [default: some of the labelled images]", "IMAGE|DIR")
    ] = None
    n: Annotated[int, Field(ge=1, le=100), Decides("Faces that are shown.", "N")] = 6
    amount: Annotated[
        float, Field(gt=0, le=20), Decides("How far each attribute is moved, in standard deviations.", "X")
    ] = 2.0
    estimator: Estimator = "ols"
    vary: Annotated[
        Literal["both", "shape", "texture"],
        Decides("Show what each vector does to shape alone, or to texture alone, for models with a shape."),
    ] = "both"
    out: Annotated[Path | None, Output("The folder of the sheets. [default: VECTORS_show]", "DIR")] = None
    model: RecordedModel = None
    force: Force = False


class AttributesAuditConfig(FolderConfig):
    """Measure what each vector moves beside its attribute, by predictors that look at the pictures."""

    vectors: VectorsFolder = Path("attributes")
    images: Annotated[Path | None, Input("The labelled images. [default: where they were then]", "DIR")] = None
    labels: Annotated[Path | None, Input("Their table of labels. [default: where it was then]", "FILE")] = None
    sources: Annotated[
        int, Field(ge=10, le=10_000), Decides("Faces whose attributes are moved, one at a time.", "N")
    ] = 100
    n: Annotated[Count, Field(ge=100, le=100_000), Decides("Images, at most, that the predictors learn from.", "N")] = (
        2000
    )
    calibrate: Calibrate = True
    estimator: Estimator = "ols"
    hold: Annotated[
        str | None,
        Decides(
            "Also audit directions that hold these attributes, with commas between, as 'attributes apply'.", "NAMES"
        ),
    ] = None
    out: Annotated[Path | None, Output("The folder of the report. [default: VECTORS_audit]", "DIR")] = None
    seed: Seed = 0
    model: RecordedModel = None
    force: Force = False
