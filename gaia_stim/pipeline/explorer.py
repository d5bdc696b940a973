"""Looking around in a space, and stimuli that are made while an experiment runs."""

from gaia_stim.config import ChainConfig, ExploreConfig, ServeConfig
from gaia_stim.config.verbs import VERBS, verb_of
from gaia_stim.events import Listener, silent
from gaia_stim.explorer.chain_sets import ChainResult
from gaia_stim.explorer.running import ExploreResult, ServeResult, run_page, run_server, write_chain


def explore(config: ExploreConfig, listen: Listener = silent) -> ExploreResult:
    """Serve the page until Ctrl-C; what it saves is made by the commands. Raises as `run_page`."""
    return run_page(config, lambda asked: VERBS[verb_of(asked)].function()(asked, listen), listen)


def serve(config: ServeConfig, listen: Listener = silent) -> ServeResult:
    """Serve stimuli and chains until Ctrl-C. Raises as `run_server`."""
    return run_server(config, listen)


def chain(config: ChainConfig, listen: Listener = silent) -> ChainResult:
    """Write a chain as a set and a table. Raises as `write_chain`."""
    return write_chain(config, listen)
