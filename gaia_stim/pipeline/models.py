"""Opening the model that a verb works with, and saying which it is."""

from pathlib import Path

from gaia_stim.checkpoint import BUILT_IN, Run, find_run
from gaia_stim.errors import CheckpointError
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


def open_space_by_hash(model_hash: str, recorded: Path, given: Path | None, listen: Listener) -> Space:
    """The very model that made something: where it was then, or the one given, else wherever a model is looked for.

    Weights are told by their hash, so it does not matter where they lie. Raises `CheckpointError` where none fits.
    """
    places = [given] if given is not None else [recorded, find_run(None).run.path, BUILT_IN]
    for place in dict.fromkeys(places):
        run = Run(place)
        if run.weights.is_file() and run.model_hash() == model_hash:
            listen(Note(f"model: {place} ({model_hash[:19]}…)"))
            return Space.load(place)
    looked = ", ".join(str(place) for place in dict.fromkeys(places))
    wrong = "is not the model that made it" if given is not None else "none of these is the model that made it"
    raise CheckpointError(f"{looked}: {wrong} ({model_hash[:19]}…, then at {recorded}); name its run folder with -m")
