"""ALI against Algorithm 1 of Dumoulin et al. (2016), a pair and a probability at a time."""

import torch
from peer_toys import BATCH, LATENT, agrees, discs, learn, seeded, toy
from torch import Tensor

from gaia_stim.models.ali import Ali


def by_the_book(model: Ali, x: Tensor) -> dict[str, Tensor]:
    rng = seeded()
    noise = torch.randn(BATCH, LATENT, dtype=torch.float64, generator=rng)
    prior = torch.randn(BATCH, LATENT, dtype=torch.float64, generator=rng)
    l_d, l_g = torch.zeros(()), torch.zeros(())
    for image, epsilon, z in zip(x.split(1), noise, prior.split(1), strict=True):
        statistics = model.encoder.statistics(image)
        z_hat = statistics[:, 0::2] + torch.exp(0.5 * statistics[:, 1::2]) * epsilon
        rho_q = torch.sigmoid(model.discriminator(image, z_hat))[0]
        rho_p = torch.sigmoid(model.discriminator(model.decoder(z), z))[0]
        l_d = l_d - (torch.log(rho_q) + torch.log(1 - rho_p)) / BATCH
        l_g = l_g - (torch.log(1 - rho_q) + torch.log(rho_p)) / BATCH
    return {"generator": l_g, "discriminator": l_d}


def test_losses_and_gradients_are_those_of_algorithm_1() -> None:
    model, x = toy(Ali, "ali").double(), discs().double()
    agrees(model, x, by_the_book(model, x))


def test_makes_images_like_those_it_saw() -> None:
    """On one image over and over the game has one end: every code decodes to it."""
    model, x = toy(Ali, "ali", width=8), discs(1).expand(16, -1, -1, -1)
    prior = torch.randn(64, LATENT, generator=seeded(9))

    def miss() -> float:
        with torch.inference_mode():
            return float((model.decode(prior) - x[:1]).abs().mean())

    before = miss()
    learn(model, x, 120, rate=2e-3)
    assert miss() < 0.3 * before


def test_alice_pays_for_reconstructions_too() -> None:
    """Li et al. (2017): the generator alone, for what the very draw decodes to."""
    model, x = toy(Ali, "ali", reconstruction=7.0).double(), discs().double()
    expected = by_the_book(model, x)
    noise = torch.randn(BATCH, LATENT, dtype=torch.float64, generator=seeded())
    statistics = model.encoder.statistics(x)
    again = model.decoder(statistics[:, 0::2] + torch.exp(0.5 * statistics[:, 1::2]) * noise)
    agrees(model, x, expected | {"generator": expected["generator"] + 7 * (x - again).abs().mean()})
