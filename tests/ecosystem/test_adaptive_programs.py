"""Adaptive designs in the programs themselves: each choice is that of the reference, and simulated observers before the
real page and the real window get their thresholds back."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from jspsych_browser import MISSING, Browser, change_settings
from planted_sets import planted_morph
from scipy.special import ndtr
from test_builder import NO_WINDOW, in_psychopy
from test_observers import take_part
from watching_observer import Observer

from gaia_stim.cli import main
from gaia_stim.config import DesignConfig, ExportConfig, make
from gaia_stim.designs.adaptive import procedure_of
from gaia_stim.designs.choosing import Session, simulated
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.psychometric import JND
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
SCRIPT = HERE.parents[1] / "gaia_stim" / "export" / "jspsych" / "assets" / "adaptive.js"
PSE, SIGMA = 0.42, 0.06
DESIGNS: dict[str, dict[str, Any]] = {
    "questplus": {},
    "questplus of comparisons": {"task": "constant"},
    "staircase": {},
    "staircase of comparisons": {"task": "constant"},
    "staircase in powers of ten": {"task": "constant", "step_scale": "log", "rule": "1:2"},
    "staircase two down": {"rule": "2:2", "step_sizes": "0.2,0.07", "reversals": 5},
}


def observer(rng: np.random.Generator) -> Callable[[float], bool]:
    return lambda place: bool(rng.random() < ndtr((place - PSE) / SIGMA))


def procedure(name: str, steps: int = 101) -> dict[str, Any]:
    line = Layout(tuple(f"m_{number:04}" for number in range(1, steps + 1)), "line", np.linspace(0, 1, steps))
    found = procedure_of(make(DesignConfig, {"kind": name.split()[0], "stimuli": "set", **DESIGNS[name]}), line)
    assert found is not None
    return found


@pytest.mark.skipif(not shutil.which("node"), reason="not installed: node")
@pytest.mark.parametrize("name", DESIGNS)
def test_the_page_chooses_as_the_reference(name: str) -> None:
    asked = procedure(name)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        answers = simulated(asked, observer(rng), rng)
        told = subprocess.run(
            ["node", str(HERE / "adaptive_node.cjs"), str(SCRIPT)],
            input=json.dumps({"procedure": asked, "answers": answers}),
            capture_output=True,
            text=True,
            check=True,
        )
        again = Session(asked, np.random.default_rng(0))
        for (track, number, more), (shown, is_over) in zip(answers, json.loads(told.stdout), strict=True):
            assert shown == number
            again.answered(track, number, more)
            assert is_over == (again.quest is None and again.staircases[track].is_over)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


def exported(name: str, program: str, home: Path) -> tuple[StimulusSet, Path]:
    stimuli = planted_morph(home / "set", 101)
    kind = name.split()[0]
    made = design(
        make(DesignConfig, {"kind": kind, "stimuli": stimuli.folder, "out": home / "design", **DESIGNS[name]})
    )
    asked: dict[str, Any] = {"fixation": "0" if program == "jspsych" else "1:5"}
    return stimuli, export(
        make(
            ExportConfig,
            {"stimuli": stimuli.folder, "to": program, "design": made.out, "out": home / "out", **asked},
        )
    ).out


def truth_of(stimuli: StimulusSet, name: str) -> dict[str, float]:
    """Where the observer sees each: how far beyond the middle of A and B, or, of two, which is higher."""
    off = 0.0 if "task" in DESIGNS[name] else PSE
    return dict(zip(stimuli.table["stim_id"], (stimuli.table["alpha"] - off).tolist(), strict=True))


def check(results: Path, name: str, home: Path) -> pd.DataFrame:
    """What the commands make of a folder of results: PSE and JND near the truth; returns all trials."""
    assert main(["--quiet", "collect", str(results), "--out", str(home / "all.csv")]) == 0
    assert main(["--quiet", "scale", str(home / "all.csv"), "--bootstrap", "200", "--out", str(home / "scale")]) == 0
    figures = json.loads((home / "scale" / "scale.json").read_text(encoding="utf-8"))["scales"][0]["figures"]
    pse = 0.5 if "task" in DESIGNS[name] else PSE
    sys.stdout.write(f"{name}: PSE {figures['pse']:.3f} of {pse}, JND {figures['jnd']:.3f} of {JND * SIGMA:.3f}\n")
    assert abs(figures["pse"] - pse) < 0.05
    assert JND * SIGMA / 2.5 < figures["jnd"] < JND * SIGMA * 2.5
    for ending in ("png", "svg", "pdf", "csv"):
        assert (home / "scale" / f"trace.{ending}").is_file()
    table = pd.read_csv(home / "all.csv", keep_default_na=False)
    assert table["trial"].tolist() == list(range(1, len(table) + 1))
    return table


def check_choices(table: pd.DataFrame, name: str, home: Path) -> None:
    """Every stimulus that was shown is the one that the reference chooses after the answers before it."""
    asked = json.loads((home / "design" / "design.json").read_text(encoding="utf-8"))["procedure"]
    session = Session(asked, np.random.default_rng(0))
    for row in table.to_dict("records"):
        chosen = "a"
        if asked["task"] == "constant":
            chosen = "b" if row["stim_a"] == "m_0051" else "a"
            assert row["correct"] == ("a" if row["alpha_a"] > row["alpha_b"] else "b")
        expected = session.quest.next() if session.quest else session.nearest(row["track"])
        assert row[f"stim_{chosen}"] == asked["line"][expected][1]
        assert row[f"alpha_{chosen}"] == asked["line"][expected][0]
        more = row["response"] == ("b" if asked["task"] == "identification" else chosen)
        session.answered(row["track"], expected, more)
    assert session.is_over or len(table) == asked["trials"]


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.parametrize("name", ["questplus", "staircase of comparisons"])
def test_jspsych_gives_the_threshold_back(name: str, browser: Browser, tmp_path: Path) -> None:
    stimuli, out = exported(name, "jspsych", tmp_path)
    change_settings(out, fullscreen=False)
    page = browser.open(f"{(out / 'index.html').as_uri()}?participant=1")
    take_part(page, Observer(truth_of(stimuli, name), SIGMA, random.Random(3)))
    assert page.do("errors") == []
    file, text = browser.downloads()[-1]
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / file).write_text(text, encoding="utf-8")
    check_choices(check(tmp_path / "results", name, tmp_path), name, tmp_path)


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.parametrize("name", ["questplus", "staircase"])
def test_a_reload_loses_nothing_of_what_was_learned(name: str, browser: Browser, tmp_path: Path) -> None:
    """The page goes on as if it had not been closed: the choices are those after all answers."""
    _, out = exported(name, "jspsych", tmp_path)
    change_settings(out, fullscreen=False)
    page = browser.open(f"{(out / 'index.html').as_uri()}?participant=1")
    page.answer(7)
    page.do("reload")
    page.answer(6)
    page.js("session.keep()")
    rows = page.js("results")
    assert [row["trial"] for row in rows] == list(range(1, 14)) and rows[-1]["resumes"] == 1
    asked = json.loads((tmp_path / "design" / "design.json").read_text(encoding="utf-8"))["procedure"]
    session = Session(asked, np.random.default_rng(0))
    for row in rows:
        expected = session.quest.next() if session.quest else session.nearest(row["track"])
        assert row["stim_a"] == asked["line"][expected][1]
        session.answered(row["track"], expected, row["response"] == "b")


@pytest.mark.skipif(bool(NO_WINDOW), reason=NO_WINDOW)
@pytest.mark.parametrize("name", ["questplus", "staircase of comparisons"])
def test_psychopy_gives_the_threshold_back(name: str, tmp_path: Path) -> None:
    stimuli, out = exported(name, "psychopy", tmp_path)
    assert not (out / "experiment.psyexp").exists()
    about = {"truth": truth_of(stimuli, name), "sigma": SIGMA, "seed": 3}
    (tmp_path / "observer.json").write_text(json.dumps(about), encoding="utf-8")
    in_psychopy("observe_psychopy.py", out / "experiment.py", "p01", tmp_path / "observer.json", home=tmp_path)
    check_choices(check(out / "data", name, tmp_path), name, tmp_path)
