"""Opening the model that a verb works with, and saying which it is.

What a verb has rendered just now it does not render again: a continuum is measured before it is written. Who calls
many verbs, as a recipe does, keeps their models, and what they remember, for as long as that lasts:
`with spaces_kept():`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from gaia_stim.errors import CheckpointError
from gaia_stim.events import Listener, Note
from gaia_stim.files import stamp
from gaia_stim.runs import BUILT_IN, Run, find_run, named_run
from gaia_stim.space.space import Space

MOST_KEPT = 4
"""Models in memory together."""
MOST_REMEMBERED = 64 << 20
"""Bytes of what a model has made last."""
_kept: ContextVar[dict[str, Space] | None] = ContextVar("kept", default=None)
"""The models that a `spaces_kept` block has read so far, the last used last; None outside of one."""


@contextmanager
def spaces_kept() -> Iterator[None]:
    """Read each model once while this lasts, unless its files change."""
    before = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(before)


Item = npt.NDArray[np.float32]
"""A code, or a picture (C, H, W)."""
Key = tuple[str, bytes]
"""The name of a network, and all numbers that went into it."""


@dataclass
class _Memory:
    """What was made last: no more than `MOST_REMEMBERED` bytes, and what it was made of."""

    made: dict[Key, Item] = field(default_factory=dict)
    size: int = 0

    def take(self, key: Key) -> Item | None:
        item = self.made.pop(key, None)
        if item is not None:
            self.size -= item.nbytes + len(key[1])
        return item

    def put(self, key: Key, item: Item) -> None:
        self.made[key] = item
        self.size += item.nbytes + len(key[1])
        while self.size > MOST_REMEMBERED:
            self.take(next(iter(self.made)))


@dataclass(frozen=True, eq=False)
class _RememberingSpace(Space):
    """A space that remembers what it made last, item by item: whatever is beside it, it is the same to the bit."""

    memory: _Memory = field(default_factory=_Memory)

    def _run(self, network: Callable[[Tensor], Tensor], tile: Sequence[Item]) -> Item:
        keys: list[Key] = [(network.__name__, one.tobytes()) for one in tile]
        items = dict(zip(keys, tile, strict=True))
        known = {key: made for key in items if (made := self.memory.take(key)) is not None}
        if missing := [key for key in items if key not in known]:
            made_now = super()._run(network, [items[key] for key in missing])
            # Copies: a part of a tile would keep all of it.
            known |= {key: one.copy() for key, one in zip(missing, made_now, strict=True)}
        for key in items:
            self.memory.put(key, known[key])
        return np.stack([known[key] for key in keys])


def _load(run: Run) -> Space:
    kept = _kept.get()
    if kept is None:
        return _remembering(Space.load(run.path))
    key = _mark(run)
    space = kept.pop(key, None) or _remembering(Space.load(run.path))
    kept[key] = space
    if len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
    return space


def _remembering(space: Space) -> Space:
    return _RememberingSpace(**vars(space))


def _mark(run: Run) -> str:
    """Tells a run by where it is and by which files it has: they are replaced, never written into."""
    marks = [stamp(path) for path in (run.weights, run.path / "config.json")]
    # The path as given, too: provenance names it so.
    return repr((str(run.path), str(run.path.resolve()), marks))


def open_space(model: Path | None, listen: Listener, *, remembers: bool = True) -> Space:
    """The space of the model given, or of the one that is found; the listener hears which. Raises `CheckpointError`.

    Who times what it does wants one that does not remember.
    """
    found = find_run(model)
    space = _load(found.existing()) if remembers else Space.load(found.existing().path)
    size, _, channels = space.shape
    colour = "colour" if channels == 3 else "grey"
    listen(Note(f"model: {found.said}, {size} px, {colour}"))
    return space


def open_space_by_hash(made: Path, model_hash: str, recorded: Path, given: Path | None, listen: Listener) -> Space:
    """The very model that `made` is of: where it was then, or the one given, else wherever a model is looked for.

    Weights are told by their hash, so it does not matter where they lie. Raises `CheckpointError` where none fits.
    """
    places = [named_run(given).path] if given is not None else [recorded, find_run(None).run.path, BUILT_IN]
    for place in dict.fromkeys(places):
        run = Run(place)
        if run.weights.is_file() and run.model_hash() == model_hash:
            listen(Note(f"model: {place} ({model_hash[:19]}…)"))
            return _load(run)
    looked = ", ".join(str(place) for place in dict.fromkeys(places))
    wrong = "none of these is the model"
    if given is not None:
        is_one = named_run(given).weights.is_file()
        wrong = "is not the model" if is_one else "no such model, and it takes the one"
    raise CheckpointError(
        f"{looked}: {wrong} that made {made} ({model_hash[:19]}…, then at {recorded}); name its run folder with -m"
    )
