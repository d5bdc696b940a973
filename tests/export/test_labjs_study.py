"""The study that lab.js's builder opens; lab.js itself goes through it in tests/ecosystem."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from planted_sets import planted_design, planted_morph

from gaia_stim.config import PresentationConfig
from gaia_stim.errors import DataError
from gaia_stim.export import labjs, trial_screens
from gaia_stim.export.linter import Table, check_own_names
from gaia_stim.export.settings import presentation
from gaia_stim.stimuli.sets import StimulusSet


@pytest.fixture
def stimuli(tmp_path: Path) -> StimulusSet:
    return planted_morph(tmp_path / "set")


def study_of(stimuli: StimulusSet, folder: Path, task: str | None = "2afc", **asked: Any) -> dict[str, Any]:
    trials = None if task is None else planted_design(stimuli, folder / "design", task)
    out = folder / "out"
    out.mkdir()
    labjs.write(stimuli, out, trials, how=presentation(stimuli, trials, PresentationConfig(**asked)))
    made: dict[str, Any] = json.loads((out / labjs.STUDY).read_text(encoding="utf-8"))
    return made


def part(made: dict[str, Any], title: str) -> dict[str, Any]:
    [found] = [one for one in made["components"].values() if one["title"] == title and "children" not in one]
    assert isinstance(found, dict)
    return found


def test_every_child_is_there_and_every_picture_is_in_it(stimuli: StimulusSet, tmp_path: Path) -> None:
    made = study_of(stimuli, tmp_path)
    parts = made["components"]
    children = [child for one in parts.values() for child in one.get("children", [])]
    assert sorted(children) == sorted(set(parts) - {"root"}) and all(parts[name]["id"] == name for name in parts)
    for row in stimuli.rows():
        content = made["files"]["files"][row.image]["content"]
        assert base64.b64decode(content.partition(";base64,")[2]) == (stimuli.folder / row.image).read_bytes()


def test_no_text_of_a_participant_is_an_expression(stimuli: StimulusSet, tmp_path: Path) -> None:
    (tmp_path / "consent.txt").write_text("You get ${ 1 + 1 } <b>euros</b>.", encoding="utf-8")
    made = study_of(stimuli, tmp_path, consent=tmp_path / "consent.txt")
    content = part(made, "Consent")["content"]
    assert "You get &#36;{ 1 + 1 } &lt;b&gt;euros&lt;/b&gt;." in content and "${" not in content


def test_times_are_as_asked(stimuli: StimulusSet, tmp_path: Path) -> None:
    made = study_of(stimuli, tmp_path, "same-different", fixation="400:600", isi=300, timeout=5000)
    assert part(made, "Fixation")["timeout"] == "${ this.random.range(400, 601) }"
    assert part(made, "First")["timeout"] == "800" and part(made, "Gap")["timeout"] == "300"
    assert part(made, "Trial")["timeout"] == "5000"


def test_a_set_alone_is_shuffled(stimuli: StimulusSet, tmp_path: Path) -> None:
    made = study_of(stimuli, tmp_path, None)
    [loop] = [one for one in made["components"].values() if one["type"] == "lab.flow.Loop"]
    assert loop["sample"]["mode"] == "draw-shuffle" and len(loop["templateParameters"]["rows"]) == len(stimuli)


def test_breaks(stimuli: StimulusSet) -> None:
    """In turn: practice, then two blocks of three; then somebody else."""
    rows = [["p01", 0, "practice"]] * 2 + [["p01", 1, "main"]] * 3 + [["p01", 2, "main"]] * 3 + [["p02", 1, "main"]] * 3
    table = Table(["participant", "block", "phase"], [list(row) for row in rows])
    usual = presentation(stimuli, None)
    assert trial_screens.breaks(table, usual) == [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0]
    often = presentation(stimuli, None, PresentationConfig(break_every=2))
    assert trial_screens.breaks(table, often) == [0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1]


def test_a_column_of_the_experiments_own_is_refused() -> None:
    with pytest.raises(DataError, match="column 'gaia_rest' cannot be exported"):
        check_own_names(Table(["gaia_rest"], []), trial_screens.PREFIX)
