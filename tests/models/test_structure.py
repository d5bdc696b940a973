"""The structure loss, against two nested loops straight from the paper's equation."""

import math

import pytest
import torch
from torch import Tensor

from gaia_stim.models.gaia import relative_distances, structure_loss


def by_loops(x: Tensor, z: Tensor) -> Tensor:
    """mean over all (i, j), i = j included, of [log2(1 + d_x(i, j)) - log2(1 + d_z(i, j))]^2."""
    size = len(x)
    pairs = [(i, j) for i in range(size) for j in range(size)]

    def distances(points: Tensor) -> list[Tensor]:
        squared = [((points[i] - points[j]) ** 2).sum() for i, j in pairs]
        mean = torch.stack(squared).sum() / size**2
        return [d / mean for d in squared]

    both = zip(distances(x), distances(z), strict=True)
    terms = [((torch.log(1 + a) - torch.log(1 + b)) / math.log(2)) ** 2 for a, b in both]
    return torch.stack(terms).sum() / size**2


def batch(size: int = 6, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    x = torch.rand(size, 3, 8, 8, dtype=torch.float64, generator=rng)
    return x * torch.linspace(0.2, 1, size, dtype=torch.float64)[:, None, None, None], torch.randn(
        size, 5, dtype=torch.float64, generator=rng
    )


@pytest.mark.parametrize("size", [2, 3, 6, 9])
def test_values_and_gradients_are_those_of_the_equation(size: int) -> None:
    x, z = (points.requires_grad_() for points in batch(size, seed=size))
    loss, slow = structure_loss(x, z), by_loops(x, z)
    torch.testing.assert_close(loss, slow, rtol=1e-12, atol=1e-13)
    for fast, reference in zip(torch.autograd.grad(loss, (x, z)), torch.autograd.grad(slow, (x, z)), strict=True):
        torch.testing.assert_close(fast, reference, rtol=1e-9, atol=1e-12)
    assert size == 2 or loss > 0.01


def test_a_case_worked_by_hand() -> None:
    """x at 0, 1, 3 and z at 0, 1, 2: squared distances 1, 9, 4 (28 over all 9 ordered pairs) and 1, 4, 1 (12)."""
    x = torch.tensor([[0.0], [1.0], [3.0]], dtype=torch.float64)
    z = torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64)
    terms = [(math.log2(1 + a * 9 / 28) - math.log2(1 + b * 9 / 12)) ** 2 for a, b in ((1, 1), (9, 4), (4, 1))]
    assert structure_loss(x, z).item() == pytest.approx(2 * sum(terms) / 9, rel=1e-13)


def test_distances_have_mean_1_over_all_ordered_pairs() -> None:
    distances = relative_distances(batch()[0])
    assert distances.mean().item() == pytest.approx(1, rel=1e-13)
    torch.testing.assert_close(distances, distances.T, rtol=1e-12, atol=1e-14)
    assert distances.diag().abs().max() < 1e-12


@pytest.mark.parametrize("which", [0, 1])
def test_only_the_shape_of_the_cloud_counts(which: int) -> None:
    """Neither the scale nor the place of images or codes matters, nor the order of the batch."""
    points = list(batch())
    loss = structure_loss(*points)
    for scale, shift in ((7.0, 0.0), (1e-3, 0.0), (1.0, 5.0), (-2.0, 100.0)):
        moved = [scale * p + shift if index == which else p for index, p in enumerate(points)]
        torch.testing.assert_close(structure_loss(*moved), loss, rtol=1e-9, atol=0)
    turned = torch.randperm(6, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(structure_loss(points[0][turned], points[1][turned]), loss, rtol=1e-12, atol=0)
    assert structure_loss(points[0], points[1][turned]) != pytest.approx(loss.item(), rel=1e-3), "pairing matters"


def test_isometric_codes_cost_nothing() -> None:
    x, _ = batch()
    basis, _ = torch.linalg.qr(torch.randn(192, 192, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))
    assert structure_loss(x, 3 * x.flatten(1) @ basis + 1) < 1e-24
    assert structure_loss(x, x.flatten(1)[:, :5]) > 1e-3


def test_float32_agrees_with_float64() -> None:
    """Also far from the origin, where the expanded square of a distance would lose all its digits."""
    x, z = batch(16)
    for shift in (0, 100):
        loss = structure_loss((x + shift).float(), z.float())
        assert loss.dtype == torch.float32
        assert loss.item() == pytest.approx(structure_loss((x + shift).float().double(), z).item(), rel=1e-4)


def test_reduced_precision_does_not_reach_the_distances() -> None:
    """Losses are computed in float32 at least (networks/base.py); 8 bits leave an image some distance from itself."""
    x, z = (points.float() for points in batch(16))
    z.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        distances, loss = relative_distances(x), structure_loss(x, z)
        (gradient,) = torch.autograd.grad(loss, z)
    (exact,) = torch.autograd.grad(structure_loss(x, z), z)
    assert distances.diag().abs().max() < 1e-5
    assert (gradient - exact).norm() < 1e-4 * exact.norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_images_or_codes_that_are_all_the_same_do_no_harm(dtype: torch.dtype) -> None:
    x, z = (points.to(dtype) for points in batch())
    for images, codes in ((x, torch.full_like(z, 0.3)), (x, z * 0), (torch.full_like(x, 0.7), z), (x * 0, z * 0)):
        codes = codes.clone().requires_grad_()
        loss = structure_loss(images, codes)
        (gradient,) = torch.autograd.grad(loss, codes)
        assert loss.isfinite() and gradient.isfinite().all()
