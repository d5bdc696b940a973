"""What looking around in a space can be asked, and the server that makes stimuli while an experiment runs."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from gaia_stim.config.base import FolderConfig, Force, ModelPath
from gaia_stim.config.options import Asking, Decides, Input, Output, Watching

LOOPBACK = ("127.0.0.1", "localhost", "::1")
Port = Annotated[int, Field(ge=0, le=65_535), Watching("Where to listen; 0 is any port that is free.", "PORT")]
VectorsPath = Annotated[
    Path | None,
    Input("The folder that 'attributes fit' wrote. [default: none]", "VECTORS"),
]


class ExploreConfig(FolderConfig):
    """Look around in a space: a page in your browser, from this machine to this machine alone."""

    target: Annotated[
        Path | None,
        Input(
            "A folder of photographs, a stimulus set, or a run. [default: built-in faces]", "TARGET", positional=True
        ),
    ] = None
    vectors: VectorsPath = None
    out: Annotated[Path, Output("Where sets are saved, and photographs that are dropped.", "DIR")] = Path("explored")
    port: Port = 0
    model: ModelPath = None
    browser: Annotated[bool, Asking("Open the browser.")] = True


class ServeConfig(FolderConfig):
    """Make stimuli while an experiment runs: a picture an address, and chains of choices that people make."""

    target: Annotated[Path, Input("A stimulus set, a folder of photographs, or a run.", "TARGET", positional=True)]
    images: Annotated[
        Path | None, Input("Of a run: the photographs. [default: those that it was trained on]", "IMAGES")
    ] = None
    vectors: VectorsPath = None
    state: Annotated[Path, Output("What is kept of chains and participants: an SQLite file.", "FILE")] = Path(
        "serve.sqlite"
    )
    design: Annotated[
        Path | None,
        Input(
            "A design of chains, 'design gsp' or 'design mcmcp': its chains are begun, and what each participant needs "
            "stands beside the state, in FILE.participants.csv. [default: none]",
            "DESIGN",
        ),
    ] = None
    port: Port = 8765
    host: Annotated[
        str,
        Watching(
            "The address to listen at. Another than this machine's own is for participants on line: everybody who "
            "reaches it can ask, and needs a token.",
            "ADDRESS",
        ),
    ] = "127.0.0.1"
    allow_origin: Annotated[
        tuple[str, ...] | None,
        Watching(
            "A page that may ask from a browser, as https://lab.example; null is one that is opened from a file. May "
            "be repeated.",
            "ORIGIN",
        ),
    ] = None
    behind: Annotated[
        str | None,
        Watching(
            "The name that this server has by a proxy in front of it on this machine, as stimuli.lab.example. "
            "[default: none]",
            "NAME",
        ),
    ] = None
    cache: Annotated[int, Field(ge=1, le=65_536), Watching("Memory for pictures that were made.", "MB")] = 256
    model: ModelPath = None

    @field_validator("behind")
    @classmethod
    def _name(cls, given: str | None) -> str | None:
        if given is not None and not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", given):
            raise ValueError(f"'{given}' is no name of a server, as stimuli.lab.example")
        return given and given.lower()

    @field_validator("allow_origin")
    @classmethod
    def _origins(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for one in given or ():
            if one != "null" and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?", one):
                raise ValueError(f"'{one}' is no origin: a scheme, a host, and no path, as https://lab.example")
        return given


class ChainConfig(FolderConfig):
    """Write the stimuli that a chain of 'serve' went through as a set, and its answers as a table beside it."""

    target: Annotated[Path, Input("What 'serve' was given.", "TARGET", positional=True)]
    chain: Annotated[int, Field(ge=1), Decides("Its number.", "NUMBER")] = 1
    state: Annotated[Path, Input("The SQLite file in which 'serve' kept it.", "FILE")] = Path("serve.sqlite")
    images: Annotated[Path | None, Input("As 'serve' was given it. [default: as there]", "IMAGES")] = None
    vectors: VectorsPath = None
    out: Annotated[
        Path | None, Output("The folder of the stimulus set; the table is DIR.csv. [default: chain_NUMBER]", "DIR")
    ] = None
    model: ModelPath = None
    force: Force = False
