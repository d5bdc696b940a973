"""The paper's networks, against their description (ALGORITHM.md, "The networks") written out with plain functions."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gaia_stim.config import TrainConfig
from gaia_stim.networks.munit import Munit

LATENT = 10
STYLE = LATENT // 2


def munit(size: int = 16, width: int = 4, latent: int = LATENT) -> Munit:
    return Munit(TrainConfig(preset="paper", size=size, width=width, latent=latent).model(3))


# -- the description, one layer after the other ---------------------------------------------------------------------


def convolved(x: Tensor, weights: Iterator[Tensor], kernel: int, stride: int = 1) -> Tensor:
    """Reflection padding that keeps the side, or halves it with stride 2; then the convolution."""
    weight, bias = next(weights), next(weights)
    assert weight.shape[2:] == (kernel, kernel)
    side = {7: 3, 5: 2, 4: 1, 3: 1}[kernel]
    return F.conv2d(F.pad(x, (side, side, side, side), mode="reflect"), weight, bias, stride)


def instance_norm(x: Tensor) -> Tensor:
    mean, variance = x.mean(dim=(2, 3), keepdim=True), x.var(dim=(2, 3), keepdim=True, unbiased=False)
    return (x - mean) / (variance + 1e-5).sqrt()


def layer_norm(x: Tensor, weights: Iterator[Tensor]) -> Tensor:
    mean, variance = x.mean(dim=(1, 2, 3), keepdim=True), x.var(dim=(1, 2, 3), keepdim=True, unbiased=False)
    scale, shift = next(weights)[:, None, None], next(weights)[:, None, None]
    return (x - mean) / (variance + 1e-5).sqrt() * scale + shift


def stem(x: Tensor, weights: Iterator[Tensor]) -> Tensor:
    """7x7 at stride 1, 4x4 at stride 2, 4x4 at stride 2: no norm."""
    for kernel, stride in ((7, 1), (4, 2), (4, 2)):
        x = convolved(x, weights, kernel, stride).relu()
    return x


def residual(x: Tensor, weights: Iterator[Tensor], scale: Tensor, shift: Tensor) -> Tensor:
    y = (instance_norm(convolved(x, weights, 3)) * scale + shift).relu()
    return x + instance_norm(convolved(y, weights, 3)) * scale + shift


def content_map(x: Tensor, weights: Iterator[Tensor]) -> Tensor:
    x = stem(x, weights)
    for _ in range(4):
        x = residual(x, weights, torch.ones(()), torch.zeros(()))
    return x


def style_code(x: Tensor, weights: Iterator[Tensor]) -> Tensor:
    x = stem(x, weights)
    for _ in range(2):
        x = convolved(x, weights, 4, 2).relu()
    return F.conv2d(x.mean(dim=(2, 3), keepdim=True), next(weights), next(weights)).flatten(1)


def linear(x: Tensor, weights: Iterator[Tensor]) -> Tensor:
    return x @ next(weights).T + next(weights)


def painting(content: Tensor, style: Tensor, weights: Iterator[Tensor]) -> Tensor:
    """4 AdaIN residual blocks with ONE pair of scale and shift; then twice: nearest x2, 5x5, layer norm, ReLU."""
    pair = linear(linear(linear(style, weights).relu(), weights).relu(), weights)[:, :, None, None]
    filters = pair.shape[1] // 2
    for _ in range(4):
        content = residual(content, weights, 1 + pair[:, :filters], pair[:, filters:])
    for _ in range(2):
        content = content.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        content = layer_norm(convolved(content, weights, 5), weights).relu()
    return 1 / (1 + torch.exp(-convolved(content, weights, 7)))


# -- the code does just that ----------------------------------------------------------------------------------------


def weights_of(module: nn.Module) -> Iterator[Tensor]:
    """The weights in order of their layers, drawn wider than they are initialised, so that every one of them tells."""
    torch.manual_seed(1)
    for weight in module.parameters():
        weight.data += 0.3 * torch.randn_like(weight)
    return iter([weight.detach() for weight in module.parameters()])


def test_the_encoder_is_the_one_described() -> None:
    torch.manual_seed(0)
    encoder = munit().encoder(LATENT).double()
    x = torch.rand(3, 3, 16, 16, dtype=torch.float64)
    weights = weights_of(encoder)
    style = style_code(x, weights)
    content = linear(content_map(x, weights).flatten(1), weights)
    assert next(weights, None) is None
    torch.testing.assert_close(encoder(x), torch.cat([style, content], dim=1), rtol=1e-9, atol=1e-9)
    assert style.shape == content.shape == (3, STYLE)


def test_the_decoder_is_the_one_described() -> None:
    torch.manual_seed(0)
    decoder = munit().decoder().double()
    code = torch.randn(3, LATENT, dtype=torch.float64)
    weights = weights_of(decoder)
    content = linear(code[:, STYLE:], weights).reshape(3, 16, 4, 4)
    image = painting(content, code[:, :STYLE], weights)
    assert next(weights, None) is None
    torch.testing.assert_close(decoder(code), image, rtol=1e-9, atol=1e-9)


def test_the_discriminator_is_the_one_described_without_a_bottleneck() -> None:
    torch.manual_seed(0)
    discriminator = munit(width=8).discriminator().double()
    x = torch.rand(3, 3, 16, 16, dtype=torch.float64)
    weights = weights_of(discriminator)
    content = content_map(x, weights)
    assert content.shape == (3, 4 * 8 // 2, 4, 4), "half of the generator's filters"
    image = painting(content, style_code(x, weights), weights)
    assert next(weights, None) is None
    torch.testing.assert_close(discriminator(x), image, rtol=1e-9, atol=1e-9)


def test_a_discriminator_without_a_bottleneck_sees_any_size() -> None:
    with torch.inference_mode():
        assert munit(size=16).discriminator()(torch.rand(1, 3, 32, 32)).shape == (1, 3, 32, 32)


def test_reflection_padding_leaves_a_blank_image_blank() -> None:
    """Zero padding would draw a frame. (Not past instance norms: they blow up what rounding leaves.)"""
    torch.manual_seed(0)
    blank = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)[None, :, None, None].expand(1, 3, 32, 32)
    layers = list(munit(width=8).encoder(LATENT).style.double())
    before_pooling = layers[: [isinstance(layer, nn.AdaptiveAvgPool2d) for layer in layers].index(True)]
    with torch.inference_mode():
        content = nn.Sequential(*before_pooling)(blank)
    assert content.shape == (1, 32, 2, 2) and content.max() > 0.01
    assert content.std(dim=(2, 3)).max() < 1e-15


def test_the_style_path_has_no_norm() -> None:
    """Without norms and biases a ReLU network is homogeneous: twice the image, twice the code."""
    torch.manual_seed(0)
    style = munit().encoder(LATENT).style.double()
    for layer in style.modules():
        if isinstance(layer, nn.Conv2d):
            layer.bias.data.zero_()
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    with torch.inference_mode():
        torch.testing.assert_close(style(2 * x), 2 * style(x), rtol=1e-10, atol=0)


# -- the paper's sizes ----------------------------------------------------------------------------------------------


def conv(inputs: int, outputs: int, kernel: int) -> int:
    return inputs * outputs * kernel**2 + outputs


def test_parameter_counts_at_the_paper_preset() -> None:
    made = Munit(TrainConfig(preset="paper").model(3))
    with torch.device("meta"):
        parts = [made.encoder(1024), made.decoder(), made.discriminator()]
    encoder, decoder, discriminator = (sum(weight.numel() for weight in part.parameters()) for part in parts)

    def down(f: int) -> int:
        return conv(3, f, 7) + conv(f, 2 * f, 4) + conv(2 * f, 4 * f, 4)

    def style(f: int) -> int:
        return down(f) + 2 * conv(4 * f, 4 * f, 4) + conv(4 * f, 512, 1)

    def content(f: int) -> int:
        return down(f) + 8 * conv(4 * f, 4 * f, 3)

    def painter(f: int) -> int:
        dress = conv(512, 4 * f, 1) + conv(4 * f, 4 * f, 1) + conv(4 * f, 8 * f, 1)
        up = conv(4 * f, 2 * f, 5) + 4 * f + conv(2 * f, f, 5) + 2 * f + conv(f, 3, 7)
        return dress + 8 * conv(4 * f, 4 * f, 3) + up

    linears = [conv(256 * 32 * 32, 512, 1), conv(512, 256 * 32 * 32, 1)]
    assert encoder == style(64) + content(64) + linears[0]
    assert decoder == linears[1] + painter(64)
    assert discriminator == content(32) + style(32) + painter(32)
    assert round((encoder + decoder) / 1e6) == 283 and round(sum(linears) / 1e6) == 269
    assert round(discriminator / 1e6, 1) == 3.7


def test_the_paper_preset_has_1024_numbers_in_a_code() -> None:
    config = TrainConfig(preset="paper").model(3)
    assert (config.size, config.network, config.latent, config.width) == (128, "munit", 1024, 64)
    assert (config.objective, config.alpha, config.gamma) == ("paper", 5e-5, 0.5)


def test_every_second_number_of_twice_the_outputs_is_again_style_and_content() -> None:
    """What a variational encoder relies on: `latent` means, `latent` log-variances, each of both paths."""
    torch.manual_seed(0)
    encoder = munit().encoder(2 * LATENT)
    outputs = encoder(torch.rand(1, 3, 16, 16))
    for first in (0, 1):
        style, content = outputs[:, first::2].split([STYLE, STYLE], dim=1)
        for part, own, other in (
            (style, encoder.style, encoder.content),
            (content, encoder.content, encoder.style),
        ):
            for path, reached in ((own, True), (other, False)):
                weights = torch.autograd.grad(part.sum(), list(path.parameters()), retain_graph=True)
                assert (max(float(gradient.abs().max()) for gradient in weights) > 0) == reached
