"""The light family: cheap at full resolution, a norm after every convolution, a discriminator half as wide."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gaia_stim.config import TrainConfig
from gaia_stim.networks.light import EnlargingConvolution, Light


def light(size: int = 32, width: int = 16) -> Light:
    return Light(TrainConfig(preset="tiny", network="light", size=size, width=width, latent=6).model(3))


def convolutions(*modules: nn.Module) -> list[nn.Conv2d]:
    return [inner for module in modules for inner in module.modules() if isinstance(inner, nn.Conv2d)]


def maps(module: nn.Module, inputs: Tensor) -> list[tuple[nn.Conv2d, Tensor, Tensor]]:
    """Every convolution with what goes in and what comes out, in order."""
    seen: list[tuple[nn.Conv2d, Tensor, Tensor]] = []
    for layer in convolutions(module):
        layer.register_forward_hook(lambda layer, given, made: seen.append((layer, given[0], made)))
    with torch.inference_mode():
        module(inputs)
    return seen


def test_the_discriminator_has_half_of_the_generators_filters() -> None:
    made = light()
    generator = [layer.out_channels for layer in convolutions(made.encoder(6), made.decoder())]
    discriminator = [layer.out_channels for layer in convolutions(made.discriminator())]
    assert generator == [16, 32, 64, 32, 16, 8, 3]
    assert discriminator == [8, 16, 32, 16, 8, 4, 3], "all halved but the image's own channels"


@pytest.mark.parametrize("network", ["encoder", "decoder", "discriminator"])
def test_every_convolution_but_the_last_is_followed_by_one_norm_of_the_whole_map(network: str) -> None:
    made = light()
    module = {"encoder": made.encoder(6), "decoder": made.decoder(), "discriminator": made.discriminator()}[network]
    leaves = [inner for inner in module.modules() if not list(inner.children())]
    drawing = [layer for layer in convolutions(module) if layer.out_channels == 3]
    assert len(drawing) == (network != "encoder")
    for layer, following in pairwise(leaves):
        if isinstance(layer, nn.Conv2d) and layer not in drawing:
            assert isinstance(following, nn.GroupNorm)
            assert (following.num_groups, following.num_channels) == (1, layer.out_channels)


@pytest.mark.parametrize(("size", "coarsest"), [(16, 4), (32, 4), (48, 3), (64, 4), (80, 5), (128, 4)])
def test_maps_are_halved_from_half_the_side_to_about_4_and_doubled_back(size: int, coarsest: int) -> None:
    made = light(size, width=4)
    down = [given.shape[-1] for _, given, _ in maps(made.encoder(6), torch.rand(1, 3, size, size))]
    sides = sorted({size // 2, *down[1:], coarsest}, reverse=True)
    assert down[0] == size // 2, "no convolution of the encoder sees full resolution"
    assert all(finer == 2 * coarser for finer, coarser in pairwise(sides))
    assert made.encoder(6)[-1].in_features % coarsest**2 == 0 and sides[-1] == coarsest
    up = [image.shape[-1] for _, _, image in maps(made.decoder(), torch.randn(1, 6))]
    assert up == [*sides[-2::-1], size, size]


@settings(deadline=None)
@given(
    channels=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    sides=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    seed=st.integers(0, 2**32),
)
def test_enlarging_is_convolving_an_image_of_repeated_pixels(
    channels: tuple[int, int], sides: tuple[int, int], seed: int
) -> None:
    torch.manual_seed(seed)
    layer = EnlargingConvolution(*channels).double()
    x = torch.randn(2, channels[0], *sides, dtype=torch.float64, requires_grad=True)
    repeated = nn.functional.interpolate(x, scale_factor=2)
    wanted = nn.functional.conv2d(repeated, layer.weight, layer.bias, padding=1)
    made = layer(x)
    assert torch.allclose(made, wanted, rtol=0, atol=1e-12)
    pull = torch.randn_like(wanted)
    found, known = (torch.autograd.grad(y, [x, *layer.parameters()], pull) for y in (made, wanted))
    for one, other in zip(found, known, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-11)


def test_weights_that_nobody_trains_are_summed_once_and_again_when_they_change() -> None:
    torch.manual_seed(0)
    layer, x = EnlargingConvolution(3, 2), torch.randn(2, 3, 5, 5)
    trained = layer(x)
    layer.requires_grad_(False)
    with torch.inference_mode():
        assert torch.equal(layer(x), trained)
    kept = layer._summed_once()
    assert layer._summed_once() is kept
    codes = x.clone().requires_grad_()
    assert torch.autograd.grad(layer(codes).sum(), codes)[0].abs().sum() > 0, "what inference kept takes a gradient"

    other = EnlargingConvolution(3, 2)
    layer.load_state_dict(other.state_dict())
    assert torch.equal(layer(x), other(x))
    layer.load_state_dict({name: 2 * value for name, value in other.state_dict().items()}, assign=True)
    assert torch.allclose(layer(x), 2 * other(x), atol=1e-6)
    layer.weight.lerp_(torch.zeros_like(layer.weight), 0.5)
    layer.bias.mul_(0.5)
    assert torch.allclose(layer(x), other(x), atol=1e-6)
    assert torch.allclose(layer.double()(x.double()), other(x).double(), atol=1e-6)


def test_full_resolution_has_few_channels() -> None:
    full = [
        (layer.in_channels, layer.out_channels)
        for layer, _, made in maps(light().decoder(), torch.randn(1, 6))
        if made.shape[-1] == 32
    ]
    assert full == [(16, 8), (8, 3)]


@pytest.mark.parametrize("network", ["encoder", "decoder", "discriminator"])
def test_channels_last_memory_is_kept_from_layer_to_layer(network: str) -> None:
    made = light()
    assert made.channels_last
    module = {"encoder": made.encoder(6), "decoder": made.decoder(), "discriminator": made.discriminator()}[network]
    module = module.to(memory_format=torch.channels_last)
    images = torch.rand(2, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    for _, before, after in maps(module, torch.randn(2, 6) if network == "decoder" else images):
        assert before.is_contiguous(memory_format=torch.channels_last)
        assert after.is_contiguous(memory_format=torch.channels_last)
