"""`GET /v1/stimulus`: a place in the space as the parameters of an address, and its picture with where it came from."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from gaia_stim import __version__
from gaia_stim.errors import ConfigError
from gaia_stim.explorer.cache import Cache
from gaia_stim.explorer.serving import Workers
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.views import View, read_view
from gaia_stim.files import hash_json
from gaia_stim.images import png_bytes
from gaia_stim.stimuli.carrying import LARGEST, MODEL, SOURCE

PROVENANCE = "X-Gaia-Stim-Provenance"
SMALLEST = 16
WAYS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "morph": (("from", "to"), ("alpha", "vary", "hold_other")),
    "grid": (("tl", "tr", "bl", "br"), ("u", "v", "vary", "hold_other")),
    "wheel": (("image",), ("angle",)),
    "edit": (("face",), ("attribute", "hold", "vary")),
    "code": ((), ("code",)),
}
"""Of each kind of view the parameters that name photographs, and the others; its first one tells it."""


class Stimuli:
    """The pictures of a session, one an address."""

    def __init__(self, session: Session, workers: Workers, cache: Cache) -> None:
        self.session, self.workers, self.cache = session, workers, cache

    async def answer(self, request: Request) -> Response:
        """The picture as PNG; 304 where who asks has it already, and nothing is rendered then."""
        return await self.picture(request, *read_query(request.query_params))

    async def picture(self, request: Request, view: View, size: str = SOURCE) -> Response:
        """The same of a view, at a size as the option of commands is."""
        about = await self.workers.do(self._about, view, size)
        tag = f'"{hash_json(about)}"'
        headers = {"ETag": tag, PROVENANCE: json.dumps(about), "Cache-Control": "private, no-cache"}
        if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        content = self.cache.get(tag)
        if content is None:
            content = await self.workers.do(self.cache.made, tag, lambda: self._rendered(view, size))
        return Response(content, media_type="image/png", headers=headers)

    def _about(self, view: View, size: str) -> dict[str, Any]:
        """What decides the bytes of a picture: the same says the same picture, on one build."""
        if size != SOURCE and not view.images:
            raise ConfigError(f"size={size}: a code is drawn by the model, at its own size")
        carried = self.session.carried_at(view, size)
        return {
            "gaia_stim": __version__,
            "model_hash": self.session.space.model_hash,
            "sources": [image.source.image_hash for image in self.session.sources(view)],
            "side": carried or self.session.space.shape[0],
            "carried": carried is not None,
            "view": view.model_dump(mode="json"),
            **({"vectors_hash": self.session.vectors.record.tensors_hash} if self.session.vectors else {}),
        }

    def _rendered(self, view: View, size: str) -> bytes:
        return png_bytes(self.session.picture(view, self.session.carried_at(view, size)).pixels)


def read_query(given: QueryParams) -> tuple[View, str]:
    """The view of an address, and its size. Raises `ConfigError` for what is unknown, missing, or given twice."""
    kind = next((kind for kind, (names, others) in WAYS.items() if (names or others)[0] in given), "")
    if not kind:
        raise ConfigError(
            "say what to show: from=…&to=…&alpha=…, tl=, tr=, bl=, br=, u=, v=, image=…, face=…, or code=…"
        )
    names, others = WAYS[kind]
    known = {*names, *others, "size", "token"}
    if unknown := sorted(set(given) - known):
        raise ConfigError(f"unknown parameter '{unknown[0]}' beside '{(names or others)[0]}'")
    for name in set(given) - {"image", "attribute", "hold"}:
        if len(given.getlist(name)) > 1:
            raise ConfigError(f"'{name}' is given twice")
    if missing := [name for name in names if name not in given]:
        raise ConfigError(f"'{missing[0]}' is missing beside '{names[0]}'")
    images = given.getlist("image") if kind == "wheel" else [given[name] for name in names]
    values: dict[str, Any] = {"kind": kind, "images": images}
    values |= {name: given[name] for name in others if name in given and name not in ("attribute", "hold", "code")}
    if kind == "edit":
        values |= {"amounts": _amounts(given.getlist("attribute")), "hold": given.getlist("hold")}
    if kind == "code":
        values["code"] = given["code"].split(",")
    return read_view(values), read_size(given.get("size", SOURCE))


def _amounts(pairs: Sequence[str]) -> Mapping[str, str]:
    """`smile:1.5` is a smile of 1.5 SD more."""
    split = [pair.rpartition(":") for pair in pairs]
    if wrong := [pair for pair, (name, _, _) in zip(pairs, split, strict=True) if not name]:
        raise ConfigError(f"attribute={wrong[0]}: should be NAME:SDS, as smile:1.5")
    return {name: amount for name, _, amount in split}


def read_size(text: str) -> str:
    """A size of an address. Raises `ConfigError`."""
    if text in (SOURCE, MODEL) or (text.isascii() and text.isdigit() and SMALLEST <= int(text) <= LARGEST):
        return text
    raise ConfigError(f"size={text[:20]}: should be source, model, or pixels of a side from {SMALLEST} to {LARGEST}")
