"""From the options of a training to its run: images, networks, run folder, and whether it goes on or begins."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import gaia_stim
from gaia_stim.alignment import LOOKED_AT, AlignmentFrame, scatter
from gaia_stim.config import INVERTIBLE, ModelConfig, SamplesConfig, TrainConfig, option_name
from gaia_stim.dataset import Dataset, cache_folder, open_dataset
from gaia_stim.devices import arithmetic, choose_device, free_cores
from gaia_stim.errors import CheckpointError, ConfigError, DataError, OutputInTheWay
from gaia_stim.events import Listener, Note, silent
from gaia_stim.images import read_image
from gaia_stim.labels import by_chance, by_list, read_groups
from gaia_stim.models import build
from gaia_stim.models.base import DEFAULTED, Autoencoder
from gaia_stim.runs import LATEST, DatasetRecord, Run, RunConfig, name_latest, named_run
from gaia_stim.samples.folder import IMAGES, LABELS, draw_into
from gaia_stim.tensors import read_tensors
from gaia_stim.training.distributed import ProcessGroup, here
from gaia_stim.training.loader import derive_seed
from gaia_stim.training.loop import Training
from gaia_stim.training.mirror import ALIKE, strangeness

AS_BEFORE = {
    "groups": 1,
    "split_by": None,
    "shape_latent": None,
    "smoothness": None,
    "edges": 0.0,
    "pretrain": 0.0,
    "mirror": "no",
    "follow_links": False,
}
"""What runs of before there were these options were trained with."""
SEEN_OF_EACH, SHORTEST, LONGEST = 30, 75_000, 400_000
"""How long is trained by default: so often is each image seen, within these bounds in images. Who has 140 photographs
does not wait for hours."""
BUILT_IN_SAMPLES = 4_000
"""How many faces are drawn where no images are given."""


@dataclass(frozen=True)
class TrainResult:
    """What was trained, how far, and how good its best weights are."""

    run: Path
    images_seen: int
    validation_l1: float | None
    model_hash: str | None
    parameters: int
    training_images: int
    validation_images: int


def trained(config: TrainConfig, listen: Listener = silent) -> TrainResult:
    """Train as `config` says; the identical command goes on where it was stopped, or finds that all is done.

    On several devices, all processes of a `joined` block call it alike; the first of them writes and tells.

    Raises `ConfigError` where the run folder holds another run, `DataError` for the images, `CheckpointError` for
    what is left of a run, `DivergedError`, and `InterruptedRun` once a stopped run is saved.
    """
    devices = here()
    listen = listen if devices.leads else silent
    _look_first(config, devices)
    if config.dry_run and config.images is None and not (_samples_folder(config) / LABELS).exists():
        return _plan_with_samples(config, listen)
    with devices.leader_first():
        folder = config.images or _built_in_samples(config, listen)
        dataset = open_dataset(
            folder,
            config.size,
            channels=config.channels,
            fit=config.fit,
            background=config.background,
            strict=config.strict,
            follow_links=config.follow_links,
            listen=listen,
        )
    dataset, held_out = _split(dataset, config)
    if len(dataset.rows("train")) < config.batch:
        raise DataError(
            f"{folder}: {len(dataset.rows('train'))} images to train on, fewer than a batch of {config.batch}; "
            "give more images or a smaller --batch"
        )
    model_config = config.model(dataset.channels)
    run = Run(config.out or default_run(config))
    config = _mirrored(_lasting(_parted(config, run, devices), run, dataset), dataset, listen)
    device = choose_device(config.device)
    resuming = _take(run, config, dataset, held_out)
    frame = AlignmentFrame.of_folder(dataset.folder, set(dataset.table["image_hash"]))
    if frame is None and config.images is not None and devices.leads and not resuming:
        _mind_scatter(dataset, listen)
    threads = run.config().threads if resuming else config.threads or max(1, free_cores() // devices.size_here)
    # Free cores are another number wherever they are counted; and nothing is written before all have looked.
    [threads] = devices.highest(threads)
    torch.set_num_threads(threads)
    model = _new_model(model_config, config)
    _mind_unheeded(model, config, listen)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if config.dry_run:
        listen(Note(_plan(config, dataset, run, threads, device, parameters, resuming)))
        return TrainResult(
            run.path, 0, None, None, parameters, len(dataset.rows("train")), len(dataset.rows("validation"))
        )
    if config.from_ and not (resuming and run.states):
        _start_from(model, named_run(config.from_))
    with run.taken() if devices.leads else nullcontext():
        training = Training(model, dataset, config, run, device, listen)
        if devices.leads:
            # Another training may have begun, or ended, here since we looked.
            if _take(run, config, dataset, held_out) != resuming:
                raise ConfigError(
                    f"{run.path}: another training was at work in it just now; give the same command again"
                )
            run.remove_strays()
        [going_on] = devices.highest(devices.leads and resuming and bool(run.states))
        if going_on:
            training.resume()
            training.check_best()
            begun, now = run.config().precision, training.train_step.precision
            if begun not in (now, "auto"):
                listen(Note(f"{run.path}: begun in {begun}, goes on in {now}, as this machine has it", warning=True))
        elif devices.leads:
            # Whatever a run that is replaced, or one that was never saved, left here.
            run.clear()
            run.write_config(_run_config(config, model_config, dataset, held_out, frame, threads, device))
        if devices.leads and not name_latest(run):
            listen(Note(f"{LATEST}: a file of your own, left as it is; name the model by -m {run.path}", warning=True))
        if training.finished:
            listen(Note(f"{run.path} is trained already: nothing to do"))
        best = training.finish()
    return TrainResult(
        run.path,
        training.images_seen,
        best.validation_l1,
        run.model_hash(),
        parameters,
        len(dataset.rows("train")),
        len(dataset.rows("validation")),
    )


def _look_first(config: TrainConfig, devices: ProcessGroup) -> None:
    """What can be known to be wrong before an image is read, or drawn; raises as `trained`."""
    run = Run(config.out or default_run(config))
    choose_device(config.device)
    _check_place(run, config)
    _parted(config, run, devices)
    with torch.device("meta"):
        build(config.model(1 if config.channels == "1" else 3))
    if config.from_ and (config.force or not run.exists):
        before = named_run(config.from_)
        before.config()
        before.weights_record()


def _parted(config: TrainConfig, run: Run, devices: ProcessGroup) -> TrainConfig:
    """The same config with its number of groups: that of the run that it goes on with, else one for each process.

    Raises `ConfigError` where the batch has no such groups, or the processes cannot share them.
    """
    groups = config.groups or devices.size
    if not config.groups and run.exists and not config.force:
        groups = run.config().options.get("groups", 1)
    if config.batch % (4 * groups):
        raise ConfigError(
            f"--batch {config.batch}: does not part into {groups} groups of 4 images or a multiple of 4; give another "
            "--batch, or --groups"
        )
    if groups % devices.size:
        raise ConfigError(
            f"--groups {groups}: {devices.size} processes cannot share them evenly; start a number that divides them"
        )
    return config.model_copy(update={"groups": groups})


def _lasting(config: TrainConfig, run: Run, dataset: Dataset) -> TrainConfig:
    """The same config with its length: that of the run that it goes on with, else by the number of images."""
    if config.images_seen is not None:
        return config
    images_seen = min(max(SEEN_OF_EACH * len(dataset.rows("train")), SHORTEST), LONGEST)
    if run.exists and not config.force:
        images_seen = run.config().options.get("images_seen", images_seen)
    return config.model_copy(update={"images_seen": images_seen})


def _split(dataset: Dataset, config: TrainConfig) -> tuple[Dataset, list[str] | None]:
    """The images parted as asked for, and the hashes of those held out; by themselves where nobody asks."""
    if config.split_by is None and config.hold_out is None:
        return dataset, None
    images = dataset.table["path"].tolist()
    groups = None
    if config.split_by is not None and config.labels is not None:
        groups = read_groups(config.labels, config.split_by, images)
    chosen = by_list(config.hold_out, images, groups) if config.hold_out else by_chance(groups or images)
    # By hash, so that copies of an image stay together.
    hashes = sorted(set(dataset.table["image_hash"][chosen]))
    return dataset.split(dataset.table["image_hash"].isin(hashes).to_numpy()), hashes


def _mirrored(config: TrainConfig, dataset: Dataset, listen: Listener) -> TrainConfig:
    """The same config with --mirror decided."""
    if config.mirror != "auto":
        return config
    found = "yes" if strangeness(dataset) <= ALIKE else "no"
    if found == "yes":
        listen(Note("the images look alike in a mirror: half of them are mirrored in training (--mirror no: none)"))
    return config.model_copy(update={"mirror": found})


def default_run(config: TrainConfig) -> Path:
    """Where a run goes that was given no --out."""
    name = config.images.resolve().name if config.images else "samples"
    return Path("runs") / f"{name}_{config.size}_{config.method}"


def _built_in_samples(config: TrainConfig, listen: Listener) -> Path:
    """The built-in faces, drawn once into the cache."""
    folder = _samples_folder(config)
    listen(Note(f"no images given: training on {BUILT_IN_SAMPLES:,} built-in faces"))
    draw_into(SamplesConfig(out=folder, n=BUILT_IN_SAMPLES, size=config.size, seed=config.seed), listen)
    return folder / IMAGES


def _samples_folder(config: TrainConfig) -> Path:
    return cache_folder() / f"samples_{gaia_stim.__version__}_{config.size}_{config.seed}"


def _plan_with_samples(config: TrainConfig, listen: Listener) -> TrainResult:
    """What a dry run tells where even the images are yet to be made."""
    run = Run(config.out or default_run(config))
    model_config = config.model(1 if config.channels == "1" else 3)
    parameters = sum(parameter.numel() for parameter in _new_model(model_config, config).parameters())
    listen(
        Note(
            f"images: {BUILT_IN_SAMPLES:,} built-in faces, to be drawn first\n"
            f"model: {_in_words(model_config, parameters)}\n"
            f"run folder: {run.path}"
        )
    )
    return TrainResult(run.path, 0, None, None, parameters, 0, 0)


def _in_words(model: ModelConfig, parameters: int) -> str:
    """What will be trained, which of a flow is not what `--network` and `--latent` say."""
    networks = "its own" if model.method in INVERTIBLE else model.network
    return (
        f"{model.method} of {networks} networks, {model.size} px, {model.channels} "
        f"channel{'s' if model.channels > 1 else ''}, {parameters:,} parameters, {model.latent} latents"
    )


def _new_model(model_config: ModelConfig, config: TrainConfig) -> Autoencoder:
    # Initial weights depend on the seed alone, not on what the process drew before.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(config.seed, 0, "weights"))
        return build(model_config)


def _mind_unheeded(model: Autoencoder, config: TrainConfig, listen: Listener) -> None:
    """Say which options somebody gave that change nothing in a model of this method."""
    usual = TrainConfig(preset=config.preset)
    for name in DEFAULTED:
        value = getattr(config, name)
        # Where none of it is asked for, there is none.
        if name not in model.heeds and value and value != getattr(usual, name):
            listen(Note(f"{option_name(name)}: changes nothing in method '{config.method}'", warning=True))


def _start_from(model: Autoencoder, run: Run) -> None:
    """Take up another run's weights: its best generator and, where it still has it, its discriminator."""
    tensors, _ = read_tensors(run.weights)
    if run.state.exists():
        state, _ = read_tensors(run.state)
        own = model.state_dict()
        others = {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}
        tensors = {name: value for name, value in others.items() if name in own} | tensors
    options = "--size, --network, --latent, --shape-latent, --width"
    wrong = f"--from {run.path}: its networks are not those asked for; give its {options}"
    # Networks that share no name would be taken up without a word, and without a weight.
    if not model.generator_state().keys() <= tensors.keys():
        raise CheckpointError(wrong)
    try:
        model.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=False)
    except RuntimeError as error:
        raise CheckpointError(wrong) from error


def _mind_scatter(dataset: Dataset, listen: Listener) -> None:
    """Say where faces do not lie in one place: what a model learns of that it does not learn of faces."""
    rows = np.unique(np.linspace(0, len(dataset) - 1, LOOKED_AT).astype(int))
    paths = [dataset.folder / path for path in dataset.table["path"].iloc[rows]]
    found = scatter([read_image(path, dataset.background) for path in paths], dataset.fit)
    if found is not None and found.is_large:
        listen(
            Note(
                f"the faces in {dataset.folder} do not lie in one place (the eyes of {found.faces} of them "
                f"{100 * found.apart:.0f} % of a side from the mean), which morphs will show; "
                f"'gaia-stim align {dataset.folder} --out aligned' puts them in one",
                warning=True,
            )
        )


def _run_config(
    config: TrainConfig,
    model: ModelConfig,
    dataset: Dataset,
    held_out: list[str] | None,
    frame: AlignmentFrame | None,
    threads: int,
    device: torch.device,
) -> RunConfig:
    return RunConfig(
        gaia_stim=gaia_stim.__version__,
        torch=torch.__version__,
        threads=threads,
        device=str(device),
        precision=arithmetic(config.precision, device),
        model=model,
        dataset=DatasetRecord(
            folder=str(dataset.folder),
            content_hash=dataset.content_hash,
            fit=config.fit,
            background=config.background,
            training_images=len(dataset.rows("train")),
            validation_images=len(dataset.rows("validation")),
            held_out=held_out,
        ),
        alignment=frame,
        options=config.request(),
    )


def _take(run: Run, config: TrainConfig, dataset: Dataset, held_out: list[str] | None) -> bool:
    """Whether `run` is this very training, begun before; a new one may have its folder. Raises `ConfigError` else.

    Nothing is deleted here: a mistake may still turn up.
    """
    _check_place(run, config)
    if run.sheets.is_symlink():
        raise OutputInTheWay(f"{run.sheets}: is a link, and sheets would be written behind it; give another --out")
    if run.exists:
        found = run.config()
        if config.force:
            return False
        if difference := _difference(found, config, dataset, held_out):
            raise OutputInTheWay(
                f"{run.path}: holds another training ({difference}); give another --out, or replace it with --force",
                replaceable=True,
            )
        return True
    return False


def _check_place(run: Run, config: TrainConfig) -> None:
    """Whether a run can be where one is asked for. Raises `ConfigError`."""
    if config.from_ and config.from_.resolve() == run.path.resolve():
        raise ConfigError(f"--from {config.from_}: is where the new run goes; give another --out")
    # A kill before the config was written leaves a folder with nothing but what was being written.
    is_ours = run.path.is_dir() and (run.exists or all(run.is_stray(path) for path in run.path.iterdir()))
    if run.path.exists() and not is_ours:
        raise OutputInTheWay(f"{run.path}: exists and is not a run folder; give another --out")


def _difference(found: RunConfig, config: TrainConfig, dataset: Dataset, held_out: list[str] | None) -> str:
    """In what the training found there differs from the one asked for; empty where in nothing that matters."""
    if found.dataset.content_hash != dataset.content_hash:
        return "on other images"
    if found.dataset.held_out != held_out:
        return "with other images held out"
    wanted = config.request()
    # The folder may have been moved: the images' hashes tell.
    options = AS_BEFORE | found.options
    changed = [key for key, value in wanted.items() if key != "images" and options.get(key) != value]
    return "; ".join(f"--{key.replace('_', '-')} {options.get(key)}, not {wanted[key]}" for key in changed)


def _plan(
    config: TrainConfig,
    dataset: Dataset,
    run: Run,
    threads: int,
    device: torch.device,
    parameters: int,
    resuming: bool,
) -> str:
    train, validation = len(dataset.rows("train")), len(dataset.rows("validation"))
    lines = [
        (
            "images",
            f"{dataset.folder}: {train:,} to train on, {validation:,} held out",
        ),
        (
            "model",
            _in_words(config.model(dataset.channels), parameters),
        ),
        (
            "training",
            f"{config.images_seen:,} images in {config.steps:,} steps of {config.batch}"
            + (f", in {config.groups} groups" if config.groups > 1 else ""),
        ),
        ("machine", f"{device}, {threads} threads"),
        ("run folder", f"{run.path} ({'goes on' if resuming else 'new'})"),
    ]
    return "\n".join(f"{name}: {value}" for name, value in lines)
