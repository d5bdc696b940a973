"""What else varies with what is meant to vary.

An observer does not need to see an identity or a smile where brightness, contrast or blur goes along with it. The
figures are about this set, and no sample of anything: a trend is worth a warning where it is both orderly and large
enough to be seen, whatever its p value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage, stats
from skimage.color import rgb2lab
from skimage.transform import downscale_local_mean

from gaia_stim.images import Pixels
from gaia_stim.metrics.distance import pixel_distance
from gaia_stim.metrics.photometry import (
    Display,
    Plane,
    frequencies,
    luminance,
    mean_and_spread,
    radial_amplitude,
    relative,
)
from gaia_stim.srgb import encoded
from gaia_stim.stimuli.processing.ground import Colour, ground

Column = npt.NDArray[np.float64]

ORDERLY = 0.6
"""Spearman's rho from which two things go together."""
TINY = 1e-12
"""Amplitude below which there is only rounding."""
COLOURLESS = 5.0
"""Chroma below which a hue is mostly noise."""
FEWEST = 4
"""Stimuli, and different values of what varies, that a trend can be told from."""


@dataclass(frozen=True)
class Measure:
    """Something that should not go along with the question, and how much of it is worth a word."""

    words: str
    unit: str
    change: float
    """From the smallest to the largest, that is worth a word."""
    relative: bool
    """Whether `change` is a share of the mean."""
    remedy: str = ""
    match: Mapping[str, Any] = field(default_factory=dict)
    """The options of `match` that make this very measure equal; none where nothing does."""

    def matched_by(self, options: Mapping[str, Any]) -> bool:
        """Whether these options of `match` were to make it equal."""
        usual = {"region": "picture", "contrast_as": "sd"}
        return bool(self.match) and all({**usual, **options}.get(name) == value for name, value in self.match.items())


_TAKES_OUT = "'gaia-stim match SET --grey' takes colour out; else say so where you report the stimuli"

MEASURES: dict[str, Measure] = {
    "mean_luminance": Measure(
        "mean luminance", "linear Y, 0 to 1", 0.05, True, match={"luminance": True, "region": "picture"}
    ),
    "foreground_luminance": Measure(
        "mean luminance of the foreground",
        "linear Y, 0 to 1",
        0.05,
        True,
        match={"luminance": True, "region": "foreground"},
    ),
    "rms_contrast": Measure(
        "RMS contrast", "SD of linear Y", 0.10, True, match={"contrast": True, "contrast_as": "sd", "region": "picture"}
    ),
    "relative_contrast": Measure(
        "relative contrast",
        "SD / mean of Y",
        0.10,
        True,
        match={"contrast": True, "contrast_as": "relative", "region": "picture"},
    ),
    "foreground_contrast": Measure(
        "RMS contrast of the foreground",
        "SD of linear Y",
        0.10,
        True,
        match={"contrast": True, "contrast_as": "sd", "region": "foreground"},
    ),
    "foreground_relative_contrast": Measure(
        "relative contrast of the foreground",
        "SD / mean of Y",
        0.10,
        True,
        match={"contrast": True, "contrast_as": "relative", "region": "foreground"},
    ),
    "spectral_slope": Measure(
        "spectral slope",
        "log amplitude per log frequency",
        0.15,
        False,
        match={"spectrum": True, "rotational": True, "region": "picture"},
    ),
    "sharpness": Measure(
        "sharpness",
        "SD of detail / SD of Y",
        0.15,
        True,
        match={"spectrum": True, "rotational": True, "region": "picture"},
    ),
    "chroma": Measure("chroma", "mean C* of CIELAB", 2.0, False, _TAKES_OUT),
    "hue": Measure("hue", "degrees of CIELAB", 5.0, False, _TAKES_OUT),
    "reconstruction_error": Measure(
        "reconstruction error",
        "mean pixel difference, of 1",
        0.30,
        True,
        "the model knows some of them less well: look whether they look less real",
    ),
    "training_distance": Measure(
        "distance to nearest training image",
        "RMS pixel difference, of 1",
        0.30,
        True,
        "some are more familiar to the model than others",
    ),
}
FROM_MIDDLE = " from its middle"
PREDICTORS = ("alpha", "grid_u", "grid_v", "amount", "amount_2")


@dataclass(frozen=True)
class Trend:
    """How a measure goes with what is meant to vary."""

    measure: str
    against: str
    spearman: float
    smallest: float
    largest: float
    warning: bool


def spectral_slope(y: Plane) -> float:
    """Slope of log amplitude on log frequency, averaged over orientations: about −1 for natural images, less is softer.

    Of (H, W) luminance under a Hann window, from 2 cycles a picture to the finest. NaN for a picture of one colour.
    """
    if y.min() == y.max():
        return float("nan")
    slope, _ = np.polyfit(np.log(frequencies(y.shape)), np.log(np.maximum(radial_amplitude(y), TINY)), 1)
    return float(slope)


def sharpness(y: Plane) -> float:
    """Contrast of the finest detail (Laplacian of Y) over the whole contrast; 0 for a picture of one colour."""
    spread = y.std()
    return float(ndimage.laplace(y).std() / spread) if spread > 0 else 0.0


def contrasts(y: Plane, weights: Plane | None) -> dict[str, float]:
    """Mean of (H, W) luminance, its standard deviation, and that over the mean: of all, and as weights say if given."""
    mean, spread = mean_and_spread(y)
    found = {"mean_luminance": mean, "rms_contrast": spread, "relative_contrast": relative(spread, mean)}
    if weights is not None:
        own, own_spread = mean_and_spread(y, weights)
        found |= {
            "foreground_luminance": own,
            "foreground_contrast": own_spread,
            "foreground_relative_contrast": relative(own_spread, own),
        }
    return found


def colour(pixels: Pixels, display: Display, weights: Plane | None) -> dict[str, float]:
    """Mean chroma C* of CIELAB (CIE 1976, white D65), and the hue angle of the mean a*, b*, in degrees.

    Nothing of a grey picture; no hue where the mean is nearly grey.
    """
    if pixels.shape[2] == 1:
        return {}
    # scikit-image takes sRGB: the same light, whatever display it is for.
    _, a, b = np.moveaxis(rgb2lab(encoded(display.light[pixels])), -1, 0)
    chroma = float(np.average(np.hypot(a, b), weights=weights))
    mean_a, mean_b = np.average(a, weights=weights), np.average(b, weights=weights)
    coloured = np.hypot(mean_a, mean_b) >= COLOURLESS
    return {"chroma": chroma, "hue": float(np.degrees(np.arctan2(mean_b, mean_a))) if coloured else float("nan")}


def unrolled(degrees: Column) -> Column:
    """Angles as numbers near to each other: no jump from 180 to −180 within half a circle of their mean direction."""
    known = np.radians(degrees[np.isfinite(degrees)])
    if not len(known):
        return degrees
    middle = np.degrees(np.arctan2(np.sin(known).mean(), np.cos(known).mean()))
    near: Column = (degrees - middle + 180) % 360 - 180 + middle
    return near


def predictors(table: pd.DataFrame) -> dict[str, Column]:
    """What is meant to vary in a set, as far as it does; the distance from its middle, too, for ends differ as well."""
    found: dict[str, Column] = {}
    for name in PREDICTORS:
        values = table[name].to_numpy(np.float64)
        if len(np.unique(values[np.isfinite(values)])) < FEWEST:
            continue
        found[name] = values
        lowest, highest = np.nanmin(values), np.nanmax(values)
        ends = np.abs(values - (lowest + highest) / 2)
        if len(np.unique(np.round(ends[np.isfinite(ends)], 9))) >= 3:
            found[f"{name}{FROM_MIDDLE}"] = ends
    return found


def trends(measures: Mapping[str, Column], against: Mapping[str, Column]) -> Iterator[Trend]:
    """How each measure goes with each predictor, over the stimuli that have both."""
    for where, x in against.items():
        for name, y in measures.items():
            both = np.isfinite(x) & np.isfinite(y)
            if both.sum() < FEWEST:
                continue
            smallest, largest = float(y[both].min()), float(y[both].max())
            flat = smallest == largest or len(np.unique(x[both])) < 2
            rho = 0.0 if flat else float(stats.spearmanr(x[both], y[both]).statistic)
            explained = _change_along(x[both], y[both])
            scale = abs(float(y[both].mean())) if MEASURES[name].relative else 1.0
            large = explained >= MEASURES[name].change * scale and explained > 0
            yield Trend(name, where, rho, smallest, largest, bool(abs(rho) >= ORDERLY and large))


def _change_along(x: Column, y: Column) -> float:
    """By how much `y` changes from the lower to the upper third of `x`: one odd stimulus is no trend."""
    low, high = np.quantile(x, [1 / 3, 2 / 3])
    return float(abs(np.median(y[x >= high]) - np.median(y[x <= low])))


def tell(trend: Trend) -> str:
    """A noteworthy trend in plain words."""
    words = MEASURES[trend.measure].words
    span = f"from {trend.smallest:.3g} to {trend.largest:.3g}, Spearman {trend.spearman:+.2f}"
    if trend.against.endswith(FROM_MIDDLE):
        name = trend.against.removesuffix(FROM_MIDDLE)
        more = "higher" if trend.spearman > 0 else "lower"
        return f"{words} is {more} at the ends of {name} than in its middle ({span})"
    return f"{words} {'rises' if trend.spearman > 0 else 'falls'} with {trend.against} ({span})"


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Images that pictures are compared with, and how near they are to each other."""

    images: Pixels
    coarse: npt.NDArray[np.float32]
    typical: float
    """Median distance (RMS of sRGB pixels) of an image to the nearest other one."""
    near: float
    """Closer than this are only one in twenty of them to another one."""

    @classmethod
    def of(cls, images: Pixels) -> "Neighbours":
        """Prepare (n, H, W, C) images; n may be large, they may be mapped from a file."""
        bundles = [_coarse(images[start : start + BUNDLE]) for start in range(0, len(images), BUNDLE)]
        unfinished = cls(images, np.concatenate(bundles), 0.0, 0.0)
        some = np.unique(np.linspace(0, len(images) - 1, min(REFERENCES, len(images))).astype(int))
        apart = np.array([unfinished.nearest(images[row], [row])[1] for row in some])
        apart = apart[np.isfinite(apart) & (apart > 0)]  # a copy of an image is no other image
        if not len(apart):
            return unfinished
        return cls(images, unfinished.coarse, float(np.median(apart)), float(np.quantile(apart, 0.05)))

    def nearest(self, pixels: Pixels, leave_out: Sequence[int] = ()) -> tuple[int | None, float]:
        """The row of the image nearest to (H, W, C) pixels, and its distance; some rows may be left out.

        The few that are nearest at a sixteenth of the size, or so, are compared pixel by pixel.
        """
        apart = np.square(self.coarse - _coarse(pixels[None])).sum(axis=1)
        apart[list(leave_out)] = np.inf
        rows = np.sort(np.argsort(apart, kind="stable")[:CANDIDATES])
        rows = rows[np.isfinite(apart[rows])]
        if not len(rows):
            return None, float("inf")
        exact = pixel_distance(np.asarray(self.images[rows]), np.broadcast_to(pixels, (len(rows), *pixels.shape)))
        return int(rows[exact.argmin()]), float(exact.min())


BUNDLE = 256
REFERENCES = 200
CANDIDATES = 8
COARSE = 16
"""Pixels of a side at which candidates are looked for."""


def _coarse(images: Pixels) -> npt.NDArray[np.float32]:
    factor = -(-images.shape[1] // COARSE)
    small = downscale_local_mean(images, (1, factor, factor, 1)) if factor > 1 else images
    return np.asarray(small, dtype=np.float32).reshape(len(images), -1) / np.float32(255)


@dataclass(frozen=True)
class Frame:
    """Where a picture has what it shows: centre and size as shares of its side."""

    x: float
    y: float
    size: float


APART = 0.05
"""Share of the side: sources that differ by more are not aligned."""
ODD = 3.5
"""Robust standard deviations from the median of the training images."""


def frame(pixels: Pixels, flat: Colour | None) -> Frame:
    """Centre and RMS radius of the foreground; without a flat background, of the edges."""
    if flat is not None:
        weights = np.where(ground(pixels, flat), 0.0, 1.0)
    else:
        y = luminance(pixels[None])[0]
        weights = np.hypot(*np.gradient(y))
    if weights.sum() <= 0:
        return Frame(0.5, 0.5, 0.0)
    height, width = weights.shape
    rows, columns = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    weights = weights / weights.sum()
    across, down = float(weights.sum(axis=0) @ columns), float(weights.sum(axis=1) @ rows)
    spread = weights.sum(axis=0) @ np.square(columns - across) + weights.sum(axis=1) @ np.square(rows - down)
    return Frame(across, down, float(np.sqrt(spread)))


def misaligned(sources: Mapping[str, Frame], references: Sequence[Frame]) -> Iterator[str]:
    """Which sources do not lie as the training images do; without those, which do not lie as the others do."""
    parts = {"x": "its centre lies {:+.0%} of the width from", "y": "its centre lies {:+.0%} of the height from"}
    parts["size"] = "its size differs by {:+.0%} of the side from"
    if len(references) >= FEWEST:
        for part, words in parts.items():
            usual = np.array([getattr(one, part) for one in references])
            middle = float(np.median(usual))
            spread = 1.4826 * float(np.median(np.abs(usual - middle)))
            for name, one in sources.items():
                off = getattr(one, part) - middle
                if abs(off) > max(ODD * spread, APART / 2):
                    yield f"{name}: {words.format(off)} the training images'"
        return
    for (first, one), (second, other) in pairwise(sources.items()):
        for part, words in parts.items():
            off = getattr(other, part) - getattr(one, part)
            if abs(off) > APART:
                yield f"{second}: {words.format(off)} that of {first}"
