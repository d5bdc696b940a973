"""The decoder of shape and texture: a texture, moved."""

import pytest
import torch
from torch import Tensor

from gaia_stim.config import TrainConfig
from gaia_stim.errors import ConfigError
from gaia_stim.networks import fields
from gaia_stim.networks.base import Shaped
from gaia_stim.networks.deform import NOISE, QUIET, Decoder, Deform
from gaia_stim.networks.light import Light


def family(**options: object) -> Deform:
    asked = {"preset": "tiny", "network": "deform", "size": 32, "width": 4, "latent": 16, **options}
    return Deform(TrainConfig.model_validate(asked).model(3))


def decoder(**options: object) -> Decoder:
    torch.manual_seed(0)
    made = family(**options).decoder()
    with torch.no_grad():
        # As after some training: motion of a tenth of the picture.
        made.move.weight.normal_(std=0.05)
    return made.double()


def codes(number: int = 4, latent: int = 16) -> Tensor:
    return torch.randn(number, latent, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_a_picture_is_its_texture_seen_through_the_flow_of_its_velocity() -> None:
    made, z = decoder(), codes()
    texture, velocity = made.texture(z), made.velocity(z)
    field = fields.exponential(fields.from_nodes(velocity, 32, 32))
    assert torch.equal(made(z), fields.sample(texture, field))
    assert field.abs().max() > 2 / 32, "or nothing would be shown by it"


def test_texture_and_shape_are_parts_of_the_code() -> None:
    made, z = decoder(shape_latent=10), codes()
    other_shape, other_texture = z.clone(), z.clone()
    other_shape[:, 6:] += 1
    other_texture[:, :6] += 1
    assert torch.equal(made.texture(z), made.texture(other_shape))
    assert not torch.equal(made.texture(z), made.texture(other_texture))
    assert torch.equal(made.velocity(z), made.velocity(other_texture))
    assert not torch.equal(made.velocity(z), made.velocity(other_shape))


def test_half_way_between_two_shapes_is_the_mean_of_their_velocities() -> None:
    made, z = decoder(), codes(2)
    middle = made.velocity(z.mean(dim=0, keepdim=True))
    torch.testing.assert_close(middle, made.velocity(z).mean(dim=0, keepdim=True))


def test_an_untrained_decoder_hardly_moves() -> None:
    velocity = fields.from_nodes(family().decoder().velocity(codes().float()), 32, 32)
    assert 0 < fields.exponential(velocity).abs().max() < 2 / 32, "less than a pixel"


def test_opposite_shapes_meet_where_nothing_is_moved() -> None:
    """Of two that are moved to opposite sides the middle is not a blend of both: what `light` cannot do."""
    made, z = decoder(), codes(1)
    with torch.no_grad():
        made.move.bias.zero_()
    left, right = z.clone(), z.clone()
    right[:, made.texture_latent :] *= -1
    middle = made((left + right) / 2)
    torch.testing.assert_close(middle, made.texture(z))
    assert ((made(left) + made(right)) / 2 - middle).abs().max() > 0.01


def test_penalties_are_of_slopes_and_of_the_mean() -> None:
    made, z = decoder(), codes(8)
    v = made.velocity(z)
    found, firmer = (family(**options).penalties(made, z) for options in ({}, {"smoothness": 0.03}))
    unit = 2 / v.shape[-1]
    slopes = ((v.diff(dim=2) / unit) ** 2).mean() + ((v.diff(dim=3) / unit) ** 2).mean()
    assert found["smoothness"].item() == pytest.approx(0.01 * slopes.item(), rel=1e-9)
    assert firmer["smoothness"].item() == pytest.approx(0.03 * slopes.item(), rel=1e-9)
    assert found["drift"].item() == pytest.approx((v.mean(dim=0) ** 2).mean().item(), rel=1e-9)
    rigid = made.velocity(z.mean(dim=0, keepdim=True)).mean(dim=(2, 3), keepdim=True).expand(8, 2, *v.shape[2:])
    made.velocity = lambda _: rigid  # type: ignore[method-assign]
    assert family().penalties(made, z)["smoothness"] == 0


def test_fields_are_made_in_full_precision_under_autocast() -> None:
    made, z = decoder().float(), codes().float()
    with torch.autocast("cpu", torch.bfloat16):
        assert made.velocity(z).dtype == made(z).dtype == torch.float32
        reduced = made.velocity(z)
    assert torch.equal(reduced, made.velocity(z))


def test_noise_is_on_the_texture_alone() -> None:
    net, z = family(latent=12, shape_latent=4), torch.randn(4_000, 12, dtype=torch.float64)
    added = net.noisy(z, torch.Generator().manual_seed(3), 0.0) - z
    assert torch.equal(net.noisy(z, torch.Generator().manual_seed(3), 0.0) - z, added)
    assert not added[:, 8:].any()
    # It falls to none.
    later = net.noisy(z, torch.Generator().manual_seed(3), QUIET / 4) - z
    torch.testing.assert_close(later, 0.75 * added)
    assert torch.equal(net.noisy(z, torch.Generator(), QUIET), z)
    torch.testing.assert_close(added[:, :8].T.cov(), torch.eye(8).double() * NOISE**2, rtol=0, atol=0.12)


def test_a_quarter_of_a_code_is_shape_but_no_more_than_helps() -> None:
    assert [family(latent=latent).shape_latent for latent in (2, 6, 32, 128)] == [1, 1, 8, 12]
    assert family(latent=44, shape_latent=32).decoder().texture_latent == 12


def test_what_is_no_shape_is_refused() -> None:
    with pytest.raises(ConfigError, match="leaves nothing of 16 for the texture"):
        family(shape_latent=16)
    with pytest.raises(ConfigError, match="network 'light' has no shape"):
        Light(TrainConfig(preset="tiny", network="light", shape_latent=4).model(3))
    with pytest.raises(ConfigError, match=r"--smoothness 0\.03: network 'light' has no shape"):
        Light(TrainConfig(preset="tiny", network="light", smoothness=0.03).model(3))
    assert isinstance(family().decoder(), Shaped)
    assert not isinstance(Light(TrainConfig(preset="tiny", network="light").model(3)).decoder(), Shaped)
