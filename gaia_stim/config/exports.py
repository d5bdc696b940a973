"""What can be asked of the way into an experiment program."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import field_validator

from gaia_stim.config.base import Config, Force
from gaia_stim.config.options import Decides, Input, Output


class ExportConfig(Config):
    """Write a stimulus set, or a design over it, as the folder that an experiment program takes."""

    stimuli: Annotated[Path, Input("A stimulus set.", "SET", positional=True)]
    to: Annotated[str, Decides("The experiment program.", "PROGRAM", choices="gaia_stim.export:EXPORTERS")]
    design: Annotated[
        Path | None,
        Input("A list of trials that 'gaia-stim design' made over the set. [default: a row a stimulus]", "DESIGN"),
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
