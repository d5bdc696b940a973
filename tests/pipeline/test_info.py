"""Info: what a run, a set, an image is, in figures that are checked elsewhere."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gaia_stim
from gaia_stim import cli
from gaia_stim.config import InfoConfig, MorphConfig
from gaia_stim.errors import CheckpointError, DataError
from gaia_stim.files import hash_file
from gaia_stim.pipeline.info import ImageInfo, RunInfo, SetInfo, info
from gaia_stim.pipeline.morphs import morph
from gaia_stim.runs import BUILT_IN, Run
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.tensors import read_tensors

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def made(faces: Path, tiny_run: Path, tmp_path: Path) -> Path:
    first, second = sorted(faces.iterdir())[:2]
    return morph(MorphConfig(first=first, second=second, steps=4, out=tmp_path / "set", model=tiny_run)).out


def told(*words: str, capsys: Capture) -> dict[str, object]:
    assert cli.main(["--json", "info", *words]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_run(tiny_run: Path, faces: Path, held_out: int, capsys: Capture) -> None:
    found = told(str(tiny_run), capsys=capsys)
    record, config = Run(tiny_run).weights_record(), Run(tiny_run).config()
    weights, _ = read_tensors(tiny_run / "model.safetensors")
    expected = {
        "run": str(tiny_run),
        "images_seen": record.images_seen,
        "validation_l1": record.validation_l1,
        "parameters": sum(value.numel() for value in weights.values()),
        "model_hash": hash_file(tiny_run / "model.safetensors"),
        "model": "gaia",
        "network": "deform",
        "size": 32,
        "channels": 3,
        "latent": 16,
        "trained_on": str(faces),
        "training_images": 60 - held_out,
        "validation_images": held_out,
        "dataset_hash": config.dataset.content_hash,
        "seed": 0,
        "gaia_stim": gaia_stim.__version__,
    }
    assert {name: found[name] for name in expected} == expected


def test_a_set(made: Path, tiny_run: Path) -> None:
    found = info(InfoConfig(target=made))
    assert isinstance(found, SetInfo)
    assert (found.set, found.kind, found.stimuli, found.size) == (made, "morph", 4, "32 x 32")
    assert found.model_hash == hash_file(tiny_run / "model.safetensors")
    assert len(found.sources) == 2 and all(":" in source for source in found.sources)


def test_an_image(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((10, 20), np.uint8)).save(tmp_path / "x.png")
    found = info(InfoConfig(target=tmp_path / "x.png"))
    assert found == ImageInfo(tmp_path / "x.png", 20, 10, False, hash_file(tmp_path / "x.png"), None)


def test_a_stimulus(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made / "stimuli" / "m_0002.png"
    for target in (path, Path("set/stimuli/m_0002.png")):
        found = info(InfoConfig(target=target))
        assert isinstance(found, ImageInfo) and found.stimulus is not None
        assert found.stimulus["stim_id"] == "m_0002" and found.stimulus["image_hash"] == found.image_hash
        assert found.stimulus["alpha"] == pytest.approx(1 / 3)
        assert "grid_u" not in found.stimulus
    sheet = info(InfoConfig(target=made / "sheet.png"))
    assert isinstance(sheet, ImageInfo) and sheet.stimulus is None


def test_a_stimulus_in_json(made: Path, capsys: Capture) -> None:
    found = told(str(made / "stimuli" / "m_0001.png"), capsys=capsys)
    assert isinstance(found["stimulus"], dict) and found["stimulus"]["position"] == 0


def test_nothing_is_the_model_that_would_be_used(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAIA_STIM_MODEL", str(tiny_run))
    found = info(InfoConfig())
    assert isinstance(found, RunInfo) and found.run == tiny_run


@pytest.mark.skipif(not Run(BUILT_IN).exists, reason="the built-in model is not there yet")
def test_nothing_at_all_is_the_built_in_model() -> None:
    found = info(InfoConfig())
    assert isinstance(found, RunInfo) and found.run == BUILT_IN
    assert found.validation_l1 is not None and found.validation_l1 < 0.1


def test_what_is_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.png").write_text("hello")
    for name, said in (
        ("folder", "neither a run"),
        ("none", "no such file or folder"),
        ("text.png", "not an image"),
    ):
        with pytest.raises(DataError, match=said) as caught:
            info(InfoConfig(target=tmp_path / name))
        assert str(caught.value).startswith(str(tmp_path / name))


def test_a_damaged_run(plant: Callable[..., Path]) -> None:
    run = plant()
    (run / "model.safetensors").write_bytes(b"hello")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: not a safetensors file"):
        info(InfoConfig(target=run))


def test_an_image_beside_someone_elses_manifest(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "cats" / "1.png")
    (tmp_path / "manifest.csv").write_text("file,cat\n1.png,Tom\n")
    found = info(InfoConfig(target=tmp_path / "cats" / "1.png"))
    assert isinstance(found, ImageInfo) and found.stimulus is None


def test_a_set_tells_its_length(made: Path) -> None:
    assert len(StimulusSet.open(made)) == 4
