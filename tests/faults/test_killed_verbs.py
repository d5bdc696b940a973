"""Each verb that writes is killed at any change of the disk: nothing half-written, and the same command mends it."""

import contextlib
import json
import random
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from faults.conftest import ROUND, times
from faults.processes import Command, Started, count_changes, die_at_change
from gaia_stim.files import STAGING_MARK

Make = Callable[..., Command]
Contents = Callable[[Path], dict[str, bytes]]

VERBS = {
    "encode": "encode faces -m run --out out.csv",
    "scale": "scale results.csv --out out",
    "evaluate": "evaluate run --images faces --out out.json",
    "compare": "compare run --images faces --out out",
    "match": "match set --luminance --out out",
    "audit": "audit set --out out",
    "align": "align faces --points points.csv --size 16 --out out",
    "figure": "figure set --out out.svg",
    "export-decoder": "export-decoder run --out out",
    "sample": "sample --images faces --n 3 -m run --out out",
}


@pytest.fixture
def inside(lab: Path, tmp_path: Path) -> Path:
    """What verbs read, in the test's own folder."""
    for one in lab.iterdir():
        if one.name != "run":
            (tmp_path / one.name).symlink_to(one)
    shutil.copytree(lab / "run", tmp_path / "run")
    return tmp_path


def made(folder: Path, contents: Contents) -> dict[str, bytes]:
    """What a verb wrote, its record and what it did not finish among it."""
    beside = [path for path in folder.iterdir() if path.name.startswith((".out", "out", STAGING_MARK))]
    found: dict[str, bytes] = {}
    for one in beside:
        here = contents(one) if one.is_dir() else {"": one.read_bytes()}
        found |= {f"{one.name}/{name}": content for name, content in here.items()}
    return found


def clear(folder: Path, lab: Path) -> None:
    """As before the first command, which may have kept figures in the run."""
    shutil.rmtree(folder / "run")
    shutil.copytree(lab / "run", folder / "run")
    for path in folder.iterdir():
        if path.name.startswith((".out", "out", STAGING_MARK)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("verb", times(["encode", "scale", "compare", "audit"], list(VERBS)))
def test_a_verb_is_killed(verb: str, inside: Path, lab: Path, command: Make, contents: Contents) -> None:
    """What has its name is whole: byte for byte as of a command that nobody killed."""
    asked = command("-q", *VERBS[verb].split())
    tally = inside / "tally"
    ended = asked.run(count_changes, tally)
    assert ended.code == 0, ended.err
    expected = made(inside, contents)
    assert expected
    points = range(tally.stat().st_size)
    for point in random.Random(f"{verb} {ROUND}").sample(points, min(len(points), times(2, 12))):
        clear(inside, lab)
        killed = asked.run(die_at_change, point)
        assert killed.code == -signal.SIGKILL, (point, killed)
        left = {name: content for name, content in made(inside, contents).items() if STAGING_MARK not in name}
        assert left.items() <= expected.items(), (point, sorted(left))
        ended = asked.run()
        assert ended.code == 0, (point, ended.err)
        assert made(inside, contents) == expected, point


SAVED = {"view": {"kind": "morph", "images": ["face_00002.png", "face_00005.png"]}, "wanted": {"steps": 3, "name": "m"}}
"""A set that the page asks for."""


@dataclass(frozen=True)
class Server:
    """One that is up, and what it said of how to reach it."""

    started: Started
    address: str
    token: str

    @classmethod
    def up(cls, started: Started) -> "Server":
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            said = started.log.read_text() if started.log.exists() else ""
            address, token = re.search(r"http://127\.0\.0\.1:\d+/", said), re.search(r"token(?:=| is )([\w-]+)", said)
            if address and token:
                return cls(started, address[0], token[1])
            time.sleep(0.02)
        raise AssertionError(said)

    def post(self, path: str, content: object) -> Any:
        """The answer; `OSError` or `HTTPException` where the server dies before it has one."""
        return self.get(path, json.dumps(content).encode())

    def get(self, path: str, content: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with urlopen(Request(self.address + path, content, headers)) as answer:
            return json.load(answer)


def test_the_explorers_server_is_killed(inside: Path, lab: Path, command: Make, contents: Contents) -> None:
    """While it writes the set that a page asked for; the next server makes it, byte for byte."""
    explore = command("explore", "faces", "-m", "run", "--port", 0, "--no-browser", "--out", "out")
    tally = inside / "tally"
    server = Server.up(explore.start(count_changes, tally))
    before = tally.stat().st_size
    server.post("sets", SAVED)
    server.started.kill()
    expected = made(inside, contents)
    assert expected
    points = range(before, tally.stat().st_size)
    for point in random.Random(ROUND).sample(points, min(len(points), times(1, 12))):
        clear(inside, lab)
        server = Server.up(explore.start(die_at_change, point))
        with pytest.raises((OSError, HTTPException)):
            server.post("sets", SAVED)
        assert server.started.wait().code == -signal.SIGKILL
        left = {name: content for name, content in made(inside, contents).items() if STAGING_MARK not in name}
        assert left in ({}, expected), (point, sorted(left))
        server = Server.up(explore.start())
        server.post("sets", SAVED)
        server.started.kill()
        assert made(inside, contents) == expected, point


@pytest.mark.slow
def test_a_server_of_chains_is_killed(inside: Path, command: Make) -> None:
    """What it confirmed, the next server has, and the chain goes on."""
    serve = command("serve", "faces", "-m", "run", "--port", 0, "--state", "out.sqlite")
    server, confirmed = Server.up(serve.start()), 0
    server.post("v1/chain", {"kind": "gsp", "start": "face_00002.png", "axes": 2, "trials": 10_000, "size": "model"})
    for wait in (random.Random(ROUND).uniform(0, 0.5) for _ in range(6)):
        death = threading.Timer(wait, server.started.send, [signal.SIGKILL])
        death.start()
        with contextlib.suppress(OSError, HTTPException):
            while True:
                server.post(f"v1/chain/1/trials/{confirmed}", {"answer": confirmed % 7 / 10})
                confirmed += 1
        assert server.started.wait().code == -signal.SIGKILL
        server = Server.up(serve.start())
        [chain] = server.get("v1/chain")["chains"]
        # One more where the kill came between the disk and the answer.
        assert confirmed <= chain["answered"] <= confirmed + 1
        confirmed = chain["answered"]
    server.started.kill()
    assert confirmed > 6
