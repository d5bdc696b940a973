"""What every row of NETWORKS promises, whatever it is made of."""

import pytest
import torch
from torch import Tensor, nn

from gaia_stim.config import TrainConfig
from gaia_stim.networks import NETWORKS
from gaia_stim.networks.base import Family
from gaia_stim.tables import look_up

LATENT = 6
PARTS = ["encoder", "decoder", "discriminator"]


def family(network: str, size: int = 16, channels: int = 3, width: int = 4) -> Family:
    config = TrainConfig(preset="tiny", network=network, size=size, width=width, latent=LATENT).model(channels)
    made: Family = look_up(NETWORKS, "network", network)(config)
    return made


def part(network: str, name: str) -> tuple[nn.Module, Tensor]:
    """A part in float64, and a batch of four different inputs for it."""
    torch.manual_seed(0)
    made = family(network)
    parts = {"encoder": made.encoder(LATENT), "decoder": made.decoder(), "discriminator": made.discriminator()}
    images, codes = torch.rand(4, 3, 16, 16, dtype=torch.float64), torch.randn(4, LATENT, dtype=torch.float64)
    return parts[name].double(), codes if name == "decoder" else images


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [16, 32, 48, 64, 128])
@pytest.mark.parametrize("network", NETWORKS)
def test_shapes(network: str, size: int, channels: int) -> None:
    made = family(network, size, channels)
    x = torch.rand(2, channels, size, size)
    with torch.inference_mode():
        code = made.encoder(LATENT)(x)
        assert code.shape == (2, LATENT)
        assert made.encoder(2 * LATENT)(x).shape == (2, 2 * LATENT), "the two heads of a variational encoder"
        assert made.decoder()(code).shape == x.shape
        assert made.discriminator()(x).shape == x.shape


@pytest.mark.parametrize("width", [4, 5, 7])
@pytest.mark.parametrize("network", NETWORKS)
def test_the_narrowest_and_odd_widths_can_be_built(network: str, width: int) -> None:
    made = family(network, width=width)
    x = torch.rand(2, 3, 16, 16)
    with torch.inference_mode():
        assert made.decoder()(made.encoder(LATENT)(x)).shape == made.discriminator()(x).shape == x.shape


@pytest.mark.parametrize("network", NETWORKS)
def test_images_lie_between_0_and_1(network: str) -> None:
    torch.manual_seed(0)
    made = family(network)
    with torch.inference_mode():
        for images in (made.decoder()(3 * torch.randn(16, LATENT)), made.discriminator()(torch.rand(16, 3, 16, 16))):
            assert 0 < images.min() < images.max() < 1


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("network", NETWORKS)
def test_an_item_does_not_depend_on_the_batch_it_is_in(network: str, name: str) -> None:
    module, inputs = part(network, name)
    module.train()  # Where a batch norm would look at the batch.
    with torch.inference_mode():
        together = module(inputs)
        alone = torch.cat([module(item[None]) for item in inputs])
        strangers = torch.cat([inputs[:1], 1 - 3 * inputs[1:]])
        assert (together - alone).abs().max() < 1e-12
        assert (module(strangers)[0] - together[0]).abs().max() < 1e-12
        assert (module(strangers)[1:] - together[1:]).abs().max() > 1e-3, "the others did change"


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("network", NETWORKS)
def test_no_module_keeps_statistics_or_draws_chance(network: str, name: str) -> None:
    module, inputs = part(network, name)
    batch_norm = nn.modules.batchnorm._BatchNorm
    assert not any(isinstance(inner, batch_norm) for inner in module.modules())
    assert not list(module.buffers()), "what is not a weight is not kept between steps"
    with torch.inference_mode():
        training, rendering = module.train()(inputs), module.eval()(inputs)
    assert torch.equal(training, rendering)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_number_of_a_code_matters(network: str) -> None:
    torch.manual_seed(0)
    made = family(network)
    encoder, decoder = made.encoder(LATENT).double(), made.decoder().double()
    x = torch.rand(1, 3, 16, 16, dtype=torch.float64)
    by_pixel = torch.autograd.functional.jacobian(encoder, x)[0]
    assert by_pixel.shape == (LATENT, 1, 3, 16, 16)
    assert (by_pixel.abs().amax(dim=0) > 0).all(), "every pixel reaches the code"
    assert (by_pixel.flatten(1).abs().amax(dim=1) > 1e-6).all(), "every number of the code comes from the image"
    with torch.inference_mode():
        code = encoder(x)
        changes = decoder(code + 0.1 * torch.eye(LATENT, dtype=torch.float64)) - decoder(code)
    assert (changes.flatten(1).abs().amax(dim=1) > 1e-6).all(), "every number of the code shows in the image"


@pytest.mark.parametrize("network", NETWORKS)
def test_the_discriminator_is_the_smaller_player(network: str) -> None:
    made = family(network, size=64, width=32)
    with torch.device("meta"):
        generator, discriminator = [made.encoder(LATENT), made.decoder()], made.discriminator()
    count = sum(weight.numel() for module in generator for weight in module.parameters())
    assert sum(weight.numel() for weight in discriminator.parameters()) < count
    assert all(weight.is_meta for weight in discriminator.parameters())


@pytest.mark.parametrize("name", ["decoder", "discriminator"])
@pytest.mark.parametrize("network", NETWORKS)
def test_images_are_float32_in_reduced_precision_too(network: str, name: str) -> None:
    module, inputs = part(network, name)
    with torch.inference_mode():
        exact = module(inputs)
        with torch.autocast("cpu", torch.bfloat16):
            images = module.float()(inputs.float())
    assert images.dtype == torch.float32
    assert 0 < (images - exact).abs().max() < 0.05
