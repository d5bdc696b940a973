from .eyes import Face, find_face
from .frame import AT_REST, RECORD, AlignmentFrame, Found
from .placement import Placement, Turned
from .scattering import LOOKED_AT, eyes_in, scatter
from .similarity import Similarity, View, targets
from .target import Target

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
