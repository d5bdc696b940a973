"""On a phone and in small windows every key is inside the screen, large enough for a finger, and can be read."""

from pathlib import Path
from typing import Any

import pytest
from jspsych_browser import MISSING, PHONE, Browser, Page, change_settings
from planted_sets import planted_morph, planted_set

from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
LOOKS = [*DESIGNS, "mlds-triads"]
FINGER = 44
"""Pixels of a side that a finger finds."""
READABLE = 4.5
"""Contrast of text (WCAG 2.2, 1.4.3)."""
BOXES = """
Array.from(
  document.querySelectorAll(".jspsych-content [data-key], .jspsych-content button, .jspsych-content img, canvas"),
  (one) => { const box = one.getBoundingClientRect(); return {
    kind: one.tagName, left: box.left, right: box.right, top: box.top, bottom: box.bottom,
    hit: one.tagName !== "BUTTON" ||
      one.contains(document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2)) };
  })
"""
CONTRASTS = """
(() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map((part) => {
      const v = part / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    const colour = getComputedStyle(one).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" ? ground(one.parentElement) : colour;
  };
  return Array.from(document.querySelectorAll("body *")).filter((one) => one.getClientRects().length &&
    Array.from(one.childNodes).some((node) => node.nodeType === 3 && node.textContent.trim())).map((one) => {
      const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((x, y) => x - y);
      return [(b + 0.05) / (a + 0.05), one.textContent.trim().slice(0, 40)];
    });
})()
"""


@pytest.fixture(scope="module")
def stimuli(tmp_path_factory: pytest.TempPathFactory) -> StimulusSet:
    return planted_morph(tmp_path_factory.mktemp("sets") / "set", 4)


def exported(stimuli: StimulusSet, look: str, home: Path, **changed: Any) -> str:
    made = design(
        DesignConfig(
            kind=look.removesuffix("-triads"), stimuli=stimuli.folder, out=home / "design", triads=look == "mlds-triads"
        )
    )
    out = export(ExportConfig(stimuli=stimuli.folder, to="jspsych", design=made.out, out=home / "out")).out
    change_settings(out, **{"fixation_ms": [0, 0], "first_ms": 50, **changed})
    return f"{(out / 'index.html').as_uri()}?participant=1"


def in_the_first_trial(page: Page) -> list[dict[str, Any]]:
    page.wait(".page [data-key]")
    page.do("tap", selector='.page [data-key=" "]')
    page.wait(".jspsych-content:not(:has(.page)) [data-key]")
    page.js("new Promise((done) => setTimeout(done, 200))")
    found: list[dict[str, Any]] = page.js(BOXES)
    return found


def outside(boxes: list[dict[str, Any]], width: float, height: float) -> list[dict[str, Any]]:
    edge = 0.51
    return [
        box
        for box in boxes
        if box["left"] < -edge or box["top"] < -edge or box["right"] > width + edge or box["bottom"] > height + edge
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_every_key_is_on_a_phone_and_can_be_tapped(
    browser: Browser, stimuli: StimulusSet, look: str, tmp_path: Path
) -> None:
    page = browser.open(exported(stimuli, look, tmp_path), PHONE)
    page.wait(".page [data-key]")
    contrasts = page.js(CONTRASTS)
    boxes = in_the_first_trial(page)
    keys = [box for box in boxes if box["kind"] == "BUTTON"]
    assert len(keys) >= 2 and outside(boxes, **PHONE) == []
    assert all(box["hit"] for box in keys)
    assert min(min(box["right"] - box["left"], box["bottom"] - box["top"]) for box in keys) >= FINGER - 0.5
    contrasts += page.js(CONTRASTS)
    assert contrasts and [one for one in contrasts if one[0] < READABLE] == []
    assert page.answer(1, "taps") == 1
    assert page.do("errors") == []


@pytest.mark.parametrize("look", ["oddity", "abx", "adjustment"])
def test_pictures_follow_the_window(browser: Browser, stimuli: StimulusSet, look: str, tmp_path: Path) -> None:
    page = browser.open(exported(stimuli, look, tmp_path), PHONE)
    boxes = in_the_first_trial(page)
    upright = page.js("[shown.each, shown.stacked]")
    for width, height in ((844, 390), (320, 480), (390, 844)):
        page.do("size", width=width, height=height)
        page.js("new Promise((done) => setTimeout(done, 200))")
        assert outside(page.js(BOXES), width, height) == [], (width, height)
    assert page.js("[shown.each, shown.stacked]") == upright
    assert len(page.js(BOXES)) == len(boxes)


def test_words_say_where_pictures_are(browser: Browser, stimuli: StimulusSet, tmp_path: Path) -> None:
    page = browser.open(exported(stimuli, "2afc", tmp_path), PHONE)
    boxes = [box for box in in_the_first_trial(page) if box["kind"] == "IMG"]
    text = page.js("document.querySelector('.jspsych-content').innerText")
    is_stacked = boxes[1]["top"] >= boxes[0]["bottom"]
    assert is_stacked and "upper" in text and "lower" in text and "left" not in text
    page.do("size", width=844, height=390)
    page.js("new Promise((done) => setTimeout(done, 200))")
    text = page.js("document.querySelector('.jspsych-content').innerText")
    assert "left" in text and "right" in text and "upper" not in text


def test_large_pictures_are_made_smaller_and_it_is_said(browser: Browser, tmp_path: Path) -> None:
    rows = planted_morph(tmp_path / "rows", 3).rows()
    stimuli = planted_set(tmp_path / "set", rows, side=900)
    page = browser.open(exported(stimuli, "triplets", tmp_path), PHONE)
    assert "smaller than they are meant" in page.wait(".page .warning")
    assert outside(in_the_first_trial(page), **PHONE) == []
    page.answer(1, "taps")
    page.wait("#end")  # It was the only trial.
    each, ratio = page.js("[results[0].device_pixels, shown.each]")
    assert each == pytest.approx(ratio, abs=1e-3) and 0.2 < each < 1


def test_a_window_that_is_too_small_is_refused_where_that_is_wanted(
    browser: Browser, stimuli: StimulusSet, tmp_path: Path
) -> None:
    page = browser.open(exported(stimuli, "mlds", tmp_path, least_size=0.4), PHONE)
    in_the_first_trial(page)
    is_hidden = "getComputedStyle(document.body).visibility"
    page.do("size", width=200, height=200)
    page.js("new Promise((done) => setTimeout(done, 200))")
    assert page.js(is_hidden) == "hidden" and "do not fit" in page.wait(".refusal")
    page.do("size", width=390, height=844)
    page.js("new Promise((done) => setTimeout(done, 200))")
    assert page.js(is_hidden) == "visible"
