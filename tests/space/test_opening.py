"""Models that are kept in memory while many verbs use them: the same to the bit, and no more than is said."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.events import silent
from gaia_stim.space import opening as models
from gaia_stim.space.opening import MOST_KEPT, open_space, spaces_kept
from gaia_stim.space.space import Space

Codes = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    with spaces_kept():
        yield


def codes(space: Space, count: int) -> Codes:
    return np.random.default_rng(0).normal(size=(count, space.latent)).astype(np.float32)


def held(space: Space) -> int:
    """Bytes of what a space remembers, no part of which keeps something larger in memory."""
    assert isinstance(space, models._RememberingSpace)
    assert all(tile.base is None for tile in space.memory.made.values())
    return sum(len(key[1]) + tile.nbytes for key, tile in space.memory.made.items())


def test_a_kept_space_gives_the_same_bytes_in_any_company(tiny_run: Path) -> None:
    fresh = Space.load(tiny_run)
    some = codes(fresh, 8)
    pictures, back = fresh.decode(some), fresh.encode(fresh.decode(some))
    kept = open_space(tiny_run, silent)
    assert open_space(tiny_run, silent) is kept, "it is read once"
    for places in ([0], [0, 1, 2], [2, 2, 5, 0], [7, 6, 5, 4, 3, 2, 1, 0], [3]):
        assert np.array_equal(kept.decode(some[places]), pictures[places])
        assert np.array_equal(kept.encode(pictures[places]), back[places])


@pytest.mark.parametrize("together", [1, 8, 13])
def test_what_is_remembered_is_bounded(
    together: int, plant: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where tiles are not full, or not all as large."""
    monkeypatch.setattr(models, "MOST_REMEMBERED", 1_000_000)
    space = open_space(plant(), silent)
    most = 0
    for code in codes(space, 40 * together).reshape(40, together, -1):
        space.encode(space.decode(code))
        most = max(most, held(space))
    assert 900_000 < most <= 1_000_000


def test_what_is_remembered_is_not_made_again(plant: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    run = plant()
    space, some = open_space(run, silent), codes(Space.load(run), 5)
    made = space.decode(some)
    assert np.array_equal(made, Space.load(run).decode(some))
    with monkeypatch.context() as patch:
        patch.setattr(Space, "_run", None)
        assert np.array_equal(space.decode(some), made)
    monkeypatch.setattr(models, "MOST_REMEMBERED", 0)
    assert np.array_equal(space.decode(some), made) and held(space) == 0


def test_few_models_are_kept_and_none_whose_files_changed(plant: Callable[..., Path]) -> None:
    runs = [plant(f"run{number}") for number in range(MOST_KEPT + 1)]
    spaces = [open_space(run, silent) for run in runs]
    assert open_space(runs[-1], silent) is spaces[-1]
    assert open_space(runs[0], silent) is not spaces[0]
    os.utime(runs[-1] / "config.json", ns=(0, 0))
    assert open_space(runs[-1], silent) is not spaces[-1]
