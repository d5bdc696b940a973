"""Attacks in processes of their own, which may take so much memory and so much time, and no more."""

import contextlib
import io
import os
import resource
import shlex
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from faults.attacks import ATTACKS, clean, with_field

SECONDS, BYTES = 60, 10**9
"""By the clock, for what waits takes no other time; a machine with other work takes long for little."""
_forked = get_context("forkserver")


@dataclass(frozen=True)
class Job:
    """An attack on the file at `path`, and one of the commands that read it."""

    name: str
    path: str
    command: str
    field: tuple[tuple[Any, ...], Any] | None = None
    """Of a JSON file, the place and the odd value that is put there, instead of the attack of that name."""

    def do(self) -> None:
        """Spoil the file, in the folder that this process is in."""
        make = next(one.make for one in ATTACKS if one.name == self.name) if self.field is None else None
        (make or with_field(*self.field or ((), None)))(Path(self.path))


@dataclass(frozen=True)
class Ending:
    """What came of it: an exit code, negative where a limit ended it, and what was said."""

    job: Job
    code: int
    err: str
    seconds: float


def attack(world: Path, cache: Path, jobs: Sequence[Job], seconds: int = SECONDS) -> list[Ending]:
    """Each of them in turn. A process does many; one that dies is followed by another, which goes on after that."""
    good = {job.path: (world / job.path).read_bytes() for job in jobs}
    endings: list[Ending] = []
    while len(endings) < len(jobs):
        left = jobs[len(endings) :]
        ours, theirs = _forked.Pipe(duplex=False)
        process: Any = _forked.Process(target=_attack, args=(world, cache, good, left, theirs, seconds))
        process.start()
        theirs.close()
        with contextlib.suppress(EOFError):
            for job in left:
                endings.append(Ending(job, *ours.recv()))
        process.join()
        if len(endings) < len(jobs) and process.exitcode:
            endings.append(Ending(jobs[len(endings)], process.exitcode, "", seconds))
    return endings


def _attack(
    world: Path, cache: Path, good: Mapping[str, bytes], jobs: Sequence[Job], results: Any, seconds: int
) -> None:
    import torch

    from gaia_stim import cli

    os.chdir(world)
    os.environ.pop("GAIA_STIM_MODEL", None)
    os.environ["GAIA_STIM_CACHE"] = str(cache)
    os.environ["COLUMNS"] = "1000"
    torch.set_num_threads(1)
    for job in jobs:
        _restore(good)
        job.do()
        began = time.monotonic()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        with _bounded():
            code, err = _run(cli.main, ["-q", *shlex.split(job.command)])
        signal.alarm(0)
        _restore(good)
        results.send((code, err, time.monotonic() - began))
    results.close()


def _restore(good: Mapping[str, bytes]) -> None:
    """What was attacked, whatever is left of it, and nothing that a command made."""
    clean(*Path().glob("out*"), *Path().glob(".out*"))
    for name, content in good.items():
        clean(Path(name))
        Path(name).write_bytes(content)


@contextlib.contextmanager
def _bounded() -> Any:
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _run(main: Callable[[list[str]], int], words: list[str]) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except BaseException:
            code = 99
            traceback.print_exc(file=err)
    return code, err.getvalue()
