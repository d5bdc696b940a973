"""Lists of trials: written and read back equal, checked against their set, and with the pictures beside the ids."""

from pathlib import Path

import pandas as pd
import pytest
from planted_sets import planted_design, planted_morph

from gaia_stim.errors import DataError
from gaia_stim.stimuli.manifest import COLUMNS
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import LEADING, conditions, read_trials


@pytest.fixture
def stimuli(tmp_path: Path) -> StimulusSet:
    return planted_morph(tmp_path / "set")


def test_a_list_is_read_back_equal(stimuli: StimulusSet, tmp_path: Path) -> None:
    written = planted_design(stimuli, tmp_path / "design", participants=9)
    for path in (tmp_path / "design", tmp_path / "design" / "trials.csv"):
        read = read_trials(path, stimuli)
        assert (read.task, read.record, len(read)) == ("2afc", written.record, 36)
        pd.testing.assert_frame_equal(read.table, written.table, check_dtype=False)


def test_an_adjustments_right_answer_stays_text(stimuli: StimulusSet, tmp_path: Path) -> None:
    planted_design(stimuli, tmp_path / "design", "adjustment")
    assert set(read_trials(tmp_path / "design", stimuli).table["correct"]) == {"0.25"}


def test_a_list_without_a_record(stimuli: StimulusSet, tmp_path: Path) -> None:
    planted_design(stimuli, tmp_path / "design")
    (tmp_path / "design" / "design.json").unlink()
    assert read_trials(tmp_path / "design", stimuli).record == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda table: table.assign(stim_b="m_9999"),
            r"trials.csv:2: stim_b is 'm_9999', which is not in",
        ),
        (lambda table: table.drop(columns="stim_d"), r"it lacks the column stim_d"),
        (lambda table: table.assign(stim_a=""), r"a trial has no stim_a"),
        (lambda table: table.assign(task=["abx", *table["task"][1:]]), r"of one task; this has 2afc and abx"),
        (lambda table: table[:0], r"this has no trial"),
    ],
)
def test_what_is_no_list_of_this_set(stimuli: StimulusSet, tmp_path: Path, change: object, said: str) -> None:
    table = planted_design(stimuli, tmp_path / "design").table
    change(table).to_csv(tmp_path / "design" / "trials.csv", index=False)  # type: ignore[operator]
    with pytest.raises(DataError, match=said):
        read_trials(tmp_path / "design", stimuli)


def test_a_folder_without_a_list(stimuli: StimulusSet, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'gaia-stim design' makes one"):
        read_trials(tmp_path, stimuli)


def test_conditions_of_a_set_are_its_manifest(stimuli: StimulusSet) -> None:
    table = conditions(stimuli, None)
    assert table.columns.tolist() == [*COLUMNS, "set_id", "set_name"] and len(table) == len(stimuli)


def test_conditions_of_a_design_have_a_picture_beside_each_id(stimuli: StimulusSet, tmp_path: Path) -> None:
    trials = planted_design(stimuli, tmp_path / "design")
    table = conditions(stimuli, trials)
    expected = LEADING[:4]
    for place in "abcd":
        expected += [f"stim_{place}", f"image_{place}"]
    assert table.columns.tolist() == [*expected, "correct", "alpha_a", "note", "set_id", "set_name"]
    assert table["image_b"].tolist() == [f"stimuli/{stim_id}.png" for stim_id in table["stim_b"]]
    assert set(table["image_c"]) == {""}
