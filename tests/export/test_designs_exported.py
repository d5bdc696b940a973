"""Every design goes to every program, and the starter of PsychoPy runs each."""

from pathlib import Path

import pytest
from exported_tables import read_table
from planted_sets import planted_morph
from test_programs import run_starter

from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.designs.responses import SCALES, read_answers
from gaia_stim.export import EXPORTERS
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet

KEYS = {
    "oddity": "1,2,3",
    "triplets": "3,2,1",
    "mlds": "up,down",
    "adjustment": "right,left,return",
}
TASKS = [*DESIGNS, "mlds-triads"]


def designed(task: str, folder: Path) -> tuple[Path, Path]:
    """A set, and a design over it for two participants."""
    stimuli = planted_morph(folder / "set", 6)
    config = DesignConfig(
        kind=task.removesuffix("-triads"),
        stimuli=stimuli.folder,
        triads=task.endswith("-triads"),
        participants=2,
        blocks=2,
        repetitions=2,
        out=folder / "design",
    )
    return stimuli.folder, design(config).out


@pytest.mark.parametrize("task", TASKS)
def test_every_design_goes_to_every_program(task: str, tmp_path: Path) -> None:
    stimuli, trials = designed(task, tmp_path)
    for program in EXPORTERS:
        config = ExportConfig(stimuli=stimuli, to=program, design=trials, out=tmp_path / program)
        result = export(config)
        assert result.trials == len(read_table(trials / "trials.csv"))


@pytest.mark.parametrize("task", TASKS)
def test_the_psychopy_starter_runs_every_design_and_its_answers_are_understood(task: str, tmp_path: Path) -> None:
    stimuli, trials = designed(task, tmp_path)
    out = export(ExportConfig(stimuli=stimuli, to="psychopy", design=trials, out=tmp_path / "out")).out
    results, drawn = run_starter(out, KEYS.get(task, "f,j"))
    assert [row["trial"] for row in results] == [str(n) for n in range(1, len(results) + 1)]
    assert {row["response"] for row in results} != {""} and drawn.count("m_") >= len(results)
    if task in SCALES:
        [file] = (out / "data").glob("p02_*.csv")
        found = read_answers([file], None)
        assert len(found) == len(results) and found.set_id == StimulusSet.open(stimuli).set_id
