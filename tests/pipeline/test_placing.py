"""Photographs that lie elsewhere, given to a model whose images were aligned: as a user meets it."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaia_stim import cli
from gaia_stim.alignment import AlignmentFrame, Similarity, Target
from gaia_stim.config import SamplesConfig
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.views import MorphView
from gaia_stim.files import hash_file
from gaia_stim.images import Pixels, Positions, read_image
from gaia_stim.pipeline.samples import samples
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import StimulusSet

SIDE = 96
EYES = np.array([(0.35, 0.45), (0.65, 0.45)])
FRAME = AlignmentFrame(target=Target("eyes", 0.3, 0.45, SIDE), eyes=((0.35, 0.45), (0.65, 0.45)))
MOVED = Similarity(0.8, 0.2, (-16.0, -30.0))
"""From a moved photograph (150 × 200) to the one that was moved."""


@dataclass(frozen=True)
class PlantedFace:
    eyes: Positions
    confidence: float = 0.9
    faces: int = 1


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A model whose images had their eyes in those places."""
    home = tmp_path / "run"
    shutil.copytree(tiny_run, home)
    config = json.loads((home / "config.json").read_text())
    (home / "config.json").write_text(json.dumps(config | {"alignment": FRAME.model_dump(mode="json")}))
    return home


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two that lie where the model's do, and the first of them once more, turned and moved."""
    made = samples(SamplesConfig(out=tmp_path / "faces", n=5, size=SIDE, seed=3))
    straight = sorted(made.images.glob("*.png"))
    back = np.linalg.inv(MOVED._transform().params)
    moved = Image.open(straight[0]).transform((200, 150), Image.Transform.AFFINE, _six(back), Image.Resampling.BICUBIC)
    moved.save(tmp_path / "faces" / "images" / "moved.png")
    places = EYES * SIDE - 0.5
    there = np.linalg.inv(MOVED._transform().params) @ np.vstack([places.T, [1, 1]])
    faces = {(SIDE, SIDE): PlantedFace(places), (150, 200): PlantedFace(there[:2].T)}
    for room in ("frame", "scattering"):
        monkeypatch.setattr(f"gaia_stim.alignment.{room}.find_face", lambda pixels: faces.get(pixels.shape[:2]))
    return [*straight[:2], tmp_path / "faces" / "images" / "moved.png"]


def _six(back: np.ndarray) -> tuple[float, ...]:
    """Pillow's way from the output's pixels to the input's, whose pixels begin at whole numbers."""
    forth = np.linalg.inv(back)
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return tuple((half @ forth @ np.linalg.inv(half))[:2].ravel())


def morph(*words: object) -> int:
    return cli.main(["--json", "morph", *map(str, words)])


def pictures(folder: Path) -> list[Pixels]:
    return [pixels for _, pixels in StimulusSet.open(folder).pictures()]


def test_a_moved_photograph_makes_the_continuum_of_the_one_in_its_place(
    run: Path, photographs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, moved = photographs
    assert morph(a, b, "-m", run, "--steps", 3, "--size", 80, "--out", tmp_path / "straight") == 0
    assert "aligned as" not in capsys.readouterr().err
    assert morph(moved, b, "-m", run, "--steps", 3, "--size", 80, "--out", tmp_path / "moved") == 0
    assert "aligned as the model's images were" in capsys.readouterr().err
    for one, other in zip(pictures(tmp_path / "straight"), pictures(tmp_path / "moved"), strict=True):
        # It was sampled twice more than the other, at edges of one pixel.
        assert np.abs(one[8:-8, 8:-8].astype(float) - other[8:-8, 8:-8]).mean() < 3
    sources = json.loads((tmp_path / "moved" / "provenance.json").read_text())["sources"]
    assert "placement" not in sources[1] and sources[1]["off_frame"] == 0
    assert sources[0]["placement"]["scale"] == pytest.approx(MOVED.scale)
    assert sources[0]["placement"]["rotation"] == pytest.approx(MOVED.rotation)
    assert sources[0]["placement"]["shift"] == pytest.approx(MOVED.shift)


def test_one_picture_at_a_time_and_the_page_show_the_stimuli_of_the_command(
    run: Path, photographs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = photographs[2], photographs[1]
    assert morph(a, b, "-m", run, "--steps", 3, "--size", 80, "--out", tmp_path / "s") == 0
    space, wanted = Space.load(run), pictures(tmp_path / "s")
    line = space.line(a, b, 80)
    session = Session(space, [(path.name, path) for path in (a, b)])
    view = MorphView(images=(a.name, b.name))
    session.picture(view)
    # From here on each photograph is read once, for its square and for what lies round it.
    read: list[Path] = []
    for room in ("space.space", "stimuli.sources"):
        count = lambda path, *more: read.append(path) or read_image(path, *more)  # noqa: E731
        monkeypatch.setattr(f"gaia_stim.{room}.read_image", count)
    for alpha, picture in zip((0, 0.5, 1), wanted, strict=True):
        assert np.array_equal(line.at(alpha), picture)
    assert read == [a, b]
    for alpha, picture in zip((0, 0.5, 1), wanted, strict=True):
        assert np.array_equal(session.picture(view.model_copy(update={"alpha": alpha}), 80).pixels, picture)
    assert read == [a, b] * 2


def test_the_way_from_a_moved_photograph_begins_without_a_jump(
    run: Path, photographs: list[Path], tmp_path: Path
) -> None:
    """Of 401 stimuli the second is the first, but for a grey level: all of it, not only its means."""
    assert morph(photographs[2], photographs[1], "-m", run, "--steps", 401, "--size", 80, "--out", tmp_path / "s") == 0
    [first, second] = pictures(tmp_path / "s")[:2]
    assert np.abs(first.astype(float) - second).mean() < 1


def test_the_set_is_made_again_to_the_byte_whatever_is_found_in_it_by_then(
    run: Path, photographs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert morph(photographs[2], photographs[1], "-m", run, "--steps", 3, "--out", tmp_path / "s") == 0
    monkeypatch.setattr("gaia_stim.alignment.frame.find_face", lambda pixels: None)
    assert cli.main(["remake", str(tmp_path / "s"), "--out", str(tmp_path / "again")]) == 0
    assert all(map(np.array_equal, pictures(tmp_path / "s"), pictures(tmp_path / "again")))


def test_what_cannot_be_placed_is_refused_or_taken_as_it_is(
    run: Path, photographs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    car = tmp_path / "car.png"
    Image.new("RGB", (70, 70), "red").save(car)
    assert morph(car, photographs[1], "-m", run, "--out", tmp_path / "s") == 3
    assert "car.png: no face is found in it" in capsys.readouterr().err
    assert morph(car, photographs[1], "-m", run, "--align", "none", "--steps", 3, "--out", tmp_path / "s") == 0


def test_of_several_faces_none_is_taken_without_a_word(
    run: Path,
    photographs: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    several = PlantedFace(np.array([(20.0, 30.0), (40.0, 30.0)]), faces=2)
    monkeypatch.setattr("gaia_stim.alignment.frame.find_face", lambda pixels: several)
    assert morph(photographs[2], photographs[1], "-m", run, "--out", tmp_path / "s") == 3
    assert "it shows several faces (2)" in capsys.readouterr().err
    words = (photographs[2], photographs[1], "-m", run, "--steps", 3, "--align", "none", "--out", tmp_path / "s")
    assert morph(*words) == 0


def test_as_it_is_it_is_told_and_audited(
    run: Path, photographs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (photographs[2], photographs[1], "-m", run, "--steps", 3, "--out", tmp_path / "s")
    assert morph(*words, "--align", "none") == 0
    assert "moved.png does not lie where the model's images do" in capsys.readouterr().err
    assert cli.main(["--json", "audit", str(tmp_path / "s")]) == 0
    assert "of a side from where the model's images have them" in capsys.readouterr().out
    assert morph(*words) != 0  # another set


def test_encode_places_photographs_as_morph_does(run: Path, photographs: list[Path], tmp_path: Path) -> None:
    codes = {}
    for align in ("auto", "none"):
        out = tmp_path / f"{align}.npz"
        words = ["encode", *photographs, "-m", run, "--align", align, "--out", out]
        assert cli.main([str(word) for word in words]) == 0
        with np.load(out) as held:
            codes[align] = held["codes"]
    np.testing.assert_array_equal(codes["auto"][:2], codes["none"][:2])
    straight, placed, as_it_is = codes["auto"][0], codes["auto"][2], codes["none"][2]
    assert np.linalg.norm(placed - straight) < 0.5 * np.linalg.norm(as_it_is - straight)


def test_a_training_keeps_the_frame_of_an_aligned_folder(photographs: list[Path], tmp_path: Path) -> None:
    folder = photographs[0].parent
    files = {f"images/{path.name}": hash_file(path) for path in folder.iterdir()}
    record = {"frame": FRAME.model_dump(mode="json"), "files": files}
    (folder.parent / "alignment.json").write_text(json.dumps(record))
    words = ["train", folder, "--size", 32, "--images-seen", 4, "--batch", 4, "--out", tmp_path / "new"]
    assert cli.main([str(word) for word in words]) == 0
    kept = json.loads((tmp_path / "new" / "config.json").read_text())["alignment"]
    assert kept["target"]["by"] == "eyes" and kept["eyes"] == EYES.tolist()


def test_train_says_where_faces_are_scattered(
    photographs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", photographs[0].parent, "--size", 32, "--images-seen", 4, "--batch", 4, "--out", tmp_path / "new"]
    assert cli.main([*map(str, words), "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "do not lie in one place" in said and "gaia-stim align" in said
    photographs[2].unlink()
    assert cli.main([*map(str, words), "--dry-run"]) == 0
    assert "do not lie in one place" not in capsys.readouterr().err
