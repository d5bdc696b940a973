"""Refinement: nearer to the image, not far from the code, alone as in company, and the same every time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_stim.images import read_image, to_float
from gaia_stim.metrics.reconstruction import l1, ssim
from gaia_stim.space import refine as room
from gaia_stim.space.refine import refine, similarity
from gaia_stim.space.space import Space


@pytest.fixture(scope="module")
def linear() -> tuple[torch.Tensor, torch.Tensor]:
    """A decoder whose answers are known: a picture is a sum of patterns, a code says how much of each."""
    chance = torch.Generator().manual_seed(0)
    patterns = torch.rand(6, 3, 16, 16, generator=chance) / 6
    codes = 1 + 0.3 * torch.rand(11, 6, generator=chance)
    return patterns, codes


def decode(patterns: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    # Not as a product of matrices, whose last bit depends on the row a code stands in.
    return (codes[:, :, None, None, None] * patterns).sum(dim=1)


def test_the_known_code_is_found(linear: tuple[torch.Tensor, torch.Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    patterns, codes = linear
    monkeypatch.setattr(room, "REIN", 0.0)
    found = refine(lambda z: decode(patterns, z), decode(patterns, codes[:4]), codes[:4] + 0.2, 150)
    assert torch.allclose(found, codes[:4], atol=0.02)


def test_the_rein_holds(linear: tuple[torch.Tensor, torch.Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    """The stronger it is, the nearer a code stays to where it began."""
    patterns, codes = linear
    strayed = []
    for rein in (0.0, 10.0, 1000.0):
        monkeypatch.setattr(room, "REIN", rein)
        found = refine(lambda z: decode(patterns, z), decode(patterns, codes[:4]), codes[:4] + 0.2, 40)
        strayed.append(float((found - codes[:4] - 0.2).norm()))
    assert strayed[0] > 1.1 * strayed[1] > 2 * strayed[2]


def test_each_image_is_refined_as_if_it_were_alone(linear: tuple[torch.Tensor, torch.Tensor]) -> None:
    patterns, codes = linear
    images, start = decode(patterns, codes), codes + 0.2
    together = refine(lambda z: decode(patterns, z), images, start, 15)
    for one in (0, 7, 10):
        alone = refine(lambda z: decode(patterns, z), images[one : one + 1], start[one : one + 1], 15)
        assert torch.equal(alone[0], together[one])


def test_a_real_model_comes_nearer_and_always_the_same(space: Space, faces: Path) -> None:
    paths = sorted(faces.iterdir())[:3]
    wanted = np.stack([space.prepare(path) for path in paths])
    codes = space.encode(paths)
    refined = space.refine(paths, codes, 15)
    assert refined.dtype == np.float32 and refined.shape == codes.shape
    before, after = space.decode(codes), space.decode(refined)
    assert np.all(l1(after, wanted) + 1 - ssim(after, wanted) < l1(before, wanted) + 1 - ssim(before, wanted))
    assert np.array_equal(refined, space.refine(paths, codes, 15))
    assert np.array_equal(refined[1:2], space.refine(paths[1:2], codes[1:2], 15))
    assert not any(parameter.requires_grad for parameter in space.model.parameters())


def test_nothing_to_refine(space: Space) -> None:
    assert space.refine([], np.empty((0, space.latent), np.float32), 5).shape == (0, space.latent)


def test_no_steps_change_nothing(space: Space, faces: Path) -> None:
    paths = sorted(faces.iterdir())[:2]
    codes = space.encode(paths)
    assert np.array_equal(space.refine(paths, codes, 0), codes)


def test_similarity_is_the_ssim_of_skimage(faces: Path) -> None:
    shown = np.stack([read_image(path) for path in sorted(faces.iterdir())[:4]])
    a, b = torch.from_numpy(to_float(shown[:2])), torch.from_numpy(to_float(shown[2:]))
    assert np.allclose(similarity(a, b).numpy(), ssim(shown[:2], shown[2:]), atol=2e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), size=st.sampled_from([8, 16, 24]), channels=st.sampled_from([1, 3]))
def test_similarity_is_1_only_for_the_same(seed: int, size: int, channels: int) -> None:
    x = torch.rand(2, channels, size, size, generator=torch.Generator().manual_seed(seed))
    assert torch.allclose(similarity(x, x), torch.ones(2), atol=1e-5)
    assert (similarity(x, x.flip(0)) < 0.9).all()
    assert torch.allclose(similarity(x, x.flip(0)), similarity(x.flip(0), x), atol=1e-5)
