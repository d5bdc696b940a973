"""The speed verbs run on real work and name every figure; how large the figures are is the machine's affair."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.cli import main
from gaia_stim.evaluation.speed import let_go


@pytest.mark.parametrize("network", ["light", "munit"])
def test_step(network: str, capsys: pytest.CaptureFixture[str], cache: Path) -> None:
    words = ["--size", "16", "--width", "4", "--latent", "6", "--batch", "4", "--rounds", "3", "--threads", "1"]
    assert main(["--json", "benchmark", "step", "--network", network, *words]) == 0
    found = json.loads(capsys.readouterr().out)
    wanted = {"alternating_over_step", "step_over_ae", "floor_over_ae", "fraction_of_peak", "images_per_second"}
    assert wanted <= found.keys()
    assert all(math.isfinite(found[name]) and found[name] > 0 for name in wanted)
    assert 1 < found["floor_over_ae"] < 5
    assert 0 <= found["data_wait"] <= 1
    assert not list(cache.glob("tmp*")), "its images are gone"


def test_load_encode_and_render(capsys: pytest.CaptureFixture[str], faces: Path, tiny_run: Path) -> None:
    for words in (
        ["load", str(faces), "--size", "32", "--rounds", "3"],
        ["encode", str(faces), "--n", "12", "-m", str(tiny_run), "--threads", "1"],
        ["render", "--n", "12", "-m", str(tiny_run), "--threads", "1"],
        ["render", "--n", "4", "--size", "48", "-m", str(tiny_run), "--threads", "1"],
    ):
        assert main(["--json", "benchmark", *words]) == 0
        found = json.loads(capsys.readouterr().out)
        assert all(value is None or isinstance(value, str) or value > 0 for value in found.values()), words


def test_a_file_that_was_let_go_of_is_what_it_was(tmp_path: Path) -> None:
    content = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3), dtype=np.uint8)
    (tmp_path / "pixels.u8").write_bytes(content.tobytes())
    mapped = np.memmap(tmp_path / "pixels.u8", np.uint8, "r", shape=content.shape)
    assert np.array_equal(mapped, content)
    let_go(mapped)
    assert np.array_equal(mapped, content)
    assert not let_go(content), "what is in memory alone stays there"


def test_a_folder_without_images_is_told(tmp_path: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "encode", str(tmp_path), "-m", str(tiny_run)]) == 3
    assert str(tmp_path) in capsys.readouterr().err
