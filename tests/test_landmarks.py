"""Landmarks as people keep them, and which image each belongs to."""

from pathlib import Path

import numpy as np
import pytest

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.labels import by_chance, by_list, landmarks_csv, read_groups, read_landmarks

TABLE = "image,landmark,x,y\na.jpg,left,1.5,2\na.jpg,right,3,4\nb.jpg,right,5,6\nb.jpg,left,7,8\n"


def written(tmp_path: Path, text: str, name: str = "landmarks.csv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_in_any_order_of_rows_and_columns(tmp_path: Path) -> None:
    found = read_landmarks(written(tmp_path, TABLE))
    assert found.names == ("left", "right") and found.place("right") == 1
    assert found.positions["b.jpg"].tolist() == [[7, 8], [5, 6]]
    turned = read_landmarks(written(tmp_path, "y;x;landmark;image\n2;1,5;left;a.jpg\n", "other.csv"))
    assert turned.positions["a.jpg"].tolist() == [[1.5, 2]]


def test_what_is_missing_is_nan_and_comes_back_as_missing(tmp_path: Path) -> None:
    found = read_landmarks(written(tmp_path, TABLE.replace("b.jpg,left,7,8\n", "")))
    assert np.isnan(found.positions["b.jpg"][0]).all() and found.positions["b.jpg"][1].tolist() == [5, 6]
    again = tmp_path / "again.csv"
    again.write_bytes(landmarks_csv(found))
    assert "b.jpg,left" not in again.read_text()
    for image, positions in read_landmarks(again).positions.items():
        assert np.array_equal(positions, found.positions[image], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("image,x,y\na.jpg,1,2\n", "no column 'landmark'"),
        (TABLE + "a.jpg,left,9,9\n", r":6: landmark 'left' of a.jpg stands there twice"),
        (TABLE.replace("1.5", "wide"), r":2: column 'x': 'wide' is not a finite number"),
        (TABLE.replace("1.5", "nan"), r":2: has no position"),
        (TABLE.replace("1.5", "inf"), r":2: column 'x': 'inf' is not a finite number"),
    ],
)
def test_what_is_no_table_of_landmarks(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_landmarks(written(tmp_path, text))


def test_webmorphs_files(tmp_path: Path) -> None:
    """Points, then the lines that connect them, which nothing here needs."""
    for name, x in (("a", 10), ("deep/b", 20)):
        written(tmp_path, f"2\n{x}.5\t2\n3\t4\n1\n0\n2\n0 1\n", f"points/{name}.tem")
    found = read_landmarks(tmp_path / "points")
    assert found.names == ("0", "1")
    first, second = found.of(["a.jpg", "deep/b.png"])
    assert first is not None and first.tolist() == [[10.5, 2], [3, 4]]
    assert second is not None and second.tolist() == [[20.5, 2], [3, 4]]


def test_two_columns_with_and_without_a_head(tmp_path: Path) -> None:
    written(tmp_path, "version: 1\nn_points: 2\n{\n1 2\n3.5 4\n}\n", "pts/a.pts")
    written(tmp_path, "5 6\n7 8\n", "pts/b.pts")
    found = read_landmarks(tmp_path / "pts")
    assert [points.tolist() for points in found.of(["a.png", "b.png"]) if points is not None] == [
        [[1, 2], [3.5, 4]],
        [[5, 6], [7, 8]],
    ]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.txt": "1 2"}, "holds no landmarks"),
        ({"a.pts": "1 2\n", "b.pts": "1 2\n3 4\n"}, "b has 2 landmarks and a 1"),
        ({"a.tem": "3\n1 2\n"}, "says 3 points, but 1 lines follow"),
        ({"a.tem": "1 2\n"}, ":1: a .tem file begins with the number"),
        ({"a.pts": "1\n"}, r"a.pts:1: '1' is not a position"),
    ],
)
def test_what_is_no_folder_of_landmarks(tmp_path: Path, files: dict[str, str], says: str) -> None:
    for name, text in files.items():
        written(tmp_path, text, f"points/{name}")
    with pytest.raises(DataError, match=says):
        read_landmarks(tmp_path / "points")


def test_images_without_landmarks_and_names_that_may_mean_two(tmp_path: Path) -> None:
    found = read_landmarks(written(tmp_path, TABLE))
    assert [points is None for points in found.of(["a.jpg", "c.jpg"])] == [False, True]
    with pytest.raises(DataError, match="several of its images may be"):
        read_landmarks(written(tmp_path, TABLE.replace("b.jpg", "x/a.jpg"), "twice.csv")).of(["y/a.png", "z/a.jpg"])


# -- groups ------------------------------------------------------------------------------------------------------------

PEOPLE = [f"{person}_{look}.jpg" for person in "abcdefgh" for look in ("neutral", "smiling")]
LABELS = "image,person,site\n" + "".join(f"{image},{image[0]},lab\n" for image in PEOPLE)


def test_a_group_is_held_out_whole_and_the_same_whatever_others_there_are(tmp_path: Path) -> None:
    groups = read_groups(written(tmp_path, LABELS), "person", PEOPLE)
    assert groups == [image[0] for image in PEOPLE]
    many = [str(number) for number in range(2000) for _ in range(2)]
    chosen = by_chance(many)
    assert (chosen[::2] == chosen[1::2]).all() and 0.08 < chosen.mean() < 0.12
    assert (by_chance(many[:1000]) == chosen[:1000]).all()
    few = by_chance(groups)
    assert few.any() and not few.all()


def test_images_of_nobody_are_groups_of_their_own(tmp_path: Path) -> None:
    groups = read_groups(written(tmp_path, LABELS), "person", [*PEOPLE, "stranger.jpg"])
    assert groups[-1] == "stranger.jpg"


def test_columns_that_part_nothing(tmp_path: Path) -> None:
    table = written(tmp_path, LABELS)
    with pytest.raises(ConfigError, match=r"unknown column of .* 'persn' \(did you mean 'person'"):
        read_groups(table, "persn", PEOPLE)
    with pytest.raises(DataError, match="'site' is 'lab' for all images"):
        read_groups(table, "site", PEOPLE)
    with pytest.raises(DataError, match="names nobody"):
        read_groups(table, "person", ["x.jpg", "y.jpg"])


def test_a_list_of_images_or_groups(tmp_path: Path) -> None:
    groups = [image[0] for image in PEOPLE]
    by_image = by_list(written(tmp_path, "# mine\na_neutral.jpg\n\nb_smiling\n", "list.txt"), PEOPLE, None)
    assert [image for image, held in zip(PEOPLE, by_image, strict=True) if held] == ["a_neutral.jpg", "b_smiling.jpg"]
    by_person = by_list(written(tmp_path, "a\nb_smiling.jpg\n", "people.txt"), PEOPLE, groups)
    assert {group for group, held in zip(groups, by_person, strict=True) if held} == {"a", "b"}
    assert by_person.sum() == 4


@pytest.mark.parametrize(
    ("text", "says"), [("a\nzoe\n", ":2: 'zoe' is not"), ("# none\n", "holds nothing out"), ("a\nb\n", "everything")]
)
def test_lists_that_cannot_be(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        by_list(written(tmp_path, text, "list.txt"), PEOPLE[:4], [image[0] for image in PEOPLE[:4]])
