"""ACAI's networks beside its paper's: the layers, and where in the code a place of the picture is."""

import torch
from torch import nn
from torch.nn.functional import interpolate, leaky_relu

from gaia_stim.config import TrainConfig
from gaia_stim.networks.acai import AcaiNetworks, Decoder

LINES = TrainConfig(preset="tiny", network="acai", size=32, width=16, latent=64).model(1)


def convolutions(module: nn.Module) -> list[tuple[int, int, int]]:
    """(inputs, outputs, kernel) of each, in order."""
    return [
        (one.in_channels, one.out_channels, one.kernel_size[0])
        for one in module.modules()
        if isinstance(one, nn.Conv2d)
    ]


def test_the_layers_are_those_of_the_lines() -> None:
    """32 pixels, depth 16, a code of 2 x 2 x 16: four halvings (the paper's Appendix B)."""
    family = AcaiNetworks(LINES)
    down = [(16, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 16)]
    assert convolutions(family.encoder(64)) == [(1, 16, 1), *((a, b, 3) for a, b in down)]
    up = [(16, 128), (128, 128), (128, 64), (64, 64), (64, 32), (32, 32), (32, 16), (16, 16), (16, 16), (16, 1)]
    assert convolutions(family.decoder()) == [(a, b, 3) for a, b in up]
    assert not [layer for layer in family.encoder(64).modules() if isinstance(layer, nn.Linear)]


def test_the_decoder_repeats_pixels_and_convolves() -> None:
    torch.manual_seed(0)
    decoder = Decoder(32, 1, 16, 64).double()
    code = torch.randn(2, 64, dtype=torch.float64)
    x = code.view(2, 2, 2, 16).permute(0, 3, 1, 2)
    layers = [layer for layer in decoder.draw if isinstance(layer, nn.Conv2d)]
    for number, layer in enumerate(layers):
        if number and number % 2 == 0 and number < len(layers) - 1:
            x = interpolate(x, scale_factor=2, mode="nearest")
        x = nn.functional.conv2d(x, layer.weight, layer.bias, padding=1)
        if number < len(layers) - 1:
            x = leaky_relu(x, 0.2)
    with torch.inference_mode():
        torch.testing.assert_close(decoder(code), torch.sigmoid(x))


def test_mean_and_spread_of_a_variational_code_stand_at_the_same_place() -> None:
    """Every second number of an encoder with twice the outputs: of each place as many as of any other."""
    torch.manual_seed(0)
    encoder = AcaiNetworks(LINES).encoder(128)
    maps: list[torch.Tensor] = []
    last = [layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d)][-1]
    last.register_forward_hook(lambda module, inputs, output: maps.append(output))
    with torch.inference_mode():
        means = encoder(torch.rand(1, 1, 32, 32))[0, 0::2].view(2, 2, 16)
    [found] = maps
    assert torch.equal(means, found[0, 0::2].permute(1, 2, 0))
