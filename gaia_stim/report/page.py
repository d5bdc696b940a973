"""A page is one file: style, script and pictures stand in it, and it may load nothing.

All that comes from file names, manifests and provenance is text to the template, never markup (autoescape), and the
page's own policy lets the browser run no other script than the one that was written here, even if that should fail.
"""

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gaia_stim.images import Pixels, png_bytes

REQUEST = "gaia-stim-request"
"""Name of the page's <meta> that says which request it answers."""


@dataclass(frozen=True)
class EmbeddedPicture:
    """A picture of the page, its bytes in it."""

    uri: str
    alt: str
    caption: str = ""

    @classmethod
    def of(cls, pixels: Pixels, alt: str, caption: str = "") -> "EmbeddedPicture":
        """A picture of (H, W, C) pixels."""
        return cls(data_uri(png_bytes(pixels)), alt, caption)


def data_uri(png: bytes) -> str:
    """The bytes of a PNG as an address that holds them."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def render(template: str, request_hash: str, content: Any) -> bytes:
    """The page of a template, which finds its content under `page`. UTF-8; the same content is the same bytes."""
    environment = Environment(
        loader=PackageLoader("gaia_stim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = files("gaia_stim.report") / "templates"
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = environment.get_template(template).render(
        page=content,
        style=style,
        script=script,
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'",
        request_name=REQUEST,
        request_hash=request_hash,
    )
    return page.encode()
