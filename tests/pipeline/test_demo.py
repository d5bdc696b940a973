"""The demo: the first thing that a user sees, from nothing, with what comes with the package."""

from pathlib import Path

import pytest

from gaia_stim import cli
from gaia_stim.config import DemoConfig
from gaia_stim.errors import ConfigError
from gaia_stim.pipeline.demo import FACES, demo
from gaia_stim.runs import BUILT_IN, Run
from gaia_stim.stimuli.sets import StimulusSet

pytestmark = pytest.mark.skipif(not Run(BUILT_IN).exists, reason="the built-in model is not there yet")


def test_from_nothing_to_stimuli(tmp_path: Path) -> None:
    result = demo(DemoConfig())
    assert result.out == Path("gaia-stim-demo") and result.look_at.is_file() and result.sheet.is_file()
    assert len(list((result.faces / "images").glob("*.png"))) == FACES
    made = StimulusSet.open(result.continuum)
    assert len(made) + len(StimulusSet.open(result.grid)) == result.stimuli
    assert made.provenance.as_written["model"]["model_hash"] == Run(BUILT_IN).model_hash()
    steps = made.table["step_distance"].to_numpy()[1:]
    assert steps.min() > 0 and steps.std() / steps.mean() < 0.03


def test_again_it_does_nothing_and_others_files_are_safe(tmp_path: Path) -> None:
    first = demo(DemoConfig(out=tmp_path / "demo"))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "demo").rglob("*") if path.is_file()}
    assert demo(DemoConfig(out=tmp_path / "demo")) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "demo").rglob("*") if path.is_file()} == before
    (tmp_path / "mine" / "morph").mkdir(parents=True)
    (tmp_path / "mine" / "morph" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError):
        demo(DemoConfig(out=tmp_path / "mine"))
    assert (tmp_path / "mine" / "morph" / "thesis.txt").read_text() == "mine"


@pytest.mark.slow
def test_as_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--out", "first"]) == 0
    out, err = capsys.readouterr()
    assert "sheet.png" in out and "warning" not in err
