"""VAE/GAN (Larsen et al. 2015, arXiv:1512.09300): a VAE whose likelihood is of a discriminator's features.

    L_prior = KL(q(z|x) ‖ N(0, I))
    L_llike = −E_q[log N(Dis_l(x) | Dis_l(Dec(z)), I)]                                                (Eq. 6, 7)
    L_GAN   = −log Dis(x) − log(1 − Dis(Dec(z))) − log(1 − Dis(Dec(z_p))),  z_p ~ N(0, I)             (Eq. 10)
    loss_Enc = L_prior + L_llike,  loss_Dec = γ·L_llike − L_GAN,  loss_Dis = L_GAN            (Algorithm 1, Eq. 9)

Eq. 10 prints L_GAN with the opposite sign, Algorithm 1 uses it with this one. The constant of the normal density is
left out. With our networks: Dis_l is the discriminator's last feature map, and all players step on every batch
(the authors' code rests the one that is far ahead).

All three objectives are sums of L_prior, L_llike and L_GAN. `objectives` says them as the equations do; `backward`
takes each of the three back to the decoded images once, and goes on from there with the sum that a player asks for.
"""

import torch
from torch import Tensor

from gaia_stim.config import ModelConfig
from gaia_stim.models.adversarial import ImageCritic, as_fake, as_genuine
from gaia_stim.models.base import Autoencoder, Images, Losses, Means, Report, mean_absolute_error, set_gradients, total
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
        self.parts = {"encoder": (self.encoder,), "decoder": (self.decoder,), "discriminator": (self.discriminator,)}

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        posterior = self.encoder.posterior(x)
        z = posterior.sample(rng)
        decoded, sampled = self.decode(z), self.decode(normal_like(z, rng))
        # Each part is judged by itself: the way back from L_llike then passes by Dec(z) alone.
        (real, seen), (reconstructed, seen_again), (made_up, _) = map(self.discriminator, (x, decoded, sampled))
        terms = {
            "reconstruction": mean_absolute_error(x, decoded),
            "divergence": posterior.divergence(),
            "likeness": (seen - seen_again).square().sum(dim=1).mean() / 2,
            "gan": as_genuine(real) + as_fake(reconstructed) + as_fake(made_up),
        }
        penalties = self.penalties(z)
        return Losses(terms | penalties, penalties, (decoded, sampled))

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        prior, likeness, gan = (losses.terms[name] for name in ("divergence", "likeness", "gan"))
        objectives = {
            "encoder": prior + likeness,
            "decoder": self.GAMMA * likeness - gan + total(losses.penalties),
            "discriminator": gan,
        }
        return objectives, Report(means)

    def backward(self, losses: Losses, means: Means) -> Report:
        prior, likeness, gan = (losses.terms[name] for name in ("divergence", "likeness", "gan"))
        decoded, sampled = losses.intermediates
        encoder, decoder, discriminator = self.players().values()

        *gradients, gan_decoded, gan_sampled = torch.autograd.grad(
            gan, [*discriminator, decoded, sampled], retain_graph=True
        )
        set_gradients(discriminator, gradients)
        (like_decoded,) = torch.autograd.grad(likeness, decoded)
        penalties = list(losses.penalties.values())
        for_decoder = [self.GAMMA * like_decoded - gan_decoded, -gan_sampled, *(None for _ in penalties)]
        heads = [decoded, sampled, *penalties]
        set_gradients(decoder, torch.autograd.grad(heads, decoder, for_decoder, retain_graph=True))
        set_gradients(encoder, torch.autograd.grad([decoded, prior], encoder, [like_decoded, None]))
        return Report(means)
