"""FAULTS 5 and 6: a training on several processes stops as one, whoever is asked to, and ends in the same bytes."""

import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faults.conftest import strays, times, what_counts
from faults.processes import Command, Started
from gaia_stim.files import hash_file, read_json
from gaia_stim.runs import Run
from gaia_stim.tensors import read_tensors

TINY: dict[str, Any] = {"preset": "tiny", "size": 16, "latent": 2, "width": 4, "batch": 8, "threads": 1, "sheets": 1}
IMAGES = 800
SECONDS = 60
"""FAULTS 6: nothing hangs for longer."""
Train = Callable[..., Command]


def words(faces: Path, out: str, **given: Any) -> list[object]:
    options = {**TINY, "images-seen": IMAGES, **given}
    return ["train", faces, "--out", out, *(word for name, value in options.items() for word in (f"--{name}", value))]


@pytest.fixture
def training(command: Callable[..., Command], faces: Path) -> Train:
    return lambda **given: command(*words(faces, "run", **given))


@pytest.fixture(scope="module")
def whole(faces: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What two processes that nobody stopped end in."""
    folder = tmp_path_factory.mktemp("whole")
    for started in Command([str(word) for word in words(faces, "run")], folder, cache).start_together():
        ended = started.wait()
        assert ended.code == 0, ended.err
    return what_counts(folder / "run")


def once_begun(run: Run, processes: list[Started]) -> None:
    while all(process.is_alive for process in processes) and len(list(run.rows())) < 3:
        time.sleep(0.002)


@pytest.mark.parametrize(
    ("name", "rank"), [("SIGTERM", 1), ("SIGUSR1", 0), ("SIGINT", 1), *times([], [("SIGTERM", 0), ("SIGUSR1", 1)])]
)
def test_asked_to_stop(name: str, rank: int, training: Train, whole: dict[str, str], tmp_path: Path) -> None:
    run, command = Run(tmp_path / "run"), training()
    processes = command.start_together()
    once_begun(run, processes)
    processes[rank].send(getattr(signal, name))
    for ended in [process.wait(SECONDS) for process in processes]:
        assert ended.code == (130 if name == "SIGINT" else 75), ended.err
        assert "all saved in run after " in ended.err and "Traceback" not in ended.err
    step = int(read_tensors(run.state)[1]["step"])
    assert 0 < step < IMAGES // 8
    for ended in [process.wait() for process in command.start_together()]:
        assert ended.code == 0, ended.err
    assert what_counts(run.path) == whole
    assert strays(run.path) == []


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_one_is_killed(rank: int, training: Train, whole: dict[str, str], tmp_path: Path) -> None:
    """The others end with a message, and what was saved is whole."""
    run, command = Run(tmp_path / "run"), training(**{"save-seconds": 0.05})
    processes = command.start_together()
    once_begun(run, processes)
    processes[rank].kill()
    ended = processes[1 - rank].wait(SECONDS)
    assert ended.code == 75, ended.err
    assert f"process {1 - rank} of 2 goes no further: another one has ended" in ended.err
    assert "Traceback" not in ended.err
    for ended in [process.wait() for process in command.start_together()]:
        assert ended.code == 0, ended.err
    assert what_counts(run.path) == whole


def test_the_first_alone_writes_and_tells(training: Train, tmp_path: Path) -> None:
    first, second = [process.wait() for process in training().start_together()]
    assert "training: " in first.err and second.err == ""
    files = sorted(path.name for path in (tmp_path / "run").iterdir() if path.suffix)
    weights = ["last.safetensors", "log.jsonl", "model.safetensors", "training_state.safetensors"]
    assert files == [".card.md.gaia-stim.json", "card.md", "config.json", *weights]
    rows = list(Run(tmp_path / "run").rows())
    assert [row["images_seen"] for row in rows] == sorted({row["images_seen"] for row in rows})
    assert Run(tmp_path / "run").config().options["groups"] == 2


@pytest.mark.slow
def test_one_process_goes_on_where_two_were_stopped(training: Train, whole: dict[str, str], tmp_path: Path) -> None:
    """And the sum of two gradients does not depend on who adds them."""
    run, command = Run(tmp_path / "run"), training()
    processes = command.start_together()
    once_begun(run, processes)
    processes[0].send(signal.SIGTERM)
    assert [process.wait(SECONDS).code for process in processes] == [75, 75]
    ended = command.run()
    assert ended.code == 0, ended.err
    assert what_counts(run.path) == whole


def test_a_run_of_one_group_is_not_shared(training: Train, tmp_path: Path) -> None:
    assert training().run().code == 0
    for ended in [process.wait() for process in training().start_together()]:
        assert ended.code == 2
        assert "--groups 1: 2 processes cannot share them evenly" in ended.err


def test_codes_are_the_same_bytes(command: Callable[..., Command], faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for path in sorted(faces.iterdir())[:27]:
        shutil.copy(path, tmp_path / "images")
    (tmp_path / "images" / "face_00001x.png").write_bytes(b"not an image")
    alone = command("encode", "images", "--out", "alone.csv", "-m", tiny_run).run()
    shared = command("encode", "images", "--out", "shared.csv", "-m", tiny_run)
    first, second = [process.wait() for process in shared.start_together()]
    assert alone.code == first.code == second.code == 0
    assert hash_file(tmp_path / "alone.csv") == hash_file(tmp_path / "shared.csv")
    assert "skipped" in first.err and second.err == ""
    again = [process.wait() for process in shared.start_together()]
    assert [ended.code for ended in again] == [0, 0] and "nothing to do" in again[0].err
    strict = command("encode", "images", "--out", "strict.csv", "-m", tiny_run, "--strict")
    for ended in [process.wait() for process in strict.start_together(3)]:
        assert ended.code == 3 and "face_00001x.png" in ended.err


STUDY = """\
threads: 1
model: ${space}
steps:
  faces: {do: samples, n: 20, size: 16}
  space: {do: train, images: "${faces}/images", preset: tiny, size: 16, latent: 2, width: 4, batch: 8, images_seen: 80}
  codes: {do: encode, images: ["${faces}/images"]}
  morphs:
    do: morph
    matrix: {steps: [3, 4, 5]}
    first: ${faces}/images/face_00000.png
    second: ${faces}/images/face_0000${steps}.png
    steps: ${steps}
  looked: {do: audit, each: "${morphs}", stimuli: "${morphs}"}
"""
TIMES = re.compile(r"/\.record/|run\.json$|log\.jsonl$|\.previous\.")


@pytest.fixture
def study(command: Callable[..., Command], tmp_path: Path) -> Command:
    (tmp_path / "study.yaml").write_text(STUDY)
    return command("run", "study.yaml", "--set", "space.groups=2", "--out", "out")


def made(folder: Path) -> dict[str, str]:
    """What a recipe has made, but for what tells the time."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not TIMES.search(path.as_posix()))
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in paths}


def made_alone(study: Command) -> dict[str, str]:
    """What one process makes of it; the folder is gone then."""
    ended = study.run()
    assert ended.code == 0, ended.err
    found = made(study.folder / "out")
    shutil.rmtree(study.folder / "out")
    return found


@pytest.mark.slow
def test_a_recipe_is_shared_out(study: Command, tmp_path: Path) -> None:
    """Sets in turn, the training and the codes together: the same bytes, and all is done for one that comes later."""
    alone = made_alone(study)
    first, second = [process.wait() for process in study.start_together()]
    assert (first.code, second.code, second.err) == (0, 0, ""), first.err + second.err
    assert made(tmp_path / "out") == alone
    assert strays(tmp_path / "out") == []
    for size in (3, 1):
        for ended in [process.wait() for process in study.start_together(size)]:
            assert ended.code == 0, ended.err
        steps = read_json(tmp_path / "out" / "run.json")["steps"]
        assert len(steps) == 9
    assert made(tmp_path / "out") == alone


@pytest.mark.slow
def test_a_step_of_a_shared_recipe_fails(study: Command, tmp_path: Path) -> None:
    """Whoever had it, all know, and leave out what needs it."""
    (tmp_path / "study.yaml").write_text(STUDY.replace("steps: [3, 4, 5]", "steps: [3, 4, 99]"))
    for ended in [process.wait() for process in study.start_together()]:
        assert ended.code == 3
        assert "1 of 9 steps failed; 1 that need them were left out" in ended.err and "Traceback" not in ended.err
    results = {step["step"]: step["result"] for step in read_json(tmp_path / "out" / "run.json")["steps"]}
    wrong = {"morphs_99": "failed", "looked_99": "left out"}
    assert results == dict.fromkeys(results, "done") | wrong


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_one_that_shares_a_recipe_is_killed(rank: int, study: Command, tmp_path: Path) -> None:
    """The other ends with a message; one process goes on with what is left, to the same bytes."""
    alone = made_alone(study)
    processes = study.start_together()
    while all(process.is_alive for process in processes) and not list((tmp_path / "out").glob("morphs_*")):
        time.sleep(0.002)
    processes[rank].kill()
    ended = processes[1 - rank].wait(SECONDS)
    assert ended.code == 75 and "goes no further: another one has ended" in ended.err, ended.err
    assert "the same command goes on" in ended.err and "Traceback" not in ended.err
    assert study.run().code == 0
    assert made(tmp_path / "out") == alone


@pytest.mark.slow
def test_what_is_not_shared_is_done_once(command: Callable[..., Command], tmp_path: Path) -> None:
    first, second = [process.wait() for process in command("samples", "drawn", "--n", 3).start_together()]
    assert (first.code, second.code, second.err) == (0, 0, "")
    assert len(list((tmp_path / "drawn" / "images").iterdir())) == 3
