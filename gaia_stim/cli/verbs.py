"""Every command is one row of this table: what it can be asked, what it calls, and how it is introduced.

The functions are named as text and imported when the command runs, so that help never waits for torch.
"""

from dataclasses import dataclass

from gaia_stim import config
from gaia_stim.config import Config

START, SPACE, STIMULI, LOOK = "Start", "Make a space", "Make stimuli", "Look"


@dataclass(frozen=True)
class Verb:
    """One command: its options, the pipeline function behind it, and what its help and its result add."""

    config: type[Config]
    call: str
    """The pipeline function, as "module:function"."""
    panel: str
    example: str
    """A command line worth copying, without the program's name."""
    next: str = ""
    """What to do next, without the program's name; `{out}` is a field of the result, else of the config."""


VERBS: dict[str, Verb] = {
    "demo": Verb(
        config.DemoConfig,
        "gaia_stim.pipeline.demo:demo",
        START,
        "demo --out my-first-stimuli",
        next="train YOUR_IMAGES",
    ),
    "doctor": Verb(
        config.DoctorConfig,
        "gaia_stim.pipeline.doctor:doctor",
        START,
        "doctor",
    ),
    "samples": Verb(
        config.SamplesConfig,
        "gaia_stim.pipeline.samples:samples",
        SPACE,
        "samples faces --n 500 --size 64 --seed 1",
        next="train {images}",
    ),
    "train": Verb(
        config.TrainConfig,
        "gaia_stim.pipeline.train:train",
        SPACE,
        "train photos/ --out runs/photos --images-seen 400k",
        next="morph A.png B.png",
    ),
    "encode": Verb(
        config.EncodeConfig,
        "gaia_stim.pipeline.codes:encode",
        STIMULI,
        "encode photos/ --out latents.csv -m runs/photos",
        next="decode {out}",
    ),
    "decode": Verb(
        config.DecodeConfig,
        "gaia_stim.pipeline.codes:decode",
        STIMULI,
        "decode latents.csv --out decoded -m runs/photos",
        next="info {out}",
    ),
    "morph": Verb(
        config.MorphConfig,
        "gaia_stim.pipeline.morphs:morph",
        STIMULI,
        "morph anna.png bert.png --steps 9 --out anna-bert",
        next="info {out}",
    ),
    "info": Verb(
        config.InfoConfig,
        "gaia_stim.pipeline.info:info",
        LOOK,
        "info runs/photos",
    ),
}
