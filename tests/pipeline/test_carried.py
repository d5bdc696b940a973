"""Sets of carried photographs: their size, their ends, made again to the byte, by every verb."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaia_stim.config import (
    AverageConfig,
    CaricatureConfig,
    InterpolateConfig,
    MorphConfig,
    MorphGridConfig,
    RecipeFromConfig,
    RemakeConfig,
    SamplesConfig,
    make,
)
from gaia_stim.errors import ConfigError, DataError, OutputInTheWay
from gaia_stim.images import Pixels, read_image
from gaia_stim.pipeline.exemplars import average_images, caricature
from gaia_stim.pipeline.grids import morph_grid
from gaia_stim.pipeline.morphs import interpolate, morph
from gaia_stim.pipeline.remake import remake
from gaia_stim.pipeline.samples import samples
from gaia_stim.recipe.from_set import recipe_from
from gaia_stim.stimuli.sets import StimulusSet

SIDE = 96


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four photographs, three times as wide as the model's pictures; not to be written into."""
    made = samples(SamplesConfig(out=tmp_path_factory.mktemp("large") / "faces", n=4, size=SIDE, seed=3))
    return sorted(made.images.glob("*.png"))


@pytest.fixture
def photographs(kept: list[Path], tmp_path: Path) -> list[Path]:
    home = tmp_path / "photographs"
    home.mkdir()
    for path in kept:
        (home / path.name).write_bytes(path.read_bytes())
    return sorted(home.iterdir())


def pictures(folder: Path) -> list[Pixels]:
    return [pixels for _, pixels in StimulusSet.open(folder).pictures()]


def ask(photographs: list[Path], run: Path, out: Path, **options: object) -> MorphConfig:
    return make(MorphConfig, {"first": photographs[0], "second": photographs[1], "model": run, "out": out, **options})


def test_photographs_give_stimuli_of_their_size_whose_ends_they_are(
    photographs: list[Path], tiny_run: Path, tmp_path: Path
) -> None:
    morph(ask(photographs, tiny_run, tmp_path / "set", steps=5))
    made = pictures(tmp_path / "set")
    assert [one.shape for one in made] == [(SIDE, SIDE, 3)] * 5
    assert np.array_equal(made[0], read_image(photographs[0])) and np.array_equal(made[-1], read_image(photographs[1]))
    table = StimulusSet.open(tmp_path / "set").table
    assert table["raw"].tolist() == [1, 0, 0, 0, 1]
    assert set(table["size"]) == {SIDE} and set(table["detail"]) == {"restored"} and set(table["folds"]) == {0}
    assert table["disagreement"].iloc[[0, -1]].tolist() == [0, 0] and table["disagreement"].between(0, 1).all()


def test_shape_alone_is_another_set_and_is_made_again_to_the_byte(
    photographs: list[Path], tiny_run: Path, tmp_path: Path
) -> None:
    whole, shape, again = tmp_path / "whole", tmp_path / "shape", tmp_path / "again"
    morph(ask(photographs, tiny_run, whole, steps=3))
    assert "vary" not in StimulusSet.open(whole).provenance.request["options"]
    with pytest.raises(OutputInTheWay):
        morph(ask(photographs, tiny_run, whole, steps=3, vary="shape"))
    morph(ask(photographs, tiny_run, shape, steps=3, vary="shape", hold_other="b"))
    assert StimulusSet.open(shape).provenance.as_written["plan"]["vary"] == {"part": "shape", "other_held_at": "b"}
    assert remake(RemakeConfig(target=shape, out=again)).identical is True
    assert np.array_equal(pictures(shape)[-1], read_image(photographs[1]))
    for options, said in (({"hold_other": "b"}, "nothing is held"), ({"vary": "shape", "hold_other": "ab"}, "letter")):
        with pytest.raises(ConfigError, match=said):
            ask(photographs, tiny_run, tmp_path / "no", **options)


def test_the_size_can_be_asked_for(photographs: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    for size, side in (("model", 32), ("48", 48), ("source", SIDE)):
        morph(ask(photographs, tiny_run, tmp_path / size, steps=3, size=size))
        assert pictures(tmp_path / size)[1].shape == (side, side, 3)
    assert "size" not in StimulusSet.open(tmp_path / "model").table
    assert (tmp_path / "48" / "sheet.png").is_file()
    for wrong in ("7", "large", "-3", "1e3", "99999"):
        with pytest.raises(ConfigError, match="--size: should be source, model, or pixels of a side"):
            ask(photographs, tiny_run, tmp_path / "no", size=wrong)


def test_photographs_no_larger_than_the_model_are_its_own_pictures(faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    some = sorted(faces.iterdir())
    morph(ask(some, tiny_run, tmp_path / "set", steps=3))
    assert StimulusSet.open(tmp_path / "set").provenance.as_written["plan"].get("carried") is None


def test_the_smallest_photograph_decides(photographs: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    Image.open(photographs[1]).resize((64, 64)).save(small)
    morph(ask([photographs[0], small], tiny_run, tmp_path / "set", steps=3))
    made = pictures(tmp_path / "set")
    assert made[0].shape == (64, 64, 3) and np.array_equal(made[-1], read_image(small))


def test_it_is_made_again_to_the_byte_from_its_photographs(
    photographs: list[Path], tiny_run: Path, tmp_path: Path
) -> None:
    morph(ask(photographs, tiny_run, tmp_path / "set", steps=4, spacing="pixel"))
    assert remake(RemakeConfig(target=tmp_path / "set")).identical is True


def test_a_photograph_that_is_gone_or_changed_is_named(photographs: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    morph(ask(photographs, tiny_run, tmp_path / "set", steps=3))
    morph(ask(photographs, tiny_run, tmp_path / "own", steps=3, size="model"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    photographs[1].rename(elsewhere / "b.png")
    with pytest.raises(DataError, match=rf"{photographs[1].name}: the photograph is not there .* --size model"):
        remake(RemakeConfig(target=tmp_path / "set"))
    assert remake(RemakeConfig(target=tmp_path / "set", images=elsewhere)).identical is True
    made = remake(RemakeConfig(target=tmp_path / "set", size="model", out=tmp_path / "small"))
    assert all(np.array_equal(a, b) for a, b in zip(pictures(made.out), pictures(tmp_path / "own"), strict=True))
    assert "carried" not in StimulusSet.open(made.out).provenance.request


def test_the_same_command_does_nothing_and_another_size_is_another_set(
    photographs: list[Path], tiny_run: Path, tmp_path: Path
) -> None:
    wanted = ask(photographs, tiny_run, tmp_path / "set", steps=3)
    morph(wanted)
    before = (tmp_path / "set" / "manifest.csv").stat().st_mtime_ns
    morph(wanted)
    morph(ask(photographs, tiny_run, tmp_path / "set", steps=3, size=str(SIDE)))
    assert (tmp_path / "set" / "manifest.csv").stat().st_mtime_ns == before
    for other in ({"size": "model"}, {"detail": "mean"}):
        with pytest.raises(OutputInTheWay):
            morph(ask(photographs, tiny_run, tmp_path / "set", steps=3, **other))


def test_all_other_verbs_carry_too(photographs: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    given = {"model": tiny_run}
    interpolate(make(InterpolateConfig, {"images": photographs, "path": "wheel", "steps": 4, "out": "w", **given}))
    wheel = pictures(Path("w"))
    assert np.array_equal(wheel[0], read_image(photographs[0])) and {one.shape for one in wheel} == {(SIDE, SIDE, 3)}

    names = ("top_left", "top_right", "bottom_left", "bottom_right")
    corners = dict(zip(names, photographs, strict=True))
    morph_grid(make(MorphGridConfig, {**corners, "rows": 3, "cols": 3, "spacing": "pixel", "out": "g", **given}))
    grid = pictures(Path("g"))
    for place, path in zip((0, 2, 6, 8), photographs, strict=True):
        assert np.array_equal(grid[place], read_image(path))

    average_images(make(AverageConfig, {"images": photographs, "out": "a", **given}))
    assert pictures(Path("a"))[0].shape == (SIDE, SIDE, 3)

    caricature(make(CaricatureConfig, {"faces": photographs[:1], "norm": photographs[1], "out": "c", **given}))
    faces = StimulusSet.open(Path("c"))
    assert faces.table["raw"].tolist() == [0, 0, 1, 0, 0]
    assert np.array_equal(pictures(Path("c"))[2], read_image(photographs[0]))


def test_a_recipe_from_a_set_says_the_size(photographs: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    morph(ask(photographs, tiny_run, tmp_path / "set", steps=3, detail="mean"))
    out = tmp_path / "recipe.yaml"
    recipe_from(RecipeFromConfig(target=tmp_path / "set", out=out))
    assert "size: '96'" in out.read_text() or "size: 96" in out.read_text()
    assert "detail: mean" in out.read_text()


def test_a_damaged_plan_of_photographs_is_told(photographs: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    morph(ask(photographs, tiny_run, tmp_path / "set", steps=3))
    file = tmp_path / "set" / "provenance.json"
    whole = json.loads(file.read_text())
    for wrong in ({"weights": [[1, 0]]}, {"side": 0}, {"sources": ["x"]}, {"weights": None}, {"source_codes": {}}):
        file.write_text(json.dumps({**whole, "plan": {**whole["plan"], "carried": whole["plan"]["carried"] | wrong}}))
        with pytest.raises(DataError, match=r"plan in provenance\.json is damaged"):
            remake(RemakeConfig(target=tmp_path / "set"))
