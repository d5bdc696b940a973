"""Images of one kind of thing put in one place: by points, by the eyes that a small network finds, by each other."""

from gaia_stim.alignment.eyes import Face, find_face
from gaia_stim.alignment.similarity import Similarity, targets

__all__ = ["Face", "Similarity", "find_face", "targets"]
