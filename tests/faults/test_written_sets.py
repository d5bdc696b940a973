"""FAULTS 2 and 12 for everything else that is written: a set is whole or not there, whoever is killed on the way."""

import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.conftest import ROUND, times
from faults.processes import Command, count_changes, die_at_change, die_at_write
from gaia_stim.errors import DataError
from gaia_stim.files import OLD_MARK, STAGING_MARK, locked, staged_folder
from gaia_stim.stimuli.sets import StimulusSet

Make = Callable[..., Command]
Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def morph(command: Make, faces: Path, tiny_run: Path) -> Callable[..., Command]:
    """A continuum between the first image and another one."""

    def morph(*more: object, to: int = 1, steps: int = 24, out: str = "set") -> Command:
        images = sorted(faces.iterdir())
        return command("-q", "morph", images[0], images[to], "-m", tiny_run, "--steps", steps, "--out", out, *more)

    return morph


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(f"{STAGING_MARK}*")]


def whole(folder: Path, contents: Contents) -> dict[str, bytes]:
    """A set's files, each of which its manifest tells of."""
    made = StimulusSet.open(folder)
    assert len(list(made.pictures())) == len(made)
    return contents(folder)


def test_killed_at_random_points_of_a_set(morph: Callable[..., Command], tmp_path: Path, contents: Contents) -> None:
    tally = tmp_path / "tally"
    assert morph("--gif", out="expected", steps=40).run(count_changes, tally).code == 0
    expected = contents(tmp_path / "expected")
    for point in random.Random(ROUND).sample(range(tally.stat().st_size), times(5, 50)):
        killed = morph("--gif", steps=40).run(die_at_change, point)
        assert killed.code == -signal.SIGKILL, killed.err
        if (tmp_path / "set").exists():
            assert whole(tmp_path / "set", contents) == expected
            shutil.rmtree(tmp_path / "set")
    assert morph("--gif", steps=40).run().code == 0
    assert whole(tmp_path / "set", contents) == expected
    assert left(tmp_path) == []


@pytest.mark.parametrize("point", range(0, 16, times(4, 1)))
def test_killed_at_every_point_of_replacing_a_set(
    point: int, morph: Callable[..., Command], tmp_path: Path, contents: Contents
) -> None:
    """Either set is there, or, between two renames, neither; the same command puts the new one there all the same."""
    for out in ("set", "old"):
        assert morph(out=out).run().code == 0
    assert morph(to=2, out="new").run().code == 0
    old, new = contents(tmp_path / "old"), contents(tmp_path / "new")
    killed = morph("--force", to=2).run(die_at_write, point)
    assert killed.code in (0, -signal.SIGKILL), killed.err
    if (tmp_path / "set").exists():
        assert whole(tmp_path / "set", contents) in (old, new)
    else:
        [aside] = tmp_path.glob(f"{STAGING_MARK}set-*{OLD_MARK}")
        assert whole(aside / "set", contents) == old
    ended = morph("--force", to=2).run()
    assert ended.code == 0, ended.err
    assert whole(tmp_path / "set", contents) == new
    assert left(tmp_path) == []


def test_a_set_that_was_moved_aside_is_put_back(tmp_path: Path) -> None:
    """Where the next attempt fails too, what was there is there again."""
    aside = tmp_path / f"{STAGING_MARK}set-abcdefgh{OLD_MARK}"
    (aside / "set").mkdir(parents=True)
    (aside / "set" / "x").write_text("old")
    with pytest.raises(RuntimeError), staged_folder(tmp_path / "set"):
        raise RuntimeError
    assert (tmp_path / "set" / "x").read_text() == "old"
    assert left(tmp_path) == []


def test_only_what_the_dead_left_of_this_very_folder_is_cleared(tmp_path: Path) -> None:
    others = ["sets-abcdefgh", "my-set-abcdefgh", "set-x-abcdefgh", "set-ABCDEFGH", "set-abc", "set-abcdefgh.old.bak"]
    mine = ["set-abcdefgh", "set-12345678", f"set-zyxwvuts{OLD_MARK}"]
    for name in (*others, *mine):
        (tmp_path / f"{STAGING_MARK}{name}").mkdir()
        (tmp_path / f"{STAGING_MARK}{name}" / "x").write_text("x")
    with locked(tmp_path / f"{STAGING_MARK}set-12345678") as is_ours, staged_folder(tmp_path / "set"):
        assert is_ours  # someone is at work in it
    assert sorted(left(tmp_path)) == sorted(f"{STAGING_MARK}{name}" for name in (*others, "set-12345678"))


def test_two_writers_of_one_set(morph: Callable[..., Command], tmp_path: Path, contents: Contents) -> None:
    """Both do the same work; neither clears away the other's, and the set is whole whoever comes last."""
    assert morph(out="expected", steps=60).run().code == 0
    both = [morph("--force", steps=60).start() for _ in range(2)]
    for one in both:
        ended = one.wait()
        assert ended.code in (0, 2, 3), ended.err
        assert "Traceback" not in ended.err and "bug" not in ended.err
    assert whole(tmp_path / "set", contents) == contents(tmp_path / "expected")
    assert left(tmp_path) == []


def test_a_reader_while_a_set_is_replaced(morph: Callable[..., Command], tmp_path: Path) -> None:
    """It sees one set or the other, or for a moment none; never half of one and half of the other."""
    assert morph().run().code == 0
    started = morph("--force", to=2).start()
    seen = set()
    while started.is_alive:
        try:
            rows = StimulusSet.open(tmp_path / "set").rows()
        except (DataError, FileNotFoundError):
            continue
        seen.add(rows[-1].image_hash)
    assert started.wait().code == 0
    seen.add(StimulusSet.open(tmp_path / "set").rows()[-1].image_hash)
    assert 1 <= len(seen) <= 2


def test_killed_while_codes_are_written(command: Make, faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    def encode(out: str) -> Command:
        return command("-q", "encode", faces, "-m", tiny_run, "--out", out)

    assert encode("expected.csv").run().code == 0
    for point in range(4):
        killed = encode("codes.csv").run(die_at_write, point)
        assert killed.code == -signal.SIGKILL
        if (tmp_path / "codes.csv").exists():
            assert (tmp_path / "codes.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
    assert encode("codes.csv").run().code == 0
    assert (tmp_path / "codes.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
