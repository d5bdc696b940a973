"""Codes on disk: a table of images and their latent codes, as .csv, .npz or .safetensors, each exact to the bit."""

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.torch import save

from gaia_stim.cells import csv_bytes, guarded, read_frame, unguarded
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.files import write_bytes
from gaia_stim.gate import Text, mistake_in, opened
from gaia_stim.space.paths import Codes
from gaia_stim.tensors import HEADER, read_tensors

SUFFIXES = (".csv", ".npz", ".safetensors")
TEXTS = ("image_id", "path", "image_hash")
WRITTEN = "a file of codes that 'gaia-stim encode' wrote"
LARGEST_CODES = 1 << 33
"""Bytes of a file of codes: those of a million images, 512 numbers each, as text."""


_UNPACKED, _RATIO = 1 << 26, 100
"""Bytes that a part of an .npz may unpack to, or times what it takes: codes hardly get smaller."""


@dataclass(frozen=True, eq=False)
class CodeTable:
    """Images and their codes, row by row."""

    codes: Codes
    model_hash: str
    image_id: list[str]
    path: list[str]
    image_hash: list[str]


class _TextsRecord(BaseModel):
    """What a file of codes says in words."""

    model_config = ConfigDict(strict=True)

    model_hash: Text
    image_id: list[Text]
    path: list[Text]
    image_hash: list[Text]


def check_suffix(path: Path) -> None:
    """Raises `ConfigError` where codes cannot be written under that name."""
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"{path}: codes are written as {', '.join(SUFFIXES)}; choose one of these endings")


def codes_bytes(suffix: str, table: CodeTable) -> bytes:
    """What a file of codes with that ending holds."""
    return {".csv": _csv, ".npz": _npz, ".safetensors": _safetensors}[suffix](table)


def write_codes(path: Path, table: CodeTable) -> None:
    """Replace a file of codes in one step; its ending says the format."""
    check_suffix(path)
    write_bytes(path, codes_bytes(path.suffix, table))


def read_codes(path: Path) -> CodeTable:
    """Read what `write_codes` wrote. Raises `DataError` where it is something else."""
    check_suffix(path)
    with opened(path, LARGEST_CODES):
        pass
    try:
        table = {".csv": _from_csv, ".npz": _from_npz, ".safetensors": _from_safetensors}[path.suffix](path)
    except (CheckpointError, LookupError, TypeError, ValueError, OSError, EOFError, BadZipFile) as error:
        raise DataError(f"{path}: not {WRITTEN} ({error})") from error
    if table.codes.ndim != 2 or len(table.codes) == 0 or not np.isfinite(table.codes).all():
        raise DataError(f"{path}: its codes are not a table of finite numbers of 32 bits")
    try:
        texts = _TextsRecord.model_validate({name: getattr(table, name) for name in (*TEXTS, "model_hash")})
    except ValidationError as error:
        raise DataError(f"{path}: not {WRITTEN} ({mistake_in(error)})") from error
    if any(len(getattr(texts, name)) != len(table.codes) for name in TEXTS):
        raise DataError(f"{path}: not as many images as codes")
    return table


def _csv(table: CodeTable) -> bytes:
    digits = len(str(table.codes.shape[1]))
    names = [f"z_{number:0{digits}}" for number in range(1, table.codes.shape[1] + 1)]
    texts = zip(*(map(guarded, getattr(table, name)) for name in TEXTS), strict=True)
    # Nine significant digits bring a float32 back exactly.
    rows = (
        [*text, table.model_hash, *(f"{number:.9g}" for number in code)]
        for text, code in zip(texts, table.codes.tolist(), strict=True)
    )
    return csv_bytes([[*TEXTS, "model_hash", *names], *rows], guard=str)


def _from_csv(path: Path) -> CodeTable:
    header = read_frame(path, WRITTEN, LARGEST_CODES, nrows=0)
    names = [name for name in header.columns if str(name).startswith("z_")]
    # As floats from the start: read as a whole number, -0 would lose its sign.
    kinds = {**dict.fromkeys((*TEXTS, "model_hash"), str), **dict.fromkeys(names, np.float64)}
    frame = read_frame(path, WRITTEN, LARGEST_CODES, dtype=kinds, na_values=[])
    texts = ([unguarded(text) for text in frame[name]] for name in TEXTS)
    return CodeTable(_float32(frame[names].to_numpy()), frame["model_hash"].iloc[0], *texts)


def _float32(codes: npt.NDArray[Any]) -> Codes:
    # What is too large becomes infinite, which is told of the whole table.
    with np.errstate(over="ignore"):
        return codes.astype(np.float32)


def _npz(table: CodeTable) -> bytes:
    stream = io.BytesIO()
    texts = {name: np.array(getattr(table, name), dtype=np.str_) for name in TEXTS}
    np.savez(stream, codes=table.codes, model_hash=np.array(table.model_hash), **texts)  # type: ignore[arg-type]
    return stream.getvalue()


def _from_npz(path: Path) -> CodeTable:
    _check_npz(path)
    with np.load(path, allow_pickle=False) as file:
        texts = [file[name].tolist() for name in TEXTS]
        return CodeTable(_float32(file["codes"]), str(file["model_hash"]), *texts)


def _check_npz(path: Path) -> None:
    """Whether its arrays are what is in the file, not more. Raises `ValueError`, `BadZipFile`."""
    with ZipFile(path) as archive:
        for part in archive.infolist():
            if part.file_size > max(_UNPACKED, _RATIO * part.compress_size):
                raise ValueError(f"'{part.filename}' unpacks to {part.file_size:,} bytes")
            with archive.open(part) as stream:
                version = np.lib.format.read_magic(stream)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, kind = read(stream)
                # NumPy makes room for what an array claims to hold before it reads any of it.
                if math.prod(shape) * kind.itemsize > part.file_size:
                    raise ValueError(f"'{part.filename}' claims to hold {shape} numbers, and does not")


def _safetensors(table: CodeTable) -> bytes:
    texts = {name: getattr(table, name) for name in (*TEXTS, "model_hash")}
    return save({"codes": torch.from_numpy(table.codes)}, metadata={HEADER: json.dumps(texts)})


def _from_safetensors(path: Path) -> CodeTable:
    tensors, metadata = read_tensors(path)
    texts = [metadata[name] for name in TEXTS]
    return CodeTable(tensors["codes"].float().numpy(), metadata["model_hash"], *texts)
