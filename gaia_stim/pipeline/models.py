"""Opening the model that a verb works with, and saying which it is."""

from pathlib import Path

from gaia_stim.checkpoint import find_run
from gaia_stim.events import Listener, Note
from gaia_stim.space.space import Space


def open_space(model: Path | None, listen: Listener) -> Space:
    """The space of the model given, or of the one that is found; the listener hears which. Raises `CheckpointError`."""
    found = find_run(model)
    space = Space.load(found.run.path)
    size, _, channels = space.shape
    colour = "colour" if channels == 3 else "grey"
    listen(Note(f"model: {found.run.path} ({found.reason}), {size} px, {colour}"))
    return space
