"""What pictures are compared by, where pixels themselves are too many or too literal.

Both ways of looking are learned from real training images only, so that no model is judged by its own eyes, and both
are small enough for a laptop without a download.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from skimage.transform import downscale_local_mean
from skimage.util import view_as_windows
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA

from gaia_stim.metrics.distance import Pixels

Features = npt.NDArray[np.float64]
Look = Callable[[Pixels], Features]
"""From pictures (n, H, W, C) to their features (n, d)."""

COMPONENTS = 64
COMPONENTS_SIDE = 64
"""Pixels; larger pictures are averaged down: the first principal components of images are coarse anyhow."""

PATCH = 6
"""Pixels of a patch's side, as in Coates, Lee and Ng (2011)."""
WORDS = 64
PATCH_COMPONENTS = 40
PLACES = 32
"""Patches are taken at about so many places along a side, so that large pictures cost no more than small ones."""
LEARNED_FROM = 20_000
"""Patches that the words are learned from."""
FLAT = 10.0
"""Grey levels: patches of less contrast than this are not normalised up to full contrast."""
BUNDLE = 16
"""Pictures whose patches are in memory together."""


def principal_components(training: Pixels, components: int = COMPONENTS) -> Look:
    """Projection on the first principal components of the training images' pixels, in units of full contrast."""
    flat = _flat(training)
    count = min(components, len(flat) - 1, flat.shape[1])
    pca = PCA(count, svd_solver="randomized", random_state=0).fit(flat)
    return lambda images: np.asarray(pca.transform(_flat(images)), dtype=np.float64)


def _flat(images: Pixels) -> npt.NDArray[np.float32]:
    factor = -(-images.shape[1] // COMPONENTS_SIDE)
    small = downscale_local_mean(images, (1, factor, factor, 1)) if factor > 1 else images
    rows: npt.NDArray[np.float32] = small.astype(np.float32).reshape(len(images), -1)
    return rows / np.float32(255)


def patch_words(training: Pixels) -> Look:
    """How much a picture has of each of `WORDS` local patterns, wherever they are.

    The single-layer network of Coates, Lee and Ng (2011): patches with their mean and contrast taken out, whitened,
    and compared with k-means centres ("triangle" activation), here averaged over the whole picture. A picture then
    counts by how its details are drawn (edges, blur, ghosts, speckle) more than by what it shows. Not free of that:
    images near the mean are still told from others (see `realism`).
    """
    chance = np.random.default_rng(0)
    some = training[chance.permutation(len(training))[: LEARNED_FROM // 32]]
    patches = np.concatenate([_patches(bundle) for bundle in _bundles(some)]).reshape(-1, PATCH**2 * training.shape[-1])
    patches = patches[chance.permutation(len(patches))[:LEARNED_FROM]]
    whitening = PCA(min(PATCH_COMPONENTS, patches.shape[1]), whiten=True, random_state=0).fit(patches)
    centres = MiniBatchKMeans(WORDS, n_init=1, random_state=0).fit(whitening.transform(patches))

    def look(images: Pixels) -> Features:
        return np.concatenate([counted(bundle) for bundle in _bundles(images)])

    def counted(bundle: Pixels) -> Features:
        patches = _patches(bundle)
        distance = centres.transform(whitening.transform(patches.reshape(-1, patches.shape[-1])))
        active = np.maximum(0, distance.mean(axis=1, keepdims=True) - distance)
        mean: Features = active.reshape(*patches.shape[:2], WORDS).mean(axis=1, dtype=np.float64)
        return mean

    return look


def remembering(look: Look) -> Look:
    """The same look, that looks at each array once."""
    # The arrays are kept too, so that none of their ids can come to mean another one.
    known: dict[int, tuple[Pixels, Features]] = {}

    def remembered(images: Pixels) -> Features:
        if id(images) not in known:
            known[id(images)] = images, look(images)
        return known[id(images)][1]

    return remembered


def _bundles(images: Pixels) -> list[Pixels]:
    return [images[start : start + BUNDLE] for start in range(0, len(images), BUNDLE)]


def _patches(images: Pixels) -> npt.NDArray[np.float32]:
    """Normalised patches: (n, H, W, C) to (n, places, PATCH² C)."""
    channels = images.shape[-1]
    step = -(-(images.shape[1] - PATCH + 1) // PLACES)
    windows = view_as_windows(np.ascontiguousarray(images), (1, PATCH, PATCH, channels))[:, ::step, ::step]
    patches = windows.reshape(len(images), -1, PATCH**2 * channels).astype(np.float32)
    patches -= patches.mean(axis=-1, keepdims=True)
    contrast = np.sqrt(patches.var(axis=-1, keepdims=True) + FLAT**2)
    normalised: npt.NDArray[np.float32] = patches / contrast
    return normalised
