"""The last metre: a stimulus set, or a design over it, as the folder that an experiment program takes.

Each is a function `write(stimuli, folder, trials)` in a file of its own that fills an empty folder; one that has
options of its own takes them by name, and one in `PRESENTED` takes `how`, the `Presentation` (`settings`).
"""

from collections.abc import Mapping

EXPORTERS = {
    "psychopy": "gaia_stim.export.psychopy:write",
    "psychojs": "gaia_stim.export.psychojs:write",
    "jspsych": "gaia_stim.export.jspsych:write",
    "opensesame": "gaia_stim.export.opensesame:write",
    "psychtoolbox": "gaia_stim.export.psychtoolbox:write",
    "gorilla": "gaia_stim.export.gorilla:write",
    "labjs": "gaia_stim.export.labjs:write",
    "bids": "gaia_stim.export.bids:write",
    "psych-ds": "gaia_stim.export.psychds:write",
    "rocrate": "gaia_stim.export.rocrate:write",
}
"""Program to the function that writes for it."""

_TIME = frozenset(["fixation", "duration", "isi", "mask", "mask_duration", "timeout"])
_SCREEN = frozenset(["resample", "display", "language"])
_SIZE = frozenset(["degrees", "distance"])
_PAGES = frozenset(["break_seconds", "break_every", "show_ends", "consent"])
PRESENTED: Mapping[str, frozenset[str]] = {
    "jspsych": _TIME | _SCREEN | _SIZE | _PAGES | {"least_size"},
    "psychopy": _TIME | _SCREEN | _SIZE | _PAGES,
    "psychojs": _TIME | _SCREEN | _PAGES,
    "psychtoolbox": _TIME | _SCREEN | _SIZE | _PAGES,
    "opensesame": frozenset(["fixation", "isi", "timeout", "display", "language", "break_every"]),
    "labjs": frozenset(["fixation", "isi", "timeout"]) | _SCREEN | _PAGES,
}
"""Program to the options of `PresentationConfig` that its files heed; asked of another one they are refused."""

ADAPTIVE = frozenset({"jspsych", "psychopy"})
"""The programs whose files choose stimuli by the answers so far."""
ANSWERED = frozenset({"bids", "psych-ds"})
"""The standards whose folders have the answers of an experiment as well."""
