"""Our training steps beside pythae's (Chadebec, Vincent and Allassonnière 2022), on the same networks, in turn.

    python -m pip install pythae==0.1.2
    python benchmarks/pythae_side_by_side.py [SIZE [WIDTH [ROUNDS]]]
    python benchmarks/pythae_side_by_side.py SIZE WIDTH 0 IMAGES SHEET.png

Both train an autoencoder, and a VAE-GAN (Larsen et al. 2015), on the same images in memory with batches of the same
size, and the same encoder, decoder and discriminator. Prints how many times as many images a second ours sees: the
median over neighbouring turns of `STEPS` steps each. pythae runs as it comes, with its own trainers: once with our very
modules, and once with the same networks as one writes them, enlarging by `Upsample` and `Conv2d`. Ours trains GAIA too,
the adversarial method that we offer where pythae has VAEGAN.

With IMAGES, each is trained instead until it has seen so many of `FACES` drawn faces, one after the other: pythae's AE,
VAE and VAEGAN of the same networks, ours, and what `gaia-stim train` makes by itself. Prints the seconds of processor
that each took, and true midpoints (`gaia-stim benchmark midpoints`); SHEET shows those of the first opposite pairs.
"""

import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import AE, VAE, VAEGAN, AEConfig, VAEConfig, VAEGANConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder
from pythae.trainers import (
    BaseTrainer,
    BaseTrainerConfig,
    CoupledOptimizerAdversarialTrainer,
    CoupledOptimizerAdversarialTrainerConfig,
)
from torch import Tensor, nn

from gaia_stim import Space
from gaia_stim.config import ModelConfig, SamplesConfig, TrainConfig
from gaia_stim.dataset import Dataset, open_dataset
from gaia_stim.devices import free_cores
from gaia_stim.drawing.sheets import column_sheet
from gaia_stim.evaluation.midpoints import OPPOSITE, RANDOM, draw, midpoint_figures, pairs
from gaia_stim.evaluation.speed import in_turn, noise
from gaia_stim.images import Pixels, to_bytes, to_float, write_png
from gaia_stim.models import build
from gaia_stim.models.adversarial import ImageCritic
from gaia_stim.networks.light import EnlargingConvolution, Light
from gaia_stim.runs import Run
from gaia_stim.samples.folder import IMAGES, draw_into
from gaia_stim.space.paths import Codes
from gaia_stim.training.loader import Rows
from gaia_stim.training.loop import Training
from gaia_stim.training.trained import trained

BATCH, STEPS = 16, 4
FACES, LATENT, PAIRS, SHOWN = 3_000, 32, 64, 8
RATES = {"ae": 1e-3, "vae": 1e-3, "vaegan": 5e-4}
"""pythae's own, 1e-4, learns more slowly; its adversary is not steady at 1e-3."""
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
    """The options of one of our models, of the networks that pythae is given, in its game from the first step."""
    alike = {"network": "light", "edges": 0.0, "pretrain": 0.0, "mirror": "no", "latent": LATENT}
    options = TrainConfig(method=method, size=size, width=width, batch=BATCH, images_seen=10**8, **alike)
    return options, options.model(3)


def theirs(method: str, pictures: Tensor, folder: str, *, plainly: bool, epochs: int = 1) -> BaseTrainer:
    """One of pythae's trainers."""
    family = Light(described(method)[1])
    shape, data = (3, size, size), BaseDataset(pictures, torch.zeros(len(pictures)))
    common = {"output_dir": folder, "num_epochs": epochs, "no_cuda": True, "per_device_train_batch_size": BATCH}
    encoder = Encoder(family, gaussian=method != "ae")
    decoder = Decoder(family, plainly=plainly)
    if method == "vaegan":
        own = VAEGANConfig(input_dim=shape, latent_dim=family.latent, reconstruction_layer=1, margin=1.0)
        discriminator = Discriminator(family)
        # It asks the discriminator how deep it is.
        discriminator.depth = 1
        model = VAEGAN(own, encoder=encoder, decoder=decoder, discriminator=discriminator)
        rates = {f"{name}_learning_rate": RATES[method] for name in ("encoder", "decoder", "discriminator")}
        settings = CoupledOptimizerAdversarialTrainerConfig(**common, **rates)
        return CoupledOptimizerAdversarialTrainer(model, train_dataset=data, training_config=settings)
    kind, kinds_config = {"ae": (AE, AEConfig), "vae": (VAE, VAEConfig)}[method]
    model = kind(kinds_config(input_dim=shape, latent_dim=family.latent), encoder=encoder, decoder=decoder)
    settings = BaseTrainerConfig(**common, learning_rate=RATES[method])
    return BaseTrainer(model, train_dataset=data, training_config=settings)


def their_turn(method: str, pictures: Tensor, folder: str, *, plainly: bool) -> Callable[[], object]:
    """A function that takes `STEPS` steps of pythae's trainer."""
    trainer = theirs(method, pictures, folder, plainly=plainly)
    trainer.prepare_training()
    return lambda: trainer.train_step(1)


def our_turn(method: str, dataset: Dataset, folder: str) -> Callable[[], object]:
    """A function that takes as many steps of our loop."""
    options, model = described(method)
    training = Training(build(model), dataset, options, Run(Path(folder)), cpu)
    steps = training.loader.steps(0, options.steps)
    return lambda: [training.train_step(next(steps)[1]) for _ in range(STEPS)]


def in_memory(dataset: Dataset, rows: Rows) -> Tensor:
    """Images as pythae takes them."""
    return torch.from_numpy(np.array(dataset.pixels[rows])).permute(0, 3, 1, 2).float().div(255)


def time_steps(folder: str) -> None:
    """How many images a second each sees."""
    dataset = noise(size, Path(folder) / "noise.u8")
    pictures = in_memory(dataset, np.arange(BATCH * STEPS))
    for name, method, own in (("AE", "ae", ("ae",)), ("VAEGAN", "vaegan", ("vaegan", "gaia"))):
        peers = {f"pythae's {name}": False, f"pythae's {name}, written plainly": True}
        jobs = {
            **{one: our_turn(one, dataset, folder) for one in own},
            **{peer: their_turn(method, pictures, folder, plainly=plainly) for peer, plainly in peers.items()},
        }
        turns = in_turn(jobs, rounds, cpu)
        for one in own:
            for peer in peers:
                sys.stdout.write(f"our {one}: {turns.ratio(peer, one):.2f} times as many images a second as {peer}\n")
        for job in jobs:
            sys.stdout.write(f"{job}: {BATCH * STEPS / turns.median(job):.0f} images/s\n")


class Peer(NamedTuple):
    """A model of pythae's, asked as a `Space` is."""

    model: nn.Module

    @torch.inference_mode()
    def encode(self, images: Pixels) -> Codes:
        codes = self.model.eval().encoder(torch.from_numpy(to_float(images))).embedding
        return np.asarray(codes.numpy())

    @torch.inference_mode()
    def decode(self, codes: Codes) -> Pixels:
        return to_bytes(self.model.eval().decoder(torch.from_numpy(codes).float()).reconstruction.numpy())


def train_each(folder: str, images_seen: int, sheet: Path) -> None:
    """True midpoints of each after as many images, and what they cost."""
    draw_into(SamplesConfig(out=Path(folder) / "faces", n=FACES, size=size))
    images = Path(folder) / "faces" / IMAGES
    dataset = open_dataset(images, size)
    rows = dataset.rows("train")
    pictures = in_memory(dataset, rows)

    def peer(method: str) -> Peer:
        trainer = theirs(method, pictures, folder, plainly=False, epochs=round(images_seen / len(rows)))
        trainer.train()
        return Peer(trainer.model)

    def own(name: str, asked: TrainConfig) -> Space:
        out = Path(folder) / name
        here = {"images": images, "out": out, "images_seen": images_seen, "threads": torch.get_num_threads()}
        return Space.load(trained(asked.model_copy(update=here)).run)

    jobs: dict[str, Callable[[], Peer | Space]] = {
        "pythae's AE": lambda: peer("ae"),
        "pythae's VAE": lambda: peer("vae"),
        "pythae's VAEGAN": lambda: peer("vaegan"),
        "our ae": lambda: own("ae", described("ae")[0]),
        "our vae": lambda: own("vae", described("vae")[0]),
        "our vaegan": lambda: own("vaegan", described("vaegan")[0]),
        "our default": lambda: own("default", TrainConfig(size=size, width=width, latent=LATENT)),
    }
    drawn = {kind: draw(kind, pairs(kind, PAIRS), size) for kind in (OPPOSITE, RANDOM)}
    shown = {"A": drawn[OPPOSITE].first}
    for name, job in jobs.items():
        begun = time.process_time()
        model = job()
        spent = time.process_time() - begun
        for kind, one in drawn.items():
            found = midpoint_figures(model, one)
            share = (
                "–"
                if found.share is None
                else f"{found.share:.2f} ({{:.2f}} to {{:.2f}})".format(*found.share_interval)
            )
            figures = f"{found.blend_ssim:.3f}, {found.ssim:.3f}, {found.truth_ssim:.3f}; {share}"
            sys.stdout.write(f"{name}, {spent:.0f} s, {kind}: SSIM of blend, midpoint, G(truth); share: {figures}\n")
        ends = [model.encode(one) for one in (drawn[OPPOSITE].first, drawn[OPPOSITE].second)]
        shown[name] = model.decode((ends[0] + ends[1]) / 2)
    shown |= {"truth": drawn[OPPOSITE].truth, "B": drawn[OPPOSITE].second}
    columns = [pictures[:SHOWN] for pictures in shown.values()]
    write_png(sheet, column_sheet(columns, list(shown), f"Midpoints after {images_seen:,} images seen"))


with tempfile.TemporaryDirectory() as folder:
    if len(sys.argv) > 5:
        train_each(folder, int(sys.argv[4]), Path(sys.argv[5]))
    else:
        time_steps(folder)
sys.stdout.write(f"{size} px, width {width}, {torch.get_num_threads()} threads, a batch of {BATCH}\n")
