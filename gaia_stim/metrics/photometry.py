"""What a photometer would see of an image on a calibrated sRGB display."""

import numpy as np
import numpy.typing as npt

from gaia_stim.srgb import linear

LINEAR_LIGHT: npt.NDArray[np.float64] = linear(np.arange(256) / 255)
"""Linear light in [0, 1] of each 8-bit sRGB level."""
REC709 = np.array([0.2126, 0.7152, 0.0722])
"""Weights of linear R, G, B in luminance (ITU-R BT.709)."""


def luminance(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Relative luminance Y in [0, 1] of each pixel: (n, H, W, 1 or 3) to (n, H, W)."""
    light = LINEAR_LIGHT[images]
    y: npt.NDArray[np.float64] = light[..., 0] if images.shape[-1] == 1 else light @ REC709
    return y


def mean_luminance(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Mean Y of each image, in [0, 1]: (n, H, W, C) to (n,)."""
    mean: npt.NDArray[np.float64] = luminance(images).mean(axis=(1, 2))
    return mean


def rms_contrast(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """RMS contrast: the standard deviation of Y over each image, in [0, 0.5] (Peli 1990, Eq. 2)."""
    deviation: npt.NDArray[np.float64] = luminance(images).std(axis=(1, 2))
    return deviation
