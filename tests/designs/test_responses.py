"""Results files of all kinds come back as answers, or the mistake in them is named with its line."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from observers import TRUTHS, alphas, differences_judged, trial_list

from gaia_stim.cells import guarded
from gaia_stim.designs.responses import find_results, read_answers
from gaia_stim.errors import ConfigError, DataError, GaiaStimError


def results(kind: str = "mlds", **options: Any) -> pd.DataFrame:
    """A design with an answer in each row, as text, as a starter writes it."""
    table = trial_list(kind, 7, **{"participants": 2, **options})
    known = {"mlds": ["ab", "cd"], "same-different": ["same", "different"], "adjustment": ["0.5"]}
    table["response"] = np.resize(known.get(kind, ["a", "b"]), len(table))
    table["rt"] = np.arange(len(table)) / 7
    return table


def saved(table: pd.DataFrame, path: Path, **how: Any) -> Path:
    table.to_csv(path, index=False, **how)
    return path


def test_answers_are_read_in_their_places(tmp_path: Path) -> None:
    table = results()
    found = read_answers([saved(table, tmp_path / "results.csv")], None)
    np.testing.assert_array_equal(found.alpha, alphas(table))
    assert list(found.answer) == list(table["response"]) and list(found.participant) == list(table["participant"])
    assert found.task == "mlds" and not found.left_out and len(found.of("p02")) == len(table) // 2


@pytest.mark.parametrize("how", [{}, {"quoting": 1}, {"encoding": "utf-8-sig"}, {"lineterminator": "\r\n"}], ids=str)
def test_what_programs_add_and_how_they_write_does_not_matter(tmp_path: Path, how: dict[str, Any]) -> None:
    """More columns, other rows (a preloading screen, instructions), another order of columns, marked texts."""
    table = results("2afc")
    table["task"] = table["task"].map(guarded)
    table.insert(0, "trial_type", "image-keyboard-response")
    other = pd.DataFrame({"trial_type": ["preload", "instructions"], "response": ["", '[{"page_index":0}]']})
    table = pd.concat([other, table, other])[[*table.columns[::-1]]]
    found = read_answers([saved(table, tmp_path / "results.csv", **how)], None)
    assert len(found) == 24 and found.left_out == {"rows that are no trial of this task": 4}


def test_folders_and_participants_by_their_file(tmp_path: Path) -> None:
    table = results()
    for name, one in table.groupby("participant"):
        saved(one.drop(columns="participant"), tmp_path / f"{name}_2026.csv")
    (tmp_path / "notes.txt").write_text("no results")
    found = read_answers([tmp_path], None)
    assert found.notes[0].startswith("1 file (notes.txt): has a header but no rows")
    assert set(found.participant) == {"p01_2026", "p02_2026"} and len(found) == len(table)
    assert len(find_results([tmp_path, tmp_path / "p01_2026.csv"])) == 3


def test_missing_answers_and_files_given_twice_are_left_out(tmp_path: Path) -> None:
    table = results()
    table.loc[[3, 8], "response"] = ["", "null"]
    first, again = saved(table, tmp_path / "a.csv"), saved(table, tmp_path / "again.csv", quoting=1)
    found = read_answers([first, again], None)
    assert len(found) == len(table) - 2
    assert found.left_out == {
        "trials that are there twice, to the last cell": len(table),
        "trials without an answer": 2,
    }


def test_one_task_of_several(tmp_path: Path) -> None:
    table = pd.concat([results(), results("2afc"), results("same-different")])
    path = saved(table, tmp_path / "results.csv")
    with pytest.raises(ConfigError, match="--task mlds or --task 2afc"):
        read_answers([path], None)
    assert set(read_answers([path], "2afc").answer) == {"a", "b"}
    only = saved(table[table["task"] != "2afc"], tmp_path / "only.csv")
    assert read_answers([only], None).task == "mlds"


def test_triads_answer_in_their_own_words(tmp_path: Path) -> None:
    table = trial_list("mlds", 7, triads=True)
    table["response"] = differences_judged(table, TRUTHS["power 2"], 0.1, np.random.default_rng(0))
    found = read_answers([saved(table, tmp_path / "results.csv")], None)
    assert set(found.answer) == {"ab", "bc"} and np.isnan(found.alpha[:, 3]).all()
    table.loc[4, "response"] = "cd"
    with pytest.raises(DataError, match=r"wrong\.csv:6: the response 'cd' is none of ab, bc"):
        read_answers([saved(table, tmp_path / "wrong.csv")], None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="response"), "x.csv:1: has no column 'response'"),
        (lambda table: table.drop(columns="task"), "x.csv:1: has no column 'task'"),
        (lambda table: table.drop(columns="alpha_c"), "x.csv:2: has no number in the column alpha_c"),
        (lambda table: table.drop(columns="stim_b"), "x.csv:2: has no stim_b, which every trial of mlds has"),
        (lambda table: table.assign(task="mlsd"), "unknown task 'mlsd' (did you mean 'mlds'?)"),
        (lambda table: table.assign(task="oddity"), "no scale can be fitted to oddity; it takes mlds"),
        (lambda table: table.assign(task=""), "the results have no trial"),
        (lambda table: table.assign(response=""), "x.csv: has no answered trial"),
        (lambda table: table.assign(response="f"), "x.csv:2: the response 'f' is none of ab, cd, which answer mlds"),
        (lambda table: table.assign(alpha_a=0.3), "the results are of two different sets"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, change: Any, said: str) -> None:
    path = saved(change(results()), tmp_path / "x.csv")
    with pytest.raises(GaiaStimError) as caught:
        read_answers([path], None)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no \.csv, \.txt, \.tsv, \.xlsx, \.ods, \.json in it"):
        find_results([tmp_path])
    with pytest.raises(DataError, match="no such file"):
        find_results([tmp_path / "gone.csv"])
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with pytest.raises(DataError, match="not a table of text"):
        read_answers([tmp_path / "picture.csv"], None)
    trials = saved(trial_list("mlds", 7), tmp_path / "trials.csv")
    with pytest.raises(DataError, match="is the list of trials itself"):
        read_answers([trials], None)
