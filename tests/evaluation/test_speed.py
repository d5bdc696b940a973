"""Speed is measured on what it claims: the alternating loop is the same game, the floor is the counted arithmetic."""

from functools import partial

import pytest
import torch
from plain_steps import backward

from gaia_stim.config import TrainConfig
from gaia_stim.evaluation.speed import Alternating, Turns, floor_over_autoencoder, in_turn, operations
from gaia_stim.models.ae import PlainAutoencoder
from gaia_stim.models.gaia import Gaia

CPU = torch.device("cpu")


def made(kind: type, network: str = "light", objective: str = "anchored"):
    torch.manual_seed(0)
    options = TrainConfig(preset="tiny", size=16, width=4, latent=6, network=network, objective=objective)
    return kind(options.model(3)).double()


def images() -> torch.Tensor:
    return torch.rand(8, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.mark.parametrize("objective", ["anchored", "paper", "algorithm1", "steady"])
@pytest.mark.parametrize("network", ["light", "munit"])
def test_the_usual_loop_has_the_gradients_of_ours(network: str, objective: str) -> None:
    """It differs in what it computes on the way, not in what it comes to."""
    found = []
    for kind in (Gaia, Alternating):
        model = made(kind, network, objective)
        report = backward(model, images(), rng())
        gradients = [weight.grad for weights in model.players().values() for weight in weights]
        found.append((torch.cat([one.flatten() for one in gradients]), dict(report.figures())))
    (ours, told), (usual, told_usual) = found
    assert torch.allclose(ours, usual, rtol=1e-9, atol=1e-13)
    assert told.keys() == told_usual.keys()
    assert all(told[name].item() == pytest.approx(told_usual[name].item(), rel=1e-9) for name in told)


def test_operations_are_those_of_convolutions_and_products() -> None:
    layer, x = torch.nn.Conv2d(3, 5, 3, padding=1), torch.rand(2, 3, 8, 8)
    assert operations(lambda: layer(x)) == 2 * (2 * 8 * 8) * 5 * (3 * 3 * 3)
    assert operations(lambda: torch.rand(4, 6) @ torch.rand(6, 7)) == 2 * 4 * 6 * 7


def test_the_floor_is_less_than_what_either_loop_computes_and_the_usual_one_computes_more() -> None:
    x = images()
    ours, usual, plain = (
        operations(partial(backward, made(kind), x, rng())) for kind in (Gaia, Alternating, PlainAutoencoder)
    )
    floor = floor_over_autoencoder(made(Gaia), x)
    # The first layers need no way back to the images: the autoencoder saves more by that than GAIA does.
    assert floor < ours / plain < 1.15 * floor
    assert usual / ours > 1.3


def test_things_take_turns_and_the_first_turns_do_not_count() -> None:
    order: list[str] = []
    turns = in_turn({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 4, CPU)
    assert order == ["a", "b"] * (len(order) // 2) and len(order) > 2 * 4
    assert [len(seconds) for seconds in turns.seconds.values()] == [4, 4]


def test_a_ratio_is_of_neighbours() -> None:
    slow_then_fast = Turns({"a": [2.0, 20.0, 200.0], "b": [1.0, 10.0, 100.0]})
    assert slow_then_fast.ratio("a", "b") == 2
    assert slow_then_fast.median("a") == 20
