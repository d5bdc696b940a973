"""What every model is to the rest of the program: an encoder, a decoder, and players with something to minimise.

A model's training is a game of named players (a plain autoencoder has one). Each player owns parameters and has an
objective; the loop asks the model for the gradients of one batch and steps each player's optimiser.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaia_stim.config import ModelConfig
from gaia_stim.networks import NETWORKS
from gaia_stim.networks.base import Family, full_precision
from gaia_stim.tables import look_up

Images = Float[Tensor, "batch channels size size"]
Codes = Float[Tensor, "batch latent"]


@dataclass(frozen=True)
class Report:
    """What one step tells: named scalars, still on the device, so that nothing waits for it."""

    losses: Mapping[str, Tensor]
    balance: Mapping[str, Tensor] = field(default_factory=dict)
    """Weights between the losses, for the log."""
    rates: Mapping[str, Tensor] = field(default_factory=dict)
    """Each player's learning-rate multiplier; 1 where not named."""

    def figures(self) -> Iterator[tuple[str, Tensor]]:
        """All scalars by name."""
        yield from self.losses.items()
        yield from self.balance.items()


@dataclass(frozen=True)
class Game:
    """One batch played through: each player's objective with its graph, and what to report."""

    objectives: Mapping[str, Tensor]
    report: Report


class Autoencoder(nn.Module, ABC):
    """A model between images in [0, 1] and flat codes.

    `encoder` and `decoder` are all that is needed to make stimuli; anything else only trains them.
    """

    encoder: nn.Module
    decoder: nn.Module

    pretrains = False
    """Whether a training may begin with the autoencoder alone, without the game."""
    pretraining = False
    """Whether it is at that now; set by the loop."""
    progress = 0.0
    """How much is over of the part of the training that it is at, in [0, 1); set by the loop."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.family: Family = look_up(NETWORKS, "network", config.network)(config)
        self.mean_over_groups: Callable[[dict[str, Tensor]], dict[str, Tensor]] = _as_they_are
        """Takes this group's values to their means over all groups of images of a step; set by who has several."""

    def encode(self, x: Images) -> Codes:
        """The codes of images."""
        code: Tensor = self.encoder(x)
        return full_precision(code)

    def decode(self, z: Codes) -> Images:
        """The images of codes."""
        image: Tensor = self.decoder(z)
        return image

    def values(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What losses are, without their graphs: their means over all groups of images that this step is made of.

        Whatever depends on how large a loss is (a weight, a learning rate, a score kept in a buffer) is computed from
        these, else the copies of a model on several devices drift apart. A name is asked for once a step, and no loss
        depends on a value.
        """
        return self.mean_over_groups({name: value.detach() for name, value in losses.items()})

    def penalties(self, z: Codes) -> dict[str, Tensor]:
        """What the networks add to the objective of the player who moves the decoder: terms by name."""
        return dict(self.family.penalties(self.decoder, z))

    def likeness(self, x: Images, decoded: Images) -> dict[str, Tensor]:
        """How far pictures are from their images: terms by name, to be added up.

        ‖x − x̂‖₁ and, weighted by `edges`, the same of the differences between neighbouring pixels, in which blurred and
        misplaced edges cost what they should (Mathieu, Couprie & LeCun 2016, §3.2, there of their sizes alone).
        """
        terms = {"reconstruction": mean_absolute_error(x, decoded)}
        if self.config.edges:
            difference = x - decoded
            along = difference.diff(dim=2).abs().mean() + difference.diff(dim=3).abs().mean()
            terms["edges"] = self.config.edges * along
        return terms

    def reconstruct(self, x: Images, chance: torch.Generator) -> tuple[Tensor, Report]:
        """The plain autoencoder's objective, and what to report of it."""
        z = self.encode(x)
        terms = self.likeness(x, self.decode(self.family.noisy(z, chance, self.progress))) | self.penalties(z)
        return total(terms), Report(self.values(terms))

    @abstractmethod
    def players(self) -> dict[str, list[nn.Parameter]]:
        """Who plays, and the parameters each of them moves."""

    @abstractmethod
    def play(self, x: Images, chance: torch.Generator) -> Game:
        """Play one batch: every player's objective, as the equations say it."""

    def backward(self, x: Images, chance: torch.Generator) -> Report:
        """Set `.grad` of every player's parameters to the gradient of that player's own objective.

        The obvious way, a pass for each player; a model that knows a cheaper one overrides it.
        """
        game = self.play(x, chance)
        players = self.players()
        for position, (name, objective) in enumerate(game.objectives.items()):
            last = position == len(game.objectives) - 1
            gradients = torch.autograd.grad(objective, players[name], retain_graph=not last)
            set_gradients(players[name], gradients)
        return game.report

    def views(self, x: Images) -> dict[str, Images]:
        """What to look at while it trains: images, their reconstructions, and midpoints of neighbours."""
        z = self.encode(x)
        return {"x": x, "G(x)": self.decode(z), "G(z_interp)": self.decode((z + z.roll(1, 0)) / 2)}

    def generator_state(self) -> dict[str, Tensor]:
        """The weights that make stimuli: encoder and decoder, without what only trained them."""
        return {name: value for name, value in self.state_dict().items() if name.startswith(("encoder.", "decoder."))}


def _as_they_are(values: dict[str, Tensor]) -> dict[str, Tensor]:
    return values


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of an objective's terms; 0 where there are none."""
    return sum(terms.values(), start=torch.zeros(()))


def set_gradients(parameters: list[nn.Parameter], gradients: tuple[Tensor, ...]) -> None:
    """Hand each parameter its gradient."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def mean_absolute_error(a: Images, b: Images) -> Float[Tensor, ""]:
    """The paper's ‖a − b‖₁: the mean absolute difference of all pixels."""
    return (a - b).abs().mean()


def mean_squared_error(a: Images, b: Images) -> Float[Tensor, ""]:
    """The mean squared difference of all pixels."""
    return (a - b).square().mean()
