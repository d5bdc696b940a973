"""Figures of a model, and what they say in words."""

import math
from collections.abc import Iterator, Mapping
from string import Formatter

from gaia_stim.events import Listener, silent, tracked
from gaia_stim.metrics import METRICS
from gaia_stim.metrics.evidence import Evidence, TooFew
from gaia_stim.metrics.scores import Score
from gaia_stim.tables import look_up

NO_NUMBER = "is no finite number: the held-out images are too few for it, or their codes or pictures all alike"


def scores() -> dict[str, Score]:
    """All figures by name."""
    return {name: look_up(METRICS, "metric", name) for name in METRICS}


def measure(evidence: Evidence, listen: Listener = silent) -> tuple[dict[str, float | None], dict[str, str]]:
    """Every figure of `METRICS` by name, None where there are too few images for it, or it is no number; and why."""
    table = scores()
    figures: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for name in tracked(METRICS, "measuring", len(METRICS), listen):
        try:
            figures[name] = value = table[name].measure(evidence)
            if not math.isfinite(value):
                figures[name], reasons[name] = None, NO_NUMBER
        except TooFew as too_few:
            figures[name], reasons[name] = None, str(too_few)
    return figures, reasons


def in_words(figures: Mapping[str, float | None]) -> Iterator[str]:
    """What the figures say, each beside its controls, in sentences; nothing of those that could not be measured."""
    for score in scores().values():
        told = [field for _, field, *_ in Formatter().parse(score.words) if field]
        if told and all(figures[name] is not None for name in told):
            yield score.words.format_map(figures)
