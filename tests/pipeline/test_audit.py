import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from planted_sets import PROVENANCE

from gaia_stim.config import AuditConfig, MatchConfig, MorphConfig
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.files import read_json
from gaia_stim.images import Pixels, read_image
from gaia_stim.pipeline.audit import AuditResult, audit
from gaia_stim.pipeline.match import match
from gaia_stim.pipeline.morphs import morph
from gaia_stim.space.space import Space
from gaia_stim.stimuli.audit import MEASURES
from gaia_stim.stimuli.audit_record import _remedy
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.writing import write_pictures

Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def continuum(faces: Path, tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    first, second = sorted(faces.glob("*.png"))[2:4]
    out = tmp_path_factory.mktemp("audit") / "set"
    return morph(MorphConfig(first=first, second=second, steps=6, model=tiny_run, out=out)).out


def write(folder: Path, space: Space, pictures: list[Pixels]) -> Path:
    """A set of these pictures that says to be a continuum made with the model, of no image."""
    total = len(pictures)
    rows = [
        Row(**{**vars(Row.numbered("morph", place, total)), "alpha": place / (total - 1)}) for place in range(total)
    ]
    plan = Plan(rows, np.zeros((total, space.latent), np.float32), "planted")
    provenance = {**PROVENANCE, "model": {"run": str(space.run), "model_hash": space.model_hash}}
    write_pictures(folder, plan, zip(rows, pictures, strict=True), lambda *_: {**provenance, "plan": plan.as_json()})
    return folder


def lit(faces: Path, light: np.ndarray) -> list[Pixels]:
    """Different faces at the same mean level, times `light`."""
    found = []
    for path, share in zip(sorted(faces.glob("*.png"))[10:], light, strict=False):
        pixels = read_image(path).astype(float)
        found.append(np.clip(pixels / pixels.mean() * 110 * share, 0, 255).astype(np.uint8))
    return found


def test_a_planted_luminance_trend_is_found_and_no_other(faces: Path, space: Space, tmp_path: Path) -> None:
    planted = write(tmp_path / "planted", space, lit(faces, np.linspace(0.8, 1.2, 8)))
    result = audit(AuditConfig(stimuli=planted))
    said = [one.found for one in result.warnings if one.found.startswith("mean luminance")]
    assert len(said) == 1
    assert said[0].startswith("mean luminance rises with alpha")
    assert "match SET --luminance" in next(one.remedy for one in result.warnings if one.found == said[0])


def test_one_picture_all_along_is_quiet(faces: Path, space: Space, tmp_path: Path) -> None:
    [picture] = lit(faces, np.ones(1))
    result = audit(AuditConfig(stimuli=write(tmp_path / "flat", space, [picture] * 8)))
    assert [one.found for one in result.warnings if "training image" not in one.found] == []


def test_the_figures_are_written_a_row_a_stimulus(continuum: Path, tmp_path: Path, faces: Path) -> None:
    result = audit(AuditConfig(stimuli=continuum, out=tmp_path / "report"))
    table = pd.read_csv(result.each)
    manifest = pd.read_csv(continuum / "manifest.csv")
    assert list(table["stim_id"]) == list(manifest["stim_id"])
    assert table["mean_luminance"].tolist() == pytest.approx(manifest["mean_luminance"].tolist())
    assert table["rms_contrast"].tolist() == pytest.approx(manifest["rms_contrast"].tolist())
    assert table["reconstruction_error"].notna().all()
    own = {path.name for path in sorted(faces.glob("*.png"))[2:4]}
    assert not own & set(table["nearest_training_image"]), "its own sources are no news"
    assert read_image(result.plot).shape[2] == 3
    assert read_json(result.out / "audit.json")["verdict"] == result.verdict
    assert (result.stimuli, len(result.sources)) == (6, 2)
    assert {one.trained_on for one in result.sources} <= {"training", "held out"}


def test_a_stimulus_that_is_a_training_image_is_named(
    continuum: Path, faces: Path, space: Space, tmp_path: Path
) -> None:
    from gaia_stim.dataset import open_dataset

    dataset = open_dataset(faces, 32)
    train = dataset.table[dataset.table["split"] == "train"]["path"].tolist()
    pictures = [*lit(faces, np.linspace(0.9, 1.1, 5)), read_image(faces / train[4])]
    result = audit(AuditConfig(stimuli=write(tmp_path / "copied", space, pictures)))
    assert any(one.found.startswith(f"m_0006 is nearly the training image {train[4]}") for one in result.warnings)


def test_a_source_from_elsewhere_was_not_trained_on(faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    from gaia_stim.images import write_png

    first, second = sorted(faces.glob("*.png"))[2:4]
    strange = tmp_path / "strange.png"
    write_png(strange, np.roll(read_image(second), 8, axis=1))
    made = morph(MorphConfig(first=first, second=strange, steps=4, model=tiny_run, out=tmp_path / "set"))
    result = audit(AuditConfig(stimuli=made.out))
    assert result.sources[1].trained_on == "no"
    assert any(one.found.startswith("strange: its centre lies +") for one in result.warnings)


def test_what_is_gone_is_left_out_with_a_note(
    faces: Path, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    first, second = sorted(faces.glob("*.png"))[2:4]
    made = morph(MorphConfig(first=first, second=second, steps=4, model=run, out=tmp_path / "set"))
    shutil.rmtree(run)
    heard: list[Event] = []
    result = audit(AuditConfig(stimuli=made.out), heard.append)
    assert result.model.startswith("not found")
    assert {one.measure for one in result.trends} & {"reconstruction_error", "training_distance"} == set()
    assert {one.measure for one in result.trends} >= {"mean_luminance", "rms_contrast", "spectral_slope", "chroma"}
    assert any("left out" in event.text for event in heard if isinstance(event, Note))
    with pytest.raises(CheckpointError):
        audit(AuditConfig(stimuli=made.out, model=run))


def test_images_that_are_not_the_training_images_are_refused(continuum: Path, tmp_path: Path, faces: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    for path in sorted(faces.glob("*.png"))[:5]:
        shutil.copy(path, others)
    with pytest.raises(DataError, match="not the images that the model was trained on"):
        audit(AuditConfig(stimuli=continuum, images=others, out=tmp_path / "report"))


def test_the_set_is_not_touched_and_the_same_command_does_nothing(
    continuum: Path, tmp_path: Path, contents: Contents
) -> None:
    before = contents(continuum)
    first = audit(AuditConfig(stimuli=continuum, out=tmp_path / "report"))
    made = contents(first.out)
    assert audit(AuditConfig(stimuli=continuum, out=tmp_path / "report")) == first
    assert (contents(continuum), contents(first.out)) == (before, made)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    with pytest.raises(ConfigError, match="is not an audit"):
        audit(AuditConfig(stimuli=continuum, out=tmp_path / "mine", force=True))


def test_the_result_is_told(continuum: Path, tmp_path: Path) -> None:
    from gaia_stim.cli.results import as_json

    result: AuditResult = audit(AuditConfig(stimuli=continuum, out=tmp_path / "report"))
    assert '"verdict"' in as_json(result)


def test_a_planted_trend_of_colour_is_found_where_luminance_has_none(space: Space, tmp_path: Path) -> None:
    """Skin that turns from pink to yellow at one lightness: independent of how luminance is measured."""
    from skimage.color import lab2rgb

    angles = np.radians(np.linspace(20, 80, 8))
    chance = np.random.default_rng(0).normal(0, 2, (32, 32))
    pictures = []
    for angle in angles:
        lab = np.dstack([60 + chance, np.full((32, 32), 25 * np.cos(angle)), np.full((32, 32), 25 * np.sin(angle))])
        pictures.append(np.rint(lab2rgb(lab) * 255).astype(np.uint8))
    result = audit(AuditConfig(stimuli=write(tmp_path / "turned", space, pictures)))
    said = {one.found.split(" rises")[0]: one.remedy for one in result.warnings}
    assert "hue" in said and "--grey" in said["hue"]
    assert not {"mean luminance", "chroma", "RMS contrast"} & set(said)
    table = pd.read_csv(result.each)
    assert table["hue"].tolist() == pytest.approx(np.degrees(angles).tolist(), abs=0.5)
    assert table["chroma"].tolist() == pytest.approx([25] * 8, abs=0.3)


def test_what_was_matched_already_is_not_recommended_again(faces: Path, space: Space, tmp_path: Path) -> None:
    planted = write(tmp_path / "planted", space, lit(faces, np.linspace(0.8, 1.2, 8)))
    again = match(MatchConfig(stimuli=planted, luminance=True, region="foreground", out=tmp_path / "new")).out
    options = StimulusSet.open(again).provenance.processing[-1].options
    assert MEASURES["foreground_luminance"].matched_by(options) and not MEASURES["mean_luminance"].matched_by(options)
    remedy = _remedy(MEASURES["foreground_luminance"], StimulusSet.open(again))
    assert remedy.startswith("it was matched already (--luminance --region foreground)")
    assert _remedy(MEASURES["mean_luminance"], StimulusSet.open(again)).startswith("'gaia-stim match SET --luminance'")


def test_every_remedy_is_a_command_of_match() -> None:
    for measure in MEASURES.values():
        if measure.match:
            assert measure.matched_by(MatchConfig(stimuli=Path("s"), **measure.match).processing())


def test_light_is_that_of_the_display(faces: Path, space: Space, tmp_path: Path) -> None:
    planted = write(tmp_path / "planted", space, lit(faces, np.linspace(0.8, 1.2, 8)))
    files = np.stack([read_image(path) for path in sorted((planted / "stimuli").glob("*.png"))]) / 255
    result = audit(AuditConfig(stimuli=planted, display="gamma:2", out=tmp_path / "report"))
    y = files**2 @ [0.2126, 0.7152, 0.0722]
    assert pd.read_csv(result.each)["mean_luminance"].tolist() == pytest.approx(y.mean(axis=(1, 2)).tolist())
    assert (result.display, read_json(result.out / "audit.json")["display"]) == ("gamma:2", "gamma:2")
