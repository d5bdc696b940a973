"""Tensors as files: safetensors, whole or not there, each with the SHA-256 of what it holds.

No pickle anywhere. The checksum stands in the file's own header, not in a file beside it: one rename then replaces
both, and no kill can part them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from gaia_stim.errors import CheckpointError, DataError
from gaia_stim.files import named_hash, stamp, write_bytes
from gaia_stim.gate import json_of, opened

HEADER = "gaia_stim"
"""The one key of our safetensors files' metadata."""
CHECKSUM = "sha256"
"""In it: the SHA-256 of all the rest. Files of before there were any have none, and are taken as they are."""
_LARGEST_HEADER = 100_000_000
"""Bytes; safetensors reads no longer one."""
_WEIGHTS = ("F16", "BF16", "F32", "F64")
"""Kinds of numbers that a model can have, as a header calls them."""


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any] | None = None, keep: Path | None = None
) -> None:
    """Replace a safetensors file in one step; what is told of the tensors is kept as JSON in its header.

    The file that it replaces is kept at `keep`. Raises `DataError` on a full disk.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    told = {**(metadata or {})}
    # Under one key: safetensors shuffles several, and a model's hash would be a throw of dice.
    header = {HEADER: json.dumps({**told, CHECKSUM: _checksum(plain, told)})}
    write_bytes(path, save(plain, metadata=header), keep)


def read_tensors(
    path: Path, *, only_metadata: bool = False, shapes: Mapping[str, Sequence[int]] | None = None
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a safetensors file, which holds tensors of these shapes and no others where shapes are given.

    Raises `CheckpointError` where it is missing, damaged, or anything else, a pickle say; tensors of other shapes are
    refused by the header, before memory is taken for one of them.
    """
    while True:
        # Safetensors opens a file twice, and a training may replace it in between: header and numbers of two files.
        before = stamp(path)
        try:
            read = _read_tensors(path, only_metadata, shapes)
        except CheckpointError:
            if stamp(path) == before:
                raise
        else:
            if stamp(path) == before:
                return read


def _read_tensors(
    path: Path, only_metadata: bool, shapes: Mapping[str, Sequence[int]] | None
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    header = _header(path)
    if shapes is not None:
        _check_weights(path, shapes, header)
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = json_of((file.metadata() or {}).get(HEADER, "{}"))
        if not isinstance(metadata, dict):
            raise ValueError("what its header tells of the tensors is no record")
        # Not by the file's own get_tensor, which leaves 2 KB behind each time a model is read (safetensors 0.8).
        tensors = {} if only_metadata else load(path.read_bytes())
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"{path}: not a safetensors file, or a damaged one ({first_line(error)})") from error
    recorded = metadata.pop(CHECKSUM, None)
    if recorded is not None and not only_metadata and (found := _checksum(tensors, metadata)) != recorded:
        raise CheckpointError(f"{path}: damaged (its SHA-256 is {found[:23]}…, and should be {str(recorded)[:23]}…)")
    return tensors, metadata


def _header(path: Path) -> dict[str, Mapping[str, Any]]:
    """What the header of a file says of each of its tensors, before memory is taken for one of them.

    Raises `CheckpointError` for no file, no header, or a name that is there twice.
    """
    try:
        with opened(path) as stream:
            size = int.from_bytes(stream.read(8), "little")
            text = stream.read(size) if size <= _LARGEST_HEADER else b""
        found = json.loads(text, object_pairs_hook=_each_once)
        named = {name: about for name, about in found.items() if name != "__metadata__"}
        for about in named.values():
            tuple(about["shape"]), str(about["dtype"])
    except DataError as error:
        raise CheckpointError(str(error)) from error
    except _Twice as error:
        raise CheckpointError(f"{path}: holds '{error}' twice") from None
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
        raise CheckpointError(f"{path}: not a safetensors file, or a damaged one (it has no header)") from None
    return named


class _Twice(Exception):
    """A name that stands in a header a second time."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _check_weights(path: Path, expected: Mapping[str, Sequence[int]], header: Mapping[str, Mapping[str, Any]]) -> None:
    """Whether the tensors of a file are numbers as weights are, of the shapes expected. Raises `CheckpointError`."""
    wrong = f"{path}: not the weights of this config.json"
    for name, shape in expected.items():
        if name not in header:
            raise CheckpointError(f"{wrong} ('{name}' is missing)")
        if (found := tuple(header[name]["shape"])) != tuple(shape):
            raise CheckpointError(f"{wrong} ('{name}' is {found}, not {tuple(shape)})")
        if header[name]["dtype"] not in _WEIGHTS:
            raise CheckpointError(f"{wrong} ('{name}' is of the kind {header[name]['dtype']})")
    if surplus := sorted(header.keys() - expected.keys()):
        raise CheckpointError(f"{wrong} ('{surplus[0]}' has no place in it)")


def _checksum(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> str:
    """SHA-256 of names, kinds, shapes and bytes of tensors, and of what is told of them."""
    names = sorted(tensors)
    kinds = [[name, str(tensors[name].dtype), list(tensors[name].shape)] for name in names]
    digest = hashlib.sha256(json.dumps([metadata, kinds], sort_keys=True).encode())
    for name in names:
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return named_hash(digest.hexdigest())


def first_line(error: Exception) -> str:
    """What an error of another library says, in one line."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
