"""Which options of `design` belong to which kinds: asked of another kind they are refused, and never passed over."""

from collections.abc import Mapping, Sequence

from gaia_stim.config import DesignConfig
from gaia_stim.config.options import option_name
from gaia_stim.designs import CHAINS, PROCEDURES
from gaia_stim.errors import ConfigError

BELONGS: Mapping[str, Sequence[str]] = {
    "task": tuple(PROCEDURES),
    **dict.fromkeys(("rule", "step_sizes", "step_scale", "reversals"), ("staircase",)),
    **dict.fromkeys(("question", "attributes", "axes", "start", "vary", "reach", "chains", "server"), tuple(CHAINS)),
    "proposal": ("mcmcp",),
}
"""Option to the kinds that it says something about; of tasks with a list, `Design.takes` has what more there is."""
KNOWN_BEFOREHAND = (
    *("blocks", "repetitions", "max_run", "min_distance", "practice", "catch", "after"),
    *("pairs", "triads", "targets"),
)
"""What only a list can keep whose trials are known beforehand."""
MOST_TRIALS = 2_000_000


def check_belonging(config: DesignConfig) -> None:
    """Raises `ConfigError` for an option of another kind, and for one that only a list can keep where there is none."""
    for option, kinds in BELONGS.items():
        if is_given(config, option) and config.kind not in kinds:
            raise ConfigError(
                f"{option_name(option)}: says nothing about {config.kind}; it belongs to {', '.join(kinds)}"
            )
    if config.kind not in PROCEDURES and config.kind not in CHAINS:
        return
    for option in KNOWN_BEFOREHAND:
        if is_given(config, option):
            raise ConfigError(
                f"{option_name(option)}: says nothing about {config.kind}, which chooses stimuli while it runs"
            )


def is_given(config: DesignConfig, option: str) -> bool:
    """Whether somebody asked for it."""
    return bool(getattr(config, option) != DesignConfig.model_fields[option].default)


def check_listed(trials: int) -> None:
    """Raises `ConfigError` for more trials than can be listed."""
    if trials > MOST_TRIALS:
        raise ConfigError(f"{trials:,} trials are more than can be listed ({MOST_TRIALS:,})")
