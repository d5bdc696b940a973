"""The page of `gaia-stim explore` in Debian's Chromium: by hand, by key, on a phone, by somebody who clicks about."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jspsych_browser import MISSING, PHONE, Browser, Page

from gaia_stim.cli import main
from gaia_stim.config import AttributesFitConfig, SamplesConfig
from gaia_stim.pipeline.attributes_fit import fit
from gaia_stim.samples import folder as drawn

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

PICTURES = os.environ.get("GAIA_STIM_DOCS_IMAGES")
"""Where the screenshots of docs/explore.md go, when they are to be made again."""
Contents = Callable[[Path], dict[str, bytes]]


@dataclass(frozen=True)
class Served:
    """A server of the page, as the command starts it."""

    address: str
    home: Path
    log: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Served]:
    """Drawn faces with their attributes, and the built-in model."""
    home = tmp_path_factory.mktemp("explore")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        drawn.draw_into(SamplesConfig(out=Path("faces"), n=120, size=256, seed=3))
        asked = {"labels": "faces/labels.csv", "attributes": "yaw,age,face_width,hair_length", "model": "builtin"}
        fit(AttributesFitConfig.model_validate({**asked, "out": "vectors"}))
    command = ["explore", "faces/images", "--vectors", "vectors", "-m", "builtin", "--no-browser"]
    log = home / "log"
    with log.open("w") as stream:
        process = subprocess.Popen([sys.executable, "-m", "gaia_stim", *command], cwd=home, stderr=stream)
    try:
        yield Served(_address(log), home, log)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _address(log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := re.search(r"http://\S+token=\S+", log.read_text()):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    page = browser.open(served.address)
    settled(page)
    yield page
    assert page.do("errors") == []
    page.do("close")
    assert "Traceback" not in served.log.read_text()


def until(page: Page, code: str, seconds: float = 60) -> Any:
    """Wait until that is true in the page."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := page.js(code):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{code}: {page.js('document.body.innerText')}")


def settled(page: Page) -> None:
    """The hand rests: what is shown is the stimulus, the lamp has judged it, and its command stands there."""
    until(page, "document.querySelectorAll('[aria-busy=false]').length === 2")


def pixels(page: Page) -> str:
    """The picture, to be compared."""
    return str(page.js("document.getElementById('picture').toDataURL()"))


def text(page: Page, what: str) -> str:
    return str(page.js(f"document.getElementById({what!r}).textContent"))


def pick(page: Page, kind: str) -> None:
    page.js(f"document.querySelector('[name=kind][value={kind}]').click()")
    settled(page)


def kept(page: Page, name: str) -> None:
    if PICTURES:
        page.do("shot", path=str(Path(PICTURES) / f"explore_{name}.png"))


def saved(page: Page, served: Served) -> Path:
    page.do("click", selector="#save")
    until(page, "document.getElementById('said').textContent.startsWith('Saved')")
    return served.home / text(page, "said").rsplit(" in ", 1)[1]


@pytest.mark.parametrize("kind", ["morph", "grid", "edit"])
def test_what_is_saved_is_the_set_of_the_command(
    page: Page, served: Served, kind: str, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick(page, kind)
    page.js("Object.assign(document.getElementById('steps'), {value: 3}).dispatchEvent(new Event('change'))")
    for what in ("rows", "cols"):
        page.js(f"Object.assign(document.getElementById('{what}'), {{value: 2}}).dispatchEvent(new Event('change'))")
    if kind == "edit":
        for _ in range(12):
            page.do("press", selector="[aria-label^='yaw']", key="ArrowRight")
        settled(page)
    settled(page)
    # What is near is told without a move, once all photographs were looked at.
    until(page, "document.querySelectorAll('#nearest img').length === 3")
    kept(page, kind)
    folder = saved(page, served)
    of_page = contents(folder)
    folder.rename(folder.with_name(f"{folder.name}_of_page"))
    monkeypatch.chdir(served.home)
    assert main(["-q", *shlex.split(text(page, "command"))[1:]]) == 0
    assert contents(folder) == of_page and len(of_page) > 4
    shutil.rmtree(folder)


def test_by_keys_alone_and_back(page: Page) -> None:
    first = pixels(page)
    for _ in range(5):
        page.do("press", selector="#alpha", key="ArrowRight")
    settled(page)
    assert text(page, "alpha-said") == "0.525" and "alpha 0.53" in page.js(
        "document.getElementById('picture').ariaLabel"
    )
    moved = pixels(page)
    assert moved != first
    page.do("press", selector="#names li:nth-child(7) button", key="Enter")
    settled(page)
    assert "A: face_00006" in text(page, "slots") and pixels(page) != moved
    page.do("press", selector="body", key="Control+z")
    settled(page)
    assert pixels(page) == moved
    for _ in range(5):
        page.do("press", selector="body", key="Control+z")
    settled(page)
    assert pixels(page) == first and page.js("document.getElementById('undo').disabled")
    page.do("press", selector="body", key="Control+Shift+z")
    settled(page)
    assert text(page, "alpha-said") == "0.505"


def test_dragging_in_the_picture(page: Page) -> None:
    pick(page, "grid")
    box = page.js(
        "(({x, y, width, height}) => [x, y, width, height])(document.getElementById('frame').getBoundingClientRect())"
    )
    x, y, width, height = box
    moves = [["move", x + width * t, y + height * (1 - t)] for t in (0.3, 0.5, 0.7, 0.8)]
    page.do("mouse", steps=[["move", x + 5, y + 5], ["down"], *moves, ["up"]])
    settled(page)
    assert abs(float(text(page, "u-said")) - 0.8) < 0.02 and abs(float(text(page, "v-said")) - 0.2) < 0.02
    assert page.js("latencies.length") > 0


def test_steps_are_measured_and_made_equal(page: Page) -> None:
    found = []
    for spacing in ("latent", "pixel"):
        change = f"Object.assign(document.getElementById('spacing'), {{value: '{spacing}'}})"
        page.js(f"{change}.dispatchEvent(new Event('change'))")
        page.do("click", selector="#measure")
        until(page, "document.getElementById('steps-said').textContent.startsWith('Steps differ')")
        found.append(float(text(page, "steps-said").split()[3]))
        assert page.js("document.querySelectorAll('#ticks i').length") == 9
    assert found[1] < found[0]
    kept(page, "steps")


def test_the_lamp(page: Page) -> None:
    assert page.js("document.getElementById('light').className") == "good"
    until(page, "document.getElementById('figures').textContent.includes('distance to the nearest image')")
    page.do("press", selector="#alpha", key="Home")
    settled(page)
    assert text(page, "nearest").startswith("0.00") and "face_00000.png" in page.js(
        "document.querySelector('#nearest li').title"
    )
    page.do("click", selector="#beyond")
    page.do("press", selector="#alpha", key="End")
    settled(page)
    until(page, "document.getElementById('light').className !== 'good'")
    assert "extrapolated" in text(page, "worries")


def test_what_a_screen_reader_is_told(page: Page) -> None:
    for kind in ("morph", "grid", "edit"):
        pick(page, kind)
        nameless = page.js(
            "[...document.querySelectorAll('button, input, select, [role=img]')].filter((one) => !(one.ariaLabel || "
            "one.textContent.trim() || one.title || one.labels?.length)).map((one) => one.outerHTML)"
        )
        assert nameless == []
    assert page.js("document.querySelectorAll('[aria-live=polite]').length") >= 3


def test_a_phone(browser: Browser, served: Served) -> None:
    phone = browser.open(served.address, PHONE)
    settled(phone)
    kept(phone, "phone")
    for kind in ("morph", "grid", "edit"):
        pick(phone, kind)
        assert phone.js("document.documentElement.scrollWidth") == PHONE["width"]
        small = phone.js(
            "[...document.querySelectorAll('button:not([hidden])')].filter((one) => one.offsetParent && "
            "Math.min(one.offsetWidth, one.offsetHeight) < 36).map((one) => one.id || one.title)"
        )
        assert small == []
    phone.do("tap", selector="#names li:nth-child(3) button")
    settled(phone)
    assert "face_00002" in text(phone, "slots")
    assert phone.do("errors") == []
    phone.do("close")


CLICKS_ABOUT = """(async () => {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const deeds = ["measure", "save", "copy-recipe"];
  for (let done = 0; done < 500; done++) {
    const all = [...document.querySelectorAll("button, input:not([type=file]), select")]
      .filter((one) => one.offsetParent && !one.disabled && !deeds.includes(one.id));
    const one = all[Math.floor(random() * all.length)];
    if (one.type === "range") one.value = Number(one.min) + random() * (one.max - one.min);
    else if (one.type === "number") one.value = 2 + Math.floor(random() * 6);
    else if (one.tagName === "SELECT") one.selectedIndex = Math.floor(random() * one.options.length);
    else if (["text", "search"].includes(one.type)) one.value = ["", "0", "x!", "face"][Math.floor(random() * 4)];
    else one.click();
    if (!["BUTTON"].includes(one.tagName) && !["radio", "checkbox"].includes(one.type)) {
      one.dispatchEvent(new Event("input", { bubbles: true }));
      one.dispatchEvent(new Event("change", { bubbles: true }));
    }
    await new Promise((go) => setTimeout(go, random() < 0.1 ? 60 : 4));
  }
  return true;
})()"""


def test_five_hundred_random_actions(page: Page, served: Served) -> None:
    page.js("console.error = (...all) => { (globalThis.told ||= []).push(all.join(' ')); }")
    assert page.js(CLICKS_ABOUT)
    for what in ("filter", "name"):
        page.js(f"Object.assign(document.getElementById('{what}'), {{value: ''}}).dispatchEvent(new Event('input'))")
    pick(page, "morph")
    assert page.js("globalThis.told || []") == []
    assert "Cannot" not in text(page, "verdict")
    logged = served.log.read_text()
    assert "Traceback" not in logged and "ERROR" not in logged
