"""What making a space can be asked: drawing sample images, training on a folder of images."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gaia_stim.config.base import Cli, Config, Count, Device, Fit, Force, Precision, Seed, Threads


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

    is_shared = True

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
    groups: Annotated[
        int,
        Field(
            ge=0,
            le=1024,
            description="Parts of a batch within which pairs and L_dist are formed; 0: one for each process.",
        ),
        Cli("N", panel="Training"),
    ] = 0
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
    threads: Threads = 0
    precision: Precision = "auto"

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
