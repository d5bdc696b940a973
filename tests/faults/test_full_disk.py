"""FAULTS 4: a disk that fills up while a checkpoint or a set is written costs nothing that stood there."""

import re
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from faults.conftest import TINY, strays, what_counts
from faults.processes import Command, Ended, no_file_larger_than
from gaia_stim.files import STAGING_MARK
from gaia_stim.runs import Run
from gaia_stim.tensors import read_tensors

Make = Callable[..., Command]
NEEDS_VIDEO = pytest.mark.skipif(find_spec("av") is None, reason="needs gaia-stim[video]")


def told(ended: Ended) -> int:
    """How many bytes the one line says are needed; exit code 3."""
    assert ended.code == 3, ended
    [line] = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    found = re.search(
        r"it takes (?:about )?([\d,]+) bytes, [\d,]+ are free there; what was there before is whole", line
    )
    assert found, line
    assert "make room, then give the same command again" in line and "Traceback" not in ended.err
    return int(found[1].replace(",", ""))


@pytest.fixture
def train(command: Make, faces: Path) -> Callable[..., Command]:
    def train(out: Path, **given: Any) -> Command:
        words = [word for name, value in {**TINY, "images-seen": 200, **given}.items() for word in (f"--{name}", value)]
        return command("--quiet", "train", faces, "--out", out, *words)

    return train


@pytest.mark.slow
def test_no_room_for_a_checkpoint(train: Callable[..., Command], tmp_path: Path) -> None:
    """The first save has room, for there was no limit yet; the next has none; then there is room again."""
    assert train(Path("whole")).run().code == 0
    run = Run(tmp_path / "run")
    assert train(run.path, **{"save-seconds": 1e-9}).run(no_file_larger_than, 45_000).code == 3
    size = (tmp_path / "whole" / run.state.name).stat().st_size
    assert size > 45_000 > 30_000, size
    assert not run.states and not strays(run.path)
    started = train(run.path, **{"save-seconds": 1e-9}).start()
    while started.is_alive and len(run.states) < 2:
        pass
    started.kill()
    before = {path: path.read_bytes() for path in run.states}
    needed = told(train(run.path, **{"save-seconds": 1e-9}).run(no_file_larger_than, 45_000))
    assert size - 100 < needed < size + 100
    assert {path: path.read_bytes() for path in run.states} == before
    # The newest state of those there are: the kill may have fallen between letting go of the older name and taking it.
    assert int(read_tensors(run.states[0])[1]["step"]) > 0
    assert train(run.path).run().code == 0
    assert what_counts(run.path) == what_counts(tmp_path / "whole")


@pytest.mark.slow
def test_a_disk_that_fills_up_in_training(
    train: Callable[..., Command], small_disk: Callable[[int], Path], tmp_path: Path
) -> None:
    disk = small_disk(260_000)
    run = Run(disk / "run")
    assert train(Path("whole")).run().code == 0
    needed = told(train(run.path, **{"save-seconds": 1e-9}).run())
    state = (tmp_path / "whole" / run.state.name).stat().st_size
    assert needed <= state + 100
    assert not strays(run.path)
    for path in run.states:
        read_tensors(path)
    # Room is made: here, by taking the run to a larger disk.
    shutil.copytree(run.path, tmp_path / "moved")
    assert train(tmp_path / "moved").run().code == 0
    assert what_counts(tmp_path / "moved") == what_counts(tmp_path / "whole")


def test_a_disk_that_fills_up_while_a_set_is_written(
    command: Make, small_disk: Callable[[int], Path], faces: Path, tiny_run: Path
) -> None:
    disk = small_disk(120_000)
    a, b, c = sorted(faces.iterdir())[:3]
    small = command("--quiet", "morph", a, b, "-m", tiny_run, "--steps", 5, "--out", disk / "set")
    assert small.run().code == 0
    before = {path: path.read_bytes() for path in (disk / "set").rglob("*") if path.is_file()}
    for out, more in (("set", ["--force"]), ("other", [])):
        ended = command("--quiet", "morph", a, c, "-m", tiny_run, "--steps", 300, "--out", disk / out, *more).run()
        assert told(ended) > 120_000
        assert f"{disk / out}: cannot be written (no space left on device)" in ended.err
        assert {path: path.read_bytes() for path in (disk / "set").rglob("*") if path.is_file()} == before
        assert [path.name for path in disk.iterdir()] == ["set"]


def test_no_room_for_one_large_file_of_a_set(command: Make, faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    """The sheet, the provenance or the manifest: the set is told of, not the hidden folder where it was written."""
    a, b = sorted(faces.iterdir())[:2]
    morph = command("--quiet", "morph", a, b, "-m", tiny_run, "--steps", 40, "--out", "set")
    needed = told(morph.run(no_file_larger_than, 9_000))
    assert needed > 9_000
    assert not (tmp_path / "set").exists() and not list(tmp_path.glob(f"{STAGING_MARK}*"))
    assert morph.run().code == 0


def test_no_room_for_codes(command: Make, faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    encode = command("--quiet", "encode", faces, "-m", tiny_run, "--out", "codes.csv")
    needed = told(encode.run(no_file_larger_than, 2_000))
    assert not (tmp_path / "codes.csv").exists() and not list(tmp_path.glob(f"{STAGING_MARK}*"))
    assert encode.run().code == 0
    assert (tmp_path / "codes.csv").stat().st_size == needed


@pytest.mark.parametrize("film", ["gif", pytest.param("mp4", marks=NEEDS_VIDEO), "zip"])
def test_no_room_for_a_film_of_a_set(film: str, command: Make, faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    """The set is there, for it was done; the same command then makes the film alone."""
    a, b = sorted(faces.iterdir())[:2]
    morph = ["--quiet", "morph", a, b, "-m", tiny_run, "--steps", 24, "--out"]
    # A film of H.264 may be smaller than a table of the set, so that the set has to be there first.
    assert film != "mp4" or command(*morph, "set").run().code == 0
    assert command(*morph, "other").run().code == 0
    largest = max(path.stat().st_size for path in (tmp_path / "other").iterdir())
    with_film = command(*morph, "set", f"--{film}")
    needed = told(with_film.run(no_file_larger_than, 1000 if film == "mp4" else largest + 1000))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "set"]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "set").rglob("*")}
    assert with_film.run().code == 0
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "set").rglob("*")}
    size = (tmp_path / f"set.{film}").stat().st_size
    # A zip has the names of its files besides.
    assert needed == size if film != "zip" else needed <= size < needed + 300 * len(before)


@pytest.mark.parametrize("program", ["psychopy", "bids", "psychtoolbox"])
def test_no_room_for_an_export(program: str, command: Make, faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    """New, or in place of one that was there: that one stays as it was."""
    a, b, c = sorted(faces.iterdir())[:3]
    for name, ends in (("first", (a, b)), ("second", (a, c))):
        assert command("--quiet", "morph", *ends, "-m", tiny_run, "--steps", 5, "--out", name).run().code == 0
    first = command("--quiet", "export", "first", "--to", program, "--out", "experiment")
    pictures = sum(path.stat().st_size for path in (tmp_path / "first" / "stimuli").iterdir())
    assert pictures < told(first.run(no_file_larger_than, 500)) < 10 * pictures
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
    assert first.run().code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "experiment").rglob("*") if path.is_file()}
    second = command("--quiet", "export", "second", "--to", program, "--out", "experiment", "--force")
    assert told(second.run(no_file_larger_than, 500)) > pictures // 2
    assert {path: path.read_bytes() for path in (tmp_path / "experiment").rglob("*") if path.is_file()} == before
    assert second.run().code == 0
