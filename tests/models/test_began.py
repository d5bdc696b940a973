"""BEGAN against its objective (Berthelot et al. 2017, §3.4), an image at a time, and its balance over steps."""

import copy

import pytest
import torch
from peer_toys import BATCH, LATENT, agrees, discs, learn, seeded, toy
from plain_steps import backward, play
from torch import Tensor

from gaia_stim.models.began import Began


def by_the_book(model: Began, x: Tensor, k: float) -> dict[str, Tensor]:
    z = 2 * torch.rand(BATCH, LATENT, dtype=torch.float64, generator=seeded()) - 1

    def error(image: Tensor) -> Tensor:
        return (image - model.discriminator(image)).abs().mean()

    real = sum((error(image) for image in x.split(1)), torch.zeros(())) / BATCH
    generated = sum((error(model.decoder(code)) for code in z.split(1)), torch.zeros(())) / BATCH
    return {"generator": generated, "discriminator": real - k * generated}


@pytest.mark.parametrize("k", [0.0, 0.4])
def test_losses_and_gradients_are_those_of_the_objective(k: float) -> None:
    model, x = toy(Began, "began").double(), discs().double()
    model.k.fill_(k)
    agrees(model, x, by_the_book(model, x, k))


def test_k_is_moved_by_the_unbalance_within_0_and_1() -> None:
    model, x = toy(Began, "began").double(), discs().double()
    for k in (0.3, 0.0, 1.0):
        for gamma in (0.01, 50.0):
            model.k.fill_(k)
            model.gamma = gamma
            loss = by_the_book(model, x, k)
            generated = loss["generator"].item()
            real = loss["discriminator"].item() + k * generated
            backward(model, x, seeded())
            expected = min(max(k + 0.002 * (gamma * real - generated), 0.0), 1.0)
            assert model.k.item() == pytest.approx(expected, abs=1e-12)
    assert toy(Began, "began").gamma == 0.5


def test_playing_does_not_move_k_and_k_is_saved() -> None:
    model, x = toy(Began, "began"), discs()
    model.gamma = 9.0
    for step in range(3):
        backward(model, x, seeded(step))
    before = model.k.clone()
    assert before > 0
    play(model, x, seeded())
    assert torch.equal(model.k, before)
    fresh = toy(Began, "began", seed=1)
    fresh.load_state_dict(copy.deepcopy(model.state_dict()))
    assert torch.equal(fresh.k, before)
    assert set(model.generator_state()) == {f"decoder.{name}" for name in model.decoder.state_dict()}


def test_balance_is_kept_once_k_is_in_reach() -> None:
    """With a quicker control: the generated images' error goes to γ times that of the real ones."""
    model, x = toy(Began, "began", width=8, gamma=0.9, balance_rate=2.0), discs(64)
    learn(model, x, 150, rate=2e-3)
    report = play(model, x[:32], seeded()).report
    ratio = float(report.losses["generated"] / report.losses["real"])
    assert 0.7 < ratio < 1.1
    assert 0 < report.balance["k"] < 1


def test_codes_are_those_that_decode_best() -> None:
    """Images that the generator can make are found again: their error falls to a small share of the start's."""
    model = toy(Began, "began", width=8)
    with torch.inference_mode():
        x = model.decode(torch.rand(BATCH, LATENT, generator=seeded(4)) * 2 - 1)
        start = (x - model.decode(torch.zeros(BATCH, LATENT))).abs().mean()
        found = (x - model.decode(model.encode(x))).abs().mean()
    assert found < 0.1 * start


def test_balance_and_its_rate_are_those_that_were_asked_for() -> None:
    model, x = toy(Began, "began", gamma=0.9, balance_rate=0.1).double(), discs().double()
    model.k.fill_(0.2)
    loss = by_the_book(model, x, 0.2)
    generated = loss["generator"].item()
    real = loss["discriminator"].item() + 0.2 * generated
    backward(model, x, seeded())
    assert model.k.item() == pytest.approx(0.2 + 0.1 * (0.9 * real - generated), abs=1e-12)
