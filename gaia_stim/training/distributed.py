"""One training, folder to encode or recipe on several devices: a process each, as torchrun or srun starts them.

What is done there is written for a process that may be one of several: it asks `here()` for its `ProcessGroup` and
does its share. In a process alone, which is in no group, every method hands back what it was given, and nothing is
waited for.

The first process leads: it alone writes files and says how far the work is. All others compute the same, so that all
are of one mind; what depends on a clock or on files that change is decided by the leader (`highest`, `gather`).

Torch is imported once there is someone to talk to.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from gaia_stim.devices import Launch
from gaia_stim.errors import CheckpointError, ConfigError, InterruptedRun

if TYPE_CHECKING:
    from torch import Tensor

ANSWER = timedelta(minutes=30)
"""How long a process may be busy with its share of a step, or with a validation. One that dies is noticed at once."""
PATIENT = timedelta(days=7)
"""How long the others wait while the leader makes files for all of them."""

T = TypeVar("T")
WHOLE = {2: "int16", 4: "int32", 8: "int64"}
"""Torch's whole numbers by their bytes."""


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that work together, as one of them sees them."""

    rank: int = 0
    size: int = 1
    size_here: int = 1
    """How many of them share this machine."""
    _patient: Any = None

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes and tells."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """This process's part of `items`, one after the other: all parts in the order of processes are the whole."""
        return items[len(items) * self.rank // self.size : len(items) * (self.rank + 1) // self.size]

    def takes(self, place: int) -> bool:
        """Whether it is this process's turn, where each does one thing after the other."""
        return place % self.size == self.rank

    def all_sum(self, values: "Tensor") -> "Tensor":
        """The sum over all processes, in place; the same to the bit in each of them."""
        if self.size > 1:
            with self._together() as dist:
                dist.all_reduce(values)
        return values

    def highest(self, *values: int) -> list[int]:
        """Of each value the highest that any process has. On the host: nothing waits for a device."""
        if self.size == 1:
            return list(values)
        import torch

        found = torch.tensor(values, dtype=torch.int64)
        with self._together() as dist:
            dist.all_reduce(found, op=dist.ReduceOp.MAX)
        return [int(value) for value in found]

    def gather(self, content: bytes) -> list[bytes]:
        """What each process has to say, in their order."""
        if self.size == 1:
            return [content]
        import torch

        own = [len(content) if rank == self.rank else 0 for rank in range(self.size)]
        lengths = self.highest(*own)
        padded = torch.zeros(max(1, *lengths), dtype=torch.uint8)
        padded[: len(content)] = torch.frombuffer(bytearray(content or b"\0"), dtype=torch.uint8)[: len(content)]
        found = [torch.empty_like(padded) for _ in lengths]
        with self._together() as dist:
            dist.all_gather(found, padded)
        return [part[:length].numpy().tobytes() for part, length in zip(found, lengths, strict=True)]

    def wait(self) -> None:
        """Go on when all processes are here."""
        if self.size > 1:
            with self._together() as dist:
                dist.barrier(group=self._patient)

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """The leader alone goes through the block first, the others when it is done: they find what it has made."""
        if not self.leads:
            self.wait()
        yield
        if self.leads:
            self.wait()

    def check_same(self, tensors: Mapping[str, "Tensor"]) -> None:
        """Whether all processes have the same numbers. Raises `CheckpointError` in each of them, naming the first.

        They are compared by one whole number a tensor, the sum of its bits taken as whole numbers.
        """
        if self.size == 1:
            return
        import torch

        bits = [value.detach().view(getattr(torch, WHOLE[value.element_size()])) for value in tensors.values()]
        sums = [value.sum(dtype=torch.int64) for value in bits]
        told = torch.stack(sums).tolist()
        most = self.highest(*told, *(~value for value in told))
        for place, name in enumerate(tensors):
            if most[place] != ~most[len(told) + place]:
                raise CheckpointError(
                    f"the {self.size} processes have come apart (first in {name}), so nothing was saved; the save "
                    "before is whole, and the same command goes on from it; if it happens again, a device is faulty"
                )

    @contextmanager
    def _together(self) -> Iterator[ModuleType]:
        import torch.distributed as dist

        try:
            yield dist
        except RuntimeError as error:
            reason = str(error).splitlines()[0].split("] ", 1)[-1]
            raise InterruptedRun(
                f"process {self.rank} of {self.size} goes no further: another one has ended, or does not answer "
                f"({reason}); see what that one said; the same command goes on from what was saved last"
            ) from error


ALONE = ProcessGroup()
_here: ContextVar[ProcessGroup] = ContextVar("process_group", default=ALONE)


def here() -> ProcessGroup:
    """The processes that this one works with: those of the `joined` block that it is in, else itself alone."""
    return _here.get()


@contextmanager
def alone() -> Iterator[None]:
    """Be in no group for as long as this lasts: the others do something else meanwhile."""
    before = _here.set(ALONE)
    try:
        yield
    finally:
        _here.reset(before)


@contextmanager
def joined(launch: Launch) -> Iterator[None]:
    """Work with the others of a launch for as long as this lasts: gloo on processors, nccl on GPUs, one GPU each.

    Raises `ConfigError` where they do not find each other. For a process alone there is nothing to do.
    """
    if launch.size == 1:
        yield
        return
    import torch
    import torch.distributed as dist

    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(launch.rank_here % torch.cuda.device_count())
        # Flags and fingerprints are on the host, and go by gloo there too.
        backend = "cpu:gloo,cuda:nccl"
    try:
        dist.init_process_group(
            backend, init_method=launch.address, rank=launch.rank, world_size=launch.size, timeout=ANSWER
        )
        patient = dist.new_group(backend="gloo", timeout=PATIENT)
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"process {launch.rank} of {launch.size} does not find the others at {launch.address} ({reason}); "
            "start all of them with torchrun or srun"
        ) from error
    before = _here.set(ProcessGroup(launch.rank, launch.size, launch.size_here, patient))
    try:
        yield
    finally:
        _here.reset(before)
        dist.destroy_process_group()
