"""ACAI against Equations 1 and 2 of Berthelot et al. (2018), an image at a time."""

import torch
from peer_toys import BATCH, agrees, discs, error, learn, seeded, toy
from plain_steps import backward
from torch import Tensor

from gaia_stim.models.acai import Acai


def by_the_book(model: Acai, x: Tensor) -> dict[str, Tensor]:
    alphas = 0.5 * torch.rand(BATCH, 1, dtype=torch.float64, generator=seeded())
    images = x.split(1)

    def d(image: Tensor) -> Tensor:
        outputs = model.critic(image)
        return outputs.sum() / outputs.numel()

    critic, autoencoder = torch.zeros(()), torch.zeros(())
    for index, (image, alpha) in enumerate(zip(images, alphas, strict=True)):
        other = images[BATCH - 1 - index]
        again = model.decoder(model.encoder(image))
        mixed = model.decoder(alpha * model.encoder(image) + (1 - alpha) * model.encoder(other))
        critic = critic + (d(mixed) - alpha[0]) ** 2 + d(0.2 * image + 0.8 * again) ** 2
        autoencoder = autoencoder + ((image - again) ** 2).mean() + 0.5 / 4 * d(mixed) ** 2
    return {"generator": autoencoder / BATCH, "critic": critic / BATCH}


def test_losses_and_gradients_are_those_of_the_equations() -> None:
    model, x = toy(Acai, "acai").double(), discs().double()
    agrees(model, x, by_the_book(model, x))


def test_learns_images_it_can_tell_apart() -> None:
    model, x = toy(Acai, "acai", width=8), discs(64)
    learn(model, x, 150)
    assert error(model, x) < 0.3


def test_the_critic_learns_how_much_was_mixed() -> None:
    """Against an autoencoder that stands still, on pairs it has seen at other mixtures."""
    model, x = toy(Acai, "acai", width=8), discs(16)
    learn(model, x, 60)
    adam = torch.optim.Adam(model.critic.parameters(), 3e-3)
    for step in range(150):
        backward(model, x, seeded(step))
        adam.step()
    with torch.inference_mode():
        z, alpha = model.encode(x), torch.linspace(0, 0.5, 16)[:, None]
        guesses = model.guess(model.decode(alpha * z + (1 - alpha) * z.flip(0)))
    assert torch.corrcoef(torch.stack([guesses, alpha[:, 0]]))[0, 1] > 0.5
