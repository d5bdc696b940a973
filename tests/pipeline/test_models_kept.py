"""A model that is kept for many steps gives what a fresh one gives, runs nothing twice, and forgets in time."""

from pathlib import Path

import numpy as np
import pytest

from gaia_stim.events import silent
from gaia_stim.pipeline import models
from gaia_stim.space.space import Space


def test_a_kept_space_gives_the_same_bytes_in_any_company(tiny_run: Path) -> None:
    fresh = Space.load(tiny_run)
    codes = np.random.default_rng(0).normal(size=(8, fresh.latent)).astype(np.float32)
    pictures, back = fresh.decode(codes), fresh.encode(fresh.decode(codes))
    with models.spaces_kept():
        kept = models.open_space(tiny_run, silent)
        assert models.open_space(tiny_run, silent) is kept, "it is read once"
        for places in ([0], [0, 1, 2], [2, 2, 5, 0], [7, 6, 5, 4, 3, 2, 1, 0], [3]):
            assert np.array_equal(kept.decode(codes[places]), pictures[places])
            assert np.array_equal(kept.encode(pictures[places]), back[places])


def test_nothing_is_made_twice(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with models.spaces_kept():
        kept = models.open_space(tiny_run, silent)
        codes = np.random.default_rng(0).normal(size=(5, kept.latent)).astype(np.float32)
        kept.decode(codes)
        monkeypatch.setattr(kept.model.decoder, "forward", lambda code: pytest.fail("it was decoded before"))
        kept.decode(codes[::-1])


def test_what_is_remembered_has_a_bound(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with models.spaces_kept():
        kept = models.open_space(tiny_run, silent)
        codes = np.random.default_rng(0).normal(size=(40, kept.latent)).astype(np.float32)
        size = codes[0].nbytes + np.prod(kept.shape) * codes.itemsize
        monkeypatch.setattr(models, "MOST_REMEMBERED", 10 * size)
        pictures = kept.decode(codes)
        remembered = vars(kept)["remembered"]
        assert len(remembered) == 10
        assert sum(made.nbytes + len(key[1]) for key, made in remembered.items()) <= 10 * size
        assert np.array_equal(kept.decode(codes), pictures), "what was forgotten is made again"
