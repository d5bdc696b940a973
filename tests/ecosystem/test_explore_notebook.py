"""The page in a notebook's cell, in Chromium: a model as JupyterLab has it, whose messages go to the widget here."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jspsych_browser import MISSING, Browser

pytest.importorskip("anywidget")

from gaia_stim.config import SamplesConfig
from gaia_stim.explorer.notebook import ExplorerWidget
from gaia_stim.names import BUILT_IN
from gaia_stim.samples import folder as drawn
from gaia_stim.space.space import Space

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
NOTEBOOK = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><div id="cell"></div>
<script type="module">
import widget from "/notebook.js";
const values = await (await fetch("/values")).json(), hearers = [];
const letters = (view) => Array.from(new Uint8Array(view.buffer), (one) => String.fromCharCode(one));
const text = (view) => btoa(letters(view).join(""));
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer);
const model = {
  get: (name) => values[name],
  on: (kind, hear) => hearers.push(hear),
  off: () => {},
  async send(told, callbacks, buffers = []) {
    const body = JSON.stringify([told, buffers.map(text)]);
    const answer = await (await fetch("/tell", { method: "POST", body })).json();
    for (const hear of hearers) hear(answer[0], answer[1].map(bytes));
  },
};
widget.render({ model, el: document.getElementById("cell") });
globalThis.inside = () => document.querySelector("iframe").contentWindow;
</script>"""


class Kernel(BaseHTTPRequestHandler):
    """Hands messages to the widget, and its answers back."""

    widget: ExplorerWidget

    def do_GET(self) -> None:
        values = {"page": self.widget.page, "height": self.widget.height}
        kind, content = {
            "/": ("text/html", NOTEBOOK),
            "/notebook.js": ("text/javascript", str(self.widget._esm)),
            "/values": ("application/json", json.dumps(values)),
        }[self.path]
        self._say(kind, content)

    def do_POST(self) -> None:
        told, buffers = json.loads(self.rfile.read(int(self.headers["content-length"])))
        # Many messages are answered at once: each answer is known by the thread that sends it.
        self.widget._answer(told, [base64.b64decode(one) for one in buffers])
        said, raw = HEARD.pop(threading.get_ident())
        self._say("application/json", json.dumps([said, [base64.b64encode(one).decode() for one in raw]]))

    def _say(self, kind: str, content: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_: Any) -> None:
        pass


HEARD: dict[int, tuple[Any, list[bytes]]] = {}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[str]:
    home = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        drawn.draw_into(SamplesConfig(out=Path("faces"), n=12, size=96, seed=3))
        Kernel.widget = Space.load(BUILT_IN).explore(home / "faces" / "images")
        patch.setattr(Kernel.widget, "send", lambda said, raw: HEARD.update({threading.get_ident(): (said, raw)}))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Kernel)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_page_lives_in_a_cell(notebook: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    page = browser.open(notebook)

    def until(code: str) -> Any:
        deadline = time.monotonic() + 60
        while not (found := page.js(code)):
            assert time.monotonic() < deadline, code
            time.sleep(0.05)
        return found

    settled = "inside()?.document.querySelectorAll('[aria-busy=false]').length === 2"
    until(settled)
    until("[...inside().document.querySelectorAll('#slots img')].every((one) => one.naturalWidth > 8)")
    assert "face_00000" in page.js("inside().document.getElementById('command').textContent")
    before = page.js("inside().document.getElementById('picture').toDataURL()")
    page.js("Object.assign(inside().document.getElementById('alpha'), {value: 0.9}).dispatchEvent(new Event('input'))")
    until(settled)
    assert page.js("inside().document.getElementById('picture').toDataURL()") != before
    assert page.js("inside().document.getElementById('picture').width") == 96
    assert page.do("errors") == []
    browser.close()
