"""How good a copy is. The fourth measure of this family, RMSE, is `distance.pixel_distance`."""

import numpy as np
import numpy.typing as npt
import scipy
import skimage

from gaia_stim.metrics.distance import Pixels

HIGH_FREQUENCY = 0.25
"""Cycles a pixel, half of what pixels can carry: what is finer counts as detail."""


def l1(copies: Pixels, originals: Pixels) -> npt.NDArray[np.float64]:
    """Mean absolute difference of sRGB pixels, in [0, 1], 0 for a perfect copy: two of (n, H, W, C) to (n,)."""
    difference = np.abs(copies.astype(np.float64) - originals) / 255
    mean: npt.NDArray[np.float64] = difference.mean(axis=(1, 2, 3))
    return mean


def ssim(copies: Pixels, originals: Pixels) -> npt.NDArray[np.float64]:
    """Structural similarity, in [-1, 1], 1 for a perfect copy: two of (n, H, W, C) to (n,); at least 11 pixels a side.

    With the Gaussian window of σ = 1.5 pixels and the constants of its source (Wang, Bovik, Sheikh, Simoncelli 2004,
    §III.B), on sRGB pixels, the mean over channels.
    """
    pairs = zip(copies, originals, strict=True)
    return np.array([_similarity(copy, original) for copy, original in pairs], dtype=np.float64)


def _similarity(copy: Pixels, original: Pixels) -> float:
    similarity = skimage.metrics.structural_similarity(
        copy,
        original,
        channel_axis=-1,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(similarity)


def sharpness(copies: Pixels, originals: Pixels) -> float:
    """Energy of the copies' detail over that of the originals': 0 is flat, 1 as sharp, more is noise or ringing.

    Detail is what lies at or above `HIGH_FREQUENCY`, over all pictures (n, H, W, C) and channels together; where the
    originals have none, 1 if the copies have none either, else infinite. It measures contrast of detail, not whether
    it is the right detail.
    """
    ours, theirs = _detail(copies), _detail(originals)
    if theirs == 0:
        return 1.0 if ours == 0 else float("inf")
    return ours / theirs


def explained(copies: Pixels, originals: Pixels) -> float:
    """R²: 1 − Σ(copy − original)² / Σ(original − mean original)², two of (n, H, W, C). 1 for perfect copies, 0 for
    copies no better than the mean picture, less for worse ones; where all originals are one picture, 1 or −∞.
    """
    ours, theirs = copies.astype(np.float64), originals.astype(np.float64)
    missed, there = np.square(ours - theirs).sum(), np.square(theirs - theirs.mean(axis=0)).sum()
    if there == 0:
        return 1.0 if missed == 0 else float("-inf")
    return float(1 - missed / there)


def spread(copies: Pixels, originals: Pixels) -> float:
    """How much the copies vary from picture to picture, as a share of what the originals do: two of (n, H, W, C).

    The standard deviation of each pixel over the pictures, averaged. 0 where all copies are one picture, 1 is ideal;
    where all originals are one picture, 1 if all copies are one, too, else infinite.
    """
    ours, theirs = (float(pictures.std(axis=0, dtype=np.float64).mean()) for pictures in (copies, originals))
    if theirs == 0:
        return 1.0 if ours == 0 else float("inf")
    return ours / theirs


def _detail(images: Pixels) -> float:
    height, width = images.shape[1:3]
    # Without a window the jump from one border to the other would pass for detail, in copy and original alike.
    window = np.outer(np.hanning(height), np.hanning(width))
    frequency = np.hypot(scipy.fft.fftfreq(height)[:, None], scipy.fft.fftfreq(width))
    energy = 0.0
    for image in images:
        pixels = image.astype(np.float64)
        spectrum = scipy.fft.fft2((pixels - pixels.mean(axis=(0, 1))) * window[..., None], axes=(0, 1))
        energy += float(np.square(np.abs(spectrum[frequency >= HIGH_FREQUENCY])).sum())
    return energy
