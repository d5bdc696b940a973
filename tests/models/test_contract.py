"""What every row of MODELS promises to the loop, the checkpoint and the space, whatever game it plays.

The code under test is found by the tables alone: a new row is tested the moment it exists.
"""

from typing import Any

import pytest
import torch
from plain_steps import backward, play
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.errors import ConfigError
from gaia_stim.models import MODELS, build
from gaia_stim.models.base import OWN_OPTIONS, Autoencoder
from gaia_stim.networks import NETWORKS
from gaia_stim.tables import look_up

SIZE = 16
LATENT = 6
BATCH = 8

pytestmark = pytest.mark.parametrize("method", MODELS)
on_every_network = pytest.mark.parametrize("network", NETWORKS)


def toy(method: str, network: str = "light", channels: int = 3, **options: Any) -> Autoencoder:
    small = {"size": SIZE, "width": 4, "latent": LATENT} | options
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(TrainConfig(preset="tiny", method=method, network=network, **small).model(channels))


def discs(count: int = BATCH, channels: int = 3) -> Tensor:
    """Soft discs that differ in place and size: an easy thing to learn. (count, channels, SIZE, SIZE) in [0, 1]."""
    rng = torch.Generator().manual_seed(5)
    place = torch.linspace(-1, 1, SIZE)
    x, y, radius = (2 * torch.rand(3, count, 1, 1, generator=rng) - 1) * 0.6
    squared = (place[None, None, :] - x) ** 2 + (place[None, :, None] - y) ** 2
    disc = torch.sigmoid(8 * (0.5 + radius / 3 - squared.sqrt()))
    return (disc[:, None] * torch.linspace(0.9, 0.5, channels)[:, None, None]).contiguous()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gradients(model: Autoencoder) -> dict[str, Tensor]:
    """Each player's gradient as one vector."""
    found = {}
    for name, weights in model.players().items():
        assert all(weight.grad is not None for weight in weights), name
        found[name] = torch.cat([weight.grad.flatten() for weight in weights if weight.grad is not None])
    return found


def rendering(model: Autoencoder) -> Autoencoder:
    """As a checkpoint hands it out."""
    return model.eval().requires_grad_(False)


# -- players --------------------------------------------------------------------------------------------------------


@on_every_network
def test_players_share_nothing_and_leave_nothing_out(method: str, network: str) -> None:
    model = toy(method, network)
    moved = [id(weight) for weights in model.players().values() for weight in weights]
    assert len(set(moved)) == len(moved), "a weight that two players move"
    assert set(moved) == {id(weight) for weight in model.parameters() if weight.requires_grad}
    again = [id(weight) for weights in model.players().values() for weight in weights]
    assert again == moved, "their order is what a saved training is taken up by"


@on_every_network
def test_backward_gives_every_weight_a_gradient(method: str, network: str) -> None:
    model = toy(method, network)
    report = backward(model, discs(), seeded())
    for name, gradient in gradients(model).items():
        assert gradient.isfinite().all() and gradient.abs().max() > 0, name
    for weights in model.players().values():
        for weight in weights:
            assert weight.grad is not None and weight.grad.shape == weight.shape and weight.grad.dtype == weight.dtype
    assert report.losses


@on_every_network
def test_gradients_are_those_of_each_players_own_objective(method: str, network: str) -> None:
    model, x = toy(method, network).double(), discs().double()
    game = play(model, x, seeded())
    players = model.players()
    assert set(game.objectives) == set(players)
    expected = {
        name: torch.cat([g.flatten() for g in torch.autograd.grad(loss, players[name], retain_graph=True)])
        for name, loss in game.objectives.items()
    }
    report = backward(model, x, seeded())
    for name, gradient in gradients(model).items():
        assert (gradient - expected[name]).norm() < 1e-10 * expected[name].norm(), name
    found, same = dict(report.figures()), dict(game.report.figures())
    assert found.keys() == same.keys()
    assert all(found[name].item() == pytest.approx(same[name].item(), rel=1e-10) for name in found)


def test_gradients_are_set_and_not_added_up_and_depend_on_nothing_but_state_batch_and_chance(method: str) -> None:
    model, x = toy(method), discs()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    backward(model, x, seeded())
    first = gradients(model)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name]), f"only optimisers move weights, and {name} has moved"
    model.load_state_dict(before)  # A game may keep score in buffers.
    torch.rand(3)
    state = torch.get_rng_state()
    backward(model, x, seeded())
    assert torch.equal(torch.get_rng_state(), state), "chance comes from the step's own generator"
    for name, gradient in gradients(model).items():
        assert torch.equal(gradient, first[name]), name


def test_gradients_are_laid_out_in_memory_as_their_weights_are(method: str) -> None:
    """The fused Adam walks through both as they lie, and would silently mix them up."""
    for network in NETWORKS:
        model, x = toy(method, network), discs()
        if model.family.channels_last:
            model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
        for reduced in (False, True):
            with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
                backward(model, x, seeded())
            for name, weight in model.named_parameters():
                if weight.requires_grad:
                    assert weight.grad is not None and weight.grad.isfinite().all(), name
                    assert weight.grad.stride() == weight.stride(), name


def test_reports_are_plain_scalars(method: str) -> None:
    model = toy(method)
    report = backward(model, discs(), seeded())
    figures = list(report.figures())
    assert len({name for name, _ in figures}) == len(figures), "a loss and a weight of the same name"
    for name, value in [*figures, *report.rates.items()]:
        assert value.shape == () and value.isfinite() and not value.requires_grad, name
    assert set(report.rates) <= set(model.players())
    assert all(0 <= rate <= 1 for rate in report.rates.values())


def test_reduced_precision_is_near_to_full(method: str) -> None:
    model, x = toy(method), discs()
    full = backward(model, x, seeded())
    expected = gradients(model)
    with torch.autocast("cpu", torch.bfloat16):
        reduced = backward(model, x, seeded())
    for name, value in reduced.losses.items():
        assert value.dtype == torch.float32, f"{name} is computed in float32 at least"
        assert value.item() == pytest.approx(full.losses[name].item(), rel=0.05, abs=0.005), name
    for name, gradient in gradients(model).items():
        assert torch.cosine_similarity(gradient, expected[name], dim=0) > 0.98, name


# -- images and codes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_images_to_codes_and_back(method: str, channels: int) -> None:
    model, x = rendering(toy(method, channels=channels)), discs(3, channels)
    with torch.inference_mode():
        z = model.encode(x)
        assert z.shape == (3, model.config.latent) and z.dtype == torch.float32 and z.isfinite().all()
        images = model.decode(z)
        assert images.shape == x.shape and images.dtype == torch.float32
        assert images.min() >= 0 and images.max() <= 1
        assert torch.equal(model.encode(x), z) and torch.equal(model.decode(z), images), "no chance in a stimulus"
        assert torch.equal(model.train().encode(x), z), "nor anything that only training does"


def test_codes_and_images_are_float32_in_reduced_precision_too(method: str) -> None:
    model, x = rendering(toy(method)), discs(2)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        z = model.encode(x)
        assert z.dtype == model.decode(z).dtype == torch.float32


def test_a_stimulus_does_not_depend_on_those_made_with_it(method: str) -> None:
    model, x = rendering(toy(method)).double(), discs(4).double()
    with torch.inference_mode():
        z = model.encode(x)
        images = model.decode(z)
        for alone in (slice(0, 1), slice(3, 4)):
            assert (model.encode(x[alone]) - z[alone]).abs().max() < 1e-11
            assert (model.decode(z[alone]) - images[alone]).abs().max() < 1e-12


def test_different_images_have_different_codes_and_different_codes_different_images(method: str) -> None:
    model, x = rendering(toy(method)), discs()
    with torch.inference_mode():
        z = model.encode(x)
        assert torch.pdist(z).min() > 1e-4
        assert torch.pdist(model.decode(z).flatten(1)).min() > 1e-5


def test_the_generators_weights_are_all_that_stimuli_need(method: str) -> None:
    """As a checkpoint is loaded: everything else stays whatever lay in memory, here NaN."""
    model, x = rendering(toy(method)), discs(3)
    saved = {name: value.clone() for name, value in model.generator_state().items()}
    with torch.device("meta"):
        fresh = build(model.config)
    fresh.to_empty(device="cpu")
    for tensor in (*fresh.parameters(), *fresh.buffers()):
        tensor.data.fill_(torch.nan)
    left = fresh.load_state_dict(saved, strict=False)
    assert not left.unexpected_keys
    assert all(name not in fresh.generator_state() for name in left.missing_keys)
    rendering(fresh)
    with torch.inference_mode():
        z = model.encode(x)
        assert torch.equal(fresh.encode(x), z)
        assert torch.equal(fresh.decode(z), model.decode(z))


def test_views_are_the_images_their_reconstructions_and_midpoints(method: str) -> None:
    model, x = toy(method), discs(4)
    with torch.inference_mode():
        views = model.views(x)
        z = model.encode(x)
        neighbours = torch.stack([z[3], z[0], z[1], z[2]])
        assert next(iter(views)) == "x"
        assert torch.equal(views["x"], x)
        torch.testing.assert_close(views["G(x)"], model.decode(z))
        torch.testing.assert_close(views["G(z_interp)"], model.decode((z + neighbours) / 2))
    for name, images in views.items():
        assert images.shape == x.shape and images.isfinite().all(), name
        assert images.min() >= 0 and images.max() <= 1, name


def test_names_that_are_in_no_table_are_refused_with_those_that_are(method: str) -> None:
    config = toy(method).config
    for table, name in (("method", method), ("network", "light")):
        with pytest.raises(ConfigError, match=f"unknown {table} '{name}x'.*'{name}'.*choose from .*{name}"):
            build(config.model_copy(update={table: f"{name}x"}))


# -- learning -------------------------------------------------------------------------------------------------------


def reconstruction_error(model: Autoencoder, x: Tensor) -> float:
    with torch.inference_mode():
        return float((x - model.decode(model.encode(x))).abs().mean())


def test_thirty_steps_lower_the_reconstruction_error(method: str) -> None:
    """As the loop does it: Adam, each player at its own rate. A high one: some games learn images only in passing."""
    model, x = toy(method), discs(16)
    rate = 1e-2
    players = {
        name: torch.optim.Adam(weights, lr=rate, betas=(0.5, 0.999)) for name, weights in model.players().items()
    }
    before = reconstruction_error(model, x)
    for step in range(30):
        report = backward(model, x, seeded(step))
        for name, adam in players.items():
            adam.param_groups[0]["lr"] = rate * float(report.rates.get(name, torch.ones(())))
            adam.step()
    assert reconstruction_error(model, x) < (1e-5 if model.exact else 0.9 * before)


@pytest.mark.parametrize("option", OWN_OPTIONS)
def test_an_option_that_a_method_does_not_know_is_refused(method: str, option: str) -> None:
    knows = option in look_up(MODELS, "method", method).own_options
    those = {
        "reconstruction": ("ali", "age"),
        "balance_rate": ("began",),
        "pixel_loss": ("gaia", "ae", "vae", "avb", "acai", "ali", "age"),
    }
    assert knows == (method in those[option])
    value = "l2" if option == "pixel_loss" else 1.0
    if knows:
        toy(method, **{option: value})
        return
    with pytest.raises(ConfigError, match=f"--{option.replace('_', '-')} {value}: method '{method}' has none"):
        toy(method, **{option: value})


@pytest.mark.parametrize(
    ("option", "value"),
    [("objective", "paper"), ("interpolations", False), ("alpha", 0.7), ("gamma", 0.9), ("edges", 0.0)],
)
def test_the_options_that_a_method_heeds_are_those_that_change_its_training(
    method: str, option: str, value: Any
) -> None:
    def step(**options: Any) -> list[Tensor]:
        model = toy(method, **options)
        report = backward(model, discs(), seeded())
        model.keep_score(report, torch.tensor(False))
        # A control on what is made later counts too, as BEGAN's k does.
        return [*gradients(model).values(), *(value for _, value in report.figures()), *model.buffers()]

    same = all(map(torch.equal, step(), step(**{option: value})))
    assert same is (option not in look_up(MODELS, "method", method).heeds)


def test_pretraining_is_heeded_where_there_is_a_game_to_begin_with(method: str) -> None:
    model = look_up(MODELS, "method", method)
    assert ("pretrain" in model.heeds) is model.pretrains
