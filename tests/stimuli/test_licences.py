from itertools import pairwise
from pathlib import Path

import pytest

from gaia_stim.errors import DataError
from gaia_stim.stimuli.licences import STRICTNESS, known_licence, licence_of, strictest, warnings


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CC0", "CC0"),
        ("cc0 1.0", "CC0"),
        ("Public Domain", "CC0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0"),
        ("CC BY", "CC BY"),
        ("CC-BY-4.0", "CC BY"),
        ("cc by sa", "CC BY-SA"),
        ("CC BY-SA 3.0 DE", "CC BY-SA"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "CC BY-NC"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0", "CC BY-NC-SA"),
        ("CC BY-NC-ND 4.0", "CC BY-NC-ND"),
        ("Creative Commons Attribution-NoDerivs", "CC BY-ND"),
        ("© Anna Berg, all rights reserved", None),
        ("by arrangement", None),
        ("MIT", None),
    ],
)
def test_licences_are_known_however_they_are_written(written: str, meant: str | None) -> None:
    assert known_licence(written) == meant


def test_of_two_licences_the_stricter_one_wins_whichever_comes_first() -> None:
    for freer, stricter in pairwise(STRICTNESS):
        assert strictest([freer, stricter]) == strictest([stricter, freer]) == stricter


def test_the_winner_is_named_in_the_words_of_its_owner() -> None:
    assert strictest(["CC0", "cc-by-nc-4.0"]) == "cc-by-nc-4.0"


def test_an_unknown_licence_is_stricter_than_any_known_one_and_so_is_none_beside_others() -> None:
    assert strictest(["CC BY-NC-ND", "ask Anna"]) == "ask Anna"
    assert strictest(["CC BY", None]) == "unknown"
    assert strictest([None, None]) is None
    assert strictest([]) is None


def test_warnings_name_what_forbids_derivatives_and_what_is_not_known() -> None:
    assert warnings(["CC BY", "CC0"]) == []
    assert warnings([None, None]) == []
    assert "forbids" in warnings(["CC BY-ND 4.0"])[0]
    assert "'ask Anna'" in warnings(["ask Anna"])[0]
    assert "no licence" in warnings(["CC BY", None])[0]


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_table_is_found_in_the_images_folder_and_in_the_one_above(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "image,age,license\nimages/a.png,3,CC BY\nimages/b.jpg,4,CC0\nimages/c.png,5,\n"
    )
    assert licence_of(image(tmp_path / "images/a.png")) == "CC BY"
    assert licence_of(image(tmp_path / "images/b.png")) == "CC0", "the same name with another suffix"
    assert licence_of(image(tmp_path / "images/c.png")) is None
    assert licence_of(image(tmp_path / "others/a.png")) is None, "another image of that name"


def test_a_table_beside_the_image_counts_before_one_above_and_names_need_no_folder(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("image,license\nimages/a.png,CC0\n")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "licenses.csv").write_text("\ufefffile;x,Licence\na,  ask   Anna \n", encoding="utf-8")
    assert licence_of(image(tmp_path / "images/a.png")) == "ask Anna"


def test_a_table_without_the_column_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("image,age\na.png,3\n")
    assert licence_of(image(tmp_path / "a.png")) is None


def test_labels_in_another_form_are_passed_over_and_a_broken_table_of_licences_is_not(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text('2\nMale Young\n"a.png -1 1 , ,\n')
    assert licence_of(image(tmp_path / "a.png")) is None
    (tmp_path / "licenses.csv").write_text('image,license\n"a.png,CC0\n')
    with pytest.raises(DataError, match=r"licenses\.csv:2: not a CSV"):
        licence_of(tmp_path / "a.png")


def test_two_licences_for_one_image_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "licenses.csv").write_text("image,license\na.png,CC0\na.png,CC BY\n")
    with pytest.raises(DataError, match=r"two licences for 'a\.png': CC BY and CC0"):
        licence_of(image(tmp_path / "a.png"))


def test_a_licence_that_no_record_holds_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "licenses.csv").write_text(f"image,license\nb.png,CC0\na.png,{'x' * 10_001}\n")
    with pytest.raises(DataError, match=r"licenses\.csv:3: a licence of 10,001 letters"):
        licence_of(image(tmp_path / "a.png"))


def test_a_table_as_a_german_spreadsheet_saves_it(tmp_path: Path) -> None:
    table = "Bildrechte, Stand Mai;\r\nimage;license\r\na.png;Zoë fragen\r\nb.png;CC BY\r\n"
    (tmp_path / "licences.csv").write_bytes(table.encode("cp1252"))
    assert licence_of(image(tmp_path / "a.png")) == "Zoë fragen"
