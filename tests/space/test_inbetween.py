"""Between two pictures: planted moves give planted pictures, and a model's moves are better than none."""

import numpy as np
import pytest
from scipy import ndimage

from gaia_stim.images import Pixels
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.inbetween import GRID, inbetween, moves_between
from gaia_stim.space.space import Space

SIDE = 48


def shifted(by: float) -> Pixels:
    """Smooth noise, moved to the right by so many pixels."""
    noise = np.random.default_rng(3).standard_normal((SIDE, SIDE, 3))
    smooth = ndimage.gaussian_filter(noise, (3, 3, 0), mode="wrap")
    moved = ndimage.shift(smooth / smooth.std(), (0, by, 0), order=5, mode="grid-wrap")
    return np.rint(128 + 30 * moved).clip(0, 255).astype(np.uint8)


def inner(picture: Pixels) -> Pixels:
    return picture[8:-8, 8:-8].astype(np.int16)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_what_moved_by_four_pixels_has_moved_by_a_share_of_them(share: float) -> None:
    moves = np.zeros((GRID, GRID, 4), np.float16)
    # Half-way what is at x there is two pixels to the left in the first picture, and to the right in the second.
    moves[..., 0], moves[..., 2] = -2 * 2 / SIDE, 2 * 2 / SIDE
    a, b = shifted(0), shifted(4)
    off = np.abs(inner(inbetween(a, b, moves, share)) - inner(shifted(4 * share)))
    assert off.mean() < 0.5 and off.max() <= 2
    faded = np.abs(inner(inbetween(a, b, np.zeros_like(moves), share)) - inner(shifted(4 * share)))
    assert 0 < share < 1 or (off.max() == 0 and faded.max() == 0), "the ends are as they are"
    assert share in (0, 1) or faded.mean() > 4 * off.mean()


def test_a_models_moves_bring_two_of_its_pictures_together() -> None:
    space = Space.load()
    first, other = space.encode([draw_face(deal(face, seed=7), size=64) for face in (2, 5)])
    # Shape alone: what is left of the difference is none of the moves'.
    is_shape = np.arange(space.latent) >= space.model.decoder.texture_latent  # type: ignore[operator]
    last = np.where(is_shape, other, first)
    codes = (first, ((first + last) / 2).astype(np.float32), last)
    a, middle, b = space.decode(np.stack(codes))
    moves = moves_between(space.model.decoder, codes, (None, None, None))
    off, faded = (
        np.abs(inbetween(a, b, one, 0.5).astype(np.int16) - middle).mean() for one in (moves, np.zeros_like(moves))
    )
    assert faded > 1 and off < 0.5 * faded


def test_a_model_without_a_shape_moves_nothing() -> None:
    code = np.zeros(4, np.float32)
    assert not moves_between(object(), (code, code, code), (None, None, None)).any()
