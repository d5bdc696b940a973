"""A killed `samples` leaves nothing behind once the same command is given again."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from faults.conftest import strays, times
from faults.processes import Command, die_at_write
from gaia_stim import cli


@pytest.mark.parametrize("write", times([1, 5], list(range(1, 18, 4))))
def test_the_same_command_goes_on_and_clears_what_was_not_finished(
    command: Callable[..., Command], tmp_path: Path, contents: Callable[[Path], Mapping[str, bytes]], write: int
) -> None:
    """Each file is safe by four calls: one that was not done leaves no record, or no face, under its name."""
    asked = ("samples", "faces", "--n", "3", "--size", "16")
    ended = command("-q", *asked).run(die_at_write, write)
    left = [*tmp_path.joinpath("faces").rglob(".partial-*")]
    assert ended.code == -9 and len(left) == 1
    assert cli.main(["-q", *asked]) == 0
    assert not strays(tmp_path / "faces") + strays(tmp_path / "faces/images")
    assert cli.main(["-q", "samples", "whole", *asked[2:]]) == 0
    assert contents(tmp_path / "faces") == contents(tmp_path / "whole")
