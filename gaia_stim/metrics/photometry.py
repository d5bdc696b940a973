"""What a photometer would see of an image on a display: one that follows sRGB, unless another is named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaia_stim.cells import read_frame
from gaia_stim.errors import DataError
from gaia_stim.srgb import encoded, linear

Plane = npt.NDArray[np.float64]

LINEAR_LIGHT: npt.NDArray[np.float64] = linear(np.arange(256) / 255)
"""Linear light in [0, 1] of each 8-bit sRGB level."""
REC709 = np.array([0.2126, 0.7152, 0.0722])
"""Weights of linear R, G, B in luminance (ITU-R BT.709)."""
LEVELS = np.arange(256)


@dataclass(frozen=True, eq=False)
class Display:
    """How light goes with the 8-bit levels of a display, in all three channels alike."""

    name: str
    light: npt.NDArray[np.float64]
    """(256,), rising, of the light of white: 1 is level 255, level 0 is what black still shines."""
    encode: Callable[[Plane], Plane]
    """Light in [0, 1] as levels / 255, which need not be whole."""

    def as_srgb(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Levels that look on an sRGB display as these look on this one."""
        return np.rint(255 * encoded(self.light)).astype(np.uint8)[pixels]

    def record(self) -> str | dict[str, Any]:
        """All that is needed to have it again: its name, or the measured table itself."""
        return {"table": self.name, "light": self.light.tolist()} if self.name.endswith(".csv") else self.name


SRGB = Display("srgb", LINEAR_LIGHT, encoded)


def display_of(said: str | Mapping[str, Any]) -> Display:
    """The display of a name, `srgb`, `linear`, `gamma:2.2`, of a measured table FILE.csv, or of a `record`.

    Raises `DataError` where the file is no table of level and luminance that rises, `ValueError` for another name.
    """
    if isinstance(said, Mapping):
        return _tabled(str(said["table"]), np.array(said["light"], dtype=np.float64))
    if said == "srgb":
        return SRGB
    if said.lower().endswith(".csv"):
        return _tabled(Path(said).name, _read_table(Path(said)))
    exponent = 1.0 if said == "linear" else float(said.removeprefix("gamma:"))
    return Display(said, (LEVELS / 255) ** exponent, lambda light: light ** (1 / exponent))


def _tabled(name: str, light: npt.NDArray[np.float64]) -> Display:
    return Display(name, light, lambda wanted: np.interp(wanted, light, LEVELS / 255))


def _read_table(path: Path) -> npt.NDArray[np.float64]:
    """Light of all levels from some that were measured, from 0 to 255: between them the luminance is straight."""
    what, columns = "a measured display, a CSV of level and luminance", ["level", "luminance"]
    table = read_frame(path, what, usecols=columns, dtype=np.float64, encoding="utf-8-sig", keep_default_na=True)
    level, luminance = (table.sort_values("level")[name].to_numpy() for name in ("level", "luminance"))
    if len(level) < 2 or level[0] != 0 or level[-1] != 255:
        raise DataError(f"{path}: the levels of a measured display go from 0 to 255")
    if not (np.isfinite(luminance).all() and luminance[0] >= 0 and (np.diff(luminance) > 0).all()):
        raise DataError(f"{path}: the luminance of a measured display rises with every level, from 0 or more")
    light: npt.NDArray[np.float64] = np.interp(LEVELS, level, luminance / luminance[-1])
    return light


def luminance(images: npt.NDArray[np.uint8], display: Display = SRGB) -> npt.NDArray[np.float64]:
    """Relative luminance Y in [0, 1] of each pixel: (n, H, W, 1 or 3) to (n, H, W)."""
    light = display.light[images]
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


def mean_and_spread(y: Plane, weights: Plane | None = None) -> tuple[float, float]:
    """Mean and standard deviation of (H, W) luminance, over all of it or as (H, W) weights say."""
    mean = float(np.average(y, weights=weights))
    return mean, float(np.sqrt(np.average(np.square(y - mean), weights=weights)))


def relative(spread: float, mean: float) -> float:
    """Contrast as standard deviation over mean, whatever the light is measured in; 0 for black."""
    return spread / mean if mean > 0 else 0.0


def rings(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The whole frequency, in cycles a picture, that each place of a discrete Fourier transform belongs to."""
    height, width = shape
    rows, columns = np.fft.fftfreq(height, 1 / height), np.fft.fftfreq(width, 1 / width)
    ring: npt.NDArray[np.int64] = np.rint(np.hypot(rows[:, None], columns)).astype(np.int64)
    return ring


def over_orientations(amplitude: Plane) -> npt.NDArray[np.float64]:
    """The mean of (H, W) Fourier amplitudes at each whole frequency, from 0 on."""
    ring = rings(amplitude.shape).ravel()
    mean: npt.NDArray[np.float64] = np.bincount(ring, amplitude.ravel()) / np.bincount(ring)
    return mean


def frequencies(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Those that a spectrum is told at: from 2 cycles a picture, below which the window is, to the finest."""
    return np.arange(2, min(shape) // 2 + 1)


def radial_amplitude(y: Plane) -> npt.NDArray[np.float64]:
    """Fourier amplitude of (H, W) luminance about its mean, averaged over orientations, at `frequencies`.

    Under a Hann window: without one, opposite borders that differ are an edge, and its cross outweighs what is fine.
    """
    window = np.outer(np.hanning(y.shape[0]), np.hanning(y.shape[1]))
    return over_orientations(np.abs(np.fft.fft2((y - y.mean()) * window)))[frequencies(y.shape)]
