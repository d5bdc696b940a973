"""A set becomes a recipe, and the recipe the same bytes."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gaia_stim import config
from gaia_stim.config import RecipeFromConfig, RecipeRunConfig, make
from gaia_stim.config.verbs import SET, VERBS
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note, silent
from gaia_stim.files import hash_bytes, json_bytes, read_json, write_json
from gaia_stim.pipeline.attributes_apply import apply
from gaia_stim.pipeline.attributes_fit import fit
from gaia_stim.pipeline.codes import decode, encode
from gaia_stim.pipeline.exemplars import average_images, caricature, sample
from gaia_stim.pipeline.grids import morph_grid
from gaia_stim.pipeline.match import match
from gaia_stim.pipeline.morphs import interpolate, morph
from gaia_stim.pipeline.remake import remake
from gaia_stim.recipe.from_set import recipe_from
from gaia_stim.recipe.run import run

Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def here(tmp_path: Path, faces: Path, plant: Callable[..., Path]) -> Path:
    """A folder with four images and a model, where the user is."""
    (tmp_path / "photos").mkdir()
    for name, file in zip("abcd", sorted(faces.glob("*.png")), strict=False):
        shutil.copy(file, tmp_path / "photos" / f"{name}.png")
    (tmp_path / "scale.csv").write_text("alpha,scale\n0,0\n0.3,0.5\n1,1\n")
    plant("model")
    FACES[:] = [faces]
    return tmp_path


A, B, C, D = (Path(f"photos/{name}.png") for name in "abcd")
M = {"model": Path("model")}


def encoded(**options: Any) -> Any:
    encode(config.EncodeConfig(images=(A, B), out=Path("codes.csv"), **M))
    return decode(config.DecodeConfig(latents=Path("codes.csv"), **options, **M))


def with_smiles(out: Path) -> Any:
    labels = "image,smile\n" + "".join(
        f"{file.name},{n % 2}\n" for n, file in enumerate(sorted(FACES[0].glob("*.png")))
    )
    Path("labels.csv").write_text(labels)
    fit(config.AttributesFitConfig(labels=Path("labels.csv"), images=FACES[0], out=Path("vectors"), **M))
    return apply(
        config.AttributesApplyConfig(
            faces=(A, B), attribute=("smile",), amount=("-1,0,1",), vectors=Path("vectors"), out=out
        )
    )


FACES: list[Path] = []
"""The labelled images; `here` puts them in."""

MADE: dict[str, Callable[[Path], Any]] = {
    "morph": lambda out: morph(
        config.MorphConfig(first=A, second=B, steps=3, spacing="pixel", raw_endpoints=True, out=out, **M)
    ),
    "morph, measured": lambda out: morph(
        config.MorphConfig(first=A, second=B, steps=3, spacing="scale.csv", refine=2, out=out, **M)
    ),
    "interpolate": lambda out: interpolate(
        config.InterpolateConfig(images=(A, B, C), path="wheel", steps=4, out=out, **M)
    ),
    "morph-grid": lambda out: morph_grid(
        config.MorphGridConfig(top_left=A, top_right=B, bottom_left=C, bottom_right=D, rows=2, cols=2, out=out, **M)
    ),
    "average": lambda out: average_images(config.AverageConfig(images=(Path("photos"),), out=out, **M)),
    "caricature": lambda out: caricature(
        config.CaricatureConfig(faces=(A, B), norm=C, amount="0.5:1.5:3", out=out, **M)
    ),
    "caricature, folder": lambda out: caricature(
        config.CaricatureConfig(faces=(A,), norm=Path("photos"), amount="0.5:1.5:2", out=out, **M)
    ),
    "sample": lambda out: sample(
        config.SampleConfig.model_validate(
            {"n": 3, "from": "convex", "parents": 2, "images": "photos", "out": out, **M}
        )
    ),
    "decode": lambda out: encoded(out=out),
    "attributes apply": with_smiles,
}


def test_every_kind_of_set_is_tried() -> None:
    made = {name for name, verb in VERBS.items() if verb.makes == SET}
    assert {name.split(",")[0] for name in MADE} == made - {"match", "remake"}


@pytest.mark.parametrize("name", MADE)
def test_the_same_bytes(name: str, here: Path, contents: Contents) -> None:
    MADE[name](Path("made"))
    written = recipe_from(RecipeFromConfig(target=Path("made")))
    assert written.out == Path("made_recipe.yaml") and written.steps == [name.split(",")[0].replace(" ", "_")]
    made = run(RecipeRunConfig(recipe=written.out))
    assert contents(made.out / written.steps[0]) == contents(Path("made"))


@pytest.mark.parametrize(("name", "before"), [("morph-grid", "morphgrid"), ("attributes apply", "attributesapply")])
def test_what_version_0_1_called_a_verb(name: str, before: str, here: Path, contents: Contents) -> None:
    """A set that it wrote is the very set, becomes a recipe, and is remade to the byte."""
    made = Path("made")
    MADE[name](made)
    provenance = made / "provenance.json"
    record = read_json(provenance)
    assert record["request"]["verb"] == name
    record["request"]["verb"] = before
    record["files"]["provenance.json"] = hash_bytes(json_bytes({k: v for k, v in record.items() if k != "files"}))
    write_json(provenance, record)
    written = contents(made)
    MADE[name](made)
    assert contents(made) == written
    assert recipe_from(RecipeFromConfig(target=made)).steps == [name.replace(" ", "_")]
    for _ in range(2):
        assert remake(config.RemakeConfig(target=made, out=Path("again"))).identical
    assert contents(Path("again")) == written


def test_a_processed_set(here: Path, contents: Contents) -> None:
    morph(config.MorphConfig(first=A, second=B, steps=3, out=Path("made"), **M))
    match(config.MatchConfig(stimuli=Path("made"), luminance=True, out=Path("light")))
    match(config.MatchConfig(stimuli=Path("light"), mask="oval", padding=4, out=Path("round")))
    written = recipe_from(RecipeFromConfig(target=Path("round/provenance.json"), out=Path("again.yaml")))
    assert written.steps == ["morph", "match", "match_2"]
    made = run(RecipeRunConfig(recipe=Path("again.yaml")))
    assert contents(made.out / "match_2") == contents(Path("round"))


def test_with_the_built_in_model_and_from_elsewhere(
    here: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    morph(config.MorphConfig(first=A, second=B, steps=2, model=config_builtin(), out=Path("made")))
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    written = recipe_from(RecipeFromConfig(target=Path("../made"), out=Path("../again.yaml")))
    said = yaml.safe_load(written.out.read_text())
    assert said["model"] == "builtin" and said["threads"] == 1 and "allow_outside" not in said
    assert contents(run(RecipeRunConfig(recipe=written.out)).out / "morph") == contents(here / "made")


def config_builtin() -> Path:
    from gaia_stim.runs import BUILT_IN

    return BUILT_IN


def test_images_that_were_moved_and_images_that_are_gone(here: Path, contents: Contents) -> None:
    morph(config.MorphConfig(first=A, second=B, steps=2, out=Path("made"), **M))
    (here / "photos").rename(here / "moved")
    heard: list[Event] = []
    recipe_from(RecipeFromConfig(target=Path("made"), out=Path("moved.yaml"), images=Path("moved")), heard.append)
    assert yaml.safe_load(Path("moved.yaml").read_text())["steps"]["morph"]["first"] == "moved/a.png"
    assert any(isinstance(event, Note) and event.warning for event in heard)
    written = recipe_from(RecipeFromConfig(target=Path("made"), out=Path("gone.yaml")), silent)
    assert written.steps == ["remake"]
    made = run(RecipeRunConfig(recipe=Path("gone.yaml")))
    assert contents(made.out / "remake") == contents(Path("made"))


def test_what_is_outside_is_allowed_by_name(here: Path, contents: Contents) -> None:
    model = {"model": here / "model"}
    morph(config.MorphConfig(first=here / A, second=here / B, steps=2, out=Path("made"), **model))
    (here / "sub").mkdir()
    written = recipe_from(RecipeFromConfig(target=Path("made"), out=Path("sub/again.yaml")))
    assert contents(run(RecipeRunConfig(recipe=written.out)).out / "morph") == contents(Path("made"))


def test_what_cannot_be_a_recipe(here: Path) -> None:
    with pytest.raises(DataError, match="no such stimulus set"):
        recipe_from(RecipeFromConfig(target=Path("none")))
    Path("provenance.json").write_text('{"request": 3}')
    with pytest.raises(DataError, match="not the provenance of a stimulus set"):
        recipe_from(RecipeFromConfig(target=Path("provenance.json")))
    Path("mine.yaml").write_text("mine")
    morph(config.MorphConfig(first=A, second=B, steps=2, out=Path("made"), **M))
    with pytest.raises(ConfigError, match=r"mine.yaml: exists"):
        recipe_from(make(RecipeFromConfig, {"target": "made", "out": "mine.yaml"}))
    assert Path("mine.yaml").read_text() == "mine"
    (here / "model").rename(here / "lost")
    with pytest.raises(DataError, match="the model that made the set is not there"):
        recipe_from(RecipeFromConfig(target=Path("made")))
