"""Every attack of the table, on every kind of file: a message that names it in moments, within bounded memory.

In the ordinary run those that hung, took gigabytes or were bugs once, each through the first command that reads such a
file; with GAIA_STIM_SLOW all of them, through all commands.
"""

import csv
import json
import random
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from faults.attacked import Ending, Job, attack
from faults.attacks import ATTACKS, JSON, ODD, STANDS, Attack, attacks_on, places, with_field
from faults.conftest import SLOW, times
from gaia_stim import cli
from gaia_stim.config.options import Role, options
from gaia_stim.config.verbs import VERBS
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.store import Store
from gaia_stim.export import texts

OFTEN = ("a pipe that nobody writes into", "a terabyte of nothing")
"""What is tried in the ordinary run."""
NOT_YET = {"demo", "doctor", "samples", "explore", "serve"}
"""Verbs that read no file of a stranger's, or never end by themselves."""


@pytest.fixture(scope="session")
def world(faces: Path, tiny_run: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good file of each kind, where `STANDS` says."""
    home = tmp_path_factory.mktemp("world")
    shutil.copytree(faces, home / "faces")
    shutil.copytree(tiny_run, home / "run")
    shutil.copy(faces.parent / "labels.csv", home / "labels.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        patch.chdir(home)
        (home / "runs").mkdir()
        (home / "runs/latest").write_text(f"{home / 'run'}\n")
        (home / "faces/licenses.csv").write_text("image,license\nface_00002.png,CC0\n")
        for command in (
            "morph faces/face_00002.png faces/face_00005.png --steps 4 -m run --out set",
            "design 2afc set --out design",
            "attributes fit --labels labels.csv --images faces -m run --out vectors",
            *(f"encode faces/face_00002.png -m run --out codes.{kind}" for kind in ("csv", "npz", "safetensors")),
        ):
            assert cli.main(["-q", *command.split()]) == 0, command
        _by_hand()
    return home


def _by_hand() -> None:
    """What is no output of ours."""
    with Path("design/trials.csv").open() as stream:
        trials = [row | {"response": row["correct"], "rt": "0.5"} for row in csv.DictReader(stream)]
    with Path("results.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(trials[0]))
        table.writeheader()
        table.writerows(trials)
    Path("results.json").write_text(json.dumps(trials))
    Path("scale.csv").write_text("alpha,scale\n0,0\n0.5,0.4\n1,1\n")
    Path("display.csv").write_text("level,luminance\n0,0.1\n128,30\n255,100\n")
    shutil.copy(Path(texts.__file__).parent / "en.json", "language.json")
    Path("consent.txt").write_text("I agree.\n")
    three = (("l", 10, 14), ("r", 21, 14), ("m", 16, 24))
    points = [f"{face.name},{name},{x},{y}\n" for face in sorted(Path("faces").glob("*.png")) for name, x, y in three]
    Path("points.csv").write_text("image,landmark,x,y\n" + "".join(points))
    state = Store(Path("serve.sqlite"))
    state.begin(ChainSpec(kind="gsp", start=str(Path("faces/face_00002.png")), attributes=("age",)), "somebody")
    state.close()
    Path("held.txt").write_text("face_00002.png\nface_00005.png\nface_00007.png\n")
    Path("options.yaml").write_text("preset: tiny\nthreads: 1\nimages-seen: 16\n")
    line = "{do: morph, first: faces/face_00002.png, second: faces/face_00005.png, steps: 3}"
    Path("recipe.yaml").write_text(f"model: run\nsteps:\n  line: {line}\n")


def chosen(kind: str) -> list[tuple[Attack, Job]]:
    """The attacks on a kind of file that are tried here and now."""
    stand = STANDS[kind]
    commands = stand.commands if SLOW else stand.commands[:1]
    attacks = [one for one in attacks_on(kind) if SLOW or one.name in OFTEN]
    return [(one, Job(one.name, stand.path, command)) for one in attacks for command in commands]


def wrong(one: Attack, ending: Ending) -> str:
    """What is wrong with how an attack ended; empty where it ended as it should."""
    if one.may_do and ending.code == 0:
        return ""
    if ending.code not in (2, 3, 4) or not re.search("^error: |^ *stopped", ending.err, re.MULTILINE):
        return f"ended with {ending.code}"
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


def test_attacks_end_as_they_should(world: Path, cache: Path) -> None:
    todo = [pair for kind in STANDS for pair in chosen(kind)]
    endings = attack(world, cache, [job for _, job in todo])
    check([(one, ending) for (one, _), ending in zip(todo, endings, strict=True)])


def test_odd_values_in_records(world: Path, cache: Path) -> None:
    """Any value at any place of a JSON file: an answer or a message, never a bug."""
    chance = random.Random(times(0, 1))
    todo: list[tuple[Attack, Job]] = []
    for kind in JSON:
        stand = STANDS[kind]
        here = list(places(json.loads((world / stand.path).read_text())))
        for _ in range(times(2, 200)):
            place, odd = chance.choice(here), chance.choice(ODD)
            one = Attack(f"{str(odd)[:20]!r} at {place}", (kind,), with_field(place, odd), may_do=True)
            todo.append((one, Job(one.name, stand.path, chance.choice(stand.commands), (place, odd))))
    endings = attack(world, cache, [job for _, job in todo])
    check([(one, ending) for (one, _), ending in zip(todo, endings, strict=True)])


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
    assert readers - asked - NOT_YET == WITHOUT_ROWS


WITHOUT_ROWS = {
    *(
        "analyse",
        "attributes audit",
        "compare",
        "benchmark lines",
        "benchmark midpoints",
        "benchmark structure",
        "benchmark load",
    ),
    *("benchmark encode", "benchmark render"),
}
"""Verbs whose rows are still to be written; whoever writes one takes it out."""
