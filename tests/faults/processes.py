"""Real processes to kill: forked from a server that has imported all that they need, so that each costs a moment."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

_forked = get_context("forkserver")
# An optimiser imports torch._dynamo, which takes longer than all else; scipy imports its parts when they are used.
_forked.set_forkserver_preload(
    [
        *("torch._dynamo", "scipy.interpolate", "scipy.ndimage", "skimage.metrics", "rich.progress"),
        *(f"gaia_stim.cli.{name}" for name in ("app", "console", "results")),
        *(
            f"gaia_stim.pipeline.{name}"
            for name in (
                *("train", "morphs", "match", "audit", "report", "designs", "export"),
                *("codes", "scale", "evaluate", "compare", "align", "explorer", "info", "publish", "portable"),
            )
        ),
        *(f"gaia_stim.pipeline.attributes_{name}" for name in ("fit", "apply", "show")),
        *(f"gaia_stim.export.{name}" for name in ("bids", "psychtoolbox", "opensesame")),
        "gaia_stim.recipe.run",
    ]
)


class Ended(NamedTuple):
    """How a process ended: its exit code, negative for the signal that killed it, and what it had to say."""

    code: int
    err: str


@dataclass(frozen=True)
class Command:
    """A command line, and where it is given."""

    words: list[str]
    folder: Path
    cache: Path

    def start(self, fault: Callable[..., None] | None = None, *arguments: object) -> "Started":
        """Start it in a process of its own, in which `fault(*arguments)` is called first."""
        log = self.folder / f"stderr-{time.monotonic_ns()}.txt"
        process: Any = _forked.Process(target=_obey, args=(self, log, fault, arguments))
        process.start()
        return Started(process, log)

    def start_together(self, size: int = 2) -> list["Started"]:
        """Start it in processes that are to work together, as torchrun and srun do."""
        meeting = self.folder / f"meeting-{time.monotonic_ns()}"
        return [self.start(as_rank, rank, size, meeting) for rank in range(size)]

    def run(self, fault: Callable[..., None] | None = None, *arguments: object) -> Ended:
        return self.start(fault, *arguments).wait()


@dataclass(frozen=True)
class Started:
    process: Any
    log: Path

    @property
    def is_alive(self) -> bool:
        return bool(self.process.is_alive())

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> Ended:
        self.process.kill()
        return self.wait()

    def wait(self, seconds: float = 300) -> Ended:
        self.process.join(seconds)
        assert not self.process.is_alive(), f"hangs: {self.log.read_text()}"
        said = self.log.read_text(errors="replace") if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return Ended(self.process.exitcode, said)


def _obey(command: Command, log: Path, fault: Callable[..., None] | None, arguments: tuple[object, ...]) -> None:
    import torch

    from gaia_stim import cli

    os.chdir(command.folder)
    os.environ["GAIA_STIM_CACHE"] = str(command.cache)
    os.environ.pop("GAIA_STIM_MODEL", None)
    torch.set_num_threads(1)
    sys.stdout, sys.stderr = Path(os.devnull).open("w"), log.open("w")  # noqa: SIM115
    if fault:
        fault(*arguments)
    sys.exit(cli.main(command.words))


def together(function: Callable[..., None], folder: Path, *arguments: object, size: int = 2) -> None:
    """Call `function(rank, folder, *arguments)` in processes that have joined each other."""
    meeting = folder / f"meeting-{time.monotonic_ns()}"
    processes: list[Any] = [
        _forked.Process(target=_join, args=(function, rank, size, meeting, folder, arguments)) for rank in range(size)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    assert codes == [0] * size


def _join(
    function: Callable[..., None], rank: int, size: int, meeting: Path, folder: Path, arguments: tuple[object, ...]
) -> None:
    import torch

    from gaia_stim.devices import Launch
    from gaia_stim.training.distributed import joined

    torch.set_num_threads(1)
    with joined(Launch(rank, size, rank, size, f"file://{meeting}")):
        function(rank, folder, *arguments)


# -- faults, called in the process that they befall -------------------------------------------------------------------


def die_at_write(number: int) -> None:
    """Die by SIGKILL just before the `number`th call (from 0) of those that make a file safe."""
    calls = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            nonlocal calls
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1
            return call(*arguments)

        return wrapped

    os.fsync = counted(os.fsync)
    for name in ("chmod", "replace"):
        setattr(Path, name, counted(getattr(Path, name)))


def die_at_change(number: int) -> None:
    """Die by SIGKILL just before the `number`th change (from 0) of the files below the folder of the command.

    A file opened for writing, a rename, a removal, a folder, a mode: a kill between two of these leaves what a kill at
    the next one does, but for how much of a file under a temporary name is written.
    """
    _before_each_change(lambda so_far: os.kill(os.getpid(), signal.SIGKILL) if so_far == number else None)


def count_changes(tally: Path) -> None:
    """Make the file `tally` as many bytes long as there are changes of the files below the folder of the command."""
    handle = os.open(tally, os.O_WRONLY | os.O_CREAT)
    _before_each_change(lambda so_far: os.ftruncate(handle, so_far + 1))


CHANGES = frozenset(
    f"os.{name}" for name in ("rename", "remove", "mkdir", "rmdir", "chmod", "truncate", "link", "utime")
)


def _before_each_change(do: Callable[[int], None]) -> None:
    folder, so_far = str(Path.cwd()), 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal so_far
        changes = event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if not changes or isinstance(arguments[0], int):
            return
        if os.path.abspath(os.fsdecode(arguments[0])).startswith(folder):  # noqa: PTH100
            so_far += 1
            do(so_far - 1)

    sys.addaudithook(hook)


def as_rank(rank: int, size: int, meeting: Path) -> None:
    """Be one of several. They meet at a file: a port that is free now may be taken a moment later."""
    from gaia_stim import devices

    devices.launched = lambda: devices.Launch(rank, size, rank, size, f"file://{meeting}")


def no_file_larger_than(size: int) -> None:
    """As on a full disk: what would be larger cannot be written."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
