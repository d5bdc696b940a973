"""VAE/GAN against Algorithm 1 of Larsen et al. (2015), a density and a probability at a time."""

import torch
from peer_toys import BATCH, LATENT, agrees, discs, error, learn, seeded, toy
from plain_steps import play
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from gaia_stim.models.vaegan import VaeGan


def by_the_book(model: VaeGan, x: Tensor) -> dict[str, Tensor]:
    rng = seeded()
    noise = torch.randn(BATCH, LATENT, dtype=torch.float64, generator=rng)
    from_prior = torch.randn(BATCH, LATENT, dtype=torch.float64, generator=rng)
    *convolutions, summary = model.discriminator.look
    dis_l = nn.Sequential(*convolutions)

    def dis(image: Tensor) -> Tensor:
        return torch.sigmoid(model.discriminator.judge(summary(dis_l(image))))[0, 0]

    l_prior, l_llike, l_gan = [], [], []
    for image, epsilon, z_p in zip(x.split(1), noise, from_prior, strict=True):
        statistics = model.encoder.statistics(image)[0]
        mu, sigma = statistics[0::2], torch.exp(0.5 * statistics[1::2])
        x_tilde, x_p = model.decoder((mu + sigma * epsilon)[None]), model.decoder(z_p[None])
        l_prior.append(kl_divergence(Normal(mu, sigma), Normal(torch.zeros_like(mu), 1.0)).sum())
        law = Normal(dis_l(x_tilde), 1.0)
        constant = law.log_prob(law.mean).sum().detach()
        l_llike.append(constant - law.log_prob(dis_l(image)).sum())
        l_gan.append(-torch.log(dis(image)) - torch.log(1 - dis(x_tilde)) - torch.log(1 - dis(x_p)))
    prior, llike, gan = (sum(terms, torch.zeros(())) / BATCH for terms in (l_prior, l_llike, l_gan))
    return {"encoder": prior + llike, "decoder": model.GAMMA * llike - gan, "discriminator": gan}


def test_losses_and_gradients_are_those_of_algorithm_1() -> None:
    model, x = toy(VaeGan, "vaegan").double(), discs().double()
    agrees(model, x, by_the_book(model, x))


def test_learns_images_through_the_discriminators_features_alone() -> None:
    model, x = toy(VaeGan, "vaegan", width=8), discs(64)
    learn(model, x, 150)
    assert error(model, x) < 0.8


def test_no_player_pays_for_pixels() -> None:
    """The paper's point: with the discriminator's last map blind, encoder and decoder hear nothing of the images."""
    model, x = toy(VaeGan, "vaegan").double(), discs().double()
    with torch.no_grad():
        model.discriminator.look[-4].weight.zero_()
        model.discriminator.look[-4].bias.zero_()
    game = play(model, x, seeded())
    assert game.report.losses["likeness"] == 0
    gradients = torch.autograd.grad(game.objectives["decoder"], model.players()["decoder"])
    assert all(gradient.abs().max() < 1e-12 for gradient in gradients)
