"""What trial designs, and the scale that is fitted to their results, can be asked."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from gaia_stim.config.base import Config, Count, Force, Seed
from gaia_stim.config.options import Decides, Input, Output

NAME_OF_AN_END = re.compile(r"[^\W_](?:[^\W_]|[ '.-]){0,39}")


class DesignConfig(Config):
    """Make a balanced list of trials over a stimulus set."""

    kind: Annotated[str, Decides("The task.", "KIND", positional=True, choices="gaia_stim.designs:KINDS")]
    stimuli: Annotated[Path, Input("A stimulus set.", "SET", positional=True)]
    pairs: Annotated[
        str | None,
        Decides(
            "Which stimuli are compared: neighbours, all, or those N steps apart on the line, the wheel, "
            "or a grid's rows and columns. [default: adjacent; all where the set has no order]",
            "adjacent|all|step:N",
            panel="Trials",
        ),
    ] = None
    triads: Annotated[bool, Decides("For mlds: three stimuli a trial instead of four.", panel="Trials")] = False
    standard: Annotated[
        str | None,
        Decides(
            "For constant, as a task too: the stimulus that all are compared with. [default: the middle one]",
            "STIM_ID",
            panel="Trials",
        ),
    ] = None
    targets: Annotated[
        Count | None,
        Decides(
            "For adjustment: so many targets, evenly along the continuum. [default: every stimulus]",
            "N",
            panel="Trials",
        ),
    ] = None
    trials: Annotated[
        Count | None,
        Decides(
            "For mlds and triplets: so many trials a repetition, drawn evenly over the stimuli, instead of "
            "every combination once. For staircase and questplus: a participant's, at most. [default: 100 and 60] For "
            "gsp and mcmcp: answers that a chain takes. [default: 100]",
            "N",
            panel="Trials",
        ),
    ] = None
    task: Annotated[
        Literal["identification", "constant"] | None,
        Decides(
            "For staircase and questplus: what is asked of each stimulus; A or B, or which is nearer to B, it or the "
            "standard. [default: identification]",
            panel="Adaptive",
        ),
    ] = None
    rule: Annotated[
        str | None,
        Decides(
            "For staircase: failures in a row before it goes up, and successes before it goes down. [default: 1:1; 1:3 "
            "with a standard]",
            "UP:DOWN",
            panel="Adaptive",
        ),
    ] = None
    step_sizes: Annotated[
        str | None,
        Decides(
            "For staircase: sizes of its steps, the next at each reversal. [default: an eighth, a 16th and a 32nd of "
            "the line; 0.2,0.1,0.05 with log]",
            "X,Y,Z",
            panel="Adaptive",
        ),
    ] = None
    step_scale: Annotated[
        Literal["lin", "log"],
        Decides("For staircase: steps are distances, or powers of ten by which a distance changes.", panel="Adaptive"),
    ] = "lin"
    reversals: Annotated[
        int | None,
        Field(ge=2, le=1000),
        Decides("For staircase: each of the two ends with so many. [default: 8]", "N", panel="Adaptive"),
    ] = None
    question: Annotated[
        str | None,
        Field(min_length=1, max_length=500),
        Decides("For gsp and mcmcp: what people read above the pictures.", "TEXT", panel="Chains"),
    ] = None
    attributes: Annotated[
        str | None,
        Decides(
            "For gsp and mcmcp: the dimensions, attributes of the vectors that 'serve' is given, with commas between.",
            "NAMES",
            panel="Chains",
        ),
    ] = None
    axes: Annotated[
        int | None,
        Field(ge=1, le=64),
        Decides(
            "For gsp and mcmcp: or so many principal axes of the photographs of 'serve' are the dimensions.",
            "N",
            panel="Chains",
        ),
    ] = None
    start: Annotated[
        str | None,
        Decides(
            "For gsp and mcmcp: the photograph that is moved, as 'serve' calls it. [default: its first]",
            "NAME",
            panel="Chains",
        ),
    ] = None
    vary: Annotated[
        Literal["both", "shape", "texture"],
        Decides("For gsp and mcmcp: the part of the code that is moved.", panel="Chains"),
    ] = "both"
    reach: Annotated[
        float | None,
        Field(gt=0, le=10),
        Decides(
            "For gsp and mcmcp: SDs that each dimension goes, to both sides of the photograph. [default: 2]",
            "SDS",
            panel="Chains",
        ),
    ] = None
    proposal: Annotated[
        float | None,
        Field(gt=0, le=10),
        Decides(
            "For mcmcp: how far proposals lie from the present stimulus, a Gaussian's SD. [default: 0.5]",
            "SDS",
            panel="Chains",
        ),
    ] = None
    chains: Annotated[
        int,
        Field(ge=1, le=64),
        Decides("For gsp and mcmcp: chains of each participant, which take turns.", "N", panel="Chains"),
    ] = 1
    server: Annotated[
        str,
        Decides(
            "For gsp and mcmcp: where 'gaia-stim serve --design' is to be found by those who take part.",
            "URL",
            panel="Chains",
        ),
    ] = "http://127.0.0.1:8765"
    after: Annotated[
        Path | None,
        Input(
            "For mlds with --trials: results of earlier trials with this set, a file or a folder; those "
            "trials are drawn that tell most about the scale after these answers.",
            "RESULTS",
            panel="Trials",
        ),
    ] = None
    repetitions: Annotated[
        int,
        Field(ge=1, le=10_000),
        Decides("How often each participant sees every item in each of its arrangements.", panel="Trials"),
    ] = 1
    blocks: Annotated[
        int,
        Field(ge=1, le=1000),
        Decides(
            "Blocks that a participant's trials are shared out over; who begins with which is balanced "
            "over participants.",
            panel="Order",
        ),
    ] = 1
    participants: Annotated[
        int, Field(ge=1, le=10_000), Decides("Participants, each with an order of their own.", panel="Order")
    ] = 1
    max_run: Annotated[
        int | None,
        Field(ge=1),
        Decides(
            "At most so many trials in a row with the same right answer, or of the same stimuli. [default: any]",
            panel="Order",
        ),
    ] = None
    min_distance: Annotated[
        int | None,
        Field(ge=1),
        Decides(
            "The same stimuli come back so many trials later at the earliest; 2 is no repetition at once. "
            "[default: any]",
            panel="Order",
        ),
    ] = None
    practice: Annotated[
        int,
        Field(ge=0, le=10_000),
        Decides("Trials for practice that each participant begins with; no scale is made of them.", panel="Trials"),
    ] = 0
    catch: Annotated[
        float,
        Field(ge=0, le=0.5),
        Decides(
            "Share of trials more whose answer is clear, the ends of the line, to tell who pays attention; no scale is "
            "made of them.",
            "SHARE",
            panel="Trials",
        ),
    ] = 0.0
    names: Annotated[
        str | None,
        Decides(
            "What participants read for the beginning and the end of the line, as in Anna,Bert. [default: A,B]",
            "A,B",
            panel="Trials",
        ),
    ] = None
    seed: Seed = 0
    out: Annotated[Path | None, Output("The folder of the design. [default: SET_KIND]", "DIR")] = None
    force: Force = False

    @field_validator("names")
    @classmethod
    def _two(cls, names: str | None) -> str | None:
        if names is None:
            return None
        parts = [part.strip() for part in names.split(",")]
        if len(parts) != 2 or parts[0] == parts[1] or not all(NAME_OF_AN_END.fullmatch(part) for part in parts):
            raise ValueError("should be two names of letters, digits, spaces, ' . and -, as in Anna,Bert")
        return ",".join(parts)

    @field_validator("server")
    @classmethod
    def _address(cls, server: str) -> str:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~/-]*)?", server):
            raise ValueError("should be the address of a server, as http://127.0.0.1:8765")
        return server

    @field_validator("rule")
    @classmethod
    def _up_down(cls, rule: str | None) -> str | None:
        if rule is not None and not re.fullmatch(r"[1-9]:[1-9]", rule):
            raise ValueError("should be UP:DOWN, as in 1:3")
        return rule

    @field_validator("step_sizes")
    @classmethod
    def _sizes(cls, sizes: str | None) -> str | None:
        for one in (sizes or "1").split(","):
            try:
                is_size = 0 < float(one) < float("inf")
            except ValueError:
                is_size = False
            if not is_size:
                raise ValueError("should be sizes above 0, as in 0.2,0.1,0.05")
        return sizes

    @field_validator("pairs")
    @classmethod
    def _readable(cls, pairs: str | None) -> str | None:
        if pairs is not None and not re.fullmatch(r"adjacent|all|step:[1-9]\d{0,5}", pairs):
            raise ValueError("should be adjacent, all or step:N, as in step:2")
        return pairs


class ResultsConfig(Config):
    """What verbs can be asked that read the results of an experiment."""

    responses: Annotated[
        tuple[Path, ...],
        Field(min_length=1),
        Input(
            "Results files, of any program (CSV, JSON, XLSX), or folders of them.",
            "RESULTS…",
            positional=True,
        ),
    ]
    keys: Annotated[
        str | None,
        Decides(
            "Where a program writes keys and no answers: what each stands for. [default: as the export says in which "
            "the results lie, else as the starters have them]",
            "KEY=ANSWER,…",
        ),
    ] = None

    @field_validator("keys")
    @classmethod
    def _pairs(cls, keys: str | None) -> str | None:
        if keys is not None and not re.fullmatch(r"[^=,]+=[^=,]+(,[^=,]+=[^=,]+)*", keys):
            raise ValueError("should be KEY=ANSWER,KEY=ANSWER, as in f=a,j=b")
        return keys


class CollectConfig(ResultsConfig):
    """Put the results of all programs and participants into one table, a row a trial."""

    out: Annotated[Path, Output("The table.", "FILE.csv")] = Path("all.csv")
    force: Force = False


class ScaleConfig(ResultsConfig):
    """Fit the scale by which people see a continuum to their answers; --spacing takes its table as it is."""

    task: Annotated[
        str | None,
        Decides(
            "Where the results are of several tasks: the one that is meant.", "NAME", choices="gaia_stim.designs:SCALES"
        ),
    ] = None
    stimuli: Annotated[
        Path | None,
        Input(
            "The stimulus set: of results of several the one that is meant; its ids are checked, and its alphas taken.",
            "SET",
        ),
    ] = None
    by: Annotated[
        Literal["all", "participant"],
        Decides("One scale of all answers, or one of each participant as well."),
    ] = "all"
    smooth: Annotated[
        bool,
        Decides(
            "Of mlds and 2afc: let the steps of the scale change smoothly along it, as much as the answers "
            "speak for it; else the plain maximum likelihood."
        ),
    ] = True
    lapses: Annotated[
        bool,
        Decides(
            "Of mlds and 2afc: take a share of the trials as answered by chance, where the answers clearly call for "
            "it; else the published model, which has none."
        ),
    ] = True
    bootstrap: Annotated[
        int,
        Field(ge=0, le=100_000),
        Decides(
            "Draws that the intervals come from: of people and all their answers, or of one person, of simulated "
            "experiments and of what the answers leave possible; 0 for none."
        ),
    ] = 1000
    confidence: Annotated[float, Field(gt=0, lt=1), Decides("Of the intervals.", "X")] = 0.95
    seed: Seed = 0
    out: Annotated[Path, Output("The folder of the scale; scale.csv in it is what --spacing takes.", "DIR")] = Path(
        "scale"
    )
    force: Force = False

    @field_validator("out")
    @classmethod
    def _folder(cls, out: Path) -> Path:
        if out.suffix.lower() == ".csv":
            raise ValueError(f"is a folder now, in which scale.csv will lie: as in --out {out.stem}")
        return out


class AnalyseConfig(ResultsConfig):
    """Analyse the answers to tasks that have no scale: d', bias and spread, or a map of the stimuli."""

    task: Annotated[
        str | None,
        Decides(
            "Where the results are of several tasks: the one that is meant.",
            "NAME",
            choices="gaia_stim.designs:ANALYSES",
        ),
    ] = None
    stimuli: Annotated[
        Path | None,
        Input("The stimulus set: of results of several the one that is meant; its ids are checked.", "SET"),
    ] = None
    dimensions: Annotated[int, Field(ge=1, le=10), Decides("For triplets: of the map.", "N")] = 2
    bootstrap: Annotated[
        int,
        Field(ge=0, le=100_000),
        Decides("Draws that the intervals come from, of people or of one person's trials; 0 for none."),
    ] = 1000
    confidence: Annotated[float, Field(gt=0, lt=1), Decides("Of the intervals.", "X")] = 0.95
    seed: Seed = 0
    out: Annotated[Path, Output("The folder of tables and figures.", "DIR")] = Path("analysis")
    force: Force = False
