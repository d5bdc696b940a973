"""A space as a map: the codes of its images in their first two principal components, images lying where they are."""

import numpy as np
import numpy.typing as npt

from gaia_stim.dataset import Dataset
from gaia_stim.drawing.charts import Frame, Point, Series, chart
from gaia_stim.drawing.panels import Plotted
from gaia_stim.errors import DataError
from gaia_stim.space.paths import Codes

SIDE = 24.0
"""Of an image on the map, in pixels of the chart; of images that would overlap all but the first are dots."""
NARROW, WIDE = 340.0, 700.0
"""Width of the chart in a column, and on a page."""
DOT = 1.6

Places = npt.NDArray[np.float64]


def map_panel(images: Dataset, codes: Codes, *, wide: bool = False) -> Plotted:
    """The map. Raises `DataError` for fewer than three images, or all alike."""
    places, shares = principal(codes)
    spread = np.ptp(places, axis=0)
    left, right, top, inset = 58.0, (WIDE if wide else NARROW) - 8, 8.0, SIDE / 2 + 3
    # A unit is as long up as across: distances on the map are distances.
    plot = right - left - 2 * inset
    bottom = top + 2 * inset + max(SIDE, plot * spread[1] / spread[0])
    frame = Frame(right + 8, bottom + 42, left, top, right, bottom, inset)
    labels = [f"component {number} ({share:.0%} of the variance of codes)" for number, share in enumerate(shares, 1)]
    dots = Series("images", places[:, 0], places[:, 1], joined=False, radii=[DOT] * len(places))
    drawn = chart("", "", labels[0], labels[1], [dots], frame=frame, from_zero=False)
    points = [(dot.x, dot.y) for dot in drawn.curves[0].dots]
    chosen = _apart(points)
    pictures = images.batch(np.array(chosen))
    return Plotted(drawn, [(points[at], picture) for at, picture in zip(chosen, pictures, strict=True)], SIDE, wide)


def principal(codes: Codes) -> tuple[Places, Places]:
    """Codes (n, latent) in their first two components (n, 2), and the shares of the variance that these have (2,).

    The sign of a component is chosen so that its largest weight is positive. Raises `DataError` as `map_panel`.
    """
    off = codes - codes.mean(axis=0, dtype=np.float64)
    if len(codes) < 3 or not np.ptp(codes, axis=0).any():
        raise DataError(f"a map needs at least three images that differ, not {len(codes)}")
    _, lengths, axes = np.linalg.svd(off, full_matrices=False)
    axes = axes[:2] * np.sign(axes[range(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    return off @ axes.T, (lengths**2 / (lengths**2).sum())[:2]


def _apart(points: list[Point]) -> list[int]:
    """The first point, and each further one whose image overlaps none of those before."""
    found: list[int] = []
    for place, (x, y) in enumerate(points):
        if all(max(abs(x - points[one][0]), abs(y - points[one][1])) > SIDE + 1 for one in found):
            found.append(place)
    return found
