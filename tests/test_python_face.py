"""What a notebook imports is there, typed, explained, and shows itself."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from planted_sets import planted_set

import gaia_stim
from gaia_stim.events import Note
from gaia_stim.files import write_bytes
from gaia_stim.images import png_bytes
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import Row

PAGE = Path(__file__).parent.parent / "docs" / "python.md"


@pytest.mark.parametrize("name", gaia_stim.__all__)
def test_a_public_name_is_there_and_explained(name: str) -> None:
    found = getattr(gaia_stim, name)
    assert inspect.getdoc(found)
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")


def test_the_page_names_nothing_that_is_not_there() -> None:
    table = [line.split("|")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert {name for cell in table for name in re.findall(r"`(\w+)`", cell)} == set(gaia_stim.__all__)


def test_a_set_shows_its_sheet(tmp_path: Path) -> None:
    stimuli = planted_set(tmp_path / "set", [Row.numbered("morph", 0, 1)])
    assert stimuli._repr_png_() is None
    sheet = png_bytes(np.zeros((2, 2, 3), np.uint8))
    write_bytes(tmp_path / "set" / "sheet.png", sheet)
    assert stimuli._repr_png_() == sheet


def test_a_space_shows_what_it_is(space: Space) -> None:
    shown = space._repr_html_()
    assert "gaia, 32 px, colour, 16 numbers a code" in shown and shown.count("data:image/png;base64,") == 1
    assert 'alt="A morph between two drawn faces" src="data:image/png;base64,' in Space.load("builtin")._repr_html_()


def test_progress_tells_what_the_command_line_tells(capsys: pytest.CaptureFixture[str]) -> None:
    with gaia_stim.progress() as listen:
        listen(Note("so far"))
    with gaia_stim.progress(quiet=True) as listen:
        listen(Note("not this"))
        listen(Note("but this", warning=True))
    assert capsys.readouterr().err == "so far\nwarning: but this\n"
