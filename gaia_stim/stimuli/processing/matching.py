"""Making pictures equal: targets from the whole set, and each picture changed until it has them.

The order is spectrum, histogram, then contrast and mean luminance together, which have the last word. The last step is
solved on the rounded picture: what is equal is equal in the file. After Willenbockel et al. (2010), in linear light.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from gaia_stim.config import ProcessingConfig
from gaia_stim.images import Pixels
from gaia_stim.metrics.photometry import LINEAR_LIGHT
from gaia_stim.srgb import encoded
from gaia_stim.stimuli.processing.ground import Weights
from gaia_stim.stimuli.processing.layout import Picture
from gaia_stim.stimuli.processing.light import Plane, luminance_of, relit, to_linear, to_pixels

BINS = 4096
"""Of the mean histogram, over sRGB-encoded luminance."""
ALTERNATIONS = 4
"""Rounds of spectrum and histogram where both are wanted: each spoils the other a little (ibid., p. 676)."""
ROUNDS = 40
CLOSE_MEAN, CLOSE_CONTRAST = 5e-5, 1e-3
"""Good enough: error of the mean in Y, relative error of the contrast."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What all pictures shall have; None where it is not wanted."""

    mean: float | None = None
    contrast: float | None = None
    quantiles: npt.NDArray[np.float64] | None = None
    """Y at `BINS` evenly spread ranks."""
    amplitude: npt.NDArray[np.float64] | None = None

    def record(self) -> dict[str, Any]:
        """The numbers among them, for provenance."""
        return {"mean_luminance": self.mean, "rms_contrast": self.contrast}


@dataclass(frozen=True)
class Measured:
    """A written picture, as `matching.csv` has it."""

    mean_luminance: float
    foreground_luminance: float
    foreground_contrast: float
    """RMS: the standard deviation of Y."""
    histogram_error: float | None
    """Mean difference from the target's quantiles, in Y."""
    spectrum_error: float | None
    """RMS difference of log10 amplitude from the target's, over the frequencies."""


def find_targets(pictures: Iterable[Picture], options: ProcessingConfig) -> Targets:
    """One pass over a set that is laid out."""
    means, contrasts = [], []
    counts = np.zeros(BINS)
    amplitude: npt.NDArray[np.float64] | None = None
    total = 0
    for picture in pictures:
        y = luminance_of(to_linear(to_pixels(picture.light)))
        total += 1
        means.append(_mean(y, picture.weights, options.region))
        contrasts.append(_spread(y, picture.weights)[1])
        if options.histogram:
            counts += _histogram(y, picture.weights)
        if options.spectrum:
            ours = _amplitude(y, picture.weights)
            amplitude = ours if amplitude is None else amplitude + ours
    return Targets(
        mean=float(np.mean(means)) if options.luminance else None,
        contrast=float(np.mean(contrasts)) if options.contrast else None,
        quantiles=_quantiles(counts) if options.histogram else None,
        amplitude=_wanted(amplitude / total, options.rotational) if amplitude is not None else None,
    )


def matched(picture: Picture, targets: Targets, options: ProcessingConfig) -> tuple[Pixels, float]:
    """The picture as it is written, and the share of its foreground that had to be clipped."""
    y = luminance_of(picture.light)
    both = targets.amplitude is not None and targets.quantiles is not None
    for _ in range(ALTERNATIONS if both else 1):
        if targets.amplitude is not None:
            y = _with_amplitude(y, picture.weights, targets.amplitude, options.rotational)
        if targets.quantiles is not None:
            y = _with_quantiles(y, picture.weights, targets.quantiles)
    if targets.mean is None and targets.contrast is None:
        return _render(picture, y), _clipped(y, picture.weights)
    return _solved(picture, y, targets, options)


def measure(pixels: Pixels, weights: Weights, targets: Targets, options: ProcessingConfig) -> Measured:
    """What a written picture has of what was wanted."""
    y = luminance_of(to_linear(pixels))
    mean, contrast = _spread(y, weights)
    histogram = spectrum = None
    if targets.quantiles is not None:
        histogram = float(np.abs(_quantiles(_histogram(y, weights)) - targets.quantiles).mean())
    if targets.amplitude is not None:
        ours = _wanted(_amplitude(y, weights), options.rotational)
        ratio = np.log10(np.maximum(ours, 1e-9) / np.maximum(targets.amplitude, 1e-9))
        spectrum = float(np.sqrt(np.square(ratio.ravel()[1:]).mean()))
    return Measured(float(y.mean()), mean, contrast, histogram, spectrum)


def _mean(y: Plane, weights: Weights, region: str) -> float:
    return float(y.mean()) if region == "picture" else _spread(y, weights)[0]


def _spread(y: Plane, weights: Weights) -> tuple[float, float]:
    """Mean and standard deviation over the foreground."""
    mean = float(np.average(y, weights=weights))
    return mean, float(np.sqrt(np.average(np.square(y - mean), weights=weights)))


def _render(picture: Picture, y: Plane) -> Pixels:
    changed = relit(picture.light, np.clip(y, 0, 1))
    share = picture.weights[..., None]
    return to_pixels(picture.light + share * (changed - picture.light), dithered=True)


def _clipped(y: Plane, weights: Weights) -> float:
    return float(np.average((y < 0) | (y > 1), weights=weights))


def _solved(picture: Picture, y: Plane, targets: Targets, options: ProcessingConfig) -> tuple[Pixels, float]:
    """Contrast and mean luminance by Y → centre + slope · (Y − mean), corrected until the rounded picture has them.

    Where the contrast is free it goes with the luminance, as under more light.
    """
    weights = picture.weights
    start, spread = _spread(np.clip(y, 0, 1), weights)
    share = float(weights.mean()) if options.region == "picture" else 1.0
    centre, slope = start, 1.0
    best, closest = (to_pixels(picture.light), 0.0), np.inf
    for _ in range(ROUNDS):
        if targets.contrast is None:
            slope = centre / start if start > 0 else 1.0
        changed = centre + slope * (y - start)
        pixels = _render(picture, changed)
        written = luminance_of(to_linear(pixels))
        reached, contrast = _spread(written, weights)
        wrong = contrast_error = 0.0
        if targets.mean is not None:
            wrong = targets.mean - _mean(written, weights, options.region)
            centre = float(np.clip(centre + wrong / max(share, 1e-3), 0, 2))
        elif targets.contrast is not None:
            centre += start - reached
        if targets.contrast is not None and spread > 0:
            contrast_error = targets.contrast / max(contrast, 1e-6) - 1
            slope = float(np.clip(slope * (1 + contrast_error), 0, 50))
        error = max(abs(wrong) / CLOSE_MEAN, abs(contrast_error) / CLOSE_CONTRAST)
        if error < closest:
            best, closest = (pixels, _clipped(changed, weights)), error
        if error <= 1:
            break
    return best


def _histogram(y: Plane, weights: Weights) -> npt.NDArray[np.float64]:
    """Shares of the foreground over sRGB-encoded luminance: (BINS,), summing to 1."""
    counts, _ = np.histogram(encoded(np.clip(y, 0, 1)), BINS, (0, 1), weights=weights)
    shares: npt.NDArray[np.float64] = counts / counts.sum()
    return shares


def _quantiles(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    levels = (np.arange(BINS) + 0.5) / BINS
    linear = np.interp(levels, np.arange(256) / 255, LINEAR_LIGHT)
    cumulative = np.cumsum(counts) / counts.sum()
    ranks = (np.arange(BINS) + 0.5) / BINS
    quantiles: npt.NDArray[np.float64] = linear[np.searchsorted(cumulative, ranks).clip(max=BINS - 1)]
    return quantiles


def _with_quantiles(y: Plane, weights: Weights, quantiles: npt.NDArray[np.float64]) -> Plane:
    """Exact histogram specification: pixels are ranked, ties by what is around them (Coltuc et al. 2006)."""
    inside = weights > 0
    around = ndimage.uniform_filter(y, 3)
    order = np.lexsort((around[inside], y[inside]))
    mass = weights[inside][order]
    ranks = (np.cumsum(mass) - mass / 2) / mass.sum()
    values = np.empty(len(order))
    values[order] = np.interp(ranks, (np.arange(BINS) + 0.5) / BINS, quantiles)
    changed = y.copy()
    changed[inside] = values
    return changed


def _filled(y: Plane, weights: Weights) -> Plane:
    """The background replaced by the foreground's mean: no edge of its own in the spectrum."""
    mean, _ = _spread(y, weights)
    return weights * y + (1 - weights) * mean


def _amplitude(y: Plane, weights: Weights) -> npt.NDArray[np.float64]:
    amplitude: npt.NDArray[np.float64] = np.abs(fft.fft2(_filled(y, weights)))
    return amplitude


def _wanted(amplitude: npt.NDArray[np.float64], rotational: bool) -> npt.NDArray[np.float64]:
    """All of it, or its mean over orientations at each whole frequency."""
    if not rotational:
        return amplitude
    radius = _radius(amplitude.shape)
    return np.bincount(radius.ravel(), amplitude.ravel()) / np.bincount(radius.ravel())


def _with_amplitude(y: Plane, weights: Weights, wanted: npt.NDArray[np.float64], rotational: bool) -> Plane:
    """The picture's phases with the wanted amplitudes; rotational: scaled at each frequency to the wanted mean."""
    spectrum = fft.fft2(_filled(y, weights))
    ours = np.abs(spectrum)
    if rotational:
        mean = _wanted(ours, rotational=True)
        gain = np.divide(wanted, mean, out=np.ones_like(mean), where=mean > 0)[_radius(ours.shape)]
        changed = spectrum * gain
    else:
        changed = wanted * np.exp(1j * np.angle(spectrum))
    inside: Plane = np.real(fft.ifft2(changed))
    return np.where(weights > 0, inside, y)


def _radius(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    height, width = shape
    rows, columns = fft.fftfreq(height, 1 / height), fft.fftfreq(width, 1 / width)
    radius: npt.NDArray[np.int64] = np.rint(np.hypot(rows[:, None], columns)).astype(np.int64)
    return radius
