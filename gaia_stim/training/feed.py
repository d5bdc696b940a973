"""Batches for the steps of a training: each is read while the step before is at work, so that no step waits for a disk.

On a GPU the images live on the device where they fit; nothing is then read at all.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaia_stim.dataset import Dataset

Rows = npt.NDArray[np.int64]
SHARE = 0.25
"""Of a GPU's free memory that images may take."""


class Feed:
    """The images of a dataset as uint8 tensors (n, size, size, channels) on a device."""

    def __init__(self, dataset: Dataset, device: torch.device, rows_of: Callable[[int], Rows]) -> None:
        self._dataset, self._device, self._rows_of = dataset, device, rows_of
        self._resident = _resident(dataset, device)
        # One thread: batches are read in the order of the steps.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="feed")
        self._ahead: tuple[int, Future[Tensor]] | None = None
        self.waited = 0.0
        """Seconds that steps have waited for their images."""

    def images(self, rows: Rows) -> Tensor:
        """The images of these rows."""
        if self._resident is not None:
            return self._resident[torch.from_numpy(rows).to(self._device)]
        return self._read(rows).to(self._device, non_blocking=True)

    def batch(self, number: int, then: int) -> Tensor:
        """The images of a batch; those of the one that is likely to be asked for `then` begin to be read."""
        if self._resident is not None:
            return self.images(self._rows_of(number))
        begun = time.perf_counter()
        expected, reading = self._ahead or (None, None)
        if reading is None or expected != number:
            reading = self._begin(number)
        images = reading.result()
        self.waited += time.perf_counter() - begun
        self._ahead = (then, self._begin(then))
        return images.to(self._device, non_blocking=True)

    def _begin(self, number: int) -> "Future[Tensor]":
        return self._reader.submit(lambda: self._read(self._rows_of(number)))

    def _read(self, rows: Rows) -> Tensor:
        images = torch.from_numpy(self._dataset.batch(rows))
        return images.pin_memory() if self._device.type == "cuda" else images


def _resident(dataset: Dataset, device: torch.device) -> Tensor | None:
    """All images, there for good; None where they do not fit, or where memory is the processor's own."""
    if device.type != "cuda" or dataset.pixels.nbytes > SHARE * torch.cuda.mem_get_info(device)[0]:
        return None
    return torch.from_numpy(np.array(dataset.pixels)).to(device)
