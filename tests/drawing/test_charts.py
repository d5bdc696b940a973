"""Charts: points lie where the ticks say."""

import math

import numpy as np
import pytest

from gaia_stim.drawing.charts import PAGE, Chart, Series, chart, short
from gaia_stim.drawing.ink import SERIES
from gaia_stim.drawing.plots import BAND, PANEL, SINGLE, figure_files, plot
from gaia_stim.images import Pixels


def drawn(x: list[float], y: list[float], joined: bool = True, **options: object) -> Chart:
    return chart("t", "s", "x", "y", [Series("a", x, y, joined)], **options)  # type: ignore[arg-type]


def test_a_point_lies_at_its_ticks() -> None:
    found = drawn([0, 100], [0, 1])
    ticks = {tick.label: tick.at for tick in found.y_ticks}
    assert ticks["0"] == PAGE.bottom and ticks["1"] == PAGE.top
    assert found.curves[0].corners == [(PAGE.left, ticks["0"]), (PAGE.right, ticks["1"])]
    assert [tick.label for tick in found.x_ticks] == ["0", "20", "40", "60", "80", "100"]


@pytest.mark.parametrize("top", [1e-7, 0.0313, 0.999, 3.0, 47.0, 1e6])
def test_the_axis_holds_all_and_begins_at_0(top: float) -> None:
    found = drawn([1, 2, 3], [top / 3, top, top / 2])
    assert found.y_ticks[0].label == "0" and 3 <= len(found.y_ticks) <= 8
    heights = [dot.y for dot in found.curves[0].dots]
    assert all(PAGE.top <= height <= PAGE.bottom for height in heights)


def test_what_is_not_a_number_is_left_out() -> None:
    assert drawn([1, 2, 3], [1.0, math.nan, 2.0]).curves[0].corners == [(PAGE.left, 100), (PAGE.right, 12)]
    assert not drawn([1], [math.inf]).curves and not drawn([], []).curves


def test_a_single_point_and_a_flat_line_have_an_axis() -> None:
    assert drawn([5], [0.0]).curves[0].dots
    assert drawn([1, 2], [0.0, 0.0]).y_ticks
    assert drawn([1, 2], [-1.0, -2.0]).y_ticks[-1].label == "0"


def test_dots_that_are_not_joined_have_no_line() -> None:
    assert drawn([0, 1], [1, 2], joined=False).curves[0].corners == []


def test_ticks_are_told_apart_and_noise_is_flat() -> None:
    near = drawn([0, 1], [0.31001, 0.31004], from_zero=False)
    assert len({tick.label for tick in near.y_ticks}) == len(near.y_ticks) > 2
    flat = drawn([0, 1], [0.3100000001, 0.3100000002], from_zero=False)
    assert len({dot.y for dot in flat.curves[0].dots}) == 1


def test_a_plot_shows_dots_curve_interval_and_warning() -> None:
    x = np.linspace(0, 1, 9)
    interval = Series("low", x, x - 0.1), Series("high", x, x + 0.1)
    found = plot(chart("t", "s", "alpha", "Y", [Series("a", x, x)], frame=SINGLE, band=interval))
    assert found.shape == (SINGLE.height, SINGLE.width, 3) and found.dtype == np.uint8

    def shows(picture: Pixels, colour: tuple[int, int, int]) -> bool:
        return bool((picture == colour).all(axis=-1).any())

    assert shows(found, BAND) and shows(found, SERIES[0]) and not shows(found, SERIES[1])
    warned = plot(chart("t", "s", "alpha", "Y", [Series("a", x, x, joined=False)], frame=PANEL), warned=True)
    assert shows(warned, SERIES[1]) and not shows(warned, SERIES[0])
    assert not shows(plot(chart("t", "s", "alpha", "Y", [Series("a", [], [])], frame=PANEL)), SERIES[0])


def test_a_mark_of_no_points_is_none() -> None:
    """Of a point that lies beyond the axis, or an interval that is not known."""
    marks = [Series("none", [], []), Series("half", [0.5, math.nan], [0, 1]), Series("whole", [0.5, 0.5], [0, 1])]
    found = chart("t", "s", "alpha", "Y", [Series("a", [0, 1], [0, 1])], frame=SINGLE, marks=marks)
    assert len(found.marks) == 1 and len(dict(figure_files([found]))) == 3


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.04, "0.04"), (999, "999"), (2000, "2,000"), (20_000, "20k"), (2.5e6, "2.5M")]
)
def test_numbers_at_axes(value: float, text: str) -> None:
    assert short(value) == text
