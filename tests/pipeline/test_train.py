"""Training as a user meets it: stopped anyhow and gone on with, asked again, asked for something else."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from gaia_stim import cli, devices
from gaia_stim.config import SamplesConfig, TrainConfig
from gaia_stim.dataset import open_dataset
from gaia_stim.errors import CheckpointError, ConfigError, DataError, DivergedError, InterruptedRun
from gaia_stim.events import Event, Note, Progress
from gaia_stim.files import STAGING_MARK, hash_file, read_json
from gaia_stim.pipeline.samples import samples
from gaia_stim.pipeline.train import TrainResult, train
from gaia_stim.runs import Run
from gaia_stim.space.images import images_of
from gaia_stim.space.space import Space
from gaia_stim.tensors import read_tensors, write_tensors
from gaia_stim.training import loop
from gaia_stim.training import trained as pipeline
from gaia_stim.training.mirror import mirrored

Ask = Callable[..., TrainConfig]

SMALL: dict[str, Any] = {
    "preset": "tiny",
    "size": 16,
    "latent": 8,
    "width": 4,
    "batch": 4,
    "images_seen": 80,
    "threads": 1,
}
STEPS = 20
SIGNALS = {"SIGINT": 130, "SIGTERM": 75, "SIGKILL": -signal.SIGKILL}
LONG = 800
"""Images of the trainings that are stopped from outside: some seconds."""


@pytest.fixture
def ask(faces: Path, tmp_path: Path) -> Ask:
    """The config of a training of less than a second."""

    def ask(**options: Any) -> TrainConfig:
        return TrainConfig.model_validate({"images": faces, "out": tmp_path / "run", **SMALL, **options})

    return ask


def state(folder: Path) -> dict[str, Any]:
    """What a run is in the end, to the bit: its weights, its state, its sheets, and the figures of its log."""
    run = Run(folder)
    rows = [{key: value for key, value in row.items() if key != "images_per_second"} for row in run.rows()]
    return {
        # Hashes: pytest would explain a difference of megabytes for many minutes.
        "files": [hash_file(path) for path in (run.weights, run.last_weights, run.state)],
        "sheets": {path.name: hash_file(path) for path in sorted(run.sheets.glob("*"))},
        "validations": [row for row in rows if "validation_l1" in row],
        "images_seen": [row["images_seen"] for row in rows],
    }


def times(folder: Path) -> dict[Path, int | bytes]:
    """When each file was written; of the log, which is tidied when a run is taken up, what is in it."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "latest"]
    return {path: path.read_bytes() if path.name == "log.jsonl" else path.stat().st_mtime_ns for path in files}


class Stop:
    """A listener that has this process asked to stop once so many images were seen."""

    def __init__(self, images_seen: int, number: int = signal.SIGTERM) -> None:
        self.images_seen, self.number = images_seen, number

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and event.task == "training" and event.done == self.images_seen:
            os.kill(os.getpid(), self.number)


@pytest.fixture
def _told_of_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", -1)


# -- what a run is ----------------------------------------------------------------------------------------------------


def test_a_run_has_all_that_it_promises(tiny_run: Path, faces: Path) -> None:
    run = Run(tiny_run)
    assert sorted(path.name for path in tiny_run.iterdir()) == [
        ".card.md.gaia-stim.json",
        "card.md",
        "config.json",
        "last.safetensors",
        "log.jsonl",
        "model.safetensors",
        "sheets",
        "training_state.safetensors",
    ]
    config = run.config()
    assert (config.model.size, config.model.channels, config.model.latent, config.threads) == (32, 3, 16, 1)
    assert config.dataset.folder == str(faces)
    assert config.dataset.training_images + config.dataset.validation_images == 60
    assert config.options["images_seen"] == 320 and config.options["preset"] == "tiny"
    rows = list(run.rows())
    assert [row["images_seen"] for row in rows] == [16 * step for step in range(1, 21)]
    assert [row["images_seen"] for row in rows if "validation_l1" in row] == [160, 320]
    record = run.weights_record()
    best = min((row for row in rows if "validation_l1" in row), key=lambda row: row["validation_l1"])
    assert (record.images_seen, record.validation_l1) == (best["images_seen"], best["validation_l1"])
    assert len(list(run.sheets.iterdir())) == 1


def test_the_last_weights_are_the_average_in_the_state(tiny_run: Path) -> None:
    last, kept = load_file(tiny_run / "last.safetensors"), load_file(tiny_run / "training_state.safetensors")
    assert all(value.equal(kept[f"average.{name}"]) for name, value in last.items())
    assert any(name.startswith("model.discriminator.") for name in kept)
    assert not any(name.startswith("discriminator.") for name in last)


def test_the_validation_in_the_header_is_that_of_the_space(tiny_run: Path, faces: Path) -> None:
    """Mean |x − G(x)| in float32 of what `Space` gives; validation runs without autocast, so only rounding differs."""
    space, dataset = Space.load(tiny_run), open_dataset(faces, 32)
    x = dataset.pixels[dataset.rows("validation")].astype(np.float32) / np.float32(255)
    codes = space.encode(dataset.pixels[dataset.rows("validation")])
    with torch.inference_mode():
        pictures = space.model.decode(torch.from_numpy(codes)).permute(0, 2, 3, 1).numpy()
    independent = np.abs(x.astype(np.float64) - pictures).mean()
    recorded = Run(tiny_run).weights_record().validation_l1
    assert recorded == pytest.approx(independent, rel=1e-6)


def test_the_result_tells_of_the_run(ask: Ask, held_out: int, tmp_path: Path) -> None:
    result = train(ask())
    run = Run(result.run)
    assert result == TrainResult(
        tmp_path / "run",
        80,
        run.weights_record().validation_l1,
        hash_file(run.weights),
        sum(value.numel() for name, value in load_file(run.state).items() if name.startswith("model.")),
        60 - held_out,
        held_out,
    )
    assert (tmp_path / "runs" / "latest").read_text() == f"{tmp_path / 'run'}\n"
    assert Space.load().model_hash == result.model_hash


# -- stopped and gone on with -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_told_of_every_step")
@pytest.mark.parametrize("options", [{}, {"method": "ae", "ema": 0.0, "cooldown": 0.0}], ids=str)
def test_stopped_again_and_again_is_the_same_training(options: dict[str, Any], ask: Ask, tmp_path: Path) -> None:
    whole = train(ask(out=tmp_path / "whole", sheets=4, **options))
    for stop in (4, 28, 32, 72):
        with pytest.raises(InterruptedRun) as caught:
            train(ask(sheets=4, **options), Stop(stop))
        for words in (f"all saved in {tmp_path / 'run'}", f"after {stop} images", "the same command goes on"):
            assert words in str(caught.value)
        assert caught.value.exit_code == 75
    told: list[Event] = []
    result = train(ask(sheets=4, **options), told.append)
    assert Note(f"resuming {tmp_path / 'run'} at 72 images") in told
    assert result.validation_l1 == whole.validation_l1
    assert state(tmp_path / "run") == state(tmp_path / "whole")


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_stop_at_the_last_step_is_no_stop(ask: Ask) -> None:
    assert train(ask(), Stop(80)).images_seen == 80


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_crash_anywhere_is_the_same_training(ask: Ask, tmp_path: Path) -> None:
    """Nothing is saved on the way out; what was saved last is gone on from."""

    def crash(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 60:
            raise MemoryError

    train(ask(out=tmp_path / "whole"))
    with pytest.raises(InterruptedRun):
        train(ask(), Stop(32))
    with pytest.raises(MemoryError):
        train(ask(), crash)
    assert [row["images_seen"] for row in Run(tmp_path / "run").rows()][-1] == 60
    train(ask())
    assert state(tmp_path / "run") == state(tmp_path / "whole")


def test_two_trainings_are_the_same_to_the_bit(ask: Ask, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train(ask(out=tmp_path / name))
    assert state(tmp_path / "one") == state(tmp_path / "two")
    assert read_json(tmp_path / "one" / "config.json") == read_json(tmp_path / "two" / "config.json")
    assert state(train(ask(out=tmp_path / "three", seed=1)).run) != state(tmp_path / "one")


def command(faces: Path, out: Path) -> list[str]:
    options = {**SMALL, "images-seen": LONG, "sheets": 0, "save-seconds": 0.2}
    del options["images_seen"]
    typed = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "gaia_stim", "train", str(faces), "--out", str(out), *typed]


@pytest.fixture(scope="module")
def whole(faces: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training of `command` that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        patch.chdir(folder)
        train(
            TrainConfig.model_validate(
                {"images": faces, "out": folder / "run", **SMALL, "images_seen": LONG, "sheets": 0}
            )
        )
    return folder / "run"


@pytest.mark.parametrize(
    ("name", "code"),
    [pytest.param(*each, marks=[] if each[0] == "SIGTERM" else pytest.mark.slow) for each in SIGNALS.items()],
)
def test_a_signal_from_outside(name: str, code: int, whole: Path, faces: Path, tmp_path: Path, capsys: Any) -> None:
    """A real process, really signalled; the same command in another process, here, ends as if it had not been."""
    run = Run(tmp_path / "run")
    with subprocess.Popen(
        command(faces, run.path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 300
        while process.poll() is None and len(list(run.rows())) < 12 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    assert out == "" and "Traceback" not in err
    if name != "SIGKILL":
        seen = int(read_tensors(run.state, only_metadata=True)[1]["step"]) * SMALL["batch"]
        assert 48 <= seen < LONG
        last = err.splitlines()[-1]
        assert last.startswith("stopped: ") and last.endswith("; the same command goes on")
        assert f"after {seen:,} images" in last and f"all saved in {run.path}" in last
    assert cli.main(command(faces, run.path)[3:]) == 0
    assert name == "SIGKILL" or f"resuming {run.path} at {seen:,} images" in capsys.readouterr().err
    assert state(run.path)["files"] == state(whole)["files"]


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_crash_before_anything_was_saved(ask: Ask, tmp_path: Path) -> None:
    def crash(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 40:
            raise MemoryError

    train(ask(out=tmp_path / "whole"))
    with pytest.raises(MemoryError):
        train(ask(), crash)
    train(ask())
    assert state(tmp_path / "run") == state(tmp_path / "whole")


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_crash_before_anything_was_saved_of_a_training_from_another(ask: Ask, tiny_run: Path, tmp_path: Path) -> None:
    def crash(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 8:
            raise MemoryError

    options = {"size": 32, "latent": 16, "shape_latent": 12, "width": 8, "from": tiny_run}
    train(ask(out=tmp_path / "whole", **options))
    with pytest.raises(MemoryError):
        train(ask(**options), crash)
    train(ask(**options))
    assert state(tmp_path / "run")["files"] == state(tmp_path / "whole")["files"]


@pytest.mark.usefixtures("_told_of_every_step")
def test_strays_of_a_killed_save_are_removed(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(InterruptedRun):
        train(ask(), Stop(32))
    (tmp_path / "run" / f"{STAGING_MARK}x_model.safetensors").write_bytes(b"half")
    train(ask())
    assert not list((tmp_path / "run").glob(f"{STAGING_MARK}*"))


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_damaged_state_is_told(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(InterruptedRun):
        train(ask(), Stop(32))
    path = Run(tmp_path / "run").state
    whole = path.read_bytes()
    for damaged in (whole[:-5], whole[:50], b"", b"text"):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError) as caught:
            train(ask())
        assert str(caught.value).startswith(f"{path}: ") and caught.value.exit_code == 4


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_flipped_byte_in_the_state_falls_back_to_the_save_before(ask: Ask, tmp_path: Path) -> None:
    train(ask(out=tmp_path / "whole"))
    for stop in (32, 48):
        with pytest.raises(InterruptedRun):
            train(ask(), Stop(stop))
    path = Run(tmp_path / "run").state
    content = bytearray(path.read_bytes())
    content[-3000] ^= 1
    path.write_bytes(content)
    told: list[Event] = []
    train(ask(), told.append)
    assert any(isinstance(event, Note) and event.warning for event in told)
    assert state(tmp_path / "run")["files"] == state(tmp_path / "whole")["files"]


# -- asked again, or for something else -------------------------------------------------------------------------------


def test_the_identical_command_does_nothing(ask: Ask, tmp_path: Path) -> None:
    first = train(ask())
    before = times(tmp_path / "run")
    told: list[Event] = []
    assert train(ask(), told.append) == first
    assert told[-1] == Note(f"{tmp_path / 'run'} is trained already: nothing to do")
    assert times(tmp_path / "run") == before


OTHERS: dict[str, dict[str, Any]] = {
    "--latent 8, not 4": {"latent": 4},
    "--images-seen 80, not 160": {"images_seen": 160},
    "--seed 0, not 1": {"seed": 1},
    "--interpolations True, not False": {"interpolations": False},
    "--gamma 0.5, not 1.0; --lr 0.001, not 0.002": {"lr": 2e-3, "gamma": 1.0},
    "--from None, not runs/x": {"from": Path("runs/x")},
}


def test_other_options_are_refused(ask: Ask, tmp_path: Path) -> None:
    train(ask())
    before = times(tmp_path / "run")
    for said, other in OTHERS.items():
        for dry_run in (False, True):
            with pytest.raises(ConfigError) as caught:
                train(ask(**other, dry_run=dry_run))
            assert str(caught.value) == (
                f"{tmp_path / 'run'}: holds another training ({said}); give another --out, or replace it with --force"
            )
    assert times(tmp_path / "run") == before


def test_how_it_is_worked_makes_no_other_training(ask: Ask, tmp_path: Path) -> None:
    first = train(ask())
    before = times(tmp_path / "run")
    assert train(ask(threads=2, sheets=3, save_seconds=5.0, strict=True)) == first
    assert times(tmp_path / "run") == before


def test_moved_images_are_the_same_and_other_images_are_not(ask: Ask, faces: Path, tmp_path: Path) -> None:
    first = train(ask())
    shutil.copytree(faces, tmp_path / "moved")
    assert train(ask(images=tmp_path / "moved")) == first
    next((tmp_path / "moved").iterdir()).unlink()
    with pytest.raises(ConfigError, match=r"holds another training \(on other images\)"):
        train(ask(images=tmp_path / "moved"))


@pytest.mark.usefixtures("_told_of_every_step")
def test_the_threads_are_those_that_it_began_with(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(InterruptedRun):
        train(ask(), Stop(32))
    train(ask(threads=2))
    assert torch.get_num_threads() == 1
    assert Run(tmp_path / "run").config().threads == 1


def test_force_replaces_a_run(ask: Ask, tmp_path: Path) -> None:
    train(ask(sheets=5))
    train(ask(latent=4, sheets=1, force=True))
    run = Run(tmp_path / "run")
    assert run.config().model.latent == 4
    assert len(list(run.sheets.iterdir())) == 1
    assert len(list(run.rows())) == STEPS


def test_a_folder_of_someone_elses_is_refused(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is not a run folder; give another --out"):
        train(ask())
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(ConfigError, match="is not a run folder"):
        train(ask())
    assert (tmp_path / "run").read_text() == "mine"


def test_an_empty_folder_is_nobodys(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert train(ask()).images_seen == 80


def test_force_never_deletes_what_is_not_a_run(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with contextlib.suppress(ConfigError, CheckpointError):
        train(ask(force=True))
    assert (tmp_path / "run" / "thesis.txt").read_text() == "mine"


def test_force_never_deletes_what_has_a_config_of_its_own(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    (tmp_path / "run" / "config.json").write_text('{"name": "a web site"}')
    with contextlib.suppress(ConfigError, CheckpointError):
        train(ask(force=True))
    assert (tmp_path / "run" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "mistake",
    [{"device": "cuda:99"}, {"from": Path("nowhere")}, {"method": "gaja"}, {"network": "lihgt"}],
    ids=str,
)
def test_force_with_a_mistake_deletes_nothing(
    mistake: dict[str, Any], ask: Ask, tiny_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    with pytest.raises((ConfigError, CheckpointError)):
        train(ask(force=True, **mistake))
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_a_run_can_not_replace_what_it_starts_from(ask: Ask, tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    options = {"size": 32, "latent": 16, "width": 8, "from": tmp_path / "run", "images_seen": 4}
    with contextlib.suppress(ConfigError, CheckpointError):
        train(ask(force=True, **options))
    assert (tmp_path / "run" / "model.safetensors").exists()


# -- a dry run --------------------------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing(ask: Ask, held_out: int, tmp_path: Path) -> None:
    train(ask(out=tmp_path / "other"))
    before = times(tmp_path)
    told: list[Event] = []
    result = train(ask(dry_run=True), told.append)
    assert (result.images_seen, result.validation_l1, result.model_hash) == (0, None, None)
    assert (result.training_images, result.validation_images) == (60 - held_out, held_out)
    *_, note = [event.text for event in told if isinstance(event, Note)]
    split = (f"{60 - held_out} to train on", f"{held_out} held out")
    for words in (*split, "16 px, 3 channels", "80 images in 20 steps of 4", "cpu, 1 threads"):
        assert words in note
    assert f"{tmp_path / 'run'} (new)" in note
    assert times(tmp_path) == before and not (tmp_path / "run").exists()
    train(ask(out=tmp_path / "other", dry_run=True), told.append)
    assert "(goes on)" in told[-1].text  # type: ignore[union-attr]
    train(ask(out=tmp_path / "other", latent=4, dry_run=True, force=True), told.append)
    assert times(tmp_path) == before


def test_a_dry_run_draws_no_faces(ask: Ask, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "BUILT_IN_SAMPLES", 20)
    train(ask(images=None, seed=77, dry_run=True))
    assert not list(cache.glob("samples_*_77"))


def test_a_dry_run_says_what_a_flow_is_made_of_and_not_what_was_typed(ask: Ask) -> None:
    told: list[Event] = []
    train(ask(method="flow", network="munit", latent=4, dry_run=True), told.append)
    assert "model: flow of its own networks, 16 px, 3 channels" in told[-1].text  # type: ignore[union-attr]
    assert "768 latents" in told[-1].text  # type: ignore[union-attr]


# -- starting from another run ----------------------------------------------------------------------------------------


def test_starting_from_another_run(ask: Ask, tiny_run: Path, tmp_path: Path) -> None:
    """With a learning rate of nothing, the weights stay those that it started from; of the discriminator too."""
    still = {"size": 32, "latent": 16, "shape_latent": 12, "width": 8, "lr": 1e-12, "images_seen": 8, "from": tiny_run}
    train(ask(**still))
    found, before = load_file(tmp_path / "run" / "model.safetensors"), load_file(tiny_run / "model.safetensors")
    assert all(torch.allclose(found[name], value, atol=1e-6) for name, value in before.items())
    found = load_file(tmp_path / "run" / "training_state.safetensors")
    before = load_file(tiny_run / "training_state.safetensors")
    name = next(name for name in before if name.startswith("model.discriminator."))
    assert torch.allclose(found[name], before[name], atol=1e-6)
    assert Run(tmp_path / "run").config().options["from"] == str(tiny_run)


def test_starting_from_the_weights_alone(ask: Ask, tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "bare", ignore=shutil.ignore_patterns("training_state*"))
    still = {
        "size": 32,
        "latent": 16,
        "shape_latent": 12,
        "width": 8,
        "lr": 1e-12,
        "images_seen": 8,
        "from": tmp_path / "bare",
    }
    train(ask(**still))
    found, before = load_file(tmp_path / "run" / "model.safetensors"), load_file(tiny_run / "model.safetensors")
    assert all(torch.allclose(found[name], value, atol=1e-6) for name, value in before.items())


@pytest.mark.parametrize(
    "other", [{"size": 64}, {"latent": 8}, {"width": 4}, {"network": "munit"}, {"channels": "1"}], ids=str
)
def test_starting_from_another_network_is_refused(
    other: dict[str, Any], ask: Ask, tiny_run: Path, tmp_path: Path
) -> None:
    own = {} if other.keys() & {"latent", "network"} else {"shape_latent": 12}
    with pytest.raises(CheckpointError) as caught:
        train(ask(**{"size": 32, "latent": 16, "width": 8, "from": tiny_run, **own, **other}))
    assert str(caught.value).startswith(f"--from {tiny_run}: its networks are not those asked for")
    assert not (tmp_path / "run").exists()


def test_starting_from_nothing_is_refused(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        train(ask(**{"from": Path("nowhere")}))
    assert not (tmp_path / "run").exists()


# -- the images -------------------------------------------------------------------------------------------------------


def paint(folder: Path, count: int, shape: tuple[int, ...]) -> Path:
    folder.mkdir()
    for index in range(count):
        pixels = np.random.default_rng(index).integers(0, 256, shape, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:03}.png")
    return folder


@pytest.mark.parametrize(
    ("count", "said"), [(0, "no images in it"), (1, "only 1 image"), (3, "fewer than a batch of 4")]
)
def test_too_few_images(count: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = paint(tmp_path / "few", count, (16, 16))
    assert cli.main(["train", str(images), "--preset", "tiny", "--batch", "4", "--threads", "1"]) == 3
    err = capsys.readouterr().err
    assert f"error: {images}: " in err and said in err
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "nowhere"]) == 3
    assert capsys.readouterr().err == "error: no such folder: nowhere\n"


def test_grey_images_make_a_grey_model(ask: Ask, tmp_path: Path) -> None:
    images = paint(tmp_path / "grey", 12, (20, 30))
    train(ask(images=images))
    space = Space.load(tmp_path / "run")
    assert space.shape == (16, 16, 1)
    assert space.decode(space.encode([images / "000.png"])).shape == (1, 16, 16, 1)


def test_unreadable_images_are_left_out_or_refused(ask: Ask, tmp_path: Path) -> None:
    images = paint(tmp_path / "some", 12, (16, 16, 3))
    (images / "note.png").write_text("not an image")
    with pytest.raises(DataError, match=r"1 of 13 files cannot be read: note\.png"):
        train(ask(images=images, strict=True))
    told: list[Event] = []
    result = train(ask(images=images), told.append)
    assert result.training_images + result.validation_images == 12
    assert any(isinstance(event, Note) and event.warning and "note.png" in event.text for event in told)


def test_without_images_it_trains_on_faces(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pipeline, "BUILT_IN_SAMPLES", 20)
    told: list[Event] = []
    result = train(ask(images=None, out=None, images_seen=8), told.append)
    assert result.run == Path("runs") / "samples_16_gaia" and (tmp_path / result.run / "model.safetensors").exists()
    assert result.training_images + result.validation_images == 20
    assert told[0] == Note("no images given: training on 20 built-in faces")


# -- divergence -------------------------------------------------------------------------------------------------------


def test_a_huge_learning_rate_ends_in_numbers_or_an_error(ask: Ask, tmp_path: Path) -> None:
    try:
        train(ask(lr=1.0))
    except DivergedError as error:
        assert error.exit_code == 5
    for path in (tmp_path / "run").glob("*.safetensors"):
        assert all(bool(torch.isfinite(value).all()) for value in load_file(path).values()), path


def poison(run: Run) -> None:
    """What no training writes: a state with a weight that is not a number."""
    tensors, metadata = read_tensors(run.state)
    name = next(name for name in tensors if name.startswith("model.encoder."))
    tensors[name].view(-1)[0] = float("nan")
    write_tensors(run.state, tensors, metadata)


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_training_that_diverged_goes_on_from_its_good_state(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(InterruptedRun):
        train(ask(), Stop(60))
    run = Run(tmp_path / "run")
    poison(run)
    told: list[Event] = []
    assert train(ask(), told.append).images_seen == 80
    warned = [event.text for event in told if isinstance(event, Note) and event.warning]
    assert warned[0] == "training diverged after 80 images: back to 40, and on with 10% of the learning rate"
    for path in run.path.glob("*.safetensors"):
        assert all(bool(torch.isfinite(value).all()) for value in load_file(path).values()), path


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_training_that_diverged_without_a_good_state(ask: Ask, tmp_path: Path) -> None:
    """A weight is poisoned between two commands: what stood is what stands."""
    with pytest.raises(InterruptedRun):
        train(ask(), Stop(60))
    run = Run(tmp_path / "run")
    poison(run)
    run.good_state.unlink()
    before = times(run.path)
    with pytest.raises(DivergedError, match="--lr") as caught:
        train(ask())
    assert caught.value.exit_code == 5
    changed = {path.name for path, when in times(run.path).items() if before.get(path) != when}
    assert changed <= {"log.jsonl"}


@pytest.mark.parametrize(
    ("precision", "flag", "recorded"),
    [
        ("auto", "avx512_bf16", "bfloat16"),
        ("auto", "avx2", "float32"),
        ("float32", "avx512_bf16", "float32"),
        ("bfloat16", "avx2", "bfloat16"),
    ],
)
def test_what_a_run_computes_in_is_on_record(
    precision: str, flag: str, recorded: str, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_cpu_flags", lambda: frozenset({flag}))
    train(ask(precision=precision, images_seen=8))
    assert Run(tmp_path / "run").config().precision == recorded


@pytest.mark.usefixtures("_told_of_every_step")
def test_a_run_that_goes_on_in_another_precision_says_so(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where its folder was begun on one machine and goes on on another."""
    told: list[Event] = []
    monkeypatch.setattr(devices, "_cpu_flags", lambda: frozenset({"avx512_bf16"}))
    with pytest.raises(InterruptedRun):
        train(ask(), Stop(20))
    monkeypatch.setattr(devices, "_cpu_flags", lambda: frozenset({"avx2"}))
    train(ask(), told.append)
    warned = [event.text for event in told if isinstance(event, Note) and event.warning]
    assert warned == [f"{tmp_path / 'run'}: begun in bfloat16, goes on in float32, as this machine has it"]


def test_options_that_change_nothing_are_told(ask: Ask) -> None:
    told: list[Event] = []
    short = {"images_seen": 8, "force": True}
    train(ask(method="vae", gamma=0.9, objective="paper", **short), told.append)
    warned = [event.text for event in told if isinstance(event, Note) and event.warning]
    assert warned == [f"--{name}: changes nothing in method 'vae'" for name in ("objective", "gamma")]
    for options in ({"method": "vae", "edges": 0.0, "alpha": 0.0}, {"gamma": 0.9}, {"method": "ae", "edges": 0.5}):
        told.clear()
        train(ask(**options, **short), told.append)
        assert not [event for event in told if isinstance(event, Note) and event.warning], options


# -- before the game --------------------------------------------------------------------------------------------------


def test_a_run_begins_with_the_autoencoder_alone_and_goes_on_with_the_game(ask: Ask, tmp_path: Path) -> None:
    train(ask(pretrain=0.6))
    rows = list(Run(tmp_path / "run").rows())
    alone = [row for row in rows if "interpolated" not in row["losses"]]
    assert [row["images_seen"] for row in rows] == [4 * step for step in range(1, STEPS + 1)]
    assert [row["images_seen"] for row in alone] == [4 * step for step in range(1, 13)]
    rates = [row["learning_rate"] for row in rows]
    # That of the step to come. Each part has its own rise, of 100 steps, of which these are the first.
    assert rates[11] < rates[5] and rates[11] < rates[12]


def test_before_the_game_nobody_but_the_generator_learns(ask: Ask) -> None:
    kept, _ = read_tensors(train(ask(pretrain=0.99, images_seen=400)).run / "training_state.safetensors")
    steps = {name.split(".")[1]: int(value) for name, value in kept.items() if name.endswith(".0.step")}
    assert steps == {"generator": 1, "discriminator": 1}, "Adam begins anew with the game, which is one step here"


def test_the_autoencoders_weights_before_the_game_are_those_of_the_autoencoder(ask: Ask, tmp_path: Path) -> None:
    """As far as the game has not begun, it is the same training as `--method ae` of that length, to the bit."""

    def after(images: int, name: str, **options: Any) -> dict[str, torch.Tensor]:
        asked = ask(out=tmp_path / name, cooldown=0.0, **options)
        with contextlib.suppress(InterruptedRun):
            train(asked, Stop(images))
        found, _ = read_tensors(tmp_path / name / "training_state.safetensors")
        return {key: value for key, value in found.items() if key.startswith(("model.encoder.", "model.decoder."))}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "PROGRESS_SECONDS", -1)
        game = after(40, "gaia", method="gaia", pretrain=0.8)
        alone = after(40, "ae", method="ae", images_seen=64)
    assert game.keys() == alone.keys() and all(torch.equal(value, alone[name]) for name, value in game.items())


# -- who is held out, and mirrored ------------------------------------------------------------------------------------


@pytest.fixture
def people(faces: Path, tmp_path: Path) -> Path:
    """A table that makes one person of each three of the faces."""
    names = sorted(path.name for path in faces.iterdir())
    rows = [f"{name},p{number // 3},lab\n" for number, name in enumerate(names)]
    table = tmp_path / "people.csv"
    table.write_text("image,person,site\n" + "".join(rows))
    return table


def test_a_person_is_held_out_whole_is_recorded_and_taken_again_by_all_who_ask(
    ask: Ask, people: Path, faces: Path, tmp_path: Path
) -> None:
    chosen = tmp_path / "held_out.txt"
    chosen.write_text("p3\np7\n")
    asked = ask(split_by="person", labels=people, hold_out=chosen)
    result = train(asked)
    assert (result.training_images, result.validation_images) == (54, 6)
    names = sorted(path.name for path in faces.iterdir())
    expected = {hash_file(faces / name) for name in [*names[9:12], *names[21:24]]}
    assert set(Run(result.run).config().dataset.held_out or ()) == expected
    space = Space.load(result.run)
    images = images_of(space, None)
    assert set(images.table["image_hash"][images.rows("validation")]) == expected
    assert train(asked) == result, "the same command goes on, or has nothing to do"
    chosen.write_text("p3\np8\n")
    with pytest.raises(ConfigError, match="with other images held out"):
        train(asked)
    with pytest.raises(ConfigError, match="holds another training"):
        train(ask())


def test_a_split_by_chance_keeps_people_whole(ask: Ask, people: Path, tmp_path: Path) -> None:
    result = train(ask(split_by="person", labels=people))
    assert result.validation_images % 3 == 0 and 0 < result.validation_images < 60


def test_columns_and_lists_that_part_nothing(ask: Ask, people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="'site' is 'lab' for all images"):
        train(ask(split_by="site", labels=people))
    words = [str(ask().images), "--split-by", "person"]
    assert cli.main(["train", *words]) == 2
    assert "--split-by COLUMN and --labels TABLE need each other" in capsys.readouterr().err


def test_all_of_a_folder_that_shares_no_image_is_held_out(tiny_run: Path, tmp_path: Path) -> None:
    others = samples(SamplesConfig(out=tmp_path / "others", n=5, size=32, seed=9)).images
    space = Space.load(tiny_run)
    assert len(images_of(space, others).rows("validation")) == 5
    first = sorted(images_of(space, None).folder.iterdir())[0]
    shutil.copy(first, others / "known.png")
    assert len(images_of(space, others).rows("validation")) < 6


def test_sets_that_look_alike_in_a_mirror_are_mirrored_and_that_is_said(ask: Ask, faces: Path, tmp_path: Path) -> None:
    told: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Note):
            told.append(event.text)

    assert Run(train(ask(), listen).run).config().options["mirror"] == "yes"
    assert any("look alike in a mirror" in text for text in told)
    ramps = tmp_path / "ramps"
    ramps.mkdir()
    rng = np.random.default_rng(0)
    for number in range(60):
        # Bright to the right, by one amount or another: none of them is another one mirrored.
        ramp = np.linspace(0, rng.uniform(120, 250), 16)[None, :, None] + rng.uniform(0, 5, (16, 16, 3))
        Image.fromarray(ramp.astype(np.uint8)).save(ramps / f"{number}.png")
    told.clear()
    assert Run(train(ask(images=ramps, out=tmp_path / "other"), listen).run).config().options["mirror"] == "no"
    assert not any("mirror" in text for text in told)


def test_half_of_the_images_are_mirrored() -> None:
    x = torch.rand(400, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    found = mirrored(x, torch.Generator().manual_seed(1))
    turned = torch.tensor([torch.equal(a, b.flip(2)) for a, b in zip(found, x, strict=True)])
    kept = torch.tensor([torch.equal(a, b) for a, b in zip(found, x, strict=True)])
    assert (turned | kept).all() and 150 < int(turned.sum()) < 250


@pytest.mark.parametrize(
    ("each", "wanted"), [(1, "75,000"), (2_000, "114,000"), (10**6, "400,000")], ids=["few", "some", "many"]
)
def test_how_long_is_trained_by_default(each: int, wanted: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many of each of the 57 images to train on, within bounds; a training begun before keeps its own length."""
    monkeypatch.setattr(pipeline, "SEEN_OF_EACH", each)
    told: list[Event] = []
    planned = ask(preset="light", images_seen=None, dry_run=True)
    assert train(planned, told.append).training_images == 57
    assert any(isinstance(event, Note) and f"{wanted} images in" in event.text for event in told)
    train(ask(preset="light"))
    before = state(planned.out or Path())
    assert train(ask(preset="light", images_seen=None)).images_seen == 80
    assert state(planned.out or Path()) == before


def test_the_images_of_a_training_are_kept_once(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names the folder afterwards finds what training has made of it."""
    monkeypatch.setenv("GAIA_STIM_CACHE", str(tmp_path / "cache"))
    config = ask()
    train(config)
    kept = sorted((tmp_path / "cache" / "images").iterdir())
    space = Space.load(tmp_path / "run")
    for folder in (None, config.images):
        assert images_of(space, folder, greyed=True).content_hash == space.config.dataset.content_hash
    assert sorted((tmp_path / "cache" / "images").iterdir()) == kept
