"""A model's decoder as an ONNX file, for programs without torch: onnxruntime, and in a browser onnxruntime-web.

One code goes in and its picture comes out, always one: with a batch of any size torch writes files that run, and draw
other pictures. So no file is left behind that was not tried, picture by picture, beside the model itself.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gaia_stim.errors import CheckpointError, ConfigError
from gaia_stim.files import hash_file, write_json
from gaia_stim.images import to_bytes, write_png
from gaia_stim.models.base import Autoencoder
from gaia_stim.outputs import Kind
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space

OPSET = 17
TRIED, SPREADS = 16, (1.0, 3.0)
"""Codes of each spread by which the file is compared with the model."""
MOST_LEVELS = 1
"""Of 255, by which a pixel may be off: sums in another order round otherwise."""
DECODER, RECORD, CHECK = "decoder.onnx", "decoder.json", "check.png"
KIND = Kind("decoder", "export.json", verb="export-decoder")


@dataclass(frozen=True)
class ExportDecoderResult:
    """Where it is, what it takes, and how far off its pictures were in grey levels, of so many codes."""

    decoder: Path
    record: Path
    latent: int
    model_hash: str
    compared: int
    largest_difference_levels: int

    @classmethod
    def of(cls, folder: Path, made: Mapping[str, Any]) -> "ExportDecoderResult":
        """What a folder's record says."""
        _, latent = made["input"]["shape"]
        compared = made["compared"]
        levels = compared["largest_difference_levels"]
        return cls(folder / DECODER, folder / RECORD, latent, made["model_hash"], compared["codes"], levels)


class _Decoding(nn.Module):
    """What is written: `decode` of a model."""

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, code: Tensor) -> Tensor:
        return self.model.decode(code)


def check_installed() -> None:
    """Raises `ConfigError` where what writes and tries such files is not installed."""
    if missing := [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]:
        raise ConfigError(f"{missing[0]} is not installed: pip install 'gaia-stim[onnx]'")


def write_decoder(space: Space, folder: Path) -> dict[str, Any]:
    """Write the decoder, what it is and takes, and a picture to check by; returns the record.

    decoder.onnx    `code` (1, latent) to `image` (1, channels, size, size), float32, sRGB-encoded in [0, 1]
    decoder.json    that in words, which model it is, and how far it is off
    check.png       the picture of the code in decoder.json

    Raises `CheckpointError` where the file draws other pictures than the model.
    """
    _write(space, folder / DECODER)
    chance = np.random.default_rng(0)
    codes = np.concatenate([spread * chance.standard_normal((TRIED, space.latent)) for spread in SPREADS])
    codes = codes.astype(np.float32)
    expected, off, levels = _compared(space, folder / DECODER, codes)
    if levels > MOST_LEVELS:
        raise CheckpointError(f"{space.run}: as ONNX it draws other pictures, up to {levels} levels off: not written")
    size, _, channels = space.shape
    record = {
        "model_hash": space.model_hash,
        "decoder_hash": hash_file(folder / DECODER),
        "opset": OPSET,
        "input": {"name": "code", "type": "float32", "shape": [1, space.latent]},
        "output": {
            "name": "image",
            "type": "float32",
            "shape": [1, channels, size, size],
            "values": "sRGB-encoded, 0 to 1; a pixel is 255 times that, rounded",
        },
        "compared": {"codes": len(codes), "largest_difference": off, "largest_difference_levels": levels},
        "check": {"code": codes[0].tolist(), "picture": CHECK},
        "javascript": "const { image } = await session.run({ code: new ort.Tensor('float32', code, "
        f"[1, {space.latent}]) }})",
    }
    write_png(folder / CHECK, to_bytes(expected[:1])[0])
    write_json(folder / RECORD, record)
    return record


def _write(space: Space, file: Path) -> None:
    code = torch.zeros(1, space.latent)
    with warnings.catch_warnings(), torch.no_grad():
        # The exporter that torch recommends in place of this one fails on these networks, and warns of this one.
        warnings.simplefilter("ignore")
        # Layers that keep sums of their weights have made them by then: traced, the sums came out four times too small.
        space.model.decode(code)
        torch.onnx.export(
            _Decoding(space.model).eval(),
            (code,),
            str(file),
            input_names=["code"],
            output_names=["image"],
            opset_version=OPSET,
            dynamo=False,
        )


def _compared(space: Space, file: Path, codes: Codes) -> tuple[np.ndarray[Any, Any], float, int]:
    """Pictures as the model decodes codes, and how far the file's are off: in [0, 1], and in grey levels."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = np.concatenate([space.model.decode(torch.from_numpy(code[None])).numpy() for code in codes])
    found = np.concatenate([session.run(["image"], {"code": code[None]})[0] for code in codes])
    if not np.isfinite(found).all():
        return expected, float("inf"), 255
    levels = np.abs(to_bytes(found).astype(np.int16) - space.decode(codes))
    return expected, float(np.abs(found - expected).max()), int(levels.max())
