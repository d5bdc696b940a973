"""Steps without the loop around them: of a model alone, with one microbatch, and of a training."""

from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from gaia_stim.models.base import Autoencoder, Report
from gaia_stim.training.loop import Training


class Game(NamedTuple):
    """What each player minimises, and what a step reports."""

    objectives: Mapping[str, Tensor]
    report: Report


def play(model: Autoencoder, x: Tensor, rng: torch.Generator) -> Game:
    losses = model.losses(x, rng)
    return Game(*model.objectives(losses, losses.values()))


def backward(model: Autoencoder, x: Tensor, rng: torch.Generator) -> Report:
    """Set every gradient, and keep score."""
    losses = model.losses(x, rng)
    report = model.backward(losses, losses.values())
    model.keep_score(report, torch.zeros(()))
    return report


def advance(training: Training, steps: int = 1) -> Report:
    """Take the next steps of a training."""
    for _, batch in islice(training.loader.steps(training.state.step, training.config.steps + steps), steps):
        report = training.train_step(batch)
    return report
