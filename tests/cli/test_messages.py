"""Errors as endings, events as lines, results as JSON."""

import errno
import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel
from rich.console import Console

from gaia_stim import errors
from gaia_stim.cli.console import PAUSE, Lines, figures, listening
from gaia_stim.cli.messages import ending
from gaia_stim.cli.results import as_json, plain, render, show
from gaia_stim.events import Note, Progress
from gaia_stim.pipeline.scale import OneScale, ScaleResult


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (errors.ConfigError("a"), 2, "a"),
        (errors.CheckpointError("b"), 4, "b"),
        (errors.Cancelled("c"), 130, "c"),
        (KeyboardInterrupt(), 130, ""),
        (MemoryError(), 3, "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 3, "not enough memory"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/a[1].png"),
            3,
            "the disk is full (writing out/a[1].png)",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), 3, "the disk is full; make room"),
        (
            PermissionError(errno.EACCES, "Permission denied", "out"),
            3,
            "cannot read or write out: permission denied",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", b"a\xff"),
            3,
            "no such file or directory",
        ),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_endings(error: BaseException, code: int, said: str) -> None:
    how = ending(error)
    assert how.code == code
    assert said in how.text


@pytest.mark.parametrize("error", [OSError("nobody knows"), RuntimeError("x"), KeyError("x")])
def test_everything_else_is_a_bug(error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    how = ending(error, ["train"])
    assert (how.code, how.mark) == (1, "bug")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_bug_where_no_report_can_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert "GAIA_STIM_DEBUG=1" in ending(RuntimeError("x")).text


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def lines_of(events: list[tuple[float, Progress | Note]]) -> list[str]:
    stream, clock = io.StringIO(), Clock()
    lines = Lines(Console(file=stream, soft_wrap=True, highlight=False), clock)
    for clock.now, event in events:
        lines(event)
    lines.close()
    return stream.getvalue().splitlines()


def test_a_line_now_and_then_and_the_last() -> None:
    told = lines_of([(second, Progress("training", second, 35)) for second in range(36)])
    assert [line.split(" · ")[0] for line in told] == [
        f"training: {second}/35" for second in (*range(int(PAUSE), 35, int(PAUSE)), 35)
    ]
    assert told[0] == "training: 10/35 · 0:25 left"


def test_the_last_line_of_work_without_an_end() -> None:
    told = lines_of([(0, Progress("reading", 1, None)), (1, Progress("reading", 2, None, {"loss": 0.031234}))])
    assert told == ["reading: 2 · loss 0.0312"]


def test_each_task_is_told_and_notes_at_once() -> None:
    told = lines_of(
        [
            (0, Progress("a", 1, 2)),
            (0, Progress("b [x]", 1, 1)),
            (0, Note("read [3] images")),
            (0, Note("one is broken", warning=True)),
            (0, Progress("a", 2, 2)),
        ]
    )
    assert told == ["b [x]: 1/1", "read [3] images", "warning: one is broken", "a: 2/2"]


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, _environ={"TERM": "xterm"})
    with listening(console) as listen:
        listen(Progress("training [x]", 1, 2, {"images/s": 1234.5}))
        listen(Note("a [note]"))
        listen(Progress("training [x]", 2, 2, {"images/s": 1234.5}))
    shown = stream.getvalue()
    assert "training [x]" in shown and "2/2" in shown and "images/s 1,234" in shown and "a [note]" in shown


def test_the_display_ends_when_the_work_fails() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    with pytest.raises(RuntimeError), listening(console) as listen:
        listen(Progress("a", 1, 2))
        raise RuntimeError
    with listening(console) as listen:  # a display still alive would refuse a second one
        listen(Progress("a", 1, 2))


def test_figures_are_short() -> None:
    shown = figures({"loss": 0.0312345, "images/s": 51234.5, "d": -1.0, "gone": math.nan})
    assert shown == "loss 0.0312 · images/s 51,234 · d -1 · gone nan"


@dataclass(frozen=True)
class Inner:
    name: str
    status: str


class Model(BaseModel):
    path: Path
    inner: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Outer:
    out: Path
    n: int
    score: float
    nothing: None
    flag: bool
    checks: tuple[Inner, ...]
    model: Model
    losses: dict[str, float]
    array: Any


OUTER = Outer(
    out=Path("sets") / "a [b]",
    n=2_000,
    score=math.inf,
    nothing=None,
    flag=True,
    checks=(Inner("memory [x]", "warn"),),
    model=Model(path=Path("m")),
    losses={"a": 0.123456},
    array=np.float32(0.5),
)


def test_a_result_as_json() -> None:
    assert json.loads(as_json(OUTER)) == {
        "out": str(Path("sets") / "a [b]"),
        "n": 2_000,
        "score": None,
        "nothing": None,
        "flag": True,
        "checks": [{"name": "memory [x]", "status": "warn"}],
        "model": {"path": "m", "inner": [1, 2]},
        "losses": {"a": 0.123456},
        "array": 0.5,
    }


def test_what_json_cannot_say_is_a_bug() -> None:
    with pytest.raises(TypeError):
        plain({"a": object()})


def test_a_result_for_reading() -> None:
    stream = io.StringIO()
    show(Console(file=stream, width=40, soft_wrap=True, highlight=False), OUTER, "gaia-stim info 'a [b]'")
    shown = stream.getvalue()
    assert str(Path("sets") / "a [b]") in shown and "memory [x]" in shown and "0.1235" in shown
    assert "nothing" not in shown and "yes" in shown
    assert shown.endswith("next: gaia-stim info 'a [b]'\n")


def test_long_paths_are_not_broken() -> None:
    stream = io.StringIO()
    Console(file=stream, width=40, soft_wrap=True).print(render({"out": "x" * 200}), soft_wrap=True)
    assert "x" * 200 in stream.getvalue()


@pytest.mark.parametrize("columns", [1, 2, 7, 13, 40])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_wider_than_the_terminal_is_printed_in_parts(columns: int, width: int) -> None:
    """As `compare` of all the paper's methods is: each number in one piece, and each part says what its rows are."""
    names = [f"model:latent={number}" for number in range(columns)]
    rows = [
        {"figure": figure} | {name: base + number for number, name in enumerate(names)}
        for figure, base in (("sharpness", 1000), ("betweenness", 5000))
    ]
    stream = io.StringIO()
    Console(file=stream, width=width).print(render({"figures": rows}))
    lines = [line.split() for line in stream.getvalue().splitlines()[1:]]
    assert {line[0] for line in lines[::3]} == {"figure"} and [line[0] for line in lines[1:3]] == [
        "sharpness",
        "betweenness",
    ]
    assert max(map(len, stream.getvalue().splitlines())) <= width
    for number, figure in enumerate(("figure", "sharpness", "betweenness")):
        printed = [word for line in lines[number::3] for word in line[1:]]
        assert printed == [names, *([str(row[name]) for name in names] for row in rows)][number], figure


def test_scales_of_many_people_are_a_row_a_person() -> None:
    """All figures stand in --json; a terminal of 100 columns has room for those that are read, on one line each."""
    figures = {"pse": 0.51234, "pse_low": 0.48, "pse_high": 0.55, "half": 0.5, "jnd": 0.1, "lapse": None, "sigma": 0.2}
    people = [OneScale("m", "set_1_2", f"p{who:02}", 300, Path("s.csv"), "", figures) for who in range(1, 31)]
    stream = io.StringIO()
    show(
        Console(file=stream, width=100, highlight=False),
        ScaleResult(Path("out"), "identification", 9000, 30, 1, None, None, Path("s"), people),
    )
    lines = stream.getvalue().splitlines()
    rows = [line.split() for line in lines if "0.512" in line]
    assert rows[0] == ["m", "p01", "300", "0.512", "(0.48,", "0.55)", "0.1", "0.2"] and len(rows) == 30
    assert len(lines) < 42 and "set_1_2" not in stream.getvalue()
    assert plain(people[0])["figures"] == figures and plain(people[0])["file"] == "s.csv"
