"""The plain autoencoder is its one equation."""

import pytest
import torch
from plain_steps import backward

from gaia_stim.config import TrainConfig
from gaia_stim.models import build
from gaia_stim.networks import NETWORKS


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("edges", [0.0, 0.7])
def test_its_loss_is_the_mean_absolute_error_of_all_pixels_and_of_their_differences(network: str, edges: float) -> None:
    torch.manual_seed(0)
    model = build(
        TrainConfig(preset="tiny", method="ae", network=network, size=16, width=4, latent=6, edges=edges).model(3)
    ).double()
    x = torch.rand(5, 3, 16, 16, dtype=torch.float64)
    codes = model.family.noisy(torch.cat([model.encoder(x[i : i + 1]) for i in range(5)]), torch.Generator(), 0.0)
    off = torch.cat([x[i : i + 1] - model.decoder(codes[i : i + 1]) for i in range(5)])
    reconstruction = off.abs().sum() / x.numel()
    differences = (off[:, :, 1:] - off[:, :, :-1]).abs().mean() + (off[:, :, :, 1:] - off[:, :, :, :-1]).abs().mean()
    asked = sum(model.family.penalties(model.decoder, model.encoder(x)).values())
    loss = reconstruction + edges * differences + asked
    expected = torch.autograd.grad(loss, list(model.parameters()))
    report = backward(model, x, torch.Generator())
    named = ["reconstruction", *(["edges"] if edges else []), *model.family.penalties(model.decoder, x.new_ones(2, 6))]
    assert list(report.losses) == named and not report.balance and not report.rates
    assert report.losses["reconstruction"].item() == pytest.approx(reconstruction.item(), rel=1e-12)
    assert sum(report.losses.values()).item() == pytest.approx(loss.item(), rel=1e-12)
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["ae", "acai", "gaia"])
@pytest.mark.parametrize("pixel_loss", [None, "l1", "l2"])
def test_differences_count_as_asked(method: str, pixel_loss: str | None) -> None:
    """Absolute where nobody says, of ACAI squared, as its paper has them."""
    asked = {"preset": "tiny", "method": method, "network": "light", "size": 16, "width": 4, "pixel_loss": pixel_loss}
    model = build(TrainConfig.model_validate(asked).model(1)).double()
    x = torch.rand(4, 1, 16, 16, dtype=torch.float64)
    off = x - model.decoder(model.encoder(x))
    power = 2 if (pixel_loss or {"acai": "l2"}.get(method)) == "l2" else 1
    terms = model.losses(x, torch.Generator()).terms
    assert terms["reconstruction"].item() == pytest.approx((off.abs() ** power).mean().item(), rel=1e-12)
    if method != "acai":
        steps = [off[:, :, 1:] - off[:, :, :-1], off[..., 1:] - off[..., :-1]]
        edges = sum((step.abs() ** power).mean().item() for step in steps)
        assert terms["edges"].item() == pytest.approx(edges, rel=1e-12)


def test_it_is_gaias_generator_and_nothing_else() -> None:
    models = {
        method: build(TrainConfig(preset="tiny", method=method, size=16, width=4, latent=6).model(1))
        for method in ("ae", "gaia")
    }
    shapes = {
        method: {name: value.shape for name, value in model.generator_state().items()}
        for method, model in models.items()
    }
    assert shapes["ae"] == shapes["gaia"] == {name: value.shape for name, value in models["ae"].state_dict().items()}
