"""The server of `gaia-stim serve`: a picture an address, and chains of choices, behind tokens.

The owner begins chains, lets participants in and takes the tables; a participant sees pictures and answers trials.
"""

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gaia_stim.config import said
from gaia_stim.errors import ConfigError, GaiaStimError
from gaia_stim.explorer.cache import Cache
from gaia_stim.explorer.chain_sets import table_csv, zipped_chain
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.openapi import document, page
from gaia_stim.explorer.security import Doors, Guard
from gaia_stim.explorer.serving import SAFE, Workers, mistaken, sent_json
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.stimulus import PROVENANCE, Stimuli
from gaia_stim.explorer.store import NotNext, Standing, Store, UnknownChain
from gaia_stim.explorer.studies import first_stimulus
from gaia_stim.explorer.views import Strict

OWNER = "owner"
STYLED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
"""Of the page that tells what can be asked: its style, no scripts, and nothing from elsewhere."""
Kind = TypeVar("Kind", bound=Strict)
Answer = Callable[[Request], Awaitable[Response]]


class Entry(Strict):
    """A participant who is let in."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


class Given(Strict):
    """An answer to a trial."""

    answer: float
    rt: Annotated[float, Field(ge=0, le=1e6)] | None = None
    """Seconds that it took."""


def stimulus_app(session: Session, store: Store, doors: Doors, cache_bytes: int) -> ASGIApp:
    """The app. CORS for the origins that the doors let in stands before them: browsers ask first, without a token."""
    app = Guard(_Server(session, store, Cache(cache_bytes)).app(), doors)
    if not doors.origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=sorted(doors.origins),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        expose_headers=["ETag", PROVENANCE],
        max_age=600,
    )


class _Server:
    def __init__(self, session: Session, store: Store, cache: Cache) -> None:
        self.session, self.store, self.workers = session, store, Workers()
        self.stimuli = Stimuli(session, self.workers, cache)
        self.made_by = session.made_by

    def app(self) -> Starlette:
        routes = [
            Route("/v1/stimulus", self.stimuli.answer),
            Route("/v1/space", self.space),
            Route("/v1/participants", owners(self.let_in), methods=["POST"]),
            Route("/v1/chain", owners(self.begin), methods=["POST"]),
            Route("/v1/chain", owners(self.chains)),
            Route("/v1/chain/{chain:int}", self.next),
            Route("/v1/chain/{chain:int}/picture", self.picture),
            Route("/v1/chain/{chain:int}/trials/{trial:int}", self.answer, methods=["POST"]),
            Route("/v1/chain/{chain:int}/table", owners(self.table)),
            Route("/v1/chain/{chain:int}/export", owners(self.export)),
            Route("/v1/openapi.json", self.about),
            Route("/", self.page),
        ]
        return Starlette(
            routes=routes, exception_handlers={GaiaStimError: mistaken, NotNext: late, UnknownChain: unknown}
        )

    async def about(self, _: Request) -> Response:
        return JSONResponse(document(), headers=SAFE)

    async def page(self, _: Request) -> Response:
        return HTMLResponse(page(), headers={**SAFE, "Content-Security-Policy": STYLED})

    async def space(self, _: Request) -> Response:
        """What there is to ask of."""
        space, vectors = self.session.space, self.session.vectors
        attributes = [] if vectors is None else vectors.record.names
        about = {"model_hash": space.model_hash, "size": space.shape[0], "latent": space.latent}
        return JSONResponse({**about, "images": self.session.names, "attributes": attributes})

    async def let_in(self, request: Request) -> Response:
        """A participant's token, once."""
        name = (await sent(request, Entry)).name
        if name == OWNER:
            raise ConfigError(f"no participant is called {OWNER}")
        return JSONResponse({"name": name, "token": await self.workers.do(self.store.add_participant, name)}, 201)

    async def begin(self, request: Request) -> Response:
        """A new chain, whose first stimulus can be made."""
        spec = await sent(request, ChainSpec)
        await self.workers.do(first_stimulus, spec, self.session)
        return JSONResponse({"chain": await self.workers.do(self.store.begin, spec, self.made_by)}, 201)

    async def chains(self, _: Request) -> Response:
        return JSONResponse({"chains": await self.workers.do(self.store.chains)})

    async def next(self, request: Request) -> Response:
        chain = request.path_params["chain"]
        return JSONResponse(told(chain, await self.workers.do(self.store.standing, chain, self.made_by)))

    async def answer(self, request: Request) -> Response:
        """Keep an answer, and the trial after it."""
        given, place = await sent(request, Given), request.path_params
        who = request.scope["state"]["who"]
        stands = await self.workers.do(
            self.store.answer, place["chain"], place["trial"], who, given.answer, self.made_by, given.rt
        )
        return JSONResponse(told(place["chain"], stands))

    async def picture(self, request: Request) -> Response:
        """What the next trial shows, at a place of its slider, or as its first or second."""
        try:
            trial, at = int(request.query_params["trial"]), float(request.query_params["at"])
        except (KeyError, ValueError):
            raise ConfigError(
                "a picture is asked for with trial=, its number, and at=, what an answer would be"
            ) from None
        chain = request.path_params["chain"]
        stands = await self.workers.do(self.store.standing, chain, self.made_by)
        if trial != stands.trial:
            raise NotNext(f"trial {trial} of chain {chain} is not the next: that is {stands.trial}")
        view = stands.spec.view(stands.spec.shown(trial, stands.state, at))
        return await self.stimuli.picture(request, view, stands.spec.size)

    async def table(self, request: Request) -> Response:
        """All answers of a chain, as CSV."""
        rows = await self.workers.do(lambda: list(self.store.rows(request.path_params["chain"])))
        return Response(table_csv(rows), media_type="text/csv")

    async def export(self, request: Request) -> Response:
        """The stimulus set of a chain with its table, as a ZIP file."""
        chain = request.path_params["chain"]
        folder = Path(tempfile.mkdtemp(prefix="gaia-stim-"))
        done = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
        try:
            file = await self.workers.do(zipped_chain, chain, self.session, self.store, folder)
        except BaseException:
            await done()
            raise
        return FileResponse(file, media_type="application/zip", filename=file.name, background=done)


def owners(answer: Answer) -> Answer:
    """Only the owner's token opens it."""

    async def guarded(request: Request) -> Response:
        if request.scope["state"]["who"] != OWNER:
            return JSONResponse({"error": "this is for the owner's token"}, 403)
        return await answer(request)

    return guarded


def told(chain: int, stands: Standing) -> dict[str, Any]:
    """What is to be done next in a chain."""
    about = {"chain": chain, "trials": stands.spec.trials, "done": stands.is_done}
    return about if stands.is_done else about | stands.spec.told(stands.trial, stands.state)


async def sent(request: Request, kind: type[Kind]) -> Kind:
    """What was sent, as that. Raises `ConfigError`, which says what is wrong."""
    try:
        return kind.model_validate(await sent_json(request))
    except ValidationError as error:
        mistakes = [f"{'.'.join(map(str, one['loc']))}: {said(one)}".removeprefix(": ") for one in error.errors()]
        raise ConfigError("; ".join(mistakes[:3])) from None


async def late(_: Request, error: Exception) -> Response:
    """An answer that is not the next."""
    return JSONResponse({"error": str(error)}, 409)


async def unknown(_: Request, error: Exception) -> Response:
    """What is not there."""
    return JSONResponse({"error": str(error)}, 404)
