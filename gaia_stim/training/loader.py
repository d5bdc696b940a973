"""Batches for the steps of a training: each is read while the step before is at work, so that no step waits for a disk.

Which images a step sees, and the seeds of its random numbers, are pure functions of (seed, step), so that resuming
needs only the step. On a GPU the images live on the device where they fit; nothing is then read at all.
"""

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.dataset import Dataset
from gaia_stim.models.base import Images
from gaia_stim.training.distributed import ProcessGroup
from gaia_stim.training.mirror import mirrored

Rows = npt.NDArray[np.int64]
SHARE = 0.25
"""Of a GPU's free memory that images may take."""


def derive_seed(seed: int, step: int, purpose: str) -> int:
    """The seed of one step's random numbers for one purpose."""
    digest = hashlib.sha256(f"{seed}/{step}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


class Sampler:
    """The rows of every batch: each epoch a fresh permutation of `rows`, batches running on across epochs."""

    def __init__(self, rows: Rows, seed: int) -> None:
        self.rows, self.seed = rows, seed
        self._epoch, self._permutation = -1, rows

    def batch(self, number: int, size: int) -> Rows:
        """The `size` rows of one batch, counted from 0."""
        epochs, within = np.divmod(np.arange(number * size, (number + 1) * size), len(self.rows))
        return np.array([self._epoch_rows(int(epoch))[place] for epoch, place in zip(epochs, within, strict=True)])

    def _epoch_rows(self, epoch: int) -> Rows:
        if epoch != self._epoch:
            shuffle = np.random.Generator(np.random.Philox(np.random.SeedSequence((self.seed, epoch))))
            self._epoch, self._permutation = epoch, shuffle.permutation(self.rows)
        return self._permutation


@dataclass(frozen=True)
class Microbatch:
    """Images that are played with together, and the seed of the random numbers that they are played with."""

    images: Images
    seed: int


class Loader:
    """The images of a training as the model takes them: for each step, this process's own microbatches."""

    def __init__(
        self,
        dataset: Dataset,
        config: TrainConfig,
        group: ProcessGroup,
        device: torch.device,
        layout: torch.memory_format,
    ) -> None:
        self.dataset, self.config, self.device, self.layout = dataset, config, device, layout
        self.count = config.groups or group.size
        """Microbatches of a step, over all processes."""
        self.own = group.share(range(self.count))
        self.sampler = Sampler(dataset.rows("train"), config.seed)
        self.waited = 0.0
        """Seconds that steps have waited for their images."""
        self._resident = _resident(dataset, device)
        # One thread: batches are read in the order of the steps.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="loader")

    def steps(self, first: int, end: int) -> Iterator[tuple[int, list[Microbatch]]]:
        """The batch of each step from `first` on, in order; the next one is read meanwhile."""
        reading = self._begin(first)
        for step in range(first, end):
            begun = time.perf_counter()
            read = reading.result()
            self.waited += time.perf_counter() - begun
            if step + 1 < end:
                reading = self._begin(step + 1)
            yield step, list(self._microbatches(step, self._floats(read)))

    def images(self, rows: Rows) -> Images:
        """Rows of the dataset: float32 NCHW in [0, 1]."""
        return self._floats(self._read(rows))

    def _begin(self, step: int) -> "Future[Tensor]":
        return self._reader.submit(lambda: self._read(self.rows(step)))

    def rows(self, step: int) -> Rows:
        """Which images this process sees in a step."""
        size = self.config.batch // self.count
        return np.concatenate([self.sampler.batch(step * self.count + number, size) for number in self.own])

    def _read(self, rows: Rows) -> Tensor:
        """The images as they are stored; only their rows where the device has them already."""
        if self._resident is not None:
            return torch.from_numpy(rows)
        pixels = torch.from_numpy(self.dataset.batch(rows))
        return pixels.pin_memory() if self.device.type == "cuda" else pixels

    def _floats(self, read: Tensor) -> Images:
        pixels = read.to(self.device, non_blocking=True)
        if self._resident is not None:
            pixels = self._resident[pixels]
        return pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=self.layout).div_(255)

    def _microbatches(self, step: int, images: Images) -> Iterator[Microbatch]:
        seed = self.config.seed
        for number, part in zip(self.own, images.chunk(len(self.own)), strict=True):
            if self.config.mirror == "yes":
                rng = torch.Generator(self.device).manual_seed(derive_seed(seed, step, f"mirror/{number}"))
                part = mirrored(part, rng)
            # The first one's is that of trainings of before there were several.
            yield Microbatch(part, derive_seed(seed, step, f"training/{number}" if number else "training"))


def _resident(dataset: Dataset, device: torch.device) -> Tensor | None:
    """All images on the device for good; None where they do not fit, or where its memory is the processor's own."""
    if device.type != "cuda" or dataset.pixels.nbytes > SHARE * torch.cuda.mem_get_info(device)[0]:
        return None
    return torch.from_numpy(np.array(dataset.pixels)).to(device)
