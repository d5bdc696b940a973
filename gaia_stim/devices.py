"""What this machine can do: cores, threads, processors and precision; doing things on several cores in order; and which
of several processes this is, where a launcher started them together.

Torch is imported only where it is needed, so that `--help` never waits for it.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import gaia_stim
from gaia_stim.errors import ConfigError

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


_GROUP = Path("/sys/fs/cgroup")
"""Where Linux tells a container its limits."""


@cache
def cores() -> int:
    """The number of processor cores this process may use: its affinity, within the container's CPU quota."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = (_GROUP / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return available
    return available if quota == "max" else max(1, min(available, round(int(quota) / int(period))))


def free_cores() -> int:
    """The cores that nothing else is using now: more threads than these are up to ten times slower, not slightly."""
    import psutil

    idle = 1 - psutil.cpu_percent(interval=0.3) / 100
    return max(1, round(cores() * idle))


def free_memory() -> int:
    """The bytes that this process may still take: of the machine, within the container's limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        limit, used = ((_GROUP / name).read_text() for name in ("memory.max", "memory.current"))
        cached = re.search(r"^inactive_file (\d+)", (_GROUP / "memory.stat").read_text(), re.MULTILINE)
        return min(free, int(limit) - int(used) + (int(cached[1]) if cached else 0))
    except (OSError, ValueError):  # no container, or none with a limit
        return free


@dataclass(frozen=True)
class Launch:
    """This process among those that a launcher started together, to do one thing on one device each."""

    rank: int = 0
    size: int = 1
    rank_here: int = 0
    """Its number among those on this machine."""
    size_here: int = 1
    address: str = ""
    """Where they find each other, as torch.distributed takes it."""


def launched() -> Launch:
    """As torchrun's variables say it, else as srun's do; else this process is alone. Raises `ConfigError`.

    srun's are those of a job step: a batch script itself, in which they are not set, is alone.
    """
    try:
        if "RANK" in os.environ and "WORLD_SIZE" in os.environ:
            local = _number("LOCAL_RANK", 0), _number("LOCAL_WORLD_SIZE", 1)
            found = Launch(_number("RANK"), _number("WORLD_SIZE"), *local, "env://")
        elif "SLURM_STEP_NUM_TASKS" in os.environ:
            local = _number("SLURM_LOCALID", 0), _number("SLURM_STEP_TASKS_PER_NODE", 1)
            found = Launch(_number("SLURM_PROCID"), _number("SLURM_STEP_NUM_TASKS"), *local, _slurm_address())
        else:
            return Launch()
    except KeyError as missing:
        raise ConfigError(f"{missing.args[0]} is not set, or not a number: torchrun or srun would set it") from missing
    return found if found.size > 1 else Launch()


def _number(variable: str, default: int | None = None) -> int:
    # As far as it is one: tasks per node are listed as 4(x2),3.
    digits = re.match(r"\d+", os.environ.get(variable, "" if default is None else str(default)))
    if digits is None:
        raise KeyError(variable)
    return int(digits[0])


def _slurm_address() -> str:
    """The first machine of the step, and a port that its number picks; $MASTER_ADDR and $MASTER_PORT win."""
    # node[03-07,12],other: the first of them is node03.
    first = re.match(r"([^\[,]+)(?:\[(\d+)[^\]]*\]([^,]*))?", os.environ.get("SLURM_STEP_NODELIST", "localhost"))
    host = "".join(filter(None, first.groups())) if first else "localhost"
    port = 10_000 + (_number("SLURM_JOB_ID", 0) * 31 + _number("SLURM_STEP_ID", 0)) % 20_000
    return f"tcp://{os.environ.get('MASTER_ADDR', host)}:{os.environ.get('MASTER_PORT', port)}"


def choose_device(name: str) -> "torch.device":
    """The device called `name`; `auto` is the first GPU, else the CPU.

    Raises `ConfigError` where it is not there, and for kinds of devices on which no test was ever run.
    """
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise ConfigError(f"--device {name}: not supported (nor is any Apple GPU); give auto, cpu, cuda or cuda:N")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(f"--device {name}: not on this machine; 'gaia-stim doctor' lists what is") from error
    return device


def has_bfloat16(device: "torch.device") -> bool:
    """Whether bf16 arithmetic is done by the hardware there, so that autocast gains speed instead of losing it."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    return not _cpu_flags().isdisjoint({"avx512_bf16", "amx_bf16", "bf16"})


def arithmetic(precision: str, device: "torch.device") -> Literal["float32", "bfloat16"]:
    """What training in this `--precision` computes in there."""
    reduced = precision == "bfloat16" or (precision == "auto" and has_bfloat16(device))
    return "bfloat16" if reduced else "float32"


@cache
def _cpu_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith(("flags", "Features"))), ":")
    return frozenset(line.split(":", 1)[1].split())


def in_order(pool: Executor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int) -> Iterator[Result]:
    """What `work` makes of each item, in order; never more than `ahead` results wait, so that memory stays flat."""
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def build() -> dict[str, Any]:
    """What the bytes of a stimulus depend on beside its model and its plan: what renders, and what writes PNG."""
    import numpy as np
    import PIL
    import scipy
    import torch
    from PIL import features

    return {
        "gaia_stim": gaia_stim.__version__,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pillow": PIL.__version__,
        "zlib": features.version("zlib"),
    }
