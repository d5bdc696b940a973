"""Who may ask the server: one door in front of every request and of the WebSocket.

As Jupyter does it. A page that somebody else wrote, open in the same browser, can send requests to 127.0.0.1: so the
Host must be ours (a name that was made to point here, DNS rebinding, is not), the Origin, where a browser tells one,
must be ours or one that was allowed, and a secret token must come along, which no other page knows.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LARGEST_MESSAGE = 1 << 16
"""Bytes of a request that is no photograph."""

Who = Callable[[str], str | None]
"""From a token to the name of whose it is; None for one that nobody has."""


def only(token: str, name: str = "owner") -> Who:
    """One token, and whose it is."""
    return lambda given: name if hmac.compare_digest(given.encode(), token.encode()) else None


@dataclass(frozen=True)
class Doors:
    """What requests must carry to be let in."""

    who: Who
    port: int
    origins: frozenset[str] = frozenset()
    """Other pages that may ask, as `https://lab.example`."""
    hosts: frozenset[str] = frozenset()
    """Other names of this server, such as that of a proxy in front of it, as `stimuli.lab.example`."""
    any_host: bool = False
    """Whether the server is known by other names than this machine has for itself."""

    @property
    def cookie(self) -> str:
        """Cookies of one machine are those of all its ports: so it has the port in its name."""
        return f"gaia_stim_{self.port}"

    def refuses(self, headers: Mapping[str, str]) -> str:
        """Why a request with these headers is not let in, whoever sends it; empty where it may be."""
        host, origin = headers.get("host", ""), headers.get("origin")
        ours = {f"{name}:{self.port}" for name in LOOPBACK}
        if not self.any_host and host.lower() not in ours | self.hosts:
            return "this server answers to 127.0.0.1 and localhost alone"
        same = {f"{kind}://{host}" for kind in ("http", "https")}
        if origin is not None and origin not in same | self.origins:
            return f"pages of {origin} may not ask this server"
        return ""

    def asker(self, headers: Mapping[str, str], query: str) -> tuple[str | None, bool]:
        """Whose token came along, None for nobody's; and whether it stood in the address."""
        in_address = parse_qs(query).get("token", [""])[0]
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        given = in_address or (bearer.strip() if kind.lower() == "bearer" else "") or self._in_cookie(headers)
        return (self.who(given) if given else None), bool(in_address)

    def _in_cookie(self, headers: Mapping[str, str]) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return ""
        return found.value if found else ""


class Guard:
    """An app behind these doors. What is not let in gets 403; `scope["state"]["who"]` says who is."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self.app, self.doors = app, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers, query = Headers(scope=scope), scope.get("query_string", b"").decode("latin-1")
        why = self.doors.refuses(headers)
        who, in_address = self.doors.asker(headers, query)
        if why or who is None:
            await _refuse(scope, receive, send, why or "the address needs the token that was printed with it")
            return
        scope.setdefault("state", {})["who"] = who
        if scope["type"] == "http" and scope["path"] == "/" and in_address:
            # So that the token does not stay in the address bar, in the history, or on a screen that is shared.
            await self._enter(parse_qs(query)["token"][0])(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _enter(self, token: str) -> RedirectResponse:
        response = RedirectResponse("/", 303)
        response.set_cookie(self.doors.cookie, token, httponly=True, samesite="strict")
        return response


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        # Before it is accepted: the browser gets 403.
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    await JSONResponse({"error": why}, 403)(scope, receive, send)
