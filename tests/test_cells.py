"""Text in cells: the very same when it is read back, and nothing that any program makes something else of."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from planted_sets import HOSTILE

from gaia_stim.cells import csv_bytes, frame_csv, guarded, in_ascii, is_plain, unguarded


@given(st.text())
@example("'%text:")
@example("'%0A")
@example("'=")
@example("%text:1 2 3")
def test_the_way_back_is_exact(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(st.text(), st.text())
def test_two_texts_are_never_one_cell(one: str, other: str) -> None:
    assert (guarded(one) == guarded(other)) == (one == other)


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.sampled_from(HOSTILE))
def test_a_cell_is_one_line_and_no_formula(text: str) -> None:
    cell = guarded(text)
    assert len(cell.splitlines()) <= 1 and "\t" not in cell
    assert not cell.startswith(("=", "+", "-", "@", "[", "(", '"', "$", " "))
    assert not re.search(r"[\[\]{}\\]", cell)


@given(st.floats().map(repr) | st.integers().map(str) | st.text(alphabet="0123456789.eE+-_xX,ainfNATR "))
def test_a_cell_with_text_is_no_number(text: str) -> None:
    cell = guarded(text).replace(",", ".")  # as PsychoPy does
    with pytest.raises(ValueError, match="could not convert"):
        float(cell)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("m_0001", "m_0001"),
        ("stimuli/m_0001.png", "stimuli/m_0001.png"),
        ("sha256_12e4", "sha256_12e4"),
        ("CC BY 4.0", "CC BY 4.0"),
        ("anna;bert", "anna;bert"),
        ("Zoë Müller", "Zoë Müller"),
        ("2afc", "2afc"),
        ("May", "May"),
        ("=1+1", "'=1+1"),
        ("03-04", "'03-04"),
        ("12e4", "'12e4"),
        ("NA", "'NA"),
        ("001", "'001"),
        ("one\ntwo", "'one%0Atwo"),
        ("[1]", "'%5B1%5D"),
        ("1/2/2020", "'%text:1/2/2020"),
        ("May 2020", "'%text:May 2020"),
        ("000001.jpg", "000001.jpg"),
        ("1e6.png", "'1e6.png"),
        ("../photos/1.png", "../photos/1.png"),
        ("", ""),
    ],
)
def test_how_it_looks(text: str, cell: str) -> None:
    assert guarded(text) == cell
    assert is_plain(text) == (text == cell != "")


@given(st.text())
@example("😀 100%")
@example("ü 5")
def test_cells_in_ascii_have_the_same_way_back(text: str) -> None:
    cell = in_ascii(guarded(text))
    assert cell.isascii() and unguarded(cell) == text


@pytest.mark.parametrize(
    "cell", ["'t Hooft.png", "'a", "'", "'%41", "'%UFFFFFFFF", "'%text:a", "Anna'-01.png", "'2afc"]
)
def test_a_cell_that_nobody_guarded_is_itself(cell: str) -> None:
    assert unguarded(cell) == cell


def test_what_was_written_by_version_0_1_is_read() -> None:
    for cell in ("'=x", "''=x", "'-5", "'@x", "'+1.png"):
        assert unguarded(cell) == cell[1:]


def test_a_table_is_guarded_and_holds_numbers_as_they_read_back() -> None:
    rows = [["=a", 0.1, None], ["b", np.float64(1 / 3), float("nan")], ["c", 7, pd.NA]]
    assert csv_bytes(rows) == b"'=a,0.1,\nb,0.3333333333333333,\nc,7,\n"
    frame = pd.DataFrame({"image": ["=a.png"], "x": [1.0], "n": [3]})
    assert frame_csv(frame) == b"image,x,n\n'=a.png,1.0,3\n"
