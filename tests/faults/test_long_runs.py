"""Overnight: memory, open files, threads and logs stay as they are after a while, whatever is done thousands of times.

What grows is measured as bytes for each thing done, over all but the beginning: caches and allocators fill up first.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

from faults.conftest import times
from gaia_stim.config import MorphConfig, TrainConfig
from gaia_stim.events import Event, Progress
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.train import train
from gaia_stim.space.space import Space
from gaia_stim.training import loop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counted as Linux counts")

BEGINNING = 0.4
"""Of a run: what is not looked at."""


@pytest.fixture(autouse=True)
def _nothing_is_left_of_others() -> None:
    """A leak would go unseen in memory that earlier tests gave back; a file they left may be closed meanwhile."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


class Held(NamedTuple):
    """What this process holds."""

    memory: int
    """Bytes."""
    files: int
    threads: int

    @classmethod
    def now(cls) -> "Held":
        process = psutil.Process()
        return cls(process.memory_info().rss, process.num_fds(), process.num_threads())


class Watched:
    """What a process holds, looked at again and again."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.held: list[Held] = []

    def look(self, done: int) -> None:
        self.done.append(done)
        self.held.append(Held.now())

    @property
    def growth(self) -> float:
        """Bytes for each thing done: the slope of the least squares after the beginning."""
        late = [place for place, done in enumerate(self.done) if done >= BEGINNING * self.done[-1]]
        done, memory = np.array(self.done)[late], np.array([one.memory for one in self.held])[late]
        return float(np.polyfit(done, memory, 1)[0])

    def check(self, most: float) -> None:
        """Memory grows by at most so many bytes for each thing done; files and threads are the same at each look."""
        late = [one for done, one in zip(self.done, self.held, strict=True) if done >= BEGINNING * self.done[-1]]
        assert len(late) >= 20
        assert {one.files for one in late} == {late[0].files}
        assert {one.threads for one in late} == {late[0].threads}
        assert self.growth < most


def test_a_leak_would_be_seen() -> None:
    """A kilobyte each time is found, to a tenth."""
    watched, leak = Watched(), []
    for done in range(20_000):
        leak.append(os.urandom(1024))
        if done % 200 == 0:
            watched.look(done)
    assert 900 < watched.growth < 1300


def test_thousands_of_steps(faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training saves, validates, logs and draws on the way; its log has as many rows however long it is."""
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", -1)
    watched, steps = Watched(), times(400, 3000)

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "training" and event.done % (4 * steps // 200) == 0:
            watched.look(event.done // 4)

    tiny = {"preset": "tiny", "size": 16, "latent": 2, "width": 4, "batch": 4, "threads": 1}
    often = {"validations": 100, "sheets": 20, "save_seconds": 0.05}
    config = TrainConfig.model_validate(
        {"images": faces, "out": tmp_path / "run", "images_seen": 4 * steps, **tiny, **often}
    )
    train(config, listen)
    watched.check(times(20_000, 2000))
    log = (tmp_path / "run" / "log.jsonl").read_bytes()
    assert len(log.splitlines()) <= loop.LOG_ROWS + config.validations and len(log) < 200_000


def do_often(count: int, do: Callable[[int], object]) -> Watched:
    watched = Watched()
    for number in range(count):
        do(number)
        if number % max(1, count // 100) == 0:
            watched.look(number)
    return watched


def test_thousands_of_morphs(faces: Path, tiny_run: Path) -> None:
    space, images = Space.load(tiny_run), sorted(faces.iterdir())
    pairs = [(images[number % 60], images[number * 7 % 60]) for number in range(times(100, 5000))]
    do_often(len(pairs), lambda number: space.morph(*pairs[number], 5)).check(times(20_000, 500))


def test_many_written_sets(faces: Path, tiny_run: Path) -> None:
    """One process, each set replacing the one before; a recipe's memory of what it made is bounded elsewhere."""
    images = sorted(faces.iterdir())

    def written(number: int) -> None:
        ends = images[number % 60], images[(number + 1 + number // 60) % 60]
        morph(MorphConfig(first=ends[0], second=ends[1], steps=5, out=Path("set"), model=tiny_run, force=True))

    do_often(times(40, 400), written).check(times(100_000, 2000))
