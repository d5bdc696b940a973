"""GAIA against Algorithm 1 written out slowly: three passes of D, two of the decoder, a backward pass for each player.

`by_the_book` is ALGORITHM.md, "One training step", as a reader would type it (and our own objectives as they are
documented), and calls nothing of the code under test but the three networks. What it is told is how the codes are mixed
(test_objectives.py checks that).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from plain_steps import backward, play
from torch import Tensor, nn

from gaia_stim.config import TrainConfig
from gaia_stim.models import OBJECTIVES, build
from gaia_stim.models.base import Autoencoder, Report
from gaia_stim.models.gaia import Gaia
from gaia_stim.networks import NETWORKS
from gaia_stim.networks.base import Shaped

BATCH = 8


def gaia(objective: str, network: str = "light", **options: Any) -> Gaia:
    torch.manual_seed(0)
    toy = {"size": 16, "width": 4, "latent": 6, "alpha": 0.0 if objective == "simplex" else 0.3} | options
    model = build(TrainConfig(preset="tiny", method="gaia", network=network, objective=objective, **toy).model(3))
    assert isinstance(model, Gaia)
    return model.double()


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def pictures(kind: str = "noise") -> Tensor:
    x = torch.rand(BATCH, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return {"noise": x, "black and white": (x > 0.5).double(), "grey": 0.45 + 0.1 * x}[kind]


def gradients(model: Autoencoder) -> dict[str, Tensor]:
    """Each player's gradient as one vector."""
    return {
        name: torch.cat([weight.grad.flatten() for weight in weights if weight.grad is not None])
        for name, weights in model.players().items()
    }


def two_passes(model: Autoencoder, x: Tensor) -> Report:
    """The obvious way, a pass for each player."""
    losses = model.losses(x, rng())
    return Autoencoder.backward(model, losses, losses.values())


def difference(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> float:
    """The largest of all players' relative differences."""
    assert list(found) == list(expected)
    return max(float((found[name] - expected[name]).norm() / expected[name].norm()) for name in expected)


# -- Algorithm 1, slowly --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Book:
    """What the equations give for one batch."""

    figures: dict[str, Tensor]
    objectives: dict[str, Tensor]
    rates: dict[str, Tensor]
    gradients: dict[str, Tensor]


def sigma(d: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-20 * d))


def structure(x: Tensor, z: Tensor) -> Tensor:
    def relative(points: Tensor) -> Tensor:
        flat = points.flatten(1)
        squared = ((flat[:, None, :] - flat[None, :, :]) ** 2).sum(dim=2)
        return squared / (squared.sum() / len(points) ** 2)

    return ((torch.log2(1 + relative(x)) - torch.log2(1 + relative(z))) ** 2).sum() / len(x) ** 2


def edges(x: Tensor, y: Tensor) -> Tensor:
    e = x - y
    down, across = e[:, :, 1:] - e[:, :, :-1], e[:, :, :, 1:] - e[:, :, :, :-1]
    return down.abs().sum() / down.numel() + across.abs().sum() / across.numel()


def asked_by_the_networks(model: Gaia, z: Tensor) -> dict[str, Tensor]:
    """docs/shape.md: 0.01·|∇v|², differences in units of half the grid, and |mean of v over the batch|²."""
    if not isinstance(model.decoder, Shaped):
        return {}
    v = model.decoder.velocity(z)
    unit = 2 / v.shape[-1]
    slopes = [(v[:, :, 1:] - v[:, :, :-1]) / unit, (v[:, :, :, 1:] - v[:, :, :, :-1]) / unit]
    return {
        "smoothness": 0.01 * sum((slope**2).sum() / slope.numel() for slope in slopes),
        "drift": 1.0 * (v.mean(dim=0) ** 2).mean(),
    }


def by_the_book(model: Gaia, x: Tensor, objective: str, *, weights_are_numbers: bool = True) -> Book:
    def number(value: Tensor) -> Tensor:
        return value.detach() if weights_are_numbers else value

    def norm(a: Tensor, b: Tensor) -> Tensor:
        return ((a - b) ** 2 if objective == "simplex" else (a - b).abs()).sum() / a.numel()

    enc, dec, disc = model.encoder, model.decoder, model.discriminator
    alpha, gamma = model.config.alpha, model.config.gamma
    mixing = torch.eye(BATCH, dtype=x.dtype)
    if model.config.interpolations:
        mixing = model.objective.mix(mixing, rng())

    z = enc(x)
    x_gen, x_interp = dec(z), dec(mixing @ z)
    l_x, l_gen, l_interp = norm(x, disc(x)), norm(x, disc(x_gen)), norm(x_interp, disc(x_interp))
    figures = {
        "real": l_x,
        "generated": l_gen,
        "interpolated": l_interp,
        "structure": structure(x, z),
        "reconstruction": (x - x_gen).abs().sum() / x.numel(),
        "edges": model.config.edges * edges(x, x_gen),
    }
    asked = asked_by_the_networks(model, z)
    figures |= asked
    anchor = 10 if objective in ("anchored", "steady", "critic") else 0
    if objective == "simplex":
        loss_gen = l_gen + l_interp
        loss_disc = l_gen + l_x - torch.clamp(l_interp, torch.zeros_like(l_x), l_x)
        delta_gen = delta_disc = torch.ones_like(l_x)
    else:
        fake = (l_gen + l_interp) / 2
        scale = 0.25 / l_x if objective == "steady" else 1
        delta_disc = number(sigma(scale * (l_x - fake)))
        delta_gen = 1 - delta_disc
        w_interp = number(sigma(scale * (l_interp - l_gen)))
        w_fake = number(torch.clip(sigma(scale * (gamma * fake - l_x)), 1e-4, 0.9))
        loss_gen = (1 - w_interp) * l_gen + w_interp * l_interp + alpha * structure(x, z)
        loss_disc = l_x - w_fake * fake
        loss_gen = loss_gen + anchor * (figures["reconstruction"] + figures["edges"])
        figures |= {"delta_gen": delta_gen, "delta_disc": delta_disc, "w_interp": w_interp, "w_fake": w_fake}
        if objective == "algorithm1":
            delta_gen, delta_disc = delta_disc, delta_gen

    for term in asked.values():
        loss_gen = loss_gen + (anchor or 1) * term
    players = {"generator": (loss_gen, [enc, dec]), "discriminator": (loss_disc, [disc])}
    if model.critic is not None:
        shares = torch.abs(1 - mixing.max(dim=1).values)
        fooled = (model.critic(x_interp).mean(dim=1) ** 2).mean()
        missed = ((model.critic(x_interp).mean(dim=1) - shares) ** 2).mean()
        unmixed = (model.critic(0.2 * x + 0.8 * x_gen).mean(dim=1) ** 2).mean()
        players = {
            "generator": (loss_gen + 0.5 * fooled, [enc, dec]),
            "discriminator": (loss_disc, [disc]),
            "critic": (missed + unmixed, [model.critic]),
        }
        figures |= {"fooled": fooled, "critic": missed + unmixed}

    def gradient(loss: Tensor, *modules: nn.Module) -> Tensor:
        weights = [weight for module in modules for weight in module.parameters()]
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights, retain_graph=True)])

    return Book(
        {name: value.detach() for name, value in figures.items()},
        {name: loss.detach() for name, (loss, _) in players.items()},
        {"generator": delta_gen, "discriminator": delta_disc},
        {name: gradient(loss, *modules) for name, (loss, modules) in players.items()},
    )


def assert_same_figures(report: Report, book: Book, objective: str) -> None:
    figures = dict(report.figures())
    if objective == "simplex":
        assert figures.pop("w_interp").item() == float(book.figures["interpolated"] <= book.figures["real"])
    assert set(figures) == set(book.figures)
    for name, value in figures.items():
        assert value.item() == pytest.approx(book.figures[name].item(), rel=1e-9), name
        assert not value.requires_grad, f"{name} would carry a gradient and keep the whole graph"
    for player, rate in book.rates.items():
        given = report.rates.get(player, torch.ones(()))
        assert given.item() == pytest.approx(rate.item(), rel=1e-9) and not given.requires_grad


# -- values and gradients -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interpolations", [True, False])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("network", NETWORKS)
def test_losses_weights_and_gradients_are_those_of_the_equations(
    network: str, objective: str, interpolations: bool
) -> None:
    model, x = gaia(objective, network, interpolations=interpolations), pictures()
    book = by_the_book(model, x, objective)
    report = backward(model, x, rng())
    assert_same_figures(report, book, objective)
    assert difference(gradients(model), book.gradients) < 1e-9
    game = play(model, x, rng())
    assert_same_figures(game.report, book, objective)
    for player, loss in book.objectives.items():
        assert game.objectives[player].item() == pytest.approx(loss.item(), rel=1e-9)


@pytest.mark.parametrize(
    ("gamma", "kind", "w_fake"), [(0.0, "black and white", 1e-4), (4.0, "noise", 0.9), (1.0, "noise", None)]
)
@pytest.mark.parametrize("objective", ["paper", "algorithm1", "anchored"])
def test_so_they_are_at_the_limits_of_w_fake(objective: str, gamma: float, kind: str, w_fake: float | None) -> None:
    model, x = gaia(objective, gamma=gamma), pictures(kind)
    book = by_the_book(model, x, objective)
    report = backward(model, x, rng())
    assert (report.balance["w_fake"].item() in (1e-4, 0.9)) == (w_fake is not None)
    assert w_fake is None or report.balance["w_fake"].item() == w_fake
    assert_same_figures(report, book, objective)
    assert difference(gradients(model), book.gradients) < 1e-9


@pytest.mark.parametrize("above", [True, False])
def test_so_they_are_on_both_sides_of_simplexs_clip(above: bool) -> None:
    model, x = gaia("simplex"), pictures("grey" if above else "black and white")
    if above:  # Decoded images that are nearly white, which D at its start does not make.
        list(model.decoder.parameters())[-1].data += 3
    book = by_the_book(model, x, "simplex")
    assert (book.figures["interpolated"] > book.figures["real"]) == above
    report = backward(model, x, rng())
    assert_same_figures(report, book, "simplex")
    assert difference(gradients(model), book.gradients) < 1e-9


def test_simplex_has_no_structure_loss() -> None:
    model, x = gaia("simplex", alpha=0.3), pictures()
    backward(model, x, rng())
    assert difference(gradients(model), by_the_book(model, x, "simplex").gradients) < 1e-9


@pytest.mark.parametrize("objective", ["paper", "algorithm1", "anchored"])
def test_no_gradient_flows_through_the_weights(objective: str) -> None:
    model, x = gaia(objective), pictures()
    stopped = by_the_book(model, x, objective).gradients
    flowing = by_the_book(model, x, objective, weights_are_numbers=False).gradients
    for player in stopped:
        assert difference({player: flowing[player]}, {player: stopped[player]}) > 1e-3, "it would be another gradient"
    game = play(model, x, rng())
    for player, weights in model.players().items():
        found = torch.autograd.grad(game.objectives[player], weights, retain_graph=True)
        vector = torch.cat([gradient.flatten() for gradient in found])
        assert difference({player: vector}, {player: stopped[player]}) < 1e-9


def test_the_anchor_is_10_times_the_reconstruction_error() -> None:
    x = pictures()
    paper, anchored = (play(gaia(name), x, rng()) for name in ("paper", "anchored"))
    extra = anchored.objectives["generator"] - paper.objectives["generator"]
    likeness = anchored.report.losses["reconstruction"] + anchored.report.losses["edges"]
    assert extra.item() == pytest.approx(10 * likeness.item(), rel=1e-12)
    assert anchored.objectives["discriminator"].item() == paper.objectives["discriminator"].item()


def test_gamma_and_alpha_are_the_configs() -> None:
    x = pictures()
    plain, structured = (play(gaia("paper", alpha=alpha), x, rng()) for alpha in (0.0, 2.0))
    extra = structured.objectives["generator"] - plain.objectives["generator"]
    assert extra.item() == pytest.approx(2 * plain.report.losses["structure"].item(), rel=1e-9)
    low, high = (play(gaia("paper", gamma=gamma), x, rng()).report.balance["w_fake"] for gamma in (0.2, 0.9))
    assert low < high


# -- both gradients from one pass -----------------------------------------------------------------------------------


@pytest.mark.parametrize("interpolations", [True, False])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("network", NETWORKS)
def test_one_backward_pass_gives_what_two_give(network: str, objective: str, interpolations: bool) -> None:
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 1e-5)):
        model = gaia(objective, network, interpolations=interpolations).to(dtype)
        x = pictures().to(dtype)
        two = two_passes(model, x)
        expected = gradients(model)
        one = backward(model, x, rng())
        assert difference(gradients(model), expected) < tolerance
        assert {name: value.item() for name, value in one.figures()} == pytest.approx(
            {name: value.item() for name, value in two.figures()}, rel=tolerance
        )


def test_one_backward_pass_is_exact_in_float32_where_w_fake_is_smallest() -> None:
    model, x = gaia("paper", gamma=0.0).float(), pictures("black and white").float()
    two_passes(model, x)
    expected = gradients(model)
    assert backward(model, x, rng()).balance["w_fake"].item() == pytest.approx(1e-4)
    assert difference(gradients(model), expected) < 1e-5


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_pass_forth_and_one_back_through_the_discriminator(objective: str) -> None:
    model, x = gaia(objective), pictures()
    forth: list[int] = []
    back: list[Tensor] = []

    def count(network: nn.Module, given: tuple[Tensor], made: Tensor) -> None:
        forth.append(len(given[0]))
        if network is model.discriminator:
            made.register_hook(back.append)

    for network in (model.encoder, model.decoder, model.discriminator):
        network.register_forward_hook(count)
    backward(model, x, rng())
    assert forth == [BATCH, 2 * BATCH, 3 * BATCH], "images; with interpolations; with both decoded"
    assert len(back) == (2 if objective == "simplex" else 1)


# -- the paper's control, and what is seen --------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_without_interpolations_the_reconstructions_take_their_place(objective: str) -> None:
    model, x = gaia(objective, interpolations=False), pictures()
    losses = play(model, x, rng()).report.losses
    with torch.no_grad():
        decoded = model.decode(model.encode(x))
        expected = model.objective.error(decoded, model.discriminate(decoded))
    assert losses["interpolated"].item() == pytest.approx(expected.item(), rel=1e-12)
    other = play(model, x, torch.Generator().manual_seed(8)).report.losses
    assert losses["interpolated"] == other["interpolated"], "nothing is left to chance"


def test_the_discriminators_view_stands_beside_each_view() -> None:
    model, x = gaia("paper"), pictures()
    with torch.inference_mode():
        views = model.views(x)
        assert list(views) == ["x", "D(x)", "G(x)", "D(G(x))", "G(z_interp)", "D(G(z_interp))"]
        for name in ("x", "G(x)", "G(z_interp)"):
            assert torch.equal(views[f"D({name})"], model.discriminator(views[name]))


def test_only_encoder_and_decoder_are_needed_for_stimuli() -> None:
    model = gaia("paper")
    assert {name.split(".")[0] for name in model.generator_state()} == {"encoder", "decoder"}
    assert {name.split(".")[0] for name in model.state_dict()} == {"encoder", "decoder", "discriminator"}
