"""Images of one kind of thing put in one place: by points, by the eyes that a small network finds, by each other."""

from gaia_stim.alignment.eyes import Face, find_face
from gaia_stim.alignment.frame import AT_REST, RECORD, AlignmentFrame, Found, Placement, Turned
from gaia_stim.alignment.scattering import LOOKED_AT, eyes_in, scatter
from gaia_stim.alignment.similarity import Similarity, View, targets
from gaia_stim.alignment.target import Target

__all__ = [
    "AT_REST",
    "LOOKED_AT",
    "RECORD",
    "AlignmentFrame",
    "Face",
    "Found",
    "Placement",
    "Similarity",
    "Target",
    "Turned",
    "View",
    "eyes_in",
    "find_face",
    "scatter",
    "targets",
]
