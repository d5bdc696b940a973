"""The starters of jsPsych, PsychoPy and Psychtoolbox, `collect`, and everything that was made to look so."""

from gaia_stim.designs.readers.base import Reader

NEEDED = ("task", "stim_a", "response")
starter = Reader("a starter of gaia-stim", frozenset(NEEDED), has_keys=False)
