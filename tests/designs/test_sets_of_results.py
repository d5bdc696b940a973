"""Which set results are of, and who answered: folders of results as labs really have them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planted_sets import planted_morph

from gaia_stim.cli import main
from gaia_stim.config import DesignConfig, ExportConfig, ScaleConfig
from gaia_stim.designs.responses import answers_of, read_answers, read_results
from gaia_stim.errors import DataError
from gaia_stim.events import Note
from gaia_stim.files import read_json, write_json
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.pipeline.scale import ScaleResult, scale
from gaia_stim.space.spacing import read_scale
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import read_trials

PLANTED = {"anna-bert": 0.267, "cleo-dora": 0.506, "emil-fred": 0.833}


def planted(folder: Path, number: int = 0) -> StimulusSet:
    """A morph of nine steps with the ids of every other, between images of its own."""
    made = planted_morph(folder, 9)
    about = read_json(folder / "provenance.json")
    images = [{"source_id": one, "path": one, "image_hash": f"sha256_{number}{one}"} for one in ("a", "b")]
    write_json(folder / "provenance.json", {**about, "sources": images})
    # The pictures of planted sets are the same: another licence makes another manifest.
    table = (folder / "manifest.csv").read_text().replace("CC BY 4.0", f"CC BY 4.0 of {number}")
    (folder / "manifest.csv").write_text(table)
    return StimulusSet.open(made.folder)


def answered(stimuli: StimulusSet, pse: float, person: int = 0, repetitions: int = 12, **options: Any) -> pd.DataFrame:
    """What an observer with that PSE writes at the end of an identification, as the starters do."""
    config = DesignConfig.model_validate(
        {"kind": "identification", "stimuli": stimuli.folder, "repetitions": repetitions, **options}
    )
    out = stimuli.folder.with_name(f"{stimuli.folder.name}_{len(list(stimuli.folder.parent.iterdir()))}_design")
    made = design(config.model_copy(update={"out": out}))
    table = read_trials(made.out, stimuli).table
    chance = np.random.default_rng(person)
    table["response"] = np.where(table["alpha_a"] + 0.08 * chance.standard_normal(len(table)) > pse, "b", "a")
    table["rt"] = chance.lognormal(size=len(table)).round(4)
    table["started"] = f"at_20260101_{person:06}"
    return table


def saved(table: pd.DataFrame, path: Path, **how: Any) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    table.to_csv(path, index=False, **how)
    return path


@pytest.fixture
def three(tmp_path: Path) -> dict[str, StimulusSet]:
    return {name: planted(tmp_path / name, number) for number, name in enumerate(PLANTED)}


@pytest.fixture
def results(three: dict[str, StimulusSet], tmp_path: Path) -> Path:
    for number, (name, stimuli) in enumerate(three.items()):
        saved(answered(stimuli, PLANTED[name], number, repetitions=30), tmp_path / "results" / f"p01_{name}.csv")
    return tmp_path / "results"


def scaled(folder: Path, *responses: Path, heard: list[str] | None = None, **options: Any) -> ScaleResult:
    told: list[str] = [] if heard is None else heard
    config = ScaleConfig.model_validate({"responses": responses, "bootstrap": 0, "out": folder / "scale", **options})
    return scale(config, lambda event: told.append(event.text) if isinstance(event, Note) else None)


# -- which set ---------------------------------------------------------------------------------------------------------


def test_an_id_says_which_set_and_which_continuum(three: dict[str, StimulusSet], tmp_path: Path) -> None:
    ids = [stimuli.set_id for stimuli in three.values()]
    assert len(set(ids)) == 3 and all(one.startswith("set_") and len(one) == 21 for one in ids)
    moved = Path(shutil.copytree(three["anna-bert"].folder, tmp_path / "moved"))
    assert StimulusSet.open(moved).set_id == ids[0]


def test_results_of_three_sets_are_three_scales(results: Path, three: dict[str, StimulusSet], tmp_path: Path) -> None:
    """The same ids, the same alphas, the same participant: pooled, their PSE would be 0.54."""
    heard: list[str] = []
    made = scaled(tmp_path, results, heard=heard)
    assert {one.set: one.figures["pse"] for one in made.scales} == {
        name: pytest.approx(pse, abs=0.03) for name, pse in PLANTED.items()
    }
    assert made.scale is None and made.sets == 3 and made.participants == 1
    assert any("the results are of 3 sets: each has a scale of its own" in text for text in heard)
    for one in made.scales:
        assert one.file == tmp_path / "scale" / one.set / "scale.csv" and (one.file.parent / "scale.png").is_file()
        found = read_scale(one.file)
        assert (found.set_name, found.set_id) == (one.set, three[one.set].set_id)


def test_a_set_that_is_named_is_the_only_one(results: Path, three: dict[str, StimulusSet], tmp_path: Path) -> None:
    heard: list[str] = []
    made = scaled(tmp_path, results, heard=heard, stimuli=three["cleo-dora"].folder)
    assert [one.figures["pse"] for one in made.scales] == [pytest.approx(0.506, abs=0.03)]
    assert made.scale and made.trials == 270
    other = f"anna-bert ({three['anna-bert'].set_id})"
    assert any(text.startswith(f"left out: 540 trials of other sets: {other}") for text in heard)
    (results / "p01_cleo-dora.csv").unlink()
    with pytest.raises(DataError, match=r"the results are of anna-bert \(set_.*\), emil-fred .*, and none of .*cleo"):
        scaled(tmp_path, results, stimuli=three["cleo-dora"].folder, force=True)


def test_what_is_not_told_is_said(results: Path, three: dict[str, StimulusSet], tmp_path: Path) -> None:
    """Results of before say no set: they are pooled, for nothing else can be done, but never without a word."""
    for file in results.iterdir():
        saved(pd.read_csv(file, dtype=str, keep_default_na=False).drop(columns=["set_id", "set_name"]), file)
    heard: list[str] = []
    scaled(tmp_path, results, heard=heard)
    assert any(
        "810 trials do not say which set they are of: several sets that have the same ids" in text for text in heard
    )
    heard.clear()
    scaled(tmp_path, results / "p01_anna-bert.csv", heard=heard, stimuli=three["anna-bert"].folder, force=True)
    assert any("270 trials do not say which set they are of, and are taken to be of" in text for text in heard)


def test_a_second_session_of_another_set_is_refused(three: dict[str, StimulusSet], tmp_path: Path) -> None:
    one, two = three["anna-bert"], three["cleo-dora"]
    first = design(DesignConfig(kind="mlds", stimuli=one.folder, trials=60, out=tmp_path / "first"))
    table = read_trials(first.out, one).table
    table["response"] = np.resize(["ab", "cd"], len(table))
    file = saved(table, tmp_path / "first.csv")
    with pytest.raises(DataError, match=r"the results are of anna-bert \(set_.*, and none of .*cleo-dora \(set_"):
        design(DesignConfig(kind="mlds", stimuli=two.folder, trials=60, after=file, out=tmp_path / "second"))
    with pytest.raises(DataError, match=r"is a design of the set anna-bert \(set_.*and .*cleo-dora is set_"):
        export(ExportConfig(stimuli=two.folder, to="psychopy", design=first.out, out=tmp_path / "x"))
    unnamed = pd.read_csv(first.out / "trials.csv").drop(columns=["set_name"])
    unnamed.to_csv(first.out / "trials.csv", index=False)
    with pytest.raises(DataError, match=r"is a design of the set set_\w+, and .*cleo-dora is set_"):
        read_trials(first.out, two)
    old = unnamed.drop(columns=["set_id"])
    old.to_csv(first.out / "trials.csv", index=False)
    with pytest.raises(DataError, match="is a design of the set another"):
        read_trials(first.out, two)
    assert set(read_trials(first.out, one).table["set_name"]) == {"anna-bert"}


@pytest.mark.parametrize("digits", [15, 9, 6])
def test_a_file_that_was_saved_by_a_spreadsheet_is_the_same(tmp_path: Path, digits: int) -> None:
    """Excel writes what it shows; 2/3 is on the way."""
    stimuli = planted_morph(tmp_path / "set", 10)
    table = answered(stimuli, 0.5)
    first = saved(table, tmp_path / "r" / "p01.csv")
    again = table.assign(participant="p02", alpha_a=[f"{alpha:.{digits}g}" for alpha in table["alpha_a"]])
    saved(again, tmp_path / "r" / "p02.csv", sep=";" if digits == 9 else ",")
    found = read_answers([tmp_path / "r"], None)
    assert len(found) == 2 * len(table) and np.array_equal(np.unique(found.alpha[:, 0]), np.unique(table["alpha_a"]))
    resaved = saved(
        table.assign(alpha_a=again["alpha_a"], rt=table["rt"].astype(float)), tmp_path / "r" / "p01 (1).csv"
    )
    assert len(read_answers([first, resaved], None)) == len(table)


def test_alphas_that_differ_are_refused(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set", 9)
    table = answered(stimuli, 0.5)
    one = saved(table, tmp_path / "one.csv")
    two = saved(table.assign(participant="p02", alpha_a=100 * table["alpha_a"]), tmp_path / "two.csv")
    with pytest.raises(DataError, match=r"at alpha .* here and at .* elsewhere; the results are of two different sets"):
        read_answers([one, two], None)
    with pytest.raises(DataError, match=r"two\.csv:\d+: m_0\d+ is at alpha \d+\.?\d* here and at 0?\.?\d+ in "):
        read_answers([one, two], None, stimuli)
    heard: list[str] = []
    scaled(tmp_path, two, heard=heard)
    assert any("alpha runs from 0 to 100" in text and "percent: divide them by 100" in text for text in heard)


def test_two_sets_that_are_called_the_same(tmp_path: Path) -> None:
    for number in (0, 1):
        stimuli = planted(tmp_path / f"lab{number}" / "faces", number)
        saved(answered(stimuli, 0.3 + 0.4 * number, number), tmp_path / "results" / f"{number}.csv")
    made = scaled(tmp_path, tmp_path / "results")
    assert {one.file.parent.name for one in made.scales} == {f"faces_{one.set_id}" for one in made.scales}


def test_a_set_without_a_scale_leaves_the_others_theirs(results: Path, tmp_path: Path) -> None:
    file = results / "p01_emil-fred.csv"
    table = pd.read_csv(file, dtype=str, keep_default_na=False)[:7]
    saved(table.assign(response=list("abababa")), file)
    heard: list[str] = []
    made = scaled(tmp_path, results, heard=heard)
    assert {one.set for one in made.scales} == {"anna-bert", "cleo-dora"}
    assert any(text.startswith("no scale: emil-fred: identification: ") and "too few" in text for text in heard)


# -- who answered ------------------------------------------------------------------------------------------------------


def people(folder: Path, **change: Any) -> list[pd.DataFrame]:
    """Three people who did the same design, and all were p01."""
    stimuli = planted_morph(folder / "set", 9)
    return [answered(stimuli, pse, seed, **change) for seed, pse in enumerate((0.3, 0.5, 0.7))]


def test_three_people_who_all_were_p01(tmp_path: Path) -> None:
    for number, table in enumerate(people(tmp_path)):
        saved(table, tmp_path / "r" / f"p01_{number}.csv")
    heard: list[str] = []
    made = scaled(tmp_path, tmp_path / "r", heard=heard, by="participant")
    assert {one.participant: one.figures["pse"] for one in made.scales[1:]} == {
        "p01": pytest.approx(0.3, abs=0.04),
        "p01 (2)": pytest.approx(0.5, abs=0.04),
        "p01 (3)": pytest.approx(0.7, abs=0.04),
    }
    assert made.participants == 3
    assert any(
        "answered more than once, and otherwise, by p01 (3 times): taken as different people" in t for t in heard
    )


@pytest.mark.parametrize("lost", ["started", "rt", "started rt"])
def test_they_are_told_apart_by_what_there_is(tmp_path: Path, lost: str) -> None:
    """By their files where nothing says when they began; answers that are alike by chance are no copies."""
    tables = [table.drop(columns=lost.split()) for table in people(tmp_path)]
    for number, table in enumerate(tables):
        saved(table, tmp_path / "r" / f"{number}.csv")
    found = read_answers([tmp_path / "r"], None)
    assert len(found) == sum(map(len, tables)) and set(found.participant) == {"p01", "p01 (2)", "p01 (3)"}


def test_who_began_in_the_same_second_is_told_apart_by_file(tmp_path: Path) -> None:
    for number, table in enumerate(people(tmp_path)):
        saved(table.assign(started="at_20260101_100000"), tmp_path / "r" / f"{number}.csv")
    found = read_answers([tmp_path / "r"], None)
    assert len(found) == 324 and set(found.participant) == {"p01", "p01 (2)", "p01 (3)"}


def test_hundreds_who_all_were_p01(tmp_path: Path) -> None:
    """An online study in which nobody was named."""
    one = people(tmp_path)[0]
    chance = np.random.default_rng(0)
    tables = [
        one.assign(started=f"at_{number:06}", rt=chance.lognormal(size=len(one)).round(4)) for number in range(300)
    ]
    found = read_answers([saved(pd.concat(tables), tmp_path / "all.csv")], None)
    assert len(set(found.participant)) == 300 and len(found) == 300 * len(one)


def test_what_jspsych_simulated_is_said(tmp_path: Path) -> None:
    file = saved(people(tmp_path)[0].assign(simulated=1), tmp_path / "simulated.csv")
    assert read_answers([file], None).notes == ("108 answers are nobody's: jsPsych simulated them",)


def test_all_in_one_file(tmp_path: Path) -> None:
    tables = people(tmp_path)
    with_times = saved(pd.concat(tables), tmp_path / "all.csv")
    assert set(read_answers([with_times], None).participant) == {"p01", "p01 (2)", "p01 (3)"}
    without = saved(pd.concat(tables).drop(columns="started"), tmp_path / "bare.csv")
    found = read_answers([without], None)
    assert set(found.participant) == {"p01"} and len(found) == 324
    assert "p01: the same trial was answered several times in one session, as on line 2" in found.notes[0]


@pytest.mark.parametrize("lost", ["", "started", "started rt"])
@pytest.mark.parametrize("twice", ["copied", "merged", "saved again", "a part of it"])
def test_what_was_downloaded_twice_counts_once(tmp_path: Path, twice: str, lost: str) -> None:
    table = people(tmp_path)[0].drop(columns=lost.split())
    first = saved(table, tmp_path / "r" / "p01.csv")
    if twice == "copied":
        shutil.copy(first, tmp_path / "r" / "p01 (1).csv")
    elif twice == "merged":
        saved(pd.concat([table, table.assign(participant="p02")]), tmp_path / "r" / "all.csv")
    elif twice == "saved again":
        saved(table, tmp_path / "r" / "again.csv", sep="\t", lineterminator="\r\n")
    else:
        saved(table[:40], tmp_path / "r" / "begun.csv")
    found = read_answers([tmp_path / "r"], None)
    assert len(found.of("p01")) == len(table) and not any("more than once" in note for note in found.notes)


OTHERS = "several sessions with other lists of trials, or without their numbers, taken as one person's"


def test_sessions_whose_trials_have_no_numbers(tmp_path: Path) -> None:
    for number, table in enumerate(people(tmp_path)):
        saved(table.drop(columns=["trial", "started"]), tmp_path / "r" / f"{number}.csv")
    found = read_answers([tmp_path / "r"], None)
    assert len(found) == 324 and found.notes == (f"p01: {OTHERS}",)


def test_files_without_a_participant_are_one_each(tmp_path: Path) -> None:
    for number, table in enumerate(people(tmp_path)):
        saved(
            table.assign(participant="") if number else table.drop(columns="participant"),
            tmp_path / "r" / f"{number}.csv",
        )
    found = read_answers([tmp_path / "r"], None)
    assert set(found.participant) == {"0", "1", "2"} and not found.notes


def test_response_times_that_are_alike_by_chance_are_no_copies(tmp_path: Path) -> None:
    """Whole milliseconds: of two people's trials some agree in everything."""
    tables = [table.drop(columns="started") for table in people(tmp_path)[:2]]
    tables[1].loc[:5, ["response", "rt"]] = tables[0].loc[:5, ["response", "rt"]]
    for number, table in enumerate(tables):
        saved(table, tmp_path / "r" / f"{number}.csv")
    found = read_answers([tmp_path / "r"], None)
    assert len(found) == 216 and not found.left_out and set(found.participant) == {"p01", "p01 (2)"}


def test_two_sessions_with_other_lists_are_one_persons(tmp_path: Path) -> None:
    """As with --after: the trials have the same numbers and show something else."""
    stimuli = planted_morph(tmp_path / "set", 9)
    for seed in (0, 1):
        saved(answered(stimuli, 0.5, seed, seed=seed), tmp_path / "r" / f"{seed}.csv")
    found = read_answers([tmp_path / "r"], None)
    assert set(found.participant) == {"p01"}
    assert found.notes == (f"p01: {OTHERS}",)


def test_an_unfinished_session_and_the_rest_of_it(tmp_path: Path) -> None:
    table = people(tmp_path)[0].drop(columns="started")
    saved(table[:50], tmp_path / "r" / "1.csv")
    saved(table[50:], tmp_path / "r" / "2.csv")
    found = read_answers([tmp_path / "r"], None)
    assert set(found.participant) == {"p01"} and len(found) == len(table) and not found.notes


# -- what else lies there ----------------------------------------------------------------------------------------------


def _append(table: pd.DataFrame, path: Path) -> None:
    path.write_text(table[:54].to_csv(index=False) + table[54:].to_csv(index=False, columns=table.columns[::-1]))


WAYS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "text": lambda table, folder: table.to_csv(folder / "p01.txt", index=False, sep="\t"),
    "semicolons": lambda table, folder: table.to_csv(folder / "p01.csv", index=False, sep=";"),
    "two in one": lambda table, folder: _append(table, folder / "both.csv"),
    "two in one, of other columns": lambda table, folder: (folder / "both.csv").write_text(
        table[:54].to_csv(index=False) + table[54:].assign(key="f", trial_type="x").to_csv(index=False)
    ),
    "beside what is nothing": lambda table, folder: (
        table.to_csv(folder / "p01.csv", index=False),
        (folder / "empty.csv").touch(),
        (folder / "._p01.csv").write_bytes(b"\0\5\x16\7Mac OS X"),
        (folder / "~$p02.csv").write_bytes(b"\7Zoe"),
        (folder / "broken.csv").write_bytes(b"\xff\xfe\0\1"),
        (folder / "conditions.csv").write_text(table.drop(columns=["response", "rt"]).to_csv(index=False)),
        (folder / "notes.txt").write_text("p02 was tired"),
        (folder / "sub.csv").mkdir(),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_folder_is_never_refused_for_what_lies_beside(tmp_path: Path, way: str) -> None:
    table = people(tmp_path)[0]
    (tmp_path / "r").mkdir()
    WAYS[way](table, tmp_path / "r")
    found = read_answers([tmp_path / "r"], None)
    assert len(found) == len(table) and set(found.participant) == {"p01"}


@pytest.mark.parametrize("ending", ["xlsx", "ods", "csv"])
def test_results_that_went_through_a_spreadsheet_are_the_same(tmp_path: Path, ending: str) -> None:
    """As a workbook, or as a German Excel saves it: semicolons, decimal commas, Windows-1252."""
    table = people(tmp_path)[0]
    numbers = table.apply(lambda column: pd.to_numeric(column) if column.name in ("alpha_a", "rt") else column)
    file = tmp_path / "r" / f"p01.{ending}"
    file.parent.mkdir()
    if ending == "csv":
        file.write_bytes(numbers.to_csv(index=False, sep=";", decimal=",").encode("cp1252"))
    else:
        numbers.to_excel(file, index=False, engine="odf" if ending == "ods" else "openpyxl")
    found, plain = read_answers([file], None), read_answers([saved(table, tmp_path / "p01.csv")], None)
    assert found.answer.tolist() == plain.answer.tolist()
    assert np.allclose(found.alpha, plain.alpha, atol=1e-9, equal_nan=True)


def test_a_file_that_was_read_is_not_told_as_left_out(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    text = people(tmp_path)[0].assign(participant="Zoë").to_csv(index=False, sep=";")
    (tmp_path / "r" / "p01.csv").write_bytes(text.encode("cp1252"))
    heard: list[str] = []
    scaled(tmp_path, tmp_path / "r", heard=heard)
    [said] = [note for note in heard if "Windows-1252" in note]
    assert said.startswith("1 file (p01.csv): is not UTF-8")


def test_what_was_passed_over_is_said(tmp_path: Path) -> None:
    table = people(tmp_path)[0]
    (tmp_path / "r").mkdir()
    WAYS["beside what is nothing"](table, tmp_path / "r")
    heard: list[str] = []
    scaled(tmp_path, tmp_path / "r", heard=heard)
    said = [text for text in heard if text.startswith("left out:")]
    for text in (
        "left out: 1 file (empty.csv): empty",
        "left out: 2 files (._p01.csv, ~$p02.csv): left there by a desktop or an office program",
        "left out: 1 file (conditions.csv): has no column 'response'",
        "left out: 2 files (broken.csv, notes.txt): has a header but no rows",
    ):
        assert text in said
    with pytest.raises(DataError, match=r"notes\.txt:1: has a header but no rows"):
        read_results([tmp_path / "r" / "notes.txt"])
    with pytest.raises(DataError, match=r"no results in there; 1 file \(empty\.csv\): empty"):
        read_results([tmp_path / "r" / "empty.csv"])


def test_what_is_not_even_looked_at_is_said(tmp_path: Path) -> None:
    """Whoever has one workbook among the tables, or a folder a session, must not think that all was read."""
    saved(people(tmp_path)[0], tmp_path / "r" / "p01.csv")
    saved(people(tmp_path / "other")[0], tmp_path / "r" / "session 2" / "p01.csv")
    (tmp_path / "r" / "p02.sav").write_bytes(b"PK")
    notes = read_answers([tmp_path / "r"], None).notes
    assert notes == (
        "1 file (p02.sav): not read, for only .csv, .txt, .tsv, .xlsx, .ods, .json are",
        "1 folder (session 2): not looked into; name it to have it read",
    )


def test_in_the_folder_of_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`scale .` does not read its own output, and is done the second time."""
    saved(people(tmp_path)[0], tmp_path / "r" / "p01.csv")
    monkeypatch.chdir(tmp_path / "r")
    (tmp_path / "r" / "scale.csv").write_text("alpha,scale\n0,0\n1,1\n")
    for _ in range(2):
        assert main(["-q", "scale", ".", "--bootstrap", "2"]) == 0
    assert (tmp_path / "r" / "scale" / "scale.csv").is_file()


def test_many_sets_of_many_people(tmp_path: Path) -> None:
    """Every planted PSE comes back; benchmarks/results.py does it with 20 sets of 30 people and 300 trials, in time."""
    planted_pse = {f"set-{number}": pse for number, pse in enumerate(np.linspace(0.2, 0.8, 5))}
    for number, (name, pse) in enumerate(planted_pse.items()):
        table = answered(planted(tmp_path / name, number), pse, number, repetitions=3, participants=12)
        for person, own in table.groupby("participant"):
            saved(own, tmp_path / "results" / f"{person}_{name}.csv")
    sets = answers_of(read_results([tmp_path / "results"]), None)
    assert {len(set(one.participant)) for one in sets} == {12}
    made = scaled(tmp_path, tmp_path / "results")
    assert {one.set: one.figures["pse"] for one in made.scales} == {
        name: pytest.approx(pse, abs=0.03) for name, pse in planted_pse.items()
    }
