"""There and back: images to codes on disk, and codes to a set."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaia_stim import cli
from gaia_stim.config import DecodeConfig, EncodeConfig, make
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note, Progress
from gaia_stim.files import hash_file
from gaia_stim.pipeline.codes import decode, encode
from gaia_stim.space.codes import SUFFIXES, read_codes, write_codes
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import StimulusSet

Ask = Callable[..., EncodeConfig]
Contents = Callable[[Path], dict[str, bytes]]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def ask(tiny_run: Path) -> Ask:
    def ask(*images: Path | str, **options: Any) -> EncodeConfig:
        return make(EncodeConfig, {"images": images, "model": tiny_run, **options})

    return ask


@pytest.fixture
def back(tiny_run: Path) -> Callable[..., DecodeConfig]:
    def back(latents: Path | str, **options: Any) -> DecodeConfig:
        return make(DecodeConfig, {"latents": latents, "model": tiny_run, **options})

    return back


@pytest.fixture
def some(faces: Path, tmp_path: Path) -> Path:
    """A folder of eleven images, in two folders, that may be changed."""
    for index, path in enumerate(sorted(faces.iterdir())[:11]):
        folder = tmp_path / "some" / ("a" if index < 5 else "b")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.name)
    return Path("some")


def written(folder: Path) -> np.ndarray[Any, Any]:
    made = StimulusSet.open(folder)
    return np.stack([made.image(name) for name in made.table["stim_id"]])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_there_and_back(suffix: str, ask: Ask, back: Any, some: Path, space: Space, tmp_path: Path) -> None:
    result = encode(ask(some, out=f"codes{suffix}"))
    paths = sorted(path for path in some.rglob("*.png"))
    assert (result.images, result.skipped, result.latent) == (11, 0, 16)
    table = read_codes(result.out)
    assert np.array_equal(table.codes, space.encode(paths))
    assert table.path == [path.as_posix() for path in paths]
    assert table.image_hash == [hash_file(path) for path in paths]
    assert table.model_hash == result.model_hash == space.model_hash
    assert len(set(table.image_id)) == 11

    made = decode(back(result.out, out="set"))
    assert made.stimuli == 11 and made.sheet == Path("set/sheet.png")
    assert np.array_equal(written(tmp_path / "set"), space.decode(space.encode(paths)))
    rows = StimulusSet.open(tmp_path / "set").table
    assert rows["source_ids"].tolist() == table.image_id
    assert set(rows["kind"]) == {"decode"} and rows["step_distance"].isna().all()
    assert rows["stim_id"].tolist() == [f"d_{number:04}" for number in range(1, 12)]


def test_codes_do_not_depend_on_company(ask: Ask, some: Path) -> None:
    encode(ask(some, out="all.npz"))
    together = read_codes(Path("all.npz"))
    for index in (0, 4, 10):
        encode(ask(together.path[index], out=f"{index}.npz"))
        assert np.array_equal(read_codes(Path(f"{index}.npz")).codes[0], together.codes[index])


def test_images_and_folders_in_the_order_given(ask: Ask, some: Path) -> None:
    last = sorted(some.rglob("*.png"))[-1]
    events: list[Event] = []
    encode(ask(last, some / "a"), events.append)
    table = read_codes(Path("latents.csv"))
    assert table.path == [last.as_posix(), *(path.as_posix() for path in sorted((some / "a").iterdir()))]
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1] == Progress("encoding", 6, 6)


def test_unreadable_images_are_left_out_or_refused(ask: Ask, some: Path) -> None:
    (some / "a" / "note.png").write_text("hello")
    with pytest.raises(DataError, match=r"note\.png: not an image"):
        encode(ask(some, strict=True))
    assert not Path("latents.csv").exists()
    told: list[Event] = []
    result = encode(ask(some), told.append)
    assert (result.images, result.skipped) == (11, 1)
    warned = [event.text for event in told if isinstance(event, Note) and event.warning]
    assert len(warned) == 1 and "note.png: not an image" in warned[0]
    assert len(read_codes(result.out).codes) == 11


def test_nothing_readable(ask: Ask, tmp_path: Path) -> None:
    Path("a.png").write_text("hello")
    with pytest.raises(DataError, match=r"none of 1 images can be read: a\.png: not an image"):
        encode(ask("a.png"))
    with pytest.raises(DataError, match="no images in it"):
        Path("empty").mkdir()
        encode(ask("empty"))
    assert not Path("latents.csv").exists()


def test_a_file_that_was_named_must_be_there(ask: Ask, some: Path) -> None:
    with pytest.raises(DataError, match=r"none\.png"):
        encode(ask(some, "none.png"))


def test_what_stands_there_stays(ask: Ask, some: Path) -> None:
    """Codes of other images are replaced if that is asked for, a table of somebody's never."""
    Path("latents.csv").write_text("mine")
    for force in (False, True):
        with pytest.raises(ConfigError, match=r"^latents\.csv: exists, and no record says .* file of codes of ours"):
            encode(ask(some, force=force))
    assert Path("latents.csv").read_text() == "mine"
    Path("latents.csv").unlink()
    encode(ask(sorted(some.iterdir())[0]))
    with pytest.raises(ConfigError, match=r"^latents\.csv: is another file of codes; .*--force$"):
        encode(ask(some))
    encode(ask(some, force=True))
    assert len(read_codes(Path("latents.csv")).codes) == 11


def test_the_identical_command_does_nothing(ask: Ask, some: Path) -> None:
    first = encode(ask(some))
    assert encode(ask(some)) == first


def test_formats_that_are_not_written(ask: Ask, some: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"codes\.txt: codes are written as \.csv, \.npz, \.safetensors"):
        encode(ask(some, out="codes.txt"))


# -- and back ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def codes(ask: Ask, some: Path) -> Path:
    return encode(ask(some, out="codes.npz")).out


def test_the_same_codes_are_the_same_bytes(codes: Path, back: Any, tmp_path: Path, contents: Contents) -> None:
    for name in ("one", "two"):
        decode(back(codes, out=name))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    told: list[Event] = []
    before = {path: path.stat().st_mtime_ns for path in Path("one").rglob("*")}
    decode(back(codes, out="one"), told.append)
    assert Note("one holds this very set already: nothing to do") in told
    assert {path: path.stat().st_mtime_ns for path in Path("one").rglob("*")} == before


def test_other_codes_are_another_set(codes: Path, back: Any) -> None:
    decode(back(codes, out="set"))
    table = read_codes(codes)
    table.codes[3, 2] += 1
    write_codes(Path("other.npz"), table)
    with pytest.raises(ConfigError, match="holds another stimulus set"):
        decode(back("other.npz", out="set"))
    decode(back("other.npz", out="set", force=True))


def test_edited_codes_are_what_is_decoded(codes: Path, back: Any, space: Space, tmp_path: Path) -> None:
    table = read_codes(codes)
    table.codes[0] = 0
    write_codes(Path("edited.csv"), table)
    decode(back("edited.csv", out="set"))
    assert np.array_equal(written(tmp_path / "set"), space.decode(table.codes))


def test_codes_of_another_length_are_refused(codes: Path, plant: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"codes\.npz: its codes have 16 numbers, the model's 24; give their --model"):
        decode(make(DecodeConfig, {"latents": codes, "model": plant(latent=24), "out": "set"}))
    assert not Path("set").exists()


def test_codes_of_another_model_are_told(codes: Path, plant: Callable[..., Path]) -> None:
    told: list[Event] = []
    decode(make(DecodeConfig, {"latents": codes, "model": plant(), "out": "set"}), told.append)
    [warning] = [event.text for event in told if isinstance(event, Note) and event.warning]
    assert "was encoded by another model" in warning


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("none.csv", None, 3, "none.csv: no such file"),
        ("text.csv", b"hello", 3, "text.csv: not a file of codes"),
        ("text.npz", b"hello", 3, "text.npz: not a file of codes"),
        ("face.png", b"hello", 2, "face.png: codes are written as"),
    ],
)
def test_a_mistake(name: str, content: bytes | None, code: int, said: str, tiny_run: Path, capsys: Capture) -> None:
    if content is not None:
        Path(name).write_bytes(content)
    assert cli.main(["decode", name, "-m", str(tiny_run), "--out", "set"]) == code
    err = capsys.readouterr().err
    assert err.startswith("error: ") and said in err and "Traceback" not in err
    assert not Path("set").exists()


@pytest.mark.skipif(os.name == "nt", reason="names there are Unicode")
def test_a_name_that_is_no_text(ask: Ask, some: Path) -> None:
    (some / "a").joinpath(os.fsdecode(b"\xff.png")).write_bytes(next((some / "b").iterdir()).read_bytes())
    with contextlib.suppress(DataError):
        encode(ask(some))
