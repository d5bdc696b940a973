"""BEGAN (Berthelot et al. 2017, arXiv:1703.10717): a generator against an autoencoder, held in balance by k.

    L(v) = ‖v − D(v)‖₁,  z ~ U[−1, 1]
    L_D = L(x) − k_t·L(G(z)),  L_G = L(G(z))
    k_{t+1} = k_t + λ_k·(γ·L(x) − L(G(z))),  within [0, 1],  k_0 = 0                              (§3.4's objective)

The paper has no encoder: the code of an image is found by gradient descent on ‖x − G(z)‖₁, with Adam (§4), here from
the middle of the prior. z_D and z_G are one draw. D's decoder has G's architecture and its code G's length (§3.4.2).

As published k rises by millionths a step, which hundreds of thousands of steps make up for: in a few thousand D hardly
becomes G's adversary, and G draws the one face that is easiest to reconstruct. `balance_rate` and `gamma` are for that.
"""

import torch
from torch import Tensor, nn

from gaia_stim.config import ModelConfig
from gaia_stim.models.base import Autoencoder, Codes, Images, Losses, Means, Report, mean_absolute_error, total
from gaia_stim.models.projection import project


class Began(Autoencoder):
    """Two players: the generator (our decoder) and the discriminator, an autoencoder of images."""

    own_options = ("balance_rate",)
    heeds = ("gamma",)
    LAMBDA_K = 0.002
    """λ_k, the gain of the control: twice the paper's 0.001, as errors in [0, 1] are half of those in [−1, 1]."""
    STEPS = 100
    """Steps of the search for a code."""
    RATE = 0.1

    k: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.decoder = self.family.decoder()
        self.discriminator = nn.Sequential(self.family.encoder(config.latent), self.family.decoder())
        self.gamma = config.gamma
        """γ: the wanted ratio of the generated images' error to the real ones'."""
        self.lambda_k = self.LAMBDA_K if config.balance_rate is None else config.balance_rate
        self.register_buffer("k", torch.zeros(()))
        self.parts = {"generator": (self.decoder,), "discriminator": (self.discriminator,)}

    def encode(self, x: Images) -> Codes:
        return project(self.decode, x, x.new_zeros(len(x), self.config.latent), self.STEPS, rate=self.RATE)

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        z = torch.rand((len(x), self.config.latent), dtype=x.dtype, device=x.device, generator=rng) * 2 - 1
        generated = self.decode(z)
        d_real, d_generated = self.discriminator(torch.cat([x, generated])).chunk(2)
        terms = {"real": mean_absolute_error(x, d_real), "generated": mean_absolute_error(generated, d_generated)}
        penalties = self.penalties(z)
        return Losses(terms | penalties, penalties)

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        real, fake = losses.terms["real"], losses.terms["generated"]
        # M of §3.4.1: small where the real images are reconstructed and the balance is kept.
        convergence = means["real"] + (self.gamma * means["real"] - means["generated"]).abs()
        objectives = {"generator": fake + total(losses.penalties), "discriminator": real - self.k * fake}
        return objectives, Report({**means, "convergence": convergence}, {"k": self.k.clone()})

    def keep_score(self, report: Report, broken: Tensor) -> None:
        """k takes its step, on the device."""
        gain = self.lambda_k * (self.gamma * report.losses["real"] - report.losses["generated"])
        self.k.add_(torch.where(broken > 0, torch.zeros_like(gain), gain)).clamp_(0, 1)
