"""Masks, one a stimulus: noise, or the stimulus itself with its phases scrambled; each of the mean luminance and the
contrast (standard deviation of luminance) of its picture, on the display that the set is for.

Scrambling adds the phases of one white noise to all three channels, so that amplitudes and the correlations between
colours stay (as Dakin, Hess, Ledgeway & Achtman 2002 do for one channel). What then leaves the range of the display is
cut off, and mean and deviation are set again, until both hold. Where a picture is transparent so is its mask, and what
is there does not count.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from gaia_stim.images import write_png
from gaia_stim.metrics.photometry import REC709, Display
from gaia_stim.stimuli.sets import StimulusSet

MASKS = "masks"
GRAIN = 16
"""Checks of the noise along the longer side."""
ROUNDS = 50

Plane = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]


def write_masks(kind: Literal["noise", "scrambled"], stimuli: StimulusSet, folder: Path) -> None:
    """`masks/STIM_ID.png` for each stimulus, of its size."""
    (folder / MASKS).mkdir()
    display = stimuli.provenance.display
    for number, (row, pixels) in enumerate(stimuli.pictures()):
        rng = np.random.default_rng([number, len(stimuli)])
        write_png(folder / mask_path(row.stim_id), mask_of(kind, pixels, display, rng))


def mask_path(stim_id: str) -> str:
    """Where the mask of a stimulus lies in the folder."""
    return f"{MASKS}/{stim_id}.png"


def mask_of(kind: Literal["noise", "scrambled"], pixels: Pixels, display: Display, rng: np.random.Generator) -> Pixels:
    """The mask of a picture, (H, W, 1, 3 or 4) uint8 as this is."""
    channels = 3 if pixels.shape[2] >= 3 else 1
    weights = pixels[..., 3].astype(np.float64) / 255 if pixels.shape[2] == 4 else np.ones(pixels.shape[:2])
    light = display.light[pixels[..., :channels]]
    grey = _luminance(light)
    mean, spread = _moments(grey, weights)
    if kind == "noise":
        found = np.repeat(_checks(grey.shape, rng)[..., None], channels, axis=2)
    else:
        filled = light * weights[..., None] + mean * (1 - weights[..., None])
        found = _scrambled(filled, rng)
    found = _with_moments(found, weights, mean, spread)
    levels = np.rint(display.encode(found) * 255).astype(np.uint8)
    return np.concatenate([levels, pixels[..., channels:]], axis=2)


def _luminance(light: Plane) -> Plane:
    y: Plane = light[..., 0] if light.shape[2] == 1 else light @ REC709
    return y


def _moments(y: Plane, weights: Plane) -> tuple[float, float]:
    mean = float(np.average(y, weights=weights))
    return mean, float(np.sqrt(np.average((y - mean) ** 2, weights=weights)))


def _with_moments(light: Plane, weights: Plane, mean: float, spread: float) -> Plane:
    """Inside the display's range, with that mean and deviation of luminance, as nearly as the range allows."""
    for _ in range(ROUNDS):
        now, deviation = _moments(_luminance(light), weights)
        light = np.clip((light - now) * (spread / max(deviation, 1e-12)) + mean, 0, 1)
    return light


def _checks(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """Uniform noise in square checks."""
    side = max(1, round(max(shape) / GRAIN))
    coarse = rng.random((-(-shape[0] // side), -(-shape[1] // side)))
    return coarse.repeat(side, axis=0).repeat(side, axis=1)[: shape[0], : shape[1]]


def _scrambled(light: Plane, rng: np.random.Generator) -> Plane:
    phases = np.angle(np.fft.fft2(rng.standard_normal(light.shape[:2])))
    # A real picture's; the mean keeps its sign.
    phases[0, 0] = 0
    turned = np.fft.fft2(light, axes=(0, 1)) * np.exp(1j * phases)[..., None]
    found: Plane = np.fft.ifft2(turned, axes=(0, 1)).real
    return found
