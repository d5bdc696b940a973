"""The local page to look around in a space: what it asks is answered here.

A picture goes over one WebSocket, as pixels: while a slider is drawn along, coarse ones as fast as they can be made,
and the stimulus itself once the hand rests. All that is shown can be had as a command, as a recipe, and as a set that
the command itself has made.
"""

import asyncio
import json
import struct
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import numpy as np
import torch
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from gaia_stim.config import Config
from gaia_stim.errors import ConfigError, DataError, GaiaStimError
from gaia_stim.explorer.deeds import Wanted, asked, command_line, recipe
from gaia_stim.explorer.security import Doors, Guard
from gaia_stim.explorer.serving import SAFE, Workers, body, mistaken, sent_json
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.views import GridView, MorphView, Strict, View, read_view
from gaia_stim.files import hash_bytes, write_bytes
from gaia_stim.images import Pixels, decode_image
from gaia_stim.metrics.distance import pixel_distance
from gaia_stim.names import IMAGE_SUFFIXES, plain
from gaia_stim.space.varying import Vary
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.plans.continua import morph_plan
from gaia_stim.stimuli.plans.grids import grid_plan

PAGE = {"/": ("index.html", "text/html"), "/explore.js": ("explore.js", "text/javascript")}
PAGE |= {"/explore.css": ("explore.css", "text/css")}
LARGEST_PHOTOGRAPH = 100 << 20
"""Bytes of a file that is dropped."""
FINEST = 512
"""Pixels of a side of what is shown at rest: a set has its photographs' own size."""
AT_ONCE = 4
"""Pictures that one page may have asked for and not got yet."""
PAUSE = 0.02
"""Seconds between photographs that are looked at beside all else."""
DROPPED = "photographs"
"""The folder of what was dropped."""

Make = Callable[[Config], Any]
"""The function of the command that the options are of."""


class Asked(Strict):
    """A picture that the page asks for."""

    id: int
    view: dict[str, Any]
    quality: Literal["coarse", "fine"]
    side: int = 128
    """Pixels of a side of a coarse one."""


def explore_app(session: Session, doors: Doors, out: Path, make: Make) -> ASGIApp:
    """The app of the page; sets and what is dropped go into `out`."""
    return Guard(Explorer(session, out, make).app(), doors)


class Explorer:
    """What answers the page: by a server, or by a notebook's messages."""

    def __init__(self, session: Session, out: Path, make: Make) -> None:
        self.session, self.out, self.make = session, out, make
        self.workers = Workers()
        self.looking: Thread | None = None

    def app(self) -> Starlette:
        """All of it, with no door in front."""
        routes: list[BaseRoute] = [Route(path, self.page) for path in PAGE]
        routes += [
            Route("/state", self.state),
            Route("/thumbnails/{name:path}", self.thumbnail),
            Route("/photographs", self.drop, methods=["POST"]),
            Route("/deeds", self.deeds, methods=["POST"]),
            Route("/places", self.places, methods=["POST"]),
            Route("/sets", self.save, methods=["POST"]),
            WebSocketRoute("/pictures", self.pictures),
        ]
        return Starlette(routes=routes, exception_handlers={GaiaStimError: mistaken})

    async def page(self, request: Request) -> Response:
        name, kind = PAGE[request.url.path]
        content = (files("gaia_stim.explorer") / "page" / name).read_bytes()
        return Response(content, media_type=kind, headers=SAFE)

    async def state(self, _: Request) -> Response:
        """What the page shows before anything is asked."""
        space, vectors = self.session.space, self.session.vectors
        attributes = [] if vectors is None else [one.model_dump() for one in vectors.record.attributes]
        return JSONResponse(
            {
                "model": str(space.run),
                "size": space.shape[0],
                "has_shape": space.has_shape,
                "names": self.session.names,
                "attributes": attributes,
                "out": str(self.out),
            }
        )

    async def thumbnail(self, request: Request) -> Response:
        content = await self.workers.do(self.session.thumbnail, request.path_params["name"])
        return Response(content, media_type="image/png", headers=SAFE | {"Cache-Control": "private, max-age=3600"})

    async def drop(self, request: Request) -> Response:
        """A photograph that was dropped: kept beside the sets, under a name of letters and digits."""
        said = Path(request.query_params.get("name", "")).name
        content = await body(request, LARGEST_PHOTOGRAPH)
        return JSONResponse({"name": await self.workers.do(self._kept, said, content)})

    def _kept(self, said: str, content: bytes) -> str:
        if not said.lower().endswith(IMAGE_SUFFIXES):
            raise DataError(f"{said}: not the name of a picture that can be read")
        decode_image(content, said)
        stem, suffix = plain(Path(said).stem)[:50] or "photograph", Path(said).suffix.lower()
        path = self.out / DROPPED / f"{stem}{suffix}"
        if path.exists() and path.read_bytes() != content:
            path = path.with_stem(f"{stem}_{hash_bytes(content)[-8:]}")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)
        return self.session.add(path)

    async def _wanted(self, request: Request) -> tuple[View, Wanted]:
        sent = await sent_json(request)
        try:
            wanted = Wanted.model_validate(sent.get("wanted", {}))
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        return read_view(sent.get("view")), wanted

    async def deeds(self, request: Request) -> Response:
        """The command and the recipe of a view."""
        config = asked(self.session, *await self._wanted(request), self.out)
        return JSONResponse({"command": command_line(config), "recipe": recipe(config)})

    async def places(self, request: Request) -> Response:
        """Where the stimuli of a set of this view lie, and how even their steps are."""
        return JSONResponse(await self.workers.do(self._places, *await self._wanted(request)))

    def _places(self, view: View, wanted: Wanted) -> dict[str, Any]:
        plan = self._plan(view, wanted)
        pictures = plan.pictures(self.session.space)
        spacing = plan.measured(lambda at: pictures[at])["spacing"]
        distances = pixel_distance(pictures[:-1], pictures[1:]).tolist() if plan.continuum else []
        places = [[row.grid_u, row.grid_v] if row.alpha is None else row.alpha for row in plan.rows]
        return {"places": places, "distances": distances, **spacing}

    def _plan(self, view: View, wanted: Wanted) -> Plan:
        space, photographs = self.session.space, self.session.sources(view)
        match view:
            case MorphView():
                vary, (a, b) = Vary(view.vary, view.hold_other), photographs
                return morph_plan(space, a, b, wanted.steps, wanted.spacing, extrapolate=view.beyond, vary=vary)
            case GridView():
                vary = Vary(view.vary, view.hold_other)
                return grid_plan(space, photographs, wanted.rows, wanted.cols, wanted.spacing, vary=vary)
        raise ConfigError("steps are measured of a morph or a grid")

    async def save(self, request: Request) -> Response:
        """The set of a view, made by the command itself."""
        config = asked(self.session, *await self._wanted(request), self.out)
        made = await asyncio.to_thread(self.make, config)
        return JSONResponse({"folder": str(made.out), "stimuli": made.stimuli, "command": command_line(config)})

    async def pictures(self, socket: WebSocket) -> None:
        """Views are asked for, and their pixels answered, for as long as the page is open."""
        await socket.accept()
        sending, at_work = asyncio.Lock(), set[asyncio.Task[None]]()
        try:
            while True:
                text = await socket.receive_text()
                if len(at_work) < AT_ONCE:
                    task = asyncio.create_task(self._answer(socket, sending, text))
                    at_work.add(task)
                    task.add_done_callback(at_work.discard)
        except WebSocketDisconnect:
            pass
        except KeyError:
            # Bytes, where text was expected.
            await socket.close(1003)
        for task in at_work:
            task.cancel()

    async def _answer(self, socket: WebSocket, sending: asyncio.Lock, text: str) -> None:
        answer = await self.picture(text)
        async with sending:
            await (socket.send_text(answer) if isinstance(answer, str) else socket.send_bytes(answer))

    async def picture(self, text: str) -> str | bytes:
        """The answer to a message of the page: a picture as `framed`, or JSON with an `error`."""
        self._look_around()
        number = None
        try:
            wanted = Asked.model_validate_json(text)
            number = wanted.id
            return await self.workers.do(self._rendered, wanted)
        except (GaiaStimError, ValidationError) as error:
            return json.dumps({"id": number, "error": str(error)})

    def _look_around(self) -> None:
        """Beside all else, once somebody looks: a thread of its own, which an end does not wait for."""
        if self.looking is None:
            self.looking = Thread(target=self._look, daemon=True)
            self.looking.start()

    def _look(self) -> None:
        # One core, as all that renders, and half of it: pictures come first.
        torch.set_num_threads(1)
        self.session.look_around(PAUSE)

    def _rendered(self, wanted: Asked) -> bytes:
        view = read_view(wanted.view)
        is_fine = wanted.quality == "fine"
        own = min(self.session.side(view), FINEST)
        side = None if own == self.session.space.shape[0] else own if is_fine else min(own, max(32, wanted.side))
        picture = self.session.picture(view, side, keep_detail=is_fine)
        is_looking = self.looking is not None and self.looking.is_alive()
        told = {**self.session.told(view, picture), "looking": is_looking} if is_fine else {}
        return framed({"id": wanted.id, "quality": wanted.quality, "side": len(picture.pixels), **told}, picture.pixels)


def framed(header: dict[str, Any], pixels: Pixels) -> bytes:
    """A message of the socket: the header's length (uint32, little endian), the header as JSON, RGBA row by row."""
    text = json.dumps(header).encode()
    rgba = np.full((*pixels.shape[:2], 4), 255, np.uint8)
    rgba[..., :3] = pixels
    return struct.pack("<I", len(text)) + text + rgba.tobytes()
