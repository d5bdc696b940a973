"""`gaia-stim evaluate` as a user meets it."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaia_stim import cli
from gaia_stim.config import EvaluateConfig
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.images import write_png
from gaia_stim.metrics import METRICS
from gaia_stim.pipeline.evaluate import evaluate
from gaia_stim.runs import Run

Plant = Callable[..., Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("patterns")
    patterns = np.random.default_rng(0).integers(0, 256, (420, 4, 4, 3), dtype=np.uint8)
    for number, pattern in enumerate(patterns):
        Image.fromarray(pattern).resize((16, 16), Image.Resampling.BILINEAR).save(home / f"{number:03}.png")
    return home


def test_one_flat_object_on_stdout_and_in_the_file(
    plant: Plant, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = plant(size=16), tmp_path / "figures.json"
    assert cli.main(["--json", "evaluate", str(run), "--images", str(folder), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found == json.loads(out.read_text())
    assert all(isinstance(found[name], float) for name in METRICS)
    assert found["model_hash"] == Run(run).model_hash() and found["seed"] == 0
    assert "midpoints are told from reconstructions" in shown.err


def test_the_model_may_be_named_either_way_and_grey(plant: Plant, folder: Path) -> None:
    run = plant(size=16, channels=1)
    told: list[Event] = []
    either = evaluate(EvaluateConfig(run=run, images=folder), told.append)
    assert either == evaluate(EvaluateConfig(model=run, images=folder))
    assert any(isinstance(event, Note) and event.warning and "not the very images" in event.text for event in told)


def test_two_models_are_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "a", "-m", "b"]) == 2
    assert "two models are named, a and b; give one" in capsys.readouterr().err


def test_images_that_are_not_here(plant: Plant) -> None:
    with pytest.raises(DataError, match=r"nowhere: .* not here; name them, or others of their kind, by --images"):
        evaluate(EvaluateConfig(run=plant(size=16)))


def test_a_file_that_exists_is_kept(plant: Plant, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    out.write_text("mine")
    with pytest.raises(ConfigError, match="no record says that it is a file of figures"):
        evaluate(EvaluateConfig(run=plant(size=16), images=folder, out=out))
    assert out.read_text() == "mine"


def test_too_few_held_out(tiny_run: Path) -> None:
    found = evaluate(EvaluateConfig(run=tiny_run))
    assert isinstance(found["reconstruction_l1"], float)
    assert found["midpoint_auc"] is None and "held-out images; there are" in found["not_measured"]["midpoint_auc"]


def test_what_comes_out_as_no_number_of_two_images_is_not_measured(plant: Plant, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for number in range(24):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        write_png(few / f"{number:02}.png", pixels)
    told: list[Event] = []
    found = evaluate(EvaluateConfig(run=plant(size=16), images=few), told.append)
    values = [found[name] for name in METRICS]
    assert all(value is None or math.isfinite(value) for value in values)
    assert "is no finite number" in " ".join(found["not_measured"].values())
    assert not re.search(r"\b(inf|nan)\b", " ".join(event.text for event in told if isinstance(event, Note)))
