"""What goes into a paper: figures, and what to cite."""

from gaia_stim.config import CiteConfig, FigureConfig
from gaia_stim.events import Listener, silent
from gaia_stim.figures.drawn import FigureResult, drawn
from gaia_stim.publishing.citing import CiteResult, cited


def figure(config: FigureConfig, listen: Listener = silent) -> FigureResult:
    """Draw sets, spaces and scales as one figure. Raises as `drawn`."""
    return drawn(config, listen)


def cite(config: CiteConfig, listen: Listener = silent) -> CiteResult:
    """What to cite for a set, a run or a scale. Raises `DataError` where it is none of them."""
    return cited(config)
