"""Projection on problems whose answer is known."""

import pytest
import torch
from peer_toys import LATENT, discs, seeded, toy
from torch import Tensor

from gaia_stim.models.ae import PlainAutoencoder
from gaia_stim.models.projection import TILE, absolute_errors, project

TRUE = torch.randn(11, LATENT, generator=seeded(1))
MAP = torch.randn(LATENT, 64, generator=seeded(2))


def linear(z: Tensor) -> Tensor:
    """A decoder of which every image has one code."""
    return (z @ MAP).unflatten(1, (1, 8, 8))


IMAGES = linear(TRUE)


def squared(x: Tensor, decoded: Tensor) -> Tensor:
    return (x - decoded).square().flatten(1).mean(dim=1)


@pytest.mark.parametrize("errors", [absolute_errors, squared])
def test_finds_the_code_that_made_the_image(errors: object) -> None:
    found = project(linear, IMAGES, torch.zeros_like(TRUE), 300, rate=0.1, errors=errors)  # type: ignore[arg-type]
    assert (found - TRUE).abs().max() < 0.02


def test_an_image_is_found_the_same_whatever_stands_beside_it() -> None:
    model, x = toy(PlainAutoencoder, "ae", width=8), discs(TILE + 3)
    start = torch.zeros(len(x), LATENT)
    together = project(model.decode, x, start, 30, rate=0.1)
    for index in (0, 4, TILE, TILE + 2):
        alone = project(model.decode, x[index : index + 1], start[:1], 30, rate=0.1)
        assert torch.equal(alone[0], together[index])
    turned = project(model.decode, x.flip(0), start, 30, rate=0.1)
    assert torch.equal(turned.flip(0), together)


def test_never_ends_worse_than_it_began() -> None:
    wild = project(linear, IMAGES, TRUE, 20, rate=5.0)
    assert torch.equal(wild, TRUE), "the start was perfect"
    start = TRUE + 0.3
    for rate in (1e-3, 0.1, 30.0):
        found = project(linear, IMAGES, start, 7, rate=rate)
        before, after = absolute_errors(IMAGES, linear(start)), absolute_errors(IMAGES, linear(found))
        assert (after <= before).all()


def test_no_steps_leave_the_start() -> None:
    assert torch.equal(project(linear, IMAGES, TRUE + 1, 0, rate=0.1), TRUE + 1)


def test_errors_that_are_not_numbers_are_never_taken() -> None:
    def fragile(z: Tensor) -> Tensor:
        return linear(z) / (z[:, :1, None, None] < 0.15)

    found = project(fragile, IMAGES, torch.zeros_like(TRUE), 20, rate=0.1)
    assert found.isfinite().all()
    assert absolute_errors(IMAGES, fragile(found)).isfinite().all()


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
def test_works_wherever_it_is_called_and_leaves_no_trace(mode: type) -> None:
    model = toy(PlainAutoencoder, "ae")
    state = torch.get_rng_state()
    with mode():
        x = discs(3) * 1.0
        start = model.encode(x)
        kept = start.clone()
        found = project(model.decode, x, start, 5, rate=0.1)
        assert torch.equal(start, kept) and not found.requires_grad and not found.is_inference()
        assert model.decode(found).shape == x.shape
    assert all(weight.grad is None for weight in model.parameters())
    assert torch.equal(found, project(model.decode, x, start, 5, rate=0.1))
    assert torch.equal(torch.get_rng_state(), state)


def test_keeps_the_precision_it_is_given() -> None:
    found = project(lambda z: linear(z.float()).double(), IMAGES.double(), TRUE.double(), 2, rate=0.1)
    assert found.dtype == torch.float64
