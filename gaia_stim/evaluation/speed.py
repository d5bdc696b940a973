"""How fast, as ratios: what is compared takes turns in one run, because shared machines are never the same twice.

The floor of a step is counted, not timed. With e, d and f the arithmetic of one image forward through encoder, decoder
and discriminator, and a way back costing two ways forth, a plain autoencoder's step is 3(e + d), and GAIA's

    3(e + 2d + 3f):  one code, two decoded images (its own and an interpolation), three reconstructed by D
"""

import mmap
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import psutil
import torch

from gaia_stim.dataset import Dataset
from gaia_stim.devices import free_cores
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.models.base import Images, Losses, Means, Report, set_gradients
from gaia_stim.models.gaia import Errors, Gaia, structure_loss, weighted
from gaia_stim.training.loop import Training

NOISE = 2_048
"""Images that a step is timed on; what is in them does not matter."""
WARM_UP = 3
"""Turns that do not count: kernels are chosen and memory is taken in them."""
PEAK_SIDE = 2048
"""Of the square matrices whose product says what the machine can do."""
PEAK_TURNS = 5


class Alternating(Gaia):
    """GAIA as such games are usually trained: each player's gradients from a pass of its own.

    The generator is run again for the discriminator's update, and in its own the discriminator's gradients are computed
    and thrown away, as two optimisers with two calls of `backward` do it: 7 autoencoder steps at equal widths, where
    one pass needs 4.5.
    """

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        z = self.encode(x)
        codes = torch.cat([z, self.mixed(z, rng)[0]])
        with torch.no_grad():
            shown = self.decode(codes)
        terms = self.errors(x, shown)._asdict()
        decoded = self.decode(codes)
        generated, interpolated = decoded.chunk(2)
        d_generated, d_interpolated = self.discriminate(decoded).chunk(2)
        fakes = (self.objective.error(x, d_generated), self.objective.error(interpolated, d_interpolated))
        likeness, penalties = self.likeness(x, generated), self.penalties(z)
        return Losses(terms | {"structure": structure_loss(x, z)} | likeness | penalties, penalties, fakes)

    def backward(self, losses: Losses, means: Means) -> Report:
        coefficients, players = self.coefficients(means), self.players()
        discriminator = weighted(coefficients.discriminator, Errors.of(losses.terms))
        set_gradients(players["discriminator"], torch.autograd.grad(discriminator, players["discriminator"]))
        generated, interpolated = losses.intermediates
        _, of_generated, of_interpolated = coefficients.generator
        loss = of_generated * generated + of_interpolated * interpolated + self.direct(losses)
        everyone = [*players["generator"], *players["discriminator"]]
        gradients = torch.autograd.grad(loss, everyone)
        set_gradients(players["generator"], gradients[: len(players["generator"])])
        return Report(means, coefficients.balance, coefficients.rates)


@dataclass(frozen=True)
class Turns:
    """Seconds of each turn, by name, in the order they were taken."""

    seconds: Mapping[str, list[float]]

    def median(self, name: str) -> float:
        """Seconds of one turn."""
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, other: str) -> float:
        """How many times as long one takes as the other: the median over neighbouring turns."""
        pairs = zip(self.seconds[name], self.seconds[other], strict=True)
        return statistics.median(one / another for one, another in pairs)


def in_turn(
    jobs: Mapping[str, Callable[[], object]], rounds: int, device: torch.device, listen: Listener = silent
) -> Turns:
    """Time jobs one after the other, again and again, after some turns that do not count."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in tracked(range(-WARM_UP, rounds), "timing", rounds + WARM_UP, listen):
        for name, job in jobs.items():
            wait_for(device)
            begun = time.perf_counter()
            job()
            wait_for(device)
            if turn >= 0:
                seconds[name].append(time.perf_counter() - begun)
    return Turns(seconds)


def wait_for(device: torch.device) -> None:
    """Until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of large matrix products there: the best of some."""
    a, b = (torch.rand(PEAK_SIDE, PEAK_SIDE, device=device).to(dtype) for _ in range(2))
    turns = in_turn({"product": lambda: a @ b}, PEAK_TURNS, device)
    return 2 * PEAK_SIDE**3 / min(turns.seconds["product"])


def operations(work: Callable[[], object]) -> int:
    """Floating-point operations of convolutions and matrix products in `work`."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def floor_over_autoencoder(model: Gaia, x: Images) -> float:
    """The least arithmetic of GAIA's step, as a multiple of the plain autoencoder's of the same networks."""
    with torch.no_grad():
        z = model.encode(x)
        e = operations(lambda: model.encode(x))
        d = operations(lambda: model.decode(z))
        f = operations(lambda: model.discriminate(x))
    return (e + 2 * d + 3 * f) / (e + d)


def noise(size: int, file: Path) -> Dataset:
    """Images in a file that is mapped, as a cache is."""
    shape = (NOISE, size, size, 3)
    file.write_bytes(np.random.default_rng(0).bytes(int(np.prod(shape))))
    names = [str(number) for number in range(NOISE)]
    return Dataset(
        folder=file.parent,
        size=size,
        channels=3,
        fit="crop",
        background="white",
        content_hash="",
        table=pd.DataFrame(
            {"image_id": names, "path": names, "image_hash": names, "split": "train", "row": np.arange(NOISE)}
        ),
        skipped=(),
        pixels=np.memmap(file, np.uint8, "r", shape=shape),
    )


def let_go(pixels: npt.NDArray[np.uint8]) -> bool:
    """Make the system forget a mapped file, so that it is read from the disk again; False where that cannot be."""
    if not (isinstance(pixels, np.memmap) and hasattr(os, "posix_fadvise") and isinstance(pixels.base, mmap.mmap)):
        return False
    pixels.base.madvise(mmap.MADV_DONTNEED)
    file = os.open(str(pixels.filename), os.O_RDONLY)
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)
    return True


def steps_of(training: Training) -> Callable[[], object]:
    """Takes the next step of a training at every call."""
    steps = training.loader.steps(training.state.step, training.config.steps)
    return lambda: training.train_step(next(steps)[1])


def wait_for_the_disk(
    training: Training, take_step: Callable[[], object], dataset: Dataset, steps: int
) -> float | None:
    """The share of steps that is spent waiting, where the system lets go of the images before each."""
    waited = taken = 0.0
    for _ in range(steps):
        if not let_go(dataset.pixels):
            return None
        before, begun = training.loader.waited, time.perf_counter()
        take_step()
        wait_for(training.loader.device)
        taken += time.perf_counter() - begun
        waited += training.loader.waited - before
    return waited / taken


def take_threads(threads: int) -> int:
    """Compute with so many threads, 0 as many as are free; how many these are."""
    torch.set_num_threads(threads or free_cores())
    return torch.get_num_threads()


def most_memory(device: torch.device) -> int:
    """Bytes of the process, or taken on the GPU: the most there was."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return int(psutil.Process().memory_info().rss)
