"""The page in a notebook: the same answers as the server's, by messages of the kernel."""

import json
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("anywidget")

from gaia_stim.errors import ConfigError
from gaia_stim.explorer.notebook import ExplorerWidget, page
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plans.continua import morph_plan


@pytest.fixture
def heard() -> list[tuple[dict[str, Any], list[bytes]]]:
    return []


@pytest.fixture
def widget(space: Space, faces: Path, heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> ExplorerWidget:
    made = space.explore(faces)
    monkeypatch.setattr(made, "send", lambda told, buffers: heard.append((told, buffers)))
    return made


def tell(widget: ExplorerWidget, heard: list[Any], told: dict[str, Any], *buffers: bytes) -> tuple[Any, list[bytes]]:
    """As the kernel does it: a message comes, and its answer is sent from another thread."""
    before = len(heard)
    widget._handle_custom_msg(told, list(buffers))
    deadline = time.monotonic() + 30
    while len(heard) == before and time.monotonic() < deadline:
        time.sleep(0.002)
    return heard[-1]


def test_questions_are_answered_as_the_server_does(widget: ExplorerWidget, heard: list[Any], faces: Path) -> None:
    names = sorted(path.name for path in faces.iterdir())
    told, [content] = tell(widget, heard, {"id": 1, "method": "GET", "path": "/state"})
    assert told == {"id": 1, "status": 200, "type": "application/json"} and json.loads(content)["names"] == names
    told, [content] = tell(widget, heard, {"id": 2, "method": "GET", "path": f"/thumbnails/{names[0]}"})
    assert told["type"] == "image/png" and content.startswith(b"\x89PNG")
    told, [content] = tell(widget, heard, {"id": 3, "method": "GET", "path": "/thumbnails/..%2Fsecret.png"})
    assert told["status"] == 404 and "no photograph" in json.loads(content)["error"]
    sent = json.dumps({"view": {"kind": "morph", "images": names[:2]}, "wanted": {"steps": 3}}).encode()
    told, [content] = tell(widget, heard, {"id": 4, "method": "POST", "path": "/sets"}, sent)
    assert told["status"] == 200 and len(list((Path(json.loads(content)["folder"]) / "stimuli").iterdir())) == 3
    photograph = (faces / names[5]).read_bytes()
    told, [content] = tell(
        widget, heard, {"id": 5, "method": "POST", "path": "/photographs?name=Zo%C3%AB.png"}, photograph
    )
    assert json.loads(content) == {"name": "Zoe.png"} and Path("explored/photographs/Zoe.png").is_file()


def test_pictures_are_those_of_the_command(widget: ExplorerWidget, heard: list[Any], space: Space, faces: Path) -> None:
    a, b = sorted(faces.iterdir())[:2]
    view = {"kind": "morph", "images": [a.name, b.name], "alpha": 0.5}
    _, [content] = tell(widget, heard, {"picture": json.dumps({"id": 7, "view": view, "quality": "fine"})})
    (length,) = struct.unpack("<I", content[:4])
    header = json.loads(content[4 : 4 + length])
    pixels = np.frombuffer(content[4 + length :], np.uint8).reshape(header["side"], header["side"], 4)
    assert np.array_equal(pixels[..., :3], morph_plan(space, a, b, steps=3).pictures(space)[1])
    told, buffers = tell(widget, heard, {"picture": "nonsense"})
    assert "error" in json.loads(told["text"]) and not buffers


def test_the_page_is_whole_and_asks_nobody_else(widget: ExplorerWidget) -> None:
    assert widget.page == page() and 'id="picture"' in page() and "globalThis.latencies" in page()
    assert "/explore.js" not in page() and "/explore.css" not in page()


def test_without_anywidget_it_is_said_how_to_get_it(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaia_stim.space.space.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'gaia-stim\[notebook\]'"):
        space.explore()
