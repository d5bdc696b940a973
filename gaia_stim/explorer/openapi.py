"""What the server can be asked, as OpenAPI says it; the bodies' schemas are those of the models that read them."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

import gaia_stim
from gaia_stim.explorer.chains import ChainSpec


def document() -> dict[str, Any]:
    """The document of /v1/openapi.json."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "gaia-stim serve", "version": gaia_stim.__version__},
        "security": [{"bearer": []}, {"address": []}],
        "paths": {
            "/": {"get": _operation("This page.")},
            "/v1/stimulus": {"get": _operation("A stimulus as PNG, with its provenance in the headers.", STIMULUS)},
            "/v1/space": {"get": _operation("The model, the photographs' names, and the attributes.")},
            "/v1/participants": {
                "post": _operation("Owner: a participant's token, told once.", body=PARTICIPANT, done="201")
            },
            "/v1/chain": {
                "get": _operation("Owner: all chains."),
                "post": _operation("Owner: begin a chain.", body=ChainSpec.model_json_schema(), done="201"),
            },
            "/v1/chain/{chain}": {"get": _operation("The next trial.", CHAIN)},
            "/v1/chain/{chain}/picture": {"get": _operation("What the next trial shows.", [*CHAIN, *SHOWN])},
            "/v1/chain/{chain}/trials/{trial}": {
                "post": _operation(
                    "Answer the next trial: the same answer again changes nothing, another gets 409.",
                    [*CHAIN, _parameter("trial", "Its number.", "integer", "path")],
                    ANSWER,
                )
            },
            "/v1/chain/{chain}/table": {"get": _operation("Owner: all answers, as CSV.", CHAIN)},
            "/v1/chain/{chain}/export": {
                "get": _operation("Owner: the stimuli that it went through as a set, and its table; a ZIP file.", CHAIN)
            },
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "address": {"type": "apiKey", "in": "query", "name": "token"},
            }
        },
    }


def page() -> str:
    """The document for people: a page of HTML that asks the network for nothing."""
    loader = PackageLoader("gaia_stim.explorer", "page")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("api.html").render(**document(), kind=_kind, done=DONE)


def _kind(schema: dict[str, Any]) -> str:
    """What a value of a body is, in words."""
    limits = {"minimum": "at least", "exclusiveMinimum": "over", "maximum": "at most", "exclusiveMaximum": "under"}
    told = [f"{word} {schema[key]:g}" for key, word in limits.items() if key in schema and abs(schema[key]) < 2**60]
    if "default" in schema:
        told.append(f"else {schema['default']}" if schema["default"] not in ("", []) else "else none")
    return ", ".join([" or ".join(schema["enum"]) if "enum" in schema else str(schema["type"]), *told])


DONE = {"200": "As asked.", "201": "Made as asked: a participant, a chain."}


def _operation(
    summary: str, parameters: list[Any] | None = None, body: dict[str, Any] | None = None, done: str = "200"
) -> dict[str, Any]:
    errors = {"400": "Something is wrong in what was asked; `error` says what.", "403": "No token, or not this one."}
    errors |= {"404": "No such photograph or chain.", "409": "Not the next trial."}
    content = {"content": {"application/json": {"schema": body}}, "required": True}
    return {
        "summary": summary,
        "parameters": parameters or [],
        **({"requestBody": content} if body else {}),
        "responses": {code: {"description": why} for code, why in {done: DONE[done], **errors}.items()},
    }


def _parameter(name: str, about: str, kind: str = "string", place: str = "query") -> dict[str, Any]:
    found = {"name": name, "in": place, "description": about, "schema": {"type": kind}}
    return found | ({"required": True} if place == "path" else {})


STIMULUS = [
    _parameter("from", "A morph: the photograph at alpha 0."),
    _parameter("to", "The photograph at alpha 1."),
    _parameter("alpha", "How far from the one to the other; beyond 0 and 1 is extrapolation.", "number"),
    *(_parameter(name, "A grid: the photograph at a corner.") for name in ("tl", "tr", "bl", "br")),
    _parameter("u", "From left to right, 0 to 1.", "number"),
    _parameter("v", "From top to bottom, 0 to 1.", "number"),
    _parameter("image", "A wheel: its photographs, in order; given again and again."),
    _parameter("angle", "Degrees on the wheel.", "number"),
    _parameter("face", "An edit: the photograph that is moved."),
    _parameter("attribute", "NAME:SDS, as smile:1.5; may be given again."),
    _parameter("hold", "An attribute that stays; may be given again."),
    _parameter("code", "A code: its numbers, with commas between."),
    _parameter("vary", "both, shape or texture."),
    _parameter("hold_other", "With vary: whose the other part is, a, b … or mean."),
    _parameter("size", "source, model, or pixels of a side."),
]
CHAIN = [_parameter("chain", "Its number.", "integer", "path")]
SHOWN = [
    _parameter("trial", "The number of the next trial.", "integer"),
    _parameter("at", "gsp: the slider, in SDs; mcmcp: 0 for the first, 1 for the second.", "number"),
]
ANSWER = {
    "type": "object",
    "properties": {
        "answer": {"type": "number"},
        "rt": {"type": "number", "minimum": 0, "description": "Seconds that it took."},
    },
    "required": ["answer"],
}
PARTICIPANT = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
