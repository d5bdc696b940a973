"""Sets that version 0.1 wrote (6da99bd, one of each kind, in tests/data): read, found to stand, and made again."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.config import (
    AttributesApplyConfig,
    AverageConfig,
    CaricatureConfig,
    DecodeConfig,
    InterpolateConfig,
    MatchConfig,
    MorphConfig,
    MorphGridConfig,
    RecipeFromConfig,
    RemakeConfig,
    SampleConfig,
)
from gaia_stim.config.base import Config
from gaia_stim.events import Event, Note
from gaia_stim.pipeline.attributes_apply import apply
from gaia_stim.pipeline.codes import decode
from gaia_stim.pipeline.exemplars import average_images, caricature, sample
from gaia_stim.pipeline.grids import morph_grid
from gaia_stim.pipeline.match import match
from gaia_stim.pipeline.morphs import interpolate, morph
from gaia_stim.pipeline.remake import remake
from gaia_stim.recipe.from_set import recipe_from
from gaia_stim.stimuli.sets import StimulusSet

OLD = Path(__file__).parent.parent / "data" / "version_0_1"
KINDS = ("morph", "wheel", "grid", "sample", "average", "caricature", "decode", "apply", "matched")


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which they were made."""
    folder = tmp_path / "old"
    shutil.copytree(OLD, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GAIA_STIM_MODEL", "model")
    return folder


@pytest.mark.parametrize("kind", (*KINDS, "matched_contrast", "matched_spectrum", "matched_rotational"))
def test_it_is_made_again(old: Path, kind: str) -> None:
    """To the byte on the build that made it; on another processor or library to a level of rounding."""
    made = remake(RemakeConfig(target=Path(kind)))
    assert made.identical or made.changed_build, (made.different, made.different_files)
    assert all((difference.largest or 0) <= 1 for difference in made.different)
    assert StimulusSet.open(made.out).provenance.version == 0


def test_its_provenance_is_read_as_it_was_written(old: Path) -> None:
    found = StimulusSet.open(Path("wheel")).provenance
    assert found.version == 0 and found.gaia_stim.startswith("0.1")
    assert found.plan.path.kind == "wheel" and found.spacing.name == "latent"
    assert [source.source_id for source in found.sources] == ["f0", "f1", "f2"]
    assert all(Path(source.path).is_file() for source in found.sources)
    apply_ = StimulusSet.open(Path("apply")).provenance
    assert apply_.plan.predicted[0].attribute == "yaw" and np.isfinite(apply_.plan.predicted[0].value)


PHOTOS = [Path("photos") / f"f{number}.png" for number in range(6)]
CORNERS = dict(zip(("top_left", "top_right", "bottom_left", "bottom_right"), PHOTOS, strict=False))
COMMANDS: dict[str, tuple[object, type[Config], dict[str, object]]] = {
    "morph": (
        morph,
        MorphConfig,
        {"first": PHOTOS[0], "second": PHOTOS[1], "steps": 3, "spacing": "pixel", "raw_endpoints": True},
    ),
    "wheel": (interpolate, InterpolateConfig, {"images": tuple(PHOTOS[:3]), "path": "wheel", "steps": 4}),
    "grid": (morph_grid, MorphGridConfig, {**CORNERS, "rows": 2, "cols": 2}),
    "sample": (sample, SampleConfig, {"n": 3, "images": Path("photos")}),
    "average": (average_images, AverageConfig, {"images": tuple(PHOTOS[:2])}),
    "caricature": (caricature, CaricatureConfig, {"faces": (PHOTOS[0],), "norm": PHOTOS[1], "amount": "0.5:1.5:3"}),
    "decode": (decode, DecodeConfig, {"latents": Path("codes.csv")}),
    "apply": (
        apply,
        AttributesApplyConfig,
        {"faces": (PHOTOS[0],), "vectors": Path("vectors"), "attribute": ("yaw",), "amount": ("-1,1",), "unit": "sd"},
    ),
    "matched": (match, MatchConfig, {"stimuli": Path("morph"), "luminance": True}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_command_finds_that_it_stands(old: Path, kind: str) -> None:
    """No word of another set, and nothing is made anew."""
    verb, config, options = COMMANDS[kind]
    before = {path: path.stat().st_mtime_ns for path in Path(kind).rglob("*") if path.is_file()}
    verb(config(**options, out=Path(kind)))  # type: ignore[operator]
    assert {path: path.stat().st_mtime_ns for path in Path(kind).rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("kind", ["matched_contrast", "matched_spectrum", "matched_rotational"])
def test_a_recipe_does_not_match_them_as_it_is_done_now(old: Path, kind: str) -> None:
    assert recipe_from(RecipeFromConfig(target=Path(kind))).steps == ["remake"]
    assert recipe_from(RecipeFromConfig(target=Path("matched"))).steps == ["morph", "match"]


@pytest.mark.parametrize("spacing", ["perceptual", "nlpd"])
def test_a_set_whose_spacing_had_another_name_is_found_and_made_again(old: Path, spacing: str) -> None:
    """0d8ebc9 made it with `--spacing perceptual`: found by that name, which is told, and by today's."""
    before = {path: path.stat().st_mtime_ns for path in Path("perceptual").rglob("*")}
    asked = MorphConfig(first=PHOTOS[0], second=PHOTOS[1], steps=4, spacing=spacing, out=Path("perceptual"))
    heard: list[Event] = []
    found = morph(asked, heard.append)
    told = [note.text for note in heard if isinstance(note, Note)]
    assert {path: path.stat().st_mtime_ns for path in Path("perceptual").rglob("*")} == before
    assert "perceptual holds this very set already: nothing to do" in told
    assert sum("is called nlpd now" in text for text in told) == (spacing == "perceptual")
    assert found.spacing == "nlpd"
    assert StimulusSet.open(found.out).provenance.as_written["plan"]["spacing"]["name"] == "perceptual"
    made = remake(RemakeConfig(target=found.out))
    assert made.identical or made.changed_build, (made.different, made.different_files)
    heard.clear()
    new = morph(asked.model_copy(update={"out": Path("new")}), heard.append)
    assert sum("is called nlpd now" in note.text for note in heard if isinstance(note, Note)) == (
        spacing == "perceptual"
    ), "once"
    assert StimulusSet.open(new.out).table["alpha"].tolist() == pytest.approx(
        StimulusSet.open(found.out).table["alpha"].tolist(), abs=1e-9
    )
    assert StimulusSet.open(new.out).provenance.request["options"]["spacing"] == "nlpd"


def test_a_recipe_from_it_says_the_name_of_today(old: Path) -> None:
    recipe_from(RecipeFromConfig(target=Path("perceptual"), out=Path("again.yaml")))
    assert "spacing: nlpd" in Path("again.yaml").read_text()
