"""Chains of choices in a browser: the real page and the real server, and people who are simulated.

A target is planted: one face, its attributes moved by so many standard deviations. Of a slider's pictures the
simulated person leaves it at the one that is most like the target's, with a hand that shakes; they know it by sight and
never hear of numbers. Who chooses between two knows how well each fits, and chooses in proportion to that (Luce), as
Sanborn & Griffiths (2008) have it.
"""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from jspsych_browser import MISSING, Browser, Page, change_settings
from test_builder import NO_WINDOW, in_psychopy

from gaia_stim.cli import main
from gaia_stim.config import AttributesFitConfig, SamplesConfig
from gaia_stim.drawing.charts import Frame, Series, chart
from gaia_stim.drawing.plots import plot
from gaia_stim.images import write_png
from gaia_stim.pipeline.attributes_fit import fit
from gaia_stim.samples import folder as drawn

pytestmark = pytest.mark.slow
in_a_browser = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
PICTURES = os.environ.get("GAIA_STIM_DOCS_IMAGES")
"""Where the pictures of docs/adaptive.md go, when they are to be made again."""
ATTRIBUTES = ("face_width", "hair_length", "age")
TARGET = np.array([1.0, -1.3, 0.8])
SHAKE = 1
"""Steps of the slider that a hand is off, at most."""
MEAN, SD = np.array([0.8, -0.6]), np.array([0.5, 0.7])
OWNER = "the-owner-of-these-chains"


@dataclass
class Lab:
    """A folder with faces, vectors and a set, and the server that is up or down."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self, name: str) -> None:
        """Start it with a design, as the command does."""
        command = ["serve", "faces/images", "-m", "builtin", "--vectors", "vectors", "--design", name]
        command += ["--state", f"{name}.sqlite", "--port", str(self.port)]
        log = self.home / "log"
        with log.open("w") as stream:
            about = {**os.environ, "GAIA_STIM_TOKEN": OWNER}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gaia_stim", *command], cwd=self.home, stderr=stream, env=about
            )
        deadline = time.monotonic() + 120
        while "Ctrl-C ends it" not in log.read_text():
            assert self.process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

    def down(self, how: signal.Signals = signal.SIGKILL) -> None:
        """As a power cut ends it."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            assert "Traceback" not in (self.home / "log").read_text()
            self.process = None

    def token(self, name: str, participant: str = "p01") -> str:
        """What the server wrote for somebody."""
        table = pd.read_csv(self.home / f"{name}.participants.csv")
        return str(table.set_index("participant")["token"][participant])

    def rows(self, name: str, chain: int = 1) -> pd.DataFrame:
        """A chain's table, by the command."""
        out = self.home / f"{name}_{chain}"
        command = ["--quiet", "chain", "faces/images", "-m", "builtin", "--vectors", "vectors", "--force"]
        command += ["--state", f"{name}.sqlite", "--chain", str(chain), "--out", str(out)]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.home)
            assert main(command) == 0
        assert (out / "manifest.csv").is_file()
        return pd.read_csv(f"{out}.csv")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("chains")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        lab = Lab(home, one.getsockname()[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        drawn.draw_into(SamplesConfig(out=Path("faces"), n=120, size=64, seed=3))
        asked = {"labels": "faces/labels.csv", "attributes": ",".join(ATTRIBUTES), "model": "builtin"}
        fit(AttributesFitConfig.model_validate({**asked, "out": "vectors"}))
        two = [f"faces/images/{path.name}" for path in sorted((home / "faces" / "images").iterdir())[:2]]
        assert main(["--quiet", "morph", *two, "-m", "builtin", "--size", "model", "--steps", "3", "--out", "set"]) == 0
        yield lab
    lab.down()


def made(lab: Lab, name: str, program: str, *options: str) -> Path:
    """A design and its export, by the commands."""
    kind = name.split("_")[0]
    question = "Which face is more like the one that you know?"
    command = ["--quiet", "design", kind, "set", "--question", question, "--server", lab.address, "--out", name]
    out = f"{name}_{program}"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(lab.home)
        assert main([*command, *options]) == 0
        asked = ["--fixation", "0" if program == "jspsych" else "1:5"]
        assert main(["--quiet", "export", "set", "--to", program, "--design", name, *asked, "--out", out]) == 0
    if program == "jspsych":
        change_settings(lab.home / out, fullscreen=False)
    return lab.home / out


def until(is_so: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def opened(browser: Browser, lab: Lab, page: Path, name: str, token: str = "") -> Page:
    return browser.open(f"{(page / 'index.html').as_uri()}?participant=p01&token={token or lab.token(name)}")


def target(lab: Lab) -> str:
    """The target's picture, as the owner asks the server for it."""
    moved = "&".join(f"attribute={name}:{sd}" for name, sd in zip(ATTRIBUTES, TARGET, strict=True))
    first = sorted((lab.home / "faces" / "images").iterdir())[0].name
    asked = urllib.request.Request(
        f"{lab.address}/v1/stimulus?face={first}&{moved}&size=model", headers={"Authorization": f"Bearer {OWNER}"}
    )
    with urllib.request.urlopen(asked) as answer:
        return "data:image/png;base64," + base64.b64encode(answer.read()).decode()


BY_SIGHT = """
(async function (url) {
  function pixels(image) {
    var canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    var pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, canvas.width, canvas.height).data;
  }
  var known = new Image();
  known.src = url;
  await known.decode();
  known = pixels(known);
  window.by_sight = function (shake) {
    var off = Array.from({ length: chain.design.places }, function (_, number) {
      var seen = pixels(chain.image(number));
      return seen.reduce(function (sum, value, at) { return sum + Math.pow(value - known[at], 2); }, 0);
    });
    var input = document.querySelector("input[type=range]");
    input.value = off.indexOf(Math.min.apply(null, off)) + shake;
    input.dispatchEvent(new Event("input"));
    // What is clicked before the picture is on the screen is no answer.
    var click = function () { document.getElementById("chain-done").click(); };
    requestAnimationFrame(function () { requestAnimationFrame(click); });
  };
})(URL)
"""


def trial(page: Page, what: str = "#chain-done") -> bool:
    """Wait for the next; whether there is one."""
    return bool(
        until(
            lambda: page.js(
                f"document.querySelector('#end, #sending') ? 'end' : document.querySelector('{what}') ? 'trial' : ''"
            )
        )
        == "trial"
    )


def slide(page: Page, random: np.random.Generator, count: int = 10_000) -> int:
    """Answer so many trials by sight; how many there were."""
    for done in range(count):
        if not trial(page):
            return done
        before = page.js("results.length")
        page.js(f"by_sight({random.integers(-SHAKE, SHAKE + 1)})")
        until(lambda before=before: page.js("results.length") > before)
    return count


def to_the_trials(page: Page) -> None:
    page.wait('.page [data-key=" "]')
    page.do("key", key=" ")


def saved(browser: Browser, folder: Path) -> pd.DataFrame:
    """The rows that the page saved at its end."""
    file, text = until(lambda: browser.downloads() and browser.downloads()[-1])
    folder.mkdir()
    (folder / file).write_text(text, encoding="utf-8")
    return pd.read_csv(folder / file)


def same(page: pd.DataFrame, server: pd.DataFrame) -> None:
    """The rows of the page are those of the chain's table."""
    rows = page.set_index("chain_trial").sort_index()
    assert rows.index.tolist() == server["trial"].tolist() == list(range(len(server)))
    assert np.allclose(rows["answer"].astype(float), server["answer"]) and np.allclose(rows["rt"], server["rt"])
    assert set(server["participant"]) == {"p01"}


@in_a_browser
def test_a_slider_in_the_page_finds_the_target(lab: Lab, browser: Browser, tmp_path: Path) -> None:
    page_folder = made(lab, "gsp", "jspsych", "--attributes", ",".join(ATTRIBUTES), "--trials", "24", "--chains", "2")
    lab.up("gsp")
    page = opened(browser, lab, page_folder, "gsp")
    to_the_trials(page)
    page.js(BY_SIGHT.replace("URL", json.dumps(target(lab))))
    random = np.random.default_rng(2)
    assert trial(page)
    if PICTURES:
        page.do("shot", path=str(Path(PICTURES) / "chain_gsp.png"))
    assert slide(page, random) == 48
    page.wait("#end")
    assert page.do("errors") == []
    rows = saved(browser, tmp_path / "results")
    lab.down(signal.SIGTERM)
    states = []
    for chain in (1, 2):
        server = lab.rows("gsp", chain)
        same(rows[rows["chain"] == chain], server)
        assert rows.loc[rows["chain"] == chain, "dimension"].tolist() == server["dimension"].tolist()
        states.append(server[list(ATTRIBUTES)].to_numpy())
    off = np.sqrt(np.square(np.array(states) - TARGET).mean(axis=2))
    mean = np.array(states)[:, 6:].mean(axis=(0, 1))
    first = off[:, [0, 2, 5]].mean(axis=0).round(2)
    sys.stdout.write(f"gsp: after 1, 3, 6 trials {first} SD off; mean {mean.round(2)}\n")
    # A hand that is off by one step of an eighth, or none, and pictures that are near the same beside the target.
    assert np.abs(mean - TARGET).max() < 0.2 and off[:, 6:].mean() < 0.35
    # What the page saved is read as all results are; there is no scale of it, and a message says so.
    assert main(["--quiet", "collect", str(tmp_path / "results"), "--out", str(tmp_path / "all.csv")]) == 0
    table = pd.read_csv(tmp_path / "all.csv")
    assert (table["task"] == "gsp").all() and len(table) == 48 and set(table["track"]) == {"chain_1", "chain_2"}
    if PICTURES:
        lines = [Series(f"chain {one + 1}", range(1, 25), off[one], dotted=True) for one in (0, 1)]
        says = "Two chains of one simulated participant who knows the target by sight, in Chromium."
        frame = Frame(560, 320, left=70, top=56, right=544, bottom=272, inset=9, says=True)
        y = "distance to the target, SD"
        drawn_chart = chart("gsp: a slider in the page", says, "trial", y, lines, frame=frame)
        write_png(Path(PICTURES) / "chain_gsp_distance.png", plot(drawn_chart, 2))


@in_a_browser
def test_a_server_that_goes_away_loses_and_doubles_nothing(lab: Lab, browser: Browser, tmp_path: Path) -> None:
    page_folder = made(lab, "gsp_away", "jspsych", "--attributes", ",".join(ATTRIBUTES), "--trials", "9", "--seed", "5")
    lab.up("gsp_away")
    page = opened(browser, lab, page_folder, "gsp_away")
    to_the_trials(page)
    seen = BY_SIGHT.replace("URL", json.dumps(target(lab)))
    page.js(seen)
    random = np.random.default_rng(3)
    slide(page, random, 2)
    # Gone before the answer: it is kept, said, and sent when the server is there again.
    assert trial(page)
    lab.down()
    page.js("by_sight(0)")
    assert "cannot be reached" in until(lambda: page.js("(document.querySelector('.waiting') || {}).textContent"))
    if PICTURES:
        page.do("shot", path=str(Path(PICTURES) / "chain_away.png"))
    lab.up("gsp_away")
    slide(page, random, 1)
    # Gone, and the page is closed, too: the answer is in the browser when it is opened again.
    assert trial(page)
    lab.down()
    page.js("by_sight(0)")
    until(lambda: page.js("session.record.pending !== null && results.length === 5"))
    page.do("reload")
    lab.up("gsp_away")
    to_the_trials(page)
    page.js(seen)
    # The reply to an answer that is there already is lost: sent again, it changes nothing.
    assert trial(page)
    page.js("""(function () {
      var real = window.fetch, lost = false;
      window.fetch = function (url, more) {
        var asked = real.apply(window, arguments);
        if (lost || !more || more.method !== "POST") return asked;
        lost = true;
        return asked.then(function () { throw new TypeError("the reply was lost"); });
      };
    })()""")
    assert slide(page, random) == 4
    page.wait("#end")
    assert page.do("errors") == []
    rows = saved(browser, tmp_path / "results")
    lab.down()
    same(rows, lab.rows("gsp_away"))
    assert len(rows) == 9 and rows["resumes"].tolist() == [0] * 5 + [1] * 4


@in_a_browser
def test_who_chooses_in_proportion_is_sampled(lab: Lab, browser: Browser, tmp_path: Path) -> None:
    """The mean of the chain is the planted one within three of its standard errors, by batches of the chain."""
    names = ",".join(ATTRIBUTES[:2])
    asked = ("--attributes", names, "--trials", "400", "--proposal", "0.9", "--reach", "3")
    page_folder = made(lab, "mcmcp", "jspsych", *asked)
    lab.up("mcmcp")
    page = opened(browser, lab, page_folder, "mcmcp")
    to_the_trials(page)
    # What is proposed nobody is told but the design's seed: this person has the chain's own rule beside them.
    from gaia_stim.explorer.chains import ChainSpec

    record = json.loads((lab.home / "mcmcp" / "design.json").read_text(encoding="utf-8"))
    spec = ChainSpec.model_validate({"start": "any.png", **record["procedure"]["chains"][0]["spec"]})
    random, state = np.random.default_rng(11), spec.begin()
    for number in range(400):
        pair = np.array(spec.pair(number, state))
        fits = np.exp(-0.5 * np.square((pair - MEAN) / SD).sum(axis=1))
        answer = int(random.random() * fits.sum() > fits[0]) if fits.sum() else 0
        there = f"results.length === {number} && document.querySelector('[data-key=f]') !== null"
        until(lambda there=there: page.js(there))
        if PICTURES and number == 3:
            page.do("shot", path=str(Path(PICTURES) / "chain_mcmcp.png"))
        page.do("key", key="fj"[answer])
        state = spec.shown(number, state, answer)
    page.wait("#end")
    assert page.do("errors") == []
    rows = saved(browser, tmp_path / "results")
    lab.down()
    server = lab.rows("mcmcp")
    same(rows, server)
    assert tuple(server.iloc[-1][names.split(",")]) == pytest.approx(state)
    kept = server[names.split(",")].to_numpy()[40:]
    batches = kept.reshape(12, -1, 2).mean(axis=1)
    error = batches.std(axis=0, ddof=1) / np.sqrt(len(batches))
    found = f"mean {kept.mean(axis=0).round(2)} of {MEAN}, error {error.round(2)}, SD {kept.std(axis=0).round(2)}"
    sys.stdout.write(f"mcmcp: {found}\n")
    assert (np.abs(kept.mean(axis=0) - MEAN) < 3 * error).all() and (error < 0.25).all()


@in_a_browser
def test_what_is_wrong_is_said_in_words(lab: Lab, browser: Browser) -> None:
    page_folder = made(lab, "mcmcp_wrong", "jspsych", "--attributes", ",".join(ATTRIBUTES), "--trials", "2")
    lab.up("mcmcp_wrong")
    page = opened(browser, lab, page_folder, "mcmcp_wrong", "nobodys")
    to_the_trials(page)
    assert "the address needs the token" in page.wait("#refused-by-server")
    nobody = browser.open(f"{(page_folder / 'index.html').as_uri()}?participant=p01")
    assert "lacks its token" in nobody.wait("#start")
    simulated = browser.open(f"{(page_folder / 'index.html').as_uri()}?participant=p01&token=x&simulate=visual")
    assert "keeps every answer" in simulated.wait("#start")
    # A chain that was finished elsewhere: nothing is left to do, and the page ends.
    token = lab.token("mcmcp_wrong")
    for number in range(2):
        asked = urllib.request.Request(
            f"{lab.address}/v1/chain/1/trials/{number}",
            data=b'{"answer": 0}',
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        urllib.request.urlopen(asked).close()
    done = opened(browser, lab, page_folder, "mcmcp_wrong")
    to_the_trials(done)
    done.wait("#end")
    assert [one for tab in (page, nobody, simulated, done) for one in tab.do("errors")] == []
    lab.down()
    assert not re.search(token, (lab.home / "log").read_text())


@pytest.mark.skipif(bool(NO_WINDOW), reason=NO_WINDOW)
@pytest.mark.parametrize("kind", ["gsp", "mcmcp"])
def test_psychopy_asks_the_server_and_goes_on_where_the_chain_was(kind: str, lab: Lab, tmp_path: Path) -> None:
    """Somebody who takes the first key that there is; stopped in the middle (Escape), and run again."""
    name, trials = f"{kind}_psychopy", 6
    out = made(lab, name, "psychopy", "--attributes", ",".join(ATTRIBUTES), "--trials", str(trials))
    lab.up(name)
    for stops_after in (4, 0):
        in_psychopy(
            "chain_psychopy.py",
            out / "experiment.py",
            lab.token(name),
            stops_after,
            tmp_path / "shot.png",
            home=tmp_path,
        )
        time.sleep(1.1)  # the second is in the file's name
    lab.down()
    server = lab.rows(name)
    found = pd.concat([pd.read_csv(file, keep_default_na=False) for file in sorted((out / "data").glob("*.csv"))])
    assert found["chain_trial"].tolist() == server["trial"].tolist() == list(range(trials))
    assert np.allclose(found["answer"].astype(float), server["answer"])
    assert np.allclose(found["rt"].astype(float), server["rt"], atol=1e-4)
    assert (found["stim_a"].str.startswith("chain_1_trial_")).all()
    if kind == "gsp":
        assert found["dimension"].tolist() == server["dimension"].tolist()
    assert main(["--quiet", "collect", str(out / "data"), "--out", str(tmp_path / "all.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "all.csv")) == trials
