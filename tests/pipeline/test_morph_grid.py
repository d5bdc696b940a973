"""Grids, from four files to a set: the edges are the morphs of the corners, to the byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaia_stim import cli
from gaia_stim.config import MorphConfig, MorphGridConfig, make
from gaia_stim.errors import ConfigError
from gaia_stim.pipeline.grids import morph_grid
from gaia_stim.pipeline.morphs import morph
from gaia_stim.stimuli.sets import StimulusSet

Capture = pytest.CaptureFixture[str]
CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")


@pytest.fixture
def four(faces: Path) -> list[Path]:
    return sorted(faces.iterdir())[:4]


def ask(four: list[Path], run: Path, **options: Any) -> MorphGridConfig:
    corners = dict(zip(CORNERS, four, strict=True))
    return make(MorphGridConfig, {**corners, "rows": 3, "cols": 4, "out": "grid", "model": run, **options})


def stimuli(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / "stimuli").iterdir())]


@pytest.mark.parametrize(
    "options", [{}, {"spacing": "pixel"}, {"spacing": "nlpd"}, {"spacing": "ciede2000"}, {"refine": 10}]
)
def test_the_edges_are_the_morphs_of_the_corners(four: list[Path], tiny_run: Path, options: dict[str, Any]) -> None:
    made = morph_grid(ask(four, tiny_run, **options))
    grid = np.array(stimuli(made.out), dtype=object).reshape(3, 4)
    edges = {(0, 1): grid[0], (2, 3): grid[-1], (0, 2): grid[:, 0], (1, 3): grid[:, -1]}
    for (first, second), edge in edges.items():
        config = {"first": four[first], "second": four[second], "steps": len(edge), "model": tiny_run, **options}
        between = morph(make(MorphConfig, {**config, "out": f"edge_{first}_{second}"}))
        assert edge.tolist() == stimuli(between.out)


def test_a_grid_is_read_like_a_page(four: list[Path], tiny_run: Path) -> None:
    made = morph_grid(ask(four, tiny_run))
    table = StimulusSet.open(made.out).table
    assert table["position"].tolist() == list(range(12)) and set(table["kind"]) == {"grid"}
    assert table["grid_u"].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1] * 3)
    assert table["grid_v"].tolist() == pytest.approx([0] * 4 + [0.5] * 4 + [1] * 4)
    assert table["alpha"].isna().all() and table["step_distance"].isna().all()
    assert np.flatnonzero(table["reconstruction_error"].notna()).tolist() == [0, 3, 8, 11]
    assert (made.rows, made.columns, made.stimuli) == (3, 4, 12)
    assert made.steps_cv == made.steps_cv_before


def test_a_spaced_grid_is_more_even(four: list[Path], tiny_run: Path) -> None:
    made = morph_grid(ask(four, tiny_run, spacing="pixel", rows=4))
    assert made.steps_cv < 0.6 * made.steps_cv_before
    record = StimulusSet.open(made.out).provenance.as_written["plan"]["spacing"]
    assert record["steps_cv"] == made.steps_cv and record["metric"].startswith("RMS")


@pytest.mark.parametrize("option", ["rows", "cols"])
@pytest.mark.parametrize("count", [0, 1, 101])
def test_no_grid_of_one(four: list[Path], tiny_run: Path, option: str, count: int) -> None:
    with pytest.raises(ConfigError, match=f"--{option}: should be"):
        ask(four, tiny_run, **{option: count})


def test_a_missing_corner_is_named(four: list[Path], tiny_run: Path, capsys: Capture, tmp_path: Path) -> None:
    assert cli.main(["morph-grid", *map(str, four[:3]), "-m", str(tiny_run)]) == 2
    assert "BR" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_scale_of_one_continuum_is_refused(four: list[Path], tiny_run: Path, tmp_path: Path) -> None:
    Path("scale.csv").write_text("alpha,scale\n0,0\n1,1\n")
    with pytest.raises(ConfigError, match=r"--spacing scale\.csv: a scale is of one continuum"):
        morph_grid(ask(four, tiny_run, spacing="scale.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["scale.csv"]


def test_the_command(
    four: list[Path], tiny_run: Path, capsys: Capture, tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]
) -> None:
    command = ["morph-grid", *map(str, four), "--rows", "2", "--cols", "3", "-m", str(tiny_run)]
    assert cli.main(command) == 0
    folder = tmp_path / f"grid_{four[0].stem}_{four[3].stem}"
    before = contents(folder)
    assert len(stimuli(folder)) == 6 and cli.main(command) == 0
    assert contents(folder) == before and "nothing to do" in capsys.readouterr().err
