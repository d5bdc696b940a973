"""GAIA (Sainburg et al. 2018, Algorithm 1): an autoencoder trained against an autoencoder, on lines between codes too.

    z = Enc(x),  z_interp = mix(z),  x_gen = Dec(z),  x_interp = Dec(z_interp)
    loss_Gen  = its stakes in L_X, L_gen, L_interp, plus α·L_dist
    loss_Disc = its stakes in the same three errors

An objective may add ACAI's critic, a third player who guesses how much of a picture is mixed in.

`play` says it as the equations do. `backward` gets the same gradients from one pass back through the discriminator:
both players' losses depend on it only through three scalars, so the gradient at each decoded image is the same up to a
factor, the ratio of the two players' coefficients.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.config import ModelConfig
from gaia_stim.models import OBJECTIVES
from gaia_stim.models.base import Autoencoder, Codes, Game, Images, Report, set_gradients, total
from gaia_stim.models.objectives import Errors, Objective, Stakes
from gaia_stim.models.structure import structure_loss
from gaia_stim.networks.base import full_precision
from gaia_stim.tables import look_up

Decoded = Float[Tensor, "2*batch channels size size"]
"""Reconstructions, then interpolations."""
UNMIXED = 0.2
"""The share of the image itself in the reconstruction that the critic is to call unmixed: ACAI's γ."""
Shares = Float[Tensor, "batch"]
"""How much of each interpolation is not its main ingredient: 0 is an image's own code, ½ a midpoint."""


class Gaia(Autoencoder):
    """Generator Dec(Enc(x)) and discriminator D, an autoencoder of images too."""

    pretrains = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.objective: Objective = look_up(OBJECTIVES, "objective", config.objective)
        self.encoder = self.family.encoder(config.latent)
        self.decoder = self.family.decoder()
        self.discriminator = self.family.discriminator()
        self.critic = self.family.critic() if self.objective.critic else None

    def players(self) -> dict[str, list[nn.Parameter]]:
        found = {
            "generator": [*self.encoder.parameters(), *self.decoder.parameters()],
            "discriminator": list(self.discriminator.parameters()),
        }
        return found if self.critic is None else found | {"critic": list(self.critic.parameters())}

    def discriminate(self, x: Images) -> Images:
        """D(x): the discriminator's reconstruction."""
        image: Tensor = self.discriminator(x)
        return image

    def _mixed(self, z: Codes, chance: torch.Generator) -> tuple[Codes, Shares]:
        # Without interpolations the game is the same one, played on the reconstructions twice: a control for them.
        if not self.config.interpolations:
            return z, torch.zeros_like(z[:, 0])
        # The identity is mixed as the codes are, which shows the weights.
        codes, weights = self.objective.mix(torch.cat([z, torch.eye(len(z)).to(z)], dim=1), chance).tensor_split(
            [z.shape[1]], dim=1
        )
        return codes, (1 - weights.detach().amax(dim=1)).abs()

    def _errors(self, x: Images, decoded: Decoded) -> Errors:
        """The three errors from one pass of D over [x, x_gen, x_interp]."""
        generated, interpolated = decoded.chunk(2)
        d_real, d_generated, d_interpolated = self.discriminate(torch.cat([x, generated, interpolated])).chunk(3)
        error = self.objective.error
        # L_gen compares with the original image, through D: the authors' code and Eq. 2 (not §2's G(x)).
        return Errors(error(x, d_real), error(x, d_generated), error(interpolated, d_interpolated))

    def _stakes(self, errors: Errors) -> tuple[Errors, Stakes]:
        """The errors' values, and what they make the players pay."""
        values = Errors(**self.values(errors._asdict()))
        return values, self.objective.stakes(values, self.config.gamma)

    def _direct(self, x: Images, z: Codes, decoded: Decoded) -> tuple[Tensor, dict[str, Tensor]]:
        """What the generator pays without asking D: α·L_dist, and the anchor where the objective has one."""
        likeness, asked = self.likeness(x, decoded[: len(x)]), self.penalties(z)
        structure = structure_loss(x, z)
        alpha = self.config.alpha if self.objective.structure else 0.0
        anchor = self.objective.anchor
        # The networks' penalties weigh against the pixels as they do without a game.
        paid = alpha * structure + anchor * total(likeness) + (anchor or 1.0) * total(asked)
        return paid, {"structure": structure} | likeness | asked

    def _report(self, values: Errors, terms: dict[str, Tensor], stakes: Stakes) -> Report:
        return Report({**values._asdict(), **self.values(terms)}, stakes.balance, stakes.rates)

    def _guesses(self, critic: nn.Module, x: Images, decoded: Decoded, shares: Shares) -> tuple[Tensor, Tensor]:
        """What the generator pays the critic, and the critic's own loss (Berthelot et al. 2018, Eq. 2 and 1)."""
        generated, interpolated = decoded.chunk(2)
        unmixed = UNMIXED * x + (1 - UNMIXED) * generated
        guesses = full_precision(critic(torch.cat([interpolated, unmixed]))).mean(dim=1)
        guessed, guessed_unmixed = guesses.chunk(2)
        return guessed.square().mean(), (guessed - shares).square().mean() + guessed_unmixed.square().mean()

    def play(self, x: Images, chance: torch.Generator) -> Game:
        if self.pretraining:
            loss, report = self.reconstruct(x, chance)
            return Game({"generator": loss}, report)
        z = self.encode(x)
        z_interp, shares = self._mixed(z, chance)
        decoded = self.decode(torch.cat([z, z_interp]))
        errors = self._errors(x, decoded)
        values, stakes = self._stakes(errors)
        direct, terms = self._direct(x, z, decoded)
        objectives = {
            "generator": weighted(stakes.generator, errors) + direct,
            "discriminator": weighted(stakes.discriminator, errors),
        }
        if self.critic is not None:
            terms["fooled"], terms["critic"] = self._guesses(self.critic, x, decoded, shares)
            objectives["generator"] = objectives["generator"] + self.objective.critic * terms["fooled"]
            objectives["critic"] = terms["critic"]
        return Game(objectives, self._report(values, terms, stakes))

    def backward(self, x: Images, chance: torch.Generator) -> Report:
        if self.pretraining or not self.objective.one_backward:
            return super().backward(x, chance)
        z = self.encode(x)
        z_interp, shares = self._mixed(z, chance)
        decoded = self.decode(torch.cat([z, z_interp]))
        seen = decoded.detach().requires_grad_()
        errors = self._errors(x, seen)
        values, stakes = self._stakes(errors)
        players = self.players()

        *gradients, at_images = torch.autograd.grad(
            weighted(stakes.discriminator, errors), [*players["discriminator"], seen]
        )
        set_gradients(players["discriminator"], tuple(gradients))

        direct, terms = self._direct(x, z, decoded)
        ratios = [g / d for g, d in zip(stakes.generator[1:], stakes.discriminator[1:], strict=True)]
        for_generator = torch.cat([part * ratio for part, ratio in zip(at_images.chunk(2), ratios, strict=True)])
        if self.critic is not None:
            terms["fooled"], terms["critic"] = self._guesses(self.critic, x, seen, shares)
            (at_fooled,) = torch.autograd.grad(terms["fooled"], seen, retain_graph=True)
            for_generator = for_generator + self.objective.critic * at_fooled
            set_gradients(players["critic"], torch.autograd.grad(terms["critic"], players["critic"]))
        set_gradients(
            players["generator"],
            torch.autograd.grad([decoded, direct], players["generator"], [for_generator, None]),
        )
        return self._report(values, terms, stakes)

    def views(self, x: Images) -> dict[str, Images]:
        rows = {}
        for name, images in super().views(x).items():
            rows[name] = images
            rows[f"D({name})"] = self.discriminate(images)
        return rows


def weighted(stakes: tuple[Tensor, Tensor, Tensor], errors: Errors) -> Tensor:
    """What a player pays for the three errors."""
    return sum(
        (stake * error for stake, error in zip(stakes, errors, strict=True)),
        start=torch.zeros_like(errors.real),
    )
