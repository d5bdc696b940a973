"""What this machine does a second, each figure beside what limits it."""

import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch

from gaia_stim.config import (
    BenchmarkEncodeConfig,
    BenchmarkLoadConfig,
    BenchmarkRenderConfig,
    BenchmarkStepConfig,
    SamplesConfig,
    TrainConfig,
)
from gaia_stim.dataset import cache_folder, open_dataset
from gaia_stim.devices import choose_device
from gaia_stim.errors import DataError
from gaia_stim.evaluation import speed
from gaia_stim.events import Listener, silent
from gaia_stim.images import find_images, png_bytes
from gaia_stim.models import build
from gaia_stim.models.base import Autoencoder
from gaia_stim.models.gaia import Gaia
from gaia_stim.runs import Run
from gaia_stim.samples import deal, draw_face
from gaia_stim.samples.folder import IMAGES, draw_into
from gaia_stim.space.images import loaded
from gaia_stim.space.opening import open_space
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.plans.continua import morph_plan
from gaia_stim.stimuli.writing import provenance_of, write_set
from gaia_stim.training.loader import Sampler
from gaia_stim.training.loop import Training

FACES = 500
"""Faces drawn where no images are given."""
STEP, AUTOENCODER, ALTERNATING = "step", "autoencoder", "alternating"
READ, NETWORK, DECODE, COMPRESS, WHOLE = "reading", "network", "decoding", "compressing", "whole"
ROUNDS = 3
"""Turns of what takes long."""


@dataclass(frozen=True)
class BenchmarkStepResult:
    """GAIA's training step on this machine."""

    images_per_second: float
    step_over_ae: float
    """Time of a step as a multiple of the plain autoencoder's, of the same networks."""
    floor_over_ae: float
    """The same of the arithmetic that cannot be saved."""
    alternating_over_step: float
    """How many times as long the usual alternating loop takes."""
    fraction_of_peak: float
    """Arithmetic done a second, as a share of what large matrix products reach here."""
    operations_per_image: float
    peak_operations_per_second: float
    data_wait: float
    """Share of the time that steps waited for their images."""
    data_wait_cold: float | None
    """The same where each image comes from the disk, as from a cache larger than the memory; None on systems that keep
    files in memory whatever they are told."""
    memory_bytes: int
    """Of the process, or taken on the GPU: the most there was."""
    parameters: int
    device: str
    threads: int
    precision: str


@dataclass(frozen=True)
class BenchmarkLoadResult:
    """Random batches out of the cache."""

    images_per_second: float
    """From memory."""
    images_per_second_cold: float | None
    """From the disk, the system's own memory of the file let go of before each batch; None where that cannot be."""
    batch_milliseconds: float
    batch_milliseconds_cold: float | None
    images: int
    cache_bytes: int


@dataclass(frozen=True)
class BenchmarkEncodeResult:
    """Images to codes."""

    images_per_second: float
    over_slowest_part: float
    """Time of the whole as a multiple of its slowest part's alone, which is `slowest_part`."""
    slowest_part: str
    read_images_per_second: float
    network_images_per_second: float
    images: int
    threads: int


@dataclass(frozen=True)
class BenchmarkRenderResult:
    """Codes to a stimulus set on the disk."""

    stimuli_per_second: float
    over_decoding_and_compressing: float
    """Time of the whole set as a multiple of decoding, then compressing to PNG, one after the other."""
    decoded_per_second: float
    compressed_per_second: float
    bytes_per_stimulus: float
    stimuli: int
    threads: int


def benchmark_step(config: BenchmarkStepConfig, listen: Listener = silent) -> BenchmarkStepResult:
    """Time steps of the real training loop in turn with the autoencoder's and the usual alternating one's.

    Raises `ConfigError` for an unknown name, or a device that is not there.
    """
    device, threads = choose_device(config.device), speed.take_threads(config.threads)
    own = {"rounds", "threads"}
    asked = TrainConfig(**config.model_dump(exclude=own), images_seen=config.batch * 10**6)
    described = asked.model(3)
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder, torch.random.fork_rng():
        torch.manual_seed(0)
        dataset = speed.noise(config.size, Path(folder) / "noise.u8")

        def training(model: Autoencoder) -> Training:
            return Training(model, dataset, asked, Run(Path(folder)), device)

        gaia = Gaia(described)
        ours = training(gaia)
        others = {
            AUTOENCODER: training(build(described.model_copy(update={"method": "ae"}))),
            ALTERNATING: training(speed.Alternating(described)),
        }
        jobs = {name: speed.steps_of(one) for name, one in ({STEP: ours} | others).items()}
        turns = speed.in_turn(jobs, config.rounds, device, listen)
        seconds = turns.median(STEP)
        data_wait = ours.loader.waited / (ours.state.step * seconds)
        precision, done = ours.train_step.precision, speed.operations(jobs[STEP])
        peak = speed.peak(device, torch.bfloat16 if precision == "bfloat16" else torch.float32)
        return BenchmarkStepResult(
            images_per_second=config.batch / seconds,
            step_over_ae=turns.ratio(STEP, AUTOENCODER),
            floor_over_ae=speed.floor_over_autoencoder(gaia, ours.loader.images(np.arange(2))),
            alternating_over_step=turns.ratio(ALTERNATING, STEP),
            fraction_of_peak=done / seconds / peak,
            operations_per_image=done / config.batch,
            peak_operations_per_second=peak,
            data_wait=data_wait,
            data_wait_cold=speed.wait_for_the_disk(ours, jobs[STEP], dataset, config.rounds),
            memory_bytes=speed.most_memory(device),
            parameters=sum(parameter.numel() for parameter in gaia.parameters()),
            device=str(device),
            threads=threads,
            precision=precision,
        )


def benchmark_load(config: BenchmarkLoadConfig, listen: Listener = silent) -> BenchmarkLoadResult:
    """Read random batches as a training does, with the file in memory and without. Raises as `open_dataset`."""
    dataset = open_dataset(config.images or _faces(config.size, listen), config.size, listen=listen)
    sampler, steps = Sampler(np.arange(len(dataset)), config.seed), count()

    def read() -> None:
        dataset.batch(sampler.batch(next(steps), config.batch))

    cpu = torch.device("cpu")
    warm = speed.in_turn({READ: read}, config.rounds, cpu, listen).median(READ)
    cold = None
    if speed.let_go(dataset.pixels):
        jobs = {"letting go": lambda: speed.let_go(dataset.pixels), READ: read}
        cold = speed.in_turn(jobs, config.rounds, cpu, listen).median(READ)
    return BenchmarkLoadResult(
        images_per_second=config.batch / warm,
        images_per_second_cold=config.batch / cold if cold else None,
        batch_milliseconds=1000 * warm,
        batch_milliseconds_cold=1000 * cold if cold else None,
        images=len(dataset),
        cache_bytes=dataset.pixels.nbytes,
    )


def benchmark_encode(config: BenchmarkEncodeConfig, listen: Listener = silent) -> BenchmarkEncodeResult:
    """Encode images of a folder, and time reading them and the network alone beside it.

    Raises `DataError` where none can be read, `CheckpointError` for the model.
    """
    threads = speed.take_threads(config.threads)
    space = open_space(config.model, listen, remembers=False)
    paths = find_images(config.images or _faces(space.shape[0], listen))[: config.n]
    pictures = [found.picture for _, found in loaded(space, paths) if not isinstance(found, DataError)]
    if not pictures:
        raise DataError(f"{config.images}: none of its images can be read")
    jobs = {
        READ: lambda: list(loaded(space, paths)),
        NETWORK: lambda: space.encode(pictures),
        WHOLE: lambda: space.encode(
            found.picture for _, found in loaded(space, paths) if not isinstance(found, DataError)
        ),
    }
    turns = speed.in_turn(jobs, ROUNDS, torch.device("cpu"), listen)
    slowest = max((READ, NETWORK), key=turns.median)
    return BenchmarkEncodeResult(
        images_per_second=len(pictures) / turns.median(WHOLE),
        over_slowest_part=turns.ratio(WHOLE, slowest),
        slowest_part=slowest,
        read_images_per_second=len(paths) / turns.median(READ),
        network_images_per_second=len(pictures) / turns.median(NETWORK),
        images=len(pictures),
        threads=threads,
    )


def benchmark_render(config: BenchmarkRenderConfig, listen: Listener = silent) -> BenchmarkRenderResult:
    """Write a set of random codes, or of carried photographs, and time making and compressing its pictures beside it.

    Raises `CheckpointError`, and `ConfigError` for a size where the model has no shape.
    """
    threads = speed.take_threads(config.threads)
    space = open_space(config.model, listen, remembers=False)
    plan = _random_codes(space, config) if config.size is None else _carried(space, config, config.size)
    pictures = plan.pictures(space)
    sizes: list[int] = []

    def compress() -> None:
        sizes[:] = [len(png_bytes(picture)) for picture in pictures]

    with tempfile.TemporaryDirectory() as folder:
        jobs = {
            DECODE: lambda: plan.pictures(space),
            COMPRESS: compress,
            WHOLE: lambda: write_set(Path(folder) / "set", plan, space, provenance_of({}, space, [])),
        }
        turns = speed.in_turn(jobs, ROUNDS, torch.device("cpu"), listen)
    return BenchmarkRenderResult(
        stimuli_per_second=config.n / turns.median(WHOLE),
        over_decoding_and_compressing=turns.median(WHOLE) / (turns.median(DECODE) + turns.median(COMPRESS)),
        decoded_per_second=config.n / turns.median(DECODE),
        compressed_per_second=config.n / turns.median(COMPRESS),
        bytes_per_stimulus=float(np.mean(sizes)),
        stimuli=config.n,
        threads=threads,
    )


def _random_codes(space: Space, config: BenchmarkRenderConfig) -> Plan:
    codes = np.random.default_rng(config.seed).normal(size=(config.n, space.latent)).astype(np.float32)
    return Plan([Row.numbered("sample", place, config.n) for place in range(config.n)], codes, title="benchmark")


def _carried(space: Space, config: BenchmarkRenderConfig, side: int) -> Plan:
    a, b = (draw_face(deal(face, config.seed), size=side) for face in range(2))
    return morph_plan(space, a, b, config.n, size=str(side))


def _faces(size: int, listen: Listener) -> Path:
    """Built-in faces of so many pixels, drawn once into the cache."""
    folder = cache_folder() / "samples" / f"benchmark_{size}_{FACES}"
    draw_into(SamplesConfig(out=folder, n=FACES, size=size), listen)
    return folder / IMAGES
