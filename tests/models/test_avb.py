"""AVB with adaptive contrast against Mescheder et al. (2017), a pair and a density at a time."""

import torch
from peer_toys import BATCH, LATENT, agrees, discs, error, learn, seeded, toy
from torch import Tensor
from torch.distributions import Laplace, Normal

from gaia_stim.models.avb import DRAWS, LEAST_VARIANCE, NOISE, Avb
from gaia_stim.networks import NETWORKS


def by_the_book(model: Avb, x: Tensor) -> dict[str, Tensor]:
    rng = seeded()
    noise = torch.randn(BATCH, NOISE, dtype=torch.float64, generator=rng)
    contrast = torch.randn(BATCH, LATENT, dtype=torch.float64, generator=rng)

    def draw(image: Tensor, epsilon: Tensor) -> Tensor:
        seen = model.encoder.look(image)[0]
        return seen + model.encoder.disturb(torch.cat([seen, epsilon]))

    decoded, divergences, dual = [], [], torch.zeros(())
    for image, epsilon, other in zip(x.split(1), noise, contrast, strict=True):
        with torch.no_grad():
            cloud = torch.stack([draw(image, fixed) for fixed in model.encoder.draws])
            mu = cloud.mean(dim=0)
            sigma = torch.sqrt(((cloud - mu) ** 2).mean(dim=0) + LEAST_VARIANCE)
        z = draw(image, epsilon)
        t_posterior = model.discriminator(image, ((z - mu) / sigma)[None])[0]
        t_contrast = model.discriminator(image, other[None])[0]
        log_r = Normal(mu, sigma).log_prob(z).sum()
        log_p = Normal(torch.zeros_like(z), 1.0).log_prob(z).sum()
        divergences.append(t_posterior + log_r - log_p)
        decoded.append(model.decoder(z[None]))
        dual = dual - (torch.log(torch.sigmoid(t_posterior)) + torch.log(1 - torch.sigmoid(t_contrast))) / BATCH
    again = torch.cat(decoded)
    surprise = -Laplace(again, (x - again).abs().mean()).log_prob(x).sum() / BATCH
    negative_elbo = surprise + sum(divergences) / BATCH
    return {"generator": negative_elbo / x[0].numel(), "discriminator": dual}


def test_losses_and_gradients_are_those_of_adaptive_contrast() -> None:
    model, x = toy(Avb, "avb").double(), discs().double()
    agrees(model, x, by_the_book(model, x))


def test_learns_images_it_can_tell_apart() -> None:
    model, x = toy(Avb, "avb", width=8), discs(64)
    learn(model, x, 150)
    assert error(model, x) < 0.3


def test_the_plain_code_is_the_mean_of_the_posterior() -> None:
    """Of many fresh draws, to the error of the few fixed ones."""
    for network in NETWORKS:
        encoder, x = toy(Avb, "avb", network=network).encoder, discs(1)
        seen = encoder.look(x)
        cloud = encoder.code(seen.expand(20_000, -1), torch.randn(20_000, NOISE, generator=seeded()))
        miss = (encoder(x)[0] - cloud.mean(dim=0)).abs()
        assert (miss < 5 * cloud.std(dim=0) / DRAWS**0.5).all()
        assert cloud.std(dim=0).min() > 0


def test_its_posterior_needs_not_be_normal() -> None:
    """Two heaps, which no Gaussian encoder can draw: the noise's first number decides."""
    encoder, x = toy(Avb, "avb").encoder, discs(1)
    with torch.no_grad():
        first, _, last = encoder.disturb
        for weights in (first.weight, first.bias, last.weight, last.bias):
            weights.zero_()
        first.weight[0, LATENT] = 50.0
        last.weight[0, 0] = 1.0
    seen = encoder.look(x)
    cloud = encoder.code(seen.expand(2_000, -1), torch.randn(2_000, NOISE, generator=seeded()))[:, 0] - seen[0, 0]
    heaped = (cloud.abs() < 0.05).float().mean()
    assert 0.4 < heaped < 0.6


def test_fixed_draws_are_saved_with_the_weights_that_make_stimuli() -> None:
    assert "encoder.draws" in toy(Avb, "avb").generator_state()
