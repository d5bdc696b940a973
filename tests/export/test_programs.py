"""What is particular to a program's folder."""

import ast
import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exported_tables import read_table
from openpyxl import load_workbook
from planted_sets import hostile_set, planted_design, planted_morph, planted_set, planted_wheel
from scipy.io import loadmat

from gaia_stim.config import DesignConfig, ExportConfig, PresentationConfig
from gaia_stim.designs import ANALYSES
from gaia_stim.designs.responses import answers_of, read_results
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export import bids, gorilla, opensesame, psychojs, psychopy, psychtoolbox
from gaia_stim.export.folder import starter
from gaia_stim.export.formats import xlsx_bytes
from gaia_stim.export.linter import Table, cell_of, check_columns, table_of
from gaia_stim.export.settings import presentation
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.manifest import ALL_COLUMNS
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import read_trials


@pytest.fixture
def stimuli(tmp_path: Path) -> StimulusSet:
    return planted_morph(tmp_path / "set")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_no_column_of_ours_is_reserved() -> None:
    check_columns(ALL_COLUMNS, "manifest")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (True, 1),
        (np.bool_(False), 0),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.nan, None),
        (np.inf, None),
        (pd.NA, None),
        (None, None),
        ("", None),
        (2**53, 2**53),
        (2**53 + 1, "'9007199254740993"),
        (-0.5, -0.5),
    ],
)
def test_cells(value: object, cell: object) -> None:
    assert cell_of(value) == cell and type(cell_of(value)) is type(cell)


def test_columns_without_a_value_are_left_out(stimuli: StimulusSet) -> None:
    table = table_of(stimuli, None)
    assert "seed" in table.columns and "grid_u" not in table.columns


def test_participants_get_files_of_their_own(stimuli: StimulusSet, out: Path, tmp_path: Path) -> None:
    psychopy.write(stimuli, out, planted_design(stimuli, tmp_path / "design", participants=3))
    everything = read_table(out / "conditions.csv")
    assert everything == [row for who in ("p01", "p02", "p03") for row in read_table(out / f"conditions_{who}.csv")]


@pytest.mark.parametrize("name", ["../p01", "a b", "nul", "", "=1", "ü"])
def test_a_participant_who_is_no_file_name(stimuli: StimulusSet, out: Path, tmp_path: Path, name: str) -> None:
    trials = planted_design(stimuli, tmp_path / "design")
    trials.table.loc[0, "participant"] = name
    with pytest.raises(DataError, match=r"the participant .* cannot be exported"):
        psychopy.write(stimuli, out, trials)


def test_a_spreadsheet_has_types_and_no_formula(stimuli: StimulusSet, tmp_path: Path) -> None:
    hostile = table_of(hostile_set(tmp_path / "hostile"), None)
    path = tmp_path / "t.xlsx"
    path.write_bytes(xlsx_bytes(hostile))
    cells = list(load_workbook(path).active.iter_rows(min_row=2))
    assert {cell.data_type for row in cells for cell in row} == {"s", "n"}
    assert [[cell.value for cell in row] for row in cells] == [list(row) for row in hostile.rows]
    assert [[type(cell.value) for cell in row] for row in cells] == [
        [type(cell) for cell in row] for row in hostile.rows
    ]


def test_numbers_in_a_spreadsheet_are_exact(tmp_path: Path) -> None:
    numbers = [0.1 + 0.2, 1e-7, -0.0, 5e-324, 1.7976931348623157e308, 0.0, 7, 2**53]
    (tmp_path / "t.xlsx").write_bytes(xlsx_bytes(Table(["a"], [[number] for number in numbers])))
    read = [row["a"] for row in read_table(tmp_path / "t.xlsx")]
    assert read == numbers and [type(number) for number in read] == [type(number) for number in numbers]


@pytest.mark.parametrize(
    ("name", "beside"), [("psychopy", {"adaptive"}), ("psychopy_adaptive", set()), ("psychopy_chain", {"PIL"})]
)
def test_the_psychopy_starters_are_python_and_need_nothing_else(name: str, beside: set[str]) -> None:
    tree = ast.parse(starter(f"{name}.py.txt"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in modules} <= {*sys.stdlib_module_names, "psychopy", *beside}


STUBS = '''
"""A window, a screen and a keyboard that answer by themselves; each picture that is drawn is noted."""
import itertools, sys, types
drawn, keys, written = [], itertools.cycle(sys.argv.pop(1).split(",")), set()
class Window:
    size = (1024, 768)
    def __init__(self, **options): self.calls = []
    def flip(self): [call() for call in self.calls]; self.calls = []; drawn.append("|"); return drawn.count("|") / 60
    def getActualFrameRate(self): return 60.0
    def callOnFlip(self, call): self.calls.append(call)
    def close(self): open("drawn.txt", "w").write(" ".join([*drawn, *sorted(written)]))
class ImageStim:
    def __init__(self, window, image, **options): open(image, "rb").close(); self.image = image
    def draw(self): drawn.append(self.image.split("stimuli/")[1])
class TextStim:
    def __init__(self, window, text, **options): pass
    def draw(self): written.add(f"{self.text} at {self.pos[1]:.0f}")
class Clock:
    def reset(self): pass
    def getTime(self): return 1.0
class Monitor:
    def __init__(self, name, width, distance): pass
    def setSizePix(self, size): pass
def getKeys(keyList, timeStamped):
    if keyList[0] == "escape": return []
    if keyList[0] == "space": return [("space", 1.0)]
    key = next(keys)
    if key == "none": return []
    assert key in keyList, (key, keyList)
    return [(key, 0.25)]
module = lambda **names: types.SimpleNamespace(**names)
psychopy = types.ModuleType("psychopy")
psychopy.core = module(Clock=Clock)
psychopy.event = module(clearEvents=lambda: None, getKeys=getKeys)
psychopy.visual = module(Window=Window, ImageStim=ImageStim, TextStim=TextStim)
psychopy.gui, psychopy.monitors = module(), module(Monitor=Monitor)
psychopy.__version__ = "0"
sys.modules["psychopy"] = psychopy
import runpy
runpy.run_path("experiment.py", run_name="__main__")
'''


def run_starter(folder: Path, keys: str, participant: str = "p02") -> tuple[list[dict[str, str]], str]:
    (folder / "stubs.py").write_text(STUBS)
    subprocess.run([sys.executable, "stubs.py", keys, participant], cwd=folder, check=True, capture_output=True)
    [results] = (folder / "data").glob(f"{participant}_*.csv")
    with results.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream)), (folder / "drawn.txt").read_text()


def test_the_psychopy_starter_writes_all_conditions_and_the_answers(
    stimuli: StimulusSet, out: Path, tmp_path: Path
) -> None:
    psychopy.write(stimuli, out, planted_design(stimuli, tmp_path / "design", participants=2))
    results, drawn = run_starter(out, "f,j")
    with (out / "conditions_p02.csv").open(encoding="utf-8", newline="") as stream:
        conditions = list(csv.DictReader(stream))
    assert [{name: row[name] for name in conditions[0]} for row in results] == conditions
    assert [row["response"] for row in results] == ["a", "b", "a", "b"]
    assert {row["rt"] for row in results} == {"0.25"}
    [started] = {row["started"] for row in results}
    assert re.fullmatch(r"at_\d{8}_\d{6}", started) and (out / "data" / f"p02_{started[3:]}.csv").is_file()
    assert "m_0001.png m_0002.png |" in drawn and "m_0004.png m_0005.png |" in drawn


def test_the_psychopy_starter_shows_every_stimulus_of_a_set_once(stimuli: StimulusSet, out: Path) -> None:
    psychopy.write(stimuli, out)
    results, _ = run_starter(out, "f,j,f,j,j", "anna")
    assert sorted(row["stim_id"] for row in results) == stimuli.table["stim_id"].tolist()
    assert {row["participant"] for row in results} == {"anna"}
    assert [row["trial"] for row in results] == ["1", "2", "3", "4", "5"]
    assert [row["response"] for row in results] == ["f", "j", "f", "j", "j"]


def test_the_psychopy_starter_adjusts_along_the_continuum(stimuli: StimulusSet, out: Path, tmp_path: Path) -> None:
    psychopy.write(stimuli, out, planted_design(stimuli, tmp_path / "design", "adjustment"))
    results, _ = run_starter(out, "right,right,left,return")
    # Each begins at the picture after the target.
    assert [float(row["response"]) for row in results] == [0.5, 0.75, 0.75, 0.75]
    assert {row["correct"] for row in results} == {"0.25"}


def test_the_psychopy_starter_counts_flips(stimuli: StimulusSet, out: Path, tmp_path: Path) -> None:
    """At 60 Hz: three looks for a key, one a flip, are three frames; 200 ms without a key are twelve."""
    trials = planted_design(stimuli, tmp_path / "design")
    asked = PresentationConfig(duration=200, timeout=400)
    psychopy.write(stimuli, out, trials, how=presentation(stimuli, trials, asked))
    results, drawn = run_starter(out, "none,none,f", "p01")
    assert [row["frames"] for row in results] == ["3"] * 4 and {row["response"] for row in results} == {"a"}
    assert {row["device_pixels"] for row in results} == {"21"} and {row["degrees"] for row in results} == {""}
    assert "Which is nearer to B? at 118" in drawn  # above a picture of 168 pixels
    results, _ = run_starter(out, "none", "p02")
    assert [row["frames"] for row in results] == ["12"] * 4 and {row["response"] for row in results} == {""}


def test_four_large_pictures_are_shown_so_small_that_they_fit(tmp_path: Path, out: Path) -> None:
    large = planted_set(tmp_path / "set", planted_morph(tmp_path / "rows").rows(), 512)
    config = DesignConfig(kind="mlds", stimuli=large.folder, out=tmp_path / "design", trials=2, repetitions=1)
    psychopy.write(large, out, read_trials(design(config).out, large))
    results, _ = run_starter(out, "up", "p01")
    [each] = {float(row["device_pixels"]) for row in results}
    # Four of 512 lines, half of a picture's height and a line of text above and below, in a window of 768.
    assert 0.4 < each < 0.6 and (2 * 1.3 * 512 * each + 80) == pytest.approx(768, abs=1)


def test_the_psychopy_starter_goes_round_a_wheel(out: Path, tmp_path: Path) -> None:
    """Down from the first comes the last: a quarter before the target is where half of the trials begin."""
    wheel = planted_wheel(tmp_path / "wheel")
    config = DesignConfig(kind="adjustment", stimuli=wheel.folder, out=tmp_path / "design", targets=1)
    psychopy.write(wheel, out, read_trials(design(config).out, wheel))
    results, _ = run_starter(out, "left,left,left,return,right,right,right,return", "p01")
    begins = [round(6 * float(row["alpha_b"])) for row in results]
    assert sorted(begins) == [2, 4] and {row["wheel"] for row in results} == {"1"}
    moved = [(begins[0] - 3) % 6, (begins[1] + 3) % 6]
    assert [round(6 * float(row["response"])) for row in results] == moved
    assert answers_of(read_results([out / "data"]), None, can=ANALYSES)[0].is_wheel


def test_escape_keeps_what_was_answered(stimuli: StimulusSet, out: Path, tmp_path: Path) -> None:
    psychopy.write(stimuli, out, planted_design(stimuli, tmp_path / "design"))
    results, _ = run_starter(out, "f,j,escape")
    assert [row["response"] for row in results] == ["a", "b"]


def test_psychojs_lists_its_resources(stimuli: StimulusSet, out: Path) -> None:
    psychojs.write(stimuli, out)
    resources = json.loads((out / "resources.json").read_text())
    assert len(resources) == 6 and all((out / one["path"]).is_file() for one in resources)


def test_the_file_pool_is_flat_and_scores_by_its_own_name(stimuli: StimulusSet, out: Path, tmp_path: Path) -> None:
    opensesame.write(stimuli, out, planted_design(stimuli, tmp_path / "design"))
    rows = read_table(out / "__pool__" / "conditions_1.csv")
    assert {row["correct_response"] for row in rows} == {"f"} and "correct" not in rows[0]
    assert all((out / "__pool__" / str(row["image_b"])).is_file() for row in rows)
    assert not [path for path in (out / "__pool__").iterdir() if path.is_dir()]


def test_a_mat_file_has_struct_arrays(stimuli: StimulusSet, out: Path, tmp_path: Path) -> None:
    psychtoolbox.write(stimuli, out, planted_design(stimuli, tmp_path / "design"), images=True)
    content = loadmat(out / "stimuli.mat")
    assert content["stim"].shape == (1, 5) and content["trials"].shape == (1, 8)
    assert content["stim"][0, 1]["alpha"].tolist() == [[0.25]]
    assert np.isnan(content["stim"][0, 0]["step_distance"]).all()
    assert content["trials"][0, 1]["index_b"].tolist() == [[3.0]]
    assert content["images"].shape == (8, 12, 3, 5) and content["images"].dtype == np.uint8
    for place, (_, pixels) in enumerate(stimuli.pictures()):
        assert np.array_equal(content["images"][..., place], pixels)


def test_gorillas_columns(stimuli: StimulusSet, out: Path) -> None:
    gorilla.write(stimuli, out)
    header = (out / "task_builder_1.csv").read_text().splitlines()[0]
    assert header.startswith("randomise_blocks,randomise_trials,display,stim_id,image,")
    assert (out / "task_builder_2.csv").read_text().startswith("Display,stim_id,image,")
    assert {(row["Display"], row["image"]) for row in read_table(out / "task_builder_2.csv")} == {
        ("trial", f"m_000{number}.png") for number in range(1, 6)
    }
    assert "NOT tried" in (out / "README.md").read_text()


def test_bids_names_and_tables(stimuli: StimulusSet, out: Path) -> None:
    bids.write(stimuli, out)
    rows = read_table(out / "stimuli" / "stimuli.tsv")
    assert list(rows[0])[:3] == ["stimulus_id", "type", "stim_file"]
    for row in rows:
        assert re.fullmatch(r"stim-[A-Za-z0-9]+", str(row["stimulus_id"]))
        assert (out / "stimuli" / f"{row['stimulus_id']}_image.png").is_file()
    sidecar = json.loads((out / "stimuli" / "stimuli.json").read_text())
    assert set(sidecar) == set(rows[0])
    assert all("experimental" in sidecar[name]["Description"] for name in ("stimulus_id", "type", "license"))
    assert json.loads((out / "dataset_description.json").read_text())["License"] == "CC BY 4.0"


def test_bids_tells_what_every_column_of_a_manifest_is() -> None:
    """Also those that are there only now and then: a new one has to be described."""
    drawn = {"image": "stim_file", "stim_license": "license"}
    told = {drawn.get(name, name) for name in ALL_COLUMNS}
    assert told <= set(bids.COLUMNS) | set(bids.EXPERIMENTAL)
    assert set(bids.COLUMNS) - told == {"set_id", "set_name"}
    page = (Path(__file__).parents[2] / "docs" / "stimulus-sets.md").read_text(encoding="utf-8")
    assert not [name for name in ALL_COLUMNS if f"`{name}`" not in page]


def test_bids_labels_that_meet(tmp_path: Path, out: Path) -> None:
    stimuli = planted_morph(tmp_path / "set", 2)
    stimuli.table["stim_id"] = ["m_11", "m_1_1"]
    stimuli.table["image"] = ["stimuli/m_11.png", "stimuli/m_1_1.png"]
    with pytest.raises(DataError, match="BIDS labels have no '_'"):
        bids.write(stimuli, out)


def test_bids_has_the_answers_of_each_participant(tmp_path: Path) -> None:
    """As the standard calls them, of the pictures as BIDS calls these, and nothing of another set."""
    made = planted_morph(tmp_path / "set")
    table = planted_design(made, tmp_path / "design").table.drop(columns=["alpha_a", "note"])
    table.assign(response="a", rt=0.25, phase=["practice", *[""] * (len(table) - 1)]).to_csv(
        tmp_path / "r.csv", index=False
    )
    config = ExportConfig(stimuli=made.folder, to="bids", results=tmp_path / "r.csv", out=tmp_path / "bids")
    folder = export(config).out
    assert (folder / "participants.tsv").read_text() == "participant_id\nsub-p01\nsub-p02\n"
    found = pd.read_csv(folder / "sub-p02" / "beh" / "sub-p02_task-2afc_beh.tsv", sep="\t", keep_default_na=False)
    assert list(found["stim_a"]) == ["stim-m0001", "stim-m0002", "stim-m0003", "stim-m0004"]
    assert set(found["response"]) == {"a"} and set(found["response_time"]) == {0.25} and set(found["right"]) == {1}
    assert set(found["phase"]) == {"n/a"} and "stim_c" not in found
    told = json.loads((folder / "task-2afc_beh.json").read_text())
    assert told.pop("TaskName") == "2afc" and set(told) == set(found.columns)
    assert told["response_time"]["Units"] == "s"
    table.assign(response="a", set_id="set_00000000_00000000").to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError, match="the results are about other stimuli"):
        export(config.model_copy(update={"results": tmp_path / "other.csv", "out": tmp_path / "none"}))
    with pytest.raises(ConfigError, match="--results: only bids and psych-ds"):
        export(config.model_copy(update={"to": "gorilla", "out": tmp_path / "none"}))
    assert not (tmp_path / "none").exists()
