"""What is named is opened: a folder, a set, a run, nothing; and the commands from their options to Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from gaia_stim.config import ExploreConfig, MorphConfig, ServeConfig
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import silent
from gaia_stim.explorer import running
from gaia_stim.explorer.opening import opened
from gaia_stim.pipeline.explorer import explore, serve
from gaia_stim.pipeline.morphs import morph

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/")


def test_a_folder(faces: Path, tiny_run: Path) -> None:
    session = opened(faces, tiny_run, None, Path("drawn"), silent)
    assert len(session.names) == 60 and session.path(session.names[0]).is_relative_to(faces)


def test_a_set_has_its_own_model_and_photographs(faces: Path, tiny_run: Path) -> None:
    first, second, *_ = sorted(faces.iterdir())
    made = morph(MorphConfig(first=first, second=second, steps=3, model=tiny_run, out=Path("set"))).out
    session = opened(made, None, None, Path("drawn"), silent)
    assert session.names == [first.name, second.name] and session.space.run == tiny_run


def test_a_run_has_the_photographs_that_it_was_trained_on(tiny_run: Path, faces: Path) -> None:
    session = opened(tiny_run, None, None, Path("drawn"), silent)
    assert len(session.names) == len(list(faces.iterdir()))
    with pytest.raises(ConfigError, match="model itself"):
        opened(tiny_run, tiny_run, None, Path("drawn"), silent)


def test_nobody_s_photographs_are_drawn_faces(plant: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaia_stim.explorer.opening.FACES", 2)
    session = opened(plant(), None, None, Path("out/faces"), silent)  # type: ignore[operator]
    assert len(session.names) == 2 and Path("out/faces/images").is_dir()


def test_what_is_not_there_is_told(tiny_run: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no such"):
        opened(Path("nowhere"), None, None, Path("drawn"), silent)
    Path("empty").mkdir()
    with pytest.raises(DataError, match="empty"):
        opened(Path("empty"), tiny_run, None, Path("drawn"), silent)


def test_without_what_serves_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "NEEDED", ("no_such_module",))
    for ask in (lambda: explore(ExploreConfig()), lambda: serve(ServeConfig(target=Path("set")))):
        with pytest.raises(ConfigError, match=r"pip install 'gaia-stim\[explore\]'"):
            ask()


@pytest.mark.parametrize("verb", ["explore", "serve"])
def test_from_the_command_to_ctrl_c(verb: str, faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    options = {"explore": ["--no-browser"], "serve": ["--state", "kept/state.sqlite"]}[verb]
    command = ["--json", verb, str(faces), "-m", str(tiny_run), "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "gaia_stim", *command],
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "said").open("w"),
        text=True,
        env=environment,
    )
    deadline = time.monotonic() + 120
    while not (found := ADDRESS.search((tmp_path / "said").read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found
    said = (tmp_path / "said").read_text()
    token = re.search(r"token(?:=| is )([\w-]+)", said)
    assert token
    path = {"explore": "state", "serve": "v1/space"}[verb]
    with urlopen(Request(f"{found[0]}{path}", headers={"Authorization": f"Bearer {token[1]}"})) as answer:
        assert json.load(answer)["size"] == 32
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and json.loads(out)["address"] == found[0]
    assert "Traceback" not in (tmp_path / "said").read_text()
    assert verb == "explore" or Path("kept/state.sqlite").exists()
