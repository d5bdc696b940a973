"""What can be asked of the way into an experiment program."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from gaia_stim.config.base import Config, Force, ModelPath, RecordedModel
from gaia_stim.config.displays import RecordedDisplay
from gaia_stim.config.options import Decides, Input, Model, Output, Watching

LONGEST_MS = 600_000
SCREEN, TIME, WORDS = "Size and screen", "Time", "Words and pages"
Milliseconds = Annotated[int, Field(ge=0, le=LONGEST_MS)]


class PresentationConfig(Config):
    """How a program shows a set: the options that all programs have in common, and the one place of their defaults."""

    degrees: Annotated[
        float | None,
        Field(ge=0.01, le=170),
        Decides(
            "The larger side of a picture, in degrees of visual angle; a browser measures screen and distance first. "
            "[default: small pictures a whole number of times larger]",
            "X",
            panel=SCREEN,
        ),
    ] = None
    distance: Annotated[
        float, Field(ge=1, le=1000), Decides("From the eye to the screen, in cm.", "CM", panel=SCREEN)
    ] = 57.0
    resample: Annotated[
        Literal["nearest", "lanczos"],
        Decides(
            "How a picture gets its size on the screen: in whole pixels, or smoothly (as each program can).",
            panel=SCREEN,
        ),
    ] = "nearest"
    least_size: Annotated[
        float,
        Field(ge=0, le=1),
        Decides(
            "Show nothing in windows where pictures would be smaller than this share of their size.",
            "SHARE",
            panel=SCREEN,
        ),
    ] = 0.0
    display: RecordedDisplay = None
    fixation: Annotated[
        str, Decides("The cross before each trial, in ms; of LO:HI chance decides.", "MS|LO:HI", panel=TIME)
    ] = "500"
    duration: Annotated[
        Milliseconds | None, Decides("How long pictures stay, in ms. [default: until the answer]", "MS", panel=TIME)
    ] = None
    isi: Annotated[
        Milliseconds, Decides("Nothing between two pictures that follow each other, in ms.", "MS", panel=TIME)
    ] = 400
    mask: Annotated[
        Literal["none", "noise", "scrambled"],
        Decides(
            "What follows a picture that goes before the answer: noise of its luminance and contrast, or itself with "
            "its phases scrambled.",
            panel=TIME,
        ),
    ] = "none"
    mask_duration: Annotated[Milliseconds, Decides("How long the mask stays, in ms.", "MS", panel=TIME)] = 250
    timeout: Annotated[
        Milliseconds | None,
        Field(gt=0),
        Decides("The longest wait for an answer, in ms. [default: none]", "MS", panel=TIME),
    ] = None
    break_seconds: Annotated[
        int, Field(ge=0, le=3600), Decides("A break between blocks lasts so long at least.", "S", panel=TIME)
    ] = 0
    break_every: Annotated[
        int | None,
        Field(ge=1),
        Decides("A break after so many trials as well. [default: between blocks only]", "N", panel=TIME),
    ] = None
    language: Annotated[
        str,
        Decides(
            "Of all that participants read; a further one is a file like those in gaia_stim/export/texts.",
            "NAME|FILE.json",
            choices="gaia_stim.export.texts:LANGUAGES",
            or_file=".json",
            panel=WORDS,
        ),
    ] = "en"
    show_ends: Annotated[
        bool, Decides("A and B, the ends of the line, in each trial, and not in the instructions only.", panel=WORDS)
    ] = False
    consent: Annotated[
        Path | None,
        Input("A text that has to be agreed to first; an empty line begins a paragraph.", "FILE", panel=WORDS),
    ] = None

    @field_validator("fixation")
    @classmethod
    def _a_range(cls, fixation: str) -> str:
        found = re.fullmatch(r"(\d{1,6})(?::(\d{1,6}))?", fixation.strip())
        if found is None or not int(found[1]) <= int(found[2] or found[1]) <= LONGEST_MS:
            raise ValueError(f"should be milliseconds up to {LONGEST_MS}, or a range, as in 400:600")
        return fixation.strip()


class ExportConfig(PresentationConfig):
    """Write a stimulus set, or a design over it, as the folder that an experiment program takes."""

    stimuli: Annotated[Path, Input("A stimulus set.", "SET", positional=True)]
    to: Annotated[str, Decides("The experiment program.", "PROGRAM", choices="gaia_stim.export:EXPORTERS")]
    design: Annotated[
        Path | None,
        Input("A list of trials that 'gaia-stim design' made over the set. [default: a row a stimulus]", "DESIGN"),
    ] = None
    results: Annotated[
        Path | None,
        Input("For bids and psych-ds: results, whose answers are written as well; a file or a folder.", "RESULTS"),
    ] = None
    images_in_mat: Annotated[
        bool, Decides("For psychtoolbox: put the pixels into the .mat as well, height x width x 3 x N.")
    ] = False
    online: Annotated[
        str,
        Decides(
            "For jspsych: where results go. none: the downloads folder; jatos: a study archive for JATOS; datapipe:ID: "
            "through pipe.jspsych.org, ID is the experiment's there.",
            "none|jatos|datapipe:ID",
        ),
    ] = "none"
    complete: Annotated[
        str | None,
        Decides(
            "For jspsych --online: the address to send participants to once their results are saved; [NAME] in it is "
            "filled in from the address that they came by.",
            "URL",
        ),
    ] = None
    slider: Annotated[
        Literal["steps", "smooth"],
        Decides(
            "For jspsych, adjustment: from picture to picture of the set; or without steps, drawn by the browser from "
            "few pictures and how they move, for which the model and the photographs are needed here."
        ),
    ] = "steps"
    model: RecordedModel = None
    images: Annotated[
        Path | None, Watching("Where to look for photographs that are no longer where they were.", "DIR")
    ] = None
    out: Annotated[Path | None, Output("The folder. [default: SET_PROGRAM]", "DIR")] = None
    force: Force = False

    @field_validator("online")
    @classmethod
    def _a_server(cls, online: str) -> str:
        if not re.fullmatch(r"none|jatos|datapipe:[A-Za-z0-9]{4,64}", online):
            raise ValueError(
                "should be none, jatos, or datapipe:ID with the ID that pipe.jspsych.org shows, as in "
                "datapipe:Ab3dE5gH7jK9"
            )
        return online

    @field_validator("complete")
    @classmethod
    def _an_address(cls, complete: str | None) -> str | None:
        if complete is not None and not re.fullmatch(r"https?://[^\s/<>\"]+(/[^\s<>\"]*)?", complete):
            raise ValueError(
                "should be an address that begins with https://, as in https://app.prolific.com/submissions/complete?cc=C0DE"
            )
        return complete


class ExportDecoderConfig(Config):
    """Write a model's decoder as ONNX, to draw the pictures of codes where there is no Python, in a browser say."""

    run: Annotated[Path | None, Model("The model's run folder; -m RUN says the same.", "RUN", positional=True)] = None
    model: ModelPath = None
    out: Annotated[Path, Output("The folder.", "DIR")] = Path("decoder")
    force: Force = False
