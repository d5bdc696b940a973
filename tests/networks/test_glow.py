"""A flow against slow references: its inverse, and the determinant of its whole Jacobian."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gaia_stim.networks.glow import Coupling, Glow, Turn


def shaken(module: nn.Module, seed: int = 0, spread: float = 0.3) -> nn.Module:
    """With weights that no longer are those of the start, where couplings are the identity."""
    rng = torch.Generator().manual_seed(seed)
    for weight in module.parameters():
        weight.data += spread * torch.randn(weight.shape, generator=rng) / max(1, weight[0].numel()) ** 0.5
    return module.double()


def jacobian_of(module: nn.Module, x: Tensor) -> Tensor:
    """d(output)/d(input) of one picture, (numbers, numbers)."""
    matrix = torch.autograd.functional.jacobian(lambda one: module(one)[0], x)
    return matrix.reshape(x.numel(), x.numel())


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: Turn(4), (4, 3, 2)),
        (lambda: Coupling(4, 5), (4, 3, 2)),
        (lambda: Glow(8, 1, 4), (1, 8, 8)),
        (lambda: Glow(4, 3, 4), (3, 4, 4)),
    ],
    ids=["turn", "coupling", "glow", "one level"],
)
def test_the_determinant_is_that_of_the_jacobian(build: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = shaken(build())
        x = torch.rand(2, *shape, dtype=torch.float64)
    _, found = module(x)
    for one, log_determinant in zip(x, found, strict=True):
        expected = torch.linalg.slogdet(jacobian_of(module, one[None])).logabsdet
        assert log_determinant.item() == pytest.approx(expected.item(), rel=1e-8, abs=1e-8)
        assert abs(expected.item()) > 0.01, "it stretches"


@given(
    seed=st.integers(0, 2**31),
    size=st.sampled_from([4, 8, 12, 16]),
    channels=st.sampled_from([1, 3]),
    batch=st.integers(1, 3),
)
@settings(max_examples=8, deadline=None)
def test_back_is_back(seed: int, size: int, channels: int, batch: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        flow = Glow(size, channels, 4)
        shaken(flow, seed, 0.1)
        x = torch.rand(batch, channels, size, size, dtype=torch.float64)
        z = torch.randn(batch, channels * size**2, dtype=torch.float64)
    with torch.inference_mode():
        code, _ = flow(x)
        assert code.shape == z.shape
        assert (flow.inverse(code) - x).abs().max() < 1e-9
        assert (flow(flow.inverse(z))[0] - z).abs().max() < 1e-7
        single = flow.float()
        assert (single.inverse(single(x.float())[0]) - x).abs().max() < 1e-5


def test_it_begins_with_codes_of_spread_1() -> None:
    """Whatever pictures are like: here pale, hardly varying, and each channel otherwise."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = Glow(16, 3, 4)
        x = 0.8 + torch.tensor([0.1, 0.01, 0.001])[:, None, None] * torch.randn(64, 3, 16, 16)
    flow.begin(x)
    once = [weight.clone() for weight in flow.parameters()]
    with torch.inference_mode():
        code, _ = flow(x)
    coarse = code[:, : 12 * 4 * 4].unflatten(1, (12, 16))
    assert coarse.mean(dim=(0, 2)).abs().max() < 1e-3 and (coarse.std(dim=(0, 2)) - 1).abs().max() < 0.3
    assert code.std().item() == pytest.approx(1, abs=0.02)
    flow.begin(x)
    for weight, before in zip(flow.parameters(), once, strict=True):
        torch.testing.assert_close(weight.data, before.data)
