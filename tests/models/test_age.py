"""AGE against its game (Ulyanov et al. 2017, §3), a coordinate and an image at a time."""

import math

import pytest
import torch
from peer_toys import BATCH, LATENT, agrees, discs, error, learn, seeded, toy
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from gaia_stim.models.age import Age, divergence_of_fit


def fitted(codes: Tensor) -> Tensor:
    """KL(N(m, s) || N(0, 1)) of each coordinate, their mean."""
    total = torch.zeros(())
    for coordinate in codes.T:
        m = sum(coordinate) / len(coordinate)
        s = (sum((value - m) ** 2 for value in coordinate) / len(coordinate)) ** 0.5
        total = total + kl_divergence(Normal(m, s), Normal(torch.zeros(()), torch.ones(())))
    return total / codes.shape[1]


def by_the_book(model: Age, x: Tensor) -> dict[str, Tensor]:
    def sphere(codes: Tensor) -> Tensor:
        return torch.stack([code / code.square().sum().sqrt() for code in codes])

    def e(images: Tensor) -> Tensor:
        return sphere(torch.cat([model.encoder(image) for image in images.split(1)]))

    def g(codes: Tensor) -> Tensor:
        return torch.cat([model.decoder(code) for code in codes.split(1)])

    z = sphere(torch.randn(BATCH, LATENT, dtype=torch.float64, generator=seeded()))
    l_x = sum((image - again).abs().mean() for image, again in zip(x, g(e(x)), strict=True)) / BATCH
    l_z = sum((code - again).square().mean() for code, again in zip(z, e(g(z)), strict=True)) / BATCH
    v = fitted(e(g(z))) - fitted(e(x))
    return {
        "encoder": -v + model.MU * l_x,
        # The divergence of the images' codes is nothing to the generator.
        "generator": v + fitted(e(x)) + model.LAMBDA * l_z,
    }


def test_losses_and_gradients_are_those_of_the_game() -> None:
    model, x = toy(Age, "age").double(), discs().double()
    agrees(model, x, by_the_book(model, x))


def test_divergence_is_least_for_codes_spread_as_the_prior() -> None:
    codes = torch.randn(200, 3, dtype=torch.float64, generator=seeded())
    standard = (codes - codes.mean(dim=0)) / codes.std(dim=0, correction=0)
    assert abs(divergence_of_fit(standard)) < 1e-12
    assert divergence_of_fit(standard + 2).item() == pytest.approx(2)
    assert divergence_of_fit(3 * standard).item() == pytest.approx(4 - math.log(3))
    assert divergence_of_fit(torch.zeros(4, 3)).isfinite()


def test_codes_are_on_the_sphere_and_only_their_direction_counts() -> None:
    model, x = toy(Age, "age").double(), discs().double()
    z = model.encode(x)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(BATCH, dtype=torch.float64))
    torch.testing.assert_close(model.decode(3 * z), model.decode(z))
    assert model.decode(torch.zeros_like(z)).isfinite().all()


def test_learns_images_it_can_tell_apart() -> None:
    model, x = toy(Age, "age", width=8), discs(64)
    learn(model, x, 200, rate=1e-2)
    assert error(model, x) < 0.75


def test_both_players_pay_for_reconstructions_where_asked() -> None:
    model, x = toy(Age, "age", reconstruction=7.0).double(), discs().double()
    expected = by_the_book(model, x)
    again = torch.cat([model.decode(model.encode(image[None])) for image in x])
    agrees(model, x, expected | {"generator": expected["generator"] + 7 * (x - again).abs().mean()})
