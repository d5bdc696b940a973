"""One session, as each program would write it, comes back as the same answers; and keys, phases and files of each."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from observers import trial_list

from gaia_stim.config import CollectConfig
from gaia_stim.designs.collecting import collected
from gaia_stim.designs.readers import READERS
from gaia_stim.designs.readers.base import reader_of
from gaia_stim.designs.readers.keys import key_name
from gaia_stim.designs.responses import Answers, answers_of, read_answers, read_results
from gaia_stim.errors import DataError, GaiaStimError
from gaia_stim.pipeline.collect import collect

KEYS = {"a": "f", "b": "j"}


def session(kind: str = "identification", participants: int = 2) -> pd.DataFrame:
    """Answers with their seconds, and a practice trial first for each."""
    table = trial_list(kind, 7, participants=participants, repetitions=2).astype(object)
    rng = np.random.default_rng(1)
    table["response"] = rng.choice(["a", "b"], len(table))
    table["rt"] = rng.integers(300, 900, len(table)) / 1000
    table["phase"] = np.where(table["trial"] == 1, "practice", "main")
    table["set_id"], table["set_name"] = "set_12345678_9abcdef0", "morph"
    return table.where(table.notna(), "")


def as_starter(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def as_jspsych(table: pd.DataFrame, path: Path) -> None:
    """`jsPsych.data.get().json()`: keys, milliseconds, null for nothing, and screens between."""
    rows: list[dict[str, object]] = [{"trial_type": "preload", "trial_index": 0, "time_elapsed": 3, "success": True}]
    for number, row in enumerate(table.to_dict("records"), 1):
        about = {"trial_type": "image-keyboard-response", "trial_index": number, "time_elapsed": 900 * number}
        answer = {"response": KEYS[row["response"]], "rt": round(1000 * row["rt"])}
        rows.append({str(name): None if cell == "" else cell for name, cell in {**row, **about, **answer}.items()})
    path.write_text(json.dumps(rows))


def as_psychopy(table: pd.DataFrame, path: Path) -> None:
    """Builder: conditions and components side by side, a row for the instructions, an empty column at the end."""
    wide = table.drop(columns=["response", "rt"]).assign(
        **{"trials.thisN": range(len(table)), "ready.keys": "", "ready.rt": "", "date": "2026-11-28_10h00.00.000"}
    )
    wide["key_resp.keys"], wide["key_resp.rt"] = table["response"].map(KEYS), table["rt"]
    first = pd.DataFrame([{"participant": "p01", "ready.keys": "space", "ready.rt": 1.5}])
    pd.concat([first, wide]).assign(**{"Unnamed: 40": ""}).to_csv(path, index=False)


def as_opensesame(table: pd.DataFrame, path: Path) -> None:
    wide = table.rename(columns={"correct": "correct_response"}).assign(
        response=table["response"].map(KEYS), response_time=table["rt"] * 1000, correct=1, subject_nr=3
    )
    wide.drop(columns="rt").to_csv(path, index=False, quoting=1)


def as_labjs(table: pd.DataFrame, path: Path) -> None:
    """A row a component: a fixation cross has its trial's parameters too."""
    wide = table.drop(columns="rt").assign(
        sender="Stimulus",
        sender_type="canvas.Screen",
        duration=table["rt"] * 1000,
        ended_on="response",
        correctResponse=table["correct"],
        correct=(table["correct"] == table["response"]).map({True: "true", False: "false"}),
    )
    cross = wide.assign(sender="Fixation", response="", duration=500, ended_on="timeout")
    pd.concat([cross, wide]).sort_index(kind="stable").to_csv(path, index=False)


def as_gorilla(table: pd.DataFrame, path: Path) -> None:
    """Task Builder 2: a row an event, the list's own participant apart from Gorilla's, a last line of words."""
    listed = table.drop(columns=["response", "rt"]).rename(columns=lambda name: f"Spreadsheet: {name}")
    answer = listed.assign(
        **{
            "Event Index": 2,
            "Participant Private ID": table["participant"],
            "Response Type": "response",
            "Response": table["response"].map(KEYS),
            "Reaction Time": table["rt"] * 1000,
        }
    )
    shown = answer.assign(**{"Event Index": 1, "Response Type": "info", "Response": "Image shown"})
    end = pd.DataFrame([{"Event Index": "END OF FILE"}])
    pd.concat([pd.concat([shown, answer]).sort_index(kind="stable"), end]).to_csv(path, index=False)


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "starter": as_starter,
    "jspsych": as_jspsych,
    "psychopy": as_psychopy,
    "opensesame": as_opensesame,
    "labjs": as_labjs,
    "gorilla": as_gorilla,
}


def same(found: Answers, table: pd.DataFrame) -> None:
    main = table[table["phase"] == "main"]
    np.testing.assert_array_equal(found.alpha[:, 0], main["alpha_a"].astype(float))
    assert list(found.answer) == list(main["response"])
    assert list(found.participant) == list(main["participant"])
    assert found.left_out["trials of practice"] == len(table) - len(main)


@pytest.mark.parametrize("program", READERS)
def test_a_session_comes_back_from_every_program(program: str, tmp_path: Path) -> None:
    table = session()
    path = tmp_path / ("results.json" if program == "jspsych" else "results.csv")
    WRITERS[program](table, path)
    results = read_results([path])
    assert set(results.table["program"]) == {reader_of_named(program)}
    same(answers_of(results, None)[0], table)
    trials = results.table[results.table["stim_a"] != ""]
    answered = trials[trials["task"] != ""]
    np.testing.assert_allclose(answered["rt"].astype(float), table["rt"].astype(float))
    guessed = [note for note in results.notes if "f = a, j = b" in note]
    assert bool(guessed) == (program not in ("starter", "labjs"))


def reader_of_named(program: str) -> str:
    from gaia_stim.designs.readers.base import readers

    return dict(zip(READERS, readers(), strict=True))[program].program


@pytest.mark.parametrize("program", READERS)
def test_all_as_one_tidy_table_that_scale_reads(program: str, tmp_path: Path) -> None:
    """`collect` of each file gives the same table but for where it came from; and reads its own."""
    table = session()
    path = tmp_path / ("results.json" if program == "jspsych" else "results.csv")
    WRITERS[program](table, path)
    made = collect(CollectConfig(responses=(path,), out=tmp_path / "all.csv"))
    assert made.trials == len(table) and made.participants == 2
    written = pd.read_csv(made.out)
    pd.testing.assert_series_equal(written["rt"], table["rt"].astype(float), check_names=False)
    assert list(written["trial"]) == list(table["trial"]) and list(written["response"]) == list(table["response"])
    same(read_answers([made.out], None), table)
    again = collect(CollectConfig(responses=(made.out,), out=tmp_path / "again.csv"))
    columns = [name for name in written if name not in ("program", "file", "line")]
    pd.testing.assert_frame_equal(pd.read_csv(again.out)[columns], written[columns])


def test_what_is_right_is_told_where_something_is(tmp_path: Path) -> None:
    table = session("2afc")
    as_starter(table, tmp_path / "r.csv")
    written = pd.read_csv(collect(CollectConfig(responses=(tmp_path / "r.csv",), out=tmp_path / "all.csv")).out)
    assert list(written["right"]) == list((table["response"] == table["correct"]).astype(int))


def test_keys_are_the_exports_before_the_starters_and_the_users_before_all(tmp_path: Path) -> None:
    table = session()
    folder = tmp_path / "export" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "export" / "export.json").write_text(json.dumps({"keys": {"f": "b", "j": "a"}}))
    as_opensesame(table, folder / "r.csv")
    swapped = list(table["response"].map({"a": "b", "b": "a"}))
    main = list(table["phase"] == "main")
    found = read_results([folder / "r.csv"])
    assert not found.notes
    assert list(answers_of(found, None)[0].answer) == [
        one for one, is_main in zip(swapped, main, strict=True) if is_main
    ]
    asked = answers_of(read_results([folder / "r.csv"], "F=a,j = b"), None)[0]
    assert list(asked.answer) == list(table["response"][main])
    with pytest.raises(DataError, match=r"the response 'j' is none of a, b.* as in --keys f=a,j=b"):
        answers_of(read_results([folder / "r.csv"], "f=a,k=b"), None)


@pytest.mark.parametrize(
    ("written", "name"),
    [("ArrowUp", "up"), ("UpArrow", "up"), ("arrow_up", "up"), ("num_1", "1"), ("1!", "1"), ("F", "f"), ("up", "up")],
)
def test_a_key_has_one_name(written: str, name: str) -> None:
    assert key_name(written) == name


def test_people_that_jatos_joined(tmp_path: Path) -> None:
    """A line a run, as text; broken off sessions append objects; and CSV with its header again."""
    table = session(participants=3)
    rows = [json.dumps(own.to_dict("records")) for _, own in table.groupby("participant")]
    single = [json.dumps(one) for one in table[table["participant"] == "p03"].to_dict("records")]
    (tmp_path / "joined.txt").write_text("\n".join([*rows[:2], *single]) + "\n")
    same(read_answers([tmp_path / "joined.txt"], None), table)
    csv = "".join(own.to_csv(index=False) for _, own in table.groupby("participant"))
    (tmp_path / "joined_csv.txt").write_text(csv)
    same(read_answers([tmp_path / "joined_csv.txt"], None), table)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"task": "2afc"}', "r.json:1: not JSON, or cut off"),
        ('[{"a": 1}]\n[{"b": 2},\n', "r.json:2: not JSON, or cut off"),
        ("{}", "r.json:1: has no column 'task'"),
        ("[[], []]", "JSON without rows"),
        ('[{"task": "2afc", "stim_a": "m_1"}]', "r.json:1: has no column 'response'"),
    ],
)
def test_broken_json_is_named_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(GaiaStimError) as caught:
        read_results([tmp_path / "r.json"])
    assert said in str(caught.value)


def test_builder_with_two_answers_is_asked_about(tmp_path: Path) -> None:
    as_psychopy(session(), tmp_path / "r.csv")
    table = pd.read_csv(tmp_path / "r.csv", dtype=str, keep_default_na=False)
    table["first.keys"], table["second.keys"] = "f", "j"
    table.drop(columns="key_resp.keys").to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(DataError, match=r"two\.csv:1: answers stand in several columns, first\.keys, second\.keys"):
        read_results([tmp_path / "two.csv"])
    assert reader_of(["task", "stim_a", "first.keys"]) is not None


def test_catch_trials_are_told_and_left_out(tmp_path: Path) -> None:
    table = session("2afc")
    is_catch = table["trial"] > table["trial"].max() - 4
    table.loc[is_catch, "phase"] = "catch"
    table.loc[is_catch, "response"] = table.loc[is_catch, "correct"]
    wrong = table[is_catch & (table["participant"] == "p02")].index[0]
    table.loc[wrong, "response"] = "a" if table.loc[wrong, "correct"] == "b" else "b"
    as_starter(table, tmp_path / "r.csv")
    found = read_answers([tmp_path / "r.csv"], None)
    assert found.catch == {"p01": (4, 4), "p02": (3, 4)} and found.left_out["catch trials"] == 8
    assert "catch trials: 7 of 8 right, by person p02 3 of 4, p01 4 of 4" in found.notes
    assert len(found) == len(table) - 8 - 2 and found.of("p02").catch == {"p02": (3, 4)}


REAL = Path(__file__).parent.parent / "data" / "results"
"""What the programs themselves wrote, of sessions that a robot answered (PsychoPy 2026.2, OpenSesame 4, jsPsych 8)."""


@pytest.mark.parametrize(
    ("name", "trials", "program", "scored"),
    [
        ("jspsych", 9, "a starter of gaia-stim", "correct_response"),
        ("opensesame", 8, "OpenSesame", "correct"),
        ("psychopy_builder", 8, "PsychoPy's Builder", ""),
        ("psychopy_starter", 16, "a starter of gaia-stim", ""),
    ],
)
def test_what_the_programs_themselves_wrote(name: str, trials: int, program: str, scored: str) -> None:
    """Where a program scores the answers itself, we find the same of them right."""
    table, _ = collected(read_results([REAL / f"{name}.csv"]))
    assert len(table) == trials and set(table["program"]) == {program}
    assert set(table["response"]) <= {"a", "b", "same", "different"} and table["rt"].between(0, 2).all()
    if scored:
        own = pd.read_csv(REAL / f"{name}.csv", dtype=str, keep_default_na=False)
        assert list(table["right"].astype(str)) == list(own.loc[own["stim_a"] != "", scored])
