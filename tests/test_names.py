"""What a set is called that a user gave no name."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gaia_stim.config import MorphConfig, make
from gaia_stim.errors import DataError
from gaia_stim.export.linter import check_id
from gaia_stim.names import LONGEST_NAME, default_name
from gaia_stim.pipeline.morphs import morph


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (("anna smith .png", "bert.png"), "morph_anna_smith_bert"),
        (("faces/face_00002.png", "face_00005.png"), "morph_face_00002_face_00005"),
        (("Zoë.v2.png", "-1.png"), "morph_Zoe_v2_1"),
        (("con.png", "a.."), "morph_con_a"),
    ],
)
def test_a_default_name_is_an_id(files: tuple[str, ...], name: str) -> None:
    assert default_name("morph", *files) == name


def test_what_is_lost_is_told_apart() -> None:
    """Two pairs of photographs are two sets, though letters that no id has, or many of them, are gone."""
    pairs = [("林.png", "a.png"), ("王.png", "a.png"), ("x" * 90, "1.png"), ("x" * 90, "2.png")]
    names = {default_name("morph", *pair) for pair in pairs}
    assert len(names) == len(pairs) and all(len(name) <= LONGEST_NAME for name in names)


@example(["\ud800"])
@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1), max_size=3))
def test_any_default_name_passes_the_gate_of_ids(files: list[str]) -> None:
    try:
        check_id(default_name("morph", *files), "here")
    except DataError as error:
        pytest.fail(str(error))


def test_a_set_of_a_file_with_a_blank_at_its_end(faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    a, b = tmp_path / "anna smith .png", tmp_path / "bert.png"
    for target, source in zip((a, b), sorted(faces.iterdir()), strict=False):
        target.write_bytes(source.read_bytes())
    assert morph(make(MorphConfig, {"first": a, "second": b, "steps": 2, "model": tiny_run})).out == Path(
        "morph_anna_smith_bert"
    )
    assert Path("morph_anna_smith_bert", "manifest.csv").is_file()
