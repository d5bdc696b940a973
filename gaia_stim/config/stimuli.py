"""What making stimuli can be asked: codes, paths, grids, exemplars; matching sets and making them again."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from gaia_stim.config.base import Config, Count, FolderConfig, Force, ModelPath, RecordedModel, Seed, levels
from gaia_stim.config.displays import DisplayName
from gaia_stim.config.options import Decides, Input, Output, Role, Watching
from gaia_stim.config.renamed import spacing_now


class MediaConfig(Config):
    """What verbs that make a set of images or codes can be asked too: to write more than its folder."""

    gif: Annotated[bool, Watching("Also write SET.gif, there and back.", panel="Also write")] = False
    mp4: Annotated[
        bool, Watching("Also write SET.mp4, there and back (needs gaia-stim[video]).", panel="Also write")
    ] = False
    zip: Annotated[bool, Watching("Also write SET.zip, the whole set in one file.", panel="Also write")] = False
    fps: Annotated[
        float, Field(gt=0, le=50), Watching("Stimuli a second in a GIF or MP4.", "X", panel="Also write")
    ] = 12.0

    def request(self) -> dict[str, Any]:
        """As of every config; and what to read was not given, for the verb has its own then."""
        not_given = {name for name in self.fields(Role.INPUT) if getattr(self, name) is None}
        return self.model_dump(mode="json", include=self.fields(Role.DECIDES) | not_given)

    def media(self, out: str) -> list[str]:
        """The files that are written beside the set `out`."""
        return [f"{out}.{kind}" for kind in ("gif", "mp4", "zip") if getattr(self, kind)]


LEAST_SIDE, MOST_SIDE = 16, 4096
SHORTEST, FARTHEST = 3, 2000
"""Centimetres from an eye to a screen, and that a screen is wide."""


Align = Annotated[
    Literal["auto", "none"],
    Decides(
        "Where align made the model's images: put photographs in the same place, unless they lie there, or take them "
        "as they are.",
        panel="Photographs",
    ),
]


class CarryConfig(MediaConfig):
    """What verbs can be asked whose stimuli are made of photographs: to carry these along, at their own size."""

    size: Annotated[
        str,
        Decides(
            "Pixels of a side. source: as the smallest of the photographs, up to 1024, which are carried along by the "
            "shapes that the model knows, where they are larger than the model's pictures. model: those pictures.",
            "source|model|PX",
            panel="Photographs",
        ),
    ] = "source"
    detail: Annotated[
        Literal["restored", "mean"],
        Decides(
            "Of carried photographs: bring the detail that averaging takes back to the sources' mean, or leave it.",
            panel="Photographs",
        ),
    ] = "restored"
    align: Align = "auto"
    vary: Annotated[
        Literal["both", "shape", "texture"],
        Decides("Shape alone or texture alone: the other part of the code is held.", panel="Photographs"),
    ] = "both"

    points: Annotated[
        Path | None,
        Decides(
            "Points of the photographs, the same ones in each, at least 3: they come to lie on one another. A table of "
            "image, landmark, x, y in pixels of the files, or a folder of .tem or .pts files.",
            "FILE",
            panel="Photographs",
        ),
    ] = None

    @field_validator("size", mode="before")
    @classmethod
    def _a_size(cls, value: Any) -> str:
        text = str(value).strip().lower()
        if text not in ("source", "model") and not (text.isdigit() and LEAST_SIDE <= int(text) <= MOST_SIDE):
            raise ValueError(f"should be source, model, or pixels of a side from {LEAST_SIDE} to {MOST_SIDE}")
        return text

    def request(self) -> dict[str, Any]:
        """As of every set, without size and detail: what they come to is told where photographs are carried at all.

        Nor where points lie: they are told by what they are made of, as images are.
        """
        told = {name: value for name, value in super().request().items() if name not in ("size", "detail", "points")}
        told = {name: value for name, value in told.items() if (name, value) != ("align", "auto")}
        return {
            name: value for name, value in told.items() if self.vary != "both" or name not in ("vary", "hold_other")
        }


class VaryConfig(CarryConfig):
    """What verbs can be asked whose stimuli lie between images: where the part that does not vary is held."""

    hold_other: Annotated[
        str,
        Decides(
            "With --vary: the other part is that of one image, a the first, b the second, or of their mean.",
            "a|b|…|mean",
            panel="Photographs",
        ),
    ] = "a"

    @field_validator("hold_other")
    @classmethod
    def _one_of_them(cls, value: str) -> str:
        text = value.strip().lower()
        if text != "mean" and not (len(text) == 1 and "a" <= text <= "z"):
            raise ValueError("should be the letter of an image, a for the first, b for the second, or mean")
        return text

    @model_validator(mode="after")
    def _something_is_held(self) -> "VaryConfig":
        if self.vary == "both" and self.hold_other != "a":
            raise ValueError(f"--hold-other {self.hold_other}: nothing is held; give --vary shape or --vary texture")
        return self


class EncodeConfig(FolderConfig):
    """Find the latent codes of images."""

    is_shared = True

    images: Annotated[
        tuple[Path, ...], Field(min_length=1), Input("Images, or folders of them.", "IMAGES…", positional=True)
    ]
    out: Annotated[Path, Output("Where to write them: .csv, .npz or .safetensors.", "FILE")] = Path("latents.csv")
    model: ModelPath = None
    align: Align = "auto"
    force: Force = False

    def request(self) -> dict[str, Any]:
        """Said only where images are taken as they are: most models' images were never aligned."""
        return {name: value for name, value in super().request().items() if (name, value) != ("align", "auto")}


class DecodeConfig(Config):
    """Make images from latent codes: the way back from `encode`."""

    latents: Annotated[Path, Input("A .csv, .npz or .safetensors file that encode wrote.", "LATENTS", positional=True)]
    out: Annotated[Path, Output("The folder of the stimulus set.", "DIR")] = Path("decoded")
    model: ModelPath = None
    force: Force = False


SpacingName = Annotated[
    str,
    Decides(
        "What is equal between neighbours, and in no other measure: steps of the code, RMS pixel differences, NLPD of "
        "luminance (a model of early vision), CIEDE2000 (colour differences), or steps of a scale measured with people "
        "(FILE.csv with the columns alpha and scale).",
        "NAME|FILE.csv",
        choices="gaia_stim.space:SPACINGS",
        or_file=".csv",
    ),
]
PixelsPerDegree = Annotated[
    float | None,
    Field(ge=1, le=1000),
    Decides(
        "With --spacing nlpd: how many of the stimuli's pixels make a degree of visual angle; its scales are "
        "then of cycles per degree. [default: not known, and scales are of pixels]",
        "N",
    ),
]


class SpacedConfig(VaryConfig):
    """What verbs can be asked whose stimuli are placed by their differences."""

    spacing: SpacingName = "latent"
    pixels_per_degree: PixelsPerDegree = None

    def request(self) -> dict[str, Any]:
        """As before there was a size to the eye, where none is given."""
        told = {**super().request(), "spacing": self.placed_by}
        return told if self.pixels_per_degree else {k: v for k, v in told.items() if k != "pixels_per_degree"}

    @property
    def placed_by(self) -> str:
        """The spacing, by its name of today."""
        return spacing_now(self.spacing)

    @model_validator(mode="after")
    def _size_to_the_eye(self) -> "SpacedConfig":
        if self.pixels_per_degree and self.placed_by != "nlpd":
            raise ValueError("--pixels-per-degree: only says something together with --spacing nlpd")
        return self


Refine = Annotated[
    int,
    Field(ge=0, le=10_000),
    Decides(
        "Fit each source's code to its image by so many gradient steps, so that the ends look like the "
        "sources, and of carried photographs the shape, too; 50 to 200 do.",
        metavar="N",
    ),
]


class MorphConfig(SpacedConfig):
    """Make a continuum between two images."""

    first: Annotated[Path, Input("The image at alpha = 0.", "A", positional=True)]
    second: Annotated[Path, Input("The image at alpha = 1.", "B", positional=True)]
    steps: Annotated[int, Field(ge=2, le=100_000), Decides("Stimuli, both ends included.", "N")] = 9
    extrapolate: Annotated[
        float, Field(ge=0, le=2), Decides("Go beyond both images by this share: 0.25 is alpha -0.25 to 1.25.", "X")
    ] = 0.0
    refine: Refine = 0
    raw_endpoints: Annotated[
        bool, Decides("Put the two photographs themselves at the ends; flagged in the manifest, for they are sharper.")
    ] = False
    out: Annotated[Path | None, Output("The folder of the stimulus set. [default: morph_A_B]", "DIR")] = None
    model: ModelPath = None
    force: Force = False

    @model_validator(mode="after")
    def _ends_are_images(self) -> "MorphConfig":
        if self.raw_endpoints and self.extrapolate:
            raise ValueError("--raw-endpoints: with --extrapolate the ends are not the images; give one of the two")
        if self.raw_endpoints and self.vary != "both":
            raise ValueError(
                f"--raw-endpoints: with --vary {self.vary} the ends are not the images; give one of the two"
            )
        return self


class InterpolateConfig(SpacedConfig):
    """Make stimuli on one path through several images: straight, smooth, or a wheel that closes."""

    images: Annotated[tuple[Path, ...], Input("The images, in the order of the path.", "IMAGES…", positional=True)]
    path: Annotated[
        str,
        Decides(
            "Straight from each to the next, a smooth curve, or a smooth loop back to the first.",
            "NAME",
            choices="gaia_stim.space:PATHS",
        ),
    ] = "line"
    steps: Annotated[
        int, Field(ge=2, le=100_000), Decides("Stimuli; on a wheel the first is not shown again at its end.", "N")
    ] = 9
    refine: Refine = 0
    out: Annotated[Path | None, Output("The folder of the stimulus set. [default: PATH_FIRST_LAST]", "DIR")] = None
    model: ModelPath = None
    force: Force = False

    @model_validator(mode="after")
    def _enough(self) -> "InterpolateConfig":
        least = 3 if self.path == "wheel" else 2
        for what, given in (("images", len(self.images)), ("--steps", self.steps)):
            if given < least:
                raise ValueError(f"--path {self.path} needs at least {least} {what}, not {given}")
        return self


class MorphGridConfig(SpacedConfig):
    """Make a grid of stimuli between four images, one at each corner."""

    top_left: Annotated[Path, Input("The image at the top left.", "TL", positional=True)]
    top_right: Annotated[Path, Input("The image at the top right.", "TR", positional=True)]
    bottom_left: Annotated[Path, Input("The image at the bottom left.", "BL", positional=True)]
    bottom_right: Annotated[Path, Input("The image at the bottom right.", "BR", positional=True)]
    rows: Annotated[int, Field(ge=2, le=100), Decides("Stimuli from top to bottom.", "N")] = 5
    cols: Annotated[int, Field(ge=2, le=100), Decides("Stimuli from left to right.", "N")] = 5
    refine: Refine = 0
    out: Annotated[Path | None, Output("The folder of the stimulus set. [default: grid_TL_BR]", "DIR")] = None
    model: ModelPath = None
    force: Force = False


class AverageConfig(VaryConfig):
    """Make the average of images: what lies in the middle of their codes."""

    images: Annotated[
        tuple[Path, ...], Field(min_length=1), Input("Images, or folders of them.", "IMAGES…", positional=True)
    ]
    refine: Refine = 0
    out: Annotated[Path | None, Output("The folder of the stimulus set. [default: average]", "DIR")] = None
    model: ModelPath = None
    force: Force = False


class CaricatureConfig(CarryConfig, FolderConfig):
    """Make caricatures and anti-caricatures: images nearer to a norm, or farther from it than they are."""

    faces: Annotated[
        tuple[Path, ...], Field(min_length=1), Input("Images, or folders of them.", "FACES…", positional=True)
    ]
    norm: Annotated[
        Path | None,
        Input(
            "What they differ from: an image, or a folder for the mean of its images. "
            "[default: the mean of the images that the model was trained on]",
            "IMAGE|DIR",
        ),
    ] = None
    amount: Annotated[
        str,
        Decides(
            "From, to and how many: 0 is the norm, 1 the image itself, above 1 a caricature, below 1 an "
            "anti-caricature.",
            "LOW:HIGH:N",
        ),
    ] = "0.5:1.5:5"
    refine: Refine = 0
    out: Annotated[Path | None, Output("The folder of the stimulus set. [default: caricature_FACE]", "DIR")] = None
    model: ModelPath = None
    force: Force = False

    @field_validator("amount")
    @classmethod
    def _readable(cls, amount: str) -> str:
        levels(amount)
        return amount


class SampleConfig(MediaConfig, FolderConfig):
    """Draw new exemplars: stimuli that no image is, among those that images are."""

    n: Annotated[Count, Field(le=1_000_000), Decides("How many.", "N")] = 100
    from_: Annotated[
        Literal["convex", "density"],
        Field(alias="from"),
        Decides("Random mixtures of a few real images, or draws from a Gaussian fitted to all of them."),
    ] = "convex"
    parents: Annotated[
        int, Field(ge=2, le=100), Decides("Real images in a mixture: the more, the nearer to the average.", "N")
    ] = 3
    images: Annotated[
        Path | None, Input("The folder of real images. [default: the one that the model was trained on]", "DIR")
    ] = None
    seed: Seed = 0
    out: Annotated[Path | None, Output("The folder of the stimulus set. [default: sample_FROM_SEED]", "DIR")] = None
    model: ModelPath = None
    force: Force = False


LATER = ("contrast_as", "ground", "display", "dither")
"""Options of the processing that version 0.1 did not have."""


class ProcessingConfig(Config):
    """What is done to the pictures of a set after they are made; what is equal afterwards is equal in the files."""

    luminance: Annotated[bool, Decides("Give all stimuli the same mean luminance (linear Y).", panel="Make equal")] = (
        False
    )
    contrast: Annotated[bool, Decides("Give all the same RMS contrast.", panel="Make equal")] = False
    contrast_as: Annotated[
        Literal["sd", "relative"],
        Decides("The contrast: the standard deviation of Y, or that over the mean of Y.", panel="Make equal"),
    ] = "sd"
    histogram: Annotated[bool, Decides("Give all the set's mean histogram of luminance.", panel="Make equal")] = False
    spectrum: Annotated[bool, Decides("Give all the set's mean Fourier amplitude.", panel="Make equal")] = False
    rotational: Annotated[
        bool,
        Decides(
            "With --spectrum: only its average over orientations, each keeps its own orientations.", panel="Make equal"
        ),
    ] = False
    region: Annotated[
        Literal["picture", "foreground"],
        Decides("Over what mean luminance, contrast and Fourier amplitude are equal.", panel="Make equal"),
    ] = "picture"
    ground: Annotated[
        Literal["kept", "free"],
        Decides(
            "A flat background: left as it is, only the foreground is changed; or changed with it, flat no longer.",
            panel="Make equal",
        ),
    ] = "kept"
    display: DisplayName = "srgb"
    dither: Annotated[
        Literal["ordered", "none"],
        Decides(
            "Light between two levels: shared out over neighbouring pixels, or each the nearest level.", panel="Display"
        ),
    ] = "ordered"
    grey: Annotated[bool, Decides("Make them grey, keeping luminance.", panel="Look")] = False
    mask: Annotated[
        Literal["none", "oval", "soft-oval"],
        Decides("Show an upright oval of each, its edge hard or soft.", panel="Look"),
    ] = "none"
    background: Annotated[
        str | None,
        Decides(
            "Colour round the foreground: a name or #rrggbb. [default: as it is, else mid-grey]", "COLOUR", panel="Look"
        ),
    ] = None
    padding: Annotated[int, Field(ge=0, le=4096), Decides("Background added on each side.", "PX", panel="Size")] = 0
    size: Annotated[int | None, Field(ge=8, le=4096), Decides("Side of the written pictures.", "PX", panel="Size")] = (
        None
    )
    degrees: Annotated[
        float | None,
        Field(gt=0, lt=180),
        Decides("Side in degrees of visual angle; needs the three below.", "DEG", panel="Size"),
    ] = None
    distance: Annotated[
        float | None, Field(gt=0), Decides("From the eye to the screen, in centimetres.", "CM", panel="Size")
    ] = None
    screen_width: Annotated[
        float | None, Field(gt=0), Decides("Width of the screen's picture, in centimetres.", "CM", panel="Size")
    ] = None
    screen_pixels: Annotated[int | None, Field(ge=1), Decides("Pixels in that width.", "N", panel="Size")] = None

    @field_validator("distance", "screen_width")
    @classmethod
    def _centimetres(cls, length: float | None) -> float | None:
        if length is not None and not SHORTEST <= length <= FARTHEST:
            raise ValueError(f"is in centimetres, from {SHORTEST} to {FARTHEST}; were it metres or millimetres?")
        return length

    @model_validator(mode="after")
    def _one_size(self) -> "ProcessingConfig":
        setup = {
            "--distance": self.distance,
            "--screen-width": self.screen_width,
            "--screen-pixels": self.screen_pixels,
        }
        missing = [name for name, value in setup.items() if value is None]
        if self.degrees is not None and self.size is not None:
            raise ValueError("--size and --degrees both say how large the pictures are; give one")
        if self.degrees is not None and missing:
            raise ValueError(f"--degrees: needs {' and '.join(missing)} too")
        if self.degrees is None and len(missing) < len(setup):
            raise ValueError(
                "--distance, --screen-width and --screen-pixels: only say something together with --degrees"
            )
        if self.rotational and not self.spectrum:
            raise ValueError("--rotational: only says something together with --spectrum")
        if self.contrast_as != "sd" and not self.contrast:
            raise ValueError("--contrast-as: only says something together with --contrast")
        return self

    def processing(self) -> dict[str, Any]:
        """The options of the processing alone, as JSON values; what version 0.1 did not know only where it is given."""
        told = self.model_dump(mode="json", include=set(ProcessingConfig.model_fields))
        usual = {name: ProcessingConfig.model_fields[name].default for name in LATER}
        return {name: value for name, value in told.items() if name not in usual or value != usual[name]}


class MatchConfig(ProcessingConfig):
    """Process the pictures of a stimulus set and make them equal in what is not the question; a new set is written."""

    stimuli: Annotated[Path, Input("A stimulus set.", "SET", positional=True)]
    out: Annotated[Path | None, Output("The folder of the new set. [default: SET_matched]", "DIR")] = None
    force: Force = False

    @model_validator(mode="after")
    def _something(self) -> "MatchConfig":
        if self.processing() == ProcessingConfig().processing():
            raise ValueError(
                "nothing to do: give --luminance, --contrast, --histogram, --spectrum, --mask, --size, --display …"
            )
        return self


class RemakeConfig(Config):
    """Make a stimulus set again from its provenance and the model, and say what differs."""

    target: Annotated[Path, Input("A stimulus set, or the provenance.json of one.", "SET", positional=True)]
    out: Annotated[Path | None, Output("The folder of the new set. [default: SET_remade]", "DIR")] = None
    model: RecordedModel = None
    images: Annotated[
        Path | None, Watching("Where to look for photographs that are no longer where they were.", "DIR")
    ] = None
    size: Annotated[
        Literal["recorded", "model"],
        Decides("As it was, or the model's own pictures, for which no photographs are needed."),
    ] = "recorded"
    force: Force = False
