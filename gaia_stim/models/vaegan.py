"""VAE/GAN (Larsen et al. 2015, arXiv:1512.09300): a VAE whose likelihood is of a discriminator's features.

    L_prior = KL(q(z|x) ‖ N(0, I))
    L_llike = −E_q[log N(Dis_l(x) | Dis_l(Dec(z)), I)]                                                (Eq. 6, 7)
    L_GAN   = −log Dis(x) − log(1 − Dis(Dec(z))) − log(1 − Dis(Dec(z_p))),  z_p ~ N(0, I)             (Eq. 10)
    loss_Enc = L_prior + L_llike,  loss_Dec = γ·L_llike − L_GAN,  loss_Dis = L_GAN            (Algorithm 1, Eq. 9)

Eq. 10 prints L_GAN with the opposite sign, Algorithm 1 uses it with this one. The constant of the normal density is
left out. With our networks: Dis_l is the discriminator's last feature map, and all players step on every batch
(the authors' code rests the one that is far ahead).

All three objectives are sums of L_prior, L_llike and L_GAN. `play` says them as the equations do; `backward` takes each
of the three back to the decoded images once, and goes on from there with the sum that a player asks for.
"""

import torch
from torch import Tensor, nn

from gaia_stim.config import ModelConfig
from gaia_stim.models.adversarial import ImageCritic, as_fake, as_genuine
from gaia_stim.models.base import Autoencoder, Game, Images, Report, mean_absolute_error, set_gradients, total
from gaia_stim.models.distributions import Gaussian, GaussianEncoder, normal_like


class VaeGan(Autoencoder):
    """Three players: encoder, decoder, discriminator. A code is the posterior's mean."""

    GAMMA = 0.1
    """γ of Eq. 9. The authors' code has 1e-5 (CelebA), for maps of 16,384 numbers, batch norm and a discriminator that
    rests when ahead. Without these ours is soon ahead: 0.1 did better than 0.001 in 1,000 steps, and no more is known.
    """

    encoder: GaussianEncoder

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = GaussianEncoder(self.family)
        self.decoder = self.family.decoder()
        self.discriminator = ImageCritic(self.family)

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {
            "encoder": list(self.encoder.parameters()),
            "decoder": list(self.decoder.parameters()),
            "discriminator": list(self.discriminator.parameters()),
        }

    def _decoded(self, posterior: Gaussian, chance: torch.Generator) -> tuple[tuple[Images, Images], dict[str, Tensor]]:
        """Images of codes drawn from the posterior, Dec(z), and from the prior, Dec(z_p); the networks' penalties."""
        z = posterior.sample(chance)
        return (self.decode(z), self.decode(normal_like(z, chance))), self.penalties(z)

    def _judged(self, x: Images, again: Images, sampled: Images) -> tuple[Tensor, Tensor]:
        """L_llike and L_GAN. Each part is judged by itself: the way back from L_llike then passes by Dec(z) alone."""
        (real, seen), (reconstructed, seen_again), (made_up, _) = map(self.discriminator, (x, again, sampled))
        likeness = (seen - seen_again).square().sum(dim=1).mean() / 2
        return likeness, as_genuine(real) + as_fake(reconstructed) + as_fake(made_up)

    def _report(
        self, x: Images, again: Images, prior: Tensor, likeness: Tensor, gan: Tensor, asked: dict[str, Tensor]
    ) -> Report:
        losses = {
            "reconstruction": mean_absolute_error(x, again),
            "divergence": prior,
            "likeness": likeness,
            "gan": gan,
        }
        return Report(self.values(losses | asked))

    def play(self, x: Images, chance: torch.Generator) -> Game:
        posterior = self.encoder.posterior(x)
        (again, sampled), asked = self._decoded(posterior, chance)
        prior = posterior.divergence()
        likeness, gan = self._judged(x, again, sampled)
        objectives = {
            "encoder": prior + likeness,
            "decoder": self.GAMMA * likeness - gan + total(asked),
            "discriminator": gan,
        }
        return Game(objectives, self._report(x, again, prior, likeness, gan, asked))

    def backward(self, x: Images, chance: torch.Generator) -> Report:
        posterior = self.encoder.posterior(x)
        (again, sampled), asked = self._decoded(posterior, chance)
        prior = posterior.divergence()
        shown = [picture.detach().requires_grad_() for picture in (again, sampled)]
        likeness, gan = self._judged(x, *shown)
        players = self.players()

        *gradients, gan_again, gan_sampled = torch.autograd.grad(
            gan, [*players["discriminator"], *shown], retain_graph=True
        )
        set_gradients(players["discriminator"], tuple(gradients))
        (like_again,) = torch.autograd.grad(likeness, shown[0])
        for_decoder = [self.GAMMA * like_again - gan_again, -gan_sampled, *(None for _ in asked)]
        set_gradients(
            players["decoder"],
            torch.autograd.grad([again, sampled, *asked.values()], players["decoder"], for_decoder, retain_graph=True),
        )
        set_gradients(players["encoder"], torch.autograd.grad([again, prior], players["encoder"], [like_again, None]))
        return self._report(x, again, prior, likeness, gan, asked)
