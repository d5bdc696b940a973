"""What this machine can do: cores, threads, processors and precision; and doing things on several cores in order.

Torch is imported only where it is needed, so that `--help` never waits for it.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gaia_stim.errors import ConfigError

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


@cache
def cores() -> int:
    """The number of processor cores this process may use: its affinity, within the container's CPU quota."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return available
    return available if quota == "max" else max(1, min(available, round(int(quota) / int(period))))


def free_cores() -> int:
    """The cores that nothing else is using now: more threads than these are up to ten times slower, not slightly."""
    import psutil

    idle = 1 - psutil.cpu_percent(interval=0.3) / 100
    return max(1, round(cores() * idle))


def choose_device(name: str) -> "torch.device":
    """The device called `name`; `auto` is the first GPU, else the CPU. Raises `ConfigError` where it is not there."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        # There and back: 'meta' is a device that holds nothing.
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


@cache
def _cpu_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text()
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
