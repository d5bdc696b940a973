"""FAULTS 1, 2, 3 and 6: a training that is killed anywhere, or finds its files broken, ends in the same bytes."""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from faults.conftest import strays, times, what_counts
from faults.processes import Command, count_changes, die_at_change, die_at_write
from gaia_stim.config import TrainConfig
from gaia_stim.errors import CheckpointError, ConfigError, InterruptedRun
from gaia_stim.events import Event, Note, Progress
from gaia_stim.files import STAGING_MARK
from gaia_stim.pipeline.train import train
from gaia_stim.runs import Run
from gaia_stim.tensors import read_tensors
from gaia_stim.training import loop

TINY: dict[str, Any] = {"preset": "tiny", "size": 16, "latent": 2, "width": 4, "batch": 4, "threads": 1, "sheets": 0}
IMAGES = 240
Make = Callable[..., Command]


@pytest.fixture
def ask(faces: Path, tmp_path: Path) -> Callable[..., TrainConfig]:
    def ask(**options: Any) -> TrainConfig:
        return TrainConfig.model_validate(
            {"images": faces, "out": tmp_path / "run", **TINY, "images_seen": IMAGES, **options}
        )

    return ask


@pytest.fixture
def training(command: Make, faces: Path) -> Callable[..., Command]:
    """The command of `ask` for a process of its own; it saves all the time."""

    def training(out: str = "run", **given: Any) -> Command:
        options = {**TINY, "images-seen": IMAGES, "save-seconds": 1e-9, **given}
        own_cache = options.pop("own_cache", None)
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return command("--quiet", "train", faces, "--out", out, *words, own_cache=own_cache)

    return training


@pytest.fixture(scope="module")
def whole(faces: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a training that nobody stopped ends in."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        patch.chdir(folder)
        train(TrainConfig.model_validate({"images": faces, "out": "run", **TINY, "images_seen": IMAGES}))
    return what_counts(folder / "run")


class Stop:
    """A listener that has this process asked to stop once so many images were seen."""

    def __init__(self, images_seen: int) -> None:
        self.images_seen = images_seen

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and event.task == "training" and event.done == self.images_seen:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(scope="module")
def stopped_once(faces: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stopped")
    config = TrainConfig.model_validate({"images": faces, "out": folder / "run", **TINY, "images_seen": IMAGES})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        patch.chdir(folder)
        patch.setattr(loop, "PROGRESS_SECONDS", -1)
        for images_seen in (80, 160):
            with pytest.raises(InterruptedRun):
                train(config, Stop(images_seen))
    return folder / "run"


@pytest.fixture
def stopped(stopped_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with two saves, at 80 and at 160 images."""
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", -1)
    return Run(Path(shutil.copytree(stopped_once, tmp_path / "run")))


def step(run: Run) -> int:
    """The step of the newest save that is whole; -1 where there is none."""
    for path in run.states:
        try:
            return int(read_tensors(path)[1]["step"])
        except CheckpointError:
            continue
    return -1


def flipped(path: Path, offset: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1 << bit
    path.write_bytes(content)


# -- killed -----------------------------------------------------------------------------------------------------------


def test_killed_at_random_points(training: Callable[..., Command], whole: dict[str, str], tmp_path: Path) -> None:
    """While caching, training and saving; what was saved once is never lost, and the end is the same to the bit."""
    own_cache, tally, chance = tmp_path / "own", tmp_path / "tally", random.Random(0)
    command = training(own_cache=own_cache)
    run, saved, kills = Run(tmp_path / "run"), -1, 0
    assert command.run(count_changes, tally).code == 0
    changes = tally.stat().st_size
    shutil.rmtree(run.path)
    shutil.rmtree(own_cache)
    while kills < times(5, 50):
        ended = command.run(die_at_change, chance.randrange(changes // 4))
        assert ended.code in (0, -signal.SIGKILL), ended.err
        if ended.code == 0:
            assert what_counts(run.path) == whole
            shutil.rmtree(run.path)
            shutil.rmtree(own_cache)
            saved = -1
        else:
            kills += 1
            assert step(run) >= saved
            saved = step(run)
            assert saved >= 0 or not run.states
    ended = command.run()
    assert ended.code == 0, ended.err
    assert what_counts(run.path) == whole
    assert not strays(run.path) and not run.good_state.exists()


@pytest.mark.parametrize("point", range(0, 45, times(9, 1)))
def test_killed_at_every_point_of_saving(
    point: int, training: Callable[..., Command], whole: dict[str, str], tmp_path: Path
) -> None:
    """Before each call that makes a file safe: fsync of the file, its mode, the two renames, fsync of the folder."""
    run = Run(tmp_path / "run")
    killed = training().run(die_at_write, point)
    assert killed.code == -signal.SIGKILL, killed.err
    assert step(run) >= 0 or not run.states
    ended = training(**{"save-seconds": 60}).run()
    assert ended.code == 0, ended.err
    assert what_counts(run.path) == whole
    assert not strays(run.path)


@pytest.mark.parametrize("name", times(["SIGUSR1"], ["SIGTERM", "SIGUSR1", "SIGINT"]))
def test_asked_to_stop(name: str, training: Callable[..., Command], whole: dict[str, str], tmp_path: Path) -> None:
    run, command = Run(tmp_path / "run"), training(**{"save-seconds": 60})
    started = command.start()
    while started.is_alive and len(list(run.rows())) < 3:
        time.sleep(0.002)
    started.send(getattr(signal, name))
    ended = started.wait(60)
    assert ended.code == (130 if name == "SIGINT" else 75), ended.err
    assert ended.err.startswith("stopped: all saved in run after ") and "Traceback" not in ended.err
    assert f"after {4 * step(run):,} images" in ended.err
    assert command.run().code == 0
    assert what_counts(run.path) == whole


# -- broken -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "gone", "text"])
def test_a_broken_save_falls_back_to_the_one_before(
    damage: str, stopped: Run, ask: Callable[..., TrainConfig], whole: dict[str, str]
) -> None:
    path, size = stopped.state, stopped.state.stat().st_size
    if damage == "flipped":
        flipped(path, size - 1000)
    elif damage == "gone":
        path.unlink()  # as between the two renames of a save
    else:
        path.write_bytes({"cut": path.read_bytes()[: size // 2], "empty": b"", "text": b"hello"}[damage])
    told: list[Event] = []
    train(ask(), told.append)
    warned = [event.text for event in told if isinstance(event, Note) and event.warning]
    if damage == "gone":
        assert warned == []
    else:
        [said] = warned
        assert said.startswith(f"{path}: ") and said.endswith("going on from the save before it, at 80 images")
    assert damage != "flipped" or "its SHA-256 is sha256_" in said
    assert what_counts(stopped.path) == whole


def test_the_save_gone_back_to_is_not_lost_to_the_next(stopped: Run, ask: Callable[..., TrainConfig]) -> None:
    """The two kept are then a new one and the one gone back to, not the broken one."""
    flipped(stopped.state, -1000)
    with pytest.raises(InterruptedRun):
        train(ask(), Stop(120))
    assert [int(read_tensors(path)[1]["step"]) for path in stopped.states] == [30, 20]


def test_no_whole_save(stopped: Run, ask: Callable[..., TrainConfig]) -> None:
    for path in stopped.states:
        flipped(path, -1000)
    with pytest.raises(CheckpointError) as caught:
        train(ask())
    said = str(caught.value)
    assert caught.value.exit_code == 4 and "\n" not in said
    assert all(f"{path}: damaged" in said for path in stopped.states) and "--force" in said


def test_no_flip_of_a_bit_goes_unnoticed(stopped: Run) -> None:
    """Anywhere in a file: an error, or the very same numbers (it hit a name in the header)."""
    path, chance = stopped.state, random.Random(0)
    content = path.read_bytes()
    tensors, metadata = read_tensors(path)
    header = 8 + int.from_bytes(content[:8], "little")
    places = [chance.randrange(len(content)) for _ in range(times(100, 1500))]
    places += [chance.randrange(header) for _ in range(times(200, 3000))]
    unnoticed = 0
    for place in places:
        flipped(path, place, chance.randrange(8))
        try:
            found, told = read_tensors(path)
        except CheckpointError:
            pass
        else:
            unnoticed += 1
            same = found.keys() == tensors.keys() and all(found[name].equal(value) for name, value in tensors.items())
            assert same, f"byte {place}"
            # Where the checksum's own name was hit, it stands there under another one.
            assert metadata.items() <= told.items() or "step" not in told, f"byte {place}"
        path.write_bytes(content)
    assert unnoticed <= len(places) // 10


def test_no_cut_goes_unnoticed(stopped: Run) -> None:
    content = stopped.state.read_bytes()
    for length in [*range(64), *random.Random(0).sample(range(len(content)), times(50, 1000)), len(content) - 1]:
        stopped.state.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            read_tensors(stopped.state)


def test_two_saves_are_kept_with_their_modes(stopped: Run, ask: Callable[..., TrainConfig]) -> None:
    assert [int(read_tensors(path)[1]["step"]) for path in stopped.states] == [40, 20]
    assert read_tensors(stopped.last_weights)[1]["images_seen"] == 160
    assert read_tensors(stopped.last_weights_before)[1]["images_seen"] == 80
    stopped.state.chmod(0o640)
    train(ask())
    modes = [path.stat().st_mode & 0o777 for path in stopped.states]
    assert modes == [0o640, 0o640]
    assert sorted(path.name for path in stopped.path.iterdir()) == [
        ".card.md.gaia-stim.json",
        "card.md",
        "config.json",
        "last.previous.safetensors",
        "last.safetensors",
        "log.jsonl",
        "model.safetensors",
        "training_state.previous.safetensors",
        "training_state.safetensors",
    ]


def test_strays_are_cleared_and_nothing_else(stopped: Run, ask: Callable[..., TrainConfig]) -> None:
    (stopped.path / f"{STAGING_MARK}abcdefghmodel.safetensors").write_bytes(b"half")
    (stopped.path / f"{STAGING_MARK}abcdefghthesis.txt").write_bytes(b"mine")
    train(ask())
    assert [path.name for path in stopped.path.glob(f"{STAGING_MARK}*")] == [f"{STAGING_MARK}abcdefghthesis.txt"]


def test_a_run_of_before_there_were_checksums(
    stopped: Run, ask: Callable[..., TrainConfig], whole: dict[str, str]
) -> None:
    """No checksum, no check, no complaint; and no counts of skipped steps, no earlier save."""
    for path in (stopped.state, stopped.weights):
        if not path.exists():
            continue
        tensors, metadata = read_tensors(path)
        old = {name: value for name, value in metadata.items() if name not in ("guard", "lowered")}
        save_file({name: value.contiguous() for name, value in tensors.items()}, path, {"gaia_stim": json.dumps(old)})
    for path in (stopped.state_before, stopped.last_weights_before, stopped.good_state):
        path.unlink(missing_ok=True)
    told: list[Event] = []
    train(ask(), told.append)
    assert not [event for event in told if isinstance(event, Note) and event.warning]
    assert what_counts(stopped.path) == whole


def test_force_clears_all_that_a_run_wrote(stopped: Run, ask: Callable[..., TrainConfig]) -> None:
    train(ask(force=True, seed=1))
    assert len(stopped.states) == 1


# -- two at once ------------------------------------------------------------------------------------------------------


def test_two_trainings_in_one_folder(
    training: Callable[..., Command], ask: Callable[..., TrainConfig], whole: dict[str, str], tmp_path: Path
) -> None:
    """The second is refused and touches nothing; the lock of one that was killed is gone with it."""
    run = Run(tmp_path / "run")
    first = training(**{"images-seen": 40_000, "save-seconds": 60}).start()
    while first.is_alive and len(list(run.rows())) < 1:
        time.sleep(0.002)
    for force in (False, True):
        with pytest.raises(ConfigError, match="another training is at work in it; wait for it, or give another --out"):
            train(ask(images_seen=40_000, save_seconds=60, force=force))
    assert first.is_alive
    assert first.kill().code == -signal.SIGKILL
    train(ask(force=True))
    assert what_counts(run.path) == whole


def test_readers_of_a_run_in_training_see_whole_files(training: Callable[..., Command], tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    started = training(validations=60).start()
    read = 0
    while started.is_alive:
        if run.weights.exists() and run.exists:
            run.load()
            read += 1
    assert started.wait().code == 0 and read > 0
