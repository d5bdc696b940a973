"""Figures for paper: the very pictures of the set in their places, labelled with what the manifest says."""

import base64
import io
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import reportlab
from PIL import Image
from planted_sets import planted_set
from sklearn.decomposition import PCA

from gaia_stim.cli import main
from gaia_stim.config import FigureConfig, make
from gaia_stim.errors import ConfigError, DataError, OutputInTheWay
from gaia_stim.figures import sets
from gaia_stim.figures.maps import principal
from gaia_stim.files import read_json, write_json
from gaia_stim.images import Pixels, decode_image
from gaia_stim.pipeline.publish import figure
from gaia_stim.space.images import codes_of, images_of
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.sets import StimulusSet

SVG = "{http://www.w3.org/2000/svg}"
POINTS = 72 / 25.4
FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"


def planted(folder: Path, rows: list[Row], **plan: Any) -> StimulusSet:
    planted_set(folder, rows)
    write_json(folder / "provenance.json", {**read_json(folder / "provenance.json"), "plan": plan})
    return StimulusSet.open(folder)


def strip(folder: Path, steps: int = 9) -> StimulusSet:
    rows = [Row.numbered("morph", place, steps) for place in range(steps)]
    known = [replace(row, alpha=row.position / (steps - 1), source_ids="anna;bert") for row in rows]
    return planted(folder, known, columns=steps)


def drawn(targets: list[Path], out: Path, **options: Any) -> ElementTree.Element:
    figure(make(FigureConfig, {"targets": targets, "out": out, **options}))
    return ElementTree.fromstring(out.read_bytes())


def texts(svg: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in svg.iter(f"{SVG}text")]


def pictures(svg: ElementTree.Element) -> list[tuple[float, float, float, float, Pixels]]:
    """Left, top, width, height, pixels."""
    found = []
    for one in svg.iter(f"{SVG}image"):
        content = base64.b64decode(one.get("href", "").partition(",")[2])
        left, top, width, height = (float(one.get(name, "")) for name in ("x", "y", "width", "height"))
        found.append((left, top, width, height, decode_image(content, "svg")))
    return found


def test_a_strip_holds_the_pixels_of_its_files_each_above_its_alpha(tmp_path: Path) -> None:
    stimuli = strip(tmp_path / "set")
    svg = drawn([stimuli.folder], tmp_path / "f.svg", every=2)
    shown = pictures(svg)
    for (*_, pixels), name in zip(shown, stimuli.table["stim_id"][::2], strict=True):
        assert (pixels == stimuli.image(name)).all()
    assert texts(svg) == ["0.00", "0.25", "0.50", "0.75", "1.00", "alpha, from anna to bert"]
    assert svg.get("width") == f"{round(89 * POINTS, 2):g}pt"
    assert shown[-1][0] + shown[-1][2] == pytest.approx(89 * POINTS, abs=0.1)
    # The planted pictures are 12 pixels wide and 8 high.
    assert all(width / height == pytest.approx(1.5, abs=0.01) for _, _, width, height, _ in shown)
    for at, (left, _, width, *_) in zip(list(svg.iter(f"{SVG}text"))[:5], shown, strict=True):
        assert float(at.get("x", "")) == pytest.approx(left + width / 2, abs=0.02)


def test_what_lies_at_eighths_is_said_whole_and_what_a_path_goes_through_is_named(tmp_path: Path) -> None:
    assert texts(drawn([strip(tmp_path / "set").folder], tmp_path / "f.svg"))[1:4] == ["0.125", "0.250", "0.375"]
    rows = [
        replace(Row.numbered("spline", place, 4), alpha=place / 3, source_ids="anna;bert;cleo;dora")
        for place in range(4)
    ]
    svg = drawn([planted(tmp_path / "path", rows, columns=4).folder], tmp_path / "g.svg")
    assert texts(svg) == ["0.00", "0.33", "0.67", "1.00", "alpha, from anna through bert, cleo to dora"]


@pytest.mark.parametrize(("every", "levels"), [(1, ["0.50", "1.00", "1.50"]), (2, ["0.50", "1.50"])])
def test_caricatures_are_a_row_a_face_and_0_is_their_norm(tmp_path: Path, every: int, levels: list[str]) -> None:
    rows = [
        replace(
            Row.numbered("caricature", place, 6),
            alpha=(0.5, 1.0, 1.5)[place % 3],
            source_ids=("anna;norm", "bert;norm")[place // 3],
        )
        for place in range(6)
    ]
    stimuli = planted(tmp_path / "set", rows, columns=3)
    svg = drawn([stimuli.folder], tmp_path / "f.svg", every=every)
    assert texts(svg) == [*levels, "anna", "bert", "alpha, 0 is the norm, 1 the image itself"]
    tops = [top for _, top, *_ in pictures(svg)]
    assert [tops.count(top) for top in sorted(set(tops))] == [len(levels)] * 2


def test_a_long_strip_goes_on_in_rows_that_are_as_long(tmp_path: Path) -> None:
    svg = drawn([strip(tmp_path / "set", 24).folder], tmp_path / "f.svg")
    tops = [top for _, top, *_ in pictures(svg)]
    assert [tops.count(top) for top in sorted(set(tops))] == [8, 8, 8]


def test_the_three_kinds_are_the_same_bytes_again_and_hold_whole_pictures(tmp_path: Path) -> None:
    stimuli = strip(tmp_path / "set", 3)
    for ending in (".svg", ".pdf", ".png"):
        options = {"targets": [stimuli.folder, stimuli.folder], "width": "60"}
        once, again = (tmp_path / f"{name}{ending}" for name in "ab")
        for out in (once, again):
            figure(make(FigureConfig, {**options, "out": out}))
        assert once.read_bytes() == again.read_bytes()
    assert texts(ElementTree.parse(tmp_path / "a.svg").getroot()).count("b") == 1
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert pdf.count(b"/Height 8") == 3 and b"/Width 12" in pdf and b"/MediaBox [ 0 0 170.08" in pdf
    png = Image.open(tmp_path / "a.png")
    assert png.width == round(60 / 25.4 * 300) and png.info["dpi"][0] == pytest.approx(300, abs=0.1)


def test_pixels_and_svg_have_a_picture_in_the_same_place(tmp_path: Path) -> None:
    stimuli = strip(tmp_path / "set", 2)
    [(left, top, width, height, pixels), _] = pictures(drawn([stimuli.folder], tmp_path / "f.svg"))
    figure(make(FigureConfig, {"targets": [stimuli.folder], "out": tmp_path / "f.png"}))
    png = np.array(Image.open(tmp_path / "f.png").convert("RGB")).astype(float)
    fine = 300 / 72
    box = png[round(top * fine) : round((top + height) * fine), round(left * fine) : round((left + width) * fine)]
    small = np.array(Image.fromarray(box.astype(np.uint8)).resize((12, 8), Image.Resampling.BOX)).astype(float)
    assert np.corrcoef(small.ravel(), pixels.astype(float).ravel())[0, 1] > 0.95


def test_a_grid_has_its_places_above_and_beside(tmp_path: Path) -> None:
    rows = [Row.numbered("grid", place, 6) for place in range(6)]
    known = [
        replace(row, grid_u=row.position % 3 / 2, grid_v=float(row.position // 3), source_ids="a;b;c;d") for row in rows
    ]
    svg = drawn([planted(tmp_path / "set", known, columns=3).folder], tmp_path / "f.svg")
    assert texts(svg) == ["0.00", "0.50", "1.00", "0.00", "1.00", "u, from a to b", "v, to c"]
    assert len({left for left, *_ in pictures(svg)}) == 3 and len({top for _, top, *_ in pictures(svg)}) == 2


def test_a_wheel_lies_on_a_circle_and_nothing_overlaps(tmp_path: Path) -> None:
    rows = [replace(Row.numbered("wheel", place, 16), angle_deg=22.5 * place) for place in range(16)]
    stimuli = planted(tmp_path / "set", rows, columns=16)
    svg = drawn([stimuli.folder], tmp_path / "f.svg")
    shown = pictures(svg)
    middle = 89 * POINTS / 2
    for row, (left, top, side, height, pixels) in zip(rows, shown, strict=True):
        x, y = left + side / 2 - middle, middle - (top + height / 2)
        turned = math.degrees(math.atan2(y, x)) - (row.angle_deg or 0)
        assert (turned + 180) % 360 - 180 == pytest.approx(0, abs=0.1)
        assert (pixels == stimuli.image(row.stim_id)).all()
    for one, (left, top, side, *_) in enumerate(shown):
        for other_left, other_top, *_ in shown[:one]:
            assert max(abs(left - other_left), abs(top - other_top)) >= side
    assert texts(svg)[:8] == [f"{degrees:g}°" for degrees in range(0, 360, 45)]


def test_amounts_stand_above_and_what_pictures_show_below(tmp_path: Path) -> None:
    rows = [
        replace(
            Row.numbered("attribute", place, 6),
            attribute="smiling",
            amount=(-1.0, 0.0, 4 / 3)[place % 3],
            amount_reached=(-0.9, 0.0, 1.1)[place % 3],
            source_ids=("anna", "bert")[place // 3],
        )
        for place in range(6)
    ]
    plan = {"columns": 3, "path": {"kind": "attributes", "unit": "sd"}}
    svg = drawn([planted(tmp_path / "set", rows, **plan).folder], tmp_path / "f.svg")
    assert texts(svg) == [
        *["-0.9", "0", "+1.1"] * 2,
        *["-1", "0", "+1.33"],
        *["anna", "bert"],
        "smiling in SD, asked for above and reached below",
    ]
    svg = drawn([tmp_path / "set"], tmp_path / "bare.svg", labels=False)
    assert not texts(svg) and len(pictures(svg)) == 6


def test_a_map_is_the_principal_components_with_images_where_they_lie(
    space: Space, tiny_run: Path, tmp_path: Path
) -> None:
    images = images_of(space, None)
    codes = codes_of(space, images)
    places, shares = principal(codes)
    known = PCA(2, svd_solver="full").fit(codes.astype(np.float64))
    assert np.allclose(shares, known.explained_variance_ratio_)
    assert np.allclose(np.abs(places), np.abs(known.transform(codes.astype(np.float64))), atol=1e-5)
    svg = drawn([tiny_run], tmp_path / "f.svg")
    dots = np.array([[float(one.get(name, "")) for name in ("cx", "cy")] for one in svg.iter(f"{SVG}circle")])
    assert len(dots) == len(images)
    # One scale for both axes, up being up.
    slopes = [np.polyfit(places[:, axis], dots[:, axis], 1)[0] for axis in (0, 1)]
    assert slopes[0] == pytest.approx(-slopes[1], rel=0.01)
    shown = pictures(svg)
    assert len(shown) > 3
    rows = {images.batch(np.array([row]))[0].tobytes(): row for row in range(len(images))}
    for left, top, side, height, pixels in shown:
        middle = left + side / 2, top + height / 2
        assert np.allclose(middle, dots[rows[pixels.tobytes()]], atol=0.1)
    assert f"component 1 ({shares[0]:.0%} of the variance of codes)" in texts(svg)
    with pytest.raises(DataError, match="at least three images that differ"):
        principal(codes[:1].repeat(5, axis=0))


def test_a_scale_has_its_dots_where_answers_were_measured(tmp_path: Path) -> None:
    alpha = np.repeat(np.linspace(0, 1, 6), 40)
    answer = np.where(np.random.default_rng(2).random(240) < alpha**2, "b", "a")
    lines = [f"identification,m_{step * 5:.0f},{step:g},{said}" for step, said in zip(alpha, answer, strict=True)]
    (tmp_path / "r.csv").write_text("\n".join(["task,stim_a,alpha_a,response", *lines]), encoding="utf-8")
    out = tmp_path / "scale"
    assert main(["-q", "scale", str(tmp_path / "r.csv"), "--bootstrap", "20", "--out", str(out)]) == 0
    svg = drawn([out], tmp_path / "f.svg")
    theirs = ElementTree.parse(out / "scale.svg").getroot()

    def at(one: ElementTree.Element) -> np.ndarray[Any, Any]:
        dots = [[float(dot.get(name, "")) for name in ("cx", "cy")] for dot in one.iter(f"{SVG}circle")]
        return np.array(dots)

    # The same dots in another frame: a straight line in each coordinate.
    assert len(at(svg)) == 6
    for axis in (0, 1):
        assert np.corrcoef(at(svg)[:, axis], at(theirs)[:, axis])[0, 1] > 0.9999
    measured = read_json(out / "scale.json")["scales"][0]["measured"]
    assert measured["trials"] == [40.0] * 6
    assert measured["share"] == [float((answer[alpha == level] == "b").mean()) for level in np.unique(alpha)]
    assert {"0.2", "0.4", "0.6", "0.8", "1"} <= set(texts(svg))


def test_a_font_of_the_users_is_written_with(tmp_path: Path) -> None:
    stimuli = strip(tmp_path / "set", 2)
    svg = drawn([stimuli.folder], tmp_path / "f.svg", font=FONT)
    assert (svg.get("font-family") or "").startswith("'Bitstream Vera Sans', ")
    figure(make(FigureConfig, {"targets": [stimuli.folder], "out": tmp_path / "f.pdf", "font": FONT}))
    assert b"BitstreamVeraSans" in (tmp_path / "f.pdf").read_bytes()
    (tmp_path / "no.ttf").write_text("no font")
    with pytest.raises(ConfigError, match=r"no\.ttf: is not a font"):
        drawn([stimuli.folder], tmp_path / "g.svg", font=tmp_path / "no.ttf")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"out": "f.jpg"}, "should end in .svg, .pdf, .png"),
        ({"width": "7"}, "column, page, or millimetres from 20 to 500"),
        ({"width": "wide"}, "column, page, or millimetres from 20 to 500"),
        ({"every": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_asked(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        make(FigureConfig, {"targets": ["set"], "out": "f.svg", **options})


def test_what_is_no_target_and_too_many_pictures_and_a_changed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="neither a stimulus set"):
        drawn([tmp_path], tmp_path / "f.svg")
    with monkeypatch.context() as patch:
        patch.setattr(sets, "MOST", 8)
        with pytest.raises(ConfigError, match="9 pictures; show fewer with --every N"):
            drawn([strip(tmp_path / "set").folder], tmp_path / "f.svg")
    one = strip(tmp_path / "other", 3)
    drawn([one.folder], tmp_path / "f.svg")
    with pytest.raises(OutputInTheWay, match="another figure"):
        drawn([one.folder], tmp_path / "f.svg", every=2)
    stream = io.BytesIO()
    Image.new("RGB", (12, 8)).save(stream, "PNG")
    (one.folder / "stimuli" / "m_0001.png").write_bytes(stream.getvalue())
    with pytest.raises(DataError, match="was changed after the set was written"):
        drawn([one.folder], tmp_path / "g.svg")
