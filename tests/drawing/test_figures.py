"""A figure is the same in PNG, SVG and PDF, and the same bytes each time."""

import io
import re
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from gaia_stim.drawing.charts import Chart, Frame, Series, chart
from gaia_stim.drawing.plots import figure_files

FRAME = Frame(300, 280, left=60, top=60, right=280, bottom=240, inset=8, says=True)


def some(title: str = "a <b> & c") -> Chart:
    return chart(
        title,
        "PSE 0.4\nJND 0.1",
        "alpha",
        "share",
        [
            Series("curve", [0, 0.5, 1], [0, 0.2, 1], dotted=False),
            Series("dots", [0, 0.5, 1], [0.0, 0.3, 1.0], joined=False, radii=[2, 4, 6], labels=["", "m_1", ""]),
        ],
        frame=FRAME,
        marks=[Series("PSE", [0.4, 0.4], [0, 0.5])],
    )


def test_all_three_hold_the_same_and_are_the_same_bytes_again() -> None:
    files = dict(figure_files([some(), some()]))
    assert files == dict(figure_files([some(), some()])) and list(files) == [".png", ".svg", ".pdf"]
    assert Image.open(io.BytesIO(files[".png"])).size == (2 * 600, 2 * 280)
    svg = ElementTree.fromstring(files[".svg"])
    texts = [one.text for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("a <b> & c") == texts.count("m_1") == texts.count("PSE 0.4") == 2
    radii = [float(one.get("r", "")) for one in svg.iter("{http://www.w3.org/2000/svg}circle")]
    assert radii == [2, 4, 6] * 2
    assert files[".pdf"].startswith(b"%PDF") and b"/MediaBox [ 0 0 600 280 ]" in files[".pdf"]
    assert b"gaia-stim" in files[".pdf"]


def test_a_dot_lies_where_its_value_is_in_pixels_and_in_svg() -> None:
    files = dict(figure_files([some()]))
    pixels = np.array(Image.open(io.BytesIO(files[".png"])).convert("RGB")).astype(int)
    svg = ElementTree.fromstring(files[".svg"])
    for circle in svg.iter("{http://www.w3.org/2000/svg}circle"):
        x, y = (round(2 * float(circle.get(name, ""))) for name in ("cx", "cy"))
        assert np.abs(pixels[min(y, 559), min(x, 599)] - (200, 60, 40)).max() < 12


def test_many_panels_stand_in_rows_of_four() -> None:
    files = dict(figure_files([some(str(number)) for number in range(6)]))
    assert Image.open(io.BytesIO(files[".png"])).size == (2 * 1200, 2 * 560)
    assert re.search(rb'width="1200" height="560"', files[".svg"])
