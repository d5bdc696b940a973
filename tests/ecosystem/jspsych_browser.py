"""Chromium by a line of JSON a command (jspsych_browser.cjs), and servers that answer as DataPipe and a web host do."""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import vendor_jspsych

MODULES = vendor_jspsych.MODULES
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in BROWSERS if (found := shutil.which(name))), "")
MISSING = [
    what
    for what, is_there in {
        "node": bool(shutil.which("node")),
        "Chromium": bool(CHROMIUM),
        "playwright-core ('make test-ecosystem' installs it)": (MODULES / "playwright-core").is_dir(),
    }.items()
    if not is_there
]
PHONE = {"width": 390, "height": 844}


def change_settings(folder: Path, **values: Any) -> None:
    """As somebody edits settings.js."""
    file = folder / "settings.js"
    about, text = file.read_text(encoding="utf-8").split("var settings = ")
    settings = json.loads(text.removesuffix(";\n"))
    assert values.keys() <= settings.keys()
    file.write_text(f"{about}var settings = {json.dumps({**settings, **values})};\n", encoding="utf-8")


class Page:
    """One tab."""

    def __init__(self, browser: "Browser", number: int) -> None:
        self.browser, self.number = browser, number

    def do(self, what: str, **more: Any) -> Any:
        """One of jspsych_browser.cjs's commands."""
        return self.browser.tell(what, page=self.number, **more)

    def js(self, code: str) -> Any:
        """The value of an expression in the page."""
        return self.do("js", code=code)

    def answer(self, count: int, how: str = "keys") -> int:
        """Answer so many trials; how many there were before the end."""
        answered: int = self.do("answer", count=count, how=how)
        return answered

    def wait(self, selector: str) -> str:
        """Until it is there; its text."""
        text: str = self.do("wait", selector=selector)
        return text


def adjusted(page: Page, key: str, presses: int) -> dict[str, Any]:
    """One trial of adjustment: so many presses of a key, then done; its row of the results."""
    before = page.js("results.length")
    page.wait("#jspsych-reconstruction-next")
    for _ in range(presses):
        page.do("key", key=key)
    page.do("key", key="Enter")
    rows: list[dict[str, Any]] = []
    while len(rows) <= before:
        rows = json.loads(page.js("JSON.stringify(results)"))
    return rows[-1]


class Browser:
    """Chromium, as long as the tests of a module run."""

    def __init__(self, profile: Path, *more: str) -> None:
        script = Path(__file__).with_suffix(".cjs")
        self.process = subprocess.Popen(
            ["node", str(script), str(MODULES), CHROMIUM, str(profile), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def tell(self, what: str, **more: Any) -> Any:
        """Do it, and return its value."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        assert "error" not in said, said["error"]
        return said["value"]

    def open(self, url: str, viewport: dict[str, int] | None = None) -> Page:
        """A tab at an address."""
        return Page(self, self.tell("open", url=url, viewport=viewport))

    def downloads(self) -> list[tuple[str, str]]:
        """Names and texts of the files in the downloads folder."""
        return [(name, text) for name, text in self.tell("downloads")]

    def close(self) -> None:
        """End it."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=60)


class DataPipe:
    """The API of pipe.jspsych.org as documented (functions/api-data.js, api-condition.js of jspsych/datapipe)."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.asked: list[str] = []
        self.conditions = 0
        self.failures: list[tuple[int, str]] = []
        """What the next requests for data are answered with; status 0: the data arrive, and the answer is lost."""
        self.assigns = True

    def answer(self, path: str, sent: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and JSON."""
        self.asked.append(path)
        if sent.get("experimentID") != "Ab3dE5gH7jK9":
            return 400, {"error": "EXPERIMENT_NOT_FOUND", "message": "The experiment ID does not match an experiment"}
        if path.rstrip("/") == "/api/condition":
            if not self.assigns:
                return 400, {"error": "CONDITION_ASSIGNMENT_NOT_ACTIVE", "message": "not active"}
            self.conditions += 1
            return 200, {"message": "Success", "condition": self.conditions - 1}
        status, error = self.failures.pop(0) if self.failures else (201, "")
        if error:
            return status, {"error": error, "message": error}
        if sent["filename"] in self.files:
            return 400, {"error": "OSF_FILE_EXISTS", "message": "The OSF file already exists."}
        self.files[sent["filename"]] = sent["data"]
        return status, {"message": "Success"}


def serve_datapipe(pipe: DataPipe) -> ThreadingHTTPServer:
    """On a port of its own, and so another origin than the page's: browsers ask first (CORS)."""

    class Handler(BaseHTTPRequestHandler):
        def _say(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Allow-Headers", "content-type")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_OPTIONS(self) -> None:
            self._say(204, b"")

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, said = pipe.answer(self.path, sent)
            if status:
                self._say(status, json.dumps(said).encode())
            else:
                self.connection.close()

        def log_message(self, *_: object) -> None:
            pass

    return _started(Handler)


def serve_folder(folder: Path) -> ThreadingHTTPServer:
    """A web host."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    return _started(partial(Handler, directory=str(folder)))


def _started(handler: Callable[..., Any]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def address_of(server: ThreadingHTTPServer) -> str:
    """Where it listens."""
    return f"http://127.0.0.1:{server.server_port}"
