"""What each verb can be asked, as one frozen model a verb: the only home of defaults, and of what they mean.

The command line, the recipes and the notebooks read their options, types, defaults and help from these models.
Nothing here imports torch.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from gaia_stim.errors import ConfigError, suggestion


@dataclass(frozen=True)
class Cli:
    """How a field looks on the command line, beyond its name, type, default and description."""

    metavar: str | None = None
    short: str | None = None
    panel: str | None = None
    positional: bool = False
    choices: str | None = None
    """Where the valid names stand, as "module:TABLE"."""


class Config(BaseModel):
    """A verb's options: frozen, and nothing in them that the verb does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    def request(self) -> dict[str, Any]:
        """The options as JSON values, without where the result goes: what makes two commands the same."""
        return self.model_dump(mode="json", exclude={"out", "force"})


ConfigT = TypeVar("ConfigT", bound=Config)


def option_name(field: str) -> str:
    """A field's name as the user types it: `images_seen` is `--images-seen`."""
    return "--" + field.strip("_").replace("_", "-")


def make(kind: type[ConfigT], values: Mapping[str, Any], name: Callable[[str], str] = option_name) -> ConfigT:
    """Build a config from what a user gave. Raises `ConfigError`, a line a mistake, in the user's own names."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(kind, mistake, name) for mistake in error.errors())) from None


def _explain(kind: type[Config], mistake: Any, name: Callable[[str], str]) -> str:
    field = str(mistake["loc"][0]) if mistake["loc"] else ""
    if mistake["type"] == "extra_forbidden":
        return f"unknown option {name(field)}{suggestion(field, kind.model_fields)}"
    if mistake["type"] == "missing":
        return f"{name(field)}: is needed"
    message = mistake["msg"].removeprefix("Value error, ")
    message = message.replace("Input should", "should").replace("String should", "should")
    given = mistake["input"]
    shown = f" (got {str(given)[:80]!r})" if isinstance(given, str | int | float) else ""
    return f"{name(field)}: {message}{shown}" if field else message


def _count(value: Any) -> Any:
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKmM]?)\s*", value)):
        return round(float(match[1]) * {"": 1, "k": 1_000, "m": 1_000_000}[match[2].lower()])
    return value


Count = Annotated[int, BeforeValidator(_count), Field(ge=1)]
"""A whole number that may be written `400k` or `1.5M`."""

MOST_LEVELS = 10_000


def levels(text: str) -> list[float]:
    """The numbers that `LOW:HIGH:N` means, N of them evenly from LOW to HIGH. Raises `ValueError` in a user's words."""
    try:
        low, high, count = text.split(":")
        start, end, steps = float(low), float(high), int(count)
    except ValueError:
        raise ValueError(f"'{text}' is not LOW:HIGH:N, as in 0.5:1.5:5") from None
    if not (math.isfinite(start) and math.isfinite(end) and 1 <= steps <= MOST_LEVELS) or (start == end) != (
        steps == 1
    ):
        raise ValueError(f"'{text}' is not LOW:HIGH:N: N different numbers from LOW to HIGH, as in 0.5:1.5:5")
    return [start + (end - start) * step / max(1, steps - 1) for step in range(steps)]


Fit = Literal["crop", "pad"]

ModelPath = Annotated[
    Path | None,
    Field(description="The model: a run folder. Else $GAIA_STIM_MODEL, else what runs/latest names, else built-in."),
    Cli(metavar="RUN", short="-m"),
]
RecordedModel = Annotated[
    Path | None,
    Field(description="The model's run folder, where it is no longer where the provenance says."),
    Cli(metavar="RUN", short="-m"),
]
Force = Annotated[bool, Field(description="Replace what is already there.")]
Seed = Annotated[int, Field(ge=0, lt=2**63, description="Seed of everything that is left to chance.")]
Device = Annotated[str, Field(description="auto, cpu, cuda or cuda:N."), Cli(metavar="NAME")]


class ModelConfig(Config):
    """Everything that is needed to build a model: what `config.json` carries beside the weights."""

    method: str
    network: str
    size: int = Field(ge=16, le=1024, multiple_of=16)
    channels: Literal[1, 3]
    latent: int = Field(ge=2, le=4096)
    width: int = Field(ge=4, le=512)
    objective: str
    interpolations: bool
    alpha: float = Field(ge=0)
    gamma: float = Field(ge=0, le=4)


class MediaConfig(Config):
    """What else is written of a set, beside its folder. Derived from the set, so no part of what makes two alike."""

    gif: Annotated[bool, Field(description="Also write SET.gif, there and back."), Cli(panel="Also write")] = False
    mp4: Annotated[
        bool, Field(description="Also write SET.mp4, there and back (needs gaia-stim[video])."), Cli(panel="Also write")
    ] = False
    zip: Annotated[
        bool, Field(description="Also write SET.zip, the whole set in one file."), Cli(panel="Also write")
    ] = False
    fps: Annotated[
        float, Field(gt=0, le=50, description="Stimuli a second in a GIF or MP4."), Cli("X", panel="Also write")
    ] = 12.0

    def request(self) -> dict[str, Any]:
        """As of every config, without the media."""
        return {name: value for name, value in super().request().items() if name not in MediaConfig.model_fields}


PRESETS: dict[str, dict[str, Any]] = {
    "light": {},
    "paper": {
        "size": 128,
        "network": "munit",
        "objective": "paper",
        "latent": 1024,
        "width": 64,
        "alpha": 5e-5,
        "lr": 1e-4,
        "beta1": 0.9,
        "batch": 8,
        "cooldown": 0.0,
        "ema": 0.0,
    },
    "tiny": {
        "size": 32,
        "latent": 16,
        "width": 8,
        "batch": 16,
        "images_seen": 2_000,
        "sheets": 1,
        "validations": 2,
    },
}
"""Named sets of training options; `light` is the defaults themselves, `paper` is Sainburg et al. (2018), §2.3, §3."""


class TrainConfig(Config):
    """Train a model on a folder of images; without one, on the built-in samples."""

    images: Annotated[
        Path | None,
        Field(description="A folder of images, nested or not. Without it: built-in samples."),
        Cli("IMAGES", positional=True),
    ] = None
    out: Annotated[Path | None, Field(description="The run folder. [default: runs/IMAGES_SIZE_METHOD]"), Cli("RUN")] = (
        None
    )
    preset: Annotated[
        Literal["light", "paper", "tiny"],
        Field(description="Defaults for all that is not given: ours, the paper's, or a toy for trying out."),
    ] = "light"
    config: Annotated[
        Path | None, Field(description="A YAML file of these options; those typed here win."), Cli("FILE")
    ] = None
    from_: Annotated[
        Path | None, Field(alias="from", description="Start from the weights of this run."), Cli("RUN")
    ] = None
    seed: Seed = 0
    force: Force = False
    dry_run: Annotated[bool, Field(description="Say what would be done, and do nothing.")] = False

    size: Annotated[
        int,
        Field(ge=16, le=1024, multiple_of=16, description="Pixels of a side.", title="Images"),
        Cli("PX", panel="Images"),
    ] = 64
    channels: Annotated[
        Literal["auto", "1", "3"],
        Field(description="1 for grey, 3 for colour; auto looks at the images."),
        Cli(panel="Images"),
    ] = "auto"
    fit: Annotated[Fit, Field(description="Make images square by cropping or by padding."), Cli(panel="Images")] = (
        "crop"
    )
    background: Annotated[
        str,
        Field(description="Colour behind transparency and padding: a name or #rrggbb."),
        Cli("COLOUR", panel="Images"),
    ] = "white"
    strict: Annotated[
        bool,
        Field(description="Refuse a folder with unreadable images instead of skipping them."),
        Cli(panel="Images"),
    ] = False

    method: Annotated[
        str,
        Field(description="The model that is trained."),
        Cli("NAME", panel="Model", choices="gaia_stim.models:MODELS"),
    ] = "gaia"
    network: Annotated[
        str,
        Field(description="The networks it is made of."),
        Cli("NAME", panel="Model", choices="gaia_stim.networks:NETWORKS"),
    ] = "light"
    objective: Annotated[
        str,
        Field(description="GAIA's objective."),
        Cli("NAME", panel="Model", choices="gaia_stim.models:OBJECTIVES"),
    ] = "anchored"
    interpolations: Annotated[
        bool, Field(description="Train on interpolations too (GAIA's point)."), Cli(panel="Model")
    ] = True
    latent: Annotated[int, Field(ge=2, le=4096, description="Numbers in a latent code."), Cli("N", panel="Model")] = 128
    width: Annotated[int, Field(ge=4, le=512, description="Channels of the first layer."), Cli("N", panel="Model")] = 48
    alpha: Annotated[
        float, Field(ge=0, description="Weight of the structure loss L_dist."), Cli("X", panel="Model")
    ] = 0.2
    gamma: Annotated[float, Field(ge=0, le=4, description="γ in the weight of the fakes."), Cli("X", panel="Model")] = (
        0.5
    )

    images_seen: Annotated[
        Count, Field(description="How long to train; 400k is 400,000 images."), Cli("N", panel="Training")
    ] = 400_000
    batch: Annotated[
        int, Field(ge=4, le=4096, multiple_of=4, description="Images a step."), Cli("N", panel="Training")
    ] = 16
    lr: Annotated[float, Field(gt=0, le=1, description="Learning rate."), Cli("X", panel="Training")] = 5e-4
    beta1: Annotated[float, Field(ge=0, lt=1, description="Adam's first moment decay."), Cli("X", panel="Training")] = (
        0.5
    )
    cooldown: Annotated[
        float,
        Field(ge=0, le=1, description="Share of the training over which the learning rate falls to 0."),
        Cli("X", panel="Training"),
    ] = 0.5
    ema: Annotated[
        float,
        Field(ge=0, lt=1, description="Decay a step of the average of the weights used for images; 0: none."),
        Cli("X", panel="Training"),
    ] = 0.999
    validations: Annotated[
        int,
        Field(ge=1, le=1000, description="How often to measure the validation images."),
        Cli("N", panel="Training"),
    ] = 20
    sheets: Annotated[
        int,
        Field(ge=0, le=1000, description="How many sample sheets to draw on the way."),
        Cli("N", panel="Training"),
    ] = 8
    save_seconds: Annotated[
        float, Field(gt=0, description="Save for resuming at least this often."), Cli("S", panel="Training")
    ] = 60.0

    device: Device = "auto"
    threads: Annotated[
        int,
        Field(ge=0, le=1024, description="Processor threads; 0: as many as there are free cores."),
        Cli("N"),
    ] = 0
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Field(description="Arithmetic of training; auto is bf16 where the processor has it."),
    ] = "auto"

    @model_validator(mode="before")
    @classmethod
    def _take_preset(cls, values: Any) -> Any:
        preset = PRESETS.get(values.get("preset", "light"), {}) if isinstance(values, dict) else {}
        return {**preset, **values} if preset else values

    def request(self) -> dict[str, Any]:
        """What decides the weights; not where they go, nor how the work is watched."""
        return self.model_dump(
            mode="json",
            by_alias=True,
            exclude={"out", "force", "config", "dry_run", "save_seconds", "sheets", "strict", "threads"},
        )

    def model(self, channels: Literal[1, 3]) -> ModelConfig:
        """The model these options describe, for images of `channels` channels."""
        return ModelConfig(
            channels=channels,
            **{name: getattr(self, name) for name in ModelConfig.model_fields if name != "channels"},
        )


class SamplesConfig(Config):
    """Draw built-in parametric faces with a table of their true attributes."""

    out: Annotated[
        Path,
        Field(description="The folder: OUT/images/*.png and OUT/labels.csv."),
        Cli("OUT", positional=True),
    ] = Path("samples")
    n: Annotated[Count, Field(description="How many faces."), Cli("N")] = 2_000
    size: Annotated[int, Field(ge=16, le=1024, description="Pixels of a side."), Cli("PX")] = 64
    seed: Seed = 0
    confound: Annotated[
        bool,
        Field(description="Draw sex and age from the paper's ratios: young to old 0.28:1 in males, 8.49:1 in females."),
    ] = False
    force: Force = False


class EncodeConfig(Config):
    """Find the latent codes of images."""

    images: Annotated[
        tuple[Path, ...],
        Field(min_length=1, description="Images, or folders of them."),
        Cli("IMAGES…", positional=True),
    ]
    out: Annotated[Path, Field(description="Where to write them: .csv, .npz or .safetensors."), Cli("FILE")] = Path(
        "latents.csv"
    )
    model: ModelPath = None
    strict: Annotated[bool, Field(description="Refuse unreadable images instead of skipping them.")] = False
    force: Force = False


class DecodeConfig(Config):
    """Make images from latent codes: the way back from `encode`."""

    latents: Annotated[
        Path,
        Field(description="A .csv, .npz or .safetensors file that encode wrote."),
        Cli("LATENTS", positional=True),
    ]
    out: Annotated[Path, Field(description="The folder of the stimulus set."), Cli("DIR")] = Path("decoded")
    model: ModelPath = None
    force: Force = False


SpacingName = Annotated[
    str,
    Field(
        description="What is equal between neighbours: steps of the code, pixel differences, perceptual differences, "
        "or steps of a scale measured with people (FILE.csv with the columns alpha and scale)."
    ),
    Cli(metavar="NAME|FILE.csv", choices="gaia_stim.space:SPACINGS"),
]
Refine = Annotated[
    int,
    Field(
        ge=0,
        le=10_000,
        description="Fit each source's code to its image by so many gradient steps, so that the ends look like the "
        "sources; 50 to 200 do.",
    ),
    Cli(metavar="N"),
]


class MorphConfig(MediaConfig):
    """Make a continuum between two images."""

    first: Annotated[Path, Field(description="The image at alpha = 0."), Cli("A", positional=True)]
    second: Annotated[Path, Field(description="The image at alpha = 1."), Cli("B", positional=True)]
    steps: Annotated[int, Field(ge=2, le=100_000, description="Stimuli, both ends included."), Cli("N")] = 9
    spacing: SpacingName = "latent"
    extrapolate: Annotated[
        float,
        Field(ge=0, le=2, description="Go beyond both images by this share: 0.25 is alpha -0.25 to 1.25."),
        Cli("X"),
    ] = 0.0
    refine: Refine = 0
    raw_endpoints: Annotated[
        bool,
        Field(
            description="Put the two photographs themselves at the ends; flagged in the manifest, for they are sharper."
        ),
    ] = False
    out: Annotated[
        Path | None, Field(description="The folder of the stimulus set. [default: morph_A_B]"), Cli("DIR")
    ] = None
    model: ModelPath = None
    force: Force = False

    @model_validator(mode="after")
    def _ends_are_images(self) -> "MorphConfig":
        if self.raw_endpoints and self.extrapolate:
            raise ValueError("--raw-endpoints: with --extrapolate the ends are not the images; give one of the two")
        return self


class InterpolateConfig(MediaConfig):
    """Make stimuli on one path through several images: straight, smooth, or a wheel that closes."""

    images: Annotated[
        tuple[Path, ...],
        Field(description="The images, in the order of the path."),
        Cli("IMAGES…", positional=True),
    ]
    path: Annotated[
        str,
        Field(description="Straight from each to the next, a smooth curve, or a smooth loop back to the first."),
        Cli("NAME", choices="gaia_stim.space:PATHS"),
    ] = "line"
    steps: Annotated[
        int,
        Field(ge=2, le=100_000, description="Stimuli; on a wheel the first is not shown again at its end."),
        Cli("N"),
    ] = 9
    spacing: SpacingName = "latent"
    refine: Refine = 0
    out: Annotated[
        Path | None, Field(description="The folder of the stimulus set. [default: PATH_FIRST_LAST]"), Cli("DIR")
    ] = None
    model: ModelPath = None
    force: Force = False

    @model_validator(mode="after")
    def _enough(self) -> "InterpolateConfig":
        least = 3 if self.path == "wheel" else 2
        for what, given in (("images", len(self.images)), ("--steps", self.steps)):
            if given < least:
                raise ValueError(f"--path {self.path} needs at least {least} {what}, not {given}")
        return self


class MorphGridConfig(MediaConfig):
    """Make a grid of stimuli between four images, one at each corner."""

    top_left: Annotated[Path, Field(description="The image at the top left."), Cli("TL", positional=True)]
    top_right: Annotated[Path, Field(description="The image at the top right."), Cli("TR", positional=True)]
    bottom_left: Annotated[Path, Field(description="The image at the bottom left."), Cli("BL", positional=True)]
    bottom_right: Annotated[Path, Field(description="The image at the bottom right."), Cli("BR", positional=True)]
    rows: Annotated[int, Field(ge=2, le=100, description="Stimuli from top to bottom."), Cli("N")] = 5
    cols: Annotated[int, Field(ge=2, le=100, description="Stimuli from left to right."), Cli("N")] = 5
    spacing: SpacingName = "latent"
    refine: Refine = 0
    out: Annotated[
        Path | None, Field(description="The folder of the stimulus set. [default: grid_TL_BR]"), Cli("DIR")
    ] = None
    model: ModelPath = None
    force: Force = False


class AverageConfig(MediaConfig):
    """Make the average of images: what lies in the middle of their codes."""

    images: Annotated[
        tuple[Path, ...],
        Field(min_length=1, description="Images, or folders of them."),
        Cli("IMAGES…", positional=True),
    ]
    refine: Refine = 0
    out: Annotated[Path | None, Field(description="The folder of the stimulus set. [default: average]"), Cli("DIR")] = (
        None
    )
    model: ModelPath = None
    force: Force = False


class CaricatureConfig(MediaConfig):
    """Make caricatures and anti-caricatures: images nearer to a norm, or farther from it than they are."""

    faces: Annotated[
        tuple[Path, ...],
        Field(min_length=1, description="Images, or folders of them."),
        Cli("FACES…", positional=True),
    ]
    norm: Annotated[
        Path | None,
        Field(
            description="What they differ from: an image, or a folder for the mean of its images. "
            "[default: the mean of the images that the model was trained on]"
        ),
        Cli("IMAGE|DIR"),
    ] = None
    amount: Annotated[
        str,
        Field(
            description="From, to and how many: 0 is the norm, 1 the image itself, above 1 a caricature, below 1 an "
            "anti-caricature."
        ),
        Cli("LOW:HIGH:N"),
    ] = "0.5:1.5:5"
    refine: Refine = 0
    out: Annotated[
        Path | None, Field(description="The folder of the stimulus set. [default: caricature_FACE]"), Cli("DIR")
    ] = None
    model: ModelPath = None
    force: Force = False

    @field_validator("amount")
    @classmethod
    def _readable(cls, amount: str) -> str:
        levels(amount)
        return amount


class SampleConfig(MediaConfig):
    """Draw new exemplars: stimuli that no image is, among those that images are."""

    n: Annotated[Count, Field(le=1_000_000, description="How many."), Cli("N")] = 100
    from_: Annotated[
        Literal["convex", "density"],
        Field(
            alias="from",
            description="Random mixtures of a few real images, or draws from a Gaussian fitted to all of them.",
        ),
    ] = "convex"
    parents: Annotated[
        int, Field(ge=2, le=100, description="Real images in a mixture: the more, the nearer to the average."), Cli("N")
    ] = 3
    images: Annotated[
        Path | None,
        Field(description="The folder of real images. [default: the one that the model was trained on]"),
        Cli("DIR"),
    ] = None
    seed: Seed = 0
    out: Annotated[
        Path | None, Field(description="The folder of the stimulus set. [default: sample_FROM_SEED]"), Cli("DIR")
    ] = None
    model: ModelPath = None
    force: Force = False


class ProcessingConfig(Config):
    """What is done to the pictures of a set after they are made; what is equal afterwards is equal in the files."""

    luminance: Annotated[
        bool, Field(description="Give all stimuli the same mean luminance (linear Y)."), Cli(panel="Make equal")
    ] = False
    contrast: Annotated[
        bool, Field(description="Give all the same RMS contrast of the foreground."), Cli(panel="Make equal")
    ] = False
    histogram: Annotated[
        bool, Field(description="Give all the set's mean histogram of luminance."), Cli(panel="Make equal")
    ] = False
    spectrum: Annotated[
        bool, Field(description="Give all the set's mean Fourier amplitude."), Cli(panel="Make equal")
    ] = False
    rotational: Annotated[
        bool,
        Field(description="With --spectrum: only its average over orientations, each keeps its own orientations."),
        Cli(panel="Make equal"),
    ] = False
    region: Annotated[
        Literal["picture", "foreground"],
        Field(
            description="Over what the mean luminance is equal. Only the foreground is changed either way, where the "
            "background is flat."
        ),
        Cli(panel="Make equal"),
    ] = "picture"
    grey: Annotated[bool, Field(description="Make them grey, keeping luminance."), Cli(panel="Look")] = False
    mask: Annotated[
        Literal["none", "oval", "soft-oval"],
        Field(description="Show an upright oval of each, its edge hard or soft."),
        Cli(panel="Look"),
    ] = "none"
    background: Annotated[
        str | None,
        Field(description="Colour round the foreground: a name or #rrggbb. [default: as it is, else mid-grey]"),
        Cli("COLOUR", panel="Look"),
    ] = None
    padding: Annotated[
        int, Field(ge=0, le=4096, description="Background added on each side."), Cli("PX", panel="Size")
    ] = 0
    size: Annotated[
        int | None, Field(ge=8, le=4096, description="Side of the written pictures."), Cli("PX", panel="Size")
    ] = None
    degrees: Annotated[
        float | None,
        Field(gt=0, lt=180, description="Side in degrees of visual angle; needs the three below."),
        Cli("DEG", panel="Size"),
    ] = None
    distance: Annotated[
        float | None, Field(gt=0, description="From the eye to the screen."), Cli("CM", panel="Size")
    ] = None
    screen_width: Annotated[
        float | None, Field(gt=0, description="Width of the screen's picture."), Cli("CM", panel="Size")
    ] = None
    screen_pixels: Annotated[int | None, Field(ge=1, description="Pixels in that width."), Cli("N", panel="Size")] = (
        None
    )

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
        return self

    def processing(self) -> dict[str, Any]:
        """The options of the processing alone, as JSON values."""
        return self.model_dump(mode="json", include=set(ProcessingConfig.model_fields))


class MatchConfig(ProcessingConfig):
    """Process the pictures of a stimulus set and make them equal in what is not the question; a new set is written."""

    stimuli: Annotated[Path, Field(description="A stimulus set."), Cli("SET", positional=True)]
    out: Annotated[Path | None, Field(description="The folder of the new set. [default: SET_matched]"), Cli("DIR")] = (
        None
    )
    force: Force = False

    @model_validator(mode="after")
    def _something(self) -> "MatchConfig":
        if self.processing() == ProcessingConfig().processing():
            raise ValueError("nothing to do: give --luminance, --contrast, --histogram, --spectrum, --mask, --size …")
        return self


class RemakeConfig(Config):
    """Make a stimulus set again from its provenance and the model, and say what differs."""

    target: Annotated[
        Path, Field(description="A stimulus set, or the provenance.json of one."), Cli("SET", positional=True)
    ]
    out: Annotated[Path | None, Field(description="The folder of the new set. [default: SET_remade]"), Cli("DIR")] = (
        None
    )
    model: RecordedModel = None
    images: Annotated[
        Path | None,
        Field(description="Where to look for source images that are shown as they are (--raw-endpoints)."),
        Cli("DIR"),
    ] = None
    force: Force = False


class AuditConfig(Config):
    """Say what else varies in a stimulus set with what is meant to vary."""

    stimuli: Annotated[Path, Field(description="A stimulus set."), Cli("SET", positional=True)]
    out: Annotated[Path | None, Field(description="The folder of the report. [default: SET_audit]"), Cli("DIR")] = None
    model: RecordedModel = None
    images: Annotated[
        Path | None,
        Field(description="The images that the model was trained on. [default: where they were then]"),
        Cli("DIR"),
    ] = None
    force: Force = False


class InfoConfig(Config):
    """Say what a run, a set or an image is and where it came from."""

    target: Annotated[
        Path | None,
        Field(description="A run, a stimulus set or an image. Without it: the model that would be used."),
        Cli("TARGET", positional=True),
    ] = None


class EvaluateConfig(Config):
    """Measure a model on images that it never saw, each figure beside its control."""

    run: Annotated[
        Path | None,
        Field(description="The model's run folder; -m RUN says the same."),
        Cli("RUN", positional=True),
    ] = None
    model: ModelPath = None
    images: Annotated[
        Path | None, Field(description="The images. [default: the folder that it was trained on]"), Cli("IMAGES")
    ] = None
    out: Annotated[Path | None, Field(description="Write the figures there too, as JSON."), Cli("FILE")] = None
    seed: Seed = 0
    force: Force = False

    @model_validator(mode="after")
    def _one_model(self) -> "EvaluateConfig":
        if self.run and self.model and self.run != self.model:
            raise ValueError(f"two models are named, {self.run} and {self.model}; give one")
        return self


class CompareConfig(Config):
    """Measure models side by side on the same held-out images: trained runs, or methods that are trained first."""

    runs: Annotated[
        tuple[Path, ...] | None,
        Field(
            description="Run folders; with --methods instead the folder of images to train on, or nothing for the "
            "built-in samples."
        ),
        Cli("RUN…", positional=True),
    ] = None
    methods: Annotated[
        str | None,
        Field(
            description="Train these first, names with commas between; options of one after colons: "
            "gaia,gaia:alpha=0,ae."
        ),
        Cli("NAMES", panel="Train first", choices="gaia_stim.models:MODELS"),
    ] = None
    seeds: Annotated[
        int,
        Field(ge=1, le=100, description="Trainings of each method, with the seeds from --seed on."),
        Cli("N", panel="Train first"),
    ] = 3
    images_seen: Annotated[
        Count | None,
        Field(description="How long to train each. [default: as train]"),
        Cli("N", panel="Train first"),
    ] = None
    size: Annotated[
        int | None,
        Field(ge=16, le=1024, multiple_of=16, description="Pixels of a side. [default: as train]"),
        Cli("PX", panel="Train first"),
    ] = None
    set_: Annotated[
        tuple[str, ...] | None,
        Field(alias="set", description="Any other option of train, for all methods: --set latent=64; may be repeated."),
        Cli("KEY=VALUE", panel="Train first"),
    ] = None
    images: Annotated[
        Path | None,
        Field(description="The images to measure on. [default: the folder that they were trained on]"),
        Cli("IMAGES"),
    ] = None
    out: Annotated[Path, Field(description="The folder of table, sheets and trainings."), Cli("DIR")] = Path(
        "comparison"
    )
    seed: Seed = 0
    force: Force = False

    @model_validator(mode="after")
    def _one_way(self) -> "CompareConfig":
        if self.methods is None:
            given = {"--images-seen": self.images_seen, "--size": self.size, "--set": self.set_}
            if said := [name for name, value in given.items() if value is not None]:
                raise ValueError(f"{said[0]}: only says something together with --methods")
            if not self.runs:
                raise ValueError("nothing to compare: name trained runs, or a folder of images and --methods gaia,ae")
        elif len(self.runs or ()) > 1:
            raise ValueError("with --methods, name one folder of images to train on, not several")
        return self


class ReportConfig(Config):
    """Write one self-contained HTML page about a run or a stimulus set, to read, print or send."""

    target: Annotated[Path, Field(description="A run or a stimulus set."), Cli("TARGET", positional=True)]
    out: Annotated[Path | None, Field(description="The page. [default: beside it, NAME_report.html]"), Cli("FILE")] = (
        None
    )
    images: Annotated[
        Path | None,
        Field(description="Of a run: the images to look at. [default: the folder that it was trained on]"),
        Cli("IMAGES"),
    ] = None
    figures: Annotated[
        bool, Field(description="Of a run: measure it too, as evaluate does, where that was not done before.")
    ] = True
    seed: Seed = 0
    force: Force = False


class DemoConfig(Config):
    """Do the main job on built-in data: draw faces, morph two, make a grid of four, and a page to look at."""

    out: Annotated[Path, Field(description="Where to put it all."), Cli("DIR")] = Path("gaia-stim-demo")
    force: Force = False


class DoctorConfig(Config):
    """Say what this machine can do, and what to do about what it cannot."""
