"""A continuum, from two files to a set: its ends, its steps, its words, and what a second command may do."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gaia_stim
from gaia_stim import cli
from gaia_stim.config import MorphConfig, make
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.files import hash_file, read_json
from gaia_stim.images import read_image
from gaia_stim.metrics.distance import variation
from gaia_stim.pipeline.morphs import morph
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet

Ask = Callable[..., MorphConfig]
Contents = Callable[[Path], dict[str, bytes]]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def ends(faces: Path) -> list[Path]:
    return sorted(faces.iterdir())[:2]


@pytest.fixture
def ask(ends: list[Path], tiny_run: Path) -> Ask:
    """The config of a short morph between two faces."""

    def ask(**options: Any) -> MorphConfig:
        return make(
            MorphConfig, {"first": ends[0], "second": ends[1], "steps": 5, "out": "set", "model": tiny_run, **options}
        )

    return ask


def written(folder: Path) -> np.ndarray[Any, Any]:
    made = StimulusSet.open(folder)
    return np.stack([made.image(name) for name in made.table["stim_id"]])


# -- what is made -----------------------------------------------------------------------------------------------------


def test_the_ends_are_the_reconstructions_and_the_rest_lies_between(
    ask: Ask, ends: list[Path], space: Space, tmp_path: Path
) -> None:
    result = morph(ask())
    pictures = written(tmp_path / "set")
    assert np.array_equal(pictures[[0, -1]], space.decode(space.encode(ends)))
    assert np.array_equal(pictures, space.morph(ends[0], ends[1], 5))
    table = StimulusSet.open(result.out).table
    assert table["alpha"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert table["stim_id"].tolist() == [f"m_000{number}" for number in range(1, 6)]
    assert table["position"].tolist() == list(range(5))
    assert set(table["kind"]) == {"morph"} and set(table["raw"]) == {0}
    assert set(table["source_ids"]) == {f"{ends[0].stem};{ends[1].stem}"}
    assert set(table["model_hash"]) == {space.model_hash}
    errors = table["reconstruction_error"]
    assert errors[1:4].isna().all()
    for place, picture, end in ((0, pictures[0], ends[0]), (4, pictures[4], ends[1])):
        assert errors[place] == pytest.approx(np.abs(picture / 255 - read_image(end) / 255).mean())


@pytest.mark.parametrize("spacing", ["latent", "pixel"])
def test_how_even_the_steps_are_is_that_of_the_manifest(spacing: str, ask: Ask, tmp_path: Path) -> None:
    result = morph(ask(spacing=spacing, steps=9))
    made = StimulusSet.open(tmp_path / "set")
    steps = made.table["step_distance"].to_numpy()[1:]
    assert result.steps_cv == pytest.approx(variation(steps), abs=1e-12)
    assert made.table["cumulative_distance"].iloc[-1] == pytest.approx(steps.sum())
    assert (result.steps_cv < 0.02) is (spacing == "pixel")
    assert result.spacing == spacing and result.stimuli == 9
    even = morph(ask(steps=9, out="even"))
    assert result.steps_cv_before == even.steps_cv > 0.02
    assert np.array_equal(written(tmp_path / "set")[[0, -1]], written(tmp_path / "even")[[0, -1]])


def test_raw_end_points(ask: Ask, ends: list[Path], tmp_path: Path) -> None:
    morph(ask(raw_endpoints=True))
    made = StimulusSet.open(tmp_path / "set")
    assert made.table["raw"].tolist() == [1, 0, 0, 0, 1]
    assert np.array_equal(written(tmp_path / "set")[[0, -1]], [read_image(end) for end in ends])
    assert made.table["reconstruction_error"].dropna().tolist() == [0, 0]


def test_how_even_the_steps_are_with_raw_end_points(ask: Ask, tmp_path: Path) -> None:
    result = morph(ask(raw_endpoints=True, spacing="pixel"))
    steps = StimulusSet.open(tmp_path / "set").table["step_distance"].to_numpy()[1:]
    assert result.steps_cv == pytest.approx(variation(steps), abs=1e-9)


def test_provenance_tells_all(ask: Ask, ends: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    morph(ask(spacing="pixel"))
    provenance = read_json(tmp_path / "set" / "provenance.json")
    assert provenance["gaia_stim"] == gaia_stim.__version__
    assert provenance["model"]["model_hash"] == hash_file(tiny_run / "model.safetensors")
    assert provenance["request"]["verb"] == "morph"
    assert provenance["request"]["options"]["steps"] == 5
    found = [(source["source_id"], source["path"], source["image_hash"]) for source in provenance["sources"]]
    assert found == [(end.stem, str(end), hash_file(end)) for end in ends]
    spacing = provenance["plan"]["spacing"]
    assert spacing["name"] == "pixel" and spacing["steps_cv"] < spacing["steps_cv_before"]
    plan = Plan.from_json(provenance["plan"])
    table = StimulusSet.open(tmp_path / "set").table
    assert [row.alpha for row in plan.rows] == table["alpha"].tolist()
    assert np.array_equal(Space.load(tiny_run).decode(plan.codes), written(tmp_path / "set"))


def test_two_steps(ask: Ask, tmp_path: Path) -> None:
    morph(ask(steps=2))
    assert StimulusSet.open(tmp_path / "set").table["alpha"].tolist() == [0, 1]


def test_from_an_image_to_itself_leads_nowhere(ask: Ask, ends: list[Path], tmp_path: Path) -> None:
    """As on any other path: equal stimuli would be a continuum without a word."""
    for spacing in ("latent", "pixel"):
        with pytest.raises(DataError, match="have the same code: nothing lies between them"):
            morph(ask(second=ends[0], spacing=spacing, out=spacing))
    assert list(tmp_path.iterdir()) == []


def test_images_of_other_kinds_are_made_fit(ask: Ask, ends: list[Path], tmp_path: Path) -> None:
    """A grey image with a colour one, of other shapes; both of one name."""
    (tmp_path / "b").mkdir()
    Image.fromarray(np.tile(np.arange(90, dtype=np.uint8), (60, 1))).save(tmp_path / "face.png")
    shutil.copy(ends[0], tmp_path / "b" / "face.png")
    morph(ask(first="face.png", second="b/face.png"))
    made = StimulusSet.open(tmp_path / "set")
    assert written(tmp_path / "set").shape == (5, 32, 32, 3)
    first, second = made.table["source_ids"][0].split(";")
    assert first != second
    assert [source["source_id"] for source in made.provenance.as_written["sources"]] == [first, second]


def test_where_it_goes_without_being_told(ask: Ask, ends: list[Path], tmp_path: Path) -> None:
    result = morph(ask(out=None))
    assert result.out == Path(f"morph_{ends[0].stem}_{ends[1].stem}") and (tmp_path / result.out / "sheet.png").exists()
    assert result.sheet == result.out / "sheet.png"


# -- asked again ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", ["latent", "pixel"])
def test_the_same_command_is_the_same_bytes(spacing: str, ask: Ask, tmp_path: Path, contents: Contents) -> None:
    for name in ("one", "two"):
        morph(ask(out=name, spacing=spacing))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(contents(tmp_path / "one")) == 8


def test_the_identical_command_does_nothing(ask: Ask, tmp_path: Path) -> None:
    first = morph(ask())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "set").rglob("*")}
    told: list[Event] = []
    assert morph(ask(), told.append) == first
    assert Note("set holds this very set already: nothing to do") in told
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "set").rglob("*")} == before


def test_where_files_lie_makes_no_other_command(ask: Ask, ends: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    morph(ask())
    shutil.copy(ends[0], tmp_path / "elsewhere.png")
    shutil.copytree(tiny_run, tmp_path / "run")
    told: list[Event] = []
    morph(ask(first="elsewhere.png", model=tmp_path / "run"), told.append)
    assert any("nothing to do" in event.text for event in told if isinstance(event, Note))


def test_another_command_is_refused_and_force_replaces(
    ask: Ask, ends: list[Path], plant: Callable[..., Path], tmp_path: Path, contents: Contents
) -> None:
    morph(ask())
    before = contents(tmp_path / "set")
    other_model = plant()
    for other in (
        {"steps": 6},
        {"spacing": "pixel"},
        {"raw_endpoints": True},
        {"first": ends[1]},
        {"model": other_model},
    ):
        with pytest.raises(ConfigError, match=r"^set: holds another stimulus set; give another --out, or .*--force$"):
            morph(ask(**other))
    assert contents(tmp_path / "set") == before
    morph(ask(steps=3, force=True))
    assert len(list((tmp_path / "set" / "stimuli").iterdir())) == 3
    morph(ask(force=True))
    assert contents(tmp_path / "set") == before


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_someone_elses_is_refused(force: bool, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="exists and is not a stimulus set"):
        morph(ask(force=force))
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert (tmp_path / "set" / "thesis.txt").read_text() == "mine"


def test_a_stop_in_the_middle_leaves_nothing(ask: Ask, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if getattr(event, "task", "") == "writing stimuli" and getattr(event, "done", 0) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        morph(ask(), stop)
    assert list(tmp_path.iterdir()) == []


# -- which model ------------------------------------------------------------------------------------------------------


def test_it_says_which_model_it_took(ask: Ask, tiny_run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def said(**options: Any) -> str:
        told: list[Event] = []
        morph(ask(**options), told.append)
        return next(event.text for event in told if isinstance(event, Note))

    assert said(out="a") == f"model: {tiny_run} (given), 32 px, colour"
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "latest").write_text(f"{tiny_run}\n")
    why = f"{Path('runs/latest')}: the last one trained here, as none is given; -m builtin is the built-in model"
    assert said(out="b", model=None) == f"model: {tiny_run} ({why}), 32 px, colour"
    assert said(out="d", model="builtin") == "model: builtin (given), 64 px, colour"
    monkeypatch.setenv("GAIA_STIM_MODEL", str(tiny_run))
    assert said(out="c", model=None) == f"model: {tiny_run} ($GAIA_STIM_MODEL), 32 px, colour"


def test_a_model_that_is_not_there(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="none: no such model"):
        morph(ask(model=tmp_path / "none"))
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("named_by", ["GAIA_STIM_MODEL", "runs/latest"])
def test_a_model_that_is_not_there_and_was_not_given(named_by: str, ask: Ask, monkeypatch: Any, tmp_path: Path) -> None:
    if named_by == "runs/latest":
        (tmp_path / "runs").mkdir()
        (tmp_path / "runs" / "latest").write_text(f"{tmp_path / 'gone'}\n")
    else:
        monkeypatch.setenv("GAIA_STIM_MODEL", str(tmp_path / "gone"))
    with pytest.raises(CheckpointError) as caught:
        morph(ask(model=None))
    assert named_by in str(caught.value)


# -- a user's mistakes, as a user sees them ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["text.png", "{b}"], 3, "text.png: not an image, although its name ends in .png"),
        (["{a}", "cut.png"], 3, "cut.png: truncated"),
        (["{a}", "none.png"], 3, "none.png: no such file"),
        (["{a}", "folder"], 3, "folder: "),
        (["{a}", "empty.png"], 3, "empty.png: the file is empty"),
        (["{a}", "{b}", "--steps", "1"], 2, "--steps: should be greater than or equal to 2 (got '1')"),
        (["{a}", "{b}", "--steps", "abc"], 2, "--steps: should be a valid integer"),
        (["{a}", "{b}", "--spacing", "pixle"], 2, "(did you mean 'pixel'?)"),
        (["{a}", "{b}", "--spacnig", "pixel"], 2, "--spacing"),
        (["{a}", "{b}", "-m", "none"], 4, "none: no such model"),
        (["{a}", "{b}", "-m", "folder"], 4, "folder: not a run folder"),
        (["{a}"], 2, "B: is needed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake(
    words: list[str], code: int, said: str, ends: list[Path], tiny_run: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "cut.png").write_bytes(ends[0].read_bytes()[:400])
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    typed = [word.format(a=ends[0], b=ends[1]) for word in words]
    model = [] if "-m" in words else ["-m", str(tiny_run)]
    assert cli.main(["--quiet", "morph", *typed, *model, "--out", "set"]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and said in err
    assert "Traceback" not in err and len(err.strip().splitlines()) <= 2
    assert sorted(tmp_path.rglob("*")) == before


def test_mistakes_of_a_notebook(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'pixel'"):
        morph(ask(spacing="pixle"))
    with pytest.raises(ConfigError, match="--steps"):
        ask(steps=1)
    assert not (tmp_path / "set").exists()


def test_an_image_that_is_not_there_in_a_notebook(ask: Ask) -> None:
    with pytest.raises(DataError, match=r"none\.png: no such file"):
        morph(ask(first="none.png"))


@pytest.mark.skipif(os.name == "nt", reason="names there are Unicode")
def test_a_name_that_is_no_text(ends: list[Path], tiny_run: Path, tmp_path: Path, capsys: Capture) -> None:
    odd = os.fsdecode(b"\xff.png")
    shutil.copy(ends[0], odd)
    assert cli.main(["-q", "morph", odd, str(ends[1]), "-m", str(tiny_run), "--out", "set"]) in (0, 3)
    assert "bug" not in capsys.readouterr().err
