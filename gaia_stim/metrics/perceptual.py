"""How different two images look: distances that stand for a human observer's, where none has been asked.

NLPD compares what is left of two images after the retina's and the early visual system's two gains, local luminance
subtraction and local contrast normalisation, at six scales, the coarsest a few pixels of small images. It is written
out here after the authors' own NLP_dist.m, for it is short and needs only scipy.

Its scales are octaves of pixels. Where it is known how large the pictures are to the eye they are first brought to
`PIXELS_PER_DEGREE`, and the scales are octaves of cycles per degree: the bands end at 16, 8, 4, 2 and 1, and what is
coarser is the last. How many pixels a degree have is our choice, for its source names none: the weights were learned
from natural images, whose statistics are nearly the same at any scale.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy
import skimage
from jaxtyping import Float64

from gaia_stim.metrics.distance import Pixels
from gaia_stim.metrics.photometry import luminance
from gaia_stim.metrics.reconstruction import ssim
from gaia_stim.srgb import encoded

Distances = Float64[npt.NDArray[np.float64], " n"]
Planes = Float64[npt.NDArray[np.float64], "n height width"]

PIXELS_PER_DEGREE = 32.0
"""At which pictures are compared whose size to the eye is known: our choice."""

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


def colour_distance(a: Pixels, b: Pixels) -> Distances:
    """Mean CIEDE2000 over the pixels, sRGB seen under D65: two of (n, H, W, C) to (n,); 1 is about just noticeable.

    Pixel by pixel, for uniform patches it was made (Sharma, Wu & Dalal 2005); grey pictures have lightness alone.
    """
    return np.array([_colour(one, other) for one, other in zip(a, b, strict=True)], dtype=np.float64)


def _colour(a: Pixels, b: Pixels) -> float:
    lab = (skimage.color.rgb2lab(np.broadcast_to(one, (*one.shape[:2], 3))) for one in (a, b))
    return float(skimage.color.deltaE_ciede2000(*lab).mean())


def structural_distance(a: Pixels, b: Pixels) -> Distances:
    """√(1 − SSIM): two of (n, H, W, C) to (n,), in [0, √2], 0 where they are equal.

    The root makes it proportional to small changes, nearly a metric (Brunet, Vrscay & Wang 2012).
    """
    root: Distances = np.sqrt(np.maximum(0.0, 1.0 - ssim(a, b)))
    return root


def nlpd(a: Pixels, b: Pixels, degrees: float | None = None) -> Distances:
    """Normalised Laplacian pyramid distance of the luminance: two of (n, H, W, C) to (n,); 0 where they are equal.

    `degrees` is how wide the pictures are to the eye, if that is known. The pyramid sees grey levels in [0, 1] as a
    display is driven with: the luminance of each pixel, sRGB-encoded. Source: Laparra, Ballé, Berardino & Simoncelli
    (2016), Perceptual image quality assessment using a normalized Laplacian pyramid, Eqs. 1-5.
    """
    scales = zip(_normalised(_seen(a, degrees)), _normalised(_seen(b, degrees)), strict=True)
    errors = [np.sqrt(np.square(x - y).mean(axis=(1, 2))) for x, y in scales]
    mean: Distances = np.mean(errors, axis=0)
    return mean


def _seen(images: Pixels, degrees: float | None) -> Planes:
    """Grey levels, at `PIXELS_PER_DEGREE` where the size to the eye is known; light is what is averaged."""
    light = luminance(images)
    if degrees is not None:
        height, width = light.shape[1:]
        scale = PIXELS_PER_DEGREE * degrees / width
        shape = (len(light), max(1, round(height * scale)), max(1, round(width * scale)))
        light = skimage.transform.resize(light, shape, order=1, anti_aliasing=scale < 1).clip(0, 1)
    found: Planes = encoded(light)
    return found


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
