"""Observers whose scale is known sit before the real page and the real window, answer what they see there, and what the
program has written gives their scale back."""

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from jspsych_browser import MISSING, Browser, Page, change_settings
from planted_sets import planted_morph
from scipy.special import ndtr
from test_builder import NO_WINDOW, in_psychopy
from watching_observer import Observer

from gaia_stim.cli import main
from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet

pytestmark = pytest.mark.slow
STEPS = 9
PSE, SLOPE = 0.4, 0.15
PRACTICE, CATCH = 4, 0.05
ASKED: dict[str, dict[str, Any]] = {
    "mlds": {"trials": 250},
    "mlds-triads": {"triads": True, "trials": 250},
    "identification": {"repetitions": 30},
}
"""By look: some 250 trials each."""
SHOWN = """
new Promise((done) => {
  const look = () => {
    if (document.querySelector("#end")) return done(null);
    const content = document.querySelector(".jspsych-content"), key = content && content.querySelector("[data-key]");
    if (!key || key.dataset.seen) return requestAnimationFrame(look);
    key.dataset.seen = "1";
    const places = Array.from(content.querySelectorAll("img"), (one) => [one, one.getBoundingClientRect()]);
    done({
      is_page: Boolean(content.querySelector(".page")),
      pictures: places.map(([one, box]) => [one.currentSrc, (box.left + box.right) / 2, -(box.top + box.bottom) / 2]),
      hints: Object.fromEntries(Array.from(content.querySelectorAll("[data-key]"),
        (one) => [one.dataset.key, one.querySelector("span").innerText])),
    });
  };
  look();
})
"""
"""What can be seen and pressed, once that is new; null at the end."""


def place(alpha: Any, look: str) -> Any:
    """Where the observer sees a stimulus: from 0 to 1, and how far beyond the middle of A and B."""
    return alpha - PSE if look == "identification" else alpha**1.7


def expected(alpha: Any, look: str) -> Any:
    """What `scale` should find: the scale, or the share of B."""
    return ndtr(place(alpha, look) / SLOPE) if look == "identification" else place(alpha, look)


def observer_of(stimuli: StimulusSet, look: str) -> dict[str, Any]:
    truth = dict(zip(stimuli.table["stim_id"], place(stimuli.table["alpha"], look), strict=True))
    return {"truth": truth, "sigma": SLOPE if look == "identification" else 0.1, "seed": 1}


def exported(look: str, program: str, home: Path) -> tuple[StimulusSet, Path]:
    stimuli = planted_morph(home / "set", STEPS)
    options = {"participants": 2, "practice": PRACTICE, "catch": CATCH, **ASKED[look]}
    kind = look.removesuffix("-triads")
    made = design(DesignConfig(kind=kind, stimuli=stimuli.folder, out=home / "design", **options))
    asked: dict[str, Any] = {"fixation": "0" if program == "jspsych" else "1:5"}
    return stimuli, export(
        ExportConfig(stimuli=stimuli.folder, to=program, design=made.out, out=home / "out", **asked)
    ).out


def trials_of(out: Path) -> pd.DataFrame:
    table = pd.read_csv(out.parent / "design" / "trials.csv", keep_default_na=False)
    return table[table["participant"] == "p02"]


def recovered(results: Path, look: str, out: Path) -> float:
    """Correlation of the truth with what the commands make of a folder of results."""
    home, asked = out.parent, trials_of(out)
    assert main(["--quiet", "collect", str(results), "--out", str(home / "all.csv")]) == 0
    collected = pd.read_csv(home / "all.csv", keep_default_na=False)
    assert collected["trial"].tolist() == asked["trial"].tolist()
    assert main(["--quiet", "scale", str(home / "all.csv"), "--bootstrap", "20", "--out", str(home / "scale")]) == 0
    record = json.loads((home / "scale" / "scale.json").read_text(encoding="utf-8"))
    assert record["trials"] == (asked["phase"] == "main").sum() > 200
    found = pd.read_csv(home / "scale" / "scale.csv")
    return float(np.corrcoef(found["scale"], expected(found["alpha"], look))[0, 1])


def take_part(page: Page, observer: Observer) -> None:
    while seen := page.js(SHOWN):
        key = " " if seen["is_page"] else observer.key([tuple(one) for one in seen["pictures"]], seen["hints"])
        page.do("key", key=key)


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.parametrize("look", ["mlds", "identification"])
def test_jspsych_gives_the_scale_back(look: str, browser: Browser, tmp_path: Path) -> None:
    stimuli, out = exported(look, "jspsych", tmp_path)
    change_settings(out, fullscreen=False)
    page = browser.open(f"{(out / 'index.html').as_uri()}?participant=2")
    about = observer_of(stimuli, look)
    take_part(page, Observer(about["truth"], about["sigma"], random.Random(about["seed"])))
    name, text = browser.downloads()[-1]
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / name).write_text(text, encoding="utf-8")
    r = recovered(tmp_path / "results", look, out)
    sys.stdout.write(f"jsPsych, {look}: r = {r:.4f}\n")
    assert r >= 0.99


@pytest.mark.skipif(bool(NO_WINDOW), reason=NO_WINDOW)
@pytest.mark.parametrize(("look", "by"), [("mlds", "Coder"), ("identification", "Coder"), ("mlds-triads", "Builder")])
def test_psychopy_gives_the_scale_back(look: str, by: str, tmp_path: Path) -> None:
    stimuli, out = exported(look, "psychopy", tmp_path)
    script = out / "experiment.py"
    if by == "Builder":
        in_psychopy("builder_psychopy.py", out / "experiment.psyexp", home=tmp_path)
        script = out / "experiment_lastrun.py"
    (tmp_path / "observer.json").write_text(json.dumps(observer_of(stimuli, look)), encoding="utf-8")
    in_psychopy("observe_psychopy.py", script, "p02", tmp_path / "observer.json", home=tmp_path)
    r = recovered(out / "data", look, out)
    sys.stdout.write(f"PsychoPy's {by}, {look}: r = {r:.4f}\n")
    assert r >= 0.99
