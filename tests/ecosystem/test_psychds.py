"""The Psych-DS validator finds no error in a set, its design and the answers; and finds what is wrong."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from planted_sets import hostile_set, planted_design, planted_morph

from gaia_stim.config import ExportConfig
from gaia_stim.files import read_json, write_json
from gaia_stim.pipeline.export import export

VALIDATOR = Path(__file__).parents[2] / ".ecosystem" / "psychds" / "node_modules" / "psychds-validator" / "cli.js"
pytestmark = pytest.mark.skipif(
    not VALIDATOR.exists(), reason="not installed: psychds-validator ('make test-ecosystem' does, from npm)"
)


def judged(folder: Path) -> tuple[bool, set[str]]:
    """Whether it is valid, and the errors."""
    done = subprocess.run(["node", VALIDATOR, "--json", folder], capture_output=True, text=True, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index('{"valid"') :])
    return found["valid"], {one["key"] for one in found["issues"] if one["severity"] == "error"}


@pytest.mark.parametrize("case", ["morph", "hostile", "answers"])
def test_the_validator_finds_no_error(case: str, tmp_path: Path) -> None:
    stimuli = hostile_set(tmp_path / "set") if case == "hostile" else planted_morph(tmp_path / "set")
    config = ExportConfig(stimuli=stimuli.folder, to="psych-ds", out=tmp_path / "out")
    if case == "answers":
        table = planted_design(stimuli, tmp_path / "design").table.drop(columns=["alpha_a", "note"])
        table.assign(response="a", rt=0.25).to_csv(tmp_path / "r.csv", index=False)
        config = config.model_copy(update={"results": tmp_path / "r.csv", "design": tmp_path / "design"})
    folder = export(config).out
    assert judged(folder) == (True, set())
    described = read_json(folder / "dataset_description.json")
    described["variableMeasured"].pop()
    write_json(folder / "dataset_description.json", described)
    assert judged(folder) == (False, {"CSV_COLUMN_MISSING_FROM_METADATA"})
