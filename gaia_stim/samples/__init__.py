"""The built-in stimuli: parametric faces whose every visible difference is a named attribute."""

from gaia_stim.samples.attributes import (
    AGE_THRESHOLD,
    ATTRIBUTES,
    YOUNG_PER_OLD,
    Attribute,
    complete,
    deal,
)
from gaia_stim.samples.faces import draw_face

__all__ = [
    "AGE_THRESHOLD",
    "ATTRIBUTES",
    "YOUNG_PER_OLD",
    "Attribute",
    "complete",
    "deal",
    "draw_face",
]
