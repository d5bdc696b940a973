"""Critics and their losses."""

import copy

import pytest
import torch
from peer_toys import BATCH, LATENT, discs, seeded, toy
from torch.nn.functional import binary_cross_entropy_with_logits

from gaia_stim.models.adversarial import ImageCritic, JointCritic, as_fake, as_genuine
from gaia_stim.models.base import Autoencoder
from gaia_stim.models.vae import VariationalAutoencoder
from gaia_stim.networks import NETWORKS


def model(network: str = "light") -> Autoencoder:
    torch.manual_seed(0)
    return toy(VariationalAutoencoder, "vae", network=network)


def test_losses_are_the_cross_entropy_of_the_label() -> None:
    logits = torch.tensor([-3.0, 0.0, 0.5, 8.0])
    for loss, label in ((as_genuine, 1.0), (as_fake, 0.0)):
        expected = binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
        assert loss(logits).item() == pytest.approx(expected.item(), rel=1e-6)


def test_losses_stay_finite_where_the_probability_is_0_or_1() -> None:
    for loss in (as_genuine, as_fake):
        for logit in (-1e4, 1e4):
            logits = torch.tensor([logit], requires_grad=True)
            value = loss(logits)
            value.backward()
            assert value.isfinite() and logits.grad is not None and logits.grad.isfinite().all()


@pytest.mark.parametrize("network", NETWORKS)
def test_an_image_critics_features_are_what_its_last_layers_work_on(network: str) -> None:
    family = model(network).family
    critic = ImageCritic(family)
    x = discs().requires_grad_()
    logits, features = critic(x)
    assert logits.shape == (BATCH,)
    last = {"munit": lambda: critic.look.content[-1], "acai": lambda: critic.look.layers[-1]}.get(
        network, lambda: critic.look[-1]
    )()
    places = 4 if network == "acai" else 1
    assert features.shape == (BATCH, last.in_channels * places if network == "acai" else last.in_features)
    if network in ("light", "deform"):
        torch.testing.assert_close(critic.judge(last(features)).squeeze(1), logits)
    # They hang on the images, and asking for them leaves nothing behind.
    assert torch.autograd.grad(features.square().sum(), x)[0].abs().max() > 0
    assert not last._forward_pre_hooks
    assert torch.equal(copy.deepcopy(critic)(discs())[1], features)


def test_a_joint_critic_looks_at_both() -> None:
    critic = JointCritic(model().family)
    x, z = discs().requires_grad_(), torch.randn(BATCH, LATENT, generator=seeded()).requires_grad_()
    logits = critic(x, z)
    assert logits.shape == (BATCH,)
    assert all(gradient.abs().max() > 0 for gradient in torch.autograd.grad(logits.sum(), (x, z)))
    torch.testing.assert_close(critic.compare(critic.look(x), z), logits)


def test_a_joint_critic_learns_which_pairs_belong_together() -> None:
    """The pairs' halves are the same on both sides: only together do they tell."""
    x, z = discs(), torch.randn(BATCH, LATENT, generator=seeded())
    critic = JointCritic(model().family)
    adam = torch.optim.Adam(critic.parameters(), 3e-3)
    for _ in range(40):
        adam.zero_grad()
        loss = as_genuine(critic(x, z)) + as_fake(critic(x, z.roll(1, 0)))
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    assert loss < 0.3
    assert (critic(x, z) > 0).all() and (critic(x, z.roll(1, 0)) < 0).all()
