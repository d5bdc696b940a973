"""What every model is to the rest of the program: an encoder, a decoder, and players with something to minimise.

A model's training is a game of named players (a plain autoencoder has one). Each player owns parameters and has an
objective. A training step is three calls: `losses` of a batch, their means over all microbatches of the step, and
`backward`, which sets each player's gradients.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.config import ModelConfig, option_name
from gaia_stim.errors import ConfigError
from gaia_stim.networks import NETWORKS
from gaia_stim.networks.base import Family, full_precision
from gaia_stim.tables import look_up

Images = Float[Tensor, "batch channels size size"]
Codes = Float[Tensor, "batch latent"]


OWN_OPTIONS = ("reconstruction", "balance_rate", "pixel_loss")
"""Options of few models, which the others refuse: a name in a table shall not promise what nobody did."""
DEFAULTED = ("objective", "interpolations", "alpha", "gamma", "edges", "pretrain")
"""Options of few models that have values in all trainings: given to another, they are told to mean nothing."""

Means = Mapping[str, Tensor]
"""Losses by name without their graphs, averaged over all microbatches of a step."""


@dataclass(frozen=True)
class Losses:
    """What one batch costs."""

    terms: dict[str, Tensor]
    """Scalars with their graphs, by the names they have in the log."""
    penalties: dict[str, Tensor] = field(default_factory=dict)
    """Those of them that the networks ask for."""
    intermediates: tuple[Tensor, ...] = ()
    """Tensors on the way to the losses, for a model whose `backward` goes back in stages."""

    def values(self) -> dict[str, Tensor]:
        """The terms without their graphs: the means of a step of this batch alone."""
        return {name: value.detach() for name, value in self.terms.items()}


@dataclass(frozen=True)
class Report:
    """What one step tells: named scalars, still on the device, so that nothing waits for it."""

    losses: Means
    balance: Mapping[str, Tensor] = field(default_factory=dict)
    """Weights between the losses, for the log."""
    rates: Mapping[str, Tensor] = field(default_factory=dict)
    """Each player's learning-rate multiplier; 1 where not named."""

    def figures(self) -> Iterator[tuple[str, Tensor]]:
        """Losses and weights by name."""
        yield from self.losses.items()
        yield from self.balance.items()

    def stacked(self) -> Tensor:
        """Losses, weights and rates, in this order, as one vector."""
        return torch.stack([value.float() for _, value in (*self.figures(), *self.rates.items())])


class Autoencoder(nn.Module, ABC):
    """A model between images in [0, 1] and flat codes.

    `encoder` and `decoder` are all that is needed to make stimuli; anything else only trains them.
    """

    encoder: nn.Module
    decoder: nn.Module

    parts: Mapping[str, tuple[nn.Module, ...]]
    """Who plays, and what of the model each of them moves."""
    own_options: tuple[str, ...] = ()
    """Those of `OWN_OPTIONS` that it knows."""
    heeds: tuple[str, ...] = ()
    """Those of `DEFAULTED` that change its training."""
    pixel_loss = "l1"
    """How differences of reconstructions from their images count where nobody says, l1 or l2."""
    pretrains = False
    """Whether a training may begin with the autoencoder alone, without the game."""
    exact = False
    """Whether decoding undoes encoding: then the error of reconstructions says nothing."""
    pretraining = False
    """Whether it is at that now; set by the loop."""
    progress = 0.0
    """How much is over of the part of the training that it is at, in [0, 1); set by the loop."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        for name in OWN_OPTIONS:
            if (value := getattr(config, name)) is not None and name not in self.own_options:
                raise ConfigError(f"{option_name(name)} {value}: method '{config.method}' has none; leave it out")
        self.family: Family = look_up(NETWORKS, "network", config.network)(config)

    def encode(self, x: Images) -> Codes:
        """The codes of images."""
        code: Tensor = self.encoder(x)
        return full_precision(code)

    def decode(self, z: Codes) -> Images:
        """The images of codes."""
        image: Tensor = self.decoder(z)
        return image

    def penalties(self, z: Codes) -> dict[str, Tensor]:
        """What the networks add to the objective of the player who moves the decoder: terms by name."""
        return dict(self.family.penalties(self.decoder, z))

    def likeness(self, x: Images, decoded: Images) -> dict[str, Tensor]:
        """How far pictures are from their images: terms by name, to be added up.

        ‖x − x̂‖₁ (or squared: `size_of`) and, weighted by `edges`, the same of the differences between neighbouring
        pixels, in which blurred and misplaced edges cost what they should (Mathieu, Couprie & LeCun 2016, §3.2, there
        of their sizes alone).
        """
        difference = x - decoded
        terms = {"reconstruction": self.size_of(difference)}
        if self.config.edges:
            along = self.size_of(difference.diff(dim=2)) + self.size_of(difference.diff(dim=3))
            terms["edges"] = self.config.edges * along
        return terms

    @property
    def squared(self) -> bool:
        """Whether differences from images count squared."""
        return (self.config.pixel_loss or self.pixel_loss) == "l2"

    def size_of(self, difference: Images) -> Float[Tensor, ""]:
        """How large differences from images are, in the mean: absolute or, where `pixel_loss` is l2, squared.

        The best picture of what is not known is the median in the one and the mean in the other: of thin lines on
        black that is black, or the grey of all of them, from which a network learns where they are.
        """
        return difference.square().mean() if self.squared else difference.abs().mean()

    def reconstruct(self, x: Images, rng: torch.Generator) -> Losses:
        """The plain autoencoder's losses: its objective is their sum."""
        z = self.encode(x)
        likeness = self.likeness(x, self.decode(self.family.noisy(z, rng, self.progress)))
        penalties = self.penalties(z)
        return Losses(likeness | penalties, penalties)

    def players(self) -> dict[str, list[nn.Parameter]]:
        """Who plays, and the parameters each of them moves."""
        return {name: [weight for part in parts for weight in part.parameters()] for name, parts in self.parts.items()}

    def begin(self, x: Images) -> None:
        """Choose what of the first weights depends on what images look like; of most models nothing does."""

    @abstractmethod
    def losses(self, x: Images, rng: torch.Generator) -> Losses:
        """What a batch costs. Changes nothing in the model."""

    @abstractmethod
    def objectives(self, losses: Losses, means: Means) -> tuple[Mapping[str, Tensor], Report]:
        """What each player minimises, as the equations say it, and what to report of the step.

        Whatever depends on how large a loss is (a weight, a learning rate, a score) is computed from the means, or the
        copies of a model on several devices would drift apart.
        """

    def backward(self, losses: Losses, means: Means) -> Report:
        """Set `.grad` of every player's parameters to the gradient of that player's own objective.

        The obvious way, a pass for each player; a model that knows a cheaper one overrides it.
        """
        objectives, report = self.objectives(losses, means)
        players = self.players()
        for position, (name, objective) in enumerate(objectives.items()):
            last = position == len(objectives) - 1
            gradients = torch.autograd.grad(objective, players[name], retain_graph=not last)
            set_gradients(players[name], gradients)
        return report

    def keep_score(self, report: Report, broken: Tensor) -> None:
        """Update what the model keeps in buffers, once a step and not where it is broken (1, else 0)."""

    def views(self, x: Images) -> dict[str, Images]:
        """What to look at while it trains: images, their reconstructions, and midpoints of neighbours."""
        z = self.encode(x)
        return {"x": x, "G(x)": self.decode(z), "G(z_interp)": self.decode((z + z.roll(1, 0)) / 2)}

    def generator_state(self) -> dict[str, Tensor]:
        """The weights that make stimuli: encoder and decoder, without what only trained them."""
        return {name: value for name, value in self.state_dict().items() if name.startswith(("encoder.", "decoder."))}


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of an objective's terms; 0 where there are none."""
    return sum(terms.values(), start=torch.zeros(()))


def set_gradients(parameters: Sequence[nn.Parameter], gradients: Sequence[Tensor]) -> None:
    """Hand each parameter its gradient, laid out in memory as it is: the fused Adam asks for it."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        is_alike = gradient.stride() == parameter.stride()
        parameter.grad = gradient if is_alike else torch.empty_like(parameter).copy_(gradient)


def mean_absolute_error(a: Images, b: Images) -> Float[Tensor, ""]:
    """The paper's ‖a − b‖₁: the mean absolute difference of all pixels."""
    return (a - b).abs().mean()


def mean_squared_error(a: Images, b: Images) -> Float[Tensor, ""]:
    """The mean squared difference of all pixels."""
    return (a - b).square().mean()
