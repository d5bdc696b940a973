"""GAIA (Sainburg et al. 2018, Algorithm 1): an autoencoder trained against an autoencoder, on lines between codes too.

    z = Enc(x),  z_interp = mix(z),  x_gen = Dec(z),  x_interp = Dec(z_interp)
    L_X = ‖x − D(x)‖,   L_gen = ‖x − D(x_gen)‖,   L_interp = ‖x_interp − D(x_interp)‖

Every objective of the paper and of its authors' releases is linear in these three errors once the weights between them
are taken as numbers (no gradient flows through a weight). So an `Objective` is a `mix` of codes, an `error`, and
`coefficients`, a function from the three values to what each player pays for them. The generator pays α·L_dist too, and
an objective may add ACAI's critic, a third player who guesses how much of a picture is mixed in.

`objectives` says it as the equations do. `backward` gets the same gradients from one pass back through the
discriminator: both players' losses depend on it only through three scalars, so the gradient at each decoded image is
the same up to a factor, the ratio of the two players' coefficients.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.config import ModelConfig
from gaia_stim.models import OBJECTIVES
from gaia_stim.models.base import (
    DEFAULTED,
    Autoencoder,
    Codes,
    Images,
    Losses,
    Means,
    Report,
    mean_absolute_error,
    mean_squared_error,
    set_gradients,
    total,
)
from gaia_stim.networks.base import full_precision
from gaia_stim.tables import look_up

STEEPNESS = 20.0
"""b in σ(d) = 1 / (1 + exp(−b·d)), Algorithm 1."""
FIRST_ERROR = 0.25
"""About L_X of an untrained network, whose pictures are grey: where b is what the paper has."""
LEAST_ERROR = 1e-6
"""What L_X counts as at least where it is divided by: well below a thousandth of a grey level."""
FAKE_LIMITS = (1e-4, 0.9)
"""Limits of w_fake; the lower one keeps the discriminator's coefficients off 0, which one backward pass needs."""
UNMIXED = 0.2
"""The share of the image itself in the reconstruction that the critic is to call unmixed: ACAI's γ."""
LIKENESS = ("reconstruction", "edges")
"""The losses that the anchor weighs."""

Scalar = Float[Tensor, ""]
Decoded = Float[Tensor, "2*batch channels size size"]
"""Reconstructions, then interpolations."""
Shares = Float[Tensor, "batch"]
"""How much of each interpolation is not its main ingredient: 0 is an image's own code, ½ a midpoint."""


class Errors(NamedTuple):
    """The discriminator's errors: on images, on their reconstructions, on interpolations."""

    real: Scalar
    generated: Scalar
    interpolated: Scalar

    @classmethod
    def of(cls, values: Mapping[str, Tensor]) -> "Errors":
        """The three among all losses."""
        return cls(*(values[name] for name in cls._fields))


@dataclass(frozen=True)
class Coefficients:
    """What the players pay a unit of (L_X, L_gen, L_interp), their learning-rate multipliers, the weights to log."""

    generator: tuple[Scalar, Scalar, Scalar]
    discriminator: tuple[Scalar, Scalar, Scalar]
    rates: Mapping[str, Scalar]
    balance: Mapping[str, Scalar]


@dataclass(frozen=True)
class Objective:
    """A named way to train GAIA."""

    mix: Callable[[Codes, torch.Generator], Codes]
    error: Callable[[Tensor, Tensor], Scalar]
    coefficients: Callable[[Errors, float], Coefficients]
    one_backward: bool
    """Whether D's coefficients of the fakes are never 0, so that one backward pass gives both gradients."""
    structure: bool = True
    """Whether the generator pays α·L_dist; the notebook's does not."""
    anchor: float = 0.0
    """Weight of ‖x − G(x)‖ in the generator's loss; the paper has none."""
    critic: float = 0.0
    """Weight of ‖c(x_interp)‖² in the generator's loss, where a critic c guesses how much of it is mixed in."""


class Gaia(Autoencoder):
    """Generator Dec(Enc(x)) and discriminator D, an autoencoder of images too."""

    own_options = ("pixel_loss",)
    heeds = DEFAULTED
    pretrains = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.objective: Objective = look_up(OBJECTIVES, "objective", config.objective)
        self.encoder = self.family.encoder(config.latent)
        self.decoder = self.family.decoder()
        self.discriminator = self.family.discriminator()
        self.parts = {"generator": (self.encoder, self.decoder), "discriminator": (self.discriminator,)}
        self.critic = self.family.critic() if self.objective.critic else None
        if self.critic is not None:
            self.parts |= {"critic": (self.critic,)}

    def discriminate(self, x: Images) -> Images:
        """D(x): the discriminator's reconstruction."""
        image: Tensor = self.discriminator(x)
        return image

    def mixed(self, z: Codes, rng: torch.Generator) -> tuple[Codes, Shares]:
        """As many interpolations as codes, and how much each of them is mixed."""
        # Without interpolations the game is the same one, played on the reconstructions twice: a control for them.
        if not self.config.interpolations:
            return z, torch.zeros_like(z[:, 0])
        # The identity is mixed as the codes are, which shows the weights.
        codes, weights = self.objective.mix(torch.cat([z, torch.eye(len(z)).to(z)], dim=1), rng).tensor_split(
            [z.shape[1]], dim=1
        )
        return codes, (1 - weights.detach().amax(dim=1)).abs()

    def errors(self, x: Images, decoded: Decoded) -> Errors:
        """The three errors from one pass of D over [x, x_gen, x_interp]."""
        generated, interpolated = decoded.chunk(2)
        d_real, d_generated, d_interpolated = self.discriminate(torch.cat([x, generated, interpolated])).chunk(3)
        error = self.objective.error
        # L_gen compares with the original image, through D: the authors' code and Eq. 2 (not §2's G(x)).
        return Errors(error(x, d_real), error(x, d_generated), error(interpolated, d_interpolated))

    def guesses(self, critic: nn.Module, x: Images, decoded: Decoded, shares: Shares) -> dict[str, Tensor]:
        """What the generator pays the critic, and the critic's own loss (Berthelot et al. 2018, Eq. 2 and 1)."""
        generated, interpolated = decoded.chunk(2)
        unmixed = UNMIXED * x + (1 - UNMIXED) * generated
        guesses = full_precision(critic(torch.cat([interpolated, unmixed]))).mean(dim=1)
        guessed, guessed_unmixed = guesses.chunk(2)
        missed = (guessed - shares).square().mean() + guessed_unmixed.square().mean()
        return {"fooled": guessed.square().mean(), "critic": missed}

    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        if self.pretraining:
            return self.reconstruct(x, rng)
        z = self.encode(x)
        z_interp, shares = self.mixed(z, rng)
        decoded = self.decode(torch.cat([z, z_interp]))
        terms = self.errors(x, decoded)._asdict()
        likeness, penalties = self.likeness(x, decoded[: len(x)]), self.penalties(z)
        terms |= {"structure": structure_loss(x, z)} | likeness | penalties
        if self.critic is not None:
            terms |= self.guesses(self.critic, x, decoded, shares)
        return Losses(terms, penalties, (decoded,))

    def direct(self, losses: Losses) -> Tensor:
        """What the generator pays without asking D: α·L_dist, and the anchor where the objective has one."""
        alpha = self.config.alpha if self.objective.structure else 0.0
        anchor = self.objective.anchor
        likeness = {name: losses.terms[name] for name in LIKENESS if name in losses.terms}
        # The networks' penalties weigh against the pixels as they do without a game.
        return alpha * losses.terms["structure"] + anchor * total(likeness) + (anchor or 1.0) * total(losses.penalties)

    def coefficients(self, means: Means) -> Coefficients:
        """What the players pay for the three errors, by how large these are."""
        return self.objective.coefficients(Errors.of(means), self.config.gamma)

    def objectives(self, losses: Losses, means: Means) -> tuple[dict[str, Tensor], Report]:
        if self.pretraining:
            return {"generator": total(losses.terms)}, Report(means)
        coefficients, errors = self.coefficients(means), Errors.of(losses.terms)
        objectives = {
            "generator": weighted(coefficients.generator, errors) + self.direct(losses),
            "discriminator": weighted(coefficients.discriminator, errors),
        }
        if self.critic is not None:
            objectives["generator"] = objectives["generator"] + self.objective.critic * losses.terms["fooled"]
            objectives["critic"] = losses.terms["critic"]
        return objectives, Report(means, coefficients.balance, coefficients.rates)

    def backward(self, losses: Losses, means: Means) -> Report:
        if self.pretraining or not self.objective.one_backward:
            return super().backward(losses, means)
        coefficients, players = self.coefficients(means), self.players()
        (decoded,) = losses.intermediates

        discriminator = weighted(coefficients.discriminator, Errors.of(losses.terms))
        *gradients, at_images = torch.autograd.grad(discriminator, [*players["discriminator"], decoded])
        set_gradients(players["discriminator"], gradients)

        ratios = [g / d for g, d in zip(coefficients.generator[1:], coefficients.discriminator[1:], strict=True)]
        for_generator = torch.cat([part * ratio for part, ratio in zip(at_images.chunk(2), ratios, strict=True)])
        if self.critic is not None:
            (at_fooled,) = torch.autograd.grad(losses.terms["fooled"], decoded, retain_graph=True)
            for_generator = for_generator + self.objective.critic * at_fooled
            set_gradients(players["critic"], torch.autograd.grad(losses.terms["critic"], players["critic"]))
        generator = [decoded, self.direct(losses)]
        set_gradients(players["generator"], torch.autograd.grad(generator, players["generator"], [for_generator, None]))
        return Report(means, coefficients.balance, coefficients.rates)

    def views(self, x: Images) -> dict[str, Images]:
        rows = {}
        for name, images in super().views(x).items():
            rows[name] = images
            rows[f"D({name})"] = self.discriminate(images)
        return rows


def weighted(coefficients: tuple[Tensor, Tensor, Tensor], errors: Errors) -> Tensor:
    """What a player pays for the three errors."""
    return sum(
        (coefficient * error for coefficient, error in zip(coefficients, errors, strict=True)),
        start=torch.zeros_like(errors.real),
    )


def relative_distances(points: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch batch"]:
    """Squared Euclidean distances of all pairs, divided by their mean over all B² ordered pairs."""
    # In float64, the one kind that autocast leaves alone: it would do the product, there and back, in bf16.
    flat = points.flatten(1).double()
    # Centred first: the expanded square then loses no digits to a common offset.
    flat = flat - flat.mean(dim=0)
    squares = flat.square().sum(dim=1)
    distances = (squares[:, None] + squares[None, :] - 2 * flat @ flat.T).clamp_min(0)
    return (distances / distances.mean().clamp_min(torch.finfo(points.dtype).tiny)).to(points.dtype)


def structure_loss(x: Float[Tensor, "batch ..."], z: Float[Tensor, "batch latent"]) -> Float[Tensor, ""]:
    """L_dist: mean over all B² pairs of [log₂(1 + d_x) − log₂(1 + d_z)]², so that codes lie as far apart as images."""
    difference = torch.log2(1 + relative_distances(x)) - torch.log2(1 + relative_distances(z))
    return difference.square().mean()


# -- how codes are mixed ----------------------------------------------------------------------------------------------


def mix_pairs(z: Codes, rng: torch.Generator) -> Codes:
    """As many interpolations as codes: sample i with i + B/2, then the first half reversed with the second half.

    t ~ Normal(0.5, 0.25), one for each pair and not clipped: about 5 % of the points extrapolate (§2).
    """
    first, second = z.chunk(2)
    a, b = torch.cat([first, first.flip(0)]), torch.cat([second, second])
    t = torch.empty(len(z), 1, device=z.device).normal_(0.5, 0.25, generator=rng)
    return a + (b - a) * t.to(z.dtype)


def mix_simplex(z: Codes, rng: torch.Generator) -> Codes:
    """Each a random convex mixture of the whole minibatch (authors' TensorFlow 2 notebook).

    The weights are χ² with 1/B degrees of freedom, normalised: mostly near one image, at times between many.
    """
    size = len(z)
    # χ²(k) is Gamma(k/2, scale 2); the scale is divided away. In float64, as tiny shapes underflow float32 to 0/0.
    shape = torch.full((size, size), 0.5 / size, dtype=torch.float64, device=z.device)
    weights = torch._standard_gamma(shape, generator=rng).clamp_min(torch.finfo(torch.float64).tiny)
    # The product in float64 too: autocast would do, and leave, it in bf16.
    return ((weights / weights.sum(dim=1, keepdim=True)) @ z.double()).to(z.dtype)


# -- how the players are balanced -------------------------------------------------------------------------------------


def sigma(d: Scalar, steepness: Scalar | float = STEEPNESS) -> Scalar:
    """Algorithm 1's logistic function of a difference of errors."""
    return torch.sigmoid(steepness * d)


def balanced(errors: Errors, gamma: float, steepness: Scalar | float = STEEPNESS) -> Coefficients:
    """Algorithm 1 with its typos mended: the player that is ahead learns more slowly.

    loss_Gen = (1 − w_interp)·L_gen + w_interp·L_interp;  loss_Disc = L_X − w_fake·(L_gen + L_interp)/2.
    """
    real, generated, interpolated = errors
    fake = (generated + interpolated) / 2
    delta_disc = sigma(real - fake, steepness)
    w_interp = sigma(interpolated - generated, steepness)
    w_fake = sigma(gamma * fake - real, steepness).clamp(*FAKE_LIMITS)
    zero, one = torch.zeros_like(fake), torch.ones_like(fake)
    return Coefficients(
        generator=(zero, 1 - w_interp, w_interp),
        discriminator=(one, -w_fake / 2, -w_fake / 2),
        rates={"generator": 1 - delta_disc, "discriminator": delta_disc},
        balance={
            "delta_gen": 1 - delta_disc,
            "delta_disc": delta_disc,
            "w_interp": w_interp,
            "w_fake": w_fake,
        },
    )


def balanced_in_proportion(errors: Errors, gamma: float) -> Coefficients:
    """As `balanced`, with differences of errors taken relative to L_X.

    b = 20 suits the errors of a network that has learned nothing. Once they are small, every difference is too, the
    weights stay near σ(0) and no longer hold the player back that is ahead.
    """
    return balanced(errors, gamma, STEEPNESS * FIRST_ERROR / errors.real.clamp_min(LEAST_ERROR))


def balanced_as_printed(errors: Errors, gamma: float) -> Coefficients:
    """As `balanced`, with the learning-rate multipliers swapped, as Algorithm 1 prints them."""
    found = balanced(errors, gamma)
    swapped = {"generator": found.rates["discriminator"], "discriminator": found.rates["generator"]}
    return replace(found, rates=swapped)


def unbalanced(errors: Errors, gamma: float) -> Coefficients:
    """Authors' TensorFlow 2 notebook: loss_Gen = L_gen + L_interp; loss_Disc = L_gen + L_X − clip(L_interp, 0, L_X).

    The clip hands its gradient to the smaller of the two, so its coefficient is −1 there and 0 on the other.
    """
    zero, one = torch.zeros_like(errors.real), torch.ones_like(errors.real)
    below = (errors.interpolated <= errors.real).to(one.dtype)
    return Coefficients(
        generator=(zero, one, one),
        discriminator=(below, one, -below),
        rates={},
        balance={"w_interp": below},
    )


PAPER = Objective(mix_pairs, mean_absolute_error, balanced, one_backward=True)
ALGORITHM1 = Objective(mix_pairs, mean_absolute_error, balanced_as_printed, one_backward=True)
ANCHORED = Objective(mix_pairs, mean_absolute_error, balanced, one_backward=True, anchor=10.0)
"""Ours: the paper's game, with the generator held to its images in pixels too. Through D alone it learns several times
more slowly and its reconstructions drift towards common faces (docs/training.md)."""
STEADY = Objective(mix_pairs, mean_absolute_error, balanced_in_proportion, one_backward=True, anchor=10.0)
"""As `ANCHORED`, with a balance that does not fade as the errors shrink."""
CRITIC = Objective(mix_pairs, mean_absolute_error, balanced, one_backward=True, anchor=10.0, critic=0.5)
"""As `ANCHORED`, with ACAI's critic of the mixing (Berthelot et al. 2018) beside D, which forgives what is easy to
reconstruct, a faint or blank midpoint too (docs/results.md)."""
SIMPLEX = Objective(mix_simplex, mean_squared_error, unbalanced, one_backward=False, structure=False)
