"""PsychoPy opens the .psyexp as Builder does, writes its script in both languages, and runs it in a real window."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from planted_sets import planted_morph

from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.designs.responses import read_answers
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".ecosystem" / "psychopy-pandas3" / "bin" / "python"
IS_THERE = (
    [*PYTHON.parents[1].glob("lib/*/site-packages/soundfile.py")] and shutil.which("Xvfb") and shutil.which("node")
)
NO_WINDOW = "" if IS_THERE else "not installed: PsychoPy, Xvfb or node ('make test-ecosystem' does)"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(NO_WINDOW), reason=NO_WINDOW)]
LOOKS = ["", *DESIGNS, "mlds-triads"]


@pytest.fixture(scope="module")
def stimuli(tmp_path_factory: pytest.TempPathFactory) -> StimulusSet:
    return planted_morph(tmp_path_factory.mktemp("sets") / "set", 4)


def exported(stimuli: StimulusSet, look: str, home: Path, **asked: Any) -> Path:
    config = DesignConfig(
        kind=look.removesuffix("-triads") or "2afc",
        stimuli=stimuli.folder,
        out=home / "design",
        triads=look == "mlds-triads",
        participants=2,
        blocks=2,
        repetitions=2,
    )
    made = design(config).out if look else None
    return export(ExportConfig(stimuli=stimuli.folder, to="psychopy", design=made, out=home / "out", **asked)).out


def in_psychopy(script: str, *words: object, home: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["xvfb-run", "-a", str(PYTHON), str(HERE / script), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, "HOME": str(home), "LIBGL_ALWAYS_SOFTWARE": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def test_builder_opens_every_look_and_writes_both_languages(stimuli: StimulusSet, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"mask": "noise", "duration": 200, "timeout": 3000}
    folders = [exported(stimuli, look, tmp_path / f"look{look}", **asked) for look in LOOKS]
    done = in_psychopy("builder_psychopy.py", *(folder / "experiment.psyexp" for folder in folders), home=tmp_path)
    opened = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(opened) == len(LOOKS)
    assert "ERROR" not in done.stdout + done.stderr and "not known to this version" not in done.stdout + done.stderr
    for folder, found in zip(folders, opened, strict=True):
        assert {path.relative_to(folder).as_posix() for path in folder.glob("*/*.png")} <= set(found["resources"])
        compile((folder / "experiment_lastrun.py").read_text(encoding="utf-8"), "experiment_lastrun.py", "exec")
        script = (folder / "experiment_lastrun.js").read_text(encoding="utf-8")
        read = subprocess.run(
            ["node", "--input-type=module", "--check"], input=script, capture_output=True, text=True, encoding="utf-8"
        )
        assert read.returncode == 0, read.stderr


@pytest.mark.parametrize(
    ("look", "keys"), [("2afc", "space,f,j"), ("same-different", "space,f,j"), ("adjustment", "space,right,return")]
)
def test_a_session_in_a_window_is_whole(stimuli: StimulusSet, look: str, keys: str, tmp_path: Path) -> None:
    folder = exported(stimuli, look, tmp_path, fixation="10:20", isi=10, degrees=4.0)
    in_psychopy("builder_psychopy.py", folder / "experiment.psyexp", home=tmp_path)
    in_psychopy("play_builder.py", folder / "experiment_lastrun.py", "p02", keys, home=tmp_path)
    [file] = (folder / "data").glob("p02_*.csv")
    results = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    results = results[results["task"] != ""]
    conditions = pd.read_csv(folder / "conditions_p02.csv", dtype=str, keep_default_na=False)
    assert results["stim_a"].tolist() == conditions["stim_a"].tolist()
    assert results["trial"].tolist() == conditions["trial"].tolist()
    assert set(results["participant"]) == {"p02"} and set(results["set_id"]) == {stimuli.set_id}
    known = (
        {str(place) for place in stimuli.table["alpha"]} if look == "adjustment" else {"a", "b", "same", "different"}
    )
    assert set(results["response"]) <= known and (results["rt"].astype(float) > 0).all()
    if look == "2afc":
        assert len(read_answers([file], None)) == len(conditions)
