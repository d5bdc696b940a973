"""What making a space can be asked: drawing sample images, training on a folder of images."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gaia_stim.config.base import Config, Count, Device, Fit, FolderConfig, Force, Precision, Seed, Threads
from gaia_stim.config.options import Asking, Decides, Input, Output, Role, Watching

MOST_NUMBERS = 3 * 1024**2
"""Of a code: as many as the largest image has, which a flow needs."""


class ModelConfig(Config):
    """Everything that is needed to build a model: what `config.json` carries beside the weights."""

    method: str
    network: str
    size: int = Field(ge=16, le=1024, multiple_of=16)
    channels: Literal[1, 3]
    latent: int = Field(ge=2, le=MOST_NUMBERS)
    width: int = Field(ge=4, le=512)
    objective: str
    interpolations: bool
    alpha: float = Field(ge=0)
    gamma: float = Field(ge=0, le=4)
    # Models of before there were shapes have neither.
    shape_latent: int | None = Field(default=None, ge=1, le=MOST_NUMBERS)
    smoothness: float | None = Field(default=None, ge=0)
    edges: float = Field(default=0.0, ge=0)
    reconstruction: float | None = Field(default=None, ge=0)
    balance_rate: float | None = Field(default=None, ge=0)
    pixel_loss: Literal["l1", "l2"] | None = None


INVERTIBLE = ("flow",)
"""Methods of networks of their own, whose codes have as many numbers as images."""


def networks_in_words(method: str, network: str) -> str:
    """What a model's networks are called beside its method."""
    return "networks of its own" if method in INVERTIBLE else f"{network} networks"


PRESETS: dict[str, dict[str, Any]] = {
    "light": {},
    "paper": {
        "size": 128,
        "network": "munit",
        "objective": "paper",
        "latent": 1024,
        "width": 64,
        "alpha": 5e-5,
        "edges": 0.0,
        "images_seen": 400_000,
        "pretrain": 0.0,
        "mirror": "no",
        "lr": 1e-4,
        "beta1": 0.9,
        "batch": 8,
        "cooldown": 0.0,
        "ema": 0.0,
    },
    "tiny": {"size": 32, "latent": 16, "width": 8, "batch": 16, "images_seen": 2_000, "sheets": 1, "validations": 2},
}
"""Named sets of training options; `light` is the defaults themselves, `paper` is Sainburg et al. (2018), §2.3, §3."""


class TrainConfig(Config):
    """Train a model on a folder of images; without one, on the built-in samples."""

    is_shared = True

    images: Annotated[
        Path | None,
        Decides("A folder of images, nested or not. Without it: built-in samples.", "IMAGES", positional=True),
    ] = None
    out: Annotated[Path | None, Output("The run folder. [default: runs/IMAGES_SIZE_METHOD]", "RUN")] = None
    preset: Annotated[
        Literal["light", "paper", "tiny"],
        Decides("Defaults for all that is not given: ours, the paper's, or a toy for trying out."),
    ] = "light"
    config: Annotated[Path | None, Asking("A YAML file of these options; those typed here win.", "FILE")] = None
    from_: Annotated[
        Path | None, Field(alias="from"), Decides("Start from the weights of this run, or builtin.", "RUN")
    ] = None
    seed: Seed = 0
    force: Force = False
    dry_run: Annotated[bool, Asking("Say what would be done, and do nothing.")] = False

    size: Annotated[int, Field(ge=16, le=1024, multiple_of=16), Decides("Pixels of a side.", "PX", panel="Images")] = 64
    channels: Annotated[
        Literal["auto", "1", "3"], Decides("1 for grey, 3 for colour; auto looks at the images.", panel="Images")
    ] = "auto"
    fit: Annotated[Fit, Decides("Make images square by cropping or by padding.", panel="Images")] = "crop"
    background: Annotated[
        str, Decides("Colour behind transparency and padding: a name or #rrggbb.", "COLOUR", panel="Images")
    ] = "white"
    strict: Annotated[
        bool,
        Watching(
            "Refuse a folder with images that cannot be read, or links that lead out of it, instead of skipping them.",
            panel="Images",
        ),
    ] = False
    follow_links: Annotated[
        bool, Decides("Follow links that lead out of the folder, instead of counting them.", panel="Images")
    ] = False

    split_by: Annotated[
        str | None,
        Decides(
            "Hold out by this column of --labels, a person's name say: all of its images or none.",
            "COLUMN",
            panel="Images",
        ),
    ] = None
    labels: Annotated[Path | None, Input("The table that has the column of --split-by.", "TABLE", panel="Images")] = (
        None
    )
    hold_out: Annotated[
        Path | None,
        Input(
            "Hold out these: a file with names of images, or values of that column, one a line. [default: "
            "a tenth by hash]",
            "FILE",
            panel="Images",
        ),
    ] = None

    method: Annotated[
        str, Decides("The model that is trained.", "NAME", panel="Model", choices="gaia_stim.models:MODELS")
    ] = "gaia"
    network: Annotated[
        str,
        Decides(
            "The networks it is made of; a flow has its own.",
            "NAME",
            panel="Model",
            choices="gaia_stim.networks:NETWORKS",
        ),
    ] = "deform"
    objective: Annotated[
        str, Decides("GAIA's objective.", "NAME", panel="Model", choices="gaia_stim.models:OBJECTIVES")
    ] = "anchored"
    interpolations: Annotated[bool, Decides("Train on interpolations too (GAIA's point).", panel="Model")] = True
    latent: Annotated[
        int,
        Field(ge=2, le=4096),
        Decides("Numbers in a latent code; a flow has as many as an image.", "N", panel="Model"),
    ] = 128
    shape_latent: Annotated[
        int | None,
        Field(ge=1),
        Decides("How many of them are shape, where there is one. [default: a quarter, at most 12]", "N", panel="Model"),
    ] = None
    smoothness: Annotated[
        float | None,
        Field(ge=0),
        Decides(
            "Weight of the slopes of motions, where there are shapes; 0.03 for a hundred photographs. [default: 0.01]",
            "X",
            panel="Model",
        ),
    ] = None
    width: Annotated[int, Field(ge=4, le=512), Decides("Channels of the first layer.", "N", panel="Model")] = 48
    alpha: Annotated[float, Field(ge=0), Decides("Weight of the structure loss L_dist.", "X", panel="Model")] = 0.2
    gamma: Annotated[
        float,
        Field(ge=0, le=4),
        Decides(
            "γ: GAIA's in the weight of the fakes; BEGAN's ratio of the errors of made and real images.",
            "X",
            panel="Model",
        ),
    ] = 0.5
    reconstruction: Annotated[
        float | None,
        Field(ge=0),
        Decides(
            "Weight of |x - G(x)| where the paper's generator pays none: ali (which is ALICE then) and age. [default: "
            "none, as published]",
            "X",
            panel="Model",
        ),
    ] = None
    balance_rate: Annotated[
        float | None,
        Field(ge=0),
        Decides(
            "BEGAN's λ_k, how fast its balance is found; 10 for short trainings. [default: as published, 0.002]",
            "X",
            panel="Model",
        ),
    ] = None

    pixel_loss: Annotated[
        Literal["l1", "l2"] | None,
        Decides(
            "How a reconstruction's differences from its image count: l1, absolute; l2, squared, for small things on "
            "a flat ground, which l1 leaves out. [default: l1; acai: l2]",
            panel="Model",
        ),
    ] = None
    edges: Annotated[
        float,
        Field(ge=0),
        Decides(
            "Weight of errors of edges (differences of neighbouring pixels) beside those of pixels.", "X", panel="Model"
        ),
    ] = 1.0

    images_seen: Annotated[
        Count | None,
        Decides(
            "How long to train; 400k is 400,000 images. [default: 30 for each image of the folder, but "
            "from 75k, half an hour at 64 px on two cores, to 400k]",
            "N",
            panel="Training",
        ),
    ] = None
    pretrain: Annotated[
        float,
        Field(ge=0, lt=1),
        Decides("Share of it in which GAIA's generator learns alone, before the game.", "X", panel="Training"),
    ] = 0.6
    mirror: Annotated[
        Literal["auto", "yes", "no"],
        Decides("Mirror half of the images of each step; auto: where the set looks alike mirrored.", panel="Training"),
    ] = "auto"
    batch: Annotated[int, Field(ge=4, le=4096, multiple_of=4), Decides("Images a step.", "N", panel="Training")] = 16
    groups: Annotated[
        int,
        Field(ge=0, le=1024),
        Decides(
            "Parts of a batch within which pairs and L_dist are formed; 0: one for each process.", "N", panel="Training"
        ),
    ] = 0
    lr: Annotated[float, Field(gt=0, le=1), Decides("Learning rate.", "X", panel="Training")] = 1e-3
    beta1: Annotated[float, Field(ge=0, lt=1), Decides("Adam's first moment decay.", "X", panel="Training")] = 0.5
    cooldown: Annotated[
        float,
        Field(ge=0, le=1),
        Decides("Share of the training over which the learning rate falls to 0.", "X", panel="Training"),
    ] = 0.5
    ema: Annotated[
        float,
        Field(ge=0, lt=1),
        Decides("Decay a step of the average of the weights used for images; 0: none.", "X", panel="Training"),
    ] = 0.999
    validations: Annotated[
        int, Field(ge=1, le=1000), Decides("How often to measure the validation images.", "N", panel="Training")
    ] = 20
    sheets: Annotated[
        int, Field(ge=0, le=1000), Watching("How many sample sheets to draw on the way.", "N", panel="Training")
    ] = 8
    save_seconds: Annotated[
        float, Field(gt=0), Watching("Save for resuming at least this often.", "S", panel="Training")
    ] = 60.0

    device: Device = "auto"
    threads: Threads = 0
    precision: Precision = "auto"

    @model_validator(mode="after")
    def _split(self) -> "TrainConfig":
        if (self.split_by is None) != (self.labels is None):
            raise ValueError("--split-by COLUMN and --labels TABLE need each other")
        return self

    @model_validator(mode="before")
    @classmethod
    def _take_preset(cls, values: Any) -> Any:
        preset = PRESETS.get(values.get("preset", "light"), {}) if isinstance(values, dict) else {}
        return {**preset, **values} if preset else values

    def request(self) -> dict[str, Any]:
        """As of every config, in the words that are typed. Who is held out is recorded by the images' hashes."""
        return self.model_dump(mode="json", by_alias=True, include=self.fields(Role.DECIDES))

    def model(self, channels: Literal[1, 3]) -> ModelConfig:
        """The model these options describe, for images of `channels` channels."""
        options = {name: getattr(self, name) for name in ModelConfig.model_fields if name != "channels"}
        if self.method in INVERTIBLE:
            options |= {"latent": channels * self.size**2, "network": "light"}
        return ModelConfig(channels=channels, **options)

    @property
    def steps(self) -> int:
        """Of the training, whose length is known: given, or by the number of images."""
        assert self.images_seen is not None
        return max(1, round(self.images_seen / self.batch))


class AlignConfig(FolderConfig):
    """Put two places of every image, the eyes say, in the same two places: turned, scaled and moved, no more."""

    images: Annotated[Path, Decides("A folder of images.", "FOLDER", positional=True)]
    points: Annotated[
        Path | None,
        Decides(
            "Where points are: a table of image, landmark, x, y in pixels of the files, or a folder of .tem or .pts "
            "files. They are carried along. Without it, eyes are looked for.",
            "FILE",
        ),
    ] = None
    by: Annotated[
        str,
        Field(pattern=r"^(auto|eyes|set|[^,]+,[^,]+)$"),
        Decides(
            "What is put in place: eyes, which are found; two points, NAME,NAME, the one that shall lie left first; "
            "set: whatever the images have in common, they are aligned by each other; auto: the points 0,1 where "
            "--points are given, else the eyes, if most images have faces.",
            "WAY",
        ),
    ] = "auto"
    like: Annotated[
        Path | None,
        Input("Do what was done to the images of this model: by what, where, how large, with what edges.", "RUN"),
    ] = None
    unsure: Annotated[
        Literal["leave", "keep"],
        Decides("What becomes of images with several faces, or one that is hardly seen: left out, or aligned."),
    ] = "leave"
    out: Annotated[
        Path, Output("The folder: OUT/images, landmarks.csv, alignment.csv, alignment.png and the labels.", "DIR")
    ]
    distance: Annotated[
        float, Field(gt=0, lt=1), Decides("How far apart they shall lie, in shares of a side.", "X")
    ] = 0.22
    height: Annotated[float, Field(gt=0, lt=1), Decides("How far from the top, in shares of a side.", "X")] = 0.46
    size: Annotated[
        int | None,
        Field(ge=16, le=4096),
        Decides("Pixels of a side. [default: such that most images keep their resolution, up to 1024]", "PX"),
    ] = None
    pad: Annotated[str, Decides("Beyond a picture's edges: edge, as at them, or a colour.", "COLOUR")] = "edge"
    mask: Annotated[
        Literal["none", "oval", "points"],
        Decides("What is kept of a picture: all, an oval, or what its points enclose. Outside: --pad, or grey."),
    ] = "none"
    symmetrise: Annotated[bool, Decides("Take the mean of each picture and its mirror image.")] = False
    force: Force = False

    @model_validator(mode="after")
    def _points_are_given(self) -> "AlignConfig":
        asked = self.model_fields_set & {"by", "distance", "height", "size", "pad", "mask", "symmetrise"}
        if self.like and asked:
            raise ValueError(f"--{min(asked)}: follows from --like {self.like}; leave out one of them")
        if self.mask == "points" and self.by == "set" and self.points is None:
            raise ValueError("--mask points needs points: give --points FILE, or --mask oval")
        if "," in self.by and self.points is None:
            raise ValueError(f"--by {self.by} names points: give --points FILE, or --by eyes to find the eyes")
        return self


class SamplesConfig(Config):
    """Draw built-in parametric faces with a table of their true attributes."""

    out: Annotated[Path, Output("The folder: OUT/images/*.png and OUT/labels.csv.", "OUT", positional=True)] = Path(
        "samples"
    )
    n: Annotated[Count, Field(le=1_000_000), Decides("How many faces.", "N")] = 2_000
    size: Annotated[int, Field(ge=16, le=1024), Decides("Pixels of a side.", "PX")] = 64
    seed: Seed = 0
    confound: Annotated[
        bool, Decides("Draw sex and age from the paper's ratios: young to old 0.28:1 in males, 8.49:1 in females.")
    ] = False
    force: Force = False
