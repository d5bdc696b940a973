"""A folder of images as training sees it: fixed ids, hashes and splits, and all pixels in one memory-mapped
file.

Decoding is slow and pixels are small, so a folder is decoded once into a cache outside of it. The cache's
name is a hash of the settings and of every file's name, size and time: an unchanged folder opens at once, a
changed one is another cache. A cache is built by appending to two files, pixels and a journal with a line a
file; the journal is only ever behind the pixels, so whatever a crash leaves is a beginning that the next call
goes on from. One lock a cache keeps builders apart: the operating system takes it away from a process that
dies, so that there is nothing to clean up.
"""

import hashlib
import json
import math
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import IO, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from filelock import FileLock, Timeout

from gaia_stim.devices import cores, in_order
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note, Progress, silent
from gaia_stim.files import STAGING_MARK, hash_bytes, named_hash, sync_folder, write_bytes
from gaia_stim.image_kinds import is_lifted
from gaia_stim.images import (
    Listing,
    Pixels,
    Shape,
    counted,
    decode_image,
    first,
    fit_image,
    image_has_colour,
    in_turn_if_large,
    is_grey,
    parse_colour,
    read_bytes,
    several_in_words,
    shape_of,
    survey,
    with_channels,
)
from gaia_stim.names import plain

Split = Literal["train", "validation"]

VALIDATION_SHARE = 0.1
MINIMUM_IMAGES = 2
"""One for each split."""
CACHE_FORMAT = 1
PROBES = 64
"""How many images are looked at before a folder is taken to be grey."""
CHUNK = 256
"""Images between two entries in the journal: what a crash can cost."""
UNUSED_DAYS = 30
"""Caches that were not opened for so long are deleted when another one has been built."""
ID_LENGTH = 80

_JOURNAL, _PIXELS = "journal.jsonl", "pixels.u8"
_WAY_OUT = "make room there or set GAIA_STIM_CACHE to another folder, and the same command goes on"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images of one size with their ids, hashes and splits; the pixels stay on the disk until they are asked
    for."""

    folder: Path
    size: int
    channels: Literal[1, 3]
    fit: Literal["crop", "pad"]
    background: str
    content_hash: str
    """Of size, channels, fit, background and all images' hashes in order."""
    table: pd.DataFrame
    """A row an image: `image_id`, `path` (relative, with /), `image_hash`, `split`, `row` (in `pixels`)."""
    skipped: tuple[tuple[str, str], ...]
    """Relative path and reason of each file that could not be read, or is a link that was not followed."""
    pixels: Pixels
    """(images, size, size, channels), mapped and read-only."""
    shapes: tuple[Shape, ...] = ()
    """What each image was before it was made square, a row an image."""

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, split: Split) -> npt.NDArray[np.int64]:
        """The rows of a split, ascending."""
        return self.table.loc[self.table["split"] == split, "row"].to_numpy(np.int64, copy=True)

    def split(self, held_out: npt.NDArray[np.bool_]) -> "Dataset":
        """The same images with these (a flag a row) for validation and all others for training."""
        return replace(self, table=self.table.assign(split=np.where(held_out, "validation", "train")))

    def batch(self, rows: npt.NDArray[np.int64] | Sequence[int]) -> Pixels:
        """A copy of these rows' pixels, (n, size, size, channels)."""
        return np.asarray(self.pixels[np.asarray(rows, dtype=np.int64)])


@dataclass(frozen=True)
class _Settings:
    folder: Path
    size: int
    channels: Literal["auto", "1", "3"]
    fit: Literal["crop", "pad"]
    background: str


@dataclass(frozen=True)
class _File:
    """A file of the folder; `stamp` changes whenever reading it may give something else."""

    relative: str
    stamp: tuple[int, int, bool]


@dataclass(frozen=True)
class _Entry:
    """What became of a file: its hash, or why it was skipped."""

    relative: str
    image_hash: str | None
    reason: str | None = None
    shape: Shape | None = None
    """None where the file was skipped, and in a cache of before shapes were kept."""


class _ColourFound(Exception):
    """An image with colour in a folder that was taken to be grey."""


def cache_folder() -> Path:
    """Where caches live: $GAIA_STIM_CACHE, else the platform's folder for a user's caches. May be deleted at
    any time."""
    if chosen := os.environ.get("GAIA_STIM_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "gaia-stim"


def open_dataset(
    folder: Path,
    size: int,
    *,
    channels: Literal["auto", "1", "3"] = "auto",
    fit: Literal["crop", "pad"] = "crop",
    background: str = "white",
    strict: bool = False,
    follow_links: bool = False,
    listen: Listener = silent,
    workers: int | None = None,
) -> Dataset:
    """Open a folder of images as squares of `size` pixels, from its cache, which is made or finished where
    needed.

    With channels "auto" a folder whose images are all grey, also where they are stored as colour, has one
    channel. Files that cannot be read are skipped with a warning, links that lead out of the folder are unless they
    are to be followed; how much is cut off by making images square is told. Raises `DataError` where there is no such
    folder, fewer than `MINIMUM_IMAGES` readable images in it, no room for the cache or, with `strict`, anything that
    would be skipped.
    """
    red, green, blue = parse_colour(background)
    settings = _Settings(folder.resolve(), size, channels, fit, f"#{red:02x}{green:02x}{blue:02x}")
    listing = survey(folder, follow_links=follow_links)
    files = [_File(relative, _stamp(f"{folder}/{relative}")) for relative in listing.images]
    if len(files) + len(listing.left_out) < MINIMUM_IMAGES:
        raise DataError(f"{folder}: only {len(files)} image in it; at least {MINIMUM_IMAGES} are needed")
    home = cache_folder() / "images" / _key(settings, files)
    try:
        with _locked(home, listen):
            dataset = _load(home, folder, settings, len(files))
            if dataset is None:
                _build(home, settings, files, listen, workers or cores())
                _delete_unused(home.parent)
                dataset = _load(home, folder, settings, len(files))
    except OSError as error:
        raise DataError(
            f"{home.parent}: the image cache cannot be written ({error.strerror or error}); {_WAY_OUT}"
        ) from error
    if dataset is None:
        raise DataError(f"{home}: the image cache was changed while it was written; try again")
    dataset = replace(dataset, skipped=(*dataset.skipped, *listing.left_out))
    _check(dataset, listing, strict)
    _report(dataset, listing, listen)
    return dataset


def _check(dataset: Dataset, listing: Listing, strict: bool) -> None:
    """Raises `DataError` where too little is left, or anything was skipped that must not be."""
    skipped, total = len(dataset.skipped), len(dataset) + len(dataset.skipped)
    told = counted(dataset.skipped) + listing.hint
    if len(dataset) < MINIMUM_IMAGES:
        few = "none" if len(dataset) == 0 else f"only {len(dataset)}"
        needed = f"at least {MINIMUM_IMAGES} are needed"
        raise DataError(f"{dataset.folder}: {few} of {total} files can be read, {needed}: {told}")
    if skipped and strict:
        raise DataError(
            f"{dataset.folder}: {skipped} of {total} files cannot be read: {told}; "
            "mend or remove them, or leave --strict out to skip them"
        )


def _report(dataset: Dataset, listing: Listing, listen: Listener) -> None:
    """Tell what was skipped, is there twice, was cut off, or has more pictures than are used."""
    if dataset.skipped:
        total = len(dataset) + len(dataset.skipped)
        told = counted(dataset.skipped) + listing.hint
        listen(Note(f"{len(dataset.skipped)} of {total} files skipped: {told}", warning=True))
    if listing.made:
        listen(Note(f"what gaia-stim made in the folder is left out: {first(listing.made)}"))
    if copies := int(dataset.table["image_hash"].duplicated().sum()):
        listen(Note(f"{copies} of {len(dataset)} images are byte for byte copies of another one"))
    paths = dataset.table["path"]
    if several := [path for path, shape in zip(paths, dataset.shapes, strict=True) if shape.several]:
        listen(Note(several_in_words(several)))
    if square := _made_square(dataset):
        listen(Note(square))


def _made_square(dataset: Dataset) -> str:
    """How many images were not square, and how much of them is cut off; empty where all were."""
    cut = np.array([shape.cut for shape in dataset.shapes])
    count, total = int(np.count_nonzero(cut)), len(dataset)
    if not count:
        return ""
    if dataset.fit == "pad":
        return f"{count} of {total} images are not square: padded with {dataset.background}"
    worst = int(cut.argmax())
    return (
        f"{count} of {total} images are not square: cut to their centre square, which leaves out "
        f"{cut[cut > 0].mean():.0%} of each on average, and {cut[worst]:.0%} of {dataset.table['path'].iloc[worst]} "
        "(train --fit pad keeps all)"
    )


def _stamp(path: str) -> tuple[int, int, bool]:
    # Whether it may be read is part of it: chmod leaves the time as it is. A string, for a Path each is slow.
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return -1, -1, False
    return status.st_size, status.st_mtime_ns, os.access(path, os.R_OK)


def _key(settings: _Settings, files: Sequence[_File]) -> str:
    digest = hashlib.sha256(repr((CACHE_FORMAT, settings)).encode())
    for file in files:
        digest.update(repr((file.relative, file.stamp)).encode())
    return named_hash(digest.hexdigest())


@contextmanager
def _locked(home: Path, listen: Listener) -> Iterator[None]:
    home.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock(home)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        listen(Note("another process is preparing the same images; waiting for it"))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _lock(home: Path) -> FileLock:
    return FileLock(home.with_name(f"{home.name}.lock"))


def _staging(home: Path) -> Path:
    return home.with_name(STAGING_MARK + home.name)


def _load(home: Path, folder: Path, settings: _Settings, files: int) -> Dataset | None:
    """The finished cache at `home`, or None where there is none or where it is damaged."""
    try:
        channels, entries = _read_journal(home / _JOURNAL)
        stored = (home / _PIXELS).stat().st_size
    except (OSError, ValueError):
        return None
    images = [entry for entry in entries if entry.image_hash]
    shape = (len(images), settings.size, settings.size, channels)
    if len(entries) != files or stored != math.prod(shape):
        return None
    if any(entry.reason and is_lifted(entry.reason) for entry in entries):
        return None
    images = _with_shapes(home, settings, channels, entries)
    os.utime(home)
    # An empty file cannot be mapped.
    mapped = np.memmap(home / _PIXELS, np.uint8, "r", shape=shape) if images else np.empty(shape, np.uint8)
    return Dataset(
        folder=folder,
        size=settings.size,
        channels=channels,
        fit=settings.fit,
        background=settings.background,
        content_hash=_content_hash(settings, channels, images),
        table=_table(images),
        skipped=tuple((entry.relative, entry.reason or "") for entry in entries if not entry.image_hash),
        pixels=mapped,
        shapes=tuple(entry.shape for entry in images if entry.shape),
    )


def _with_shapes(home: Path, settings: _Settings, channels: Literal[1, 3], entries: Sequence[_Entry]) -> list[_Entry]:
    """The images among the entries of a cache; in one of before shapes were kept, these are looked up and written."""
    if any(entry.image_hash and entry.shape is None for entry in entries):
        with ThreadPoolExecutor(cores()) as pool:
            shapes = pool.map(lambda entry: _shape(settings.folder, entry), entries)
            entries = [replace(entry, shape=shape) for entry, shape in zip(entries, shapes, strict=True)]
        _write_journal(home, settings, channels, entries)
    return [entry for entry in entries if entry.image_hash]


def _shape(folder: Path, entry: _Entry) -> Shape | None:
    if entry.image_hash is None:
        return None
    try:
        return shape_of(read_bytes(folder / entry.relative))
    except Exception:  # it could be read: who changes a file just now is told by its time at the next call
        return Shape(1, 1, False)


def _content_hash(settings: _Settings, channels: int, images: Sequence[_Entry]) -> str:
    digest = hashlib.sha256(repr((settings.size, channels, settings.fit, settings.background)).encode())
    for image in images:
        digest.update(f"{image.image_hash}\n".encode())
    return named_hash(digest.hexdigest())


def _table(images: Sequence[_Entry]) -> pd.DataFrame:
    paths = [image.relative for image in images]
    hashes = [image.image_hash or "" for image in images]
    return pd.DataFrame(
        {
            "image_id": image_ids(paths),
            "path": paths,
            "image_hash": hashes,
            "split": ["validation" if chosen else "train" for chosen in is_validation(hashes)],
            "row": np.arange(len(images), dtype=np.int64),
        }
    )


def is_validation(hashes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which images, given by their hashes `sha256_…`, are for validation: a fixed tenth of all hashes.

    So copies land on one side, and no image changes sides because of its name, its place or other images;
    except that the smallest (or largest) hash changes sides where a side would be empty.
    """
    if not hashes:
        return np.zeros(0, dtype=bool)
    start = len(named_hash(""))
    position = np.array([int(name[start : start + 8], 16) for name in hashes]) / 2**32
    chosen: npt.NDArray[np.bool_] = position < VALIDATION_SHARE
    if not chosen.any() or chosen.all():
        odd = min(hashes) if not chosen.any() else max(hashes)
        moved = np.array([name == odd for name in hashes])
        if moved.all():  # nothing but copies of one image
            moved[1:] = False
        chosen ^= moved
    return chosen


def image_ids(paths: Sequence[str]) -> list[str]:
    """An id for each relative path, matching `^[A-Za-z][A-Za-z0-9_]*$` and unique also where case is ignored.

    `faces/é 1.png` is `faces_e_1`. Where several paths would get the same id, each has a hash of its path
    appended.
    """
    ids = [_plain_id(path) for path in paths]
    for length in (8, 16, 32, 64):
        count = Counter(name.lower() for name in ids)
        if len(count) == len(ids):
            break
        ids = [
            f"{_plain_id(path)}_{hashlib.sha256(path.encode()).hexdigest()[:length]}"
            if count[name.lower()] > 1
            else name
            for path, name in zip(paths, ids, strict=True)
        ]
    return ids


def _plain_id(path: str) -> str:
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    words = plain(f"{folder}/{stem}")
    return (words if words[:1].isalpha() else f"img_{words}").strip("_")[:ID_LENGTH]


def _build(home: Path, settings: _Settings, files: Sequence[_File], listen: Listener, workers: int) -> None:
    """Make or finish the cache at `home`. Raises `DataError` where there is no room for it, OSError where it
    fails."""
    staging = _staging(home)
    staging.mkdir(exist_ok=True)
    with ThreadPoolExecutor(workers, thread_name_prefix="images") as pool:
        journal = staging / _JOURNAL
        try:
            channels, done = _read_journal(journal)
        except (OSError, ValueError):
            channels, done = _choose_channels(pool, settings, files, workers), []
        try:
            _fill(pool, staging, settings, channels, files, done, listen, workers)
        except _ColourFound as found:
            listen(Note(f"{found} has colour, unlike the images before it: all are prepared again in colour"))
            _fill(pool, staging, settings, 3, files, [], listen, workers)
    if home.exists():  # damaged, else it would have been loaded
        shutil.rmtree(home)
    staging.replace(home)
    sync_folder(home.parent)


def _choose_channels(
    pool: ThreadPoolExecutor, settings: _Settings, files: Sequence[_File], workers: int
) -> Literal[1, 3]:
    if settings.channels != "auto":
        return 1 if settings.channels == "1" else 3
    spread = np.unique(np.linspace(0, len(files) - 1, PROBES).astype(int))

    def has_colour(file: _File) -> bool:
        try:
            return image_has_colour(settings.folder / file.relative, settings.background)
        except DataError:
            return False

    return 3 if any(in_order(pool, has_colour, [files[index] for index in spread], workers)) else 1


def _fill(
    pool: ThreadPoolExecutor,
    staging: Path,
    settings: _Settings,
    channels: Literal[1, 3],
    files: Sequence[_File],
    done: list[_Entry],
    listen: Listener,
    workers: int,
) -> None:
    """Append what is missing to the pixels and the journal. Raises `_ColourFound` where "auto" was wrong
    about grey."""
    row_bytes = settings.size**2 * channels
    done = _backed(done, staging / _PIXELS, row_bytes)
    _reserve(staging, (len(files) - len(done)) * row_bytes)
    _write_journal(staging, settings, channels, done)

    def prepare(file: _File) -> tuple[_Entry, Pixels | None]:
        return _prepare(file, settings, channels)

    task, total = "caching images", len(files)
    listen(Progress(task, len(done), total))
    with (staging / _PIXELS).open("ab") as pixels, (staging / _JOURNAL).open("ab") as journal:
        pixels.truncate(sum(entry.image_hash is not None for entry in done) * row_bytes)
        fresh: list[_Entry] = []
        prepared = in_order(pool, prepare, files[len(done) :], ahead=2 * workers)
        for count, (entry, image) in enumerate(prepared, start=len(done) + 1):
            if image is not None:
                pixels.write(image.tobytes())
            fresh.append(entry)
            if len(fresh) == CHUNK or count == total:
                _commit(pixels, b"")
                _commit(journal, "".join(f"{_line(entry)}\n" for entry in fresh).encode())
                fresh = []
            listen(Progress(task, count, total))


def _prepare(file: _File, settings: _Settings, channels: Literal[1, 3]) -> tuple[_Entry, Pixels | None]:
    """Read a file once, for its hash and its pixels."""
    try:
        file.relative.encode()
    except UnicodeEncodeError:
        printable = file.relative.encode(errors="backslashreplace").decode()
        return _Entry(printable, None, "its name is not valid UTF-8; rename it"), None
    path = settings.folder / file.relative
    try:
        content = read_bytes(path)
        fitted = in_turn_if_large(content, lambda: _fitted(content, path, file, settings, channels))
    except DataError as error:
        return _Entry(file.relative, None, str(error).removeprefix(f"{path}: ")), None
    return _Entry(file.relative, hash_bytes(content), shape=shape_of(content)), fitted


def _fitted(content: bytes, path: Path, file: _File, settings: _Settings, channels: Literal[1, 3]) -> Pixels:
    image = decode_image(content, str(path), settings.background)
    if settings.channels == "auto" and channels == 1 and not is_grey(image):
        raise _ColourFound(file.relative)
    # Channels first, so that a grey image in colour company is padded with the same colour as the others.
    return fit_image(with_channels(image, channels), settings.size, settings.fit, settings.background)


def _backed(entries: list[_Entry], pixels: Path, row_bytes: int) -> list[_Entry]:
    """The entries, up to the first whose pixels did not reach the disk."""
    stored = pixels.stat().st_size // row_bytes if pixels.exists() else 0
    rows = 0
    for index, entry in enumerate(entries):
        rows += entry.image_hash is not None
        if rows > stored:
            return entries[:index]
    return entries


def _reserve(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(f"{folder.parent}: the image cache needs {needed:,} more bytes, {free:,} are free; {_WAY_OUT}")


def _commit(stream: IO[bytes], content: bytes) -> None:
    stream.write(content)
    stream.flush()
    os.fsync(stream.fileno())


def _write_journal(folder: Path, settings: _Settings, channels: Literal[1, 3], entries: Sequence[_Entry]) -> None:
    header = json.dumps({"format": CACHE_FORMAT, "channels": channels, "settings": asdict(settings)}, default=str)
    write_bytes(folder / _JOURNAL, "".join(f"{line}\n" for line in [header, *map(_line, entries)]).encode())


def _line(entry: _Entry) -> str:
    return json.dumps([entry.relative, entry.image_hash, entry.reason, entry.shape and astuple(entry.shape)])


def _entry(line: str) -> _Entry:
    relative, image_hash, reason, *rest = json.loads(line)
    return _Entry(relative, image_hash, reason, Shape(*rest[0]) if rest and rest[0] else None)


def _read_journal(path: Path) -> tuple[Literal[1, 3], list[_Entry]]:
    """Channels, and all entries up to a torn one. Raises OSError without a journal, ValueError without its
    header."""
    entries: list[_Entry] = []
    with path.open(encoding="utf-8", errors="replace") as stream:
        header = json.loads(stream.readline())
        for line in stream:
            try:
                entries.append(_entry(line))
            except (ValueError, TypeError):
                break
    if not isinstance(header, dict) or header.get("channels") not in (1, 3):
        raise ValueError(f"{path}: no header")
    return header["channels"], entries


def _delete_unused(root: Path) -> None:
    limit = time.time() - UNUSED_DAYS * 24 * 3600
    for folder in root.iterdir():
        if not re.fullmatch(rf"({re.escape(STAGING_MARK)})?sha256_[0-9a-f]{{64}}", folder.name):
            continue
        if folder.stat().st_mtime > limit:
            continue
        try:
            with _lock(folder.with_name(folder.name.removeprefix(STAGING_MARK))).acquire(timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except Timeout:
            continue
