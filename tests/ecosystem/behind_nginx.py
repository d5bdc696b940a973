"""nginx in front of servers of stimuli, by the very lines that docs/explore.md gives for it."""

import os
import re
import shutil
import ssl
import subprocess
import time
from contextlib import suppress
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "explore.md"
NAME = "stimuli.lab.example"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx") or ""
MISSING = [what for what, found in {"nginx": NGINX, "openssl": shutil.which("openssl")}.items() if not found]
AROUND = """daemon off;
{user}pid {home}/pid;
error_log {home}/error.log;
events {{}}
http {{
log_format to '$upstream_addr';
access_log {home}/access.log to;
client_body_temp_path {home}/body;
proxy_temp_path {home}/proxy;
fastcgi_temp_path {home}/fastcgi;
uwsgi_temp_path {home}/uwsgi;
scgi_temp_path {home}/scgi;
{lines}}}
"""


def documented() -> str:
    """What the page has for nginx."""
    [lines] = re.findall(r"```\n(upstream .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(lines)


class Nginx:
    """It runs in a folder, and hands on to servers at two ports."""

    def __init__(self, home: Path, port: int, behind: list[int]) -> None:
        self.home, self.port = home, port
        certificate, key = home / "stimuli.pem", home / "stimuli.key"
        words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
        subprocess.run(["openssl", *words, "-out", certificate, "-keyout", key], check=True, capture_output=True)
        user = "user root;\n" if os.geteuid() == 0 else ""
        settings = home / "nginx.conf"
        settings.write_text(AROUND.format(user=user, home=home, lines=self._lines(certificate, key, behind)))
        self.process = subprocess.Popen([NGINX, "-c", settings, "-e", home / "error.log"])
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with suppress(OSError):
                self.link().connect()
                return
            time.sleep(0.05)
        raise AssertionError((home / "error.log").read_text())

    def _lines(self, certificate: Path, key: Path, behind: list[int]) -> str:
        lines = documented()
        for written, here in {
            "/etc/ssl/stimuli.pem": str(certificate),
            "/etc/ssl/stimuli.key": str(key),
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "127.0.0.1:8765": f"127.0.0.1:{behind[0]}",
            "127.0.0.1:8766": f"127.0.0.1:{behind[-1]}",
        }.items():
            assert lines.count(written) == 1, written
            lines = lines.replace(written, here)
        return lines

    def asked(self, least: int) -> list[str]:
        """The address that each request went to, once there are so many: it is written down after the answer."""
        deadline = time.monotonic() + 30
        while len(found := (self.home / "access.log").read_text().split()) < least and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def link(self) -> HTTPSConnection:
        """To it, as a client who does not ask who signed the certificate."""
        return HTTPSConnection("127.0.0.1", self.port, context=ssl._create_unverified_context(), timeout=60)

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=30)


def answered(link: Any, method: str, path: str, token: str = "", body: str = "", host: str = NAME) -> tuple[int, bytes]:
    """Status and content of one request."""
    headers = {"Host": host} | ({"Authorization": f"Bearer {token}"} if token else {})
    link.request(method, path, body or None, headers)
    answer = link.getresponse()
    return answer.status, answer.read()
