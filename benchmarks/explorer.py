"""How long the page and the server take: `python benchmarks/explorer.py MODEL A.png B.png`.

One of line, serve and page after that measures that alone.

From the event of a hand to the paint in Chromium ('make ecosystem' first), one picture of `Space.line` at a time, and
requests a second of ten clients, from the server's cache and not. Processor time is told beside the clock's, for on a
machine that others use the clock tells of them.
"""

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from gaia_stim.space.space import Space

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ecosystem"))
ROUNDS = 40


def told(what: str, milliseconds: Any) -> None:
    middle, most = np.percentile(milliseconds, [50, 95])
    print(f"{what}: median {middle:.1f} ms, 95 % under {most:.1f} ms, of {len(milliseconds)}")


def line(model: str, a: str, b: str) -> None:
    torch.set_num_threads(1)
    space = Space.load(model)
    for size in (None, 64, 256):
        between = space.line(a, b, size)
        between.at(0.5)
        clock, busy = [], []
        for alpha in np.linspace(0.05, 0.95, ROUNDS):
            start, worked = time.perf_counter(), time.thread_time()
            between.at(float(alpha))
            clock.append(1e3 * (time.perf_counter() - start))
            busy.append(1e3 * (time.thread_time() - worked))
        told(f"line.at, {size or space.shape[0]} px{'' if size else ' of the model'}", clock)
        told("  of the processor", busy)


def started(*command: str) -> tuple[subprocess.Popen[str], str]:
    words = [sys.executable, "-m", "gaia_stim", *command]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for text in process.stderr:
        if "warning:" in text and "http" in text:
            return process, text
    raise SystemExit("the server did not start")


def page(model: str, folder: Path) -> None:
    from jspsych_browser import Browser

    process, text = started("explore", str(folder), "-m", model, "--no-browser")
    browser = Browser(Path(tempfile.mkdtemp()))
    tab = browser.open(re.search(r"http\S+", text)[0])  # type: ignore[index]
    time.sleep(5)
    x, y, width = tab.js("(({x, y, width}) => [x, y, width])(document.getElementById('frame').getBoundingClientRect())")
    tab.do("mouse", steps=[["move", x + 9, y + 99], ["down"]])
    tab.js("latencies.length = 0")
    before = _busy(process)
    for place in range(120):
        tab.do("mouse", steps=[["move", x + width * (0.1 + 0.8 * abs(1 - place / 60)), y + 99]])
        time.sleep(0.02)
    tab.do("mouse", steps=[["up"]])
    busy = _busy(process) - before
    time.sleep(2)
    latencies = tab.js("latencies")
    told("page, from event to paint", latencies)
    print(
        f"  of the server's processors: {1e3 * busy / len(latencies):.1f} ms a picture; load {os.getloadavg()[0]:.1f}"
    )
    browser.close()
    process.terminate()


def serve(model: str, folder: Path, a: str, b: str) -> None:
    """Two servers on one state. Ten clients ask one, both in turn, and both through nginx, in the same minute."""
    from behind_nginx import MISSING, NAME, Nginx

    os.environ["GAIA_STIM_TOKEN"] = token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory() as home:
        words = ["serve", str(folder), "-m", model, "--port", "0", "--state", f"{home}/state.sqlite", "--behind", NAME]
        servers = [started(*words) for _ in range(2)]
        ports = [int(re.search(r":(\d+)/", text)[1]) for _, text in servers]  # type: ignore[index]
        ways: dict[str, Callable[[], list[HTTPConnection]]] = {
            "one process": partial(_linked, ports[0]),
            "two processes": partial(_linked, *ports),
        }
        proxy = None if MISSING else Nginx(Path(home), _free(), ports)
        if proxy:
            ways["two behind nginx"] = lambda: [proxy.link()]

        fresh = iter(np.random.default_rng(0).random(10_000))

        def client(linked: Callable[[], list[HTTPConnection]], requests: int, is_fresh: bool) -> int:
            links = linked()
            for turn in range(requests):
                alpha, link = next(fresh) if is_fresh else turn % 10 / 10, links[turn % len(links)]
                path = f"/v1/stimulus?from={a}&to={b}&alpha={alpha}&size=256&token={token}"
                link.request("GET", path, headers={"Host": NAME})
                answer = link.getresponse()
                content = answer.read()
                assert answer.status == 200, content
            return requests

        for port in ports:
            client(partial(_linked, port), 10, False)
        for what, requests, is_fresh in (("cache", 50, False), ("made anew", 3, True)):
            for way, linked in 2 * list(ways.items()):
                start, busy = time.perf_counter(), sum(_busy(process) for process, _ in servers)
                with ThreadPoolExecutor(10) as pool:
                    asked = sum(pool.map(client, [linked] * 10, [requests] * 10, [is_fresh] * 10))
                took, worked = time.perf_counter() - start, sum(_busy(process) for process, _ in servers) - busy
                told = f"{asked / took:.0f} requests a second, {what}; {1e3 * worked / asked:.1f} ms of the processor"
                print(f"serve, {way}: {told} each; load {os.getloadavg()[0]:.1f}", flush=True)
        if proxy:
            proxy.close()
        for process, _ in servers:
            process.terminate()
            process.wait()


def _linked(*ports: int) -> list[HTTPConnection]:
    return [HTTPConnection("127.0.0.1", port) for port in ports]


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def _busy(process: "subprocess.Popen[str]") -> float:
    """Seconds of the processor that it has had."""
    return sum(psutil.Process(process.pid).cpu_times()[:2])


def main(model: str, a: str, b: str, only: str = "") -> None:
    first, second = Path(a), Path(b)
    parts: dict[str, Callable[[], None]] = {
        "line": lambda: line(model, a, b),
        "serve": lambda: serve(model, first.parent, first.name, second.name),
        "page": lambda: page(model, first.parent),
    }
    for name, part in parts.items():
        if only in ("", name):
            part()


if __name__ == "__main__":
    main(*sys.argv[1:])
