"""How different two images look: distances that stand for a human observer's, where none has been asked.

NLPD compares what is left of two images after the retina's and the early visual system's two gains, local luminance
subtraction and local contrast normalisation, at six scales. It needs an image large enough for six scales; smaller
ones are compared by structural similarity.

NLPD is written out here after the authors' own NLP_dist.m, for it is short and needs only scipy.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy
from jaxtyping import Float64

from gaia_stim.metrics.distance import Pixels
from gaia_stim.metrics.photometry import luminance
from gaia_stim.metrics.reconstruction import ssim
from gaia_stim.srgb import encoded

Distances = Float64[npt.NDArray[np.float64], " n"]
Planes = Float64[npt.NDArray[np.float64], "n height width"]

SMALLEST = 64
"""Pixels of a side from which six scales fit."""

LOW_PASS = np.array([0.05, 0.25, 0.4, 0.25, 0.05])
"""Burt & Adelson (1983): the filter between the scales."""
FLOORS = (0.0248, 0.0185, 0.0179, 0.0191, 0.0220, 0.2782)
"""σ of each scale, fine to coarse (Laparra et al. 2016, from the authors' NLP_dist.m)."""
NEIGHBOURS = (
    ((0, 0, 0.1011, 0, 0), (0, 0.1493, 0, 0.1460, 0.0072), (0, 0, 0.1015, 0, 0)),
    ((0, 0.0757, 0), (0.1986, 0, 0.1846), (0, 0.0837, 0)),
    ((0, 0.0477, 0), (0.2138, 0, 0.2243), (0, 0.0467, 0)),
    ((0, 0, 0), (0.2503, 0, 0.2616), (0, 0, 0)),
    ((0, 0, 0), (0.2598, 0, 0.2552), (0, 0, 0)),
    ((0, 0, 0), (0.2215, 0, 0.0717), (0, 0, 0)),
)
"""Weights of a coefficient's neighbours in its gain, for each scale (the same source)."""


def perceptual_distance(a: Pixels, b: Pixels) -> Distances:
    """NLPD where the images have at least `SMALLEST` pixels a side, else √(1 − SSIM): two of (n, H, W, C) to (n,)."""
    return nlpd(a, b) if is_large(a) else structural_distance(a, b)


def perceptual_name(images: Pixels) -> str:
    """What `perceptual_distance` measures on images of that size, in words."""
    return "NLPD of luminance (Laparra et al. 2016)" if is_large(images) else "√(1 − SSIM) (Wang et al. 2004)"


def is_large(images: Pixels) -> bool:
    """Whether NLPD's six scales fit."""
    return bool(min(images.shape[1:3]) >= SMALLEST)


def structural_distance(a: Pixels, b: Pixels) -> Distances:
    """√(1 − SSIM): two of (n, H, W, C) to (n,), in [0, √2], 0 where they are equal.

    The root makes it proportional to small changes, nearly a metric (Brunet, Vrscay & Wang 2012).
    """
    root: Distances = np.sqrt(np.maximum(0.0, 1.0 - ssim(a, b)))
    return root


def nlpd(a: Pixels, b: Pixels) -> Distances:
    """Normalised Laplacian pyramid distance of the luminance: two of (n, H, W, C) to (n,); 0 where they are equal.

    The pyramid sees grey levels in [0, 1] as a display is driven with: the luminance of each pixel, sRGB-encoded.
    Source: Laparra, Ballé, Berardino & Simoncelli (2016), Perceptual image quality assessment using a normalized
    Laplacian pyramid, Eqs. 1-5.
    """
    scales = zip(_normalised(encoded(luminance(a))), _normalised(encoded(luminance(b))), strict=True)
    errors = [np.sqrt(np.square(x - y).mean(axis=(1, 2))) for x, y in scales]
    mean: Distances = np.mean(errors, axis=0)
    return mean


def _normalised(planes: Planes) -> Iterator[Planes]:
    """Each scale's coefficients, divided by what surrounds them."""
    for scale, floor, weights in zip(_laplacian(planes), FLOORS, NEIGHBOURS, strict=True):
        # The source convolves, which turns a filter around.
        surround = scipy.ndimage.correlate(np.abs(scale), np.array(weights)[None, ::-1, ::-1], mode="constant")
        yield scale / (floor + surround)


def _laplacian(planes: Planes) -> Iterator[Planes]:
    for _ in FLOORS[1:]:
        coarse = _blurred(planes)[:, ::2, ::2]
        yield planes - _enlarged(coarse, planes.shape)
        planes = coarse
    yield planes


def _enlarged(planes: Planes, shape: tuple[int, ...]) -> Planes:
    """Twice as large: every other pixel is 0 before it is blurred, so four times as bright."""
    height, width = shape[1:]
    # A rim of copies, for what lies beyond the edge is as bright as the edge.
    rimmed = np.pad(planes, ((0, 0), (1, 1), (1, 1)), mode="edge")
    spread = np.zeros((len(planes), 2 * rimmed.shape[1], 2 * rimmed.shape[2]))
    spread[:, ::2, ::2] = 4 * rimmed
    return _blurred(spread)[:, 2 : 2 + height, 2 : 2 + width]


def _blurred(planes: Planes) -> Planes:
    rows: Planes = scipy.ndimage.correlate1d(planes, LOW_PASS, axis=1, mode="reflect")
    blurred: Planes = scipy.ndimage.correlate1d(rows, LOW_PASS, axis=2, mode="reflect")
    return blurred
