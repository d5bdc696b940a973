import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaia_stim.config import MatchConfig, MorphConfig, RemakeConfig
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.images import read_image, write_png
from gaia_stim.pipeline.match import match
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.remake import Difference, RemakeResult, remake
from gaia_stim.runs import MODEL_VARIABLE
from gaia_stim.stimuli.sets import StimulusSet

Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def own_run(tiny_run: Path, tmp_path: Path) -> Path:
    """A run that a test may move away."""
    return Path(shutil.copytree(tiny_run, tmp_path / "own"))


@pytest.fixture
def own_faces(faces: Path, tmp_path: Path) -> Path:
    """Two images that a test may change, with their licences."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, path in zip(("a", "b"), sorted(faces.glob("*.png"))[3:5], strict=True):
        shutil.copy(path, folder / f"{name}.png")
    (folder / "licenses.csv").write_text("image,license\na.png,CC0\nb.png,CC BY-NC\n")
    return folder


@pytest.fixture
def made(own_run: Path, own_faces: Path, tmp_path: Path) -> Callable[..., Path]:
    def made(**options: Any) -> Path:
        asked = {"steps": 4, "model": own_run, "out": tmp_path / "set", **options}
        return morph(MorphConfig(first=own_faces / "a.png", second=own_faces / "b.png", **asked)).out

    return made


def again(target: Path, tmp_path: Path, **options: Any) -> RemakeResult:
    return remake(RemakeConfig(target=target, out=tmp_path / "again", **options))


def tampered(folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    path = folder / "provenance.json"
    provenance = json.loads(path.read_text())
    change(provenance)
    path.write_text(json.dumps(provenance))
    return path


@pytest.mark.parametrize("options", [{}, {"spacing": "pixel"}, {"raw_endpoints": True, "steps": 2}])
def test_a_set_is_made_again_byte_for_byte(
    made: Callable[..., Path], options: dict[str, Any], tmp_path: Path, contents: Contents
) -> None:
    folder = made(**options)
    result = again(folder, tmp_path)
    assert result.identical is True
    assert not (result.different or result.different_files or result.changed_build)
    assert contents(result.out) == contents(folder)


def test_a_processed_set_is_processed_again_byte_for_byte(
    made: Callable[..., Path], tmp_path: Path, contents: Contents
) -> None:
    folder = made()
    once = match(MatchConfig(stimuli=folder, mask="soft-oval", size=40, luminance=True)).out
    twice = match(MatchConfig(stimuli=once, contrast=True, grey=True)).out
    shutil.rmtree(folder)
    shutil.rmtree(once)
    result = again(twice, tmp_path)
    assert result.identical is True
    assert contents(result.out) == contents(twice)


def test_neither_images_nor_the_set_are_needed(
    made: Callable[..., Path], own_faces: Path, tmp_path: Path, contents: Contents
) -> None:
    folder = made()
    before = contents(folder)
    alone = tmp_path / "provenance.json"
    shutil.move(folder / "provenance.json", alone)
    shutil.rmtree(folder)
    shutil.rmtree(own_faces)
    result = again(alone, tmp_path)
    assert (result.identical, result.compared_with) == (None, None)
    assert contents(result.out) == before


def test_the_same_command_again_only_compares(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made()
    again(folder, tmp_path)
    mark = (tmp_path / "again" / "sheet.png").stat().st_mtime_ns
    assert again(folder, tmp_path).identical is True
    assert (tmp_path / "again" / "sheet.png").stat().st_mtime_ns == mark


def test_a_picture_that_was_changed_is_named(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made()
    path = folder / "stimuli" / "m_0003.png"
    pixels = read_image(path)
    pixels[5, 5, 0] = pixels[5, 5, 0] + 40 if pixels[5, 5, 0] < 200 else pixels[5, 5, 0] - 40
    write_png(path, pixels)
    heard: list[Event] = []
    result = remake(RemakeConfig(target=folder, out=tmp_path / "again"), heard.append)
    assert result.identical is False
    [found] = result.different
    assert found == Difference("m_0003", "its file was changed after the set was written", 40, 1 / 32**2)
    assert "1 of 4 stimuli" in next(note.text for note in heard if isinstance(note, Note) and note.warning)


def test_a_picture_that_is_gone_is_named(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made()
    (folder / "stimuli" / "m_0002.png").unlink()
    assert [one.stim_id for one in again(folder, tmp_path).different] == ["m_0002"]


def test_codes_that_were_changed_make_other_pictures_and_that_is_said(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    import base64

    def change(provenance: dict[str, Any]) -> None:
        stored = provenance["plan"]["codes"]
        codes = np.frombuffer(base64.b64decode(stored["float32_base64"]), "<f4").copy()
        codes[: len(codes) // 4] *= -3
        stored["float32_base64"] = base64.b64encode(codes.tobytes()).decode()

    folder = made()
    tampered(folder, change)
    result = again(folder, tmp_path)
    assert [(one.stim_id, one.what) for one in result.different] == [("m_0001", "is another picture here")]
    assert (result.different[0].largest or 0) > 0


def test_another_build_is_named(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made()
    tampered(folder, lambda provenance: provenance.update(torch="1.0", processor="abacus"))
    result = again(folder, tmp_path)
    assert [(one.what, one.then) for one in result.changed_build] == [("torch", "1.0"), ("processor", "abacus")]
    assert (result.different, result.different_files) == ([], ["provenance.json"])


def test_the_recorded_number_of_threads_is_used_and_put_back(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made()
    tampered(folder, lambda provenance: provenance.update(threads=2))
    result = again(folder, tmp_path)
    assert not result.changed_build
    assert json.loads((result.out / "provenance.json").read_text())["threads"] == 2
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.pop("plan"), "'plan'"),
        (lambda p: p.pop("model"), "'model'"),
        (lambda p: p.update(threads=0), "'threads'"),
        (lambda p: p["plan"].pop("codes"), "codes"),
        (lambda p: p["plan"]["codes"].update(shape=[3, 5]), "damaged"),
        (lambda p: p["plan"]["codes"].update(float32_base64="%%"), "damaged"),
        (lambda p: p["plan"]["stimuli"].pop(), "3 rows"),
        (lambda p: p["plan"]["stimuli"][1].update(position=7), "positions"),
        (lambda p: p["plan"]["stimuli"][1].update(alpha="much"), "row 2 is no stimulus"),
        (lambda p: p["plan"]["stimuli"][1].update(colour="red"), "row 2 is no stimulus"),
        (lambda p: p["plan"]["stimuli"][1].update(image="../../escaped.png"), "not a stimulus of this set"),
        (lambda p: p["plan"]["stimuli"][1].update(stim_id="../x", image="stimuli/../x.png"), "not a stimulus"),
        (lambda p: p["plan"]["stimuli"][1].update(stim_id="m_0001", image="stimuli/m_0001.png"), "same stim_id"),
    ],
)
def test_a_damaged_provenance_is_refused_before_anything_is_written(
    made: Callable[..., Path], tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    path = tampered(made(), change)
    with pytest.raises(DataError, match=message):
        again(path, tmp_path)
    assert not (tmp_path / "again").exists()
    assert not list(tmp_path.parent.glob("escaped*"))


def test_what_is_no_provenance_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(DataError, match="not the provenance"):
        again(tmp_path / "list.json", tmp_path)
    with pytest.raises(DataError, match="no such"):
        again(tmp_path / "nothing", tmp_path)
    with pytest.raises(DataError, match="not a stimulus set"):
        again(tmp_path, tmp_path)


def test_a_model_that_was_moved_is_found_where_it_is_named(
    made: Callable[..., Path], own_run: Path, tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made()
    moved = own_run.rename(tmp_path / "moved")
    with pytest.raises(CheckpointError, match="name its run folder with -m"):
        again(folder, tmp_path)
    result = again(folder, tmp_path, model=moved)
    assert (result.different, result.different_files) == ([], ["provenance.json"])
    monkeypatch.setenv(MODEL_VARIABLE, str(moved))
    assert again(folder, tmp_path).model == moved


def test_another_model_is_not_taken_for_it(
    made: Callable[..., Path], plant: Callable[..., Path], tmp_path: Path
) -> None:
    target = made()
    with pytest.raises(CheckpointError) as caught:
        again(target, tmp_path, model=plant())
    assert f"is not the model that made {target} (sha256_" in str(caught.value)


def test_a_photograph_that_is_shown_is_needed_and_found_elsewhere(
    made: Callable[..., Path], own_faces: Path, tmp_path: Path, contents: Contents
) -> None:
    folder = made(raw_endpoints=True)
    own_faces.rename(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"m_0001 is a source image itself.*--images"):
        again(folder, tmp_path)
    assert contents(again(folder, tmp_path, images=tmp_path / "elsewhere").out) == contents(folder)


def test_a_photograph_that_was_changed_is_not_taken_for_it(
    made: Callable[..., Path], own_faces: Path, tmp_path: Path
) -> None:
    folder = made(raw_endpoints=True)
    write_png(own_faces / "a.png", 255 - read_image(own_faces / "a.png"))
    with pytest.raises(DataError, match="is there as it was"):
        again(folder, tmp_path)


def test_a_set_is_never_made_over_itself(made: Callable[..., Path]) -> None:
    folder = made()
    for target in (folder, folder / "provenance.json"):
        with pytest.raises(ConfigError, match="is the set itself"):
            remake(RemakeConfig(target=target, out=folder, force=True))


def test_the_strictest_licence_is_in_the_manifest_and_survives(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made()
    for place in (folder, again(folder, tmp_path).out):
        assert StimulusSet.open(place).table["stim_license"].tolist() == 4 * ["CC BY-NC"]


@pytest.fixture(autouse=True)
def _restore_threads() -> Iterator[None]:
    yield
    torch.set_num_threads(1)
