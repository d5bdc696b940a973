"""What trial designs, and the scale that is fitted to their results, can be asked."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from gaia_stim.config.base import Config, Count, Force, Seed
from gaia_stim.config.options import Cli, Input, Output


class DesignConfig(Config):
    """Make a balanced list of trials over a stimulus set."""

    kind: Annotated[
        str,
        Field(description="The task."),
        Cli("KIND", positional=True, choices="gaia_stim.designs:DESIGNS"),
    ]
    stimuli: Annotated[Path, Field(description="A stimulus set."), Input("SET", positional=True)]
    pairs: Annotated[
        str | None,
        Field(
            description="Which stimuli are compared: neighbours, all, or those N steps apart on the line, the wheel, "
            "or a grid's rows and columns. [default: adjacent; all where the set has no order]"
        ),
        Cli("adjacent|all|step:N", panel="Trials"),
    ] = None
    triads: Annotated[
        bool,
        Field(description="For mlds: three stimuli a trial instead of four."),
        Cli(panel="Trials"),
    ] = False
    standard: Annotated[
        str | None,
        Field(description="For constant: the stimulus that all are compared with. [default: the middle one]"),
        Cli("STIM_ID", panel="Trials"),
    ] = None
    trials: Annotated[
        Count | None,
        Field(
            description="For mlds and triplets: so many trials a repetition, drawn evenly over the stimuli, instead of "
            "every combination once."
        ),
        Cli("N", panel="Trials"),
    ] = None
    after: Annotated[
        Path | None,
        Field(
            description="For mlds with --trials: results of earlier trials with this set, a file or a folder; those "
            "trials are drawn that tell most about the scale after these answers."
        ),
        Input("RESULTS", panel="Trials"),
    ] = None
    repetitions: Annotated[
        int, Field(ge=1, le=10_000, description="How often each participant sees everything."), Cli(panel="Trials")
    ] = 1
    blocks: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Blocks that a participant's trials are shared out over; who begins with which is balanced "
            "over participants.",
        ),
        Cli(panel="Order"),
    ] = 1
    participants: Annotated[
        int, Field(ge=1, le=10_000, description="Participants, each with an order of their own."), Cli(panel="Order")
    ] = 1
    max_run: Annotated[
        int | None,
        Field(
            ge=1,
            description="At most so many trials in a row with the same right answer, or of the same stimuli. "
            "[default: any]",
        ),
        Cli(panel="Order"),
    ] = None
    min_distance: Annotated[
        int | None,
        Field(
            ge=1,
            description="The same stimuli come back so many trials later at the earliest; 2 is no repetition at once. "
            "[default: any]",
        ),
        Cli(panel="Order"),
    ] = None
    seed: Seed = 0
    out: Annotated[Path | None, Field(description="The folder of the design. [default: SET_KIND]"), Output("DIR")] = (
        None
    )
    force: Force = False

    @field_validator("pairs")
    @classmethod
    def _readable(cls, pairs: str | None) -> str | None:
        if pairs is not None and not re.fullmatch(r"adjacent|all|step:[1-9]\d{0,5}", pairs):
            raise ValueError("should be adjacent, all or step:N, as in step:2")
        return pairs


class ScaleConfig(Config):
    """Fit the scale by which people see a continuum to their answers; --spacing takes the file as it is."""

    responses: Annotated[
        tuple[Path, ...],
        Field(min_length=1, description="Results files (CSV), or folders of them."),
        Input("RESPONSES…", positional=True),
    ]
    task: Annotated[
        str | None,
        Field(description="Where the results are of several tasks: the one that is meant."),
        Cli("NAME", choices="gaia_stim.designs:SCALES"),
    ] = None
    stimuli: Annotated[
        Path | None,
        Field(
            description="The stimulus set, to check the ids, and for the alphas where the results have no columns "
            "alpha_a to alpha_d."
        ),
        Input("SET"),
    ] = None
    by: Annotated[
        Literal["all", "participant"],
        Field(description="One scale of all answers, or one of each participant as well, in files beside it."),
    ] = "all"
    smooth: Annotated[
        bool,
        Field(
            description="Of mlds and 2afc: let the steps of the scale change smoothly along it, as much as the answers "
            "speak for it; else the plain maximum likelihood."
        ),
    ] = True
    bootstrap: Annotated[
        int,
        Field(
            ge=0,
            le=100_000,
            description="Simulated experiments, and drawn scales, that the intervals come from; 0 for none.",
        ),
    ] = 1000
    confidence: Annotated[float, Field(gt=0, lt=1, description="Of the intervals."), Cli("X")] = 0.95
    seed: Seed = 0
    out: Annotated[
        Path,
        Field(description="Where to write it; the .json and .png beside it have the same name."),
        Output("FILE.csv"),
    ] = Path("scale.csv")
    force: Force = False

    @field_validator("out")
    @classmethod
    def _csv(cls, out: Path) -> Path:
        if out.suffix.lower() != ".csv":
            raise ValueError("should end in .csv, which is what --spacing knows a measured scale by")
        return out
