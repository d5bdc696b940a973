"""Making pictures equal: targets from the whole set, and each picture changed until it has them.

The order is spectrum, histogram, then contrast and mean luminance together, which have the last word; where several are
wanted they alternate, for each spoils the others a little. What is equal is equal in the rounded picture, the one that
is written. After Willenbockel et al. (2010), in linear light.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gaia_stim.config import ProcessingConfig
from gaia_stim.images import Pixels
from gaia_stim.metrics.photometry import LINEAR_LIGHT, SRGB, Display, mean_and_spread, relative
from gaia_stim.srgb import encoded
from gaia_stim.stimuli.processing.ground import Weights
from gaia_stim.stimuli.processing.layout import Picture
from gaia_stim.stimuli.processing.light import Plane, luminance_of, relit, to_linear, to_pixels
from gaia_stim.stimuli.processing.spectrum import Amplitude, Spectrum, spectrum_of

METHOD = 2
"""Of matching, as provenance says it. 1 is version 0.1's: the foreground's contrast, a spectrum in one step."""
BINS = 4096
"""Of the mean histogram, over sRGB-encoded luminance."""
ALTERNATIONS = 4
"""Rounds where several things are wanted: each spoils the others a little (ibid., p. 676)."""
ROUNDS = 40
CLOSE_MEAN, CLOSE_CONTRAST = 5e-5, 1e-3
"""Good enough: error of the mean in Y, relative error of the contrast."""
LEAST_SLOPE, STEEPEST = 0.2, 50.0
"""Times its own contrast that a foreground may get, whatever that of the whole picture would need."""


@dataclass(frozen=True, eq=False)
class Way:
    """How pictures are made equal: what is asked, the display that they are for, and the method."""

    options: ProcessingConfig
    display: Display = SRGB
    method: int = METHOD

    @property
    def spectrum(self) -> Spectrum:
        """The Fourier amplitudes that are meant."""
        return spectrum_of(self.options.region, self.options.rotational, self.options.contrast, self.method)

    @property
    def contrast_name(self) -> str:
        """The contrast that is meant, as `matching.csv` calls it."""
        if self.options.region == "foreground" or self.method == 1:
            return {"sd": "foreground_contrast", "relative": "foreground_relative_contrast"}[self.options.contrast_as]
        return {"sd": "rms_contrast", "relative": "relative_contrast"}[self.options.contrast_as]

    def mean(self, y: Plane, weights: Weights) -> float:
        """The mean luminance that is meant."""
        return mean_and_spread(y, None if self.options.region == "picture" else weights)[0]

    def contrast(self, y: Plane, weights: Weights) -> float:
        """The contrast that is meant: the standard deviation of Y, or that over the mean."""
        mean, spread = mean_and_spread(y, weights if self.contrast_name.startswith("foreground") else None)
        return spread if self.options.contrast_as == "sd" else relative(spread, mean)

    def written(self, picture: Picture, y: Plane) -> Pixels:
        """The picture with luminance `y`, as it is written."""
        changed = relit(picture.light, np.clip(y, 0, 1))
        share = picture.weights[..., None]
        light = picture.light + share * (changed - picture.light)
        return to_pixels(light, dithered=self.options.dither == "ordered", display=self.display)

    def seen(self, pixels: Pixels) -> Plane:
        """Y of a written picture."""
        return luminance_of(to_linear(pixels, self.display))


@dataclass(frozen=True, eq=False)
class Targets:
    """What all pictures shall have; None where it is not wanted."""

    mean: float | None = None
    contrast: float | None = None
    quantiles: npt.NDArray[np.float64] | None = None
    """Y at `BINS` evenly spread ranks."""
    amplitude: Amplitude | None = None

    def record(self, way: Way) -> dict[str, Any]:
        """The numbers among them, for provenance."""
        name = way.contrast_name if way.method > 1 else "rms_contrast"
        return {"mean_luminance": self.mean, name: self.contrast}


@dataclass(frozen=True)
class Measured:
    """A written picture, as `matching.csv` has it."""

    mean_luminance: float
    foreground_luminance: float
    rms_contrast: float | None
    """Standard deviation of Y over the whole picture (Peli 1990, Eq. 2); version 0.1 did not have it."""
    relative_contrast: float | None
    """That over the mean of Y; nor this."""
    foreground_contrast: float
    foreground_relative_contrast: float | None
    """Nor this."""
    histogram_error: float | None
    """Mean difference from the target's quantiles, in Y."""
    spectrum_error: float | None
    """RMS difference of log10 amplitude from the target's, over the frequencies."""


def find_targets(pictures: Iterable[Picture], way: Way) -> Targets:
    """One pass over a set that is laid out; `way` has the display that the set is for."""
    options, spectrum = way.options, way.spectrum
    means, contrasts = [], []
    counts = np.zeros(BINS)
    amplitudes: Amplitude | None = None
    for picture in pictures:
        y = way.seen(to_pixels(picture.light, display=way.display))
        means.append(way.mean(y, picture.weights))
        contrasts.append(way.contrast(y, picture.weights))
        if options.histogram:
            counts += _histogram(y, picture.weights)
        if options.spectrum:
            ours = spectrum.amplitude(y, picture.weights)
            if options.contrast and way.method > 1:
                ours = ours / max(contrasts[-1], CLOSE_CONTRAST)
            amplitudes = ours if amplitudes is None else amplitudes + ours
    contrast = float(np.mean(contrasts)) if options.contrast else None
    if amplitudes is not None:
        # Where the contrast is wanted, too, that is how strong all of it is.
        amplitudes = amplitudes / len(means) * (contrast if contrast is not None and way.method > 1 else 1)
    return Targets(
        mean=float(np.mean(means)) if options.luminance else None,
        contrast=contrast,
        quantiles=_quantiles(counts) if options.histogram else None,
        amplitude=amplitudes,
    )


def matched(picture: Picture, targets: Targets, way: Way) -> tuple[Pixels, float]:
    """The picture as it is written, and the share of its foreground that had to be clipped."""
    y = luminance_of(picture.light)
    solving = targets.mean is not None or targets.contrast is not None
    alternating = [targets.amplitude is not None, targets.quantiles is not None, solving and way.method > 1]
    rounds = ALTERNATIONS if sum(alternating) > 1 else 1
    for number in range(1, rounds + 1):
        if targets.amplitude is not None:
            y = way.spectrum.changed(y, picture.weights, targets.amplitude, lambda y: way.seen(way.written(picture, y)))
        if targets.quantiles is not None:
            y = _with_quantiles(y, picture.weights, targets.quantiles)
        if solving and (way.method > 1 or number == rounds):
            y = _solved(picture, y, targets, way)
    return way.written(picture, y), _clipped(y, picture.weights, way)


def measure(pixels: Pixels, weights: Weights, targets: Targets, way: Way) -> Measured:
    """What a written picture has of what was wanted."""
    y = way.seen(pixels)
    (mean, spread), (own_mean, own_spread) = mean_and_spread(y), mean_and_spread(y, weights)
    histogram = spectrum = None
    if targets.quantiles is not None:
        histogram = float(np.abs(_quantiles(_histogram(y, weights)) - targets.quantiles).mean())
    if targets.amplitude is not None:
        spectrum = way.spectrum.error(way.spectrum.amplitude(y, weights), targets.amplitude)
    first = way.method == 1
    return Measured(
        mean_luminance=float(y.mean()),
        foreground_luminance=own_mean,
        rms_contrast=None if first else spread,
        relative_contrast=None if first else relative(spread, mean),
        foreground_contrast=own_spread,
        foreground_relative_contrast=None if first else relative(own_spread, own_mean),
        histogram_error=histogram,
        spectrum_error=spectrum,
    )


def kept_structure(pixels: Pixels, picture: Picture, way: Way) -> float:
    """Correlation of the Y of a written foreground with what it was; 1 where there is nothing to correlate."""
    then, now = luminance_of(picture.light), way.seen(pixels)
    (before, spread), (after, spread_now) = (mean_and_spread(y, picture.weights) for y in (then, now))
    if min(spread, spread_now) < CLOSE_MEAN:
        return 1.0
    together = np.average((then - before) * (now - after), weights=picture.weights)
    return float(together / (spread * spread_now))


def _clipped(y: Plane, weights: Weights, way: Way) -> float:
    return float(np.average((y < way.display.light[0]) | (y > 1), weights=weights))


def _solved(picture: Picture, y: Plane, targets: Targets, way: Way) -> Plane:
    """Contrast and mean luminance by Y → centre + slope · (Y − mean), corrected until the rounded picture has them.

    Where the contrast is free it goes with the luminance, as under more light; but not where amplitudes are wanted.
    """
    weights = picture.weights
    start, spread = mean_and_spread(np.clip(y, 0, 1), weights)
    share = float(weights.mean()) if way.options.region == "picture" else 1.0
    as_under_light = targets.contrast is None and (targets.amplitude is None or way.method == 1)
    centre, slope = start, 1.0
    best, closest = y, np.inf
    for _ in range(ROUNDS):
        if as_under_light:
            slope = centre / start if start > 0 else 1.0
        changed = centre + slope * (y - start)
        written = way.seen(way.written(picture, changed))
        wrong = contrast_error = 0.0
        if targets.mean is not None:
            wrong = targets.mean - way.mean(written, weights)
            centre = float(np.clip(centre + wrong / max(share, 1e-3), 0, 2))
        elif targets.contrast is not None:
            centre += start - mean_and_spread(written, weights)[0]
        if targets.contrast is not None and spread > 0:
            contrast_error = targets.contrast / max(way.contrast(written, weights), 1e-6) - 1
            slope = _corrected(slope, contrast_error, written, weights, way)
        error = max(abs(wrong) / CLOSE_MEAN, abs(contrast_error) / CLOSE_CONTRAST)
        if error < closest:
            best, closest = changed, error
        if error <= 1:
            break
    return best


def _corrected(slope: float, error: float, written: Plane, weights: Weights, way: Way) -> float:
    """The slope by which the contrast would be right, the background's share in it being what it is."""
    if way.contrast_name.startswith("foreground"):
        return float(np.clip(slope * (1 + error), 0, STEEPEST))
    _, whole = mean_and_spread(written)
    _, own = mean_and_spread(written, weights)
    more = ((1 + error) ** 2 - 1) * whole**2 / max(weights.mean() * own**2, 1e-12)
    return float(np.clip(slope * np.sqrt(max(1 + more, 0)), LEAST_SLOPE, STEEPEST))


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
