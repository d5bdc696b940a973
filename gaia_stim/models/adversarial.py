"""Critics made of the shared networks, and the logistic losses of a game between them and a generator.

Every critic ends in one logit an image: positive where it takes its input for genuine. There is no dropout (it would
draw from the global generator) and no batch norm (it would tie an image to its batch).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from gaia_stim.models.base import Codes, Images
from gaia_stim.networks.base import Family, full_precision

FEATURES = 256
"""Numbers that a critic sums an image up in."""

Logits = Float[Tensor, "batch"]


def as_genuine(logits: Logits) -> Float[Tensor, ""]:
    """−log σ(logit), its mean: the loss of calling them genuine (Goodfellow et al. 2014)."""
    return softplus(-logits).mean()


def as_fake(logits: Logits) -> Float[Tensor, ""]:
    """−log(1 − σ(logit)), its mean: the loss of calling them fake."""
    return softplus(logits).mean()


class ImageCritic(nn.Module):
    """D(x), and what it sees the image as on the way."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self.look = family.encoder(FEATURES)
        self.judge = nn.Sequential(nn.SiLU(), nn.Linear(FEATURES, 1))

    def forward(self, x: Images) -> tuple[Logits, Float[Tensor, "batch features"]]:
        """The logits, and the encoder's last feature map, flat."""
        # A family tells nothing of its layers but this much: the last one with weights reads off the map.
        *_, read_off = (layer for layer in self.look.modules() if isinstance(layer, nn.Linear | nn.Conv2d))
        maps: list[Tensor] = []
        hook = read_off.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0]))
        try:
            logits = self.judge(self.look(x))
        finally:
            hook.remove()
        return full_precision(logits).squeeze(1), full_precision(maps[0]).flatten(1)


class JointCritic(nn.Module):
    """D(x, z): whether an image and a code belong together as the genuine pairs do."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self.look = nn.Sequential(family.encoder(FEATURES), nn.SiLU())
        self.read = nn.Sequential(
            nn.Linear(family.latent, FEATURES), nn.SiLU(), nn.Linear(FEATURES, FEATURES), nn.SiLU()
        )
        self.judge = nn.Sequential(nn.Linear(2 * FEATURES, FEATURES), nn.SiLU(), nn.Linear(FEATURES, 1))

    def forward(self, x: Images, z: Codes) -> Logits:
        """The logits of pairs."""
        return self.compare(self.look(x), z)

    def compare(self, seen: Float[Tensor, "batch features"], z: Codes) -> Logits:
        """The logits of codes beside images that were looked at before."""
        return full_precision(self.judge(torch.cat([seen, self.read(z).to(seen.dtype)], dim=1))).squeeze(1)
