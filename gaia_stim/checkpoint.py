"""The run folder: everything that a trained model is, and everything that its training needs to go on.

    config.json                  what is trained, on what, with what; written before the first step
    model.safetensors            the best weights so far: what makes stimuli; its SHA-256 is the model's hash
    last.safetensors             the same of the last save
    training_state.safetensors   everything else that the next step depends on
    log.jsonl                    one row every so often
    sheets/                      what the model made of some images on the way

No pickle anywhere: weights are safetensors, the rest is JSON.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from gaia_stim.config import Config, Fit, ModelConfig
from gaia_stim.errors import CheckpointError, ConfigError, GaiaStimError
from gaia_stim.files import STAGING_MARK, atomic_file, hash_file, read_json, write_bytes, write_json
from gaia_stim.models import build
from gaia_stim.models.base import Autoencoder

FORMAT = 1
HEADER = "gaia_stim"
"""The one key of our safetensors files' metadata."""


class DatasetRecord(Config):
    """The images a run was trained on."""

    folder: str
    content_hash: str
    fit: Fit
    background: str
    training_images: int
    validation_images: int


class RunConfig(Config):
    """What `config.json` holds."""

    format: int = FORMAT
    gaia_stim: str
    torch: str
    threads: int
    device: str
    precision: str
    model: ModelConfig
    dataset: DatasetRecord
    options: dict[str, Any] = Field(description="The training options, as given and defaulted.")


class WeightsRecord(Config):
    """What stands in the header of a weights file."""

    images_seen: int
    validation_l1: float | None = None


@dataclass(frozen=True)
class Run:
    """A run folder. Nothing is read before it is asked for."""

    path: Path

    @property
    def weights(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def last_weights(self) -> Path:
        return self.path / "last.safetensors"

    @property
    def state(self) -> Path:
        return self.path / "training_state.safetensors"

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
        except (GaiaStimError, ValidationError) as error:
            raise CheckpointError(f"{path}: not a run's config.json ({_first_line(error)})") from error

    def write_config(self, config: RunConfig) -> None:
        write_json(self.path / "config.json", config.model_dump(mode="json"))

    def clear(self) -> None:
        """Make room for a new run: delete what a run writes, and nothing else."""
        for path in (self.weights, self.last_weights, self.state, self.log, self.path / "config.json"):
            path.unlink(missing_ok=True)
        for sheet in self.sheets.glob("*.png"):
            sheet.unlink()

    def remove_strays(self) -> None:
        """Delete what a kill in the middle of writing left; only the process that trains the run may do that."""
        for path in (*self.path.glob(f"{STAGING_MARK}*"), *self.sheets.glob(f"{STAGING_MARK}*")):
            path.unlink()

    def model_hash(self) -> str:
        """The SHA-256 of the weights that make stimuli."""
        if not self.weights.exists():
            raise CheckpointError(f"{self.path}: has no model.safetensors yet; let 'gaia-stim train' go on for a while")
        return hash_file(self.weights)

    def weights_record(self) -> WeightsRecord:
        """How long the best weights were trained and how good they are."""
        _, metadata = read_tensors(self.weights, only_metadata=True)
        try:
            return WeightsRecord.model_validate(metadata)
        except (ValidationError, ValueError) as error:
            raise CheckpointError(f"{self.weights}: its header is not a run's ({_first_line(error)})") from error

    def load(self) -> Autoencoder:
        """The trained model, ready to encode and decode. Raises `CheckpointError` where weights and config differ."""
        self.config()
        self.model_hash()
        return self.model_with(self.weights)

    def model_with(self, weights: Path) -> Autoencoder:
        """The run's model with the weights of that file."""
        config = self.config()
        tensors, _ = read_tensors(weights)
        try:
            with torch.device("meta"):
                model = build(config.model)
        except ConfigError as error:
            raise CheckpointError(f"{self.path / 'config.json'}: {error}") from error
        expected = model.generator_state()
        _check_shapes(weights, expected, tensors)
        model.to_empty(device="cpu")
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)
        return model.eval().requires_grad_(False)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the log; a last line that a crash cut short is left out."""
        if not self.log.exists():
            return
        for line in self.log.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


BUILT_IN = Path(__file__).parent / "builtin"
"""The model that comes with the package: docs/builtin-model.md tells how it was made."""
LATEST = Path("runs") / "latest"
"""Names the run that was trained last here."""
MODEL_VARIABLE = "GAIA_STIM_MODEL"


@dataclass(frozen=True)
class Found:
    """A run, and why it is this one."""

    run: Run
    reason: str


def find_run(given: Path | None) -> Found:
    """The run to use: the one given, else $GAIA_STIM_MODEL, else the one runs/latest names, else the built-in model."""
    if given is not None:
        return Found(Run(given), "given")
    if named := os.environ.get(MODEL_VARIABLE):
        return Found(Run(Path(named)), f"${MODEL_VARIABLE}")
    if LATEST.is_file():
        return Found(Run(Path(LATEST.read_text(encoding="utf-8").strip())), str(LATEST))
    return Found(Run(BUILT_IN), "the built-in model")


def _check_shapes(path: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    for name, tensor in expected.items():
        if name not in found:
            raise CheckpointError(f"{path}: not the weights of this config.json ('{name}' is missing)")
        if found[name].shape != tensor.shape:
            shapes = f"{tuple(found[name].shape)}, not {tuple(tensor.shape)}"
            raise CheckpointError(f"{path}: not the weights of this config.json ('{name}' is {shapes})")


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any] | None = None) -> None:
    """Replace a safetensors file in one step; what is told of the tensors is kept as JSON in its header."""
    # Under one key: safetensors shuffles several, and a model's hash would be a throw of dice.
    header = {HEADER: json.dumps(metadata or {})}
    with atomic_file(path) as stream:
        stream.write(
            save(
                {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
                metadata=header,
            )
        )


def read_tensors(path: Path, *, only_metadata: bool = False) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a safetensors file. Raises `CheckpointError` where it is missing or anything else, a pickle say."""
    if not path.exists():
        raise CheckpointError(f"{path}: no such file")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = dict(json.loads((file.metadata() or {}).get(HEADER, "{}")))
            tensors = {} if only_metadata else {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path}: not a safetensors file, or a damaged one ({_first_line(error)})") from error
    return tensors, metadata


def append_log(path: Path, row: Mapping[str, Any]) -> None:
    """Add one row to a log."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")


def trim_log(path: Path, images_seen: int) -> None:
    """Drop the rows after `images_seen`: a run that resumes there writes them again."""
    kept = [json.dumps(row) + "\n" for row in Run(path.parent).rows() if row.get("images_seen", 0) <= images_seen]
    write_bytes(path, "".join(kept).encode())


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
