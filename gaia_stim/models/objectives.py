"""GAIA's objectives: what each player pays for the discriminator's three errors, and how codes are mixed.

Every objective of the paper and of its authors' releases is linear in the three errors

    L_X = ‖x − D(x)‖,   L_gen = ‖x − D(G(x))‖,   L_interp = ‖x_interp − D(x_interp)‖

once the weights between them are taken as numbers (no gradient flows through a weight). So an objective is a `mix` of
codes, an `error`, and a function from the three values to the two players' coefficients.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gaia_stim.models.base import Codes, mean_absolute_error, mean_squared_error

STEEPNESS = 20.0
"""b in σ(d) = 1 / (1 + exp(−b·d)), Algorithm 1."""
FIRST_ERROR = 0.25
"""About L_X of an untrained network, whose pictures are grey: where b is what the paper has."""
LEAST_ERROR = 1e-6
"""What L_X counts as at least where it is divided by: well below a thousandth of a grey level."""
FAKE_LIMITS = (1e-4, 0.9)
"""Limits of w_fake; the lower one keeps the discriminator's coefficients off 0, which one backward pass needs."""

Scalar = Float[Tensor, ""]


class Errors(NamedTuple):
    """The discriminator's errors: on images, on their reconstructions, on interpolations."""

    real: Scalar
    generated: Scalar
    interpolated: Scalar


@dataclass(frozen=True)
class Stakes:
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
    stakes: Callable[[Errors, float], Stakes]
    one_backward: bool
    """Whether D's coefficients of the fakes are never 0, so that one backward pass gives both gradients."""
    structure: bool = True
    """Whether the generator pays α·L_dist; the notebook's does not."""
    anchor: float = 0.0
    """Weight of ‖x − G(x)‖ in the generator's loss; the paper has none."""
    critic: float = 0.0
    """Weight of ‖c(x_interp)‖² in the generator's loss, where a critic c guesses how much of it is mixed in."""


def sigma(d: Scalar, steepness: Scalar | float = STEEPNESS) -> Scalar:
    """Algorithm 1's logistic function of a difference of errors."""
    return torch.sigmoid(steepness * d)


def mix_pairs(z: Codes, chance: torch.Generator) -> Codes:
    """As many interpolations as codes: sample i with i + B/2, then the first half reversed with the second half.

    t ~ Normal(0.5, 0.25), one for each pair and not clipped: about 5 % of the points extrapolate (§2.2).
    """
    first, second = z.chunk(2)
    a, b = torch.cat([first, first.flip(0)]), torch.cat([second, second])
    t = torch.empty(len(z), 1, device=z.device).normal_(0.5, 0.25, generator=chance)
    return a + (b - a) * t.to(z.dtype)


def mix_simplex(z: Codes, chance: torch.Generator) -> Codes:
    """Each a random convex mixture of the whole minibatch (authors' TensorFlow 2 notebook).

    The weights are χ² with 1/B degrees of freedom, normalised: mostly near one image, at times between many.
    """
    size = len(z)
    # χ²(k) is Gamma(k/2, scale 2); the scale is divided away. In float64, as tiny shapes underflow float32 to 0/0.
    shape = torch.full((size, size), 0.5 / size, dtype=torch.float64, device=z.device)
    weights = torch._standard_gamma(shape, generator=chance).clamp_min(torch.finfo(torch.float64).tiny)
    # The product in float64 too: autocast would do, and leave, it in bf16.
    return ((weights / weights.sum(dim=1, keepdim=True)) @ z.double()).to(z.dtype)


def balanced(errors: Errors, gamma: float, steepness: Scalar | float = STEEPNESS) -> Stakes:
    """Algorithm 1 with its typos mended: the player that is ahead learns more slowly.

    loss_Gen = (1 − w_interp)·L_gen + w_interp·L_interp;  loss_Disc = L_X − w_fake·(L_gen + L_interp)/2.
    """
    real, generated, interpolated = errors
    fake = (generated + interpolated) / 2
    delta_disc = sigma(real - fake, steepness)
    w_interp = sigma(interpolated - generated, steepness)
    w_fake = sigma(gamma * fake - real, steepness).clamp(*FAKE_LIMITS)
    zero, one = torch.zeros_like(fake), torch.ones_like(fake)
    return Stakes(
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


def balanced_in_proportion(errors: Errors, gamma: float) -> Stakes:
    """As `balanced`, with differences of errors taken relative to L_X.

    b = 20 suits the errors of a network that has learned nothing. Once they are small, every difference is too, the
    weights stay near σ(0) and no longer hold the player back that is ahead.
    """
    return balanced(errors, gamma, STEEPNESS * FIRST_ERROR / errors.real.clamp_min(LEAST_ERROR))


def balanced_as_printed(errors: Errors, gamma: float) -> Stakes:
    """As `balanced`, with the learning-rate multipliers swapped, as Algorithm 1 prints them."""
    stakes = balanced(errors, gamma)
    swapped = {"generator": stakes.rates["discriminator"], "discriminator": stakes.rates["generator"]}
    return Stakes(stakes.generator, stakes.discriminator, swapped, stakes.balance)


def unbalanced(errors: Errors, gamma: float) -> Stakes:
    """Authors' TensorFlow 2 notebook: loss_Gen = L_gen + L_interp; loss_Disc = L_gen + L_X − clip(L_interp, 0, L_X).

    The clip hands its gradient to the smaller of the two, so its coefficient is −1 there and 0 on the other.
    """
    zero, one = torch.zeros_like(errors.real), torch.ones_like(errors.real)
    below = (errors.interpolated <= errors.real).to(one.dtype)
    return Stakes(
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
