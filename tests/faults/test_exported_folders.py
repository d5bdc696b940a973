"""An export is whole or not there, whoever is killed on the way or writes into the same folder."""

import contextlib
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.conftest import ROUND, strays, times
from faults.processes import Command, Ended, count_changes, die_at_change
from gaia_stim.export import EXPORTERS
from gaia_stim.files import OLD_MARK, STAGING_MARK, stamp

Make = Callable[..., Command]
Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def made(faces: Path, tiny_run: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two sets, and a design over each."""
    folder = tmp_path_factory.mktemp("made")
    a, b, c = sorted(faces.iterdir())[:3]
    for name, other in (("one", b), ("two", c)):
        for words in (
            ["morph", a, other, "-m", tiny_run, "--steps", 3, "--out", name],
            ["design", "2afc", name, "--participants", 2, "--out", f"{name}-design"],
        ):
            ended = Command(["-q", *map(str, words)], folder, cache).run()
            assert ended.code == 0, ended.err
    return folder


@pytest.fixture
def export(command: Make, made: Path) -> Callable[..., Command]:
    def export(program: str, *more: object, which: str = "one", out: str = "experiment") -> Command:
        design = ("--design", made / f"{which}-design")
        return command("-q", "export", made / which, "--to", program, *design, "--out", out, *more)

    return export


@pytest.mark.slow
def test_killed_at_random_points_of_exporting(
    export: Callable[..., Command], tmp_path: Path, contents: Contents
) -> None:
    """For every program: nothing of it is there, or all of it, and the same command ends in the same bytes."""
    chance, out, kills = random.Random(ROUND), tmp_path / "experiment", times(len(EXPORTERS), 56)
    for program in EXPORTERS:
        tally = tmp_path / f"{program}.tally"
        assert export(program, out=program).run(count_changes, tally).code == 0
        expected = contents(tmp_path / program)
        for point in chance.sample(range(tally.stat().st_size), kills // len(EXPORTERS)):
            killed = export(program).run(die_at_change, point)
            assert killed.code == -signal.SIGKILL, killed.err
            assert not out.exists() or contents(out) == expected, (program, point)
            ended = export(program).run()
            assert ended.code == 0, ended.err
            assert contents(out) == expected and not strays(out), (program, point)
            shutil.rmtree(out)


def test_killed_at_points_of_replacing_an_export(
    export: Callable[..., Command], tmp_path: Path, contents: Contents
) -> None:
    """The old one or the new one; for a moment between two renames the old one lies aside."""
    program, out, tally = "psychopy", tmp_path / "experiment", tmp_path / "tally"
    for which in ("one", "two"):
        assert export(program, which=which, out=which).run().code == 0
    old, new = contents(tmp_path / "one"), contents(tmp_path / "two")
    shutil.copytree(tmp_path / "one", out)
    assert export(program, "--force", which="two").run(count_changes, tally).code == 0
    for point in range(0, tally.stat().st_size, times(10, 2)):
        shutil.rmtree(out)
        shutil.copytree(tmp_path / "one", out)
        killed = export(program, "--force", which="two").run(die_at_change, point)
        assert killed.code == -signal.SIGKILL, killed.err
        if out.exists():
            assert contents(out) in (old, new), point
        else:
            [aside] = tmp_path.glob(f"{STAGING_MARK}experiment-*{OLD_MARK}")
            assert contents(aside / "experiment") == old
        ended = export(program, "--force", which="two").run()
        assert ended.code == 0, ended.err
        assert contents(out) == new and not strays(out), point


@pytest.mark.parametrize("program", times(["jspsych"], ["jspsych", "psychtoolbox", "bids"]))
def test_two_exports_into_one_folder(
    program: str, export: Callable[..., Command], tmp_path: Path, contents: Contents
) -> None:
    """The same one twice, and two different ones: one is whole in the end, and none of the two is told a bug."""
    for which in ("one", "two"):
        assert export(program, which=which, out=which).run().code == 0
    whole = [contents(tmp_path / which) for which in ("one", "two")]
    for second in ("one", "two"):
        shutil.rmtree(tmp_path / "experiment", ignore_errors=True)
        both = [export(program, which=which).start() for which in ("one", second)]
        ended = [one.wait() for one in both]
        assert {one.code for one in ended} <= {0, 2, 3} and 0 in {one.code for one in ended}, ended
        assert all(is_told(one) for one in ended), ended
        assert contents(tmp_path / "experiment") in whole and not strays(tmp_path / "experiment")


def test_a_reader_while_an_export_is_replaced(
    export: Callable[..., Command], tmp_path: Path, contents: Contents
) -> None:
    """Who finds the same folder before and after reading has read the old one or the new one, whole."""
    for which in ("one", "two"):
        assert export("psychopy", which=which, out=which).run().code == 0
    old, new = (contents(tmp_path / which) for which in ("one", "two"))
    out, seen = Path(shutil.copytree(tmp_path / "one", tmp_path / "experiment")), 0
    started = export("psychopy", "--force", which="two").start()
    while started.is_alive:
        before = stamp(out)
        with contextlib.suppress(FileNotFoundError):
            found = contents(out)
            if before and stamp(out) == before:
                assert found in (old, new)
                seen += 1
    assert started.wait().code == 0 and seen > 0
    assert contents(out) == new


def is_told(ended: Ended) -> bool:
    return "Traceback" not in ended.err and "bug" not in ended.err and (ended.code == 0) == (not ended.err)
