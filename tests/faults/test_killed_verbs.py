"""Each verb that writes is killed at any change of the disk: nothing half-written, and the same command mends it."""

import contextlib
import json
import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from faults.conftest import ROUND, times
from faults.processes import Command, Started, count_changes, die_at_change
from gaia_stim.files import STAGING_MARK

Make = Callable[..., Command]
Contents = Callable[[Path], dict[str, bytes]]

VERBS = {
    "encode": "encode faces -m run --out out.csv",
    "scale": "scale results.csv --out out",
    "evaluate": "evaluate run --images faces --out out.json",
    "compare": "compare run --images faces --out out",
    "match": "match set --luminance --out out",
    "audit": "audit set --out out",
    "align": "align faces --points points.csv --size 16 --out out",
    "figure": "figure set --out out.svg",
    "export-decoder": "export-decoder run --out out",
    "sample": "sample --images faces --n 3 -m run --out out",
}
TELLS_TIMES = re.compile(r"comparison\.html$")
"""What a verb writes anew each time."""


@pytest.fixture
def inside(lab: Path, tmp_path: Path) -> Path:
    """What verbs read, in the test's own folder."""
    for one in lab.iterdir():
        (tmp_path / one.name).symlink_to(one)
    return tmp_path


def made(folder: Path, contents: Contents) -> dict[str, bytes]:
    """What a verb wrote, its record and what it did not finish among it."""
    beside = [path for path in folder.iterdir() if path.name.startswith((".out", "out", STAGING_MARK))]
    found: dict[str, bytes] = {}
    for one in beside:
        here = contents(one) if one.is_dir() else {"": one.read_bytes()}
        found |= {f"{one.name}/{name}": content for name, content in here.items()}
    return found


def clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name.startswith((".out", "out", STAGING_MARK)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_killed(verb: str, inside: Path, command: Make, contents: Contents) -> None:
    """What has its name is whole: byte for byte as of a command that nobody killed."""
    asked = command("-q", *VERBS[verb].split())
    tally = inside / "tally"
    ended = asked.run(count_changes, tally)
    assert ended.code == 0, ended.err
    expected = made(inside, contents)
    assert expected
    points = range(tally.stat().st_size)
    for point in random.Random(f"{verb} {ROUND}").sample(points, min(len(points), times(2, 12))):
        clear(inside)
        killed = asked.run(die_at_change, point)
        assert killed.code == -signal.SIGKILL, (point, killed)
        left = {name: content for name, content in made(inside, contents).items() if not unfinished(name)}
        assert left.items() <= expected.items(), (point, sorted(left))
        ended = asked.run()
        assert ended.code == 0, (point, ended.err)
        assert made(inside, contents) == expected, point


def unfinished(name: str) -> bool:
    return name.startswith(STAGING_MARK)
