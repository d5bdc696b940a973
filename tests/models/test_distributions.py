"""Random codes and pixels against torch.distributions and against their own samples."""

import pytest
import torch
from peer_toys import discs, seeded, toy
from torch.distributions import Laplace, Normal, kl_divergence

from gaia_stim.models.distributions import Gaussian, GaussianEncoder, normal_like, pixel_surprise
from gaia_stim.models.vae import VariationalAutoencoder
from gaia_stim.networks import NETWORKS


def some_codes() -> Gaussian:
    rng = seeded(3)
    return Gaussian(*(torch.randn(2, 5, 3, dtype=torch.float64, generator=rng)))


def test_divergence_is_that_of_the_two_normal_laws() -> None:
    codes = some_codes()
    law = Normal(codes.mean, (codes.log_variance / 2).exp())
    expected = kl_divergence(law, Normal(torch.zeros(()).double(), torch.ones(()).double())).sum(dim=1).mean()
    assert codes.divergence().item() == pytest.approx(expected.item(), rel=1e-12)
    nothing = torch.zeros(5, 3)
    assert Gaussian(nothing, nothing).divergence() == 0


def test_samples_have_the_mean_and_variance_they_are_asked_for() -> None:
    one = some_codes()
    many = Gaussian(one.mean[:1].expand(40_000, 3), one.log_variance[:1].expand(40_000, 3))
    drawn = many.sample(seeded())
    deviation = (one.log_variance[0] / 2).exp()
    assert ((drawn.mean(dim=0) - one.mean[0]).abs() < 5 * deviation / 200).all()
    torch.testing.assert_close(drawn.std(dim=0), deviation, rtol=0.03, atol=0)


def test_samples_come_from_the_generator_handed_in() -> None:
    codes, state = some_codes(), torch.get_rng_state()
    assert torch.equal(codes.sample(seeded(1)), codes.sample(seeded(1)))
    assert not torch.equal(codes.sample(seeded(1)), codes.sample(seeded(2)))
    assert normal_like(codes.mean, seeded()).dtype == torch.float64
    assert torch.equal(torch.get_rng_state(), state)


def test_a_sample_carries_gradients_to_mean_and_variance() -> None:
    """dz/dμ = 1 and dz/d log σ² = σε / 2."""
    codes = Gaussian(*(value.requires_grad_() for value in some_codes()))
    noise = normal_like(codes.mean, seeded())
    by_mean, by_log_variance = torch.autograd.grad(codes.sample(seeded()).sum(), list(codes))
    assert torch.equal(by_mean, torch.ones_like(by_mean))
    torch.testing.assert_close(by_log_variance, (codes.log_variance / 2).exp() * noise / 2)


@pytest.mark.parametrize("squared", [False, True])
def test_pixel_surprise_is_that_of_the_likeliest_law(squared: bool) -> None:
    """Of Laplace's, or of the normal one."""
    rng = seeded(2)
    x, decoded = torch.rand(2, 4, 1, 6, 6, dtype=torch.float64, generator=rng)

    def surprise(scale: float) -> float:
        law = Normal if squared else Laplace
        return float(-law(decoded, torch.full_like(decoded, scale)).log_prob(x).mean())

    error = (x - decoded).square().mean() if squared else (x - decoded).abs().mean()
    found, likeliest = pixel_surprise(error, error, squared).item(), error.item() ** (0.5 if squared else 1)
    assert found == pytest.approx(surprise(likeliest), rel=1e-12)
    assert all(found < surprise(likeliest * factor) for factor in (0.5, 0.9, 1.1, 2.0))


@pytest.mark.parametrize("squared", [False, True])
def test_pixel_surprise_of_a_perfect_picture_is_finite(squared: bool) -> None:
    x = discs(2)
    decoded = x.clone().requires_grad_()
    error = (x - decoded).square().mean() if squared else (x - decoded).abs().mean()
    surprise = pixel_surprise(error, error.detach(), squared)
    surprise.backward()
    assert surprise.isfinite() and decoded.grad is not None and decoded.grad.isfinite().all()


@pytest.mark.parametrize("network", NETWORKS)
def test_a_plain_call_of_the_encoder_is_the_mean(network: str) -> None:
    encoder = toy(VariationalAutoencoder, "vae", network=network).encoder
    assert isinstance(encoder, GaussianEncoder)
    posterior = encoder.posterior(discs())
    assert torch.equal(encoder(discs()), posterior.mean)
    assert posterior.mean.shape == posterior.log_variance.shape == (8, 4)


def test_both_paths_of_the_papers_network_reach_the_mean() -> None:
    """Its outputs are [style, content]: halved, the mean would be all style and the variance all content."""
    model = toy(VariationalAutoencoder, "vae", network="munit")
    for path in ("style", "content"):
        weights = list(getattr(model.encoder.statistics, path).parameters())
        gradients = torch.autograd.grad(model.encode(discs()).square().sum(), weights)
        assert any(gradient.abs().max() > 0 for gradient in gradients), path
