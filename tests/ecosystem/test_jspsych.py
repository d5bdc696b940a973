"""The exported jsPsych folder in Debian's Chromium: it loads from a file, and participants go through every task."""

import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
import vendor_jspsych
from jspsych_browser import CHROMIUM, MISSING, MODULES
from planted_sets import hostile_set, planted_design, planted_morph

from gaia_stim.cells import unguarded
from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.designs.responses import read_answers
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import LEADING, STIM_COLUMNS, Trials, read_trials

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

PLAYED = {"2afc": "keys", "same-different": "keys", "abx": "clicks", "mlds-triads": "keys", "adjustment": "keys"}
"""By real keys or clicks; jsPsych simulates the other tasks' participants."""
TWICE = ("identification", "adjustment", "mlds")
TASKS = [*DESIGNS, "mlds-triads"]
ALONE = {f"alone-{task}": task for task in ("identification", "same-different", "adjustment")}
"""The tasks that a folder without a design has."""
SESSIONS = [*TASKS, *ALONE, "watched", "hostile"]
SOMEBODY = 'Zoë "3-4" </script><img src=x onerror=alert(1)>'


@dataclass(frozen=True)
class Planned:
    """A session to come: where, how, and over which stimuli and trials."""

    folder: Path
    query: str
    stimuli: StimulusSet
    trials: Trials | None = None
    start: str = ""
    play: str = ""
    refused: bool = False

    def job(self) -> dict[str, Any]:
        """What jspsych_participant.cjs takes."""
        return {
            "page": str(self.folder / "index.html"),
            "query": self.query,
            "start": self.start,
            "play": self.play,
            "refused": self.refused,
        }


@dataclass(frozen=True)
class Session:
    """A session that was: what the browser told, and the results file."""

    plan: Planned
    told: dict[str, Any]
    file: Path
    results: pd.DataFrame


def _planned(home: Path) -> Iterator[tuple[str, Planned]]:
    stimuli = planted_morph(home / "morph", 4)
    for name in TASKS:
        task = name.removesuffix("-triads")
        made = design(
            DesignConfig(
                kind=task,
                stimuli=stimuli.folder,
                out=home / f"design-{name}",
                triads=name != task,
                participants=2,
                blocks=2,
                repetitions=2 if task in TWICE else 1,
            )
        )
        out = export(ExportConfig(stimuli=stimuli.folder, to="jspsych", design=made.out, out=home / name)).out
        query = "participant=2" if name in PLAYED else "participant=p02&simulate=data-only"
        yield name, Planned(out, query, stimuli, read_trials(made.out, stimuli), play=PLAYED.get(name, ""))
    alone = export(ExportConfig(stimuli=stimuli.folder, to="jspsych", out=home / "alone")).out
    for name, task in ALONE.items():
        yield name, Planned(alone, "simulate=data-only", stimuli, start=f"task-{task}")
    yield "watched", Planned(alone, "participant=12&task=adjustment&simulate=visual", stimuli)
    yield "refused", Planned(alone, f"participant={quote(SOMEBODY)}&task=identification", stimuli, refused=True)
    hostile = hostile_set(home / "hostile")
    trials = planted_design(hostile, home / "design-hostile")
    config = ExportConfig(stimuli=hostile.folder, to="jspsych", design=home / "design-hostile", out=home / "inert")
    yield "hostile", Planned(export(config).out, "participant=p02&simulate=data-only", hostile, trials)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Session]:
    """All sessions, in one browser."""
    home = tmp_path_factory.mktemp("jspsych")
    planned = dict(_planned(home))
    job = {"modules": str(MODULES), "chromium": CHROMIUM, "profile": str(home / "profile")}
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("jspsych_participant.cjs"))],
        input=json.dumps({**job, "visits": [plan.job() for plan in planned.values()]}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    sessions = {}
    for (name, plan), told in zip(planned.items(), json.loads(done.stdout), strict=True):
        file = home / f"results-{name}.csv"
        file.write_text(told.get("csv", "none\n"), encoding="utf-8", newline="")
        results = pd.read_csv(io.BytesIO(file.read_bytes()), dtype=str, keep_default_na=False).map(unguarded)
        sessions[name] = Session(plan, told, file, results)
    return sessions


@pytest.mark.parametrize("name", SESSIONS)
def test_a_folder_loads_whole_and_nothing_from_elsewhere(sessions: dict[str, Session], name: str) -> None:
    told, images = sessions[name].told, sessions[name].plan.stimuli.table["image"].tolist()
    assert told["errors"] == told["failed"] == told["foreign"] == []
    assert told["preloaded"] is True
    assert told["images"] == [[image, 12] for image in images]


@pytest.mark.parametrize("name", PLAYED)
def test_every_picture_is_loaded_before_the_first_page(sessions: dict[str, Session], name: str) -> None:
    assert sorted(sessions[name].told["asked"]) == sorted(sessions[name].plan.stimuli.table["image"])


@pytest.mark.parametrize("name", SESSIONS)
def test_results_have_a_row_a_trial_of_stimuli_in_the_manifest(sessions: dict[str, Session], name: str) -> None:
    results, plan = sessions[name].results, sessions[name].plan
    shown = set(results[[*STIM_COLUMNS, "response_stim"]].to_numpy().ravel()) - {""}
    assert shown and shown <= set(plan.stimuli.table["stim_id"])
    assert list(results)[: len(LEADING)] == LEADING
    assert results["trial"].astype(int).tolist() == list(range(1, len(results) + 1))
    assert results["rt"].astype(float).between(0, 60).all()
    assert (results["response"] != "").all()
    assert set(zip(results["set_id"], results["set_name"], strict=True)) == {(plan.stimuli.set_id, plan.stimuli.name)}
    # Nobody takes what was simulated for a participant's answers.
    assert ("simulated" in results) is (name not in PLAYED)


@pytest.mark.parametrize("name", [*TASKS, "hostile"])
def test_all_that_the_design_says_comes_back_equal(sessions: dict[str, Session], name: str) -> None:
    results, trials = sessions[name].results, sessions[name].plan.trials
    assert trials is not None
    mine = trials.table[trials.table["participant"] == "p02"]
    assert len(mine) == len(results)
    for column in mine:
        is_number = pd.api.types.is_numeric_dtype(mine[column]) or (name, column) == ("adjustment", "correct")
        wanted = mine[column].astype(float).tolist() if is_number else mine[column].tolist()
        found = pd.to_numeric(results[column]).tolist() if is_number else results[column].tolist()
        assert found == pytest.approx(wanted, rel=0, abs=0, nan_ok=True) if is_number else found == wanted, column


@pytest.mark.parametrize("name", TASKS)
def test_answers_are_the_designs(sessions: dict[str, Session], name: str) -> None:
    results, plan = sessions[name].results, sessions[name].plan
    assert plan.trials is not None
    if name == "adjustment":
        assert set(results["response"].astype(float)) <= set(plan.stimuli.table["alpha"])
        return
    assert set(results["response"]) <= set(plan.trials.record["answers"])
    for _, row in results.iterrows():
        judged = str(int(row["response"] == row["correct"])) if row["correct"] else ""
        assert row["correct_response"] == judged


@pytest.mark.parametrize("name", ["2afc", "same-different", "abx"])
def test_who_always_presses_the_right_key_is_always_right(sessions: dict[str, Session], name: str) -> None:
    assert set(sessions[name].results["correct_response"]) == {"1"}


def test_who_adjusts_to_the_target_answers_its_alpha(sessions: dict[str, Session]) -> None:
    results = sessions["adjustment"].results
    assert results["response"].astype(float).tolist() == results["correct"].astype(float).tolist()
    assert results["response_stim"].tolist() == results["stim_a"].tolist()


@pytest.mark.parametrize("name", PLAYED)
def test_a_pixel_of_a_picture_is_whole_pixels_of_the_screen(sessions: dict[str, Session], name: str) -> None:
    shown = sessions[name].told["shown"]
    assert len(shown) >= len(sessions[name].results)
    assert all(one == {"width": 12 * 21, "natural": 12, "rendering": "pixelated"} for one in shown)


@pytest.mark.parametrize("name", ["2afc", "mlds", "mlds-triads", "identification", "constant", "alone-identification"])
def test_scale_reads_the_results(sessions: dict[str, Session], name: str) -> None:
    assert len(read_answers([sessions[name].file], None)) == len(sessions[name].results)


def test_without_a_design_everything_comes_equally_often(sessions: dict[str, Session]) -> None:
    identified, compared = (sessions[f"alone-{task}"].results for task in ("identification", "same-different"))
    assert set(identified["stim_a"].value_counts()) == {4}
    assert compared["correct"].value_counts().nunique() == 1
    assert set(identified["block"]) == {"1", "2"}


def test_a_hostile_participant_is_refused(sessions: dict[str, Session]) -> None:
    told = sessions["refused"].told
    assert "letters, digits" in told["warning"]
    assert told["errors"] == told["failed"] == []


def test_what_is_shipped_is_what_npm_has() -> None:
    for name, content in vendor_jspsych.vendored().items():
        assert (vendor_jspsych.VENDOR / name).read_bytes() == content, name
