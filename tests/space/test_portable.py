"""A decoder as ONNX draws what the model draws, of every network, or is not written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaia_stim import cli
from gaia_stim.errors import CheckpointError
from gaia_stim.images import read_image, to_bytes
from gaia_stim.networks import NETWORKS
from gaia_stim.space import portable
from gaia_stim.space.portable import CHECK, DECODER, RECORD, write_decoder
from gaia_stim.space.space import Space

onnxruntime = pytest.importorskip("onnxruntime")
Plant = Callable[..., Path]


def drawn(file: Path, codes: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return np.concatenate([to_bytes(session.run(None, {"code": code[None]})[0]) for code in codes])


@pytest.mark.parametrize(
    "options", [*({"network": network} for network in NETWORKS), {"method": "flow", "size": 16}], ids=str
)
def test_it_draws_what_the_model_draws(options: dict[str, Any], plant: Plant, tmp_path: Path) -> None:
    space = Space.load(plant(**options))
    record = write_decoder(space, tmp_path)
    codes = 2 * np.random.default_rng(8).standard_normal((5, space.latent)).astype(np.float32)
    expected = space.decode(codes)
    assert expected.std(axis=0).mean() > 1, "pictures of different codes differ"
    assert np.abs(drawn(tmp_path / DECODER, codes).astype(np.int16) - expected).max() <= 1
    assert record["compared"]["largest_difference_levels"] <= 1


def test_its_record_says_how_to_check_it(plant: Plant, tmp_path: Path) -> None:
    run = plant(channels=1)
    assert cli.main(["--quiet", "export-decoder", str(run), "--out", "decoder"]) == 0
    record = json.loads((tmp_path / "decoder" / RECORD).read_text())
    session = onnxruntime.InferenceSession(str(tmp_path / "decoder" / DECODER), providers=["CPUExecutionProvider"])
    assert [one.shape for one in session.get_inputs()] == [record["input"]["shape"]]
    assert [one.shape for one in session.get_outputs()] == [record["output"]["shape"]]
    code = np.array([record["check"]["code"]], np.float32)
    [picture] = drawn(tmp_path / "decoder" / DECODER, code)
    assert np.abs(picture.astype(np.int16) - read_image(tmp_path / "decoder" / CHECK)).max() <= 1
    assert record["model_hash"] == Space.load(run).model_hash


def test_one_that_draws_something_else_is_not_written(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, written = plant(), portable._write

    def careless(space: Space, file: Path) -> None:
        # As torch does it where nobody looks: the weights' sums are traced.
        space.model.requires_grad_(True)
        written(space, file)
        space.model.requires_grad_(False)

    monkeypatch.setattr(portable, "_write", careless)
    with pytest.raises(CheckpointError, match=r"as ONNX it draws other pictures, up to \d+ levels off"):
        write_decoder(Space.load(run), tmp_path)
    assert cli.main(["export-decoder", str(run), "--out", "decoder"]) == CheckpointError.exit_code
    assert "not written" in capsys.readouterr().err and not (tmp_path / "decoder").exists()
