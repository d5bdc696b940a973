"""Our training steps beside pythae's (Chadebec, Vincent and Allassonnière 2022), on the same networks, in turn.

    python -m pip install pythae==0.1.2
    python benchmarks/pythae_side_by_side.py [SIZE] [WIDTH] [ROUNDS]

Both train an autoencoder, and a VAE-GAN (Larsen et al. 2015), on the same images in memory with batches of the same
size, and the same encoder, decoder and discriminator. Prints how many times as many images a second ours sees: the
median over neighbouring turns of `STEPS` steps each. pythae runs as it comes, with its own trainers: once with our very
modules, and once with the same networks as one writes them, enlarging by `Upsample` and `Conv2d`. Ours trains GAIA too,
the adversarial method that we offer where pythae has VAEGAN.
"""

import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import AE, VAEGAN, AEConfig, VAEGANConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder
from pythae.trainers import (
    BaseTrainer,
    BaseTrainerConfig,
    CoupledOptimizerAdversarialTrainer,
    CoupledOptimizerAdversarialTrainerConfig,
)
from torch import Tensor, nn

from gaia_stim.config import ModelConfig, TrainConfig
from gaia_stim.dataset import Dataset
from gaia_stim.devices import free_cores
from gaia_stim.evaluation.speed import in_turn, noise
from gaia_stim.models import build
from gaia_stim.models.adversarial import ImageCritic
from gaia_stim.networks.light import EnlargingConvolution, Light
from gaia_stim.runs import Run
from gaia_stim.training.loop import Training

BATCH, STEPS = 16, 4
size, width, rounds = [int(text) for text in sys.argv[1:4]] + [64, 32, 9][len(sys.argv) - 1 :]
logging.disable(logging.WARNING)
cpu = torch.device("cpu")
torch.set_num_threads(free_cores())


class Encoder(BaseEncoder):
    """Ours, with as many outputs again where the model wants a log variance."""

    def __init__(self, family: Light, *, gaussian: bool) -> None:
        super().__init__()
        self.look, self.gaussian = family.encoder(family.latent * (1 + gaussian)), gaussian

    def forward(self, x: Tensor) -> ModelOutput:
        found = self.look(x)
        if not self.gaussian:
            return ModelOutput(embedding=found)
        return ModelOutput(embedding=found[:, ::2], log_covariance=found[:, 1::2])


class Decoder(BaseDecoder):
    """Ours."""

    def __init__(self, family: Light, *, plainly: bool) -> None:
        super().__init__()
        decoder = family.decoder()
        self.draw = PlainDecoder(decoder) if plainly else decoder

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.draw(z))


class Discriminator(BaseDiscriminator):
    """Ours: its last feature map, and a score in (0, 1)."""

    def __init__(self, family: Light) -> None:
        super().__init__()
        self.critic = ImageCritic(family)

    def forward(self, x: Tensor, output_layer_levels: list[int] | None = None) -> ModelOutput:
        logits, features = self.critic(x)
        if output_layer_levels:
            return ModelOutput(embedding_layer_1=features)
        return ModelOutput(embedding=logits.sigmoid()[:, None])


class PlainDecoder(nn.Module):
    """Our decoder as one writes it: pixels repeated and then convolved, memory as it comes."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.spread, self.coarsest = decoder.spread, decoder.coarsest
        self.draw = nn.Sequential(*(part for layer in decoder.draw for part in self.plain(layer)))

    @staticmethod
    def plain(layer: nn.Module) -> list[nn.Module]:
        """The layers that one layer of ours stands for, with its weights."""
        if not isinstance(layer, EnlargingConvolution):
            return [layer]
        convolution = nn.Conv2d(layer.in_channels, layer.out_channels, 3, padding=1)
        convolution.load_state_dict(layer.state_dict())
        return [nn.Upsample(scale_factor=2), convolution]

    def forward(self, z: Tensor) -> Tensor:
        return self.draw(self.spread(z).unflatten(1, self.coarsest)).sigmoid()


def described(method: str) -> tuple[TrainConfig, ModelConfig]:
    """The options of one of our models."""
    options = TrainConfig(method=method, size=size, width=width, batch=BATCH, images_seen=10**8)
    return options, options.model(3)


def theirs(method: str, pictures: Tensor, folder: str, *, plainly: bool) -> Callable[[], object]:
    """A function that takes `STEPS` steps of pythae's trainer."""
    family = Light(described(method)[1])
    shape, data = (3, size, size), BaseDataset(pictures, torch.zeros(len(pictures)))
    common = {"output_dir": folder, "num_epochs": 1, "no_cuda": True}
    trainer: BaseTrainer
    if method == "ae":
        own = AEConfig(input_dim=shape, latent_dim=family.latent)
        model: nn.Module = AE(own, encoder=Encoder(family, gaussian=False), decoder=Decoder(family, plainly=plainly))
        settings = BaseTrainerConfig(**common, learning_rate=5e-4, per_device_train_batch_size=BATCH)
        trainer = BaseTrainer(model, train_dataset=data, training_config=settings)
    else:
        own = VAEGANConfig(input_dim=shape, latent_dim=family.latent, reconstruction_layer=1, margin=1.0)
        parts = (Encoder(family, gaussian=True), Decoder(family, plainly=plainly), Discriminator(family))
        # It asks the discriminator how deep it is.
        parts[2].depth = 1
        model = VAEGAN(own, encoder=parts[0], decoder=parts[1], discriminator=parts[2])
        rates = dict.fromkeys(("encoder", "decoder", "discriminator"), 5e-4)
        settings = CoupledOptimizerAdversarialTrainerConfig(
            **common,
            per_device_train_batch_size=BATCH,
            **{f"{name}_learning_rate": rate for name, rate in rates.items()},
        )
        trainer = CoupledOptimizerAdversarialTrainer(model, train_dataset=data, training_config=settings)
    trainer.prepare_training()
    return lambda: trainer.train_step(1)


def ours(method: str, dataset: Dataset, folder: str) -> Callable[[], object]:
    """A function that takes as many steps of our loop."""
    options, model = described(method)
    training = Training(build(model), dataset, options, Run(Path(folder)), cpu)
    steps = training.loader.steps(0, options.steps)
    return lambda: [training.train_step(next(steps)[1]) for _ in range(STEPS)]


with tempfile.TemporaryDirectory() as folder:
    dataset = noise(size, Path(folder) / "noise.u8")
    pictures = torch.from_numpy(np.array(dataset.pixels[: BATCH * STEPS])).permute(0, 3, 1, 2).float().div(255)
    for name, method, own in (("AE", "ae", ("ae",)), ("VAEGAN", "vaegan", ("vaegan", "gaia"))):
        peers = {f"pythae's {name}": False, f"pythae's {name}, written plainly": True}
        jobs = {
            **{one: ours(one, dataset, folder) for one in own},
            **{peer: theirs(method, pictures, folder, plainly=plainly) for peer, plainly in peers.items()},
        }
        turns = in_turn(jobs, rounds, cpu)
        for one in own:
            for peer in peers:
                sys.stdout.write(f"our {one}: {turns.ratio(peer, one):.2f} times as many images a second as {peer}\n")
        for job in jobs:
            sys.stdout.write(f"{job}: {BATCH * STEPS / turns.median(job):.0f} images/s\n")
    sys.stdout.write(f"{size} px, width {width}, {torch.get_num_threads()} threads, a batch of {BATCH}\n")
