"""The one door out: what is ours is found again and replaced, what is anybody's is left alone."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from planted_sets import planted_morph

from gaia_stim import cli
from gaia_stim.config import (
    AuditConfig,
    BenchmarkMidpointsConfig,
    DesignConfig,
    ExportConfig,
    MatchConfig,
    MorphConfig,
    RemakeConfig,
)
from gaia_stim.errors import DataError, OutputInTheWay
from gaia_stim.events import Event, Note
from gaia_stim.files import read_json, write_json
from gaia_stim.images import list_images
from gaia_stim.outputs import FILES, Kind, Make, file_once, made_once, read_record, stands
from gaia_stim.pipeline.audit import audit
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.pipeline.match import match
from gaia_stim.pipeline.midpoints import benchmark_midpoints
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.remake import remake
from gaia_stim.tensors import read_tensors, write_tensors

KIND = Kind("thing", "thing.json", parts=frozenset({"a.txt", "deep"}), editable=frozenset({"settings.txt"}))
OLD = Kind("thing", "thing.json", parts=frozenset({"a.txt", "deep"}))
ONE, OTHER = {"verb": "one"}, {"verb": "other"}
Contents = Callable[[Path], dict[str, bytes]]


def fill(text: str) -> Make:
    def make(folder: Path) -> dict[str, Any]:
        (folder / "deep").mkdir()
        for name in ("a.txt", "deep/b.txt", "settings.txt"):
            (folder / name).write_text(text)
        return {"about": text}

    return make


@pytest.fixture
def made(tmp_path: Path) -> Path:
    made_once(tmp_path / "out", KIND, ONE, fill("first"))
    return tmp_path / "out"


def test_the_record_says_what_was_asked_for_and_what_was_written(made: Path) -> None:
    record = read_json(made / "thing.json")
    assert record["request"] == ONE and record["about"] == "first"
    assert record[FILES].keys() == {"a.txt", "deep/b.txt", "settings.txt", "thing.json"}


def test_the_same_again_does_nothing(made: Path, contents: Contents) -> None:
    before, told = contents(made), list[Event]()
    assert made_once(made, KIND, ONE, fill("second"), listen=told.append)["about"] == "first"
    assert contents(made) == before
    assert told == [Note(f"{made} holds this very thing already: nothing to do")]
    assert made_once(made, KIND, ONE, fill("second"), force=True)["about"] == "second"


def test_another_is_refused_and_force_replaces_it(made: Path) -> None:
    with pytest.raises(OutputInTheWay, match=r"holds another thing; .* --force") as caught:
        made_once(made, KIND, OTHER, fill("second"))
    assert caught.value.replaceable
    made_once(made, KIND, OTHER, fill("second"), force=True)
    assert (made / "deep" / "b.txt").read_text() == "second"


def test_what_is_gone_is_made_again(made: Path) -> None:
    (made / "deep" / "b.txt").unlink()
    made_once(made, KIND, ONE, fill("second"))
    assert (made / "deep" / "b.txt").read_text() == "second"


def add(made: Path) -> str:
    (made / "deep" / "notes.txt").write_text("mine")
    return "deep/notes.txt"


def change(made: Path) -> str:
    (made / "deep" / "b.txt").write_text("mine")
    return "deep/b.txt"


def link(made: Path) -> str:
    outside = made.parent / "photographs"
    outside.mkdir()
    (outside / "anna.png").write_text("mine")
    shutil.rmtree(made / "deep")
    (made / "deep").symlink_to(outside)
    return "deep"


def empty(made: Path) -> str:
    (made / "data").mkdir()
    return "data"


@pytest.mark.parametrize("touch", [add, change, link, empty])
@pytest.mark.parametrize("request_", [ONE, OTHER], ids=["same", "other"])
@pytest.mark.parametrize("force", [False, True])
def test_somebodys_work_is_never_replaced(
    touch: Callable[[Path], str], request_: dict[str, str], force: bool, made: Path, contents: Contents
) -> None:
    name = touch(made)
    before = contents(made.parent)
    if request_ == ONE and not force and touch in (add, empty):
        # An experiment has written its results beside it: what was asked for is there all the same.
        assert made_once(made, KIND, request_, fill("second"))["about"] == "first"
    else:
        with pytest.raises(OutputInTheWay, match=name) as caught:
            made_once(made, KIND, request_, fill("second"), force=force)
        assert not caught.value.replaceable and "--force" not in str(caught.value)
    assert contents(made.parent) == before


@pytest.mark.parametrize("force", [False, True])
def test_what_is_to_be_edited_is_kept_and_said(force: bool, made: Path) -> None:
    (made / "settings.txt").write_text("edited")
    told: list[Event] = []
    assert made_once(made, KIND, ONE, fill("second"), force=force, listen=told.append)["about"] in ("first", "second")
    assert (made / "settings.txt").read_text() == "edited"
    if force:
        assert Note(f"{made / 'settings.txt'}: kept as you edited it") in told
        # Again: it is still known for what was written, not for what it was edited to.
        made_once(made, KIND, OTHER, fill("third"), force=True)
        assert (made / "settings.txt").read_text() == "edited"
        assert (made / "a.txt").read_text() == "third"


@pytest.mark.parametrize("record", [None, "no json", [], {}, {"request": "text"}], ids=str)
@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_not_ours(record: object, force: bool, tmp_path: Path) -> None:
    home = tmp_path / "mine"
    home.mkdir()
    (home / "thesis.txt").write_text("mine")
    if isinstance(record, str):
        (home / KIND.record).write_text(record)
    elif record is not None:
        write_json(home / KIND.record, record)
    for out in (home, home / "thesis.txt"):
        with pytest.raises(OutputInTheWay, match="exists and is not a thing; give another --out"):
            made_once(out, KIND, ONE, fill("second"), force=force)
    assert (home / "thesis.txt").read_text() == "mine"


def test_a_kind_is_told_by_its_verb(made: Path) -> None:
    assert read_record(made, Kind("one", "thing.json", verb="one")) is not None
    assert read_record(made, Kind("other", "thing.json", verb="other")) is None


@pytest.mark.parametrize("files", [None, ["a.txt", "deep/b.txt"]], ids=["nothing", "names"])
def test_folders_of_before_there_were_hashes(files: list[str] | None, made: Path) -> None:
    """Nothing tells whether they were changed: they are found, and never replaced."""
    (made / "settings.txt").unlink()
    record = {name: value for name, value in read_json(made / "thing.json").items() if name != FILES}
    write_json(made / "thing.json", record if files is None else {**record, FILES: files})
    assert stands(made, OLD, ONE)
    for request, force in ((ONE, True), (OTHER, False), (OTHER, True)):
        with pytest.raises(OutputInTheWay) as caught:
            stands(made, OLD, request, force=force)
        assert "--force" not in str(caught.value) and not caught.value.replaceable
        assert not force or "a.txt since cannot be told" in str(caught.value)
    (made / "notes.txt").write_text("mine")
    with pytest.raises(OutputInTheWay, match=r"notes\.txt"):
        stands(made, OLD, OTHER, force=True)


def test_an_empty_folder_is_filled_and_not_replaced(tmp_path: Path) -> None:
    """A shell that stands in it would be left in a folder that is gone."""
    home = tmp_path / "home"
    home.mkdir()
    before = home.stat().st_ino
    with chdir(home):
        made_once(Path(), KIND, ONE, fill("first"))
        assert Path("a.txt").read_text() == "first"
    assert home.stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


# -- every verb that makes a folder ------------------------------------------------------------------------------------


@pytest.fixture
def verbs(tmp_path: Path, faces: Path, tiny_run: Path) -> Iterator[dict[str, Callable[[bool], Path]]]:
    a, b = sorted(faces.iterdir())[:2]
    stimuli = planted_morph(tmp_path / "set").folder
    written = morph(MorphConfig(first=a, second=b, model=tiny_run, steps=3, out=tmp_path / "morph")).out
    out = tmp_path / "out"
    yield {
        "morph": lambda force: morph(MorphConfig(first=a, second=b, model=tiny_run, steps=3, out=out, force=force)).out,
        "match": lambda force: match(MatchConfig(stimuli=written, luminance=True, out=out, force=force)).out,
        "remake": lambda force: remake(RemakeConfig(target=written, model=tiny_run, out=out, force=force)).out,
        "export": lambda force: export(ExportConfig(stimuli=stimuli, to="psychopy", out=out, force=force)).out,
        "design": lambda force: (
            design(DesignConfig(kind="2afc", stimuli=stimuli, participants=1, out=out, force=force)).out
        ),
        "audit": lambda force: audit(AuditConfig(stimuli=written, model=tiny_run, out=out, force=force)).out,
        "benchmark midpoints": lambda force: benchmark_midpoints(
            BenchmarkMidpointsConfig(runs=(tiny_run,), pairs=8, out=out, force=force)
        )["out"],
    }


@pytest.mark.parametrize("verb", ["morph", "match", "remake", "export", "design", "audit", "benchmark midpoints"])
def test_every_verb_keeps_the_rule(
    verb: str, verbs: dict[str, Callable[[bool], Path]], tmp_path: Path, contents: Contents
) -> None:
    make = verbs[verb]
    out = make(False)
    first = contents(out)
    assert make(False) == out and contents(out) == first
    assert make(True) == out and contents(out).keys() == first.keys()
    ours = next(path for path in sorted(out.rglob("*")) if path.suffix in (".png", ".csv") and path.is_file())
    kept = ours.read_bytes()
    # Somebody's file, at any depth, with --force or without.
    (ours.parent / "notes.txt").write_text("mine")
    assert make(False) == out
    with pytest.raises(OutputInTheWay, match=r"notes\.txt"):
        make(True)
    (ours.parent / "notes.txt").unlink()
    # One of ours that was changed since.
    ours.write_bytes(b"retouched")
    for force in (False, True):
        with pytest.raises(OutputInTheWay, match=f"{ours.name} was changed"):
            make(force)
    assert ours.read_bytes() == b"retouched"
    ours.write_bytes(kept)
    # One that is gone is made again.
    ours.unlink()
    make(False)
    assert contents(out).keys() == first.keys()
    # A folder that is not ours.
    shutil.rmtree(out)
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(OutputInTheWay, match="exists and is not"):
        make(True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["morph", "out", "set"]


# -- what was lost once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["samples", "study", "--n", "8"], ["demo", "--out", "study"]], ids=str)
def test_samples_never_replace_a_study(
    words: list[str], tmp_path: Path, contents: Contents, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study" / "faces" if words[0] == "demo" else tmp_path / "study"
    (study / "images").mkdir(parents=True)
    (study / "labels.csv").write_text("image,trust\n")
    (study / "images" / "face_00001.png").write_text("mine")
    before = contents(tmp_path)
    for force in ([], ["--force"]):
        assert cli.main([*words, *force]) == 2
        assert "--force" not in capsys.readouterr().err
        assert contents(tmp_path) == before


def test_samples_that_somebody_worked_on_are_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = ["samples", "study", "--n", "8", "--size", "32"]
    assert cli.main(draw) == 0
    labels, anna = tmp_path / "study" / "labels.csv", tmp_path / "study" / "images" / "anna.png"
    written = labels.read_text()
    for path in (labels, anna):
        path.write_text("mine")
    for more in (["--force"], ["--seed", "1"], ["--seed", "1", "--force"]):
        assert cli.main([*draw, *more]) == 2, more
        assert "--force" not in capsys.readouterr().err
    assert labels.read_text() == "mine"
    labels.write_text(written)
    assert cli.main([*draw, "--seed", "1", "--force"]) == 0
    assert labels.read_text() != written and anna.read_text() == "mine"


def test_a_run_never_writes_through_a_link(tmp_path: Path, faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = ["train", str(faces), "--out", "run", "--preset", "tiny", "--images-seen", "32", "--threads", "1"]
    assert cli.main(train) == 0
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    (photographs / "000000032.png").write_text("mine")
    shutil.rmtree("run/sheets")
    Path("run/sheets").symlink_to(photographs)
    for more in ([], ["--force"]):
        assert cli.main([*train, "--seed", "1", *more]) == 2
        assert "is a link" in capsys.readouterr().err
    assert [path.read_text() for path in photographs.iterdir()] == ["mine"]


def test_a_file_of_somebody_that_is_called_runs_latest(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("runs").mkdir()
    Path("runs/latest").write_text("which of them was it?\n")
    train = ["train", str(faces), "--out", "run", "--preset", "tiny", "--images-seen", "32", "--threads", "1"]
    assert cli.main(train) == 0
    assert "a file of your own" in capsys.readouterr().err
    assert Path("runs/latest").read_text() == "which of them was it?\n"


def test_a_run_among_the_photographs_is_not_trained_on(faces: Path, tmp_path: Path) -> None:
    """`cd photos; train .`: what is made in there are no images, and the same command goes on."""
    shutil.copytree(faces, tmp_path / "photos")
    with chdir(tmp_path / "photos"):
        train = ["train", ".", "--preset", "tiny", "--threads", "1", "--images-seen"]
        assert cli.main([*train, "32"]) == 0
        a, b = sorted(path.name for path in Path().glob("*.png"))[:2]
        assert cli.main(["morph", a, b, "--steps", "3", "--out", "morph"]) == 0
        assert list_images(Path()) == list_images(faces)
        assert cli.main([*train, "32"]) == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("photo.png", ["report", "set", "--out", "photo.png"]),
        ("labels.csv", ["encode", "A", "--out", "labels.csv"]),
        ("set.zip", ["morph", "A", "B", "--steps", "3", "--out", "set", "--zip"]),
        ("study/run.json", ["run", "study.yaml", "--out", "study"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_of_another_kind_is_never_replaced(
    name: str, words: list[str], faces: Path, tmp_path: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (str(path) for path in sorted(faces.iterdir())[:2])
    assert cli.main(["morph", a, b, "--steps", "3", "--out", "set", "-m", str(tiny_run)]) == 0
    Path("study.yaml").write_text(f"steps:\n  m:\n    do: morph\n    first: {a}\n    second: {b}\n")
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("mine")
    capsys.readouterr()
    given = [{"A": a, "B": b}.get(word, word) for word in words]
    model = ["-m", str(tiny_run)] if words[0] in ("encode", "morph") else []
    for force in ([], ["--force"] if words[0] != "run" else []):
        assert cli.main([*given, *model, *force]) == 2
        assert "--force" not in capsys.readouterr().err
        assert Path(name).read_text() == "mine"


def test_places_that_are_named_oddly(
    faces: Path, tmp_path: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (str(path) for path in sorted(faces.iterdir())[:2])
    morph = ["morph", a, b, "--steps", "3", "-m", str(tiny_run)]
    assert cli.main([*morph, "--out", ""]) == 2
    assert "--out: should name a file or folder; it is empty" in capsys.readouterr().err
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    assert cli.main([*morph, "--out=~/anna"]) == 0
    assert (tmp_path / "home" / "anna" / "manifest.csv").is_file() and not Path("~").exists()
    (tmp_path / "here").mkdir()
    before = (tmp_path / "here").stat().st_ino
    with chdir(tmp_path / "here"):
        assert cli.main([*morph, "--out", "."]) == 0
        assert Path("manifest.csv").is_file() and cli.main([*morph, "--out", "."]) == 0
    assert (tmp_path / "here").stat().st_ino == before


def test_texts_of_an_experiment_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a lab edits in `texts.js` outlives the stimuli that it was written for."""
    planted_morph(tmp_path / "set")
    export_set = ["export", "set", "--to", "jspsych", "--out", "experiment", "--force"]
    assert cli.main(export_set) == 0
    texts = tmp_path / "experiment" / "texts.js"
    texts.write_text(edited := texts.read_text().replace("Thank you!", "Thanks!", 1))
    shutil.rmtree(tmp_path / "set")
    planted_morph(tmp_path / "set", steps=7)
    assert cli.main(export_set) == 0
    assert texts.read_text() == edited
    assert "texts.js: kept as you edited it" in capsys.readouterr().err


def test_an_edited_text_that_the_new_export_has_no_place_for_is_not_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted_morph(tmp_path / "set")
    assert cli.main(["export", "set", "--to", "jspsych", "--out", "experiment"]) == 0
    texts = tmp_path / "experiment" / "texts.js"
    texts.write_text("edited")
    assert cli.main(["export", "set", "--to", "psychopy", "--out", "experiment", "--force"]) == 2
    assert "was edited by you" in capsys.readouterr().err and texts.read_text() == "edited"


def test_what_a_desktop_leaves_in_a_folder_is_in_nobodys_way(made: Path) -> None:
    for name in (".DS_Store", "deep/Thumbs.db", "deep/._b.txt"):
        (made / name).write_text("")
    assert stands(made, KIND, ONE)
    made_once(made, KIND, OTHER, fill("second"), force=True)
    assert not (made / ".DS_Store").exists()


def test_the_folder_that_a_shell_is_in_is_never_replaced(made: Path) -> None:
    for inside in (made, made / "deep"):
        with chdir(inside), pytest.raises(OutputInTheWay, match="the folder that you are in"):
            made_once(made, KIND, OTHER, fill("second"), force=True)
    made.rename(made.with_name("real"))
    made.symlink_to(made.with_name("real"))
    with pytest.raises(OutputInTheWay, match="is a link"):
        made_once(made, KIND, OTHER, fill("second"), force=True)


@pytest.mark.parametrize("files", [{"a.txt": 1}, [["a.txt"]], 7])
def test_a_record_that_is_none_of_ours_is_no_bug(files: object, made: Path) -> None:
    write_json(made / "thing.json", {**read_json(made / "thing.json"), FILES: files})
    with pytest.raises(OutputInTheWay):
        made_once(made, KIND, OTHER, fill("second"), force=True)


def test_pictures_beside_a_runs_sheets_are_kept(faces: Path) -> None:
    train = ["train", str(faces), "--out", "run", "--preset", "tiny", "--images-seen", "32", "--threads", "1"]
    assert cli.main(train) == 0
    Path("run/sheets/mine.png").write_text("mine")
    assert cli.main([*train, "--seed", "1", "--force"]) == 0
    assert Path("run/sheets/mine.png").read_text() == "mine"


def test_samples_are_never_mended_over_somebodys_work(capsys: pytest.CaptureFixture[str]) -> None:
    draw = ["samples", "study", "--n", "6", "--size", "32"]
    assert cli.main(draw) == 0
    labels, face = Path("study/labels.csv"), Path("study/images/face_00001.png")
    written, drawn = labels.read_text(), face.read_bytes()
    labels.write_text(written.replace("age", "my age"))
    Path("study/images/face_00003.png").unlink()
    assert cli.main(draw) == 2 and "my age" in labels.read_text()
    labels.write_text(written)
    face.write_bytes(b"retouched")
    assert cli.main([*draw, "--seed", "2", "--force"]) == 2 and face.read_bytes() == b"retouched"
    face.write_bytes(drawn)
    assert cli.main([*draw, "--seed", "2", "--force"]) == 0
    assert "was changed after" in capsys.readouterr().err


def test_a_photograph_is_no_film(faces: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = (str(path) for path in sorted(faces.iterdir())[:2])
    Image.open(a).save("anna.gif")
    before = Path("anna.gif").read_bytes()
    for force in ([], ["--force"]):
        assert cli.main(["morph", a, b, "--steps", "3", "--out", "anna", "--gif", "-m", str(tiny_run), *force]) == 2
        assert "no record says that it is a film or archive of ours" in capsys.readouterr().err
    assert Path("anna.gif").read_bytes() == before


def test_a_name_that_begins_with_a_tilde_is_a_name(faces: Path, tiny_run: Path) -> None:
    a, b = sorted(faces.iterdir())[:2]
    shutil.copy(a, "~anna.png")
    assert cli.main(["morph", "~anna.png", str(b), "--steps", "3", "--out", "~set", "-m", str(tiny_run)]) == 0
    assert Path("~set/manifest.csv").is_file()


def test_a_set_is_not_compared_with_itself(faces: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = (str(path) for path in sorted(faces.iterdir())[:2])
    assert cli.main(["morph", a, b, "--steps", "3", "--out", "set", "-m", str(tiny_run)]) == 0
    Path("alias").symlink_to("set")
    assert cli.main(["remake", "set", "--out", "alias", "-m", str(tiny_run)]) == 2
    assert "is the set itself" in capsys.readouterr().err


def test_a_comparison_never_takes_somebodys_folder(plant: Callable[..., Path], faces: Path) -> None:
    Path("mine").mkdir()
    Path("mine/comparison.csv").write_text("mine")
    runs = [str(plant(name, size=16)) for name in ("a", "b")]
    assert cli.main(["compare", *runs, "--images", str(faces), "--out", "mine", "--force"]) == 2
    assert Path("mine/comparison.csv").read_text() == "mine"


# -- single files, whose record lies beside them -----------------------------------------------------------------------

FILE = Kind("table")
SAID = "t.csv"


def record_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.gaia-stim.json")


def test_a_file_keeps_the_rule(tmp_path: Path, contents: Contents) -> None:
    out = tmp_path / SAID
    file_once(out, FILE, ONE, lambda: b"first")
    told: list[Event] = []
    file_once(out, FILE, ONE, lambda: b"second", listen=told.append)
    assert told == [Note(f"{out} is this very table already: nothing to do")]
    with pytest.raises(OutputInTheWay, match=r"is another table; .* --force") as caught:
        file_once(out, FILE, OTHER, lambda: b"second")
    assert caught.value.replaceable and out.read_bytes() == b"first"
    file_once(out, FILE, OTHER, lambda: b"second", force=True)
    assert out.read_bytes() == b"second"
    out.unlink()
    file_once(out, FILE, ONE, lambda: b"third")
    out.write_bytes(b"edited")
    before = contents(tmp_path)
    for request in (ONE, OTHER):
        for force in (False, True):
            with pytest.raises(OutputInTheWay) as caught:
                file_once(out, FILE, request, lambda: b"fourth", force=force)
            assert not caught.value.replaceable and "--force" not in str(caught.value)
    assert contents(tmp_path) == before


def test_a_file_that_nothing_is_known_of_is_somebodys(tmp_path: Path, contents: Contents) -> None:
    out = tmp_path / SAID
    (tmp_path / "real.csv").write_text("mine")
    for content in (lambda: out.write_text("mine"), lambda: out.symlink_to("real.csv"), lambda: out.symlink_to("gone")):
        content()
        for force in (False, True):
            with pytest.raises(OutputInTheWay, match="no record says that it is a table of ours"):
                file_once(out, FILE, ONE, lambda: b"second", force=force)
        out.unlink()
    record_of(out).write_text("mine")
    with pytest.raises(OutputInTheWay, match=r"\.t\.csv\.gaia-stim\.json: a file of your own"):
        file_once(out, FILE, ONE, lambda: b"second", force=True)
    assert contents(tmp_path) == {"real.csv": b"mine", record_of(out).name: b"mine"}
    for folder in (tmp_path, Path()):
        with pytest.raises(OutputInTheWay, match="is a folder; give --out a file"):
            file_once(folder, FILE, ONE, lambda: b"second", force=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_record_that_somebody_wrote_into_is_kept(force: bool, made: Path) -> None:
    """For a folder and for a file alike."""
    table = made.with_name(SAID)
    file_once(table, FILE, ONE, lambda: b"first")
    for record in (made / KIND.record, record_of(table)):
        write_json(record, {**read_json(record), "notes": "mine"})
    with pytest.raises(OutputInTheWay, match=r"thing\.json was changed"):
        made_once(made, KIND, ONE, fill("second"), force=force)
    with pytest.raises(OutputInTheWay, match=r"gaia-stim\.json was changed"):
        file_once(table, FILE, ONE, lambda: b"second", force=force)
    assert read_json(made / KIND.record)["notes"] == read_json(record_of(table))["notes"] == "mine"


def test_a_kill_between_a_record_and_its_file(tmp_path: Path) -> None:
    out = tmp_path / SAID
    file_once(out, FILE, ONE, lambda: b"first")
    file_once(out, FILE, OTHER, lambda: b"second", force=True)
    out.write_bytes(b"first")  # as it was when the record was there already
    file_once(out, FILE, OTHER, lambda: b"second")
    assert out.read_bytes() == b"second"


@pytest.mark.parametrize("name", ["codes.npz", "codes.csv", "page.html", "figures.json", "recipe.yaml", "set.gif"])
def test_a_file_that_was_edited_is_never_replaced(
    name: str, faces: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (str(path) for path in sorted(faces.iterdir())[:2])
    model = ["-m", str(tiny_run)]
    morph = ["morph", a, b, "--steps", "3", "--out", "set", *model]
    assert cli.main(morph) == 0
    words = {
        "codes": ["encode", a, "--out", name, *model],
        "page": ["report", "set", "--out", name],
        "figures": ["evaluate", str(tiny_run), "--out", name],
        "recipe": ["recipe", "from", "set", "--out", name],
        "set": [*morph, "--gif"],
    }[name.partition(".")[0]]
    assert cli.main(words) == 0
    first = Path(name).read_bytes()
    capsys.readouterr()
    assert cli.main(words) == 0
    assert Path(name).read_bytes() == first and cli.main([*words, "--force"]) == 0
    Path(name).write_bytes(first + b"#mine")
    for force in ([], ["--force"]):
        assert cli.main([*words, *force]) == 2
        assert f"{name}: was changed after" in capsys.readouterr().err
    assert Path(name).read_bytes() == first + b"#mine"


def test_the_same_figures_and_the_same_recipe_are_found(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planted_morph(Path("planted"))
    evaluate = ["evaluate", str(tiny_run), "--out", "figures.json"]
    assert cli.main(["--json", *evaluate]) == 0
    first = capsys.readouterr().out
    assert cli.main(["--json", *evaluate]) == 0
    again = capsys.readouterr()
    assert again.out == first and "figures.json is this very file of figures already: nothing to do" in again.err
    assert cli.main([*evaluate, "--seed", "1"]) == 2
    assert "--force" in capsys.readouterr().err


def test_a_recipe_does_not_replace_what_was_edited(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(sorted(faces.iterdir())[0], "anna.png")
    Path("study.yaml").write_text("steps:\n  z:\n    do: encode\n    images: [anna.png]\n")
    assert cli.main(["run", "study.yaml"]) == 0
    codes = Path("out/study/z.csv")
    codes.write_text(codes.read_text().replace("anna.png", "berta.png"))
    edited = codes.read_bytes()
    for force in ([], ["--force"]):
        assert cli.main(["run", "study.yaml", *force]) == 2
        assert "z.csv: was changed after the file of codes was written" in capsys.readouterr().err
    assert codes.read_bytes() == edited


def test_a_film_of_the_set_before_does_not_stay(
    faces: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (str(path) for path in sorted(faces.iterdir())[:2])
    morph = ["morph", a, b, "--out", "set", "-m", str(tiny_run)]
    assert cli.main([*morph, "--steps", "3", "--gif", "--zip"]) == 0
    Path("set.zip").write_bytes(b"mine")
    assert cli.main([*morph, "--steps", "4", "--force"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "set.gif: deleted, for it showed the set that was here before" in told and not Path("set.gif").exists()
    assert "set.zip: shows the set that was here before, and was changed since" in told
    assert Path("set.zip").read_bytes() == b"mine"


# -- what was said wrongly once ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"no weights")])
@pytest.mark.parametrize("is_last", [True, False])
def test_a_run_whose_weights_are_lost_is_not_trained_already(
    damage: Callable[[Path], object], is_last: bool, faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ["train", str(faces), "--out", "run", "--preset", "tiny", "--images-seen", "64", "--threads", "1"]
    assert cli.main(train) == 0
    weights, state = Path("run/model.safetensors"), Path("run/training_state.safetensors")
    if not is_last:
        tensors, record = read_tensors(state)
        write_tensors(state, tensors, {**record, "best_images_seen": 32})
    kept = weights.read_bytes()
    damage(weights)
    capsys.readouterr()
    assert cli.main(train) == (0 if is_last else 4)
    told = " ".join(capsys.readouterr().err.split())
    if is_last:
        assert "written again, for they are those of the last save" in told and weights.read_bytes() == kept
    else:
        assert "start again with --force" in told and "nothing to do" not in told


def test_sets_of_version_0_1_are_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It kept the hashes of pictures alone, in the manifest."""
    shutil.copytree(Path(__file__).parent / "data" / "version_0_1", "old")
    with chdir("old"):
        morph = ["morph", "photos/f0.png", "photos/f1.png", "--steps", "3", "--spacing", "pixel", "--raw-endpoints"]
        morph += ["--out", "morph", "--size", "model", "-m", "model"]
        assert cli.main(morph) == 0
        assert "nothing to do" in capsys.readouterr().err
        assert cli.main([*morph, "--force"]) == 2
        assert "cannot be told" in capsys.readouterr().err
        picture = sorted(Path("morph/stimuli").iterdir())[1]
        Image.open(picture).rotate(90).save(picture)
        retouched = picture.read_bytes()
        for force in ([], ["--force"]):
            assert cli.main([*morph, *force]) == 2
            assert f"{picture.name} was changed after the stimulus set" in capsys.readouterr().err
        assert picture.read_bytes() == retouched


def test_pictures_that_were_skipped_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tiny_run: Path
) -> None:
    planted_morph(tmp_path / "home" / "set")
    assert cli.main(["encode", "home", "-m", str(tiny_run)]) == 3
    told = capsys.readouterr().err
    assert "which are skipped" in told and "home/set/stimuli" in " ".join(told.split())
    assert cli.main(["encode", "home/set/stimuli", "-m", str(tiny_run)]) == 0


def test_a_place_that_leads_back(faces: Path, tiny_run: Path, tmp_path: Path, contents: Contents) -> None:
    a, b = (str(path) for path in sorted(faces.iterdir())[:2])
    morph = ["morph", a, b, "--steps", "3", "-m", str(tiny_run)]
    Path("mine.txt").write_text("mine")
    for out in ("new/..", "new/../../" + tmp_path.name, "."):
        assert cli.main([*morph, "--out", out]) == 2
    assert contents(tmp_path) == {"mine.txt": b"mine"} and not Path("new").exists()
    assert cli.main([*morph, "--out", "new/../set"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "set"]
    Path("deep").mkdir()
    with chdir("deep"):
        assert cli.main([*morph, "--out", "../other"]) == 0
    assert Path("other/manifest.csv").is_file()


def test_messages_name_what_the_user_named(tmp_path: Path) -> None:
    def fail(staging: Path) -> dict[str, Any]:
        if kind is OSError:
            raise OSError(13, "no", str(staging / "a.txt"))
        raise DataError(f"{staging / 'a.txt'}: no")

    for kind in (OSError, DataError):
        with pytest.raises(kind) as caught:
            made_once(tmp_path / "out", KIND, ONE, fail)
        assert str(tmp_path / "out" / "a.txt") in str(caught.value) and ".partial" not in str(caught.value)
    with pytest.raises(OSError, match="too long") as long:
        file_once(tmp_path / ("n" * 240 + ".csv"), FILE, ONE, lambda: b"")
    assert ".partial" not in str(long.value)
