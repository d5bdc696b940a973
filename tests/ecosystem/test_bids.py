"""The BIDS validator finds no error: in the dataset as it is exported, and with a recording that uses its columns."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from planted_sets import hostile_set, planted_design, planted_morph

from gaia_stim.config import ExportConfig
from gaia_stim.pipeline.export import export

VALIDATOR = Path(__file__).parents[2] / ".ecosystem" / "bids" / "bin" / "bids-validator-deno"
pytestmark = pytest.mark.skipif(
    not VALIDATOR.exists(), reason="not installed: bids-validator-deno ('make test-ecosystem' does)"
)


def issues(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Errors, and the summary."""
    done = subprocess.run([VALIDATOR, "--format", "json", folder], capture_output=True, text=True, timeout=120)
    found = json.loads(done.stdout)
    return [one for one in found["issues"]["issues"] if one["severity"] == "error"], found["summary"]


def with_a_recording(folder: Path, events: Path) -> None:
    """A subject whose events are the table that was to be filled in, filled in."""
    header, *rows = events.read_text(encoding="utf-8").splitlines()
    filled = [f"{number}.5\t0.2\t" + row.split("\t", 2)[2] for number, row in enumerate(rows)]
    session = folder / "sub-01" / "beh"
    session.mkdir(parents=True)
    (session / "sub-01_task-faces_events.tsv").write_text("\n".join([header, *filled]) + "\n", encoding="utf-8")
    (session / "sub-01_task-faces_events.json").write_text(json.dumps({"stim_id": {"Description": "BEP044"}}))
    (session / "sub-01_task-faces_beh.tsv").write_text("trial\n1\n")
    (session / "sub-01_task-faces_beh.json").write_text(json.dumps({"TaskName": "faces"}))
    (folder / "participants.tsv").write_text("participant_id\nsub-01\n")


@pytest.mark.parametrize("case", ["morph", "hostile", "design"])
def test_the_validator_finds_no_error(case: str, tmp_path: Path) -> None:
    stimuli = hostile_set(tmp_path / "set") if case == "hostile" else planted_morph(tmp_path / "set")
    design = tmp_path / "design" if case == "design" else None
    if design:
        planted_design(stimuli, design)
    out = export(ExportConfig(stimuli=stimuli.folder, to="bids", design=design, out=tmp_path / "out")).out
    errors, summary = issues(out)
    assert not errors and summary["totalFiles"] >= 3
    with_a_recording(out, out / "code" / "events_to_fill_in.tsv")
    errors, summary = issues(out)
    assert not errors and summary["subjects"] == ["01"]


def test_the_validator_would_find_a_picture_that_is_not_there(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    out = export(ExportConfig(stimuli=stimuli.folder, to="bids", out=tmp_path / "out")).out
    with_a_recording(out, out / "code" / "events_to_fill_in.tsv")
    shutil.move(out / "stimuli" / "stim-m0003_image.png", tmp_path)
    assert [one["code"] for one in issues(out)[0]]


def test_the_validator_finds_no_error_in_its_answers(tmp_path: Path) -> None:
    """And finds one as soon as a file is not called as the standard has it."""
    stimuli = planted_morph(tmp_path / "set")
    table = planted_design(stimuli, tmp_path / "design").table.drop(columns=["alpha_a", "note"])
    table.assign(response="a", rt=0.25).to_csv(tmp_path / "r.csv", index=False)
    config = ExportConfig(stimuli=stimuli.folder, to="bids", results=tmp_path / "r.csv", out=tmp_path / "out")
    out = export(config).out
    errors, summary = issues(out)
    assert not errors and sorted(summary["subjects"]) == ["p01", "p02"] and summary["tasks"] == ["2afc"]
    session = out / "sub-p01" / "beh"
    (session / "sub-p01_task-2afc_beh.tsv").rename(session / "sub-p01_beh.tsv")
    assert issues(out)[0]
