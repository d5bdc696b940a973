"""Files that are either whole or not there: atomic writes, staged folders, hashes, and JSON.

A reader never sees half a file: everything is written beside its place under a temporary name, flushed to the disk,
and moved there in one step.
"""

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gaia_stim.errors import DataError

CHUNK = 1 << 20
STAGING_MARK = ".partial-"
"""In the name of everything that is not finished: what a crash leaves behind can be recognised by it."""


def named_hash(digest: str) -> str:
    """A hash as it stands in tables: no spreadsheet takes `sha256_12e4…` for a number."""
    return f"sha256_{digest}"


def hash_bytes(content: bytes) -> str:
    """SHA-256 of bytes, written `sha256_…`."""
    return named_hash(hashlib.sha256(content).hexdigest())


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content, written `sha256_…`; memory does not grow with the file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
    return named_hash(digest.hexdigest())


def hash_json(value: Any) -> str:
    """SHA-256 of a JSON value, independent of the order of its keys."""
    return hash_bytes(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut; Windows has no such call and does not need it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a stream whose content stands at `path` once the block ends without an error, and not before.

    The file keeps the mode of the one it replaces.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=STAGING_MARK, suffix=path.name[-64:])
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file's content in one step."""
    with atomic_file(path) as stream:
        stream.write(content)


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file in one step: indented, UTF-8, keys in the order given, no NaN."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises `DataError` naming the line where it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        where = f"{path}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else str(path)
        raise DataError(f"{where}: not a JSON file ({error})") from error


@contextlib.contextmanager
def staged_folder(path: Path) -> Iterator[Path]:
    """Fill a folder out of sight; it stands at `path`, replacing what was there, once the block ends without error."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{STAGING_MARK}{path.name}-"))
    try:
        staging.chmod(0o777 & ~_umask())
        yield staging
        _take_the_place_of(path, staging)
        sync_folder(path.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _take_the_place_of(path: Path, staging: Path) -> None:
    """Move a finished folder to its place; what was there is deleted only once that has worked."""
    if not path.exists():
        staging.replace(path)
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{STAGING_MARK}old-"))
    try:
        path.replace(old / path.name)
        try:
            staging.replace(path)
        except OSError:
            (old / path.name).replace(path)
            raise
    finally:
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    # The umask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
