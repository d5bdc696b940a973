"""What the faults have in common: a small world to break, and how often to break it."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from faults.processes import Command
from gaia_stim.files import STAGING_MARK, hash_file
from gaia_stim.runs import Run

SLOW = os.environ.get("GAIA_STIM_SLOW", "0") not in ("", "0")

TINY: dict[str, Any] = {
    "preset": "tiny",
    "size": 16,
    "latent": 2,
    "width": 4,
    "batch": 4,
    "threads": 1,
    "sheets": 0,
    "pretrain": 0.0,
}
"""A training of a second, which plays the game from its first step."""

ROUND = int(os.environ.get("GAIA_STIM_ROUND", "0"))
"""Of many repetitions of all faults: each breaks at other places (`make test-faults ROUND=3`)."""

LONGEST = ("test_long_runs", "test_any_record", "test_odd_values_in_records")
"""Parts of the names of tests that take a minute and more in the slow suite."""

T = TypeVar("T")


def times(few: T, many: T) -> T:
    """How often, or on what, to try: `many` where there is time."""
    return many if SLOW else few


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first, so that no process waits for another's at the end."""
    items.sort(key=lambda item: not any(name in item.nodeid for name in LONGEST))


@pytest.fixture
def command(tmp_path: Path, cache: Path) -> Callable[..., Command]:
    """A command line of ours, to be given to a process of its own in the test's folder."""

    def command(*words: object, own_cache: Path | None = None) -> Command:
        return Command([str(word) for word in words], tmp_path, own_cache or cache)

    return command


@pytest.fixture(scope="session")
def lab(faces: Path, tiny_run: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what verbs read: images, points, a run, codes, a set, a design and its results.

    Not to be written into.
    """
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(faces, home / "faces")
    shutil.copytree(tiny_run, home / "run")
    a, b = (Path("faces") / name for name in ("face_00002.png", "face_00005.png"))
    for words in (
        ["morph", a, b, "--steps", 4, "-m", "run", "--out", "set"],
        ["encode", a, b, "-m", "run", "--out", "codes.csv"],
        ["design", "2afc", "set", "--out", "design"],
    ):
        ended = Command(["-q", *map(str, words)], home, cache).run()
        assert ended.code == 0, ended.err
    with (home / "design" / "trials.csv").open() as stream:
        trials = [row | {"response": row["correct"], "rt": "0.5"} for row in csv.DictReader(stream)]
    write_table(home / "results.csv", trials)
    three = (("0", 10, 14), ("1", 21, 14), ("2", 16, 24))
    names = [path.name for path in sorted((home / "faces").glob("*.png"))]
    points = [{"image": image, "landmark": name, "x": x, "y": y} for image in names for name, x, y in three]
    write_table(home / "points.csv", points)
    return home


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make a disk of so many bytes; skips where nothing may be mounted."""
    if sys.platform != "linux":
        pytest.skip("no tmpfs here")
    mounted: list[Path] = []

    def make(size: int) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True
        )
        if made.returncode:
            pytest.skip(f"nothing may be mounted here ({made.stderr.strip()})")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def what_counts(folder: Path) -> dict[str, str]:
    """What a run is in the end, to the bit."""
    run = Run(folder)
    return {path.name: hash_file(path) for path in (run.weights, run.last_weights, run.state)}


def strays(folder: Path) -> list[str]:
    """What is not finished below a folder, and beside it."""
    return [path.name for place in (folder.parent, folder) for path in place.glob(f"{STAGING_MARK}*")]
