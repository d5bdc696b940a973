"""Two servers of stimuli on one file, behind nginx with the documented lines: to who asks they are one."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from behind_nginx import MISSING, NAME, Nginx, answered

pytest.importorskip("starlette")

from gaia_stim.explorer.serving import listening
from gaia_stim.files import hash_bytes
from gaia_stim.images import png_bytes
from gaia_stim.samples import deal, draw_face

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
OWN = "0wners-token-of-twenty-letters"
TRIALS = 12


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """Of two servers."""
    home = tmp_path_factory.mktemp("servers")
    (home / "faces").mkdir()
    for number, name in enumerate(("anna", "bert", "cleo", "dora", "emil", "fritz", "gerd", "hans")):
        (home / "faces" / f"{name}.png").write_bytes(png_bytes(draw_face(deal(number, seed=7), size=64)))
    words = ["serve", "faces", "-m", "builtin", "--state", "study.sqlite", "--port", "0", "--behind", NAME]
    around = {**os.environ, "GAIA_STIM_TOKEN": OWN, "PYTHONPATH": os.pathsep.join(sys.path)}
    logs = [home / "first", home / "second"]
    servers = [
        subprocess.Popen([sys.executable, "-m", "gaia_stim", *words], cwd=home, stderr=log.open("w"), env=around)
        for log in logs
    ]
    yield [_port(log) for log in logs]
    for server in servers:
        server.terminate()
        server.wait(timeout=60)


def _port(log: Path) -> int:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := re.search(r"127\.0\.0\.1:(\d+)/", log.read_text()):
            return int(found[1])
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def nginx(ports: list[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    at = listening("127.0.0.1", 0)
    port = at.getsockname()[1]
    at.close()
    found = Nginx(tmp_path_factory.mktemp("nginx"), port, ports)
    yield found
    found.close()


def test_pictures_are_the_same_whoever_draws_them(nginx: Nginx, ports: list[int]) -> None:
    link = nginx.link()
    path = "/v1/stimulus?from=anna.png&to=bert.png&alpha=0.35"
    answers = [answered(link, "GET", path, OWN) for _ in range(6)]
    assert {status for status, _ in answers} == {200}
    assert len({hash_bytes(content) for _, content in answers}) == 1
    asked = Counter(nginx.asked(6))
    assert asked == {f"127.0.0.1:{port}": 3 for port in ports}, "each was asked in turn"


def test_a_chain_goes_on_in_whichever_process(nginx: Nginx) -> None:
    link = nginx.link()

    def asked(method: str, path: str, token: str, said: Any = None) -> Any:
        status, content = answered(link, method, path, token, json.dumps(said) if said else "")
        assert status in (200, 201), content
        return json.loads(content)

    participant = asked("POST", "/v1/participants", OWN, {"name": "p01"})["token"]
    about = {"kind": "gsp", "start": "anna.png", "axes": 2, "trials": TRIALS, "seed": 1}
    chain = asked("POST", "/v1/chain", OWN, about)["chain"]
    for trial in range(TRIALS):
        assert asked("GET", f"/v1/chain/{chain}", participant)["trial"] == trial
        asked("POST", f"/v1/chain/{chain}/trials/{trial}", participant, {"answer": trial / TRIALS})
    status, table = answered(link, "GET", f"/v1/chain/{chain}/table", OWN)
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert status == 200
    assert [float(row["answer"]) for row in rows] == pytest.approx([trial / TRIALS for trial in range(TRIALS)])
    assert {row["participant"] for row in rows} == {"p01"}


def test_other_names_and_no_token_get_nothing(nginx: Nginx) -> None:
    link = nginx.link()
    assert answered(link, "GET", "/v1/space", OWN, host="elsewhere.example")[0] == 403
    assert answered(link, "GET", "/v1/space")[0] in (401, 403)
    assert answered(link, "GET", "/v1/space", "another-token-of-twenty-letters")[0] in (401, 403)
