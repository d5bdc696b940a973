"""The page of `explore` as a widget in a notebook: the same page and answers, by the notebook's own messages."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import anywidget
import traitlets
from starlette.types import ASGIApp

from gaia_stim.config.verbs import VERBS, verb_of
from gaia_stim.events import Listener, silent
from gaia_stim.explorer.app import Explorer
from gaia_stim.explorer.opening import opened
from gaia_stim.space.space import Space

PAGE = files("gaia_stim.explorer") / "page"
HEIGHT = 860
"""Pixels of the cell's output."""


class ExplorerWidget(anywidget.AnyWidget):
    """The page in a cell; made by `Space.explore`."""

    _esm = (PAGE / "notebook.js").read_text(encoding="utf-8")
    page = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(HEIGHT).tag(sync=True)

    def __init__(self, explorer: Explorer, height: int = HEIGHT) -> None:
        super().__init__(page=page(), height=height)
        self._explorer, self._app = explorer, explorer.app()
        # The kernel goes on hearing meanwhile, and pictures do not wait for a set that is written.
        self._pool = ThreadPoolExecutor(4)
        self.on_msg(lambda _, told, buffers: self._pool.submit(self._answer, told, buffers))

    def _answer(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        if "picture" in told:
            answer = asyncio.run(self._explorer.picture(told["picture"]))
            self._tell({"text": answer} if isinstance(answer, str) else {}, [] if isinstance(answer, str) else [answer])
            return
        body = bytes(buffers[0]) if buffers else b""
        status, kind, content = asyncio.run(call(self._app, told["method"], told["path"], body))
        self._tell({"id": told["id"], "status": status, "type": kind}, [content])

    def _tell(self, told: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        self.send(told, list(buffers))


def widget(
    space: Space,
    images: Path | str | None = None,
    vectors: Path | str | None = None,
    out: Path | str = "explored",
    listen: Listener = silent,
) -> ExplorerWidget:
    """See `Space.explore`."""
    folder = None if images is None else Path(images)
    home = Path(out)
    session = opened(folder, space.run, None if vectors is None else Path(vectors), home / "faces", listen)
    make: Callable[[Any], Any] = lambda asked: VERBS[verb_of(asked)].function()(asked, listen)  # noqa: E731
    return ExplorerWidget(Explorer(session, home, make))


def page() -> str:
    """The page in one piece: its script and its style within it."""
    text, script, style = (
        (PAGE / name).read_text(encoding="utf-8") for name in ("index.html", "explore.js", "explore.css")
    )
    text = re.sub(r'<link rel="stylesheet"[^>]*>', lambda _: f"<style>\n{style}</style>", text)
    return re.sub(r"<script[^>]*></script>", lambda _: f'<script type="module">\n{script}</script>', text)


async def call(app: ASGIApp, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
    """What an app answers to a request: the status, the kind of the content, and the content."""
    asked = urlsplit(path)
    headers = [(b"content-length", str(len(body)).encode())]
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(asked.path),
        "raw_path": asked.path.encode(),
        "query_string": asked.query.encode(),
        "headers": headers,
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "server": None,
        "client": None,
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    kinds = [value.decode("latin-1") for name, value in sent[0]["headers"] if name.lower() == b"content-type"]
    return sent[0]["status"], kinds[0] if kinds else "", b"".join(one.get("body", b"") for one in sent[1:])
