"""Samples: the faces, their true attributes, and what a second command may do to a folder."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaia_stim.config import SamplesConfig
from gaia_stim.errors import ConfigError
from gaia_stim.events import Event, Progress
from gaia_stim.pipeline.samples import samples
from gaia_stim.samples import ATTRIBUTES, deal, draw_face
from gaia_stim.samples import folder as drawing

SIZE = 16


def asked(out: Path, n: int = 4, *, seed: int = 3, size: int = SIZE, **more: bool) -> SamplesConfig:
    return SamplesConfig(out=out, n=n, size=size, seed=seed, **more)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "faces"


@pytest.mark.parametrize("confound", [False, True])
def test_images_and_their_true_attributes(out: Path, confound: bool) -> None:
    result = samples(asked(out, confound=confound))
    assert (result.n, result.drawn) == (4, 4)
    with result.labels.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["image", *ATTRIBUTES]
    for index, row in enumerate(rows):
        true = deal(index, 3, confound=confound)
        assert row["image"] == f"images/face_{index:05}.png"
        assert {name: float(row[name]) for name in ATTRIBUTES} == true
        with Image.open(out / row["image"]) as image:
            np.testing.assert_array_equal(np.asarray(image), draw_face(true, SIZE))


def test_the_identical_command_does_nothing(out: Path) -> None:
    samples(asked(out))
    before = state(out)
    events: list[Event] = []
    assert samples(asked(out), events.append).drawn == 0
    assert state(out) == before
    assert events == []


def test_the_identical_command_finishes_what_was_begun(out: Path) -> None:
    samples(asked(out))
    before = state(out)
    (out / "labels.csv").unlink()
    (out / "images/face_00002.png").unlink()
    assert samples(asked(out)).drawn == 1
    after = state(out)
    assert {name: content for name, (content, _) in after.items()} == {
        name: content for name, (content, _) in before.items()
    }
    kept = set(before) - {"labels.csv", "images/face_00002.png"}
    assert all(after[name] == before[name] for name in kept)


def test_no_table_beside_missing_images(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels are the commit: they go before an image is drawn, and come back after the last."""
    samples(asked(out))
    (out / "images/face_00001.png").unlink()

    def fail(face: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(drawing, "_draw", fail)
    with pytest.raises(KeyboardInterrupt):
        samples(asked(out))
    assert not (out / "labels.csv").exists()


@pytest.mark.parametrize(
    ("other", "said"),
    [({"size": 32}, "size 16, not 32"), ({"seed": 4}, "seed 3, not 4"), ({"n": 5}, "n 4, not 5")],
)
def test_another_command_is_refused(out: Path, other: dict[str, int], said: str) -> None:
    samples(asked(out))
    before = state(out)
    with pytest.raises(ConfigError, match=said):
        samples(asked(out, **other))
    assert state(out) == before


def test_a_folder_of_someone_elses_is_refused(out: Path) -> None:
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(ConfigError, match=r"gaia-stim did not make it; name another folder$"):
            samples(asked(out, force=force))
    assert list(out.iterdir()) == [out / "thesis.txt"]


def test_force_replaces_samples_and_nothing_else(out: Path) -> None:
    samples(asked(out, n=6))
    (out / "thesis.txt").write_text("mine")
    (out / "images/cat.png").write_text("mine")
    samples(asked(out, n=3, seed=9, force=True))
    assert sorted(path.name for path in (out / "images").iterdir()) == [
        "cat.png",
        *(f"face_{index:05}.png" for index in range(3)),
    ]
    assert (out / "thesis.txt").read_text() == "mine"
    assert len((out / "labels.csv").read_text().splitlines()) == 4
    assert samples(asked(out, n=3, seed=9)).drawn == 0


def test_an_empty_folder_is_nobodys(out: Path) -> None:
    out.mkdir()
    assert samples(asked(out, n=1)).drawn == 1


def test_a_file_in_the_way(out: Path) -> None:
    out.write_text("mine")
    with pytest.raises(ConfigError, match="is a file"):
        samples(asked(out))


def test_processes_draw_the_same_faces(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples(asked(out, n=6))
    monkeypatch.setattr(drawing, "WORTH_A_PROCESS", 3)
    monkeypatch.setattr(drawing, "free_cores", lambda: 2)
    told: list[Event] = []
    samples(asked(tmp_path / "many", n=6), told.append)
    assert told[-1] == Progress("drawing faces", 6, 6)
    one, many = state(out), state(tmp_path / "many")
    assert {name: content for name, (content, _) in one.items()} == {
        name: content for name, (content, _) in many.items()
    }
