"""Mirrored images as more images to train on, where the set looks alike in a mirror."""

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from gaia_stim.dataset import Dataset
from gaia_stim.models.base import Images

LOOKED_AT = 400
"""Images."""
SEEN_FROM_AFAR = 16
"""Pixels of a side at which they are compared, or as many as divide the image's."""
ALIKE = 1.2
"""A mirrored image lies at most so many times as far from the nearest other image as the image itself does.

Drawn faces have 1.00, cartoon faces 1.03, photographs of faces 1.06 and song syllables 2.25 (docs/training.md).
"""


def strangeness(dataset: Dataset) -> float:
    """How much farther mirrored images lie from the nearest other image than images do: the median of their ratios."""
    rows = dataset.rows("train")
    chosen = np.unique(np.linspace(0, len(rows) - 1, LOOKED_AT).astype(np.int64))
    images = dataset.batch(rows[chosen]).astype(np.float64)
    if len(images) < 2:
        return np.inf
    block = max(1, dataset.size // SEEN_FROM_AFAR)
    side = dataset.size // block
    small = images[:, : side * block, : side * block].reshape(-1, side, block, side, block, dataset.channels)
    small = small.mean(axis=(2, 4))
    as_they_are, mirrored = (_nearest(other, small) for other in (small, small[:, :, ::-1]))
    known = as_they_are > 0
    return float(np.median(mirrored[known] / as_they_are[known])) if known.any() else np.inf


def _nearest(images: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The distance of each image to the nearest other one that is not its own."""
    distances = cdist(images.reshape(len(images), -1), others.reshape(len(others), -1))
    np.fill_diagonal(distances, np.inf)
    nearest: npt.NDArray[np.float64] = distances.min(axis=1)
    return nearest


def mirrored(x: Images, rng: torch.Generator) -> Images:
    """Half of the images, chosen at random, mirrored left to right."""
    chosen: Tensor = torch.rand(len(x), 1, 1, 1, device=x.device, generator=rng) < 0.5
    return torch.where(chosen, x.flip(3), x)
