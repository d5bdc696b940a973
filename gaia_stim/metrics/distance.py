"""How far two images are apart."""

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


def pixel_distance(a: Pixels, b: Pixels) -> npt.NDArray[np.float64]:
    """Root mean squared difference of sRGB pixels, in [0, 1]: two of (n, H, W, C) to (n,)."""
    difference = (a.astype(np.float64) - b) / 255
    root: npt.NDArray[np.float64] = np.sqrt(np.square(difference).mean(axis=(1, 2, 3)))
    return root


def variation(steps: npt.NDArray[np.float64]) -> float:
    """Coefficient of variation of a continuum's steps: 0 is perfectly even; 0 too where nothing moves."""
    mean = float(steps.mean()) if len(steps) else 0.0
    return float(steps.std()) / mean if mean > 0 else 0.0
