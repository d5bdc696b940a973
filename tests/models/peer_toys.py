"""What the peers' tests share: a small model, images that are easy to learn, a training without the loop's trimmings.

Each peer's own test writes its paper's equations out slowly, an image at a time, and calls nothing of the code under
test but the networks; `agrees` holds the model to what they give.
"""

from collections.abc import Mapping
from typing import TypeVar

import pytest
import torch
from plain_steps import backward, play
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.models import build
from gaia_stim.models.base import Autoencoder

SIZE = 16
LATENT = 4
BATCH = 8

Model = TypeVar("Model", bound=Autoencoder)


def toy(
    kind: type[Model], method: str, *, seed: int = 0, width: int = 4, network: str = "light", **options: float
) -> Model:
    """A grey 16-pixel model, in float32."""
    small = {"preset": "tiny", "size": SIZE, "width": width, "latent": LATENT}
    config = TrainConfig.model_validate({**small, "method": method, "network": network, **options})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build(config.model(1))
    assert type(model) is kind
    return model


def discs(count: int = BATCH) -> Tensor:
    """Soft discs on black that differ in place and size: (count, 1, SIZE, SIZE) in [0, 1]."""
    place = torch.linspace(-1, 1, SIZE)
    x, y, radius = (2 * torch.rand(3, count, 1, 1, generator=seeded(5)) - 1) * 0.5
    squared = (place[None, None, :] - x) ** 2 + (place[None, :, None] - y) ** 2
    return torch.sigmoid(10 * (0.5 + radius / 3 - squared.sqrt()))[:, None].contiguous()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def agrees(model: Autoencoder, x: Tensor, expected: Mapping[str, Tensor], seed: int = 0) -> None:
    """Whether each player's objective, and its gradient as `backward` sets it, are those of the slow reference."""
    players = model.players()
    found = play(model, x, seeded(seed)).objectives
    assert set(found) == set(expected) == set(players)
    gradients = {name: torch.autograd.grad(loss, players[name], retain_graph=True) for name, loss in expected.items()}
    backward(model, x, seeded(seed))
    for name, loss in expected.items():
        assert found[name].item() == pytest.approx(loss.item(), rel=1e-9), name
        for weight, gradient in zip(players[name], gradients[name], strict=True):
            assert weight.grad is not None
            torch.testing.assert_close(weight.grad, gradient, rtol=1e-7, atol=1e-10, msg=name)


def learn(model: Autoencoder, x: Tensor, steps: int, rate: float = 5e-3) -> None:
    """Adam for every player on batches of 16 of `x`, the rate falling to 0."""
    adams = {name: torch.optim.Adam(weights, betas=(0.5, 0.999)) for name, weights in model.players().items()}
    for step in range(steps):
        rng = seeded(step)
        batch = x[torch.randperm(len(x), generator=rng)[:16]]
        report = backward(model, batch, rng)
        for name, adam in adams.items():
            adam.param_groups[0]["lr"] = rate * (1 - step / steps) * float(report.rates.get(name, 1.0))
            adam.step()


def error(model: Autoencoder, x: Tensor) -> float:
    """Mean |x − G(x)|, as a share of the mean image's: 1 for a model that tells no image from another."""
    with torch.inference_mode():
        return float((x - model.decode(model.encode(x))).abs().mean() / (x - x.mean(dim=0)).abs().mean())
