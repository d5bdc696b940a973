"""Files that are either whole or not there: atomic writes, staged folders, locks, hashes.

A reader never sees half a file: everything is written beside its place under a temporary name, flushed to the disk,
and moved there in one step. Whoever works in a folder holds a lock on it, which the system takes from a process that
dies: so nobody tidies away what another is writing, and nobody has to tidy up by hand.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gaia_stim.errors import DataError, GaiaStimError
from gaia_stim.gate import opened
from gaia_stim.gate import read_json as read_json

if sys.platform == "win32":
    from filelock import FileLock, Timeout
else:
    import fcntl

CHUNK = 1 << 20
STAGING_MARK = ".partial-"
"""In the name of everything that is not finished: what a crash leaves behind can be recognised by it."""
OLD_MARK = ".old"
"""Ends the name of a folder that holds what is being replaced."""
_NAME_KEPT = 64
"""Letters of a file's name that the temporary one ends with."""
FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""No room on the disk, none for a file that large, or none in the user's share."""

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds."""
HELD = frozenset({5, 32, 33})
"""What Windows says of a file that another program has open: access denied, sharing and lock violation."""


def named_hash(digest: str) -> str:
    """A hash as it stands in tables: no spreadsheet takes `sha256_12e4…` for a number."""
    return f"sha256_{digest}"


def hash_bytes(content: bytes) -> str:
    """SHA-256 of bytes, written `sha256_…`."""
    return named_hash(hashlib.sha256(content).hexdigest())


def hash_file(path: Path, most: int | None = None) -> str:
    """SHA-256 of a file's content, written `sha256_…`; memory does not grow with the file.

    Raises `DataError` where it is no file, or has more than `most` bytes.
    """
    with opened(path, most) as stream:
        return hash_stream(stream)


def hash_stream(stream: BinaryIO) -> str:
    """SHA-256 of what is left to read of a stream, as `hash_file`."""
    digest = hashlib.sha256()
    while block := stream.read(CHUNK):
        digest.update(block)
    return named_hash(digest.hexdigest())


def hash_json(value: Any) -> str:
    """SHA-256 of a JSON value, independent of the order of its keys."""
    return hash_bytes(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced; None where there is none."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns


def in_parts(path: Path) -> tuple[str, ...]:
    """A key to sort paths by, for the same order everywhere: Windows compares them without regard to capitals."""
    return path.parts


def move(source: Path, target: Path) -> None:
    """Rename in one step. On Windows what a virus scanner or a cloud's client has open for a moment is waited for."""
    for pause in (*PAUSES, None):
        try:
            source.replace(target)
            return
        except PermissionError as error:
            if pause is None or getattr(error, "winerror", None) not in HELD:
                raise
            time.sleep(pause)


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
def room_for(path: Path, needed: int) -> Iterator[None]:
    """Writing `needed` bytes to `path`. Raises `DataError` where there is no room, saying how much is needed."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise _no_room(path, needed, error) from error


class NoRoom(DataError):
    """There is no room on the disk for a file or a folder."""

    needed: int = 0
    """Bytes."""


def _no_room(path: Path, needed: int, error: OSError, about: str = "") -> NoRoom:
    why, free = (error.strerror or "the disk is full").lower(), shutil.disk_usage(path.parent).free
    found = NoRoom(
        f"{path}: cannot be written ({why}): it takes {about}{needed:,} bytes, {free:,} are free there; "
        "what was there before is whole; make room, then give the same command again"
    )
    found.needed = needed
    return found


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Whether this process has a folder to itself, for as long as the block lasts. Waits for nobody.

    The lock lies on the folder itself, so that there is no file to clean up, and ends with the process that has it.
    Where a file system knows no locks, everyone has the folder.
    """
    if sys.platform == "win32":
        lock = FileLock(folder.with_name(f"{folder.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()
    else:
        handle = os.open(folder, os.O_RDONLY)
        try:
            yield _flock(handle)
        finally:
            os.close(handle)


def _flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have no locks
        return True
    return True


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Errors name `path` and what is in it, and not what is in its place while it is written."""
    mark = str(path.absolute().with_name(STAGING_MARK))
    hidden = re.compile(re.escape(mark) + r"[^/\\'\"]*")
    try:
        yield
    except OSError as error:
        error.filename = error.filename and hidden.sub(lambda _: str(path), os.fspath(error.filename))
        raise
    except GaiaStimError as error:
        error.args = tuple(hidden.sub(lambda _: str(path), str(text)) for text in error.args)
        raise


@contextlib.contextmanager
def atomic_file(path: Path, keep: Path | None = None, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a stream whose content stands at `path` once the block ends without an error, and not before.

    The file keeps the mode of the one it replaces, which is kept at `keep` where that is given; a `private` one is its
    owner's alone from the first byte. For a moment between two renames a file may stand at `keep` alone; it is never at
    neither.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _told_of(path):
        handle, temporary = _temporary(path)
        try:
            with _still_locked(handle):
                with os.fdopen(handle, "w+b") as stream:
                    yield stream
                    stream.flush()
                    os.fsync(stream.fileno())
                if not private:
                    temporary.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
                if keep is not None and path.exists():
                    move(path, keep)
                move(temporary, path)
            sync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _temporary(path: Path) -> tuple[int, Path]:
    """A new file beside `path`, open and this process's alone."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=STAGING_MARK, suffix=path.name[-_NAME_KEPT:])
        # Between making and locking it, another process may have taken it for a leftover.
        if sys.platform == "win32" or (_flock(handle) and os.fstat(handle).st_nlink):
            return handle, Path(name)
        os.close(handle)


@contextlib.contextmanager
def _still_locked(handle: int) -> Iterator[None]:
    """A file's lock outlasts its stream until it has its name; Windows renames no open file, and clears none away."""
    kept = None if sys.platform == "win32" else os.dup(handle)
    try:
        yield
    finally:
        if kept is not None:
            os.close(kept)


def write_bytes(path: Path, content: bytes, keep: Path | None = None, *, private: bool = False) -> None:
    """Replace a file's content in one step; `keep` and `private` as `atomic_file` has them.

    Raises `DataError` on a full disk.
    """
    with room_for(path, len(content)), atomic_file(path, keep, private=private) as stream:
        stream.write(content)


def json_bytes(value: Any) -> bytes:
    """A value as our JSON files hold it: indented, UTF-8, keys in the order given, no NaN."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A file name that is not UTF-8 comes as lone surrogates, whose escape by Python is JSON's own.
    return text.encode(errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file in one step, as `json_bytes` has it."""
    write_bytes(path, json_bytes(value))


@contextlib.contextmanager
def staged_folder(path: Path, needed: Callable[[], int] = lambda: 0, last: str | None = None) -> Iterator[Path]:
    """Fill a folder out of sight; it stands at `path`, replacing what was there, once the block ends without error.

    An empty folder that stands there is filled, the file `last` at the end: a shell may be in it, or a mount be it.
    What a kill left of earlier attempts is cleared away first. Raises `DataError` on a full disk, saying how much the
    folder takes: as many bytes as `needed` says then, and no fewer than were written and were to be written next.
    """
    given, path = path, path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path)
    with _told_of(given), contextlib.ExitStack() as held:
        staging = _beside(path, held)
        try:
            staging.chmod(0o777 & ~_umask())
            yield staging
            _take_the_place_of(path, staging, held, last)
            sync_folder(path.parent)
        except BaseException as error:
            written = sum(file.stat().st_size for file in staging.rglob("*") if file.is_file())
            shutil.rmtree(staging, ignore_errors=True)
            if full := _full(error):
                next_file = error.needed if isinstance(error, NoRoom) else 0
                raise _no_room(path, max(written + next_file, needed()), full, "about ") from error
            raise


def _full(error: BaseException | None) -> OSError | None:
    """The full disk that an error tells of, or that it was raised from."""
    if error is None or (isinstance(error, OSError) and error.errno in FULL):
        return error
    return _full(error.__cause__)


def _beside(path: Path, held: contextlib.ExitStack, mark: str = "") -> Path:
    """A new folder beside `path` that is this process's alone."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{STAGING_MARK}{path.name}-", suffix=mark))
        # Between making and locking it, another process may have taken it for a leftover.
        with contextlib.suppress(FileNotFoundError):
            if held.enter_context(locked(folder)) and folder.exists():
                return folder


def clear_leftovers(path: Path) -> None:
    """Delete what processes that died left of `path`; put back a folder that one had moved aside and not replaced yet.

    `staged_folder` does it; so must whoever goes on from a crash and may find the folder done.
    """
    name = re.compile(rf"{re.escape(STAGING_MARK + path.name)}-[a-z0-9_]{{8}}({re.escape(OLD_MARK)})?")
    of_file = re.compile(rf"{re.escape(STAGING_MARK)}[a-z0-9_]{{8}}{re.escape(path.name[-_NAME_KEPT:])}")
    for folder in path.parent.iterdir():
        if of_file.fullmatch(folder.name) and folder.is_file():
            _clear_file(folder)
        if not name.fullmatch(folder.name):
            continue
        with contextlib.suppress(FileNotFoundError), locked(folder) as is_left:
            if is_left and folder.name.endswith(OLD_MARK) and not path.exists() and (folder / path.name).exists():
                move(folder / path.name, path)
            if is_left:
                shutil.rmtree(folder, ignore_errors=True)


def _clear_file(temporary: Path) -> None:
    if sys.platform == "win32":
        return
    with contextlib.suppress(FileNotFoundError), locked(temporary) as is_left:
        if is_left:
            temporary.unlink()


def _take_the_place_of(path: Path, staging: Path, held: contextlib.ExitStack, last: str | None) -> None:
    """Move a finished folder to its place; what was there is deleted only once that has worked."""
    if not path.exists():
        move(staging, path)
        return
    if path.is_dir() and not any(path.iterdir()):
        for child in sorted(staging.iterdir(), key=lambda child: (child.name == last, child.name)):
            move(child, path / child.name)
        staging.rmdir()
        return
    old = _beside(path, held, OLD_MARK)
    try:
        move(path, old / path.name)
        try:
            move(staging, path)
        except OSError:
            move(old / path.name, path)
            raise
    finally:
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    # The umask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
