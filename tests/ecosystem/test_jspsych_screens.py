"""Size, time and pages of the jsPsych experiment in Chromium: what was asked for is what is measured."""

import json
import math
import random
import shutil
import subprocess
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from jspsych_browser import MISSING, PHONE, Browser, Page, change_settings
from planted_sets import HOSTILE, planted_morph
from test_jspsych_phone import BOXES, CONTRASTS, FINGER, READABLE, outside

from gaia_stim.cells import guarded, unguarded
from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.export.jspsych import PACKAGE
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet

in_chromium = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
SEEDS = count()
FRAME = 1000 / 60
LATE = 6 * FRAME
"""What a busy machine may drop."""


@pytest.fixture
def stimuli(tmp_path: Path) -> StimulusSet:
    return planted_morph(tmp_path / "set", 4)


def opened(
    browser: Browser,
    stimuli: StimulusSet,
    kind: str = "2afc",
    viewport: dict[str, int] | None = None,
    of_design: dict[str, Any] | None = None,
    changed: dict[str, Any] | None = None,
    **options: Any,
) -> Page:
    home = stimuli.folder.parent
    # Another list each time: else the browser goes on with the session of the test before.
    about = {"seed": next(SEEDS), **(of_design or {})}
    made = design(DesignConfig(kind=kind, stimuli=stimuli.folder, out=home / "design", **about))
    config = ExportConfig(stimuli=stimuli.folder, to="jspsych", design=made.out, out=home / "out", **options)
    out = export(config).out
    change_settings(out, **{"fullscreen": False, **(changed or {})})
    return browser.open(f"{(out / 'index.html').as_uri()}?participant=1", viewport)


def press(page: Page, key: str = " ") -> None:
    page.js(f"jsPsych.pluginAPI.pressKey({json.dumps(key)})")


def into_the_trial(page: Page) -> None:
    page.wait(".page [data-key]")
    press(page)
    page.wait(".jspsych-content:not(:has(.page)) [data-key]")


def results(page: Page) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(page.js("JSON.stringify(results)"))
    return rows


# ------------------------------------------------------------------------------------------------------- text in cells


@pytest.mark.skipif(not shutil.which("node"), reason="not installed: node")
def test_a_text_in_the_results_is_written_as_in_every_other_table() -> None:
    rng = random.Random(7)
    letters = "aAbmarMay059-_./ :,=+@'\"%{}[]\\\t\u2028\ufeffé中²Ⅷ😀\x00nNxX"
    drawn = ["".join(rng.choices(letters, k=rng.randint(0, 9))) for _ in range(20_000)]
    named = ["5f0c12ab34", "A1B2C3D4E5", "NA", "1e5", "p01", "2afc", "000001.jpg", "./a", "/Ⅷ", "May 2020", "_x0041_"]
    texts = [*map(str, HOSTILE), *named, *drawn]
    told = subprocess.run(
        ["node", str(Path(__file__).with_name("cells.cjs")), str(PACKAGE / "assets" / "cells.js")],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    written = json.loads(told.stdout)
    assert [(text, cell) for text, cell in zip(texts, written, strict=True) if cell != guarded(text)] == []
    assert [unguarded(cell) for cell in written] == texts


# ---------------------------------------------------------------------------------------------------------------- time


@pytest.mark.usefixtures("browser")
class TestTime:
    pytestmark = in_chromium

    def test_what_is_asked_in_ms_is_measured_in_frames(self, browser: Browser, stimuli: StimulusSet) -> None:
        page = opened(browser, stimuli, fixation="100:300", duration=200, mask="noise", mask_duration=100)
        into_the_trial(page)
        for answered in range(1, 4):
            page.js("new Promise((done) => setTimeout(done, 900))")
            hidden = "getComputedStyle(document.querySelector('.jspsych-content .picture')).visibility"
            assert page.js(hidden) == "hidden"
            press(page, "f")
            page.js(
                f"new Promise((done) => {{ const look = () => results.length >= {answered} ? done() : "
                "setTimeout(look, 20); look(); })"
            )
        rows = results(page)
        for row in rows:
            assert 200 - 1.5 * FRAME < row["shown_ms"] < 200 + LATE
            assert 1 <= row["shown_frames"] <= row["shown_ms"] / FRAME + 1.5
            assert 100 - 1.5 * FRAME < row["fixation_ms"] < 300 + LATE
            assert row["rt"] > 0.3 and row["response"] == "a"
        assert len({row["fixation_ms"] for row in rows}) > 1
        assert page.do("errors") == []

    @pytest.mark.parametrize("mask", ["noise", "scrambled"])
    def test_a_mask_takes_the_place_of_each_picture(self, browser: Browser, stimuli: StimulusSet, mask: str) -> None:
        page = opened(browser, stimuli, fixation="0", duration=100, mask=mask, mask_duration=5000)
        into_the_trial(page)
        page.js("new Promise((done) => setTimeout(done, 400))")
        seen = page.js(
            "[...document.querySelectorAll('.jspsych-content .picture')].map((one) => [one.getAttribute('src'),"
            " one.naturalWidth])"
        )
        row = json.loads(page.js("JSON.stringify(rows_of('p01')[0])"))
        assert seen == [[f"masks/{row[name]}.png", 12] for name in ("stim_a", "stim_b")]

    def test_same_different_has_its_first_picture_a_mask_and_a_gap(
        self, browser: Browser, stimuli: StimulusSet
    ) -> None:
        page = opened(
            browser, stimuli, "same-different", fixation="0", duration=150, isi=200, mask="noise", timeout=600
        )
        page.wait(".page [data-key]")
        press(page)
        page.js("new Promise((done) => { const look = () => results.length ? done() : setTimeout(look, 20); look(); })")
        row = results(page)[0]
        assert 150 - 1.5 * FRAME < row["first_ms"] < 150 + LATE and 150 - 1.5 * FRAME < row["shown_ms"] < 150 + LATE
        assert row["response"] == "" and row["rt"] is None and row["correct_response"] is None

    @pytest.mark.parametrize("kind", ["identification", "mlds", "oddity", "adjustment"])
    def test_no_answer_in_time_is_an_empty_cell(self, browser: Browser, stimuli: StimulusSet, kind: str) -> None:
        page = opened(browser, stimuli, kind, fixation="0", timeout=300)
        page.wait(".page [data-key]")
        press(page)
        page.js("new Promise((done) => { const look = () => results.length ? done() : setTimeout(look, 20); look(); })")
        row = results(page)[0]
        assert row["response"] == "" and row["rt"] is None
        assert page.js("is_late") is True and page.do("errors") == []


# ---------------------------------------------------------------------------------------------------------------- size


@pytest.mark.usefixtures("browser")
class TestSize:
    pytestmark = in_chromium

    def calibrated(self, page: Page, card_px: float) -> None:
        page.wait("#end_resize_phase")
        page.js(f"document.querySelector('#item').style.width = '{card_px}px'")
        page.do("click", selector="#end_resize_phase")
        page.wait("#svgDiv")
        for _ in range(5):
            for _ in range(2):
                press(page)
                time.sleep(0.25)
        page.wait("#distance-report")
        page.do("click", selector="#proceed")

    def test_degrees_are_what_card_and_blind_spot_make_them(self, browser: Browser, stimuli: StimulusSet) -> None:
        page = opened(browser, stimuli, degrees=4, fixation="0")
        self.calibrated(page, card_px=428)  # 5 pixels a mm
        into_the_trial(page)
        width = page.js("document.querySelector('.picture').getBoundingClientRect().width")
        press(page, "f")
        page.js("new Promise((done) => setTimeout(done, 200))")
        row = results(page)[0]
        assert row["pixels_a_cm"] == pytest.approx(50, abs=0.2)
        wanted = 2 * row["distance_cm"] * 10 * math.tan(math.radians(4) / 2) * 5
        assert width == pytest.approx(wanted, rel=0.01) and row["degrees"] == pytest.approx(4, abs=0.01)
        # It is not measured again after a reload.
        page.do("reload")
        assert "number 2" in page.wait(".page .warning")
        assert page.js("measured.distance_cm") == row["distance_cm"]
        assert page.do("errors") == []

    def test_a_finger_moves_the_corner_of_the_card(self, browser: Browser, stimuli: StimulusSet) -> None:
        page = opened(browser, stimuli, viewport=PHONE, degrees=4)
        page.wait("#end_resize_phase")
        before = page.js("document.querySelector('#item').getBoundingClientRect().width")
        page.js("""(() => {
          const handle = document.querySelector('#jspsych-resize-handle');
          const at = (kind, x) => handle.dispatchEvent(new PointerEvent(kind,
            { bubbles: true, pointerType: 'touch', clientX: x, clientY: 100 }));
          at('pointerdown', 200); at('pointermove', 220); at('pointerup', 220);
        })()""")
        assert page.js("document.querySelector('#item').getBoundingClientRect().width") == pytest.approx(before + 40)


# --------------------------------------------------------------------------------------------------------------- pages


@pytest.mark.usefixtures("browser")
class TestPages:
    pytestmark = in_chromium

    def test_consent_comes_first_and_once(self, browser: Browser, stimuli: StimulusSet, tmp_path: Path) -> None:
        consent = tmp_path / "consent.txt"
        consent.write_text("You may stop <b>at any time</b>.\n\nNothing is kept.", encoding="utf-8")
        page = opened(browser, stimuli, fixation="0", consent=consent)
        assert "at any time" in page.wait(".page")
        assert page.js("document.querySelectorAll('.page p').length") == 2
        page.do("click", selector=".jspsych-btn >> nth=0")
        assert "Two alternatives" in page.wait(".page h1")
        page.do("reload")
        page.wait(".page")

    def test_who_does_not_agree_sees_no_trial(self, browser: Browser, stimuli: StimulusSet, tmp_path: Path) -> None:
        consent = tmp_path / "consent.txt"
        consent.write_text("Agree?", encoding="utf-8")
        page = opened(browser, stimuli, consent=consent)
        page.wait(".jspsych-btn")
        page.do("click", selector=".jspsych-btn >> nth=1")
        assert "not agreed" in page.wait("#declined")
        page.js("new Promise((done) => setTimeout(done, 400))")
        assert page.js("document.querySelector('#declined') !== null && results.length === 0")

    def test_practice_and_names_and_the_pages_between(self, browser: Browser, stimuli: StimulusSet) -> None:
        about = {"practice": 2, "catch": 0.2, "names": "Anna,Bert", "blocks": 2}
        page = opened(browser, stimuli, of_design=about, fixation="0", language="fr", show_ends=True)
        shown = page.wait(".page")
        assert "Voici Anna" in shown and "Bert" in shown and "exercer" in shown
        into_the_trial(page)
        assert "Bert" in page.js("document.querySelector('.ends').innerText")
        page.answer(2)
        assert "Maintenant" in page.wait(".page")
        page.answer(100)
        page.wait("#end")
        rows = results(page)
        assert [row["phase"] for row in rows].count("practice") == 2 and "catch" in {row["phase"] for row in rows}
        assert page.do("errors") == []

    def test_a_break_has_a_least_length(self, browser: Browser, stimuli: StimulusSet) -> None:
        page = opened(browser, stimuli, of_design={"repetitions": 2}, fixation="0", break_every=3, break_seconds=2)
        page.answer(3)
        began = time.monotonic()
        assert "2 s" in page.wait("#wait") or "1 s" in page.wait("#wait")
        press(page)
        page.wait(".page [data-key]")
        assert time.monotonic() - began > 0.8
        assert "1" in page.wait(".page") and page.answer(1) == 1

    def test_exits_from_full_screen_are_counted_and_offered_back(self, browser: Browser, stimuli: StimulusSet) -> None:
        page = opened(browser, stimuli, changed={"fullscreen": True}, fixation="0")
        into_the_trial(page)
        page.js(
            "document.fullscreenElement ? document.exitFullscreen()"
            " : document.dispatchEvent(new Event('fullscreenchange'))"
        )
        page.js("new Promise((done) => { const look = () => exits ? done() : setTimeout(look, 20); look(); })")
        press(page, "f")
        page.wait(".page [data-key]")
        assert "full screen" in page.js("document.body.innerText")
        page.js("is_left = false")
        press(page)
        page.wait(".jspsych-content:not(:has(.page)) [data-key]")
        assert results(page)[0]["fullscreen_exits"] >= 1

    def test_a_setting_that_there_is_not_is_told(self, browser: Browser, stimuli: StimulusSet) -> None:
        page = opened(browser, stimuli)
        file = stimuli.folder.parent / "out" / "settings.js"
        file.write_text(file.read_text(encoding="utf-8").replace('"isi_ms"', '"isi"'), encoding="utf-8")
        page.do("reload")
        assert "no setting isi" in page.wait("#blocked")

    @pytest.mark.parametrize("kind", ["identification", "2afc", "constant"])
    def test_with_the_ends_in_view_everything_is_on_a_phone(
        self, browser: Browser, stimuli: StimulusSet, kind: str
    ) -> None:
        page = opened(browser, stimuli, kind, PHONE, fixation="0", show_ends=True)
        page.wait(".page [data-key]")
        contrasts = page.js(CONTRASTS)
        into_the_trial(page)
        page.js("new Promise((done) => setTimeout(done, 200))")
        boxes = page.js(BOXES)
        assert outside(boxes, **PHONE) == []
        keys = [box for box in boxes if box["kind"] == "BUTTON"]
        assert min(min(box["right"] - box["left"], box["bottom"] - box["top"]) for box in keys) >= FINGER - 0.5
        contrasts += page.js(CONTRASTS)
        assert [one for one in contrasts if one[0] < READABLE] == []
