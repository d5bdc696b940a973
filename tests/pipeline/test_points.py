"""Photographs that are brought together by their points: sets of them, made again, and what is wrong with points."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.config import MorphConfig, RecipeFromConfig, RemakeConfig, SamplesConfig, make
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.images import read_image
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.remake import remake
from gaia_stim.pipeline.samples import samples
from gaia_stim.recipe.from_set import recipe_from
from gaia_stim.stimuli.codes import from_json
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet

SIDE = 96
POINTS = {"left": (30, 40), "right": (66, 40), "mouth": (48, 70), "chin": (48, 88)}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    made = samples(SamplesConfig(out=tmp_path_factory.mktemp("large") / "faces", n=2, size=SIDE, seed=3))
    return sorted(made.images.glob("*.png"))


@pytest.fixture
def ask(large: list[Path], tiny_run: Path, tmp_path: Path) -> Callable[..., MorphConfig]:
    def asked(name: str, **options: object) -> MorphConfig:
        given = {"first": large[0], "second": large[1], "model": tiny_run, "out": tmp_path / name, "steps": 3}
        return make(MorphConfig, {**given, "points": tmp_path / "points.csv", **options})

    return asked


def table(folder: Path, shown: dict[str, dict[str, tuple[float, float]]]) -> None:
    rows = [f"{image},{name},{x},{y}" for image, points in shown.items() for name, (x, y) in points.items()]
    (folder / "points.csv").write_text("\n".join(["image,landmark,x,y", *rows]), encoding="utf-8")


def shifted(by: float) -> dict[str, tuple[float, float]]:
    return {name: (x + by, y) for name, (x, y) in POINTS.items()}


def test_points_make_another_middle_between_the_same_ends_and_are_made_again_to_the_byte(
    large: list[Path], ask: Callable[..., MorphConfig], tmp_path: Path
) -> None:
    table(tmp_path, {large[0].name: POINTS, large[1].name: shifted(4)})
    morph(ask("without", points=None))
    morph(ask("with"))
    without, placed = (StimulusSet.open(tmp_path / name) for name in ("without", "with"))
    pixels = [[one for _, one in made.pictures()] for made in (without, placed)]
    assert all(np.array_equal(pixels[1][end], read_image(face)) for end, face in ((0, large[0]), (2, large[1])))
    assert not np.array_equal(pixels[0][1], pixels[1][1]) and set(placed.table["folds"]) == {0}
    plan = placed.provenance.as_written["plan"]
    assert plan["points"]["used"] == 4
    assert all(one["off_after"] < 0.3 * one["off_before"] for one in plan["points"]["images"])
    assert from_json(plan["carried"]["residuals"]).shape == (2, 2, 24, 24)
    assert "residuals" not in without.provenance.as_written["plan"]["carried"]
    plan["carried"]["residuals"]["shape"] = [2, 2, 2, 288]
    with pytest.raises(DataError, match="residual velocities of shape"):
        Plan.from_json(plan)
    (tmp_path / "points.csv").unlink()  # what they came to stands in the provenance
    assert remake(RemakeConfig(target=tmp_path / "with", out=tmp_path / "again")).identical


def test_the_same_points_are_the_same_set_and_others_another(
    large: list[Path], ask: Callable[..., MorphConfig], tmp_path: Path
) -> None:
    table(tmp_path, {large[0].name: POINTS, large[1].name: shifted(4)})
    morph(ask("set"))
    heard: list[str] = []
    morph(ask("set"), lambda event: heard.append(str(getattr(event, "text", ""))))
    assert any("holds this very set already" in text for text in heard)
    recipe_from(RecipeFromConfig(target=tmp_path / "set", out=tmp_path / "recipe.yaml"))
    assert f"points: {tmp_path}/points.csv" in (tmp_path / "recipe.yaml").read_text(encoding="utf-8")
    table(tmp_path, {large[0].name: POINTS, large[1].name: shifted(5)})
    with pytest.raises(ConfigError):
        morph(ask("set"))


@pytest.mark.parametrize("part", ["shape", "texture"])
def test_shape_alone_takes_what_is_left_of_shape_with_it(
    part: str, large: list[Path], ask: Callable[..., MorphConfig], tmp_path: Path
) -> None:
    """With texture alone all wear the first one's shape: its own residual too."""
    table(tmp_path, {large[0].name: POINTS, large[1].name: shifted(4)})
    morph(ask("set", vary=part))
    carried = json.loads((tmp_path / "set" / "provenance.json").read_text(encoding="utf-8"))["plan"]["carried"]
    between, held = [[1, 0], [0.5, 0.5], [0, 1]], [[1, 0]] * 3
    assert (carried["weights"], carried["shapes"]) == ((held, between) if part == "shape" else (between, held))
    assert remake(RemakeConfig(target=tmp_path / "set", out=tmp_path / "again")).identical


def test_what_is_wrong_with_points_is_said(large: list[Path], ask: Callable[..., MorphConfig], tmp_path: Path) -> None:
    a, b = (face.name for face in large)
    cases = [
        ({a: POINTS, "other.png": POINTS}, f"has no points of {large[1]}; its images are"),
        ({a: POINTS, b: dict(list(POINTS.items())[:2])}, "2 points are of all 2 images and inside"),
        ({a: POINTS, b: shifted(500)}, f"4 of 4 points of {large[1]} lie outside of its picture"),
    ]
    for shown, message in cases:
        table(tmp_path, shown)
        with pytest.raises(DataError, match=message):
            morph(ask("set"))
    with pytest.raises(DataError, match="no such file"):
        morph(ask("set", points=tmp_path / "gone.csv"))
    table(tmp_path, {a: POINTS, b: POINTS})
    with pytest.raises(ConfigError, match="only photographs that are carried along go by points"):
        morph(ask("set", size="model"))
