"""`gaia-stim align` and `evaluate --landmarks` as a user meets them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from gaia_stim import cli
from gaia_stim.alignment import Similarity
from gaia_stim.dataset import open_dataset
from gaia_stim.images import read_image
from gaia_stim.labels import read_landmarks

Plant = Callable[..., Path]
Contents = Callable[[Path], dict[str, bytes]]
EYES = {"anna": ((60, 80), (100, 84)), "bert": ((40, 50), (80, 40)), "deep/cleo": ((90, 100), (150, 100))}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photographs with two dark eyes, one without points, their points and labels."""
    folder = tmp_path / "photos"
    rows = ["image,landmark,x,y"]
    for name, eyes in {**EYES, "dora": ((50, 50), (70, 50))}.items():
        height, width = (200, 180) if name == "anna" else (180, 220)
        y, x = np.mgrid[:height, :width]
        picture = np.full((height, width, 3), 200.0)
        for eye_x, eye_y in eyes:
            picture -= 180 * np.exp(-((x - eye_x) ** 2 + (y - eye_y) ** 2) / 18)[..., None]
        path = folder / f"{name}.{'png' if name == 'bert' else 'jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(path, quality=95)
        if name != "dora":
            points = (*eyes, (eyes[0][0], eyes[0][1] + 30))
            rows += [f"{path.relative_to(folder)},{p},{x},{y}" for p, (x, y) in enumerate(points)]
    (tmp_path / "points.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "labels.csv").write_text("image,age\nanna.jpg,30\n")
    return folder


def align(*words: object) -> int:
    return cli.main(["--json", "align", *map(str, words)])


def darkest(picture: np.ndarray, side: str) -> tuple[float, float]:
    """The centre of the darkest spot in one half of a picture."""
    half = picture.shape[1] // 2
    part = picture[:, :half, 0] if side == "left" else picture[:, half:, 0]
    weight = np.clip(150.0 - part, 0, None)
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
    x = (columns * weight).sum() / weight.sum() + (0 if side == "left" else half)
    return float(x), float((rows * weight).sum() / weight.sum())


def test_eyes_come_to_lie_where_they_shall(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "aligned"
    assert align(photos, "--points", tmp_path / "points.csv", "--out", out, "--size", 128) == 0
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    assert result["aligned"] == 3 and result["left_out"] == ["dora.jpg"] and result["size"] == 128
    assert "1 of 4 images left out: dora.jpg (without both points)" in shown.err
    images = sorted(path.relative_to(out / "images").as_posix() for path in (out / "images").rglob("*.*"))
    assert images == ["anna.jpg", "bert.png", "deep/cleo.jpg"]
    for name in images:
        picture = read_image(out / "images" / name)
        assert picture.shape == (128, 128, 3)
        for side, share in (("left", 0.39), ("right", 0.61)):
            assert darkest(picture, side) == pytest.approx((share * 128 - 0.5, 0.46 * 128 - 0.5), abs=0.4)
    carried = read_landmarks(out / "landmarks.csv")
    for points in carried.positions.values():
        np.testing.assert_allclose(points[:2], [[49.42, 58.38], [77.58, 58.38]], atol=0.01)
    assert (out / "labels.csv").read_bytes() == (tmp_path / "labels.csv").read_bytes()
    rows = (out / "alignment.csv").read_text().splitlines()
    assert rows[0] == "image,scale,rotation_deg,shift_x,shift_y,way,confidence,faces,unsure,left_out,beyond"
    assert rows[4] == "dora.jpg,,,,,points 0 and 1,,,without both points,1," and len(rows) == 5
    # Anna's eyes are 40.2 apart and 5.7 degrees askew.
    assert (
        float(rows[1].split(",")[1]) == pytest.approx(0.22 * 128 / np.hypot(40, 4), rel=1e-5)
        and rows[1].split(",")[2] == f"{-np.degrees(np.arctan2(4, 40)):.4f}"
    )


def test_originals_are_untouched_and_the_same_command_has_nothing_to_do(
    photos: Path, tmp_path: Path, contents: Contents, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(photos)
    words = (photos, "--points", tmp_path / "points.csv", "--out", tmp_path / "aligned")
    assert align(*words) == 0
    first = contents(tmp_path / "aligned")
    assert align(*words) == 0 and "nothing to do" in capsys.readouterr().err
    assert contents(tmp_path / "aligned") == first and contents(photos) == before
    assert align(*words, "--height", 0.4) == 2
    assert "holds another folder of aligned images" in capsys.readouterr().err
    assert align(*words, "--height", 0.4, "--force") == 0
    # What came along is part of what was asked for.
    (tmp_path / "labels.csv").write_text("image,age\nanna.jpg,31\n")
    assert align(*words, "--height", 0.4) == 2
    assert align(*words, "--height", 0.4, "--force") == 0
    assert (tmp_path / "aligned" / "labels.csv").read_bytes() == (tmp_path / "labels.csv").read_bytes()


def test_most_images_keep_their_resolution(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert align(photos, "--points", tmp_path / "points.csv", "--out", tmp_path / "aligned") == 0
    # The middle distance is 41.2 pixels: 41.2 / 0.22 = 187, as a multiple of 16.
    assert json.loads(capsys.readouterr().out)["size"] == 192


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--by", "0,7"], 3, "has no landmark '7'; its 3 are 0, 1, 2"),
        (["--by", "0"], 2, "--by: should match pattern"),
        (["--points", "none.csv"], 3, "none.csv: no such file or folder"),
        (["--out", "photos"], 2, "exists and is not a folder of aligned images"),
    ],
)
def test_mistakes(
    words: list[str], code: int, says: str, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"--points": str(tmp_path / "points.csv"), "--out": "aligned"}
    given |= dict(zip(words[::2], words[1::2], strict=True))
    assert align(photos, *(word for pair in given.items() for word in pair)) == code
    assert says in capsys.readouterr().err
    assert not Path("aligned").exists()


def test_points_that_lie_in_one_place(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "points.csv"
    table.write_text("image,landmark,x,y\nanna.jpg,0,5,5\nanna.jpg,1,5,5\n")
    assert align(photos, "--points", table, "--out", "aligned") == 3
    assert "anna.jpg: the two points lie in one place" in capsys.readouterr().err and not Path("aligned").exists()


# -- evaluate ---------------------------------------------------------------------------------------------------------


def test_landmarks_of_few_images_are_measured_and_the_rest_is_null_with_its_reason(
    photos: Path, tmp_path: Path, plant: Plant, faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, sheet = plant(network="deform"), tmp_path / "landmarks.png"
    config = json.loads((run / "config.json").read_text())
    learned_from = open_dataset(faces, config["model"]["size"])
    config["dataset"] |= {"folder": str(faces), "content_hash": learned_from.content_hash}
    (run / "config.json").write_text(json.dumps(config))
    points, out = tmp_path / "points.csv", tmp_path / "figures.json"
    words = ["evaluate", run, "--images", photos, "--landmarks", points, "--landmark-sheet", sheet, "--out", out]
    assert cli.main(["--json", *map(str, words)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(out.read_text())
    assert found["held_out_images"] == 4 and found["landmark_images"] == 3
    assert isinstance(found["landmark_error"], float) and sheet.is_file()
    assert found["midpoint_auc"] is None and "there are 4" in found["not_measured"]["midpoint_auc"]
    assert isinstance(found["reconstruction_l1"], float)
    # Without being moved: from the table alone, in shares of the square that the model sees.
    places = {}
    for name, (height, width) in {"anna.jpg": (200, 180), "bert.png": (180, 220), "deep/cleo.jpg": (180, 220)}.items():
        side = min(height, width)
        corner = ((width - side) // 2, (height - side) // 2)
        places[name] = (read_landmarks(points).positions[name] + 0.5 - corner) / side
    apart = [
        np.linalg.norm(places[a] - places[b], axis=1) / np.linalg.norm(places[b][0] - places[b][1])
        for a in places
        for b in places
        if a != b
    ]
    assert found["landmark_error_unmoved"] == pytest.approx(100 * np.mean(apart))


def test_landmarks_of_none_of_the_images(
    photos: Path, tmp_path: Path, plant: Plant, faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = plant(network="light")
    config = json.loads((run / "config.json").read_text())
    config["dataset"]["folder"] = str(photos)
    (run / "config.json").write_text(json.dumps(config))
    assert cli.main(["evaluate", str(run), "--images", str(faces), "--landmarks", str(tmp_path / "points.csv")]) == 3
    assert "has landmarks for 0 of the held-out images" in capsys.readouterr().err


# -- by the eyes ------------------------------------------------------------------------------------------------------

PUPILS = np.array([[203.3, 100.2], [245.7, 102.4]])
"""Of skimage's astronaut (NASA, public domain)."""
ORIENTATION, ON_ITS_SIDE = 274, 6


@pytest.fixture
def faces_as_they_come(tmp_path: Path) -> Path:
    """The astronaut four times, large, small, turned by its EXIF, grey in 16 bits; two faces; a cat; a bent line."""
    folder = tmp_path / "come"
    folder.mkdir()
    picture = Image.fromarray(skimage.data.astronaut())
    picture.save(folder / "as it is.png")
    picture.resize((250, 250)).save(folder / "small.jpg", quality=95)
    exif = Image.Exif()
    exif[ORIENTATION] = ON_ITS_SIDE
    picture.rotate(90).save(folder / "turned.jpg", exif=exif, quality=95)
    Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(folder / "grey.png")
    pair = Image.new("RGB", (1024, 512))
    pair.paste(picture, (0, 0))
    pair.paste(picture, (512, 0))
    pair.save(folder / "pair.png")
    Image.fromarray(skimage.data.chelsea()).save(folder / "cat.png")
    return folder


def test_eyes_are_found_and_put_in_their_places(
    faces_as_they_come: Path, tmp_path: Path, contents: Contents, capsys: pytest.CaptureFixture[str]
) -> None:
    before, out = contents(faces_as_they_come), tmp_path / "aligned"
    assert align(faces_as_they_come, "--out", out, "--size", 160) == 0
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    assert (result["by"], result["aligned"], result["left_out"]) == ("eyes", 4, ["cat.png", "pair.png"])
    assert result["unsure"] == [
        {"image": "cat.png", "why": "no face"},
        {"image": "pair.png", "why": "several faces: 2"},
    ]
    assert "by the eyes, found in 5 of 6 images" in shown.err and "cat.png (no face)" in shown.err
    # The same picture, however it came, is the same picture: the true eyes lie where they shall.
    wanted = np.array([[0.39, 0.46], [0.61, 0.46]]) * 160 - 0.5
    rows = {row["image"]: row for row in csv.DictReader((out / "alignment.csv").open())}
    for name, (scale, size) in {
        "as it is.png": (1, 512),
        "small.jpg": (250 / 512, 250),
        "turned.jpg": (1, 512),
    }.items():
        row = rows[name]
        similarity = Similarity(
            float(row["scale"]), np.radians(float(row["rotation_deg"])), (float(row["shift_x"]), float(row["shift_y"]))
        )
        there = similarity((PUPILS + 0.5) * scale - 0.5)
        assert np.linalg.norm(there - wanted, axis=1).max() < 0.05 * 0.22 * 160, (name, size)
        assert float(row["confidence"]) > 0.7 and (row["faces"], row["unsure"], row["left_out"]) == ("1", "", "0")
    assert (rows["cat.png"]["scale"], rows["cat.png"]["left_out"]) == ("", "1")
    points = read_landmarks(out / "landmarks.csv")
    assert points.names == tuple(f"e68_{place}" for place in range(68)) and set(points.positions) == {
        "as it is.png", "grey.png", "small.jpg", "turned.jpg",
    }  # fmt: skip
    for found in points.positions.values():
        np.testing.assert_allclose([found[36:42].mean(axis=0), found[42:48].mean(axis=0)], wanted, atol=0.02)
    assert read_image(out / "images" / "grey.png").shape == (160, 160, 1)
    assert read_image(out / "alignment.png").shape[2] == 3
    record = json.loads((out / "alignment.json").read_text())
    assert record["frame"]["eyes"] == [[0.39, 0.46], [0.61, 0.46]]
    assert record["frame"]["target"] == {
        "by": "eyes", "distance": 0.22, "height": 0.46, "size": 160, "pad": "edge", "mask": "none", "symmetrise": False,
    }  # fmt: skip
    # Once more: nothing is looked for again, and the same is told.
    assert align(faces_as_they_come, "--out", out, "--size", 160) == 0
    again = capsys.readouterr()
    assert json.loads(again.out) == result and "nothing to do" in again.err and "looking" not in again.err
    assert contents(faces_as_they_come) == before


def test_what_is_unsure_is_kept_where_that_is_asked_for(
    faces_as_they_come: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("small.jpg", "turned.jpg", "grey.png"):
        (faces_as_they_come / name).unlink()
    out = tmp_path / "aligned"
    assert align(faces_as_they_come, "--by", "eyes", "--unsure", "keep", "--out", out, "--size", 64) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["aligned"] == 2 and result["left_out"] == ["cat.png"] and len(result["unsure"]) == 2


def test_own_points_are_carried_beside_those_found(
    faces_as_they_come: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "points.csv", tmp_path / "aligned"
    table.write_text("image,landmark,x,y\nas it is.png,nose,224.5,120\nas it is.png,chin,222,170\n")
    (faces_as_they_come / "pair.png").unlink()
    assert align(faces_as_they_come, "--by", "eyes", "--points", table, "--out", out, "--size", 160) == 0
    points = read_landmarks(out / "landmarks.csv")
    assert points.names[:2] == ("nose", "chin") and len(points.names) == 70
    nose, *_ = points.positions["as it is.png"]
    assert nose[0] == pytest.approx(79.5, abs=2) and nose[1] > 0.46 * 160
    assert np.isnan(points.positions["small.jpg"][:2]).all()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--by", "0,1"], 2, "--by 0,1 names points: give --points FILE, or --by eyes"),
        (["--pad", "blueish"], 2, "'blueish' is not a colour"),
        ([], 3, "faces were found in 0 of 1 images; give --points FILE, --by eyes"),
        (["--by", "eyes"], 3, "has eyes of none of the images"),
    ],
)
def test_mistakes_without_points(
    words: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cats").mkdir()
    Image.fromarray(skimage.data.chelsea()[:128, :128]).save(tmp_path / "cats" / "cat.png")
    assert align(tmp_path / "cats", *words, "--out", tmp_path / "aligned") == code
    assert says in capsys.readouterr().err and not (tmp_path / "aligned").exists()


def test_beyond_the_picture_and_outside_the_mask_there_is_the_colour(photos: Path, tmp_path: Path) -> None:
    def made(*words: object) -> np.ndarray:
        out = tmp_path / "-".join(map(str, words))
        assert align(photos, "--points", tmp_path / "points.csv", "--size", 128, *words, "--out", out) == 0
        return read_image(out / "images" / "bert.png").astype(int)

    # Bert's eyes lie high and left in his photograph: a part of the square is beyond it.
    plain, padded = made("--pad", "edge"), made("--pad", "#ff0000")
    red = (padded == (255, 0, 0)).all(axis=2)
    rows = {row["image"]: row for row in csv.DictReader((tmp_path / "--pad-edge" / "alignment.csv").open())}
    assert red.mean() == pytest.approx(float(rows["bert.png"]["beyond"]), abs=0.01)
    assert 0.05 < red.mean() < 0.5 and red[0].all() and not (plain == (255, 0, 0)).all(axis=2).any()
    inside = ~red & (np.abs(plain - padded).max(axis=2) == 0)
    assert (red | inside).mean() > 0.98  # the rest is one pixel wide
    oval = made("--mask", "oval")
    grey = (oval == 128).all(axis=2)
    assert grey[0].all() and grey[-1, 0].all() and not grey[40:80, 50:78].any()
    assert (oval[40:80, 50:78] == plain[40:80, 50:78]).all()
    hull = made("--mask", "points", "--pad", "white")
    kept = (hull != 255).any(axis=2)
    assert kept[62, 60] and 0.01 < kept.mean() < 0.1  # a triangle of eyes and a point below


def test_symmetrised_pictures_are_symmetrical(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "aligned"
    assert align(photos, "--points", tmp_path / "points.csv", "--symmetrise", "--size", 128, "--out", out) == 0
    picture = read_image(out / "images" / "bert.png")
    assert (picture == picture[:, ::-1]).all()
    for side, share in (("left", 0.39), ("right", 0.61)):
        assert darkest(picture, side) == pytest.approx((share * 128 - 0.5, 0.46 * 128 - 0.5), abs=0.4)
