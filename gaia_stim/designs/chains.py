"""Chains of choices as designs: whose chain a trial is of. What it shows, `gaia-stim serve --design` tells as it comes.

Markov chain Monte Carlo with people (Sanborn & Griffiths 2008): the present stimulus beside a proposal, and the one
that is chosen is the next. Gibbs sampling with people (Harrison et al. 2020): a slider along one dimension, the others
held. No set has these stimuli; so a row's stimulus is a stand-in, the set's first, until the program knows better. All
that a server needs to begin the chains stands in the design's record, `procedure`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gaia_stim.config import DesignConfig
from gaia_stim.designs import CHAINS
from gaia_stim.designs.kinds import NUMBER, Design
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.options import check_belonging, check_listed, is_given
from gaia_stim.errors import ConfigError
from gaia_stim.stimuli.trials import PLACES

CHAIN = "chain"
"""The column that says which chain a trial is of: its number on the server."""
TRIALS = 100
"""Answers that a chain takes."""
PLACES_OF_A_SLIDER = 33
"""Pictures from one end to the other: an eighth of a standard deviation apart where it reaches two to both sides."""
SPEC = ("start", "axes", "vary", "reach")
"""Options that are a chain's own, by the names that the server has for them."""

gsp = Design(answers=(NUMBER,), items=lambda layout, config: [(0,)], arrangements=((0,),))
mcmcp = Design(answers=("a", "b"), items=lambda layout, config: [(0, 0)], arrangements=((0, 1),))


def is_chain(config: DesignConfig) -> bool:
    """Whether a server makes the stimuli."""
    return config.kind in CHAINS


def check_chain(config: DesignConfig) -> None:
    """Raises `ConfigError` for options that do not belong to chains, or do not make one."""
    check_belonging(config)
    for option in ("standard", "names"):
        if is_given(config, option):
            raise ConfigError(f"--{option}: says nothing about {config.kind}, which has no line with two ends")
    if not config.question:
        raise ConfigError("--question: say what people judge, as in --question 'Which face looks friendlier?'")
    if bool(config.attributes) == bool(config.axes):
        raise ConfigError(
            "--attributes, --axes: say what a chain moves along; attributes of the vectors that 'serve' is given, or "
            "so many principal axes of its photographs; one of the two"
        )
    if config.kind == "gsp" and (config.axes or len(_named(config))) < 2:
        raise ConfigError(
            "gsp: along one dimension it is a slider and no chain; name two or more. For one continuum there are "
            "'design adjustment' and 'design mcmcp'"
        )
    check_listed(config.participants * config.chains * (config.trials or TRIALS))


def size_of(request: Mapping[str, Any]) -> str:
    """The size of pictures that a set was asked for with: chains show theirs at the same."""
    options = request.get("options")
    return str(options.get("size") or "source") if isinstance(options, dict) else "source"


def chain_procedure(config: DesignConfig, size: str) -> dict[str, Any]:
    """What a server and a program run, as JSON: `kind`, `task`, `trials` a chain, `server`, `places` of a slider, and
    `chains`: whose each is, and what `POST /v1/chain` is told of it. A chain's number is its place among them, from 1.
    """
    trials = config.trials or TRIALS
    own: dict[str, Any] = {"kind": config.kind, "trials": trials, "size": size}
    own |= {name: getattr(config, name) for name in SPEC if is_given(config, name)}
    own |= {"attributes": _named(config)} if config.attributes else {}
    own |= {"step": config.proposal} if config.proposal else {}
    chains = [
        {"participant": name, "spec": {**own, "seed": _seed(config.seed, person, number)}}
        for person, name in enumerate(_people(config))
        for number in range(config.chains)
    ]
    about = {"kind": config.kind, "task": config.kind, "trials": trials, "server": config.server.rstrip("/")}
    return {**about, "places": PLACES_OF_A_SLIDER, "chains": chains}


def chain_table(config: DesignConfig, layout: Layout, procedure: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each trial that may come, with `procedure`, `track` and `chain`: a participant's chains take turns, in
    each round in an order that chance decides.
    """
    count, shows = int(procedure["trials"]), 2 if config.kind == "mcmcp" else 1
    tables = []
    for person, name in enumerate(_people(config)):
        rng = np.random.default_rng([config.seed, person])
        own = 1 + person * config.chains + np.arange(config.chains)
        chain = np.concatenate([rng.permutation(own) for _ in range(count)])
        columns: dict[str, Any] = {
            "participant": name,
            "block": 1,
            "trial": np.arange(1, len(chain) + 1),
            "task": config.kind,
        }
        columns |= {f"stim_{place}": layout.ids[0] if at < shows else "" for at, place in enumerate(PLACES)}
        columns |= {"correct": "", "part": 1, "repetition": 1, "item": 1, "arrangement": 1}
        columns |= {"procedure": config.kind, "track": [f"chain_{number}" for number in chain], CHAIN: chain}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _people(config: DesignConfig) -> list[str]:
    width = max(2, len(str(config.participants)))
    return [f"p{person + 1:0{width}}" for person in range(config.participants)]


def _named(config: DesignConfig) -> list[str]:
    return [name.strip() for name in (config.attributes or "").split(",") if name.strip()]


def _seed(seed: int, person: int, number: int) -> int:
    """A chain's own: no two begin at one place, and further participants change nothing of those before."""
    return int(np.random.default_rng([seed, person, number]).integers(2**31))
