"""What both servers have in common: work off the loop, answers as JSON, bodies that are bounded, and the socket."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import torch
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from gaia_stim.devices import cores
from gaia_stim.errors import ConfigError, GaiaStimError
from gaia_stim.explorer.security import LARGEST_MESSAGE
from gaia_stim.explorer.session import UnknownImage

T = TypeVar("T")
SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Headers of pages: nothing from elsewhere, and nobody's frame."""


class TooLarge(GaiaStimError):
    """More was sent than is taken."""

    exit_code = 3


class Workers:
    """Threads that render, each on one core: no byte of a picture then depends on how many are at work."""

    def __init__(self) -> None:
        # One more than there are cores: a small picture does not wait for a large one.
        self._pool = ThreadPoolExecutor(cores() + 1, initializer=partial(torch.set_num_threads, 1))

    async def do(self, work: Callable[..., T], *given: Any, **options: Any) -> T:
        """The result of it, without the loop waiting."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *given, **options))


async def body(request: Request, most: int) -> bytes:
    """What was sent. Raises `TooLarge` before more than `most` bytes of it are in memory."""
    said = request.headers.get("content-length", "0")
    sent = bytearray()
    if said.isdigit() and int(said) <= most:
        async for block in request.stream():
            sent += block
            if len(sent) > most:
                break
        else:
            return bytes(sent)
    raise TooLarge(f"more than {most >> 20 or most / (1 << 20):g} MB were sent")


async def sent_json(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises `ConfigError` where it is none."""
    try:
        value = json.loads(await body(request, LARGEST_MESSAGE))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ConfigError("a JSON object was expected")
    return value


async def mistaken(request: Request, error: Exception) -> Response:
    """What a mistake is answered with."""
    status = 413 if isinstance(error, TooLarge) else 404 if isinstance(error, UnknownImage) else 400
    return JSONResponse({"error": str(error)}, status)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any that is free. Raises `ConfigError` where it is taken."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"--port {port}: {host} cannot be listened at there ({reason}); give another --port"
        ) from None


def serve(app: ASGIApp, at: socket.socket) -> None:
    """Serve until Ctrl-C, which is how a server ends and no mishap."""
    asked = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=LARGEST_MESSAGE,
        # Pixels of 256 px take 10 ms to deflate, on the way to the same machine.
        ws_per_message_deflate=False,
        # Longer than a proxy keeps a link (nginx 60 s): else it asks on one that is just being closed, and says 502.
        timeout_keep_alive=75,
        lifespan="off",
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(asked).run(sockets=[at])
