"""Every attack of the table, on every kind of file: a message that names it in moments, within bounded memory.

In the ordinary run those that hung, took gigabytes or were bugs once, each through the first command that reads such a
file; with GAIA_STIM_SLOW all of them, each through one of the commands, and another in each ROUND: twelve go through
all.
"""

import ast
import contextlib
import pickle
import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import gaia_stim
from faults.attacked import BYTES, Ending, Job, attack, watched
from faults.attacks import (
    ATTACKS,
    CELLS,
    GONE,
    NO_STAND,
    ODD,
    RECORDS,
    STANDS,
    Attack,
    Stand,
    attacks_on,
    places,
    record_in,
    rows_of,
    with_field,
)
from faults.conftest import ROUND, SLOW, times
from faults.world import make_world
from gaia_stim.config.options import Role, options
from gaia_stim.config.verbs import VERBS

OFTEN = ("a pipe that nobody writes into", "a terabyte of nothing")
"""What is tried in the ordinary run."""
READ_NONE = {"demo", "doctor", "explore", "serve"}
"""Verbs that read no file of a stranger's, or never end by themselves."""
TOO_FEW = {"attributes audit vectors -m run --out out": "are too few"}
"""Commands that ask for more images than the world has, once they have read all else, and what they say then."""
HERE = {kind: stand for kind, stand in STANDS.items() if SLOW or not stand.is_rare}
PIECES = times(1, 6)
"""The table is tried in so many tests, so that several processes can share it."""


@pytest.fixture(scope="session")
def world(faces: Path, tiny_run: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good file of each kind, where `STANDS` says."""
    home = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        patch.chdir(home)
        make_world(home, faces, tiny_run, rare=SLOW)
    return home


def of_this_round(stand: Stand) -> str:
    """The command that reads such a file here and now."""
    return stand.commands[ROUND % len(stand.commands)]


def chosen() -> list[tuple[Attack, Job]]:
    """The attacks that are tried here and now."""
    return [
        (one, Job(one.name, stand.path, of_this_round(stand), stand.is_needed))
        for kind, stand in HERE.items()
        for one in attacks_on(kind)
        if SLOW or one.name in OFTEN
    ]


def wrong(one: Attack, ending: Ending) -> str:
    """What is wrong with how an attack ended; empty where it ended as it should."""
    if ending.left or ending.memory > BYTES:
        return ending.left or f"took {ending.memory:,} bytes"
    if ending.code == 0 and (one.may_do or not ending.job.is_needed):
        return ""
    if ending.code not in (2, 3, 4) or not re.search("^error: |^ *stopped", ending.err, re.MULTILINE):
        return f"ended with {ending.code}"
    if (too_few := TOO_FEW.get(ending.job.command)) and too_few in ending.err and one.may_do:
        return ""
    path = Path(ending.job.path)
    if not any(name in ending.err for name in (path.name, path.parent.name)):
        return "does not name the file"
    return next((sign for sign in ("Traceback", "not enough memory", ".partial-") if sign in ending.err), "")


def check(found: Sequence[tuple[Attack, Ending]]) -> None:
    told = [
        f"{ending.job.path}, {one.name}, {ending.job.command}: {problem}\n{ending.err[-500:]}"
        for one, ending in found
        if (problem := wrong(one, ending))
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("piece", range(PIECES))
def test_attacks_end_as_they_should(world: Path, cache: Path, piece: int) -> None:
    try_all(world, cache, chosen()[piece::PIECES])


Part = tuple[tuple[Any, ...], Any]
"""A place in a file, and what is put there."""


def test_odd_values_in_records(world: Path, cache: Path) -> None:
    """Any value at any place of a record: an answer or a message, never a bug."""
    chance = random.Random(ROUND)
    todo = []
    for kind in sorted(RECORDS & HERE.keys()):
        here = list(places(record_in(world / HERE[kind].path)))
        todo += [spoilt(kind, (chance.choice(here), chance.choice(ODD)), chance) for _ in range(times(1, 12))]
    try_all(world, cache, todo)


def test_what_is_missing_or_odd_in_a_part(world: Path, cache: Path) -> None:
    """A record without one of its fields, a table without a column or with another cell in it."""
    chance = random.Random(ROUND)
    todo = []
    for kind in sorted(HERE):
        parts = parts_of(kind, world / HERE[kind].path)
        todo += [spoilt(kind, part, chance) for part in chance.sample(parts, min(times(1, 5), len(parts)))]
    try_all(world, cache, todo)


def parts_of(kind: str, path: Path) -> list[Part]:
    """The fields that a record can lack, the columns that a table can lack, and its cells that can be others."""
    if kind in RECORDS:
        return [(place, GONE) for place in places(record_in(path)) if place]
    columns = range(len(rows_of(path)[0]) if path.suffix == ".csv" else 0)
    return [((at,), odd) for at in columns for odd in (GONE, *CELLS)]


def spoilt(kind: str, part: Part, chance: random.Random) -> tuple[Attack, Job]:
    """A file of a kind with another part, and one of the commands that read it."""
    (place, odd), stand = part, HERE[kind]
    one = Attack(f"{str(odd)[:20]!r} at {place}", (kind,), with_field(place, odd), may_do=True)
    return one, Job(one.name, stand.path, chance.choice(stand.commands), field=part)


def try_all(world: Path, cache: Path, todo: Sequence[tuple[Attack, Job]]) -> None:
    endings = attack(world, cache, [job for _, job in todo])
    check([(one, ending) for (one, _), ending in zip(todo, endings, strict=True)])


@pytest.mark.skipif(not SLOW, reason="a minute")
def test_good_files_are_taken(world: Path, cache: Path) -> None:
    """What the commands of this round end with is for what was done to the file, and nothing else."""
    todo = {
        of_this_round(stand): Job("", stand.path, of_this_round(stand)) for stand in STANDS.values() if stand.is_good
    }
    endings = attack(world, cache, list(todo.values()))
    refused = {one.job.command: one.err for one in endings if one.code or one.left}
    assert refused.keys() == TOO_FEW.keys() & todo.keys(), refused


def reach_out(place: Path, elsewhere: Path) -> list[str]:
    """What is seen of a process that writes where it may, and then does what no file may bring about."""
    reached = watched(place)
    (place / "mine").write_text("")
    (place / "mine").rename(place / "out")
    seen = list(reached)
    (elsewhere / "x").write_text("")
    (place / "out").rename(elsewhere / "y")
    (elsewhere / "y").unlink()
    with contextlib.suppress(OSError), socket.socket() as one:
        one.connect(("127.0.0.1", 9))
    subprocess.run([sys.executable, "--version"], check=True, capture_output=True)
    pickle.loads(pickle.dumps(Path("x")))  # noqa: S301
    return [*seen, *(event.partition(" ")[0] for event in reached)]


def test_what_reaches_out_is_seen(tmp_path: Path) -> None:
    """The watch over all attacks is one."""
    for name in ("place", "elsewhere"):
        (tmp_path / name).mkdir()
    with ProcessPoolExecutor(1, get_context("forkserver")) as pool:
        seen = pool.submit(reach_out, tmp_path / "place", tmp_path / "elsewhere").result()
    assert seen[:4] == ["open", "os.rename", "os.remove", "socket.connect"]
    assert {"subprocess.Popen", "pickle.find_class"} <= set(seen[4:])


# -- nothing is missing from the table --------------------------------------------------------------------------------


def test_every_kind_is_attacked_and_every_verb_reads_one() -> None:
    """A new verb that reads a file has a place in the table."""
    assert all(any(kind in one.kinds for one in ATTACKS) for kind in STANDS)
    read = {command for stand in STANDS.values() for command in stand.commands}
    asked = {verb for verb in VERBS for command in read if command.startswith(f"{verb} ") or command == verb}
    readers = {
        name
        for name, verb in VERBS.items()
        if any(option.is_path and option.role is not Role.OUTPUT for option in options(verb.config).values())
    }
    assert not readers - asked - READ_NONE


NAME = re.compile(r"[\w.-]+\.(jsonl?|[ct]sv|xlsx|ya?ml|safetensors|np[yz]|sqlite|u8)|settings\.js")
"""Of files in formats that we read."""


def names_of_files(sources: Iterable[str]) -> set[str]:
    """The names of data files that a program knows: whole texts in its sources that are such a name."""
    return {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value)
    }


def test_every_file_with_a_name_is_in_the_table() -> None:
    """A new file that the project keeps is attacked, or it is said why not."""
    named = names_of_files(path.read_text() for path in Path(gaia_stim.__file__).parent.rglob("*.py"))
    known = {Path(stand.path).name for stand in STANDS.values()} | NO_STAND.keys()
    assert len(named) > 40
    assert not missing(named, known)
    planted = names_of_files(['NOTES = "notes.json"', 'def f(p): return p / "codes.npz"', 'x = f"{y}.json"'])
    assert missing(planted, known) == {"notes.json"}


def missing(named: set[str], known: set[str]) -> set[str]:
    """What is in no place of the table, of a file or of what a file's record is called."""
    return {name for name in named - known if not any(one.endswith(name) for one in known)}
