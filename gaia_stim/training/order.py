"""Which images a step sees, and its chance: pure functions of (seed, step), so that resuming needs only the step."""

import hashlib

import numpy as np
import numpy.typing as npt
import torch


class Order:
    """The rows of every batch: each epoch a fresh permutation of `rows`, batches running on across epochs."""

    def __init__(self, rows: npt.NDArray[np.int64], seed: int) -> None:
        self.rows, self.seed = rows, seed
        self._epoch, self._permutation = -1, rows

    def batch(self, step: int, size: int) -> npt.NDArray[np.int64]:
        """The `size` rows of one step, counted from 0."""
        places = np.arange(step * size, (step + 1) * size)
        epochs, within = np.divmod(places, len(self.rows))
        return np.array([self._epoch_rows(int(epoch))[place] for epoch, place in zip(epochs, within, strict=True)])

    def _epoch_rows(self, epoch: int) -> npt.NDArray[np.int64]:
        if epoch != self._epoch:
            shuffle = np.random.Generator(np.random.Philox(np.random.SeedSequence((self.seed, epoch))))
            self._epoch, self._permutation = epoch, shuffle.permutation(self.rows)
        return self._permutation


def chance(seed: int, step: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """The random numbers of one step for one purpose, whatever was drawn before."""
    digest = hashlib.sha256(f"{seed}/{step}/{purpose}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "little"))
