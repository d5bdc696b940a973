"""What can be asked of the way into an experiment program."""

from pathlib import Path
from typing import Annotated

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
    out: Annotated[Path | None, Output("The folder. [default: SET_PROGRAM]", "DIR")] = None
    force: Force = False
