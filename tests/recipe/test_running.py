"""The runner does what is new, and nothing twice; what fails leaves the rest alone; what is stopped goes on."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import gaia_stim
from gaia_stim import cli
from gaia_stim.config import RecipeRunConfig, make
from gaia_stim.errors import Cancelled, ConfigError, InterruptedRun
from gaia_stim.events import Event, Note, silent
from gaia_stim.files import locked
from gaia_stim.images import Pixels, png_bytes
from gaia_stim.pipeline import morphs
from gaia_stim.recipe.run import RunResult, StepsFailed, run
from gaia_stim.space.space import Space
from gaia_stim.stimuli import writing

Contents = Callable[[Path], dict[str, bytes]]
Study = Callable[..., Path]
OWN = re.compile(r"\.record/|run\.json$")

TEXT = """\
model: MODEL
allow_outside: OUTSIDE
threads: 1
vars: {steps: 3}
steps:
  faces: {do: samples, n: 4, size: 32}
  morphs:
    do: morph
    each: [{a: 0, b: 1}, {a: 2, b: 3}]
    first: ${faces}/images/face_0000${a}.png
    second: ${faces}/images/face_0000${b}.png
    steps: ${steps}
  matched:
    do: match
    each: ${morphs}
    stimuli: ${morphs}
    luminance: yes
"""


@pytest.fixture
def study(tmp_path: Path, plant: Callable[..., Path]) -> Study:
    """Write a recipe with an untrained model into a folder of its own."""
    model = plant("model")

    def study(text: str = TEXT, name: str = "study") -> Path:
        path = tmp_path / name / "recipe.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("MODEL", "../model").replace("OUTSIDE", "../model"))
        return path

    assert model.is_dir()
    return study


def ask(path: Path, listen: Callable[[Event], None] = silent, **options: Any) -> RunResult:
    named = {name.rstrip("_"): value for name, value in options.items()}
    return run(make(RecipeRunConfig, {"recipe": path, **named}), listen)


def results(result: RunResult) -> dict[str, str]:
    return {line.step: line.result for line in result.steps}


def whys(result: RunResult) -> dict[str, str]:
    return {line.step: line.why for line in result.steps}


def made(folder: Path, contents: Contents) -> dict[str, bytes]:
    """What steps have made, without what the runner remembers of it."""
    return {name: content for name, content in contents(folder).items() if not OWN.search(name)}


JOBS = ["faces", "morphs_0_1", "morphs_2_3", "matched_0_1", "matched_2_3"]


def test_a_second_run_does_nothing(study: Study, contents: Contents) -> None:
    path = study()
    first = ask(path)
    assert results(first) == dict.fromkeys(JOBS, "done")
    assert first.out == path.parent / "out" / "recipe"
    before = contents(path.parent)
    times = {file: file.stat().st_mtime_ns for file in path.parent.rglob("*")}
    second = ask(path)
    assert results(second) == dict.fromkeys(JOBS, "skipped")
    after = contents(path.parent)
    # What was too fresh to be trusted may be known by now.
    for files in (before, after):
        files.pop("out/recipe/.record/hashes.json", None)
    assert after == before
    changed = {file.name for file, time in times.items() if file.is_file() and file.stat().st_mtime_ns != time}
    assert changed <= {"hashes.json"}


def test_a_run_that_does_nothing_never_waits_for_torch(study: Study) -> None:
    path = study()
    ask(path)
    code = (
        "import sys; from gaia_stim.cli import main; code = main(sys.argv[1:]);"
        "assert not {'torch', 'pandas', 'scipy'} & set(sys.modules); sys.exit(code)"
    )
    subprocess.run([sys.executable, "-c", code, "run", str(path)], check=True, capture_output=True)


def test_run_json_tells_what_was_made_of_what(study: Study) -> None:
    path = study()
    result = ask(path, set=("steps=4",))
    told = json.loads(result.record.read_text())
    assert told["build"]["torch"] == torch.__version__ and told["gaia_stim"] == gaia_stim.__version__
    assert told["set"] == ["steps=4"]
    step = {one["step"]: one for one in told["steps"]}["morphs_2_3"]
    assert step["options"]["steps"] == 4 and step["seconds"] > 0
    assert step["inputs"].keys() == {
        "../model",
        "out/recipe/faces/labels.csv",
        "out/recipe/faces/images/face_00002.png",
        "out/recipe/faces/images/face_00003.png",
    }
    assert all(value.startswith("sha256_") for value in [*step["inputs"].values(), step["output"]])


def test_only_what_a_change_reaches_is_made_again(study: Study) -> None:
    path = study()
    ask(path)
    plan = ask(path, set=("steps=5",), dry_run=True)
    assert whys(plan)["morphs_0_1"] == "changed: steps 3 → 5"
    assert results(plan) == {
        **dict.fromkeys(JOBS[1:3], "to do"),
        **dict.fromkeys(JOBS[3:], "perhaps"),
        "faces": "skipped",
    }
    assert results(ask(path)) == dict.fromkeys(JOBS, "skipped")
    again = ask(path, set=("matched.contrast=true",))
    assert [line.step for line in again.steps if line.result == "done"] == ["matched_0_1", "matched_2_3"]
    assert whys(again)["matched_0_1"] == "changed: contrast False → True"


def test_a_changed_image_is_noticed_and_told(study: Study) -> None:
    path = study(
        TEXT.replace("${faces}/images/face_0000${a}", "faces/${a}").replace("${faces}/images/face_0000", "faces/")
    )
    pictures = path.parent / "faces"
    pictures.mkdir()
    ask(study("steps:\n  faces: {do: samples, n: 5, size: 32}\n", "other"))
    drawn = sorted((path.parents[1] / "other/out/recipe/faces/images").glob("*.png"))
    for number, file in enumerate(drawn[:4]):
        (pictures / f"{number}.png").write_bytes(file.read_bytes())
    ask(path)
    (pictures / "2.png").write_bytes(drawn[4].read_bytes())
    again = ask(path)
    assert [line.step for line in again.steps if line.result == "done"] == ["morphs_2_3", "matched_2_3"]
    assert whys(again)["morphs_2_3"] == "changed: input faces/2.png"
    # The same bytes at another time are the same image.
    os.utime(pictures / "2.png", (1, 1))
    assert results(ask(path)) == dict.fromkeys(JOBS, "skipped")


@pytest.mark.parametrize("way", ["gone", "one gone"])
def test_a_result_that_is_gone_is_made_again(way: str, study: Study, contents: Contents) -> None:
    path = study()
    out = ask(path).out
    before = made(out, contents)
    if way == "gone":
        (out / "matched_0_1").rename(path.parent / "elsewhere")
    else:
        next((out / "matched_0_1" / "stimuli").iterdir()).unlink()
    again = ask(path)
    assert [line.step for line in again.steps if line.result == "done"] == ["matched_0_1"]
    assert made(out, contents) == before


@pytest.mark.parametrize("force", [False, True])
def test_a_result_that_somebody_worked_on_is_never_replaced(force: bool, study: Study) -> None:
    path = study()
    picture = next((ask(path).out / "matched_0_1" / "stimuli").iterdir())
    picture.write_bytes(b"retouched")
    with pytest.raises(StepsFailed):
        ask(path, force=force)
    assert picture.read_bytes() == b"retouched"


def test_another_version_makes_everything_again_but_trainings(
    study: Study, faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "allow_outside: true\nthreads: 1\nsteps:\n"
    text += f"  faces: {{do: samples, n: 2, size: 32}}\n  train: {{images: {faces}, preset: tiny, images_seen: 160}}\n"
    path = study(text)
    ask(path)
    monkeypatch.setattr(gaia_stim, "__version__", "9.9")
    again = ask(path)
    assert results(again) == {"faces": "done", "train": "skipped"}
    assert whys(again)["faces"].endswith("→ 9.9")


def test_what_fails_leaves_the_rest_alone(study: Study, contents: Contents) -> None:
    text = TEXT.replace("{a: 0, b: 1}", "{a: 0, b: 7}")
    path = study(text)
    heard: list[Event] = []
    with pytest.raises(StepsFailed) as caught:
        ask(path, heard.append)
    result = caught.value.result
    assert caught.value.exit_code == 3
    assert results(result) == {
        "faces": "done",
        "morphs_0_7": "failed",
        "morphs_2_3": "done",
        "matched_0_7": "left out",
        "matched_2_3": "done",
    }
    assert str(caught.value).startswith("1 of 5 steps failed; 1 that need them were left out\nmorphs_0_7: ")
    assert any(isinstance(event, Note) and event.warning and "face_00007.png" in event.text for event in heard)
    assert not list(result.out.glob("*0_7")) and not list(result.out.glob(".partial*"))
    assert json.loads(result.record.read_text())["steps"][1]["result"] == "failed"
    # Mended, the rest of it is done.
    study(TEXT)
    again = ask(path)
    assert [line.step for line in again.steps if line.result == "done"] == ["morphs_0_1", "matched_0_1"]


def test_the_command_shows_the_table_and_ends_with_the_code_of_the_first_failure(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study(TEXT.replace("{a: 0, b: 1}", "{a: 0, b: 7}"))
    assert cli.main(["--json", "run", str(path)]) == 3
    shown = capsys.readouterr()
    assert json.loads(shown.out)["results"] == {"done": 3, "failed": 1, "left out": 1}
    assert "error: 1 of 5 steps failed" in shown.err


def test_a_bug_in_one_step_is_told_once_the_others_are_done(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    made_by = morphs.morph

    def broken(config: Any, listen: Any) -> Any:
        if config.first.stem == "face_00000":
            raise KeyError("x")
        return made_by(config, listen)

    monkeypatch.setattr(morphs, "morph", broken)
    path = study()
    with pytest.raises(KeyError):
        ask(path)
    steps = json.loads((path.parent / "out/recipe/run.json").read_text())["steps"]
    assert {step["step"]: step["result"] for step in steps} == {
        "faces": "done",
        "morphs_0_1": "failed",
        "morphs_2_3": "done",
        "matched_0_1": "left out",
        "matched_2_3": "done",
    }


def test_a_licence_is_an_input(study: Study, contents: Contents) -> None:
    path = study()
    out = ask(path).out
    (out / "faces" / "licenses.csv").write_text("image,license\nimages/face_00002.png,CC BY 4.0\n")
    again = ask(path)
    # What the first pair is made of is asked again, and is as it was: what is made of that need not be.
    assert [line.step for line in again.steps if line.result == "done"] == ["morphs_0_1", "morphs_2_3", "matched_2_3"]
    assert whys(again)["morphs_0_1"] == "changed: input out/recipe/faces/licenses.csv"
    assert "unknown" in (out / "matched_2_3" / "manifest.csv").read_text()


def test_ctrl_c_and_the_same_command_goes_on(study: Study, contents: Contents, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(ask(study(name="whole")).out, contents)
    path = study()
    written = []

    def interrupted(pixels: Pixels) -> bytes:
        written.append(pixels)
        if len(written) == 5:
            raise KeyboardInterrupt
        return png_bytes(pixels)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "png_bytes", interrupted)
        with pytest.raises(
            Cancelled, match=r"stopped in 'morphs_2_3' with 2 of 5 steps done; the same command goes on"
        ):
            ask(path)
    again = ask(path)
    assert results(again) == {**dict.fromkeys(JOBS[:2], "skipped"), **dict.fromkeys(JOBS[2:], "done")}
    assert whys(again)["morphs_2_3"] == "was interrupted"
    assert made(again.out, contents) == whole


def test_a_step_that_stops_with_all_saved_stops_the_run(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise InterruptedRun("saved")

    monkeypatch.setattr(morphs, "morph", stop)
    with pytest.raises(InterruptedRun) as caught:
        ask(study())
    assert caught.value.exit_code == 75


def test_what_is_not_the_recipes_own_is_never_replaced(study: Study, contents: Contents) -> None:
    path = study()
    theirs = path.parent / "out" / "recipe" / "matched_0_1"
    theirs.mkdir(parents=True)
    (theirs / "thesis.txt").write_text("mine")
    with pytest.raises(StepsFailed, match="exists and is not a stimulus set"):
        ask(path)
    assert contents(theirs) == {"thesis.txt": b"mine"}


def test_the_same_bytes_from_anywhere(study: Study, contents: Contents, monkeypatch: pytest.MonkeyPatch) -> None:
    here = made(ask(study(name="here")).out, contents)
    path = study(name="there")
    monkeypatch.chdir(path.parent)
    assert made(ask(Path("recipe.yaml")).out, contents) == here
    assert Path.cwd() == path.parent


def test_where_the_user_says(study: Study, tmp_path: Path) -> None:
    result = ask(study(), out=Path("elsewhere"))
    assert result.out == Path("elsewhere")
    assert (tmp_path / "elsewhere" / "matched_0_1" / "manifest.csv").is_file()
    assert not (tmp_path / "study" / "out").exists()


def test_only_and_from(study: Study) -> None:
    path = study()
    with pytest.raises(ConfigError, match=r"--only: 'morphs_0_1' is needed and not done \(new\)"):
        ask(path, only="matched")
    assert results(ask(path, only="faces")) == {"faces": "done"}
    assert results(ask(path, only="morphs_0_1")) == {"morphs_0_1": "done"}
    assert results(ask(path, from_="morphs_2_3")) == {"morphs_2_3": "done", "matched_2_3": "done"}
    ask(path)
    assert results(ask(path, only="matched", force=True)) == {"matched_0_1": "done", "matched_2_3": "done"}
    with pytest.raises(ConfigError, match=r"--only morpsh: no such step in .* \(did you mean 'morphs'\?\)"):
        ask(path, only="morpsh")


def test_force_makes_the_same_bytes_again(study: Study, contents: Contents) -> None:
    path = study()
    before = made(ask(path).out, contents)
    again = ask(path, force=True)
    assert results(again) == dict.fromkeys(JOBS, "done")
    assert made(again.out, contents) == before


def test_a_dry_run_writes_nothing(study: Study, contents: Contents) -> None:
    path = study()
    result = ask(path, dry_run=True)
    assert results(result) == dict.fromkeys(JOBS, "to do")
    assert contents(path.parent).keys() == {"recipe.yaml"}


def test_two_runs_of_one_recipe(study: Study) -> None:
    path = study()
    out = path.parent / "out" / "recipe"
    out.mkdir(parents=True)
    with locked(out), pytest.raises(ConfigError, match="another run of this recipe is at work"):
        ask(path)
    assert results(ask(path)) == dict.fromkeys(JOBS, "done")


def test_a_crash_leaves_no_lock(study: Study) -> None:
    path = study()
    out = path.parent / "out" / "recipe"
    code = "import os, pathlib, sys; from gaia_stim.recipe.records import Records;"
    code += "held = Records(pathlib.Path(sys.argv[1])).locked(); held.__enter__(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(out)], check=False)
    assert (out / ".record" / "running.json").exists()
    assert results(ask(path)) == dict.fromkeys(JOBS, "done")
    assert not (out / ".record" / "running.json").exists()


def test_what_a_crash_left_is_swept_away(study: Study, contents: Contents) -> None:
    """Temporary files of a set's film, of a picture in it, of a record and of run.json."""
    path = study()
    out = ask(path).out
    before = set(contents(out))
    (out / ".record" / "_morphs_0_1.json").write_text("")
    strays = (
        ".partial-abcd_123morphs_0_1.gif",
        "morphs_0_1/stimuli/.partial-abcd_123m_0001.png",
        ".record/.partial-abcd_123_faces.json",
        ".partial-abcd_123run.json",
    )
    for stray in strays:
        (out / stray).write_text("half")
    assert results(ask(path))["morphs_0_1"] == "done"
    assert set(contents(out)) - {".record/hashes.json"} == before - {".record/hashes.json"}


def test_who_holds_the_lock_is_told(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    path = study()
    at_work, checked = threading.Event(), threading.Event()
    first = morphs.morph

    def slow(*given: Any) -> Any:
        at_work.set()
        checked.wait(20)
        return first(*given)

    monkeypatch.setattr(morphs, "morph", slow)
    other = threading.Thread(target=ask, args=(path,))
    other.start()
    try:
        assert at_work.wait(20)
        with pytest.raises(ConfigError, match=rf"\(process {os.getpid()} on .+ since .+\); wait for it"):
            ask(path)
    finally:
        checked.set()
        other.join()


def test_a_model_is_read_once(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = Space.load

    def counted(run: Path) -> Space:
        loaded.append(run)
        return load(run)

    monkeypatch.setattr(Space, "load", counted)
    ask(study())
    assert loaded == [Path("../model")]
    loaded.clear()
    ask(study(), force=True, only="morphs")
    assert len(loaded) == 1


def test_a_training_in_between_changes_no_threads(study: Study, faces: Path) -> None:
    """`train` sets the threads of the process, and provenance tells them."""
    text = TEXT.replace("OUTSIDE", "true").replace("threads: 1", "threads: 2")
    text = text.replace(
        "steps:\n  faces", f"steps:\n  train: {{images: {faces}, preset: tiny, images_seen: 160, threads: 1}}\n  faces"
    )
    out = ask(study(text)).out
    assert json.loads((out / "morphs_0_1" / "provenance.json").read_text())["threads"] == 2
    assert torch.get_num_threads() == 1
