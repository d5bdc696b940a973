"""Settings and texts, which every program's files are made from, and masks."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_sets import planted_design, planted_morph

from gaia_stim import cli
from gaia_stim.config import DesignConfig, ExportConfig, PresentationConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export import EXPORTERS, PRESENTED
from gaia_stim.export.masks import mask_of, write_masks
from gaia_stim.export.settings import KEYS, look_of, presentation
from gaia_stim.export.texts import LANGUAGES, texts_of
from gaia_stim.images import read_image
from gaia_stim.metrics.photometry import display_of
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.tables import look_up

LOOKS = [*DESIGNS, "mlds-triads"]


def flat(value: Any, where: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {k: v for name, one in value.items() for k, v in flat(one, f"{where}.{name}").items()}
    return {where: value}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text_with_the_same_marks(language: str) -> None:
    english, other = (flat(texts_of(name, ("{A}", "{B}")).model_dump(exclude_none=True)) for name in ("en", language))
    assert english.keys() == other.keys()
    marks = {key: set(re.findall(r"\{\w+\}", text)) for key, text in other.items()}
    assert marks == {key: set(re.findall(r"\{\w+\}", text)) for key, text in english.items()}
    assert {key for key, text in other.items() if not text} == {".consent", ".progress"}
    # Nothing was left in English.
    same = [key for key, text in other.items() if len(text) > 14 and text == english[key]]
    assert language == "en" or same == []


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_has_texts_and_keys_for_its_answers(look: str) -> None:
    task = look_up(DESIGNS, "design", look.removesuffix("-triads"))
    answers = list((task.triads if look != look.removesuffix("-triads") else task).answers)
    for language in LANGUAGES:
        text = texts_of(language).tasks[look]
        assert text.question and text.instructions
        if look == "adjustment":
            assert text.less and text.more and text.done
        else:
            assert list(text.answers) == answers == list(KEYS[look])
            assert len(set(text.answers.values())) == len(set(KEYS[look].values())) == len(answers)


def test_the_names_of_the_ends_stand_in_design_and_texts(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set", 4)
    made = design(DesignConfig(kind="2afc", stimuli=stimuli.folder, out=tmp_path / "design", names="Anna, O'Brien-2"))
    record = json.loads((made.out / "design.json").read_text())
    assert record["names"] == ["Anna", "O'Brien-2"] and record["question"] == "Which is nearer to O'Brien-2?"
    with pytest.raises(ValueError, match="as in Anna,Bert"):
        DesignConfig(kind="2afc", stimuli=stimuli.folder, names="<b>,x")


def test_a_language_of_ones_own_is_a_file_and_a_bad_one_is_told(tmp_path: Path) -> None:
    texts = json.loads((Path(texts_of.__code__.co_filename).parent / "en.json").read_text())
    file = tmp_path / "nl.json"
    file.write_text(json.dumps({**texts, "language": "nl", "ready": "Beginnen"}))
    assert texts_of(str(file)).ready == "Beginnen"
    del texts["ready"]
    file.write_text(json.dumps(texts))
    with pytest.raises(DataError, match="ready"):
        texts_of(str(file))
    with pytest.raises(ConfigError, match="--language"):
        texts_of("klingon")


def test_options_are_settings(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set", 4)
    trials = planted_design(stimuli, tmp_path / "design")
    consent = tmp_path / "consent.txt"
    consent.write_text("Read this.\n\nAnd this.\n")
    how = presentation(
        stimuli,
        trials,
        PresentationConfig(degrees=5, fixation="400:600", mask="noise", duration=200, consent=consent, language="de"),
    )
    assert how.settings.degrees == 5 and how.settings.distance_cm == 57 and how.settings.fixation_ms == (400, 600)
    assert how.texts.consent == "Read this.\n\nAnd this." and how.texts.go_on == "Weiter"
    assert how.settings.names == ("A", "B") and how.settings.display == "srgb"
    assert look_of(trials) == "2afc"
    for wrong in ("600:400", "x", "-1", "9999999"):
        with pytest.raises(ValueError, match="400:600"):
            PresentationConfig(fixation=wrong)


@pytest.mark.parametrize("program", [name for name in EXPORTERS if name not in PRESENTED])
def test_an_option_that_a_program_does_not_heed_is_refused(program: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set", 4)
    with pytest.raises(ConfigError, match="--degrees: not for"):
        export(ExportConfig(stimuli=stimuli.folder, to=program, degrees=5, out=tmp_path / "out"))


def photograph(rng: np.random.Generator, channels: int) -> np.ndarray[Any, Any]:
    """Smooth blobs of colour, as uneven as faces on grey."""
    rows, columns = np.mgrid[0:64, 0:48] / 64
    planes = [0.5 + 0.3 * np.sin(rng.uniform(3, 9) * rows + rng.uniform(3, 9) * columns) for _ in range(channels)]
    return (np.clip(np.stack(planes, axis=2), 0, 1) * 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["noise", "scrambled"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("display", ["srgb", "linear"])
def test_a_mask_has_its_pictures_luminance_and_contrast(kind: Any, channels: int, display: str) -> None:
    rng = np.random.default_rng(3)
    picture = photograph(rng, channels)
    if channels == 4:
        picture[..., 3] = 255 * (np.hypot(*np.mgrid[-1:1:64j, -1:1:48j]) < 0.9)
    shown = display_of(display)
    mask = mask_of(kind, picture, shown, rng)
    assert mask.shape == picture.shape and mask.dtype == np.uint8

    def seen(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        # Written anew from IEC 61966-2-1 and BT.709.
        v = pixels[..., : 1 if channels == 1 else 3] / 255
        light = v if display == "linear" else np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
        y = light[..., 0] if channels == 1 else light @ [0.2126, 0.7152, 0.0722]
        return y[picture[..., 3] > 0] if channels == 4 else y.ravel()

    assert seen(mask).mean() == pytest.approx(seen(picture).mean(), abs=0.004)
    assert seen(mask).std() == pytest.approx(seen(picture).std(), rel=0.03)
    assert abs(np.corrcoef(seen(mask), seen(picture))[0, 1]) < 0.5
    if channels == 4:
        assert (mask[..., 3] == picture[..., 3]).all()


def test_scrambling_keeps_the_amplitudes_of_a_picture() -> None:
    rng = np.random.default_rng(4)
    # Small against its mean, so that nothing is cut off.
    picture = (120 + 12 * rng.standard_normal((32, 32, 3))).astype(np.uint8)
    linear = display_of("linear")
    mask = mask_of("scrambled", picture, linear, rng)
    for channel in range(3):
        before, after = (np.abs(np.fft.fft2(one[..., channel] / 255.0)) for one in (picture, mask))
        assert after == pytest.approx(before, rel=0.05, abs=0.12)


def test_each_stimulus_has_a_mask_of_its_size(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set", 2)
    (tmp_path / "out").mkdir()
    write_masks("noise", stimuli, tmp_path / "out")
    shapes = {file.stem: read_image(file).shape for file in (tmp_path / "out" / "masks").iterdir()}
    assert shapes == {row.stim_id: pixels.shape for row, pixels in stimuli.pictures()}


def test_an_option_that_an_edited_setting_overrules_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stimuli = planted_morph(tmp_path / "set", 4)
    command = ["export", str(stimuli.folder), "--to", "jspsych", "--out", str(tmp_path / "out"), "--force"]
    assert cli.main(command) == 0
    file = tmp_path / "out" / "settings.js"
    file.write_text(file.read_text().replace('"isi_ms": 400', '"isi_ms": 300'))
    assert cli.main([*command, "--isi", "500", "--timeout", "2000"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "isi_ms stays 300 and is not 500" in told and "timeout_ms stays None and is not 2000" in told
    assert '"isi_ms": 300' in file.read_text()


def test_a_display_that_the_files_are_not_for_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stimuli = planted_morph(tmp_path / "set", 4)
    command = ["export", str(stimuli.folder), "--to", "jspsych", "--out", str(tmp_path / "out")]
    assert cli.main([*command, "--display", "linear"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "are for a display of srgb, and --display says linear" in told
    assert "for a display of linear" in (tmp_path / "out" / "README.md").read_text()
