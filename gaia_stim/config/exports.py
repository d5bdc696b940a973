"""What can be asked of the way into an experiment program."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gaia_stim.config.base import Config, Force
from gaia_stim.config.options import Cli, Input, Output


class ExportConfig(Config):
    """Write a stimulus set, or a design over it, as the folder that an experiment program takes."""

    stimuli: Annotated[Path, Field(description="A stimulus set."), Input("SET", positional=True)]
    to: Annotated[
        str,
        Field(description="The experiment program."),
        Cli("PROGRAM", choices="gaia_stim.export:EXPORTERS"),
    ]
    design: Annotated[
        Path | None,
        Field(description="A list of trials that 'gaia-stim design' made over the set. [default: a row a stimulus]"),
        Input("DESIGN"),
    ] = None
    images_in_mat: Annotated[
        bool,
        Field(description="For psychtoolbox: put the pixels into the .mat as well, height x width x 3 x N."),
    ] = False
    out: Annotated[Path | None, Field(description="The folder. [default: SET_PROGRAM]"), Output("DIR")] = None
    force: Force = False
