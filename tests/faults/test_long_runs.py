"""Overnight: memory, open files, threads and logs stay as they are after a while, whatever is done thousands of times.

What grows is measured as bytes for each thing done, over all but the beginning: caches and allocators fill up first.
Each is done in a process of its own, for in this one other tests have left memory that would be filled unseen.
"""

import contextlib
import ctypes
import gc
import io
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

from faults.attacks import clean
from faults.conftest import ROUND, SLOW, times
from faults.world import make_world
from gaia_stim import cli
from gaia_stim.config import MorphConfig, TrainConfig
from gaia_stim.events import Event, Progress
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.train import train
from gaia_stim.space.space import Space
from gaia_stim.training import loop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counted as Linux counts")

LIBC = ctypes.CDLL(None)
BEGINNING = 0.4
"""Of a run: what is not looked at."""


class Held(NamedTuple):
    """What this process holds."""

    memory: int
    """Bytes of its own: pages of files (torch's libraries) come and go as the machine needs them."""
    files: int
    threads: int

    @classmethod
    def now(cls) -> "Held":
        process = psutil.Process()
        # What was freed is nobody's, but the allocator may keep it for the next who asks.
        gc.collect()
        LIBC.malloc_trim(0)
        [anonymous] = [line for line in Path("/proc/self/status").read_text().splitlines() if "RssAnon" in line]
        return cls(int(anonymous.split()[1]) * 1024, process.num_fds(), process.num_threads())


class Watched:
    """What a process holds, looked at again and again."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.held: list[Held] = []
        # What was imported is not looked through each time.
        gc.freeze()

    def look(self, done: int) -> None:
        self.done.append(done)
        self.held.append(Held.now())

    @property
    def growth(self) -> float:
        """Bytes for each thing done, after the beginning: the middle one of the slopes of three parts.

        A leak goes on through all of them; an allocator that takes a few megabytes more does so once.
        """
        late = [place for place, done in enumerate(self.done) if done >= BEGINNING * self.done[-1]]
        done, memory = np.array(self.done), np.array([one.memory for one in self.held])
        slopes = [np.polyfit(done[part], memory[part], 1)[0] for part in np.array_split(late, 3)]
        return float(np.median(slopes))

    def check(self, most: float) -> None:
        """Memory grows by at most so many bytes for each thing done; files and threads are the same at each look."""
        late = [one for done, one in zip(self.done, self.held, strict=True) if done >= BEGINNING * self.done[-1]]
        assert len(late) >= 20
        assert {one.files for one in late} == {late[0].files}
        assert {one.threads for one in late} == {late[0].threads}
        assert self.growth < most


def alone(work: Callable[..., Watched], *arguments: object) -> Watched:
    """What was looked at while a new process did the work."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def do_often(count: int, do: Callable[[int], object]) -> Watched:
    watched = Watched()
    for number in range(count):
        do(number)
        if number % max(1, count // 100) == 0:
            watched.look(number)
    return watched


def leak() -> Watched:
    leaked: list[bytes] = []
    return do_often(20_000, lambda number: leaked.append(os.urandom(1024)))


def in_turn(place: int) -> pytest.MarkDecorator:
    """One of the four long runs in each round of the slow suite."""
    return pytest.mark.skipif(SLOW and place != ROUND % 4, reason=f"in rounds {place}, {place + 4}, {place + 8}")


@pytest.mark.slow
def test_a_leak_would_be_seen() -> None:
    """A kilobyte each time is found, to a tenth."""
    assert 900 < alone(leak).growth < 1300


TINY = {"preset": "tiny", "size": 16, "latent": 2, "width": 4, "batch": 4, "threads": 1}
OFTEN = {"validations": 100, "sheets": 20, "save_seconds": 0.25}


def take_steps(faces: Path, out: Path, steps: int) -> Watched:
    loop.PROGRESS_SECONDS = -1
    watched = Watched()

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "training" and event.done % (4 * steps // 200) == 0:
            watched.look(event.done // 4)

    train(TrainConfig.model_validate({"images": faces, "out": out, "images_seen": 4 * steps, **TINY, **OFTEN}), listen)
    return watched


@pytest.mark.slow
@in_turn(0)
def test_thousands_of_steps(faces: Path, tmp_path: Path) -> None:
    """A training saves, validates, logs and draws on the way; its log has as many rows however long it is."""
    alone(take_steps, faces, tmp_path / "run", times(400, 3000)).check(times(20_000, 1000))
    log = (tmp_path / "run" / "log.jsonl").read_bytes()
    assert len(log.splitlines()) <= loop.LOG_ROWS + OFTEN["validations"] and len(log) < 200_000


def make_morphs(faces: Path, run: Path, count: int) -> Watched:
    space, images = Space.load(run), sorted(faces.iterdir())
    pairs = [(images[number % 60], images[number * 7 % 60]) for number in range(count)]
    return do_often(count, lambda number: space.morph(*pairs[number], 5))


@pytest.mark.slow
@in_turn(1)
def test_thousands_of_morphs(faces: Path, tiny_run: Path) -> None:
    alone(make_morphs, faces, tiny_run, times(100, 5000)).check(times(20_000, 500))


def write_sets(faces: Path, run: Path, count: int) -> Watched:
    images = sorted(faces.iterdir())

    def written(number: int) -> None:
        ends = images[number % 60], images[(number + 1 + number // 60) % 60]
        morph(MorphConfig(first=ends[0], second=ends[1], steps=5, out=Path("set"), model=run, force=True))

    return do_often(count, written)


@pytest.mark.slow
@in_turn(2)
def test_many_written_sets(faces: Path, tiny_run: Path) -> None:
    """Each set replaces the one before; that a recipe's memory of what it made is bounded, tests/pipeline tells."""
    alone(write_sets, faces, tiny_run, times(40, 1000)).check(times(100_000, 2000))


COMMANDS = (
    "info set",
    "info run --card",
    "cite set",
    "report set --out out.html",
    "figure set --out out.svg",
    "figure scaled --out out.pdf",
    "chain faces --state serve.sqlite -m run --chain 1 --out out",
    "export-decoder run --out out",
    "export set --design design --to jspsych --out out",
    "design questplus set --out out",
    "attributes show vectors -m run --out out",
    "audit set --out out",
    "match set --luminance --out out",
)
"""Of a small world, in turn."""


def give_commands(faces: Path, run: Path, home: Path, count: int) -> Watched:
    os.chdir(home)
    make_world(home, faces, run, rare=False)

    def given(number: int) -> None:
        command = COMMANDS[number % len(COMMANDS)]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            code = cli.main(["-q", *command.split()])
        assert code == 0, (command, said.getvalue())
        clean(*Path().glob("out*"), *Path().glob(".out*"))

    return do_often(count, given)


@pytest.mark.slow
@in_turn(3)
def test_thousands_of_commands(faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    """In one process, as a notebook or a server of somebody's gives them."""
    alone(give_commands, faces, tiny_run, tmp_path, times(60, 2000)).check(times(200_000, 20_000))
