"""Models side by side: trained runs, or methods that are trained first on the same images, seeds and budget."""

from gaia_stim.config import CompareConfig
from gaia_stim.evaluation.compared import CompareResult, compared
from gaia_stim.events import Listener, silent


def compare(config: CompareConfig, listen: Listener = silent) -> CompareResult:
    """Measure models side by side, training them first where `config` names methods.

    The identical command trains and measures nothing twice. Raises `ConfigError` for a method or option that cannot
    be, or where the folder holds something else; else as `train` and `evaluate`.
    """
    return compared(config, listen)
