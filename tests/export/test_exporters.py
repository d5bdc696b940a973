"""What holds of every program in the table, so that a new one is tested the moment it is there."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exported_tables import read_table
from markdown_it import MarkdownIt
from planted_sets import HOSTILE, hostile_set, planted_design, planted_morph, planted_set
from scipy.io import loadmat

from gaia_stim.cells import unguarded
from gaia_stim.errors import DataError
from gaia_stim.export import EXPORTERS
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials, read_trials
from gaia_stim.tables import look_up

Rows = list[dict[str, Any]]
Write = Callable[[StimulusSet, Path, Trials | None], None]


def mat_rows(path: Path, name: str) -> Rows:
    struct = loadmat(path, simplify_cells=True)[name]
    return [
        {key: unguarded(value) if isinstance(value, str) else value for key, value in row.items()} for row in struct
    ]


def script_value(path: Path) -> Any:
    return json.loads(path.read_text().split(" = ", 1)[1].removesuffix(";\n"))


def jspsych_trials(folder: Path) -> Rows:
    listed = script_value(folder / "trials.js")
    return [
        {
            name: unguarded(cell) if isinstance(cell, str) else cell
            for name, cell in zip(listed["columns"], row, strict=True)
        }
        for row in listed["rows"]
    ]


STIMULI: dict[str, Callable[[Path], list[Rows]]] = {
    "psychopy": lambda folder: [read_table(folder / "conditions.csv"), read_table(folder / "conditions.xlsx")],
    "psychojs": lambda folder: [read_table(folder / "conditions.csv")],
    "jspsych": lambda folder: [[one["data"] for one in script_value(folder / "stimuli.js")["timeline_variables"]]],
    "opensesame": lambda folder: [read_table(folder / "__pool__" / "conditions.csv")],
    "psychtoolbox": lambda folder: [mat_rows(folder / "stimuli.mat", "stim"), read_table(folder / "conditions.csv")],
    "gorilla": lambda folder: [read_table(folder / f"task_builder_{version}.csv") for version in (1, 2)],
    "labjs": lambda folder: [read_table(folder / "conditions.csv")],
    "bids": lambda folder: [read_table(folder / "stimuli" / "stimuli.tsv")],
    "psych-ds": lambda folder: [read_table(folder / "data" / "description-stimuli_data.csv")],
    "rocrate": lambda folder: [read_table(folder / "conditions.csv")],
}
"""How the exported stimuli are read back."""

TRIALS: dict[str, Callable[[Path], list[Rows]]] = {
    **STIMULI,
    "psych-ds": lambda folder: [read_table(folder / "data" / "description-trials_data.csv")],
    "jspsych": lambda folder: [jspsych_trials(folder)],
    "psychtoolbox": lambda folder: [mat_rows(folder / "stimuli.mat", "trials"), read_table(folder / "conditions.csv")],
    "bids": lambda folder: [
        [row for row in read_table(folder / "code" / "events_to_fill_in.tsv") if row["place"] == "a"]
    ],
}

program = pytest.mark.parametrize("program", EXPORTERS)
tabular = pytest.mark.parametrize("program", [name for name in EXPORTERS if name != "jspsych"])
"""In JSON, ids are strings and columns are keys: nothing guesses, nothing is reserved."""


def exported(program: str, stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> Path:
    folder.mkdir()
    look_up(EXPORTERS, "program", program)(stimuli, folder, trials)
    return folder


@program
def test_every_stimulus_comes_back_as_it_is_in_the_manifest(program: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    for rows in STIMULI[program](exported(program, stimuli, tmp_path / "out")):
        assert [row["stim_id"] for row in rows] == stimuli.table["stim_id"].tolist()
        for name in ("alpha", "mean_luminance", "raw", "position"):
            assert [row[name] for row in rows] == stimuli.table[name].tolist()


@program
def test_hostile_text_is_inert_and_comes_back_equal(program: str, tmp_path: Path) -> None:
    folder = exported(program, hostile_set(tmp_path / "set"), tmp_path / "out")
    for rows in STIMULI[program](folder):
        assert [row.get("license") or row.get("stim_license") for row in rows] == HOSTILE
        assert [row["attribute"] for row in rows] == HOSTILE
        assert {row["amount"] for row in rows} == {-0.5}
        assert [row["attribute_2"] for row in rows] == HOSTILE[::-1]
        assert [row["source_ids"] for row in rows] == [f"{text};{text}" for text in HOSTILE]
    for table in (path for path in folder.rglob("*") if path.suffix in (".csv", ".tsv")):
        assert len(table.read_bytes().splitlines()) == len(HOSTILE) + 1
        assert not re.search(r'(^|[,\t])"?[=+@\[({]', table.read_text(encoding="utf-8"), re.MULTILINE)


@program
@pytest.mark.parametrize("name", ["anna-bert", "Zoë; =1", "03-04"])
def test_every_row_says_which_set_it_is_of(program: str, name: str, tmp_path: Path) -> None:
    """Whatever its folder is called: results come back with the columns that an experiment was given."""
    stimuli = planted_morph(tmp_path / name)
    planted_design(stimuli, tmp_path / "design", participants=2)
    trials = read_trials(tmp_path / "design", stimuli)
    for rows in TRIALS[program](exported(program, stimuli, tmp_path / "out", trials)):
        assert {(row["set_id"], row["set_name"]) for row in rows} == {(stimuli.set_id, name)}
    alone = exported(program, stimuli, tmp_path / "alone")
    if program == "jspsych":
        said = script_value(alone / "stimuli.js")
        assert (said["set_id"], unguarded(said["set_name"])) == (stimuli.set_id, name)
        return
    for rows in STIMULI[program](alone):
        assert {(row["set_id"], row["set_name"]) for row in rows} == {(stimuli.set_id, name)}


@program
def test_a_design_comes_back_with_hostile_columns(program: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    written = planted_design(stimuli, tmp_path / "design", participants=12)
    trials = read_trials(tmp_path / "design", stimuli)
    for rows in TRIALS[program](exported(program, stimuli, tmp_path / "out", trials)):
        assert [row["note"] for row in rows] == written.table["note"].tolist()
        assert [row["participant"] for row in rows] == written.table["participant"].tolist()
        assert [row["trial"] for row in rows] == written.table["trial"].tolist()
        if program != "bids":  # its rows are pictures
            for name in ("stim_a", "stim_b", "alpha_a"):
                assert [row[name] for row in rows] == written.table[name].tolist()


@program
def test_every_picture_is_there_byte_for_byte(program: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    folder = exported(program, stimuli, tmp_path / "out")
    there = sorted(path.read_bytes() for path in folder.rglob("*.png"))
    assert there == sorted((stimuli.folder / row.image).read_bytes() for row in stimuli.rows())


@program
def test_paths_lead_to_the_pictures(program: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    folder = exported(program, stimuli, tmp_path / "out")
    own = {"opensesame": "__pool__", "gorilla": "stimuli", "bids": "stimuli", "psych-ds": "materials"}
    base = folder / own.get(program, "")
    for rows in STIMULI[program](folder):
        for row, known in zip(rows, stimuli.rows(), strict=True):
            path = row.get("image") or row.get("file") or row.get("stim_file")
            assert (base / path).read_bytes() == (stimuli.folder / known.image).read_bytes()


@program
def test_the_readme_tells_how_to_run_it_in_about_ten_lines(program: str, tmp_path: Path) -> None:
    text = (exported(program, planted_morph(tmp_path / "set"), tmp_path / "out") / "README.md").read_text()
    assert 4 <= len(re.findall(r"^\d+\. ", text, re.MULTILINE)) <= 10
    assert "set" in text


@program
def test_a_sets_name_is_text_in_the_readme(program: str, tmp_path: Path) -> None:
    """A folder may be called anything; whoever sends a set does not write the page that tells how to run it."""
    name = "<img src=x onerror=alert(1)> [click](https:elsewhere) ![p](q)\n# Run this `first`"
    text = (exported(program, planted_morph(tmp_path / name), tmp_path / "out") / "README.md").read_text()
    assert "onerror" in text
    shown = MarkdownIt().render(text)
    assert "<img" not in shown and 'elsewhere">' not in shown and "<code>first" not in shown
    assert shown.count("<h1>") == 1


@program
def test_the_same_bytes_each_time(program: str, tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]) -> None:
    stimuli = planted_morph(tmp_path / "set")
    first, second = (exported(program, stimuli, tmp_path / name) for name in ("first", "second"))
    assert contents(first) == contents(second)


@tabular
@pytest.mark.parametrize("stim_id", ["NA", "None", "nan", "may1", "sep2020", "TRUE", "inf"])
def test_an_id_that_a_program_misreads_is_refused(program: str, stim_id: str, tmp_path: Path) -> None:
    stimuli = planted_set(tmp_path / "set", [Row(stim_id, f"stimuli/{stim_id}.png", "morph", 0, alpha=0.5)])
    with pytest.raises(DataError, match=rf"the stim_id '{stim_id}' cannot be exported: .+; give it another"):
        exported(program, stimuli, tmp_path / "out")


@program
@pytest.mark.parametrize(
    "stim_id", ["=1", "03-04", "12e4", "ü", 'a"b', "a,b", "a\nb", "/etc/x", "..", "C:x", "a b", ""]
)
def test_an_id_that_is_no_name_is_refused(program: str, stim_id: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    stimuli.table.loc[2, ["stim_id", "image"]] = [stim_id, f"stimuli/{stim_id}.png"]
    with pytest.raises(DataError, match="row 3 "):
        exported(program, stimuli, tmp_path / "out")


@program
@pytest.mark.parametrize("image", ["/etc/passwd", "../m_0001.png", "C:\\m_0001.png", "stimuli/../m_0001.png"])
def test_a_picture_from_elsewhere_is_refused(program: str, image: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    stimuli.table.loc[0, "image"] = image
    with pytest.raises(DataError, match=r"row 1 names '.*', which is not a stimulus of this set"):
        exported(program, stimuli, tmp_path / "out")


@program
def test_a_picture_that_was_changed_is_refused(program: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    (stimuli.folder / "stimuli" / "m_0002.png").write_bytes((stimuli.folder / "stimuli" / "m_0001.png").read_bytes())
    with pytest.raises(DataError, match=r"m_0002.png: was changed"):
        exported(program, stimuli, tmp_path / "out")


@tabular
def test_a_column_that_a_program_reserves_is_refused(program: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    trials = planted_design(stimuli, tmp_path / "design")
    for name in ("level", "2nd", "a b", "", "class", "=1", "thisTrial", "end", "Trial"):
        odd = replace(trials, table=trials.table.assign(**{name: 1}))
        folder = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        with pytest.raises(DataError, match=rf"the column '{re.escape(name)}' cannot be exported: .+; rename it"):
            exported(program, stimuli, folder, odd)
