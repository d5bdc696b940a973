"""Shape and texture: a decoder that moves what moves.

A code is [texture | shape]. The texture part is drawn as an image in a common frame, where every eye lies in one place
(the "shape-free texture" of face research); the shape part is a velocity, whose flow says of each pixel of the picture
where in that frame it comes from:

    t = T(z_texture)        u = exp(v),  v = V·z_shape        x̂(p) = t(p + u(p))

V is a matrix: a shape is a weighted sum of learned velocities, the mean of two codes moves by the mean of their
velocities, and a line of codes is a line of them. (With layers in its place midpoints were no better, and a step took a
quarter longer: docs/shape.md.)

A decoder that can only repaint has nothing but a cross-fade to offer between two places of a nose (Shu et al. 2018,
"Deforming Autoencoders", arXiv:1806.06503; theirs is a monotone grid, the velocities are those of Dalca et al. 2018).
Encoder, texture decoder and discriminator are light's.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.config import ModelConfig
from gaia_stim.errors import ConfigError
from gaia_stim.networks import fields, light
from gaia_stim.networks.base import full_precision

NODES = 16
"""Weights of a velocity along a side."""
STILL = 1e-3
"""Spread of the weights of V to begin with."""
FIELD = 32
"""Pixels of a side, at most, at which displacements are made for the model's own pictures."""
MOST_SHAPE = 12
"""Numbers of a code that are shape, where nobody says, and no more than a quarter of it. More of them draw details by
small motions, whose mean is half a detail: eyes half shut (docs/shape.md)."""
NOISE = 1.0
"""Spread of the noise on the texture's part of a code while the decoder learns alone. What a code says of the texture
has to be said loudly, so that near codes mean like textures, and what can be moved is left to the shape."""
QUIET = 0.7
"""The noise falls to none by this share of that time: once the codes have their places, details are drawn."""
SMOOTHNESS, CENTRED = 1e-2, 1.0
"""Weights of |∇v|² and of |mean of v over the batch|², without which the common frame drifts."""


class Deform(light.Light):
    """`light`, with a decoder of shape and texture."""

    has_shape = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.shape_latent = config.shape_latent or max(1, min(self.latent // 4, MOST_SHAPE))
        self.smoothness = SMOOTHNESS if config.smoothness is None else config.smoothness
        if not 0 < self.shape_latent < self.latent:
            raise ConfigError(f"--shape-latent {self.shape_latent}: leaves nothing of {self.latent} for the texture")

    def decoder(self) -> "Decoder":
        return Decoder(self.size, self.channels, self.width, self.latent, self.shape_latent)

    def noisy(self, z: Tensor, rng: torch.Generator, progress: float) -> Tensor:
        texture = z[:, : self.latent - self.shape_latent]
        noise = NOISE * max(0.0, 1 - progress / QUIET) * torch.empty_like(texture).normal_(generator=rng)
        return torch.cat([texture + noise, z[:, texture.shape[1] :]], dim=1)

    def penalties(self, decoder: nn.Module, z: Tensor) -> Mapping[str, Tensor]:
        assert isinstance(decoder, Decoder)
        velocity = decoder.velocity(z)
        down, across = velocity.diff(dim=2), velocity.diff(dim=3)
        slope = (down.square().mean() + across.square().mean()) * (NODES / 2) ** 2
        return {"smoothness": self.smoothness * slope, "drift": CENTRED * velocity.mean(dim=0).square().mean()}


class Decoder(nn.Module):
    """Codes to images in (0, 1): a texture, moved."""

    def __init__(self, size: int, channels: int, width: int, latent: int, shape: int) -> None:
        super().__init__()
        self.size, self.texture_latent = size, latent - shape
        self.draw = light.Decoder(size, channels, width, self.texture_latent)
        self.move = nn.Linear(shape, 2 * NODES**2)
        # Hardly any motion to begin with: what the texture can be is learned first.
        nn.init.normal_(self.move.weight, std=STILL)
        nn.init.zeros_(self.move.bias)

    def texture(self, code: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch channels size size"]:
        """The image in the common frame."""
        image: Tensor = self.draw(code[:, : self.texture_latent])
        return image

    def velocity(self, code: Float[Tensor, "batch latent"]) -> fields.Nodes:
        """The weights of the velocity whose flow takes a pixel of the picture to its place in the common frame."""
        # In full precision under autocast too: a displacement is a small difference of places.
        with torch.autocast(code.device.type, enabled=False):
            nodes: Tensor = self.move(full_precision(code[:, self.texture_latent :]))
            return nodes.view(-1, 2, NODES, NODES)

    def forward(self, code: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch channels size size"]:
        texture, velocity = self.texture(code), self.velocity(code)
        with torch.autocast(code.device.type, enabled=False):
            side = min(FIELD, self.size)
            field = fields.exponential(fields.from_nodes(velocity, side, side))
            return fields.sample(texture, fields.resized(field, self.size, self.size))
