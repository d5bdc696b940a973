"""PsychoPy, SheetJS, OpenSesame and Papa Parse read the exported tables: types as written, all text inert."""

import csv
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from planted_sets import HOSTILE, hostile_set, planted_design, planted_morph

from gaia_stim.cells import unguarded
from gaia_stim.config import ExportConfig
from gaia_stim.errors import DataError
from gaia_stim.export.linter import IMAGES, Cell, Table, check_columns, flat_name, table_of
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.trials import read_trials

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".ecosystem"
PANDAS = ("2", "3")
CASES = ("morph", "hostile", "design")


def needs(*places: str) -> pytest.MarkDecorator:
    missing = [place for place in places if not (HOME / place).exists() and not shutil.which(place)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)} ('make test-ecosystem' does)")


def psychopy(pandas: str) -> str:
    return str(HOME / f"psychopy-pandas{pandas}" / "bin" / "python")


def output(command: Sequence[str | Path], **options: Any) -> Any:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stderr[-2000:]
    # PsychoPy writes its log to the same stream, and on a new machine has something to say.
    return next(json.loads(line) for line in done.stdout.splitlines() if line.startswith(("[", "{")))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def tables(home: Path) -> dict[str, Table]:
    """What is written: a morph, a set of hostile text, and a design of 30 participants with hostile columns."""
    morph, hostile = planted_morph(home / "morph"), hostile_set(home / "hostile")
    planted_design(morph, home / "morph_design", participants=30)
    design = read_trials(home / "morph_design", morph)
    return {"morph": table_of(morph, None), "hostile": table_of(hostile, None), "design": table_of(morph, design)}


def written(home: Path, case: str, program: str) -> Path:
    out = home / f"{case}_{program}"
    design = home / "morph_design" if case == "design" else None
    stimuli = home / ("morph" if case == "design" else case)
    return export(ExportConfig(stimuli=stimuli, to=program, out=out, design=design)).out


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def kind(cell: Cell) -> str:
    return "nothing" if cell is None else "text" if isinstance(cell, str) else "number"


@needs("psychopy-pandas2", "psychopy-pandas3")
@pytest.mark.parametrize("pandas", PANDAS)
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_psychopy_reads_every_row_as_written(pandas: str, suffix: str, home: Path, tables: dict[str, Table]) -> None:
    files = {case: written(home, case, "psychopy") / f"conditions.{suffix}" for case in CASES}
    answer = output([psychopy(pandas), HERE / "read_psychopy.py", *files.values()])
    assert answer["pandas"].startswith(f"{pandas}.")
    for case, file in files.items():
        read, table = answer["read"][str(file)], tables[case]
        assert [list(row) for row in read] == [list(table.columns)] * len(table.rows)
        assert [[cell[0] for cell in row.values()] for row in read] == [[kind(c) for c in row] for row in table.rows]
        for row, cells in zip(read, table.rows, strict=True):
            # pandas 2 reads a number's last digit of 17 from a CSV as it likes.
            exact = pytest.approx if suffix == "csv" else list
            assert [value for _, value in row.values()] == exact(list(cells))
    hostile = answer["read"][str(files["hostile"])]
    assert [unguarded(row["stim_license"][1]) for row in hostile] == HOSTILE


@needs("psychopy-pandas3")
def test_all_that_builder_reserves_is_refused() -> None:
    names = output([psychopy("3"), HERE / "names_psychopy.py"])
    assert len(names) > 150
    for name in names:
        with pytest.raises(DataError, match="cannot be exported"):
            check_columns([name], "a design")


@needs("psychopy-pandas3", "Xvfb")
@pytest.mark.slow
@pytest.mark.parametrize("task", ["2afc", "same-different", "adjustment"])
def test_the_starter_runs_in_psychopy(task: str, tmp_path: Path) -> None:
    """In a real window on a screen of memory, with keys that go through PsychoPy's own event buffer."""
    stimuli = planted_morph(tmp_path / "set")
    trials = planted_design(stimuli, tmp_path / "design", task)
    config = ExportConfig(stimuli=stimuli.folder, to="psychopy", design=tmp_path / "design", out=tmp_path / "out")
    script = export(config).out / "experiment.py"
    keys = "space,right,return" if task == "adjustment" else "space,f,j"
    play = [psychopy("3"), HERE / "play_psychopy.py", script, "p02", keys]
    done = subprocess.run(
        ["xvfb-run", "-a", *map(str, play)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "HOME": str(tmp_path), "LIBGL_ALWAYS_SOFTWARE": "1"},
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    [file] = (tmp_path / "out" / "data").glob("p02_*.csv")
    results, conditions = (records(path) for path in (file, tmp_path / "out" / "conditions_p02.csv"))
    assert [{name: row[name] for name in conditions[0]} for row in results] == conditions
    assert len(results) == len(trials) // 2
    answers = {
        "2afc": {"a", "b"},
        "same-different": {"same", "different"},
        "adjustment": {"0.25", "0.5", "0.75", "1.0"},
    }
    assert {row["response"] for row in results} <= answers[task]
    assert all(0 <= float(row["rt"]) < 60 for row in results)


@needs("node", "node/node_modules/xlsx")
def test_sheetjs_reads_every_row_as_written(home: Path, tables: dict[str, Table]) -> None:
    files = {case: written(home, case, "psychojs") / "conditions.csv" for case in CASES}
    read = output(["node", HERE / "read_tables.cjs", *files.values()])
    for case, file in files.items():
        assert read[str(file)]["sheetjs"] == [list(tables[case].columns), *map(list, tables[case].rows)]


@needs("node", "node/node_modules/xlsx")
def test_sheetjs_reads_the_spreadsheet_as_the_csv(home: Path, tables: dict[str, Table]) -> None:
    files = {case: written(home, case, "psychopy") / "conditions.xlsx" for case in CASES}
    read = output(["node", HERE / "read_tables.cjs", *files.values()])
    for case, file in files.items():
        assert read[str(file)]["sheetjs"] == [list(tables[case].columns), *map(list, tables[case].rows)]


@needs("node", "node/node_modules/xlsx")
def test_psychojs_makes_no_list_and_no_number_of_text(tables: dict[str, Table]) -> None:
    """What TrialHandler.importConditions (2024.2.4) does to text after SheetJS: `[…]` anywhere, and parseFloat."""
    for table in tables.values():
        for text in (cell for row in table.rows for cell in row if isinstance(cell, str)):
            assert not re.search(r"[\[\]]", text)
            number = re.match(r"\s*-?(\d+\.?\d*|\.\d+)", text)
            assert number is None or len(number[0]) != len(text)


@needs("node", "node/node_modules/papaparse")
def test_lab_js_reads_every_cell_as_written(home: Path, tables: dict[str, Table]) -> None:
    files = {case: written(home, case, "labjs") / "conditions.csv" for case in CASES}
    read = output(["node", HERE / "read_tables.cjs", *files.values()])
    for case, file in files.items():
        assert read[str(file)]["errors"] == []
        cells = [["" if cell is None else str(cell) for cell in row] for row in tables[case].rows]
        assert [list(row.values()) for row in read[str(file)]["papaparse"]] == cells


@needs("opensesame")
@pytest.mark.parametrize("case", CASES)
def test_opensesame_reads_every_row_as_written(case: str, home: Path, tables: dict[str, Table]) -> None:
    file = written(home, case, "opensesame") / "__pool__" / "conditions.csv"
    read = output([HOME / "opensesame" / "bin" / "python", HERE / "read_opensesame.py", file])
    assert all(read["names"].values())
    # Shown text stays the very text: nothing in it is a variable or an expression.
    assert read["shown"] == read["rows"]
    table = tables[case].renamed({"correct": "correct_response"})
    flat = table.changed([name for name in table.columns if name in IMAGES], flat_name)
    # An answer is scored by its key.
    flat = flat.changed(["correct_response"], {"a": "f", "b": "j"}.__getitem__)
    expected = [["" if cell is None else cell for cell in row] for row in flat.rows]
    found = [{name: row[name] for name in flat.columns} for row in read["rows"]]
    assert found == [dict(zip(flat.columns, row, strict=True)) for row in expected]
    assert {name for row in read["rows"] for name in row} - set(flat.columns) == {"gaia_fixation", "gaia_rest"}
