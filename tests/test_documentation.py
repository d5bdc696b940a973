"""The documents say only what the program does: every command in them is understood, the README's first two work."""

import shlex
from pathlib import Path

import pytest

from gaia_stim.cli import main
from gaia_stim.cli.app import Call, _config, build_app
from gaia_stim.runs import BUILT_IN

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def commands(page: Path) -> list[list[str]]:
    """The words of each line of a page that calls the program, without the program's name."""
    lines = (line.strip() for line in page.read_text(encoding="utf-8").splitlines() if line[:1] in " g")
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("gaia-stim ")]


@pytest.mark.parametrize(
    "words",
    # docs/cli.md is generated and has a test of its own.
    [pytest.param(words, id=" ".join(words)) for page in PAGES if page.name != "cli.md" for words in commands(page)],
)
def test_every_command_in_the_documents_is_understood(words: list[str]) -> None:
    call = build_app()(args=words, prog_name="gaia-stim", standalone_mode=False)
    if call != 0:  # --help
        assert isinstance(call, Call)
        _config(call)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_and_picture_is_there(page: Path) -> None:
    targets = [part.split(")")[0] for part in page.read_text(encoding="utf-8").split("](")[1:]]
    missing = [name for name in targets if "://" not in name and not (page.parent / name.split("#")[0]).exists()]
    assert not missing


@pytest.mark.skipif(not (BUILT_IN / "config.json").exists(), reason="the built-in model is not there yet")
def test_the_first_two_commands_of_the_readme_end_in_stimuli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in commands(ROOT / "README.md")[:2]:
        assert main(words) == 0
    made = tmp_path / "morph_face_00002_face_00005"
    assert len(list((made / "stimuli").glob("*.png"))) == 9
    assert (made / "manifest.csv").exists()
    assert (made / "sheet.png").exists()
