"""VAE/GAN (Larsen et al. 2015, arXiv:1512.09300): a VAE whose likelihood is of a discriminator's features.

    L_prior = KL(q(z|x) ‖ N(0, I))
    L_llike = −E_q[log N(Dis_l(x) | Dis_l(Dec(z)), I)]                                                (Eq. 6, 7)
    L_GAN   = −log Dis(x) − log(1 − Dis(Dec(z))) − log(1 − Dis(Dec(z_p))),  z_p ~ N(0, I)             (Eq. 10)
    loss_Enc = L_prior + L_llike,  loss_Dec = γ·L_llike − L_GAN,  loss_Dis = L_GAN            (Algorithm 1, Eq. 9)

Eq. 10 prints L_GAN with the opposite sign, Algorithm 1 uses it with this one. The constant of the normal density is
left out. With our networks: Dis_l is the discriminator's last feature map, and all players step on every batch
(the authors' code rests the one that is far ahead).
"""

import torch
from torch import nn

from gaia_stim.config import ModelConfig
from gaia_stim.models.adversarial import ImageCritic, as_fake, as_genuine
from gaia_stim.models.base import Autoencoder, Game, Images, Report, mean_absolute_error
from gaia_stim.models.distributions import GaussianEncoder, normal_like


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

    def play(self, x: Images, chance: torch.Generator) -> Game:
        posterior = self.encoder.posterior(x)
        z = posterior.sample(chance)
        decoded = self.decode(torch.cat([z, normal_like(z, chance)]))
        logits, features = self.discriminator(torch.cat([x, decoded]))
        real, reconstructed, sampled = logits.chunk(3)
        seen, seen_again, _ = features.chunk(3)

        prior = posterior.divergence()
        likeness = (seen - seen_again).square().sum(dim=1).mean() / 2
        gan = as_genuine(real) + as_fake(reconstructed) + as_fake(sampled)
        objectives = {
            "encoder": prior + likeness,
            "decoder": self.GAMMA * likeness - gan,
            "discriminator": gan,
        }
        losses = {
            "reconstruction": mean_absolute_error(x, decoded[: len(x)]),
            "divergence": prior,
            "likeness": likeness,
            "gan": gan,
        }
        return Game(objectives, Report(self.values(losses)))
