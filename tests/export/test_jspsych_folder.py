"""The jsPsych folder as files: whole, inert, with everything that it loads; tests/ecosystem runs it in a browser."""

import hashlib
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from planted_sets import HOSTILE, hostile_set, planted_design, planted_morph, planted_set

from gaia_stim.cells import guarded
from gaia_stim.designs import CHAINS, DESIGNS
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export.jspsych import PACKAGE, SHOWS, script, trial_list, versions, write
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials


@pytest.fixture
def stimuli(tmp_path: Path) -> StimulusSet:
    return planted_morph(tmp_path / "set")


def exported(stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> Path:
    folder.mkdir()
    write(stimuli, folder, trials)
    return folder


def value_of(file: Path) -> Any:
    """What a script sets its variable to."""
    found = re.fullmatch(r"var (\w+) = (.*);\n", file.read_bytes().decode("ascii"))
    assert found and found[1] == file.stem
    return json.loads(found[2])


def test_a_folder_has_all_that_its_page_loads_and_loads_nothing_from_elsewhere(
    stimuli: StimulusSet, tmp_path: Path
) -> None:
    folder = exported(stimuli, tmp_path / "out")
    page = (folder / "index.html").read_text(encoding="utf-8")
    page = re.sub("<!--.*?-->", "", page, flags=re.DOTALL)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) > 10
    assert [name for name in loaded if name != "data:," and not (folder / name).is_file()] == []
    assert (folder / "jspsych" / "LICENSES.txt").read_text(encoding="utf-8").count("Permission is hereby granted") == 4
    for row in stimuli.rows():
        assert (folder / row.image).read_bytes() == (stimuli.folder / row.image).read_bytes()
    assert "index.html" in (folder / "README.md").read_text(encoding="utf-8")


def test_shipped_builds_are_those_that_were_recorded() -> None:
    record = json.loads((PACKAGE / "vendor" / "versions.json").read_text(encoding="utf-8"))
    for entry in record["files"]:
        content = (PACKAGE / "vendor" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["file"]
    assert versions()["jspsych"].startswith("8.")
    shipped = list((PACKAGE / "vendor").iterdir())
    assert sum(len(file.read_bytes()) for file in shipped) < 200_000
    assert {file.name for file in shipped} == {
        *(entry["file"] for entry in record["files"]), "jspsych.css", "LICENSES.txt", "versions.json"
    }  # fmt: skip


def test_stimuli_are_what_the_manifest_says(stimuli: StimulusSet, tmp_path: Path) -> None:
    folder = exported(stimuli, tmp_path / "out")
    shown = value_of(folder / "stimuli.js")
    assert shown == json.loads((folder / "stimuli.json").read_text(encoding="utf-8"))
    assert (shown["name"], shown["width"], shown["height"], shown["scale"]) == ("set", 12, 8, 21)
    assert shown["images"] == stimuli.table["image"].tolist()
    first, second = shown["timeline_variables"][:2]
    assert (first["stimulus"], first["stim_id"], first["place"]) == ("stimuli/m_0001.png", "m_0001", 0.0)
    assert second["data"]["alpha"] == second["place"] == 0.25
    assert second["data"]["seed"] == 2**53 + 1 and "seed" not in first["data"]
    assert value_of(folder / "trials.js") is None


@pytest.mark.parametrize(
    ("alphas", "amounts", "places"),
    [
        ([0.0, 0.3, 2.0], [None] * 3, [0.0, 0.3, 2.0]),
        ([None] * 3, [-2.0, 0.0, 1.0], [-2.0, 0.0, 1.0]),
        ([None] * 3, [1.5, 1.0, 0.5], [0.5, 1.0, 1.5]),
        ([0.0, 0.0, 1.0], [None] * 3, [0.0, 0.5, 1.0]),
        ([None] * 3, [None] * 3, [0.0, 0.5, 1.0]),
        ([0.7], [None], [0.7]),
        ([None], [None], [0.0]),
    ],
)
def test_a_place_is_the_alpha_or_the_amount_or_the_order(
    alphas: list[float | None], amounts: list[float | None], places: list[float], tmp_path: Path
) -> None:
    rows = [
        replace(Row.numbered("morph", at, len(alphas)), alpha=alpha, amount=amount)
        for at, (alpha, amount) in enumerate(zip(alphas, amounts, strict=True))
    ]
    folder = exported(planted_set(tmp_path / "set", rows), tmp_path / "out")
    assert [one["place"] for one in value_of(folder / "stimuli.js")["timeline_variables"]] == places


def test_hostile_text_is_inert_and_exact(tmp_path: Path) -> None:
    stimuli = hostile_set(tmp_path / "set")
    trials = planted_design(stimuli, tmp_path / "design")
    folder = exported(stimuli, tmp_path / "out", trials)
    for name in ("stimuli.js", "trials.js"):
        script_bytes = (folder / name).read_bytes()
        assert script_bytes.count(b"\n") == 1 and not set(b"<>&") & set(script_bytes)
    read = [one["data"]["stim_license"] for one in value_of(folder / "stimuli.js")["timeline_variables"]]
    assert read == HOSTILE
    listed = value_of(folder / "trials.js")
    notes = [row[listed["columns"].index("note")] for row in listed["rows"]]
    # As they will stand in the results.
    assert notes == [guarded(note) for note in trials.table["note"]]


def test_a_script_cannot_be_ended_from_within() -> None:
    text = "</script><!--\u2028\u2029\n\\\"'&"
    written = script("x", [text])
    assert json.loads(written.decode("ascii").removeprefix("var x = ").removesuffix(";\n")) == [text]
    assert b"<" not in written and written.count(b"\n") == 1


def test_every_task_can_be_shown() -> None:
    assert set(SHOWS) == set(DESIGNS) | set(CHAINS)


def test_settings_and_texts_are_scripts_that_a_lab_can_edit(stimuli: StimulusSet, tmp_path: Path) -> None:
    folder = exported(stimuli, tmp_path / "out")
    known = value_of(folder / "study.js")
    for name in ("settings", "texts"):
        text = (folder / f"{name}.js").read_text(encoding="utf-8")
        about, value = text.split(f"var {name} = ")
        assert all(line.startswith("// ") for line in about.splitlines())
        assert json.loads(value.removesuffix(";\n")) == known[name]
        assert len(value.splitlines()) > 25


def test_a_designs_rows_are_as_they_are(stimuli: StimulusSet, tmp_path: Path) -> None:
    trials = planted_design(stimuli, tmp_path / "design", "adjustment")
    listed = trial_list(trials, stimuli)
    assert listed["columns"] == list(trials.table)
    assert len(listed["rows"]) == 8
    # A right answer that is a number is one; an empty cell is nothing.
    assert listed["rows"][0][:9] == ["p01", 1, 1, "adjustment", "m_0001", "m_0002", None, None, 0.25]
    assert json.loads(json.dumps(listed)) == listed
    table = trials.table.assign(alpha_a=[float("nan"), float("inf"), *[0.5] * 6])
    assert [row[9] for row in trial_list(replace(trials, table=table), stimuli)["rows"]] == [None, None, *[0.5] * 6]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stim_b": "m_9999"}, "trial 1 of the design shows 'm_9999'"),
        ({"stim_b": ""}, "trial 1 of the design has only 1"),
        ({"participant": "../p"}, "participant"),
        ({"response": "a"}, "'response'"),
        ({"a b": 1}, "'a b'"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    change: dict[str, Any], message: str, stimuli: StimulusSet, tmp_path: Path
) -> None:
    trials = planted_design(stimuli, tmp_path / "design")
    table = trials.table.assign(**change)
    with pytest.raises(DataError, match=re.escape(message)):
        exported(stimuli, tmp_path / "out", replace(trials, table=table))


def test_an_unknown_task_is_refused(stimuli: StimulusSet, tmp_path: Path) -> None:
    trials = planted_design(stimuli, tmp_path / "design", "staircase")
    with pytest.raises(ConfigError, match=r"'staircase'.*identification"):
        exported(stimuli, tmp_path / "out", trials)


def test_an_id_that_programs_stumble_over_is_refused(tmp_path: Path) -> None:
    row = replace(Row.numbered("morph", 0, 1), stim_id="NA", image="stimuli/NA.png")
    with pytest.raises(DataError, match="stim_id 'NA'"):
        exported(planted_set(tmp_path / "set", [row]), tmp_path / "out")


def test_the_same_set_is_the_same_folder(stimuli: StimulusSet, tmp_path: Path) -> None:
    trials = planted_design(stimuli, tmp_path / "design")
    folders = [exported(stimuli, tmp_path / name, trials) for name in ("one", "two")]
    one, two = ({path.relative_to(at): path.read_bytes() for path in at.rglob("*") if path.is_file()} for at in folders)
    assert one == two
    assert pd.Series([str(path) for path in one]).str.endswith(".png").sum() == 5


def test_an_archive_is_what_jatos_unpacks(stimuli: StimulusSet, tmp_path: Path) -> None:
    """One folder and one .jas at the top (ImportExportService), with what `Study` and `Component` are read from."""
    folder = tmp_path / "out"
    folder.mkdir()
    write(stimuli, folder, online="jatos", complete="https://done.example/?cc=1")
    (archive,) = folder.glob("*.jzip")
    assert {path.name for path in folder.iterdir()} == {archive.name, "README.md"}
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
        (jas,) = [name for name in names if "/" not in name]
        assert jas.endswith(".jas")
        about = json.loads(packed.read(jas))
        study = about["data"]
        assert {name.partition("/")[0] for name in names if name != jas} == {study["dirName"]}
        (component,) = study["componentList"]
        page = packed.read(f"{study['dirName']}/{component['htmlFilePath']}").decode()
    assert about["version"] == "3" and study["endRedirectUrl"] == "https://done.example/?cc=1"
    assert '<script src="jatos.js"></script>' in page and component["reloadable"] is True
    assert not re.search(r"[\s*?\"\\/,`<>|:~!§$%&^°]", study["dirName"])
    again = tmp_path / "again"
    again.mkdir()
    write(stimuli, again, online="jatos", complete="https://done.example/?cc=1")
    assert (again / archive.name).read_bytes() == archive.read_bytes()


def test_nobody_is_sent_on_from_a_page_that_cannot_know_of_the_results(stimuli: StimulusSet, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match=r"--complete.*--online"):
        write(stimuli, tmp_path / "out", complete="https://done.example")
