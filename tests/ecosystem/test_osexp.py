"""OpenSesame opens the .osexp and goes through it, on a screen that is none, with keys that come by themselves."""

import csv
import os
import subprocess
from pathlib import Path

import pytest
from planted_sets import planted_morph

from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.export.settings import KEYS
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".ecosystem" / "opensesame" / "bin" / "python"
LIBRARY = PYTHON.parents[1] / "lib"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not [*LIBRARY.glob("*/site-packages/pygame")], reason="not installed: OpenSesame ('make test-ecosystem' does)"
    ),
]


@pytest.mark.parametrize("look", [*DESIGNS, "mlds-triads"])
def test_a_session_is_whole(look: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set", 4)
    config = DesignConfig(
        kind=look.removesuffix("-triads"),
        stimuli=stimuli.folder,
        out=tmp_path / "design",
        triads=look == "mlds-triads",
        participants=2,
        blocks=2,
        repetitions=2,
    )
    asked = {"fixation": "1:5", "isi": 1, "language": "fr"}
    out = export(
        ExportConfig(stimuli=stimuli.folder, to="opensesame", design=design(config).out, out=tmp_path / "out", **asked)
    ).out
    keys = list(KEYS[look].values())
    log = tmp_path / "log.csv"
    done = subprocess.run(
        [PYTHON, HERE / "play_opensesame.py", out / "experiment.osexp", "2", log, ",".join(["space", *keys])],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with log.open(encoding="utf-8", newline="") as stream:
        results = list(csv.DictReader(stream))
    with (out / "__pool__" / "conditions_2.csv").open(encoding="utf-8", newline="") as stream:
        conditions = list(csv.DictReader(stream))
    assert [row["stim_a"] for row in results] == [row["stim_a"] for row in conditions]
    assert [row["trial"] for row in results] == [row["trial"] for row in conditions]
    assert {row["participant"] for row in results} == {"p02"}
    known = {str(place) for place in stimuli.table["alpha"]} if look == "adjustment" else set(keys)
    assert {row["response"] for row in results} <= known
    assert {row["answer_keys"] for row in results} == {",".join(f"{key}={one}" for one, key in KEYS[look].items())}
    for row in results:
        if row.get("correct_response") in keys:
            assert row["correct"] == str(int(row["response"] == row["correct_response"]))
