"""A Psych-DS data set: every column told, a file for each participant and task, and answers that read back equal."""

from pathlib import Path

import pandas as pd
import pytest
from planted_sets import planted_design, planted_morph

from gaia_stim.config import CollectConfig, ExportConfig
from gaia_stim.errors import DataError
from gaia_stim.events import Note
from gaia_stim.export.answers import RESULTS, people_in
from gaia_stim.files import read_json
from gaia_stim.pipeline.collect import collect
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet


@pytest.fixture
def asked(tmp_path: Path) -> ExportConfig:
    """Two people's answers to a 2AFC, of which one file knows when it began, and whose practice is in it."""
    made = planted_morph(tmp_path / "set")
    table = planted_design(made, tmp_path / "design").table.drop(columns=["alpha_a", "note"])
    table = table.assign(response="a", rt=0.25, started="at_20260131_143000", simulated="")
    table.loc[table.index[0], "phase"] = "practice"
    table.loc[table["participant"] == "p02", "simulated"] = "1"
    (tmp_path / "results").mkdir()
    table.to_csv(tmp_path / "results" / "lea_miller.csv", index=False)
    return ExportConfig(stimuli=made.folder, to="psych-ds", results=tmp_path / "results", out=tmp_path / "shared")


def test_every_column_of_every_table_is_told(asked: ExportConfig) -> None:
    folder = export(asked.model_copy(update={"design": asked.stimuli.parent / "design"})).out
    told = read_json(folder / "dataset_description.json")
    names = {path.name for path in (folder / "data").iterdir()}
    assert names == {
        *("description-stimuli_data.csv", "description-trials_data.csv"),
        *("subject-p01_task-2afc_data.csv", "subject-p02_task-2afc_data.csv"),
    }
    columns = {name for path in (folder / "data").iterdir() for name in pd.read_csv(path, nrows=0)}
    variables = {one["name"]: one for one in told["variableMeasured"]}
    assert columns == set(variables) and len(variables) == len(told["variableMeasured"])
    assert variables["rt"]["unitText"] == "s"
    assert [name for name, one in variables.items() if not one.get("description")] == ["note"]  # the design's own
    assert "2 participants, simulated ones among them" in told["description"]


def test_the_answers_read_back_as_they_were(asked: ExportConfig, tmp_path: Path) -> None:
    folder = export(asked).out
    before = pd.read_csv(collect(CollectConfig(responses=(asked.results,), out=tmp_path / "before.csv")).out)
    after = pd.read_csv(collect(CollectConfig(responses=(folder / "data",), out=tmp_path / "after.csv")).out)
    where = ["started", "program", "file", "line"]
    pd.testing.assert_frame_equal(after.drop(columns=where), before.drop(columns=where))
    assert StimulusSet.open(folder / "materials").set_id == StimulusSet.open(asked.stimuli).set_id


def test_neither_times_nor_the_names_of_files_go_along(asked: ExportConfig) -> None:
    folder = export(asked).out
    texts = [path.read_text() for path in folder.rglob("*") if path.suffix in (".csv", ".md") and path.is_file()]
    assert not [text for text in texts if "lea_miller" in text or "20260131" in text]
    assert not {"started", "file", "line"} & set(RESULTS)


def test_answers_about_another_set_are_left_out_and_said(asked: ExportConfig, tmp_path: Path) -> None:
    file = asked.results / "lea_miller.csv"
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    other = table.assign(set_id="set_00000000_00000000", participant="p09")
    pd.concat([table, other.head(3)]).to_csv(file, index=False)
    notes: list[str] = []
    folder = export(asked, lambda event: notes.append(event.text) if isinstance(event, Note) else None).out
    assert [note for note in notes if note.startswith("left out: 3 trials about other stimuli")]
    assert not list((folder / "data").glob("*p09*"))
    table.assign(stim_a="m_9999").to_csv(file, index=False)
    with pytest.raises(DataError, match="'m_9999' in stim_a"):
        export(asked.model_copy(update={"out": tmp_path / "none"}))


@pytest.mark.parametrize("names", [("p-1", "p1"), ("ann", "Ann"), ("王", "p1")])
def test_participants_who_would_be_one_file_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(DataError, match="letters and digits alone"):
        people_in(pd.DataFrame({"participant": names}), "Psych-DS")
