"""What making stimuli can be asked: codes, paths, grids, exemplars; matching sets and making them again."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from gaia_stim.config.base import Config, Count, Force, ModelPath, RecordedModel, Seed, levels
from gaia_stim.config.options import Cli, Input, Output, Role, Watching


class MediaConfig(Config):
    """What verbs that make a set of images or codes can be asked too: to write more than its folder."""

    gif: Annotated[bool, Field(description="Also write SET.gif, there and back."), Watching(panel="Also write")] = False
    mp4: Annotated[
        bool,
        Field(description="Also write SET.mp4, there and back (needs gaia-stim[video])."),
        Watching(panel="Also write"),
    ] = False
    zip: Annotated[
        bool, Field(description="Also write SET.zip, the whole set in one file."), Watching(panel="Also write")
    ] = False
    fps: Annotated[
        float, Field(gt=0, le=50, description="Stimuli a second in a GIF or MP4."), Watching("X", panel="Also write")
    ] = 12.0

    def request(self) -> dict[str, Any]:
        """As of every config; and what to read was not given, for the verb has its own then."""
        not_given = {name for name in self.fields(Role.INPUT) if getattr(self, name) is None}
        return self.model_dump(mode="json", include=self.fields(Role.DECIDES) | not_given)

    def media(self, out: str) -> list[str]:
        """The files that are written beside the set `out`."""
        return [f"{out}.{kind}" for kind in ("gif", "mp4", "zip") if getattr(self, kind)]


class EncodeConfig(Config):
    """Find the latent codes of images."""

    is_shared = True

    images: Annotated[
        tuple[Path, ...],
        Field(min_length=1, description="Images, or folders of them."),
        Input("IMAGES…", positional=True),
    ]
    out: Annotated[Path, Field(description="Where to write them: .csv, .npz or .safetensors."), Output("FILE")] = Path(
        "latents.csv"
    )
    model: ModelPath = None
    strict: Annotated[bool, Field(description="Refuse unreadable images instead of skipping them."), Watching()] = False
    force: Force = False


class DecodeConfig(Config):
    """Make images from latent codes: the way back from `encode`."""

    latents: Annotated[
        Path,
        Field(description="A .csv, .npz or .safetensors file that encode wrote."),
        Input("LATENTS", positional=True),
    ]
    out: Annotated[Path, Field(description="The folder of the stimulus set."), Output("DIR")] = Path("decoded")
    model: ModelPath = None
    force: Force = False


SpacingName = Annotated[
    str,
    Field(
        description="What is equal between neighbours: steps of the code, pixel differences, perceptual differences, "
        "or steps of a scale measured with people (FILE.csv with the columns alpha and scale)."
    ),
    Cli("NAME|FILE.csv", choices="gaia_stim.space:SPACINGS", or_file=".csv"),
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

    first: Annotated[Path, Field(description="The image at alpha = 0."), Input("A", positional=True)]
    second: Annotated[Path, Field(description="The image at alpha = 1."), Input("B", positional=True)]
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
        Path | None, Field(description="The folder of the stimulus set. [default: morph_A_B]"), Output("DIR")
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
        Input("IMAGES…", positional=True),
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
        Path | None, Field(description="The folder of the stimulus set. [default: PATH_FIRST_LAST]"), Output("DIR")
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

    top_left: Annotated[Path, Field(description="The image at the top left."), Input("TL", positional=True)]
    top_right: Annotated[Path, Field(description="The image at the top right."), Input("TR", positional=True)]
    bottom_left: Annotated[Path, Field(description="The image at the bottom left."), Input("BL", positional=True)]
    bottom_right: Annotated[Path, Field(description="The image at the bottom right."), Input("BR", positional=True)]
    rows: Annotated[int, Field(ge=2, le=100, description="Stimuli from top to bottom."), Cli("N")] = 5
    cols: Annotated[int, Field(ge=2, le=100, description="Stimuli from left to right."), Cli("N")] = 5
    spacing: SpacingName = "latent"
    refine: Refine = 0
    out: Annotated[
        Path | None, Field(description="The folder of the stimulus set. [default: grid_TL_BR]"), Output("DIR")
    ] = None
    model: ModelPath = None
    force: Force = False


class AverageConfig(MediaConfig):
    """Make the average of images: what lies in the middle of their codes."""

    images: Annotated[
        tuple[Path, ...],
        Field(min_length=1, description="Images, or folders of them."),
        Input("IMAGES…", positional=True),
    ]
    refine: Refine = 0
    out: Annotated[
        Path | None, Field(description="The folder of the stimulus set. [default: average]"), Output("DIR")
    ] = None
    model: ModelPath = None
    force: Force = False


class CaricatureConfig(MediaConfig):
    """Make caricatures and anti-caricatures: images nearer to a norm, or farther from it than they are."""

    faces: Annotated[
        tuple[Path, ...],
        Field(min_length=1, description="Images, or folders of them."),
        Input("FACES…", positional=True),
    ]
    norm: Annotated[
        Path | None,
        Field(
            description="What they differ from: an image, or a folder for the mean of its images. "
            "[default: the mean of the images that the model was trained on]"
        ),
        Input("IMAGE|DIR"),
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
        Path | None, Field(description="The folder of the stimulus set. [default: caricature_FACE]"), Output("DIR")
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
        Input("DIR"),
    ] = None
    seed: Seed = 0
    out: Annotated[
        Path | None, Field(description="The folder of the stimulus set. [default: sample_FROM_SEED]"), Output("DIR")
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

    stimuli: Annotated[Path, Field(description="A stimulus set."), Input("SET", positional=True)]
    out: Annotated[
        Path | None, Field(description="The folder of the new set. [default: SET_matched]"), Output("DIR")
    ] = None
    force: Force = False

    @model_validator(mode="after")
    def _something(self) -> "MatchConfig":
        if self.processing() == ProcessingConfig().processing():
            raise ValueError("nothing to do: give --luminance, --contrast, --histogram, --spectrum, --mask, --size …")
        return self


class RemakeConfig(Config):
    """Make a stimulus set again from its provenance and the model, and say what differs."""

    target: Annotated[
        Path, Field(description="A stimulus set, or the provenance.json of one."), Input("SET", positional=True)
    ]
    out: Annotated[
        Path | None, Field(description="The folder of the new set. [default: SET_remade]"), Output("DIR")
    ] = None
    model: RecordedModel = None
    images: Annotated[
        Path | None,
        Field(description="Where to look for source images that are shown as they are (--raw-endpoints)."),
        Watching("DIR"),
    ] = None
    force: Force = False
