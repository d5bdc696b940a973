"""The two servers, from their options to Ctrl-C."""

import os
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from gaia_stim.config import ChainConfig, Config, ExploreConfig, ServeConfig
from gaia_stim.config.explorer import LOOPBACK
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Listener, Note
from gaia_stim.explorer.chain_sets import ChainResult, export_chain
from gaia_stim.explorer.opening import opened
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.store import Store, new_token

NEEDED = ("starlette", "uvicorn", "websockets")
HERE = "127.0.0.1"
OWNERS_TOKEN, SHORTEST_TOKEN = "GAIA_STIM_TOKEN", 20
"""The variable of the owner's token, where several processes are to have one."""


@dataclass(frozen=True)
class ExploreResult:
    """Where the page was, and the sets that were saved from it."""

    address: str
    sets: list[str]


def run_page(config: ExploreConfig, make: Callable[[Config], Any], listen: Listener) -> ExploreResult:
    """Serve the page of `explore` until Ctrl-C; `make` is the function of the command that options are of.

    Raises `ConfigError` where what serves is not installed or the port is taken, and as `opened`.
    """
    check_installed()
    # Not before: it needs what is an extra.
    from gaia_stim.explorer.app import explore_app
    from gaia_stim.explorer.security import Doors, only
    from gaia_stim.explorer.serving import listening, serve

    drawn, links = config.out / "faces", config.follow_links
    session = opened(config.target, config.model, config.vectors, drawn, listen, follow_links=links)
    sets: list[str] = []

    def made(asked: Config) -> Any:
        result = make(asked)
        sets.append(str(result.out))
        return result

    at, token = listening(HERE, config.port), new_token()
    port = at.getsockname()[1]
    address = f"http://{HERE}:{port}/"
    # A warning, though nothing is wrong: without this line nobody gets in, and --quiet leaves warnings.
    listen(Note(f"open {address}?token={token} on this machine; Ctrl-C ends it", warning=True))
    if config.browser:
        webbrowser.open(f"{address}?token={token}")
    serve(explore_app(session, Doors(only(token), port), config.out, made), at)
    return ExploreResult(address, sets)


@dataclass(frozen=True)
class ServeResult:
    """Where the server was, and where its chains are kept."""

    address: str
    state: str


def run_server(config: ServeConfig, listen: Listener) -> ServeResult:
    """Serve stimuli and chains until Ctrl-C; raises as `run_page`, and `DataError` for a state that is none."""
    check_installed()
    from gaia_stim.explorer.security import Doors, only
    from gaia_stim.explorer.server import OWNER, stimulus_app
    from gaia_stim.explorer.serving import listening, serve
    from gaia_stim.explorer.studies import begin_study

    session = _served(config, listen)
    owner, told = _owners_token()
    store = Store(config.state)
    people = begin_study(config.design, session, store, config.state) if config.design else None
    is_owner = only(owner, OWNER)
    at = listening(config.host, config.port)
    port, is_local = at.getsockname()[1], config.host in LOOPBACK
    doors = Doors(
        lambda token: is_owner(token) or store.participant(token),
        port,
        # A page that is opened from a file comes from nowhere; on this machine, a token is enough.
        frozenset([*(config.allow_origin or ()), *(["null"] if people and is_local else [])]),
        frozenset([config.behind] if config.behind else []),
        any_host=not is_local,
    )
    host = f"[{config.host}]" if ":" in config.host else config.host
    address = f"http://{host}:{port}/"
    listen(Note(f"serving {address}v1/stimulus; the owner's token is {told}; Ctrl-C ends it", warning=True))
    if people:
        listen(Note(f"each participant's token, for ?participant=p01&token=… of the page: {people}", warning=True))
    serve(stimulus_app(session, store, doors, config.cache << 20), at)
    store.close()
    return ServeResult(address, str(config.state))


def _owners_token() -> tuple[str, str]:
    """The owner's token, and what is said of it: one given, for processes that share a state, is not shown."""
    given = os.environ.get(OWNERS_TOKEN)
    if given is None:
        return (made := new_token()), made
    if len(given) < SHORTEST_TOKEN:
        raise ConfigError(
            f"{OWNERS_TOKEN}: a token has at least {SHORTEST_TOKEN} letters and digits, or others guess it"
        )
    return given, f"that of {OWNERS_TOKEN}"


def write_chain(config: ChainConfig, listen: Listener) -> ChainResult:
    """Write a chain as a set and a table. Raises `DataError` where nothing is kept there, else as `export_chain`."""
    if not config.state.is_file():
        raise DataError(f"--state {config.state}: no such file; it is what 'serve' was given as --state")
    store = Store(config.state)
    try:
        return export_chain(config, _served(config, listen), store, listen)
    finally:
        store.close()


def _served(config: ServeConfig | ChainConfig, listen: Listener) -> Session:
    drawn, links = config.state.with_suffix(".faces"), config.follow_links
    return opened(config.target, config.model, config.vectors, drawn, listen, images=config.images, follow_links=links)


def check_installed() -> None:
    """Raises `ConfigError` where what serves is not installed."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ConfigError(f"{missing[0]} is not installed: pip install 'gaia-stim[explore]'")
