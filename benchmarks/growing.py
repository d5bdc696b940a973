"""What growing would give: `light` at half of its size first, its outer layers faded in (Karras et al. 2018, §3).

    python benchmarks/growing.py [SIZE [WIDTH]]
    python benchmarks/growing.py SIZE WIDTH IMAGES SEED

An autoencoder. First images are halved, and a convolution of its own hands them to the encoder behind its outermost two
layers; another draws from the decoder before its outermost two. Then what both ways give is mixed, the outer one's
share rising to 1. Prints how much longer a step takes at full size: the median over neighbouring turns, by the time of
the processor. With IMAGES, three are trained on `FACES` drawn faces, in the loop's own steps: as ever; grown; and as
ever for so many images as take as long as the grown one took. Prints R² of held-out faces, true midpoints, seconds.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gaia_stim.config import SamplesConfig, TrainConfig
from gaia_stim.dataset import Dataset, open_dataset
from gaia_stim.evaluation.midpoints import OPPOSITE, RANDOM, Drawn, draw, midpoint_figures, pairs
from gaia_stim.images import Pixels, to_bytes, to_float
from gaia_stim.models import build
from gaia_stim.models.base import Autoencoder
from gaia_stim.networks.base import full_precision
from gaia_stim.networks.light import FOLD, Decoder, Encoder
from gaia_stim.runs import Run
from gaia_stim.samples.folder import IMAGES, draw_into
from gaia_stim.space.paths import Codes
from gaia_stim.training.loop import Training

FACES, PAIRS, LATENT, ROUNDS, TILE = 500, 24, 32, 7, 16
GROWN, FADED = 0.4, 0.2
"""Shares of the images: at half the size, and while the outer layers are faded in."""
OUTER_IN, OUTER_OUT = 7, 4
"""The encoder's outermost layers (folding; convolution, norm, SiLU twice), the decoder's (once; a convolution)."""
size, width = [int(text) for text in sys.argv[1:3]] + [64, 32][len(sys.argv) - 1 :]
torch.set_num_threads(1)
cpu = torch.device("cpu")


class GrowingEncoder(nn.Module):
    """`share` is how much the outer layers say: 0 where images come at half their size."""

    share = 1.0

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        layers = list(encoder)
        self.outer, self.inner = nn.Sequential(*layers[:OUTER_IN]), nn.Sequential(*layers[OUTER_IN:])
        first, second = layers[1], layers[4]
        entry = nn.Conv2d(first.in_channels, second.out_channels, 3, padding=1)
        self.entry = nn.Sequential(nn.PixelUnshuffle(FOLD), entry, nn.GroupNorm(1, second.out_channels), nn.SiLU())

    def forward(self, x: Tensor) -> Tensor:
        if self.share == 1:
            return self.inner(self.outer(x))
        if self.share == 0:
            return self.inner(self.entry(x))
        return self.inner(self.share * self.outer(x) + (1 - self.share) * self.entry(halved(x)))


class GrowingDecoder(nn.Module):
    """The same the other way round."""

    share = 1.0

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        layers = list(decoder.draw)
        self.spread, self.coarsest = decoder.spread, decoder.coarsest
        self.inner, self.outer = nn.Sequential(*layers[:-OUTER_OUT]), nn.Sequential(*layers[-OUTER_OUT:])
        self.exit = nn.Conv2d(layers[-OUTER_OUT].in_channels, layers[-1].out_channels, 3, padding=1)

    def forward(self, code: Tensor) -> Tensor:
        map_ = self.inner(self.spread(code).unflatten(1, self.coarsest).contiguous(memory_format=torch.channels_last))
        if self.share == 1:
            drawn = self.outer(map_)
        elif self.share == 0:
            drawn = self.exit(map_)
        else:
            coarse = nn.functional.interpolate(self.exit(map_), scale_factor=2)
            drawn = self.share * self.outer(map_) + (1 - self.share) * coarse
        return torch.sigmoid(full_precision(drawn))


def halved(x: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(x, 2)


def options(**given: object) -> TrainConfig:
    asked = {"method": "ae", "network": "light", "size": size, "width": width, "latent": LATENT, "mirror": "no"}
    return TrainConfig.model_validate({"images_seen": 10**8, **asked, **given})


def growing(config: TrainConfig) -> Autoencoder:
    """The autoencoder, able to grow."""
    torch.manual_seed(config.seed)
    model = build(config.model(3))
    x = torch.rand(2, 3, size, size)
    before = model.decode(model.encode(x))
    model.encoder, model.decoder = GrowingEncoder(model.encoder), GrowingDecoder(model.decoder)
    model.parts = {"generator": (model.encoder, model.decoder)}
    assert torch.equal(model.decode(model.encode(x)), before), "grown up it is the network that it was"
    return model.to(memory_format=torch.channels_last)


def at(model: Autoencoder, share: float) -> None:
    """What the outer layers say from here on; only what says something is moved."""
    encoder, decoder = model.encoder, model.decoder
    encoder.share = decoder.share = share
    moved = [encoder.inner, decoder.spread, decoder.inner]
    moved += [encoder.outer, decoder.outer] if share > 0 else []
    moved += [encoder.entry, decoder.exit] if share < 1 else []
    model.parts = {"generator": tuple(moved)}


def time_steps() -> None:
    """How much longer a step takes at full size."""
    model = growing(options())
    x = torch.rand(TILE, 3, size, size).contiguous(memory_format=torch.channels_last)

    def seconds(share: float, images: Tensor) -> float:
        at(model, share)
        begun = time.process_time()
        sum(model.losses(images, torch.Generator()).terms.values(), start=torch.zeros(())).backward()
        return time.process_time() - begun

    turns = [(seconds(1, x), seconds(0.5, x), seconds(0, halved(x))) for _ in range(ROUNDS + 2)][2:]
    for name, place in (("at half the size", 2), ("while fading", 1)):
        ratio = statistics.median(turn[place] / turn[0] for turn in turns)
        print(f"a step {name}: {ratio:.2f} of one at full size")


def shares(steps: int, grow: bool) -> Iterator[float]:
    """What the outer layers say at each step."""
    for step in range(steps):
        yield min(1.0, max(0.0, (step / steps - GROWN) / FADED)) if grow else 1.0


class Peer:
    """The trained weights' average, asked as a `Space` is."""

    def __init__(self, model: Autoencoder) -> None:
        self.model = model

    @torch.inference_mode()
    def encode(self, images: Pixels) -> Codes:
        return np.concatenate([self.model.encode(x).numpy() for x in torch.from_numpy(to_float(images)).split(TILE)])

    @torch.inference_mode()
    def decode(self, codes: Codes) -> Pixels:
        tiles = torch.from_numpy(codes).float().split(TILE)
        return np.concatenate([to_bytes(self.model.decode(z).numpy()) for z in tiles])


@cache
def drawn(kind: str) -> Drawn:
    return draw(kind, pairs(kind, PAIRS), size)


def train(name: str, dataset: Dataset, config: TrainConfig, grow: bool) -> float:
    """The seconds that it took; prints what came of it."""
    model = growing(config)
    with tempfile.TemporaryDirectory() as folder:
        training = Training(model, dataset, config, Run(Path(folder)), cpu)
        begun = time.process_time()
        steps = training.loader.steps(0, config.steps)
        for (_, batch), share in zip(steps, shares(config.steps, grow), strict=True):
            at(model, share)
            training.train_step([replace(one, images=halved(one.images)) for one in batch] if share == 0 else batch)
        spent = time.process_time() - begun
    peer = Peer(training.state.ema)
    held_out = np.array(dataset.pixels[dataset.rows("validation")])
    missed = to_float(held_out) - to_float(peer.decode(peer.encode(held_out)))
    r2 = 1 - np.square(missed).sum() / np.square(to_float(held_out) - to_float(held_out).mean(axis=0)).sum()
    print(f"{name}: {config.images_seen:,} images, {spent:.0f} s, R² {r2:.3f}", flush=True)
    for kind in (OPPOSITE, RANDOM):
        found = midpoint_figures(peer, drawn(kind))
        print(f"  {kind}: SSIM of midpoint {found.ssim:.3f}, G(truth) {found.truth_ssim:.3f}", flush=True)
    return spent


if len(sys.argv) <= 3:
    time_steps()
else:
    images_seen, seed = int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory() as folder:
        draw_into(SamplesConfig(out=Path(folder), n=FACES, size=size))
        faces = open_dataset(Path(folder) / IMAGES, size)
        plain = train("as ever", faces, options(images_seen=images_seen, seed=seed), grow=False)
        grown = train("grown", faces, options(images_seen=images_seen, seed=seed), grow=True)
        as_long = round(images_seen * grown / plain)
        train("as ever, as long as the grown one", faces, options(images_seen=as_long, seed=seed), grow=False)
