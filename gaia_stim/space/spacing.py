"""Where to stop on a path: places t whose pictures are equally far apart.

Equal *chords*: what an experiment shows are the pictures themselves, so it is the distance from each to the next that
must be equal, not the length of the curve between them. The pictures are those that will be written, in whole numbers.

Every spacing is called in one way: with what renders places, how many places there are to be, and the stretch of the
path they lie on, whose ends stay where they are. For a wheel that stretch is a whole turn, and the last place the first
one again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy
import scipy.optimize

from gaia_stim.config.renamed import spacing_now
from gaia_stim.errors import ConfigError, DataError, in_brief, suggestion
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file
from gaia_stim.metrics.distance import Pixels, pixel_distance, variation
from gaia_stim.metrics.perceptual import colour_distance, nlpd
from gaia_stim.space import SPACINGS
from gaia_stim.space.paths import Places
from gaia_stim.tables import look_up
from gaia_stim.tabular import column_of_numbers, read_table

Render = Callable[[Places], Pixels]
"""From places to the pictures that will be written."""
Distance = Callable[[Pixels, Pixels], npt.NDArray[np.float64]]
"""From two of (n, H, W, C) to (n,)."""
Stretch = tuple[float, float]

WHOLE: Stretch = (0.0, 1.0)
FARTHEST: Stretch = (-2.0, 3.0)
"""Where alphas may lie, `--extrapolate` being 2 at most."""
ROUNDED = 1e-6
HALVINGS = 12
"""How often the middle of a long piece of path is looked at: what happens within 1/4000 of a step is a jump."""
ROUNDS = 40
EVEN_ENOUGH = 0.005
"""Coefficient of variation at which there is nothing left to gain: pixels are whole numbers."""
SHORTEST_MOVE = 1 / 64
"""Share of a round's correction below which smaller ones are not tried."""
MOST_STEPS = 256
"""Of more steps than these, so many are solved and the others laid between them; and so many are measured."""
PIXEL = "RMS difference of sRGB pixels"
NLPD = "NLPD of luminance (Laparra et al. 2016)"
CIEDE2000 = "mean CIEDE2000 over the pixels"


@dataclass(frozen=True, eq=False)
class Spaced:
    """Places on a path, and how even the steps between their pictures are: before, and as placed."""

    places: Places
    measure: Callable[[], tuple[float, float]]
    """The two below. They are not asked for before they are needed: by then, the pictures are made."""
    metric: str = PIXEL
    """What a step's length is measured in, in words."""
    distance: Distance | None = None
    """What was made equal between pictures; None where it is not pictures that decide."""

    @cached_property
    def _variations(self) -> tuple[float, float]:
        return self.measure()

    @property
    def variation_before(self) -> float:
        """Coefficient of variation of the steps in equal steps of t."""
        return self._variations[0]

    @property
    def variation(self) -> float:
        """Coefficient of variation of the steps as placed."""
        return self._variations[1]

    def record(self, name: str) -> dict[str, str | float]:
        """What provenance tells of it."""
        return evenness(name, self.metric, self.variation_before, self.variation)


def evenness(name: str, metric: str, before: float, after: float) -> dict[str, str | float]:
    """How provenance tells of a spacing: what it is called, what measures a step, and the steps' variation."""
    return {"name": spacing_now(name), "metric": metric, "steps_cv_before": before, "steps_cv": after}


class Spacing(Protocol):
    """A way to place stimuli on a path."""

    def __call__(self, render: Render, steps: int, stretch: Stretch = WHOLE) -> Spaced:
        """`steps` places from one end of the stretch to the other."""


def choose_spacing(name: str, degrees: float | None = None, listen: Listener = silent) -> Spacing:
    """The spacing of that name in `SPACINGS`, or of a measured scale where it is the name of a .csv.

    `degrees` is how wide the stimuli are to the eye, where that is known; "nlpd" alone takes it. The listener hears
    today's name of one that was called otherwise. Raises `ConfigError` for another name, or for degrees that would not
    count, `DataError` where the scale cannot be used.
    """
    now = spacing_now(name)
    if now != name:
        listen(Note(f"the spacing '{name}' is called {now} now, by what it makes equal; its stimuli are the same"))
    if degrees is not None and now != "nlpd":
        raise ConfigError(f"the size to the eye only says something together with the spacing nlpd, not with {name}")
    if now.lower().endswith(".csv"):
        return read_scale(Path(now))
    if now not in SPACINGS:
        known = ", ".join(SPACINGS)
        raise ConfigError(f"unknown spacing '{name}'{suggestion(name, SPACINGS)}; choose from {known}, or a FILE.csv")
    found: Spacing = look_up(SPACINGS, "spacing", now)
    return found if degrees is None else partial(equal_nlpd, degrees=degrees)


def equal_codes(render: Render, steps: int, stretch: Stretch = WHOLE) -> Spaced:
    """Equal steps of t: on a line, of latent distance."""
    places = np.linspace(*stretch, steps)
    return Spaced(places, lambda: (unevenness(render, pixel_distance, places),) * 2)


def equal_pixels(render: Render, steps: int, stretch: Stretch = WHOLE) -> Spaced:
    """Equal RMS differences of the pixels, neighbour to neighbour."""
    return equal_chords(render, pixel_distance, PIXEL, np.linspace(*stretch, steps))


def equal_nlpd(render: Render, steps: int, stretch: Stretch = WHOLE, degrees: float | None = None) -> Spaced:
    """Equal NLPD, neighbour to neighbour, of pictures that are so many degrees wide to the eye, if that is known.

    Equal in this measure, and in no other: how even the steps look is a question for people (`HumanScale`).
    """
    metric = NLPD if degrees is None else f"{NLPD}, pictures {degrees:g} degrees wide"
    return equal_chords(render, partial(nlpd, degrees=degrees), metric, np.linspace(*stretch, steps))


def equal_colours(render: Render, steps: int, stretch: Stretch = WHOLE) -> Spaced:
    """Equal mean CIEDE2000, neighbour to neighbour: differences of colour, lightness among them."""
    return equal_chords(render, colour_distance, CIEDE2000, np.linspace(*stretch, steps))


def equal_chords(render: Render, distance: Distance, metric: str, start: Places) -> Spaced:
    """Places with equal distances from each picture to the next; the ends of `start` stay.

    First equal shares of the path's length, taken so finely that no sudden change is overlooked. Then, in rounds, the
    places move towards equal shares of their own summed chords: exact where chords add up, close where steps are small;
    where a round makes things worse, half of it is tried. The best is kept: steps never become less even.
    """
    if len(start) > MOST_STEPS + 1:
        return _between(render, distance, metric, start)
    places, chords = start, _chords(render, distance, start)
    before = uneven = variation(chords)
    if before >= EVEN_ENOUGH:
        tried = _equal_lengths(render, distance, start)
        found = _chords(render, distance, tried)
        if variation(found) < uneven:
            places, chords, uneven = tried, found, variation(found)
    move = 1.0
    for _ in range(ROUNDS):
        if uneven < EVEN_ENOUGH or move < SHORTEST_MOVE or not chords.any():
            break
        tried = places + move * (equal_shares(places, chords, len(places)) - places)
        found = _chords(render, distance, tried)
        if variation(found) < uneven:
            places, chords, uneven, move = tried, found, variation(found), min(1.0, 2 * move)
        else:
            move /= 2
    return Spaced(places, lambda: (before, uneven), metric, distance)


def equal_shares(places: Places, chords: Places, count: int) -> Places:
    """`count` places with equal shares of the summed chords from each to the next, on the broken line of `places`."""
    travelled = np.concatenate([[0.0], np.cumsum(chords)])
    shares = np.interp(np.linspace(0, travelled[-1], count), travelled, places)
    shares[0], shares[-1] = places[0], places[-1]
    return shares


def _equal_lengths(render: Render, distance: Distance, start: Places) -> Places:
    """As many places as `start` with equal shares of the path's length, no piece of it longer than half a share."""
    places, pictures = start, render(start)
    for _ in range(HALVINGS):
        lengths = distance(pictures[:-1], pictures[1:])
        long = np.flatnonzero(lengths > lengths.sum() / (2 * (len(start) - 1)))
        if len(long) == 0:
            break
        middles = (places[long] + places[long + 1]) / 2
        places = np.insert(places, long + 1, middles)
        pictures = np.insert(pictures, long + 1, render(middles), axis=0)
    return equal_shares(places, distance(pictures[:-1], pictures[1:]), len(start))


def _between(render: Render, distance: Distance, metric: str, start: Places) -> Spaced:
    """Solve for some of the places and lay the others smoothly between them: so small steps differ by rounding only."""
    coarse = np.interp(np.linspace(0, 1, MOST_STEPS + 1), np.linspace(0, 1, len(start)), start)
    solved = equal_chords(render, distance, metric, coarse)
    curve = scipy.interpolate.PchipInterpolator(np.linspace(0, 1, len(coarse)), solved.places)
    places = curve(np.linspace(0, 1, len(start)))
    places[0], places[-1] = start[0], start[-1]
    return Spaced(
        places,
        lambda: (unevenness(render, distance, start), unevenness(render, distance, places)),
        metric,
        distance,
    )


def _chords(render: Render, distance: Distance, places: Places) -> Places:
    pictures = render(places)
    return distance(pictures[:-1], pictures[1:])


def unevenness(render: Render, distance: Distance, places: Places) -> float:
    """Coefficient of variation of the steps; of very many, of some, evenly spread: measuring costs less than making."""
    steps = len(places) - 1
    if steps <= MOST_STEPS:
        return variation(_chords(render, distance, places))
    chosen = np.linspace(0, steps - 1, MOST_STEPS).astype(int)
    return variation(distance(render(places[chosen]), render(places[chosen + 1])))


@dataclass(frozen=True, eq=False)
class HumanScale:
    """A scale measured with people, as a monotone curve through it: alpha to scale value.

    Between the measured points runs the monotone cubic of Fritsch & Butland (1984), which never overshoots.
    """

    alpha: Places
    scale: Places
    file: Path
    file_hash: str
    set_id: str = ""
    """The set that it was measured on, as `stimuli.identity` has it; empty where the file does not say it."""
    set_name: str = ""

    def __call__(self, render: Render, steps: int, stretch: Stretch = WHOLE) -> Spaced:
        """Places with equal steps of the scale. Raises `DataError` where it does not reach over the stretch."""
        low, high = stretch
        if not (self.alpha[0] <= low and high <= self.alpha[-1]):
            raise DataError(
                f"{self.file}: covers alpha {self.alpha[0]:g} to {self.alpha[-1]:g}; "
                f"{low:g} to {high:g} is needed for this set"
            )
        curve = scipy.interpolate.PchipInterpolator(self.alpha, self.scale)
        even = np.linspace(low, high, steps)
        wanted = np.linspace(float(curve(low)), float(curve(high)), steps)
        places = np.array([low, *(_where(curve, value, low, high) for value in wanted[1:-1]), high])
        before, after = variation(np.diff(curve(even))), variation(np.diff(curve(places)))
        return Spaced(places, lambda: (before, after), f"measured scale of {self.file.name} ({self.file_hash})")


def _where(curve: "scipy.interpolate.PchipInterpolator", value: float, low: float, high: float) -> float:
    roots = curve.solve(value, extrapolate=False)
    inside = roots[(low <= roots) & (roots <= high)]
    if len(inside):
        return float(inside[0])
    # A root at a measured point may be lost to rounding; the curve rises, so it lies between the ends.
    return float(scipy.optimize.brentq(lambda place: float(curve(place)) - value, low, high, xtol=1e-14))


def not_shares(alpha: Places) -> str:
    """Why numbers cannot be alphas, which are shares of the way between two images; empty where they can.

    Beyond the images as far as `--extrapolate` goes is allowed. What else they may be is guessed in words only.
    """
    low, high = float(np.min(alpha)), float(np.max(alpha))
    if low >= FARTHEST[0] and high <= FARTHEST[1]:
        return ""
    if low >= 0 and high <= 100:
        unit = "they look like percent: divide them by 100"
    elif low >= -360 and high <= 360:
        unit = "they look like degrees, or amounts of an attribute: where they are degrees, divide them by 360"
    else:
        unit = "write them so"
    return f"alpha runs from {low:g} to {high:g}, and is 0 at the first image and 1 at the second; {unit}"


def read_scale(path: Path) -> HumanScale:
    """A measured scale: a CSV with the columns `alpha` and `scale`, in any order of rows, `set_id` and `set_name` where
    it says them, other columns ignored.

    Raises `DataError`, with the line, where alpha does not reach from 0 to 1, is in another unit, or the scale does not
    rise with it.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; --spacing takes {', '.join(SPACINGS)} or the .csv of a measured scale")
    table = read_table(path, fits=lambda names: {"alpha", "scale"} <= set(names))
    if missing := [name for name in ("alpha", "scale") if name not in table.columns]:
        where = f"{path}:{table.header_line}"
        raise DataError(f"{where}: has no column '{missing[0]}'; a measured scale has the columns alpha and scale")
    numbers = pd.DataFrame(
        {name: column_of_numbers(table, name) for name in ("alpha", "scale")}, index=table.frame.index
    )
    finite = np.isfinite(numbers.to_numpy(np.float64)).all(axis=1)
    if not finite.all():
        line = int(numbers.index[~finite][0])
        raise DataError(f"{path}:{line}: alpha and scale are not two numbers")
    ordered = numbers.sort_values("alpha", kind="stable")
    alpha, scale = (ordered[name].to_numpy(np.float64) for name in ("alpha", "scale"))
    if len(alpha) and (why := not_shares(alpha)):
        raise DataError(f"{path}: {why}")
    for end in WHOLE:
        # Spreadsheets keep 9 to 15 digits: an end that is all but there is there.
        alpha = np.where(np.abs(alpha - end) < ROUNDED, end, alpha)
    if len(alpha) < 2 or alpha[0] > 0 or alpha[-1] < 1:
        reach = f"covers alpha {alpha[0]:g} to {alpha[-1]:g}" if len(alpha) else "is empty"
        raise DataError(f"{path}: {reach}; a measured scale has to cover 0 to 1")
    for name, values in (("alpha", alpha), ("scale", scale)):
        rising = np.diff(values) > 0
        if not rising.all():
            place = int(np.argmin(rising))
            line = int(ordered.index[place + 1])
            what = "stands there twice" if name == "alpha" else f"falls or stays from {values[place]:g}"
            way_out = "average it first" if name == "alpha" else "smooth it first, so that it rises with alpha"
            raise DataError(f"{path}:{line}: {name} {values[place + 1]:g} {what}; {way_out}")
    said = [_said(path, table.frame[name]) if name in table.columns else "" for name in ("set_id", "set_name")]
    return HumanScale(alpha, scale, path, hash_file(path), *said)


def _said(path: Path, cells: "pd.Series[str]") -> str:
    """What a column says in every row. Raises `DataError` where two scales were put together."""
    names = [str(cell) for cell in cells.unique()]
    if len(names) > 1:
        raise DataError(f"{path}: has scales of several sets, {in_brief(names)}; keep one")
    return names[0]
