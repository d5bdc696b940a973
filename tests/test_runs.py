"""The run folder: what is written comes back to the bit, and anything else is refused by name."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save

from gaia_stim import cli
from gaia_stim.errors import CheckpointError, ConfigError
from gaia_stim.evaluation.contenders import open_run
from gaia_stim.files import hash_file, read_json, write_json
from gaia_stim.runs import BUILT_IN, Run, append_log, find_run, name_latest, named_run, trim_log
from gaia_stim.space.space import Space
from gaia_stim.tensors import read_tensors, write_tensors

Plant = Callable[..., Path]


def refusal(run: Path) -> str:
    """What opening the run says; one line that begins with a path, and exit code 4."""
    with pytest.raises(CheckpointError) as caught:
        Space.load(run)
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_tensors_come_back_to_the_bit(tmp_path: Path) -> None:
    tensors = {
        "a": torch.tensor([float("inf"), -0.0, 1e-45, float("nan")]),
        "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "a part": torch.randn(4, 4)[:, 1],
        "whole": torch.tensor(2**53 + 1),
        "half": torch.randn(3).bfloat16(),
        "learned": torch.randn(2, requires_grad=True),
        "empty": torch.empty(0, 3),
    }
    metadata = {"images_seen": 12, "l1": 0.1 + 0.2, "name": "ü", "none": None, "list": [1, "a"]}
    write_tensors(tmp_path / "x", tensors, metadata)
    found, header = read_tensors(tmp_path / "x")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype and found[name].shape == tensor.shape
        plain = tensor.detach().contiguous()
        assert found[name].view(torch.uint8).equal(plain.view(torch.uint8)) if plain.dim() else found[name] == plain
    assert header == metadata
    assert read_tensors(tmp_path / "x", only_metadata=True) == ({}, header)


def test_the_same_tensors_are_the_same_bytes(tmp_path: Path) -> None:
    hashes = set()
    for _ in range(40):
        write_tensors(tmp_path / "x", {"a": torch.zeros(2)}, {"images_seen": 12, "validation_l1": 0.1})
        hashes.add(hash_file(tmp_path / "x"))
    assert len(hashes) == 1


def test_a_config_comes_back(plant: Plant, tmp_path: Path) -> None:
    run = Run(plant(network="munit", latent=24, channels=1))
    config = run.config()
    assert (config.model.network, config.model.latent, config.model.channels) == ("munit", 24, 1)
    other = Run(tmp_path / "other")
    other.path.mkdir()
    other.write_config(config)
    assert other.config() == config
    assert (other.path / "config.json").read_bytes() == (run.path / "config.json").read_bytes()


@pytest.mark.parametrize("options", [{}, {"network": "munit"}, {"method": "ae"}], ids=str)
def test_weights_come_back_ready_to_use(options: dict[str, Any], plant: Plant) -> None:
    run = Run(plant(**options))
    model = run.load()
    written, _ = read_tensors(run.weights)
    state = model.generator_state()
    assert state.keys() == written.keys()
    assert all(state[name].equal(value) for name, value in written.items())
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert run.weights_record().images_seen == 160
    assert run.weights_record().validation_l1 == 0.25
    assert run.model_hash() == hash_file(run.weights)


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_and_never_run(plant: Plant, tmp_path: Path) -> None:
    run, sprung = plant(), tmp_path / "sprung"
    pickle.loads(pickle.dumps(Trap(sprung)))  # noqa: S301
    assert sprung.exists()  # the trap works
    sprung.unlink()
    for content in (pickle.dumps(Trap(sprung)), pickle.dumps(Trap(sprung), protocol=0)):
        (run / "model.safetensors").write_bytes(content)
        said = refusal(run)
        assert said.startswith(f"{run / 'model.safetensors'}: not a safetensors file")
    torch.save({"model": Trap(sprung)}, run / "model.safetensors")
    assert str(run / "model.safetensors") in refusal(run)
    assert not sprung.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content[:20],
        lambda content: content[:4],
        lambda content: b"",
        lambda content: b"these are my weights, and they are heavy\n",
        lambda content: content + b"more",
        lambda content: (2**62).to_bytes(8, "little") + content[8:],
    ],
    ids=["half", "a byte short", "20 bytes", "4 bytes", "empty", "text", "longer", "endless header"],
)
def test_damaged_weights_are_refused(damage: Callable[[bytes], bytes], plant: Plant) -> None:
    run = plant()
    weights = run / "model.safetensors"
    weights.write_bytes(damage(weights.read_bytes()))
    assert refusal(run).startswith(f"{weights}: not a safetensors file, or a damaged one (")


def test_a_flipped_byte_in_the_weights_is_told(plant: Plant) -> None:
    run = plant()
    content = bytearray((run / "model.safetensors").read_bytes())
    content[-100] ^= 1
    (run / "model.safetensors").write_bytes(content)
    assert "model.safetensors" in refusal(run)


@pytest.mark.parametrize(
    "other",
    [{"size": 64}, {"latent": 24}, {"width": 8}, {"network": "munit"}, {"channels": 1}],
    ids=str,
)
def test_weights_of_another_model_are_refused(other: dict[str, Any], plant: Plant) -> None:
    run, others = plant("run"), plant("others", **other)
    shutil.copy(others / "model.safetensors", run / "model.safetensors")
    assert refusal(run).startswith(f"{run / 'model.safetensors'}: not the weights of this config.json ('")


def test_weights_of_anything_else_are_refused(plant: Plant) -> None:
    run = plant()
    (run / "model.safetensors").write_bytes(save({"x": torch.zeros(1)}, metadata={"format": "pt"}))
    assert "is missing" in refusal(run)
    with pytest.raises(CheckpointError, match="its header is not a run's"):
        Run(run).weights_record()


def test_what_is_no_run(plant: Plant, tmp_path: Path) -> None:
    assert refusal(tmp_path / "none").startswith(f"{tmp_path / 'none'}: no such model; ")
    (tmp_path / "file").write_text("x")
    assert refusal(tmp_path / "file").startswith(f"{tmp_path / 'file'}: no such model; ")
    (tmp_path / "folder").mkdir()
    assert refusal(tmp_path / "folder") == f"{tmp_path / 'folder'}: not a run folder (it has no config.json)"
    run = plant()
    (run / "config.json").unlink()
    assert refusal(run) == f"{run}: not a run folder (it has no config.json)"


def test_a_run_that_has_only_begun(plant: Plant) -> None:
    run = plant()
    (run / "model.safetensors").unlink()
    assert str(run) in refusal(run)
    with pytest.raises(CheckpointError, match=r"no model\.safetensors yet; let 'gaia-stim train' go on"):
        Run(run).model_hash()


def test_a_run_that_has_only_begun_says_what_to_do(plant: Plant) -> None:
    run = plant()
    (run / "model.safetensors").unlink()
    assert "yet; let 'gaia-stim train' go on" in refusal(run)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda config: [], "input should be a valid dictionary"),
        (
            lambda config: {**config, "model": {**config["model"], "size": 33}},
            "'model.size' input should be a multiple of 16",
        ),
        (
            lambda config: {**config, "dataset": {**config["dataset"], "background": "sky"}},
            "'dataset.background' 'sky' is not a colour",
        ),
        (lambda config: {**config, "surprise": 1}, "'surprise' extra inputs are not permitted"),
        (lambda config: {key: value for key, value in config.items() if key != "dataset"}, "'dataset' is missing"),
    ],
    ids=["list", "size", "background", "surplus", "missing"],
)
def test_a_config_that_is_not_a_runs(change: Callable[[Any], Any], said: str, plant: Plant) -> None:
    run = plant()
    write_json(run / "config.json", change(read_json(run / "config.json")))
    assert refusal(run).startswith(f"{run / 'config.json'}: not a run's config.json ({said}")


def test_a_config_that_is_not_json(plant: Plant) -> None:
    run = plant()
    (run / "config.json").write_text('{\n"format": 1,\n}')
    assert f"{run / 'config.json'}:3" in refusal(run)
    (run / "config.json").write_bytes(b"\xff\xfe\x00")
    assert str(run / "config.json") in refusal(run)


def test_a_config_with_an_unknown_network(plant: Plant) -> None:
    run = plant()
    config = read_json(run / "config.json")
    write_json(run / "config.json", {**config, "model": {**config["model"], "network": "resnet"}})
    assert str(run) in refusal(run)


# -- the log ----------------------------------------------------------------------------------------------------------


def test_a_log_with_a_cut_last_line(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert list(run.rows()) == []
    for images_seen in (16, 32, 48):
        append_log(run.log, {"images_seen": images_seen, "losses": {"a": 0.1}})
    whole = list(run.rows())
    assert [row["images_seen"] for row in whole] == [16, 32, 48]
    content = run.log.read_bytes()
    for cut in range(1, 25):
        run.log.write_bytes(content[:-cut])
        rows = list(run.rows())
        assert rows == whole[: len(rows)] and len(rows) >= 2
    trim_log(run.log, 48)
    assert list(run.rows()) == whole[:2]
    append_log(run.log, whole[2])
    assert list(run.rows()) == whole


def test_a_log_is_trimmed_to_what_was_saved(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for images_seen in (16, 32, 48):
        append_log(run.log, {"images_seen": images_seen})
    trim_log(run.log, 32)
    assert [row["images_seen"] for row in run.rows()] == [16, 32]
    trim_log(run.log, 0)
    assert list(run.rows()) == []


# -- which run --------------------------------------------------------------------------------------------------------


def test_which_run_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_run(None)
    assert (found.run.path, found.reason) == (BUILT_IN, "the built-in model")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "latest").write_text(f"{tmp_path / 'c'}\n")
    found = find_run(None)
    assert (found.run.path, found.reason) == (tmp_path / "c", str(Path("runs/latest")))
    monkeypatch.setenv("GAIA_STIM_MODEL", str(tmp_path / "b"))
    found = find_run(None)
    assert (found.run.path, found.reason) == (tmp_path / "b", "$GAIA_STIM_MODEL")
    found = find_run(tmp_path / "a")
    assert (found.run.path, found.reason) == (tmp_path / "a", "given")
    monkeypatch.setenv("GAIA_STIM_MODEL", "builtin")
    assert find_run(None).run.path == BUILT_IN
    monkeypatch.setenv("GAIA_STIM_MODEL", "")
    assert find_run(None).run.path == tmp_path / "c"
    assert find_run(Path("builtin")).run.path == BUILT_IN


def test_builtin_names_the_built_in_model_wherever_a_model_is_given(
    plant: Plant, tmp_path: Path, faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though another one was trained here last."""
    name_latest(Run(plant("trial")))
    built_in = Run(BUILT_IN).model_hash()
    a, b = sorted(faces.iterdir())[:2]
    assert cli.main(["morph", str(a), str(b), "--steps", "2", "--out", "latest"]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert "trial" in first and "the last one trained here, as none is given; -m builtin is the built-in" in first
    assert cli.main(["morph", str(a), str(b), "--steps", "2", "-m", "builtin", "--out", "ours"]) == 0
    assert "model: builtin (given)" in capsys.readouterr().err.splitlines()[0]
    assert cli.main(["remake", "ours", "--out", "again", "-m", "builtin"]) == 0
    made = [read_json(tmp_path / name / "provenance.json")["model"]["model_hash"] for name in ("ours", "again")]
    assert made == [built_in, built_in]
    assert cli.main(["encode", str(a), "-m", "builtin", "--out", "codes.csv"]) == 0
    assert cli.main(["info", "builtin"]) == 0
    assert built_in in capsys.readouterr().out
    assert Space.load("builtin").model_hash == built_in
    assert open_run(Path("builtin")).model_hash() == built_in
    assert cli.main(["report", "builtin", "--no-figures"]) == 0
    assert (tmp_path / "builtin_report.html").is_file()


def test_a_run_of_ones_own_that_is_called_builtin(plant: Plant, tmp_path: Path) -> None:
    run = plant("builtin")
    with pytest.raises(ConfigError, match="names the model that comes with gaia-stim, and a run here is called so"):
        named_run(Path("builtin"))
    assert named_run(run).path == run


def test_the_model_is_read_only_as_numbers(plant: Plant) -> None:
    """Weights of any precision become float32, to the bit where they can."""
    run = Run(plant())
    tensors, _ = read_tensors(run.weights)
    write_tensors(run.weights, {name: value.bfloat16() for name, value in tensors.items()}, {"images_seen": 1})
    state = run.load().generator_state()
    assert {value.dtype for value in state.values()} == {torch.float32}
    assert all(np.array_equal(state[name], value.bfloat16().float()) for name, value in tensors.items())


def test_a_run_of_before_there_were_shapes_is_the_same_space(plant: Plant) -> None:
    """Its config.json knows neither the shape nor edges, nor who was held out."""
    run = plant("old", network="light")
    before = Space.load(run).decode(np.ones((2, 16), np.float32))
    config = read_json(run / "config.json")
    for name in ("shape_latent", "edges"):
        del config["model"][name]
    del config["dataset"]["held_out"]
    write_json(run / "config.json", config)
    assert np.array_equal(Space.load(run).decode(np.ones((2, 16), np.float32)), before)
