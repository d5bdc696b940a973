"""A run has a card that says what it was trained on and what was measured of it; what somebody wrote there stays."""

import shutil
from pathlib import Path

import pytest

from gaia_stim.cli import main
from gaia_stim.errors import CheckpointError
from gaia_stim.events import Event, Note
from gaia_stim.files import write_json
from gaia_stim.publishing.cards import ASKED, card, card_of, write_card
from gaia_stim.runs import Run


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(tiny_run, tmp_path / "run")))


def test_training_leaves_a_card_that_says_what_the_record_says(run: Run, held_out: int) -> None:
    text = (run.path / "card.md").read_text(encoding="utf-8")
    assert text == card_of(run)
    for told in (run.model_hash(), f"{60 - held_out} images of", f"{held_out} held out", "32 x 32 px in colour"):
        assert told in text
    # The tests' faces are drawn: nothing is left to be filled in.
    assert "- People: none." in text and ASKED not in text and "Not measured yet" in text


def test_licences_and_people_of_other_images_are_asked_for(run: Run, faces: Path, tmp_path: Path) -> None:
    home = tmp_path / "photos"
    home.mkdir()
    for number, image in enumerate(sorted(faces.glob("*.png"))[:3]):
        shutil.copy(image, home / f"{number}.png")
    (home / "licenses.csv").write_text("image,license\n0.png,CC BY 4.0\n1.png,CC BY 4.0\n", encoding="utf-8")
    config = run.config()
    run.write_config(config.model_copy(update={"dataset": config.dataset.model_copy(update={"folder": str(home)})}))
    text = card_of(run)
    assert "- Licence of 2 in that folder today: CC BY 4.0." in text
    assert "- Licence of 1 in that folder today: none recorded" in text
    assert f"- People: gaia-stim does not know what they show. Who they are, and what they agreed to: {ASKED}" in text
    shutil.rmtree(home)
    assert f"- Licences: the folder is not here. {ASKED}" in card_of(run)


def test_figures_stand_beside_their_controls_and_only_those_of_these_weights(run: Run) -> None:
    figures = {
        "model_hash": run.model_hash(),
        "images": "faces",
        "held_out_images": 7,
        "midpoint_precision": 0.625,
        "pixel_blend_precision": 0.25,
    }
    write_json(run.path / "evaluation.json", figures)
    text = card_of(run)
    assert "On 7 held-out images of `faces`" in text
    assert "| midpoint_precision | 0.625 | 1 |" in text and "| pixel_blend_precision | 0.25 | control |" in text
    write_json(run.path / "evaluation.json", {**figures, "model_hash": "sha256_other"})
    assert "Not measured yet" in card_of(run)


def test_what_somebody_wrote_into_it_stays(run: Run) -> None:
    told: list[Event] = []
    path = run.path / "card.md"
    write_card(run, told.append)
    assert not told
    write_json(run.path / "evaluation.json", {"model_hash": run.model_hash(), "midpoint_precision": 0.5})
    write_card(run, told.append)
    assert "| midpoint_precision | 0.5 | 1 |" in path.read_text(encoding="utf-8") and not told
    path.write_text("ours\n", encoding="utf-8")
    write_card(run, told.append)
    assert path.read_text(encoding="utf-8") == "ours\n"
    [note] = told
    assert isinstance(note, Note) and "kept as you edited it" in note.text


def test_it_is_printed_as_it_is(tiny_run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["info", str(tiny_run), "--card"]) == 0
    assert capsys.readouterr().out.rstrip("\n") == card_of(Run(tiny_run)).rstrip("\n")
    assert "docs/builtin-model.md" in card(Path("builtin")).printed
    with pytest.raises(CheckpointError):
        card(tmp_path)
