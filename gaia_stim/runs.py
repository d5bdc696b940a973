"""The run folder: everything that a trained model is, and everything that its training needs to go on.

    config.json                  what is trained, on what, with what; written before the first step
    model.safetensors            the best weights so far: what makes stimuli; its SHA-256 is the model's hash
    last.safetensors             the same of the last save
    training_state.safetensors   everything else that the next step depends on
    *.previous.safetensors       both as they were at the save before
    good_state.safetensors       where a training that diverges goes back to; gone once it has ended
    log.jsonl                    one row every so often
    sheets/                      what the model made of some images on the way
    card.md                      what whoever is given it should know of it

No pickle anywhere: weights are safetensors, the rest is JSON.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gaia_stim.alignment import AlignmentFrame
from gaia_stim.config import Fit, ModelConfig
from gaia_stim.config.base import Record
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.files import (
    STAGING_MARK,
    hash_file,
    locked,
    read_json,
    room_for,
    write_bytes,
    write_json,
)
from gaia_stim.gate import content_of, mistake_in
from gaia_stim.images import parse_colour
from gaia_stim.models import build
from gaia_stim.models.base import Autoencoder
from gaia_stim.names import BUILT_IN as BUILT_IN
from gaia_stim.names import BUILT_IN_NAME, CARD, WEIGHTS
from gaia_stim.tensors import first_line, read_tensors

FORMAT = 1
LARGEST_LOG = 1 << 26
"""Bytes; a training writes a bounded number of rows."""
LARGEST_NAME = 1 << 16
"""Bytes of the file that names a run."""


def _colour(text: str) -> str:
    try:
        parse_colour(text)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return text


class DatasetRecord(Record):
    """The images a run was trained on."""

    folder: str
    content_hash: str
    fit: Fit
    background: Annotated[str, AfterValidator(_colour)]
    training_images: int = Field(ge=0, lt=2**63)
    validation_images: int = Field(ge=0, lt=2**63)
    held_out: list[str] | None = None
    """Hashes of the images for validation, where a user said which; else a tenth by hash."""


def _known_options(options: dict[str, Any]) -> dict[str, Any]:
    """Those whose value something is made of are what they should be; others are told, and of other versions maybe."""
    for name, most in (("seed", 2**63), ("groups", 2**31), ("images_seen", 2**63)):
        value = options.get(name, 0)
        if type(value) is not int or not 0 <= value < most:
            raise ValueError(f"its {name} is no number that it could be")
    return options


class RunConfig(Record):
    """What `config.json` holds."""

    format: int = Field(default=FORMAT, ge=1, le=FORMAT)
    gaia_stim: str
    torch: str
    threads: int = Field(ge=0, le=4096)
    device: str
    precision: str
    """What it was begun in, bfloat16 or float32; "auto" in runs of older versions."""
    model: ModelConfig
    dataset: DatasetRecord
    alignment: AlignmentFrame | None = None
    """Where its images were put, if `gaia-stim align` made their folder."""
    options: Annotated[dict[str, Any], AfterValidator(_known_options)]
    """The training options, as given and defaulted."""


class WeightsRecord(Record):
    """What stands in the header of a weights file."""

    images_seen: int = Field(ge=0, lt=2**63)
    validation_l1: float | None = None


Number = Annotated[float, Field(strict=True)]
"""Of the log: NaN where a step went wrong."""


class LogRow(BaseModel):
    """A line of `log.jsonl`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    images_seen: int = Field(strict=True, ge=0, lt=2**63)
    images_per_second: Number | None = None
    losses: dict[str, Number | None] = {}
    balance: dict[str, Number | None] = {}
    learning_rate: Number | None = None
    validation_l1: Number | None = None


@dataclass(frozen=True)
class Run:
    """A run folder. Nothing is read before it is asked for."""

    path: Path

    @property
    def weights(self) -> Path:
        return self.path / WEIGHTS

    @property
    def last_weights(self) -> Path:
        return self.path / "last.safetensors"

    @property
    def state(self) -> Path:
        return self.path / "training_state.safetensors"

    @property
    def state_before(self) -> Path:
        return _previous(self.state)

    @property
    def last_weights_before(self) -> Path:
        return _previous(self.last_weights)

    @property
    def good_state(self) -> Path:
        return self.path / "good_state.safetensors"

    @property
    def states(self) -> list[Path]:
        """The saves that a training can go on from, the last one first."""
        return [path for path in (self.state, self.state_before) if os.path.lexists(path)]

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def sheets(self) -> Path:
        return self.path / "sheets"

    @property
    def exists(self) -> bool:
        return (self.path / "config.json").exists()

    def config(self) -> RunConfig:
        """Read `config.json`. Raises `CheckpointError` where there is none, or not one of ours."""
        path = self.path / "config.json"
        if not self.path.is_dir():
            raise CheckpointError(f"{self.path}: no such model; give a run folder that 'gaia-stim train' made")
        if not path.exists():
            raise CheckpointError(f"{self.path}: not a run folder (it has no config.json)")
        try:
            return RunConfig.model_validate(read_json(path))
        except DataError as error:
            raise CheckpointError(f"{path}: not a run's config.json ({first_line(error)})") from error
        except ValidationError as error:
            raise CheckpointError(f"{path}: not a run's config.json ({mistake_in(error)})") from error

    def write_config(self, config: RunConfig) -> None:
        write_json(self.path / "config.json", config.model_dump(mode="json"))

    def clear(self) -> None:
        """Make room for a new run: delete what a run writes, and nothing else."""
        for path in self._own():
            path.unlink(missing_ok=True)
        # Never through a link, behind which somebody's pictures are.
        for sheet in () if self.sheets.is_symlink() else self.sheets.glob("[0-9]" * 9 + ".png"):
            sheet.unlink()

    def remove_strays(self) -> None:
        """Delete what a kill in the middle of writing left; only the process that trains the run may do that."""
        for path in (*self.path.glob(f"{STAGING_MARK}*"), *self.sheets.glob(f"{STAGING_MARK}*.png")):
            if self.is_stray(path):
                path.unlink()

    def is_stray(self, path: Path) -> bool:
        """Whether that is one of our files that was never finished."""
        own = (*(path.name for path in self._own()), ".png", CARD, f".{CARD}.gaia-stim.json")
        return path.name.startswith(STAGING_MARK) and path.name.endswith(own)

    def _own(self) -> list[Path]:
        weights = [self.weights, self.last_weights, self.last_weights_before]
        return [*weights, self.state, self.state_before, self.good_state, self.log, self.path / "config.json"]

    @contextmanager
    def taken(self) -> Iterator[None]:
        """The run folder for this process alone; made where it is not there.

        Raises `ConfigError` where another process trains in it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path) as is_ours:
            if not is_ours:
                raise ConfigError(f"{self.path}: another training is at work in it; wait for it, or give another --out")
            yield

    def model_hash(self) -> str:
        """The SHA-256 of the weights that make stimuli."""
        self._check_begun()
        return hash_file(self.weights)

    def _check_begun(self) -> None:
        if not self.weights.is_file():
            raise CheckpointError(f"{self.path}: has no model.safetensors yet; let 'gaia-stim train' go on for a while")

    def weights_record(self) -> WeightsRecord:
        """How long the best weights were trained and how good they are."""
        _, metadata = read_tensors(self.weights, only_metadata=True)
        try:
            return WeightsRecord.model_validate(metadata)
        except ValidationError as error:
            raise CheckpointError(f"{self.weights}: its header is not a run's ({mistake_in(error)})") from error

    def load(self) -> Autoencoder:
        """The trained model, ready to encode and decode. Raises `CheckpointError` where weights and config differ."""
        self.config()
        self._check_begun()
        return self.model_with(self.weights)

    def model_with(self, weights: Path) -> Autoencoder:
        """The run's model with the weights of that file."""
        config = self.config()
        try:
            with torch.device("meta"):
                model = build(config.model)
        except ConfigError as error:
            raise CheckpointError(f"{self.path / 'config.json'}: {error}") from error
        tensors, _ = read_tensors(
            weights, shapes={name: value.shape for name, value in model.generator_state().items()}
        )
        # Assigned, not copied into place: what only trained the model takes no memory, and torch need not import sympy
        # (0.6 s). Clones, in memory of torch's own.
        own = {name: tensor.float().clone() for name, tensor in tensors.items()}
        model.load_state_dict(own, strict=False, assign=True)
        return model.eval().requires_grad_(False)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the log; a line that a crash cut short is left out.

        Raises `DataError`, with the line, where the log is none of ours.
        """
        lines = content_of(self.log, LARGEST_LOG).splitlines() if os.path.lexists(self.log) else []
        for number, line in enumerate(lines, 1):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            yield self._row(number, value)

    def log_hash(self) -> str | None:
        """The hash of the log, None where there is none. Raises `DataError` where it is none of ours."""
        return hash_file(self.log, LARGEST_LOG) if os.path.lexists(self.log) else None

    def _row(self, number: int, value: Any) -> dict[str, Any]:
        try:
            return LogRow.model_validate(value).model_dump(exclude_unset=True)
        except ValidationError as error:
            told = f"not a row of a training's log ({mistake_in(error)}); move the log away"
            raise DataError(f"{self.log}:{number}: {told}") from None


LATEST = Path("runs") / "latest"
"""Names the run that was trained last here."""
MODEL_VARIABLE = "GAIA_STIM_MODEL"


_NAME_ONE = f"name one with -m RUN, or with -m {BUILT_IN_NAME} the built-in model"
GIVEN = "given"
NOT_GIVEN = "the built-in model"
WHY = {
    NOT_GIVEN: "the built-in model: none is given, and none was trained here",
    str(LATEST): f"{LATEST}: the last one trained here, as none is given; -m {BUILT_IN_NAME} is the built-in model",
}
"""Reasons that need more words."""


def named_run(path: Path) -> Run:
    """The run that a user names: a folder, or `builtin`. Raises `ConfigError` where that could be either."""
    if path != Path(BUILT_IN_NAME):
        return Run(path)
    if Run(path).exists:
        raise ConfigError(
            f"{path}: names the model that comes with gaia-stim, and a run here is called so: name that one by "
            f"{path.absolute()}, or call it something else"
        )
    return Run(BUILT_IN)


@dataclass(frozen=True)
class Found:
    """A run, and why it is this one."""

    run: Run
    reason: str

    @property
    def said(self) -> str:
        """The model and why it is this one, for a message."""
        name = BUILT_IN_NAME if self.run.path == BUILT_IN else str(self.run.path)
        return f"{name} ({WHY.get(self.reason, self.reason)})"

    def existing(self) -> Run:
        """The run. Raises `CheckpointError` where it is not there, naming who named it where the user did not."""
        if self.reason != GIVEN and not self.run.path.is_dir():
            raise CheckpointError(
                f"{self.run.path}: no such model, but {self.reason} names it; name another one with -m RUN"
            )
        return self.run


def name_latest(run: Run) -> bool:
    """Make a run the one that the next command here takes by itself; False where somebody's own file has that name."""
    try:
        if os.path.lexists(LATEST) and not _is_named(content_of(LATEST, LARGEST_NAME)):
            return False
    except DataError:
        return False
    write_bytes(LATEST, os.fsencode(f"{run.path.absolute()}\n"))
    return True


def _is_named(content: bytes) -> bool:
    lines = content.splitlines()
    return len(lines) == 1 and Path(os.fsdecode(lines[0])).is_absolute()


def find_run(given: Path | None) -> Found:
    """The run to use: the one given, else $GAIA_STIM_MODEL, else the one runs/latest names, else the built-in model."""
    if given is not None:
        return Found(named_run(given), GIVEN)
    if named := os.environ.get(MODEL_VARIABLE):
        return Found(named_run(Path(named)), f"${MODEL_VARIABLE}")
    if os.path.lexists(LATEST):
        return Found(Run(LATEST if Run(LATEST).exists else _latest()), str(LATEST))
    return Found(Run(BUILT_IN), NOT_GIVEN)


def _latest() -> Path:
    """The run that `runs/latest` names. Raises `CheckpointError` where that names none."""
    try:
        named = os.fsdecode(content_of(LATEST, LARGEST_NAME)).strip()
    except DataError as error:
        raise CheckpointError(f"{error}; it should name the run that was trained last: {_NAME_ONE}") from None
    if not named or "\0" in named or "\n" in named:
        raise CheckpointError(f"{LATEST}: does not name a run; {_NAME_ONE}")
    return Path(named)


def _previous(path: Path) -> Path:
    return path.with_suffix(f".previous{path.suffix}")


def append_log(path: Path, row: Mapping[str, Any]) -> None:
    """Add one row to a log."""
    line = f"{json.dumps(row)}\n".encode()
    with room_for(path, len(line)), path.open("ab") as stream:
        stream.write(line)


def trim_log(path: Path, images_seen: int) -> None:
    """Drop the rows after `images_seen`: a run that resumes there writes them again."""
    kept = [json.dumps(row) + "\n" for row in Run(path.parent).rows() if row.get("images_seen", 0) <= images_seen]
    write_bytes(path, "".join(kept).encode())
