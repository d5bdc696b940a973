"""Ctrl-C before anything has begun, and an output that nobody reads or that is full."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from faults.conftest import ROUND, times
from faults.processes import Command

Make = Callable[..., Command]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full and signals as Linux has them")

INTERRUPTED = """
import os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is begun without
at, seen, begun = int(sys.argv[1]), 0, False
def hook(event, arguments):
    global seen, begun
    if event != "import":
        return
    begun = begun or arguments[0] == "gaia_stim.cli.app"
    seen += begun
    if begun and seen == at:
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(hook)
sys.argv = ["gaia-stim", *sys.argv[2:]]
runpy.run_module("gaia_stim", run_name="__main__", alter_sys=True)
"""
"""The program, to which Ctrl-C comes as it imports its `at`th module: the moment is the same on a busy machine."""
IMPORTING = {
    "info run": 600,
    "cite set": 600,
    "scale results.csv --out out": 600,
    "audit set --out out": 600,
    "morph faces/face_00002.png faces/face_00005.png -m run --out out": 2500,
    "train faces --preset tiny --out out": 2500,
    "export set --to psychopy --out out": 600,
    "doctor": 2000,
}
"""Eight verbs, and how many modules each imports at least before it does anything."""


@pytest.mark.parametrize("command", times(list(IMPORTING)[:3], list(IMPORTING)))
def test_control_c_while_modules_are_imported(command: str, lab: Path, tmp_path: Path) -> None:
    chance = Random(f"{command} {ROUND}")
    for at in (chance.randrange(1, times(300, IMPORTING[command])) for _ in range(times(1, 4))):
        program = [sys.executable, "-c", INTERRUPTED, str(at), "-q", *command.replace("--out out", "").split()]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        out = ["--out", str(tmp_path / "out")] if "--out" in command else []
        ended = subprocess.run([*program, *out], cwd=lab, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 130, (at, ended)
        assert ended.stderr.splitlines() == ["cancelled"] and not ended.stdout, (at, ended)
        assert list(tmp_path.iterdir()) == [], at


PRINTS = (
    "info run",
    "--json info run",
    "cite set",
    "scale results.csv --out out",
    "recipe schema",
    "recipe from set",
    "--help",
    "--version",
    "encode --help",
)


def nobody_reads() -> None:
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, 1)
    sys.stdout = os.fdopen(1, "w", closefd=False)


def no_room() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    sys.stdout = os.fdopen(1, "w", closefd=False)


def closed() -> None:
    sys.stdout = None  # type: ignore[assignment]


ENDS = {nobody_reads: (141, ""), no_room: (3, "the disk is full"), closed: (0, "")}


@pytest.mark.parametrize("fault", ENDS, ids=lambda fault: fault.__name__)
def test_an_output_that_takes_nothing(fault: Callable[[], None], lab: Path, command: Make, tmp_path: Path) -> None:
    """The code of a program in a pipe, the word for a full disk, or nothing at all; what was to be written is whole."""
    code, said = ENDS[fault]
    for one in lab.iterdir():
        (tmp_path / one.name).symlink_to(one)
    for words in PRINTS:
        ended = command("-q", *words.split()).run(fault)
        assert ended.code == code, (words, ended)
        lines = [line for line in ended.err.splitlines() if not line.startswith("warning: ")]
        assert said in "".join(lines) if said else not lines, (words, ended)
        assert len(lines) <= 1, (words, ended)
    assert (tmp_path / "out" / "scale.csv").is_file()
