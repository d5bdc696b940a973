"""The recipes that come with the package run, shrunk; the last one, which needs the images, is understood."""

import shutil
from pathlib import Path

import pytest

from gaia_stim.config import RecipeCheckConfig, RecipeRunConfig, TrainConfig, make
from gaia_stim.recipe.plan import check, load_recipe
from gaia_stim.recipe.run import run

RECIPES = Path(__file__).parents[2] / "recipes"
TINY = ("preset=tiny", "width=4", "images_seen=320", "threads=1")

SMALLER = {
    "quickstart": ("steps=3", "grid.rows=2", "grid.cols=2"),
    "face_space": ("side=3", "wheel_steps=4", "trials.trials=4", "trials.participants=1", "plane.spacing=latent"),
    "continua_2afc": ("faces.n=3", "continua.each=two.csv", "steps=3", "participants=1", "continua.spacing=latent"),
    "attribute_study": ("faces.n=40", "faces.size=32", "moved.amount=-1:1:2", "vectors.attributes=age,sex,hair_length"),
    "song_continuum": ("images_seen=320", "size=32", "steps=3", "continua.refine=2", *(f"space.{one}" for one in TINY)),
    "quick_look": ("page.figures=no", *(f"space.{one}" for one in TINY)),
}
"""What makes each a matter of seconds."""
CELEBA = "celeba_hq"


def test_every_recipe_is_tried() -> None:
    assert {path.stem for path in RECIPES.glob("*.yaml")} == {*SMALLER, CELEBA}
    assert len(SMALLER) >= 5


@pytest.mark.parametrize("name", [*SMALLER, CELEBA])
def test_each_says_what_it_is_for(name: str) -> None:
    text = (RECIPES / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ") and "about: " in text


@pytest.mark.parametrize("name", SMALLER)
def test_it_is_understood_as_it_is(name: str) -> None:
    assert check(make(RecipeCheckConfig, {"recipe": RECIPES / f"{name}.yaml"})).steps >= 2


@pytest.mark.parametrize("name", SMALLER)
def test_it_runs_and_a_second_time_does_nothing(name: str, tmp_path: Path) -> None:
    home = tmp_path / "recipes"
    shutil.copytree(RECIPES, home, ignore=shutil.ignore_patterns("out", "runs"))
    (home / "two.csv").write_text("id,first,second\na,face_00000,face_00001\nb,face_00001,face_00002\n")
    asked = make(RecipeRunConfig, {"recipe": home / f"{name}.yaml", "set": ("threads=1", *SMALLER[name])})
    first = run(asked)
    assert first.results == {"done": len(first.steps)}
    assert run(asked).results == {"skipped": len(first.steps)}


def test_the_papers_setting_is_understood(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    recipe = load_recipe(RECIPES / f"{CELEBA}.yaml", (f"images={tmp_path}/images", "allow_outside=true"))
    trainings = [job.config for job in recipe.jobs if isinstance(job.config, TrainConfig)]
    assert [(one.method, one.seed) for one in trainings] == [(m, s) for m in ("gaia", "ae") for s in (0, 1, 2)]
    assert {(one.size, one.network, one.latent, one.alpha, one.batch) for one in trainings} == {
        (128, "munit", 1024, 5e-5, 8)
    }
    comparison = next(job for job in recipe.jobs if job.verb == "compare")
    assert len(comparison.needs) == 6
