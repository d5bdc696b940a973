"""The flow's likelihood, written out slowly and held to known truths."""

import math

import pytest
import torch
from peer_toys import SIZE, agrees, discs, learn, seeded, toy
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.errors import ConfigError
from gaia_stim.models import build
from gaia_stim.models.flow import Flow


def by_the_book(model: Flow, x: Tensor) -> Tensor:
    """Bits a number, an image at a time, by the whole Jacobian of the code as a function of the picture."""
    bits = torch.zeros((), dtype=x.dtype)
    noise = torch.rand(x.shape, dtype=x.dtype, generator=seeded())
    for image, u in zip(x, noise, strict=True):
        y = (255 * image[None] + u) / 256
        z = model.encoder.flow(y)[0][0]
        jacobian = torch.autograd.functional.jacobian(
            lambda y: model.encoder.flow(y)[0][0], y, create_graph=True, vectorize=True
        )
        density = torch.distributions.Normal(0, 1).log_prob(z).sum()
        density = density + torch.linalg.slogdet(jacobian.reshape(z.numel(), z.numel())).logabsdet
        # A grey level is 1/256 wide.
        bits = bits - (density - z.numel() * math.log(256)) / math.log(2) / z.numel()
    return bits / len(x)


def test_likelihood_and_gradients_are_those_of_the_equations() -> None:
    model, x = toy(Flow, "flow").double(), discs(2).double()
    for weight in model.parameters():
        weight.data += 0.1 * torch.randn(weight.shape, dtype=weight.dtype, generator=seeded()) / weight.numel() ** 0.25
    agrees(model, x, {"generator": by_the_book(model, x)})


def test_of_noise_a_flow_that_has_only_begun_knows_what_a_normal_law_of_its_spread_does() -> None:
    """Uniform noise takes 8 bits a number; a normal law with its mean and spread is log₂√(2πe/12) off."""
    rng = seeded()
    x = torch.randint(0, 256, (256, 1, SIZE, SIZE), generator=rng) / 255
    model = toy(Flow, "flow")
    model.begin(x)
    with torch.inference_mode():
        bits = model.bits(x, rng)
    assert bits.shape == (256,)
    assert bits.mean().item() == pytest.approx(8 + math.log2(2 * math.pi * math.e / 12) / 2, abs=0.01)


def test_learns_what_is_likely_and_still_undoes_its_encoding() -> None:
    model, x = toy(Flow, "flow", width=8), discs(64)
    model.begin(x)
    with torch.inference_mode():
        before = model.bits(x, seeded()).mean()
    learn(model, x, 30)
    with torch.inference_mode():
        after = model.bits(x, seeded()).mean()
        noise = torch.rand(x.shape, generator=seeded())
        assert after < before - 0.5
        assert model.bits(noise, seeded()).mean() > after + 2, "noise is less likely than what it learned"
        assert (model.decode(model.encode(x)) - x).abs().max() < 1e-5


def test_a_code_has_as_many_numbers_as_an_image_whatever_is_asked() -> None:
    config = TrainConfig(preset="tiny", method="flow", size=SIZE, latent=64, network="deform").model(3)
    assert config.latent == 3 * SIZE**2
    with pytest.raises(ConfigError, match="--latent 64: the code of a flow has as many numbers as an image, 768"):
        build(config.model_copy(update={"latent": 64}))
