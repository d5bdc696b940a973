"""The sRGB curve, IEC 61966-2-1: values as they stand in files and light as it adds up, both in [0, 1]."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Plane = TypeVar("Plane", npt.NDArray[np.float32], npt.NDArray[np.float64])


def linear(encoded: Plane) -> Plane:
    """sRGB values as linear light, in their own precision."""
    light: Plane = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return light


def encoded(linear: Plane) -> Plane:
    """Linear light as sRGB values, in its own precision."""
    curve: Plane = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    )
    return curve
