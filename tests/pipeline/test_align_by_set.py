"""`gaia-stim align --by set` and `--like`, on drawn houses that were displaced."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from planted_houses import SIDE, displaced, house, planted

from gaia_stim import cli
from gaia_stim.alignment import AlignmentFrame
from gaia_stim.images import read_image, write_png


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen that were displaced, and a picture of noise."""
    chance = np.random.default_rng(2)
    folder = tmp_path_factory.mktemp("houses")
    for number in range(16):
        write_png(folder / f"house_{number:02}.png", displaced(house(chance), planted(chance)))
    write_png(folder / "noise.png", chance.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
    return folder


@pytest.fixture(scope="module")
def aligned(houses: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("by_set") / "aligned"
    assert cli.main(["align", str(houses), "--by", "set", "--size", "96", "--out", str(out)]) == 0
    return out


def table(folder: Path) -> dict[str, dict[str, str]]:
    return {row["image"]: row for row in csv.DictReader((folder / "alignment.csv").read_text().splitlines())}


def test_houses_lie_in_one_place_and_noise_is_left_out(houses: Path, aligned: Path) -> None:
    rows = table(aligned)
    assert rows["noise.png"]["left_out"] == "1" and rows["noise.png"]["unsure"].startswith("confidence")
    pictures = [read_image(path).mean(axis=2) for path in sorted((aligned / "images").iterdir())]
    before = [read_image(houses / path.name).mean(axis=2) for path in sorted((aligned / "images").iterdir())]
    assert len(pictures) >= 14
    # The mean of what lies in one place keeps its edges.
    assert np.mean(pictures, axis=0).std() > 1.3 * np.mean(before, axis=0).std()
    assert not (aligned / "landmarks.csv").exists()


def test_a_later_image_is_put_where_those_are(houses: Path, aligned: Path, tmp_path: Path) -> None:
    """One of them, given once more by its template: as it was placed among the others."""
    record = json.loads((aligned / "alignment.json").read_text())
    frame = AlignmentFrame.model_validate(record["frame"])
    name, row = next((name, row) for name, row in table(aligned).items() if row["left_out"] == "0")
    found = frame.find(read_image(houses / name), "crop").placement
    assert found.scale == pytest.approx(float(row["scale"]), rel=0.03)
    assert np.degrees(found.rotation) == pytest.approx(float(row["rotation_deg"]), abs=1.5)
    with pytest.raises(ValueError, match="looks unlike the images"):
        frame.find(read_image(houses / "noise.png"), "crop")


def test_what_was_done_to_a_models_images_is_done_to_others(
    houses: Path, aligned: Path, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = tmp_path / "run", tmp_path / "more"
    shutil.copytree(tiny_run, run)
    assert cli.main(["align", str(houses), "--like", str(run), "--out", str(out)]) == 2
    assert "not aligned by" in capsys.readouterr().err
    config = json.loads((run / "config.json").read_text())
    config["alignment"] = json.loads((aligned / "alignment.json").read_text())["frame"]
    (run / "config.json").write_text(json.dumps(config))
    assert cli.main(["align", str(houses), "--like", str(run), "--out", str(out)]) == 0
    assert json.loads((out / "alignment.json").read_text())["frame"] == config["alignment"]
    ours, theirs = table(out), table(aligned)
    assert ours["noise.png"]["left_out"] == "1"
    both = [name for name in ours if ours[name]["left_out"] == theirs[name]["left_out"] == "0"]
    assert len(both) >= 12
    off = [abs(float(ours[name]["scale"]) / float(theirs[name]["scale"]) - 1) for name in both]
    assert np.median(off) < 0.03
    assert cli.main(["align", str(houses), "--like", str(run), "--size", "64", "--out", str(out)]) == 2
    assert "--size: follows from --like" in capsys.readouterr().err
