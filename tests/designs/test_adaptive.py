"""Staircases and QUEST+: planted answers, an independent library, and observers whose threshold is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planted_sets import planted_morph
from scipy.special import ndtr

from gaia_stim.cli import main
from gaia_stim.config import DesignConfig, ExportConfig, ScaleConfig, make
from gaia_stim.designs import KINDS, PROCEDURES
from gaia_stim.designs.adaptive import MOST_TRIALS, adaptive_table, procedure_of, told_of
from gaia_stim.designs.build import find_design
from gaia_stim.designs.choosing import Session, simulated
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.psychometric import JND, fit_identification
from gaia_stim.designs.responses import read_answers
from gaia_stim.designs.staircases import Staircase
from gaia_stim.designs.trace import trace_table
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export import ADAPTIVE, EXPORTERS
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export

LINE = Layout(tuple(f"m_{number:04}" for number in range(1, 102)), "line", np.linspace(0, 1, 101))


def asked(kind: str, **options: Any) -> DesignConfig:
    return make(DesignConfig, {"kind": kind, "stimuli": Path("set"), **options})


def procedure(kind: str, where: Layout = LINE, **options: Any) -> dict[str, Any]:
    config = asked(kind, **options)
    find_design(config)
    found = procedure_of(config, where)
    assert found is not None
    return found


def staircase(answers: str, **changed: Any) -> list[float]:
    """The level before each answer (1 success, 0 failure), and after the last."""
    rule = {"start": 8.0, "least": 0.5, "most": 10.0, "up": 1, "down": 3, "sizes": (2.0, 1.0), "scale": "lin"}
    one = Staircase(**{"most_reversals": 99, **rule, **changed})
    levels = [one.level]
    for answer in answers:
        one.answered(answer == "1")
        levels.append(one.level)
    return levels


def test_three_down_one_up_by_hand() -> None:
    # One down until the first failure, which is a reversal; then three successes in a row for a step, of the next size.
    assert staircase("110111110110111") == [8, 6, 4, 5, 5, 5, 4, 4, 4, 5, 5, 5, 6, 6, 6, 5]
    # Two failures for a step up: a success between them begins the count anew.
    assert staircase("010100", up=2, down=2, sizes=(1.0,)) == [8, 9, 8, 8, 8, 8, 9]


def test_levels_stay_where_there_are_stimuli_and_logarithmic_steps_are_factors() -> None:
    assert staircase("00000", down=1) == [8, 10, 10, 10, 10, 10]
    assert staircase("111111", down=1) == [8, 6, 4, 2, 0.5, 0.5, 0.5]
    assert staircase("110", down=1, sizes=(0.30102999566398120,), scale="log") == pytest.approx([8, 4, 2, 4])


def test_it_ends_with_its_last_reversal() -> None:
    one = Staircase(8.0, 0.5, 10.0, 1, 1, (1.0,), "lin", 3)
    turned = [one.answered(answer == "1") for answer in "11010"]
    assert turned == [False, False, True, True, True] and one.reversals == [6, 7, 6] and one.is_over


@pytest.mark.parametrize("task", ["identification", "constant"])
def test_quest_plus_chooses_as_questplus_does(task: str) -> None:
    """PyPI's, which PsychoPy runs, given the same answers; and its posterior is the same."""
    questplus = pytest.importorskip("questplus")
    known = procedure("questplus", Layout(LINE.ids[:21], "line", np.linspace(-1, 3, 21)), task=task)
    own, rng = Session(known, np.random.default_rng(0)), np.random.default_rng(1)
    other = questplus.QuestPlusWeibull(
        intensities=own.places,
        thresholds=known["threshold"],
        slopes=known["slope"],
        lower_asymptotes=known["lower"],
        lapse_rates=known["lapse"],
    )
    assert own.quest is not None
    for _ in range(25):
        track, number = own.choose()
        assert own.places[number] == other.next_intensity
        more = bool(rng.random() < ndtr((own.places[number] - 0.8) / 0.4))
        own.answered(track, number, more)
        other.update(intensity=own.places[number], response="Yes" if more else "No")
        np.testing.assert_allclose(own.quest.posterior, other.posterior.to_numpy().ravel(), rtol=1e-9)


def test_expected_entropy_is_watsons() -> None:
    """By the definition: the mean over both answers of the entropy of the posterior after each."""
    known = procedure("questplus", Layout(LINE.ids[:9], "line", np.linspace(0, 1, 9)))
    session = Session(known, np.random.default_rng(0))
    quest = session.quest
    assert quest is not None
    for number, more in ((3, True), (5, False), (4, False)):
        quest.answered(number, more)

    def entropy(share: Any) -> float:
        return float(-np.sum(share * np.log(share)))

    expected = []
    for row in quest.chance:
        after = [quest.posterior * row, quest.posterior * (1 - row)]
        expected.append(sum(one.sum() * entropy(one / one.sum()) for one in after))
    np.testing.assert_allclose(quest.expected_entropy() + entropy(quest.posterior), expected, atol=1e-10)


def test_tracks_meet_from_both_sides() -> None:
    two = {one["name"]: one for one in procedure("staircase")["tracks"]}
    assert (two["from_A"]["goal"], two["from_A"]["sign"], two["from_A"]["start"]) == (1.0, -1, 1.0)
    assert (two["from_B"]["goal"], two["from_B"]["sign"], two["from_B"]["start"]) == (0.0, 1, 1.0)
    beside = {one["name"]: one for one in procedure("staircase", task="constant", standard="m_0031")["tracks"]}
    assert beside["above"]["start"] == pytest.approx(0.7) and beside["below"]["start"] == pytest.approx(0.3)
    assert beside["above"]["least"] == pytest.approx(0.01)
    assert not told_of(procedure("staircase", task="constant")) and not told_of(procedure("staircase"))
    # At an end, or beside it, there is one side: a track with one level could never move. It is said.
    for standard, name in {"m_0001": "above", "m_0002": "above", "m_0100": "below", "m_0101": "below"}.items():
        found = procedure("staircase", task="constant", standard=standard)
        assert [one["name"] for one in found["tracks"]] == [name]
        [said] = told_of(found)
        assert f"'{name}' runs alone" in said


def test_nothing_is_compared_with_itself() -> None:
    line = procedure("questplus", task="constant", standard="m_0031")["line"]
    assert len(line) == 100 and "m_0031" not in {stim_id for _, stim_id in line}
    assert len(procedure("questplus")["line"]) == 101


def test_interleaved_tracks_take_turns() -> None:
    rng = np.random.default_rng(5)
    trials = simulated(procedure("staircase"), lambda place: bool(rng.random() < ndtr((place - 0.4) / 0.1)), rng)
    names = [track for track, _, _ in trials]
    both = 2 * min(names.count("from_A"), names.count("from_B"))
    assert {tuple(sorted(names[at : at + 2])) for at in range(0, both, 2)} == {("from_A", "from_B")}
    assert names[:both:2].count("from_A") not in (0, both // 2)


@pytest.mark.parametrize("kind", PROCEDURES)
def test_a_list_has_room_for_every_trial_and_says_what_is_chosen(kind: str) -> None:
    config = asked(kind, task="constant", participants=3, seed=2)
    table = adaptive_table(config, LINE, procedure(kind, task="constant"))
    assert table["participant"].value_counts().tolist() == [MOST_TRIALS[kind]] * 3
    assert table.groupby("participant")["chosen"].value_counts().tolist() == [MOST_TRIALS[kind] // 2] * 6
    for row in table.to_dict("records"):
        assert {row["stim_a"], row["stim_b"]} == {"m_0051", "m_0101"} and row[f"stim_{row['chosen']}"] == "m_0101"
    orders = [own["chosen"].tolist() for _, own in table.groupby("participant")]
    assert orders[0] != orders[1]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("questplus", {"rule": "1:3"}, "--rule: says nothing about questplus; it belongs to staircase"),
        ("staircase", {"blocks": 2}, "--blocks: says nothing about staircase, which chooses stimuli while it runs"),
        ("staircase", {"practice": 4}, "--practice: says nothing about staircase"),
        ("staircase", {"standard": "m_0005"}, "--standard: staircase has one with --task constant only"),
        ("staircase", {"step_sizes": "3,2,1", "reversals": 2}, "--step-sizes: 3 sizes for --reversals 2"),
        ("staircase", {"task": "constant", "standard": "m_9"}, "--standard m_9: no such stimulus"),
        ("identification", {"rule": "1:3"}, "--rule: says nothing about identification; it belongs to staircase"),
        ("constant", {"task": "constant"}, "--task: says nothing about constant; it belongs to staircase, questplus"),
    ],
)
def test_what_cannot_be_is_told(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        procedure(kind, **options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"rule": "3"}, "--rule: should be UP:DOWN"), ({"step_sizes": "1,0"}, "--step-sizes: should be sizes above 0")],
)
def test_rules_are_read_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        asked("staircase", **options)


@pytest.mark.parametrize("kind", PROCEDURES)
def test_a_set_that_is_no_line_is_refused(kind: str) -> None:
    with pytest.raises(ConfigError, match="needs a continuum"):
        procedure(kind, Layout(LINE.ids[:12], "grid", np.full(12, np.nan), 4))
    assert set(PROCEDURES) <= set(KINDS)


def session(folder: Path, kind: str, task: str, pse: float, sigma: float, seed: int = 0) -> Path:
    """Results as a program writes them: the rows of the design that were shown, filled in and answered."""
    stimuli = planted_morph(folder / "set", 101)
    made = design(asked(kind, stimuli=stimuli.folder, task=task, out=folder / "design"))
    about = json.loads((made.out / "design.json").read_text(encoding="utf-8"))
    assert about["task"] == task
    rng = np.random.default_rng(seed)
    done = simulated(about["procedure"], lambda at: bool(rng.random() < ndtr((at - pse) / sigma)), rng)
    table = pd.read_csv(made.out / "trials.csv", keep_default_na=False).iloc[: len(done)].astype(object)
    for row, (track, number, more) in enumerate(done):
        place, stim_id = about["procedure"]["line"][number]
        chosen = table.at[row, "chosen"]
        table.loc[row, [f"stim_{chosen}", f"alpha_{chosen}", "track"]] = [stim_id, place, track]
        other = "b" if chosen == "a" else "a"
        table.loc[row, "response"] = ("ba"[not more]) if task == "identification" else (chosen if more else other)
    table.to_csv(folder / "results.csv", index=False)
    return folder / "results.csv"


@pytest.mark.parametrize("task", ["identification", "constant"])
@pytest.mark.parametrize("kind", PROCEDURES)
def test_scale_finds_the_threshold_and_draws_the_trace(kind: str, task: str, tmp_path: Path) -> None:
    pse, sigma = (0.4, 0.08) if task == "identification" else (0.5, 0.08)
    results = session(tmp_path, kind, task, pse, sigma)
    out = tmp_path / "scale"
    assert main(["--quiet", "scale", str(results), "--bootstrap", "50", "--out", str(out)]) == 0
    record = json.loads((out / "scale.json").read_text(encoding="utf-8"))
    figures = record["scales"][0]["figures"]
    assert abs(figures["pse"] - pse) < 0.06 and 0.4 < figures["jnd"] / (JND * sigma) < 2
    assert figures["pse_low"] <= pse <= figures["pse_high"]
    trace = pd.read_csv(out / "trace.csv")
    answers = read_answers([results], task)
    assert len(trace) == len(answers) == record["trials"]
    assert trace["trial"].tolist() == list(range(1, len(trace) + 1))
    assert abs(trace["estimate"].iloc[-1] - figures["pse"]) < 0.04
    assert trace["high"].sub(trace["low"]).iloc[-1] < 0.4 * trace["high"].sub(trace["low"]).iloc[0]
    assert all((out / f"trace.{ending}").stat().st_size > 1000 for ending in ("png", "svg", "pdf"))
    if kind == "questplus":
        assert trace["reversal"].sum() == 0 and record["reversals"] == [{"p01": {}}]
        return
    means = record["reversals"][0]["p01"]
    assert set(means) == set(trace["track"]) and all(one["of"] in (2, 4) for one in means.values())
    # Of one up, one down half is answered; of one up, three down 79 % (Levitt 1971), to the right side.
    if task == "identification":
        assert all(abs(one["mean"] - pse) < 0.1 for one in means.values())
    else:
        assert means["below"]["mean"] < 0.5 < means["above"]["mean"]


def test_a_trace_is_in_the_order_of_trials_whatever_the_files(tmp_path: Path) -> None:
    results = session(tmp_path, "staircase", "identification", 0.4, 0.1)
    rows = pd.read_csv(results, keep_default_na=False)
    rows.sample(frac=1, random_state=1).to_csv(tmp_path / "shuffled.csv", index=False)
    traces = []
    for name in ("results", "shuffled"):
        words = ["--quiet", "scale", str(tmp_path / f"{name}.csv"), "--bootstrap", "0", "--out", str(tmp_path / name)]
        assert main(words) == 0
        traces.append((tmp_path / name / "trace.csv").read_bytes())
    assert traces[0] == traces[1]


def test_a_few_trials_at_many_places_are_enough(tmp_path: Path) -> None:
    """A fixed list of as few trials as stimuli is refused; an adaptive session shows many of them once."""
    rows = pd.read_csv(session(tmp_path, "staircase", "identification", 0.4, 0.15), keep_default_na=False)[:20]
    config = ScaleConfig(responses=(Path("x"),), bootstrap=0)
    rows.to_csv(tmp_path / "few.csv", index=False)
    answers = read_answers([tmp_path / "few.csv"], "identification")
    assert len(answers) < 2 * len(np.unique(answers.alpha[:, 0]))
    assert abs(fit_identification(answers, config, np.random.default_rng(0)).figures["pse"] - 0.4) < 0.15
    rows.assign(procedure="").to_csv(tmp_path / "few.csv", index=False)
    with pytest.raises(DataError, match="20 trials are too few"):
        fit_identification(read_answers([tmp_path / "few.csv"], "identification"), config, np.random.default_rng(0))


def test_two_sessions_of_one_person_follow_each_other(tmp_path: Path) -> None:
    first = pd.read_csv(session(tmp_path / "1", "staircase", "identification", 0.4, 0.1, 1), keep_default_na=False)
    second = pd.read_csv(session(tmp_path / "2", "staircase", "identification", 0.4, 0.1, 2), keep_default_na=False)
    pd.concat([first.assign(started="at_1"), second.assign(started="at_2")]).to_csv(tmp_path / "both.csv", index=False)
    table = trace_table(read_answers([tmp_path / "both.csv"], "identification"))
    assert table["trial"].tolist() == list(range(1, len(first) + len(second) + 1))
    assert table["alpha"].tolist() == [*first["alpha_a"], *second["alpha_a"]]


@pytest.mark.parametrize("program", EXPORTERS)
def test_programs_run_an_adaptive_design_or_refuse_it(program: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set", 21)
    made = design(asked("staircase", stimuli=stimuli.folder, task="constant", out=tmp_path / "design"))
    config = make(ExportConfig, {"stimuli": stimuli.folder, "to": program, "design": made.out, "out": tmp_path / "out"})
    if program not in ADAPTIVE:
        with pytest.raises(
            ConfigError, match=rf"--to {program}: the design is a staircase, .* jspsych and psychopy run"
        ):
            export(config)
        assert not (tmp_path / "out").exists()
        return
    out = export(config).out
    known = json.loads((made.out / "design.json").read_text(encoding="utf-8"))["procedure"]
    if program == "jspsych":
        told = json.loads((out / "trials.js").read_text().split(" = ", 1)[1].removesuffix(";\n"))
        assert told["procedure"] == known and 'src="adaptive.js"' in (out / "index.html").read_text()
    else:
        told = json.loads((out / "task.json").read_text(encoding="utf-8"))
        assert told["procedure"] == known and len(told["images"]) == 21
        assert (out / "adaptive.py").is_file() and not (out / "experiment.psyexp").exists()
        compile((out / "adaptive.py").read_text(encoding="utf-8"), "adaptive.py", "exec")
    # A list without the record that says how it goes on would show the same picture again and again.
    (tmp_path / "alone").mkdir()
    (made.out / "trials.csv").rename(tmp_path / "alone" / "trials.csv")
    with pytest.raises(DataError, match=r"without the design\.json"):
        export(make(ExportConfig, {**config.model_dump(), "design": tmp_path / "alone", "out": tmp_path / "other"}))
