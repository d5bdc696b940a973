"""The VAE against the evidence lower bound, an image and a density at a time."""

import torch
from peer_toys import BATCH, LATENT, agrees, discs, error, learn, seeded, toy
from torch import Tensor
from torch.distributions import Laplace, Normal, kl_divergence

from gaia_stim.models.vae import VariationalAutoencoder


def by_the_book(model: VariationalAutoencoder, x: Tensor) -> dict[str, Tensor]:
    noise = torch.randn(BATCH, LATENT, dtype=torch.float64, generator=seeded())
    surprises, divergences, decoded = [], [], []
    for image, epsilon in zip(x, noise, strict=True):
        statistics = model.encoder.statistics(image[None])[0]
        mu, sigma = statistics[0::2], torch.exp(0.5 * statistics[1::2])
        decoded.append(model.decoder((mu + sigma * epsilon)[None])[0])
        divergences.append(kl_divergence(Normal(mu, sigma), Normal(torch.zeros_like(mu), 1.0)).sum())
    scale = (x - torch.stack(decoded)).abs().mean()
    for image, again in zip(x, decoded, strict=True):
        surprises.append(-Laplace(again, scale).log_prob(image).sum())
    negative_elbo = sum(s + d for s, d in zip(surprises, divergences, strict=True)) / BATCH
    return {"generator": negative_elbo / x[0].numel()}


def test_loss_and_gradient_are_those_of_the_evidence_lower_bound() -> None:
    model, x = toy(VariationalAutoencoder, "vae").double(), discs().double()
    agrees(model, x, by_the_book(model, x))


def test_learns_images_it_can_tell_apart() -> None:
    model, x = toy(VariationalAutoencoder, "vae", width=8), discs(64)
    learn(model, x, 150)
    assert error(model, x) < 0.3
