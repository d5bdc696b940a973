"""Models that stand against each other: methods and options as text, trained on the same images, seeds and budget.

What is precious in such a folder are the trainings: they are run folders like any other, and go on where they were
stopped. All else in it is made of them again at any time, and it may grow by methods or seeds.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gaia_stim.config import CompareConfig, TrainConfig, make, option_name
from gaia_stim.errors import ConfigError, OutputInTheWay
from gaia_stim.evaluation.comparison import names, unequal
from gaia_stim.events import Event, Listener, Note, Progress
from gaia_stim.files import STAGING_MARK, write_bytes
from gaia_stim.models import MODELS
from gaia_stim.outputs import Kind, read_record
from gaia_stim.runs import LATEST, Run, named_run
from gaia_stim.tables import look_up
from gaia_stim.training.trained import trained

NOT_A_METHODS = ("images", "out", "config", "force", "dry_run", "seed", "method")
"""Options of `train` that are the comparison's own."""

MOST_OPTIONS = 3
"""In a name that is read above a column of pictures."""


@dataclass(frozen=True)
class Contender:
    """A run, and what its model is called."""

    model: str
    run: Run
    seed: int


@dataclass(frozen=True)
class Training:
    """A training that is asked for."""

    model: str
    """The method with its options, as it was written."""
    options: TrainConfig
    folder: str
    """Its run folder's name."""

    @property
    def request(self) -> dict[str, Any]:
        """What decides the weights, but for the place of the images: their hashes stand in each run."""
        decisive = (set(self.options.request()) & set(type(self.options).model_fields)) - {"images"}
        return {"model": self.model, **self.options.model_dump(mode="json", include=decisive)}


def trainings(config: CompareConfig) -> Iterator[Training]:
    """Each training that `config` asks for; seed by seed, so that a table fills evenly.

    Raises `ConfigError` for a method or option that cannot be.
    """
    if config.methods is None:
        return
    specs = [spec.strip() for spec in config.methods.split(",") if spec.strip()]
    if not specs:
        raise ConfigError("--methods: names no method; give, say, gaia,ae,vae")
    folders = {_folder(spec) for spec in specs}
    if len(folders) < len(specs):
        raise ConfigError(f"--methods {config.methods}: names a method twice")
    for seed in range(config.seed, config.seed + config.seeds):
        for spec in specs:
            folder = f"{_folder(spec)}_{seed}"
            yield Training(spec, _options_of(config, spec, seed, config.out / folder), folder)


def _options_of(config: CompareConfig, spec: str, seed: int, out: Path) -> TrainConfig:
    method, *own = spec.split(":")
    look_up(MODELS, "method", method)
    shared = {"images_seen": config.images_seen, "size": config.size}
    options = {
        **{name: value for name, value in shared.items() if value is not None},
        **_options(config.set_ or (), "--set"),
        **_options(own, f"--methods {spec}"),
    }
    place = {"images": config.runs[0] if config.runs else None, "out": out, "seed": seed, "force": config.force}
    return make(
        TrainConfig, {**options, **place, "method": method}, lambda key: f"--methods {spec}: {option_name(key)}"
    )


def _options(texts: Sequence[str], where: str) -> dict[str, str]:
    options = {}
    for text in texts:
        name, equals, value = text.partition("=")
        key = name.strip().replace("-", "_")
        if not (equals and key and value.strip()):
            raise ConfigError(f"{where}: '{text}' is not an option; write KEY=VALUE, alpha=0.2 say")
        if key in NOT_A_METHODS:
            raise ConfigError(f"{where}: '{key}' is the same for all that are compared")
        options[key] = value.strip()
    return options


def _folder(spec: str) -> str:
    """A method and its options as a folder's name on every system: `gaia:alpha=0` is `gaia_alpha=0`."""
    return re.sub(r"[^A-Za-z0-9.=+-]+", "_", spec)


def requested(config: CompareConfig, wanted: Sequence[Training]) -> dict[str, Any]:
    """What decides the contenders, by name: the trainings that are wanted, else the runs that are named."""
    if wanted:
        return {training.folder: training.request for training in wanted}
    return {str(path): {"model_hash": open_run(path).model_hash()} for path in config.runs or ()}


def claim(out: Path, record: str, request: Mapping[str, Any], parts: Sequence[str], *, force: bool) -> None:
    """Raise `OutputInTheWay` where the folder holds what this request would not keep.

    `record` is the file in it that says, as its `request`, what was asked for before: the same seed, and some of these
    trainings, may stand there. `parts` are the names of what is made before the record.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputInTheWay(f"{out}: is a file; give another --out")
    found = read_record(out, Kind("comparison", record))
    if found is not None:
        before, wanted = found["request"], request["trainings"]
        was = before.get("trainings")
        is_part = isinstance(was, dict) and all(wanted.get(name) == training for name, training in was.items())
        if not force and (before.get("seed") != request["seed"] or not is_part):
            raise OutputInTheWay(
                f"{out}: holds another comparison; give another --out, or replace it with --force", replaceable=True
            )
    elif any(not path.name.startswith(STAGING_MARK) for path in out.iterdir()) and not any(
        (out / part).exists() for part in parts
    ):
        raise OutputInTheWay(f"{out}: exists and is not a comparison; give another --out")


def train_all(wanted: Sequence[Training], listen: Listener) -> list[Contender]:
    """Train them, or let them go on where they were stopped; raises as `trained`."""
    with _latest_run_kept():
        for training in wanted:
            trained(training.options, named(training.folder, listen))
    return [
        Contender(training.model, Run(training.options.out or Path(training.folder)), training.options.seed)
        for training in wanted
    ]


@contextlib.contextmanager
def _latest_run_kept() -> Iterator[None]:
    """A contender is not the model that the next command should take by itself."""
    before = LATEST.read_bytes() if LATEST.is_file() else None
    try:
        yield
    finally:
        if before is None:
            LATEST.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                LATEST.parent.rmdir()
        else:
            write_bytes(LATEST, before)


def given(paths: Sequence[Path], listen: Listener) -> list[Contender]:
    """Runs that were trained before; the listener hears where they were not trained alike.

    Raises `ConfigError` for what is no run folder, `CheckpointError` for a broken one.
    """
    runs = [open_run(path) for path in paths]
    options = [{**run.config().options, **run.config().model.model_dump()} for run in runs]
    if differences := ", ".join(unequal(options)):
        listen(Note(f"not a fair comparison of methods: the runs differ in {differences}", warning=True))
    return [
        Contender(model, run, int(one.get("seed", 0)))
        for model, run, one in zip(_called(runs, names(options)), runs, options, strict=True)
    ]


def _called(runs: Sequence[Run], models: Sequence[str]) -> Sequence[str]:
    """The models' names; where they became too long to read, and no two runs are one model, the folders' instead."""
    folders = [run.path.resolve().name for run in runs]
    too_long = any(model.count(":") > MOST_OPTIONS for model in models)
    one_each = len(set(models)) == len(set(folders)) == len(runs)
    return folders if too_long and one_each else models


def open_run(path: Path) -> Run:
    """The run in a folder that a user named. Raises `ConfigError` where there is none."""
    run = named_run(path)
    if not run.exists:
        raise ConfigError(f"{path}: not a run folder; to train models on images first, name them by --methods gaia,ae")
    return run


def named(name: str, listen: Listener) -> Listener:
    """Tell all progress under the training's name, and of the notes only warnings."""

    def tell(event: Event) -> None:
        if isinstance(event, Progress):
            listen(replace(event, task=f"{name}: {event.task}"))
        elif event.warning:
            listen(replace(event, text=f"{name}: {event.text}"))

    return tell
