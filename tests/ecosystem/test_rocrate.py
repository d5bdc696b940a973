"""RO-Crate's own library reads what is exported, and its validator finds nothing required that is missing."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from planted_sets import hostile_set, planted_design, planted_morph

from gaia_stim.config import ExportConfig
from gaia_stim.files import read_json, write_json
from gaia_stim.pipeline.export import export

PYTHON = Path(__file__).parents[2] / ".ecosystem" / "rocrate" / "bin" / "python"
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="not installed: rocrate ('make test-ecosystem' does)")


def judged(folder: Path) -> Any:
    judge = Path(__file__).with_name("judge_rocrate.py")
    done = subprocess.run([PYTHON, judge, folder], capture_output=True, text=True, timeout=240)
    return json.loads(done.stderr[done.stderr.index('{"issues"') :])


@pytest.mark.parametrize("case", ["morph", "hostile", "design"])
def test_the_validator_finds_nothing_missing(case: str, tmp_path: Path) -> None:
    stimuli = hostile_set(tmp_path / "set") if case == "hostile" else planted_morph(tmp_path / "set")
    design = tmp_path / "design" if case == "design" else None
    if design:
        planted_design(stimuli, design)
    out = export(ExportConfig(stimuli=stimuli.folder, to="rocrate", design=design, out=tmp_path / "out")).out
    found = judged(out)
    assert found["issues"] == [] and found["name"] == "set"
    assert len([name for name in found["files"] if name.startswith("stimuli/")]) == len(stimuli)


def test_the_validator_would_find_what_is_missing(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    out = export(ExportConfig(stimuli=stimuli.folder, to="rocrate", out=tmp_path / "out")).out
    known = read_json(out / "ro-crate-metadata.json")
    del known["@graph"][1]["datePublished"]
    write_json(out / "ro-crate-metadata.json", known)
    assert any("datePublished" in issue for issue in judged(out)["issues"])
