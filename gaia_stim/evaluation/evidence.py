"""Asking a model for everything that its figures are computed from, once.

Held-out images are put into groups of seven, and in each group each is paired with each: three midpoints for an image,
because the figures of fewer vary too much with the choice of pairs, and none with a parent outside its group, which is
what a fair cross-validation needs.
"""

import numpy as np
import numpy.typing as npt

from gaia_stim.dataset import Dataset
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.images import Pixels
from gaia_stim.metrics.evidence import Evidence
from gaia_stim.space.paths import Codes, Line
from gaia_stim.space.space import TILE, Space

TRAINING, HELD_OUT = 2_000, 256
"""At most so many images of each split: what a laptop does in half a minute."""
GROUP = 7
"""Odd, so that the pairs make `ROUNDS` in which every image has two partners."""
ROUNDS = GROUP // 2
MINIMUM = 2
"""Held-out images: there is a midpoint. Figures that need more are None then."""
MORPHS, FRAMES = 24, 9


def gather(space: Space, dataset: Dataset, seed: int = 0, listen: Listener = silent) -> Evidence:
    """Encode and decode a random choice of the dataset's images, and what lies between them.

    The dataset has the space's size and channels. The same seed chooses the same images, pairs and morphs for every
    model. Raises `DataError` where fewer than `MINIMUM` images are held out.
    """
    rng = np.random.default_rng(seed)
    training = dataset.batch(np.sort(rng.permutation(dataset.rows("train"))[:TRAINING]))
    rows = rng.permutation(dataset.rows("validation"))[:HELD_OUT]
    if len(rows) < MINIMUM:
        raise DataError(
            f"{dataset.folder}: {len(rows)} held-out images are too few to measure by; at least {MINIMUM} are needed"
        )
    if len(rows) >= GROUP:
        rows = rows[: len(rows) - len(rows) % GROUP]
    held_out = dataset.batch(rows)
    codes = space.encode(held_out)
    pairs = pairs_in_groups(len(held_out))
    a, b = pairs.T
    midpoint_codes = Line(codes[a], codes[b])(np.array([0.5]))
    midpoints = _decode(space, midpoint_codes, "midpoints", listen)
    return Evidence(
        training=training,
        training_reconstructions=_decode(space, space.encode(training), "reconstructing training images", listen),
        held_out=held_out,
        reconstructions=_decode(space, codes, "reconstructing held-out images", listen),
        codes=codes,
        groups=np.arange(len(held_out)) // GROUP,
        pairs=pairs,
        midpoints=midpoints,
        midpoint_codes=midpoint_codes,
        midpoint_codes_again=space.encode(midpoints),
        blends=blend(held_out[a], held_out[b]),
        morphs=_morphs(space, codes, pairs, listen),
    )


def pairs_in_groups(images: int) -> npt.NDArray[np.int64]:
    """All pairs within groups of `GROUP`, round after round: (ROUNDS · images, 2). Of fewer images, one group."""
    members = np.arange(images).reshape(-1, min(GROUP, images))
    rounds = [
        np.stack([members, np.roll(members, -step, axis=1)], axis=-1) for step in range(1, min(ROUNDS, images // 2) + 1)
    ]
    return np.concatenate([pairs.reshape(-1, 2) for pairs in rounds])


def blend(a: Pixels, b: Pixels) -> Pixels:
    """The mean of two pictures, pixel by pixel: what a cross-fade shows half-way."""
    return np.round((a.astype(np.float64) + b) / 2).astype(np.uint8)


def _morphs(space: Space, codes: Codes, pairs: npt.NDArray[np.int64], listen: Listener) -> Pixels:
    # Spread over the pairs, so that few images are in two morphs.
    chosen = pairs[np.unique(np.linspace(0, len(pairs) - 1, MORPHS).astype(np.int64))]
    lines = np.concatenate([Line(codes[a], codes[b])(np.linspace(0, 1, FRAMES)) for a, b in chosen])
    frames = _decode(space, lines, "morphs", listen)
    return frames.reshape(len(chosen), FRAMES, *frames.shape[1:])


def _decode(space: Space, codes: Codes, task: str, listen: Listener) -> Pixels:
    pictures = tracked(space.rendered(codes), task, -(-len(codes) // TILE), listen)
    return np.concatenate([np.empty((0, *space.shape), np.uint8), *pictures])
