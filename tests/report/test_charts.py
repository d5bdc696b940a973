"""Charts: points lie where the ticks say."""

import math

import pytest

from gaia_stim.report.charts import Chart, Series, line_chart, short


def chart(x: list[float], y: list[float], **options: object) -> Chart:
    found = line_chart("t", "s", "x", [Series("a", x, y)], **options)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_point_lies_at_its_ticks() -> None:
    found = chart([0, 100], [0, 1])
    ticks = {tick.label: tick.at for tick in found.y_ticks}
    assert ticks["0"] == found.bottom and ticks["1"] == found.top
    assert found.lines[0].points == f"{found.left},{ticks['0']} {found.right},{ticks['1']}"
    assert [tick.label for tick in found.x_ticks] == ["0", "20", "40", "60", "80", "100"]


@pytest.mark.parametrize("top", [1e-7, 0.0313, 0.999, 3.0, 47.0, 1e6])
def test_the_axis_holds_all_and_begins_at_0(top: float) -> None:
    found = chart([1, 2, 3], [top / 3, top, top / 2])
    assert found.y_ticks[0].label == "0" and 3 <= len(found.y_ticks) <= 8
    heights = [dot.y for dot in found.lines[0].dots]
    assert all(found.top <= height <= found.bottom for height in heights)


def test_what_is_not_a_number_is_left_out() -> None:
    assert chart([1, 2, 3], [1.0, math.nan, 2.0]).lines[0].points.count(",") == 2
    assert line_chart("t", "s", "x", [Series("a", [1], [math.inf])]) is None
    assert line_chart("t", "s", "x", []) is None


def test_a_single_point_and_a_flat_line_have_an_axis() -> None:
    assert chart([5], [0.0]).lines[0].dots
    assert chart([1, 2], [0.0, 0.0]).y_ticks
    assert chart([1, 2], [-1.0, -2.0]).y_ticks[-1].label == "0"


def test_dots_that_are_not_joined_have_no_line() -> None:
    assert chart([0, 1], [1, 2], joined=False).lines[0].points == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.04, "0.04"), (999, "999"), (2000, "2,000"), (20_000, "20k"), (2.5e6, "2.5M")]
)
def test_numbers_at_axes(value: float, text: str) -> None:
    assert short(value) == text
