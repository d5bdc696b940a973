"""Fourier amplitudes of luminance: which ones are meant, and how a picture gets those of its set.

All of them at once (`Full`) are a set of pictures; so are the pictures whose background is as it was, and those whose
luminance a display can show: the picture is projected from one to the next until that helps no more (Gerchberg & Saxton
1972). Where a flat background is kept, few pictures lie in all three, and the warning says how far it went. Averages
over orientations (`Rotational`) are few numbers: one filter a picture reaches them, found by what is written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import fft

from gaia_stim.metrics.photometry import frequencies, mean_and_spread, over_orientations, radial_amplitude, rings
from gaia_stim.stimuli.processing.ground import Weights
from gaia_stim.stimuli.processing.light import Plane

Amplitude = npt.NDArray[np.float64]
Written = Callable[[Plane], Plane]
"""The luminance that is seen of a picture once it is written."""

CLOSE = 0.04, 0.005
"""Good enough, in RMS log10: of all amplitudes, and of their averages."""
ROUNDS, AT_ONCE = 200, 10
"""Projections, and how many before it is looked whether they helped."""
HELPS = 0.99
"""Times the error before: where it is more, there is no more to be had."""
FILTERS = 60
STEP, LEAST_STEP, LONGER, SHORTER = 0.5, 0.02, 1.2, 0.5
STRONGEST = 50.0
TINY = 1e-9
ROUNDING = 0.001
"""Standard deviation of Y that rounding to 8 bits leaves at mid-grey: amplitudes below such noise count as it."""


class Spectrum(Protocol):
    """Amplitudes that can be made equal."""

    def amplitude(self, y: Plane, weights: Weights) -> Amplitude:
        """Those of a picture."""

    def error(self, ours: Amplitude, wanted: Amplitude) -> float:
        """RMS difference of log10 amplitude, without the mean's."""

    def changed(self, y: Plane, weights: Weights, wanted: Amplitude, written: Written) -> Plane:
        """A picture that has them, as nearly as can be; what has no weight stays."""


def spectrum_of(region: str, rotational: bool, contrast: bool, method: int) -> Spectrum:
    """The amplitudes that are asked for, by the method; with `contrast` that says how strong all of them are."""
    if method == 1:
        return OneStep(rotational)
    return Rotational(region, shape=contrast) if rotational else Full(region)


def filled(y: Plane, weights: Weights) -> Plane:
    """The background replaced by the foreground's mean: no edge of its own in the spectrum."""
    mean, _ = mean_and_spread(y, weights)
    return weights * y + (1 - weights) * mean


def _log_error(ours: Amplitude, wanted: Amplitude, least: float = TINY) -> float:
    ratio = np.log10(np.maximum(ours, least) / np.maximum(wanted, least))
    return float(np.sqrt(np.square(ratio).mean()))


@dataclass(frozen=True)
class Full:
    """The amplitude of every frequency and orientation, of the whole picture or of the foreground on its mean."""

    region: str

    def amplitude(self, y: Plane, weights: Weights) -> Amplitude:
        """(H, W), as the discrete Fourier transform has them."""
        amplitude: Amplitude = np.abs(fft.fft2(self._seen(y, weights)))
        return amplitude

    def error(self, ours: Amplitude, wanted: Amplitude) -> float:
        """Over all frequencies but 0."""
        return _log_error(ours.ravel()[1:], wanted.ravel()[1:], ROUNDING * np.sqrt(ours.size))

    def changed(self, y: Plane, weights: Weights, wanted: Amplitude, written: Written) -> Plane:
        """The nearest that alternate projections come to."""
        best, closest = y, np.inf
        for _ in range(ROUNDS // AT_ONCE):
            for _ in range(AT_ONCE):
                y = self._projected(y, weights, wanted)
            error = self.error(self.amplitude(written(y), weights), wanted)
            helped = error < HELPS * closest
            if error < closest:
                best, closest = y, error
            if error <= CLOSE[0] or not helped:
                break
        return best

    def _projected(self, y: Plane, weights: Weights, wanted: Amplitude) -> Plane:
        before = self._seen(y, weights)
        spectrum = fft.fft2(before)
        gain = wanted / np.maximum(np.abs(spectrum), TINY)
        gain[0, 0] = 1
        after: Plane = np.real(fft.ifft2(spectrum * gain))
        return np.clip(y + weights * (after - before), 0, 1)

    def _seen(self, y: Plane, weights: Weights) -> Plane:
        return y if self.region == "picture" else filled(y, weights)


@dataclass(frozen=True)
class Rotational:
    """The average over orientations at each frequency, as the audit has it (`radial_amplitude`)."""

    region: str
    shape: bool
    """Whether only its shape is meant: what is equal is all but a factor."""

    def amplitude(self, y: Plane, weights: Weights) -> Amplitude:
        """One number a frequency."""
        return radial_amplitude(self._seen(y, weights))

    def error(self, ours: Amplitude, wanted: Amplitude) -> float:
        """Over these frequencies."""
        return float(np.sqrt(np.square(np.log10(self._missing(ours, wanted))).mean()))

    def changed(self, y: Plane, weights: Weights, wanted: Amplitude, written: Written) -> Plane:
        """The picture filtered, by gains that are corrected until what is written has the amplitudes."""
        before = self._seen(y, weights)
        cosines = fft.dctn(before)
        used = frequencies(y.shape)
        # Cosines continue a picture as in a mirror: its borders are no edges. They come in half cycles.
        radius = np.hypot(np.arange(y.shape[0])[:, None], np.arange(y.shape[1])) / 2
        best, closest, step = y, np.inf, STEP
        gains = good = ratio = np.ones(len(used))
        for _ in range(FILTERS):
            gain = np.interp(radius, [0, 1, *used], [1, 1, *gains])
            now = y + weights * (fft.idctn(cosines * gain) - before)
            ours = self.amplitude(written(now), weights)
            error = self.error(ours, wanted)
            if error < closest:
                best, closest, good, ratio = now, error, gains, self._missing(ours, wanted)
                step *= LONGER
            else:
                step *= SHORTER
            if closest <= CLOSE[1] or step < LEAST_STEP:
                break
            gains = np.clip(good * ratio**step, 1 / STRONGEST, STRONGEST)
        return best

    def _missing(self, ours: Amplitude, wanted: Amplitude) -> Amplitude:
        """By what factors ours would be the wanted ones.

        The least that counts is that of white noise under the window, whose mean square is (3/8)², in a picture of so
        many frequencies.
        """
        least = ROUNDING * 2 * (len(ours) + 1) * 3 / 8
        ratio: Amplitude = np.maximum(wanted, least) / np.maximum(ours, least)
        return ratio / np.exp(np.log(ratio).mean()) if self.shape else ratio

    def _seen(self, y: Plane, weights: Weights) -> Plane:
        return y if self.region == "picture" else filled(y, weights)


@dataclass(frozen=True)
class OneStep:
    """As version 0.1 did it: what the foreground gets is cut off at its edge, and not looked at again."""

    rotational: bool

    def amplitude(self, y: Plane, weights: Weights) -> Amplitude:
        """(H, W), of the foreground on its mean."""
        amplitude: Amplitude = np.abs(fft.fft2(filled(y, weights)))
        return amplitude

    def error(self, ours: Amplitude, wanted: Amplitude) -> float:
        """Over all frequencies but 0."""
        return _log_error(self._meant(ours).ravel()[1:], self._meant(wanted).ravel()[1:])

    def changed(self, y: Plane, weights: Weights, wanted: Amplitude, written: Written) -> Plane:
        """The picture's phases with the wanted amplitudes; rotational: scaled at each frequency to the wanted mean."""
        spectrum = fft.fft2(filled(y, weights))
        if self.rotational:
            mean = over_orientations(np.abs(spectrum))
            gain = np.divide(self._meant(wanted), mean, out=np.ones_like(mean), where=mean > 0)[rings(y.shape)]
            changed = spectrum * gain
        else:
            changed = wanted * np.exp(1j * np.angle(spectrum))
        inside: Plane = np.real(fft.ifft2(changed))
        return np.where(weights > 0, inside, y)

    def _meant(self, amplitude: Amplitude) -> Amplitude:
        """All of it, or its mean over orientations at each whole frequency."""
        return over_orientations(amplitude) if self.rotational else amplitude
