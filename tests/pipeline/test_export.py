"""The verb: whole or not there, once, and never over what an experiment has written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from planted_sets import planted_design, planted_morph

from gaia_stim.config import ExportConfig
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.files import read_json
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet


@pytest.fixture
def stimuli(tmp_path: Path) -> StimulusSet:
    return planted_morph(tmp_path / "set")


def asked(stimuli: StimulusSet, **options: object) -> ExportConfig:
    return ExportConfig.model_validate({"stimuli": stimuli.folder, "to": "psychopy", **options})


def test_a_folder_beside_the_set(stimuli: StimulusSet) -> None:
    result = export(asked(stimuli))
    assert result.out == stimuli.folder.with_name("set_psychopy")
    assert (result.program, result.stimuli, result.trials) == ("psychopy", 5, None)
    assert result.readme.is_file()
    record = read_json(result.out / "export.json")
    assert all((result.out / name).is_file() for name in record["files"])
    assert record["set"]["request"] == {"verb": "morph"}


def test_the_same_again_does_nothing(stimuli: StimulusSet, contents: Callable[[Path], dict[str, bytes]]) -> None:
    out = export(asked(stimuli)).out
    before, said = contents(out), list[Event]()
    export(asked(stimuli), said.append)
    assert contents(out) == before
    assert said == [Note(f"{out} holds this very export already: nothing to do")]


def test_something_else_is_refused_unless_forced(stimuli: StimulusSet, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(asked(stimuli, out=out))
    with pytest.raises(ConfigError, match=r"holds another export; .* --force"):
        export(asked(stimuli, out=out, to="labjs"))
    export(asked(stimuli, out=out, to="labjs", force=True))
    assert not (out / "experiment.py").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("")
    with pytest.raises(ConfigError, match="is not an export"):
        export(asked(stimuli, out=other, force=True))


def test_results_are_never_replaced(stimuli: StimulusSet) -> None:
    out = export(asked(stimuli)).out
    (out / "data").mkdir()
    (out / "data" / "p01.csv").write_text("precious")
    export(asked(stimuli))
    with pytest.raises(ConfigError, match=r"holds data/p01.csv beside the export"):
        export(asked(stimuli, force=True))
    assert (out / "data" / "p01.csv").read_text() == "precious"


def test_a_file_that_is_gone_is_made_again(stimuli: StimulusSet) -> None:
    out = export(asked(stimuli)).out
    (out / "stimuli" / "m_0003.png").unlink()
    export(asked(stimuli))
    assert (out / "stimuli" / "m_0003.png").is_file()


def test_nothing_stands_where_it_failed(stimuli: StimulusSet, tmp_path: Path) -> None:
    (stimuli.folder / "stimuli" / "m_0005.png").write_bytes(b"")
    with pytest.raises(DataError):
        export(asked(stimuli))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


def test_a_design_is_part_of_what_is_asked(stimuli: StimulusSet, tmp_path: Path) -> None:
    planted_design(stimuli, tmp_path / "design")
    out = tmp_path / "out"
    result = export(asked(stimuli, design=tmp_path / "design", out=out))
    assert result.trials == 8
    assert read_json(out / "export.json")["design"]["task"] == "2afc"
    planted_design(stimuli, tmp_path / "design", participants=3)
    with pytest.raises(ConfigError, match="holds another export"):
        export(asked(stimuli, design=tmp_path / "design", out=out))


def test_pictures_in_the_mat(stimuli: StimulusSet) -> None:
    with pytest.raises(ConfigError, match="--images-in-mat: only psychtoolbox"):
        export(asked(stimuli, images_in_mat=True))
    small = (export(asked(stimuli, to="psychtoolbox")).out / "stimuli.mat").stat().st_size
    with pytest.raises(ConfigError, match="holds another export"):
        export(asked(stimuli, to="psychtoolbox", images_in_mat=True))
    out = export(asked(stimuli, to="psychtoolbox", images_in_mat=True, force=True)).out
    assert (out / "stimuli.mat").stat().st_size > small


def test_an_unknown_program(stimuli: StimulusSet) -> None:
    with pytest.raises(ConfigError, match=r"unknown program 'psycopy' \(did you mean 'psychopy'\?\); choose from"):
        export(asked(stimuli, to="psycopy"))
