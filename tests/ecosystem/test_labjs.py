"""lab.js itself, in Chromium, goes through the study, and its results are read as a session."""

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import jspsych_browser
import numpy as np
import pytest
from planted_sets import planted_morph

from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.designs.responses import read_results
from gaia_stim.export.settings import KEYS
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export

HERE = Path(__file__).parent
LIBRARIES = {"20.2.4": "lab.js", "23.0.0-alpha4": "lab.js-23"}
MISSING = [
    *jspsych_browser.MISSING,
    *(
        f"{name} ('make test-ecosystem' does)"
        for name in LIBRARIES.values()
        if not (jspsych_browser.MODULES / name).is_dir()
    ),
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
PRESSED = {"up": "ArrowUp", "down": "ArrowDown", "return": "Enter"}


def written(tmp_path: Path, look: str, **asked: Any) -> Path:
    stimuli = planted_morph(tmp_path / "set", 4)
    config = DesignConfig(
        kind=look.removesuffix("-triads"),
        stimuli=stimuli.folder,
        out=tmp_path / "design",
        triads=look == "mlds-triads",
        participants=2,
        blocks=2,
        repetitions=2,
        names="Anna,Bert",
    )
    asked = {"fixation": "20:40", "isi": 20, **asked}
    return export(
        ExportConfig(stimuli=stimuli.folder, to="labjs", design=design(config).out, out=tmp_path / "out", **asked)
    ).out


def played(folder: Path, library: str, address: str, keys: list[str]) -> Path:
    """A session's results, as lab.js exports them."""
    command = [
        "node",
        HERE / "labjs_player.cjs",
        jspsych_browser.MODULES,
        jspsych_browser.CHROMIUM,
        library,
        folder,
        address,
    ]
    done = subprocess.run([*command, *keys], capture_output=True, text=True, encoding="utf-8", timeout=240)
    told = json.loads(done.stdout)
    assert not told["errors"], told["errors"]
    file = folder / "results.csv"
    file.write_text(told["csv"], encoding="utf-8")
    return file


def conditions(folder: Path, participant: str) -> list[dict[str, str]]:
    with (folder / f"conditions_{participant}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("look", [*DESIGNS, "mlds-triads"])
def test_a_session_is_whole_and_is_read(look: str, tmp_path: Path) -> None:
    folder = written(tmp_path, look, language="fr", show_ends=True)
    keys = {answer: PRESSED.get(key, key) for answer, key in KEYS[look].items()}
    table = read_results([played(folder, "lab.js", "?participant=p02", [*keys.values()])]).table
    trials = table[table["task"] != ""]
    wanted = conditions(folder, "p02")
    for name in ("participant", "trial", "block", "task", "stim_a", "stim_b", "correct"):
        if name in wanted[0] and (name, look) != ("correct", "adjustment"):  # there it is a number
            assert list(trials[name]) == [row[name] for row in wanted], name
    np.testing.assert_array_equal(
        trials["alpha_a"].astype(float), [float(row["alpha_a"]) for row in wanted if row["alpha_a"]]
    )
    if look != "adjustment":
        answers = [*keys] * len(wanted)
        assert list(trials["response"]) == answers[: len(wanted)]
    else:
        assert all(0 <= float(answer) <= 1 for answer in trials["response"])
    assert all(0 < float(seconds) < 30 for seconds in trials["rt"])


@pytest.mark.parametrize("library", LIBRARIES.values())
def test_consent_breaks_timeouts_and_somebody_from_prolific(library: str, tmp_path: Path) -> None:
    (tmp_path / "consent.txt").write_text("Costs $ {nothing}.\n\nAgree?", encoding="utf-8")
    folder = written(
        tmp_path, "2afc", consent=tmp_path / "consent.txt", break_every=5, break_seconds=1, timeout=3000, isi=0
    )
    file = played(folder, library, "?PROLIFIC_PID=5f3a", ["f", "J", "click", "none"])
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    trials = [row for row in rows if row["sender"] == "Trial" and row["sender_type"] == "html.Screen"]
    assert {row["participant"] for row in trials} == {"5f3a"} and len(trials) == 12
    assert [row["response"] for row in trials] == ["a", "b", "a", ""] * 3
    assert [row["ended_on"] for row in trials] == ["response", "response", "response", "timeout"] * 3
    assert [row["trial"] for row in trials if row["gaia_rest"] == "1"] == ["6", "11"]
    rests = [row for row in rows if row["sender"] == "Break" and row["ended_on"] == "timeout"]
    assert len(rests) == 2 and all(float(row["duration"]) > 900 for row in rests)
    table = read_results([file]).table
    assert (table["task"] != "").sum() == 9
