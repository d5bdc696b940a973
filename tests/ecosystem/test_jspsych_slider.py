"""The slider without steps in Chromium, opened from a file: it draws what it should, or pictures of the set show."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jspsych_browser import MISSING, Browser, Page, adjusted, change_settings

from gaia_stim.config import DesignConfig, ExportConfig, MorphConfig, make
from gaia_stim.images import Pixels, decode_image, write_png
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.pipeline.morphs import morph
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.sweep import MEAN_OFF, OFF, Off

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
WITHOUT_A_CARD = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""WebGL on the processor."""
PICTURES = os.environ.get("GAIA_STIM_DOCS_IMAGES")
"""Where the screenshot of docs/jspsych.md goes, when it is to be made again."""
SIDE, STEPS, PRESSES = 128, 65, 40


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = Browser(tmp_path_factory.mktemp("profile"), *WITHOUT_A_CARD)
    yield found
    found.close()


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    home = tmp_path_factory.mktemp("photographs")
    for face in (2, 5):
        write_png(home / f"f{face}.png", draw_face(deal(face, seed=7), size=SIDE))
    return sorted(home.iterdir())


@pytest.fixture(scope="module")
def stimuli(faces: list[Path], tmp_path_factory: pytest.TempPathFactory) -> StimulusSet:
    asked = {"first": faces[0], "second": faces[1], "steps": STEPS, "model": "builtin"}
    return StimulusSet.open(morph(make(MorphConfig, {**asked, "out": tmp_path_factory.mktemp("sets") / "set"})).out)


@pytest.fixture(scope="module")
def experiment(stimuli: StimulusSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("exports")
    made = design(DesignConfig(kind="adjustment", stimuli=stimuli.folder, out=home / "design", repetitions=1)).out
    asked = {"stimuli": stimuli.folder, "to": "jspsych", "design": made, "slider": "smooth", "out": home / "out"}
    out = export(make(ExportConfig, asked)).out
    change_settings(out, fullscreen=False, slider_presses=PRESSES)
    return out


def opened(browser: Browser, experiment: Path) -> Page:
    page = browser.open(f"{(experiment / 'index.html').as_uri()}?participant=1")
    page.js("slider.ready")
    return page


@pytest.fixture(scope="module")
def page(browser: Browser, experiment: Path) -> Page:
    return opened(browser, experiment)


def drawn(page: Page, at: float) -> Pixels:
    address = page.js(f"(slider.draw({at}), slider.canvas.toDataURL())")
    return decode_image(base64.b64decode(address.partition(",")[2]), "the page's picture")[..., :3]


def test_it_draws_what_it_was_given(page: Page) -> None:
    assert page.js("slider.is_smooth()"), page.js("slider.problem")
    keys, checks = page.js("smooth.keys.length"), page.js("smooth.checks.length")
    compared = page.js("slider.compared")
    assert len(compared) == keys + checks and checks
    assert all(one["largest"] <= 1 for one in compared[:keys])


def test_at_the_sets_own_steps_it_draws_the_set(page: Page, stimuli: StimulusSet) -> None:
    keys = page.js("smooth.keys.map((one) => one.at)")
    assert sum(step not in keys for step in range(STEPS)) > STEPS // 4, "some are drawn"
    for step, (_, true) in enumerate(stimuli.pictures()):
        off = Off.of(drawn(page, step), true)
        assert off.is_near, f"step {step}: {off}"


def test_between_them_it_draws_what_the_photographs_give(page: Page, faces: list[Path]) -> None:
    line = Space.load("builtin").line(*faces, size=SIDE)
    for at in (4.8, 11.42, 22.92, 34.44, 57.18, 63.8):
        off = Off.of(drawn(page, at), line.at(at / (STEPS - 1)))
        assert off.mean <= MEAN_OFF and off.outside <= OFF + 2, f"step {at}: {off}"


def test_answers_lie_between_the_steps(page: Page, stimuli: StimulusSet) -> None:
    page.wait(".page [data-key]")
    page.do("key", key=" ")
    page.wait("canvas.picture")
    at = page.js("pictures.get(design_rows()[0].stim_b).place")
    away = -1 if at > 0.5 else 1
    row = adjusted(page, "arrowright" if away > 0 else "arrowleft", 7)
    assert row["slider"] == "smooth"
    assert float(row["response"]) == pytest.approx(at + away * 7 / PRESSES, abs=1e-6)
    places = stimuli.table["alpha"].to_numpy()
    assert float(row["response"]) not in places
    nearest = stimuli.table["stim_id"][int(np.argmin(np.abs(places - float(row["response"]))))]
    assert row["response_stim"] == nearest
    page.wait("canvas.picture")
    if PICTURES:
        for _ in range(PRESSES // 2 + 3):
            page.do("key", key="arrowleft" if page.js("pictures.get(design_rows()[1].stim_b).place") else "arrowright")
        page.do("shot", path=str(Path(PICTURES) / "jspsych_slider.png"))


def test_where_it_draws_something_else_the_sets_pictures_are_shown(browser: Browser, experiment: Path) -> None:
    file = experiment / "smooth.js"
    content = file.read_text()
    about = json.loads(content.removeprefix("var smooth = ").removesuffix(";\n"))
    about["moves"] = [base64.b64encode(np.full((64, 64, 4), 0.2, "<f2").tobytes()).decode()] * len(about["moves"])
    file.write_text(f"var smooth = {json.dumps(about)};\n")
    try:
        page = opened(browser, experiment)
        page.js("localStorage.clear()")
        assert not page.js("slider.is_smooth()")
        page.wait(".page [data-key]")
        page.do("key", key=" ")
        row = adjusted(page, "arrowleft", 1)
        assert row["slider"] == "steps"
        assert (float(row["response"]) * (STEPS - 1)).is_integer()
        assert not page.js("document.querySelector('canvas.picture')")
    finally:
        file.write_text(content)
