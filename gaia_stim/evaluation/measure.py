"""Figures of a model, and what they say in words."""

from collections.abc import Iterator, Mapping

from gaia_stim.events import Listener, silent, tracked
from gaia_stim.metrics import METRICS
from gaia_stim.metrics.evidence import Evidence
from gaia_stim.metrics.scores import Score
from gaia_stim.tables import look_up


def scores() -> dict[str, Score]:
    """All figures by name."""
    return {name: look_up(METRICS, "metric", name) for name in METRICS}


def measure(evidence: Evidence, listen: Listener = silent) -> dict[str, float]:
    """Every figure of `METRICS`, by name."""
    table = scores()
    return {name: table[name].measure(evidence) for name in tracked(METRICS, "measuring", len(METRICS), listen)}


def in_words(figures: Mapping[str, float]) -> Iterator[str]:
    """What the figures say, each beside its controls, in sentences."""
    for score in scores().values():
        if score.words:
            yield score.words.format_map(figures)
