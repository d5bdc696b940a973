"""Attacks in processes of their own, which may take so much memory and so much time, and no more."""

import contextlib
import io
import os
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from faults.attacks import ATTACKS, clean, with_field
from faults.whole import check_whole
from gaia_stim.files import STAGING_MARK

SECONDS, WAITED, BYTES = 20, 60, 10**9
"""What an attack may take: of a processor; by the clock, for what waits takes no processor (and a machine with other
work takes long for little); and of memory, all that the process has when it has most, torch among it, and as much that
it maps beyond that with which it begins (torch's libraries alone map 5 GB).
"""
_forked = get_context("forkserver")


@dataclass(frozen=True)
class Job:
    """An attack on the file at `path`, and one of the commands that read it."""

    name: str
    path: str
    command: str
    is_needed: bool = True
    field: tuple[tuple[Any, ...], Any] | None = None
    """Of a JSON file, the place and the odd value that is put there, instead of the attack of that name."""

    def do(self) -> None:
        """Spoil the file, in the folder that this process is in; without a name it stays good."""
        if not self.name:
            return
        make = next(one.make for one in ATTACKS if one.name == self.name) if self.field is None else None
        (make or with_field(*self.field or ((), None)))(Path(self.path))


@dataclass(frozen=True)
class Ending:
    """What came of it: an exit code, negative where a limit ended it, what was said, and what else is wrong."""

    job: Job
    code: int
    err: str
    left: str
    """What is not whole of what was written, or was left by a command that failed; empty where all is well."""
    seconds: float
    """Of a processor."""
    memory: int
    """Bytes, when it had most."""


def attack(world: Path, cache: Path, jobs: Sequence[Job], seconds: int = SECONDS) -> list[Ending]:
    """Each of them in turn, in a copy of the world. A process does many; one that dies is followed by another, which
    goes on after that.
    """
    endings: list[Ending] = []
    while len(endings) < len(jobs):
        left = jobs[len(endings) :]
        ours, theirs = _forked.Pipe(duplex=False)
        with TemporaryDirectory() as folder:
            process: Any = _forked.Process(target=_attack, args=(world, Path(folder), cache, left, theirs, seconds))
            process.start()
            theirs.close()
            with contextlib.suppress(EOFError):
                for job in left:
                    endings.append(Ending(job, *ours.recv()))
            process.join()
        if len(endings) < len(jobs) and process.exitcode:
            endings.append(Ending(jobs[len(endings)], process.exitcode, "", "", seconds, 0))
    return endings


def _attack(world: Path, copy: Path, cache: Path, jobs: Sequence[Job], results: Any, seconds: int) -> None:
    import torch

    from gaia_stim import cli
    from gaia_stim.config.verbs import VERBS

    shutil.copytree(world, copy / "world")
    os.chdir(copy / "world")
    tempfile.tempdir = str(copy / "temporary")
    (copy / "temporary").mkdir()
    os.environ.pop("GAIA_STIM_MODEL", None)
    os.environ["GAIA_STIM_CACHE"] = str(cache)
    os.environ["COLUMNS"] = "1000"
    torch.set_num_threads(1)
    for verb in VERBS.values():
        # An attack does not pay for what is imported.
        verb.function()
    reached = watched(copy / "world", copy / "temporary", cache)
    for job in jobs:
        job.do()
        Path("/proc/self/clear_refs").write_text("5")
        began = time.process_time()
        reached.clear()
        with _bounded(seconds):
            code, err = _run(cli.main, ["-q", *shlex.split(job.command)])
        out_of_bounds = ", ".join(reached)
        took, memory = time.process_time() - began, _most_memory()
        results.send((code, err, out_of_bounds or _left(code), took, memory))
        _restore(world, job)
    results.close()


REACHING = (
    "socket.connect",
    "socket.getaddrinfo",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "pickle.find_class",
)
"""What no file may bring about, as Python's audit events: the network, other programs, unpickled classes."""
CHANGED = {
    **dict.fromkeys(("os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"), slice(0, 1)),
    **dict.fromkeys(("os.link", "os.symlink"), slice(1, 2)),
    "os.rename": slice(0, 2),
}
"""Events, and which of what comes with them are the paths that are changed; `open` is asked for its flags."""


def watched(*places: Path) -> list[str]:
    """What this process does from now on that nobody's file may bring about: whom it reaches, and what it changes in
    other places than these.
    """
    inside = [path.resolve() for path in (*places, Path("/dev"), Path("/proc/self"))]
    reached: list[str] = []

    def see(event: str, given: tuple[Any, ...]) -> None:
        if event in REACHING:
            reached.append(f"{event} {given[:1]}")
        for path in _changed(event, given):
            real = path.absolute().parent.resolve() / path.name
            if not any(real.is_relative_to(place) for place in inside):
                reached.append(f"{event} {path}")

    sys.addaudithook(see)
    return reached


def _changed(event: str, given: tuple[Any, ...]) -> list[Path]:
    """The paths that an event changes; of a file that is open already there is no path."""
    found = given[CHANGED.get(event, slice(0))]
    if event == "open" and (given[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        found = given[:1]
    paths = [Path(os.fsdecode(one)) for one in found if isinstance(one, (str, bytes, os.PathLike))]
    # A folder that is there already is not made.
    return [path for path in paths if event != "os.mkdir" or not path.is_dir()]


def _restore(world: Path, job: Job) -> None:
    """What was attacked, whatever is left of it, and nothing that a command made."""
    clean(*Path().glob("out*"), *Path().glob(".out*"))
    for part in {Path(job.path).parts[0], "runs"}:
        clean(Path(part))
        copy = shutil.copytree if (world / part).is_dir() else shutil.copy2
        copy(world / part, part)


def _most_memory() -> int:
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def _left(code: int) -> str:
    """What is wrong with what stands there now; empty where nothing is."""
    strays = [str(path) for path in Path().rglob(f"{STAGING_MARK}*")]
    made = [path for path in Path().glob("out*") if path.is_dir() or code == 0]
    if strays or (code and made):
        return f"{[*strays, *map(str, made)][0]} was left"
    try:
        for path in made:
            check_whole(path)
    except Exception as error:
        return f"what was written is not whole: {error!r}"
    return ""


@contextlib.contextmanager
def _bounded(seconds: int) -> Any:
    """Whatever takes longer ends the process; whatever takes more memory gets none."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.alarm(WAITED)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (taken + BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)


def _run(main: Callable[[list[str]], int], words: list[str]) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except BaseException:
            code = 99
            traceback.print_exc(file=err)
    return code, err.getvalue()
