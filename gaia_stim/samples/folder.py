"""Drawing the built-in faces into a folder, with a table of their true attributes.

A face is a pure function of (index, seed, size), so whatever an interrupted command drew can stay: the same
command draws what is missing. `samples.json` is written first and says what the folder is for; `labels.csv`
is written last and says that it is whole.
"""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import gaia_stim
from gaia_stim.cells import LARGEST, csv_bytes
from gaia_stim.config import SamplesConfig
from gaia_stim.devices import free_cores
from gaia_stim.errors import DataError, OutputInTheWay
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.files import STAGING_MARK, locked, read_json, write_bytes, write_json
from gaia_stim.gate import content_of, mistake_in
from gaia_stim.images import png_bytes, write_png
from gaia_stim.samples import ATTRIBUTES, deal, draw_face

RECORD, IMAGES, LABELS = "samples.json", "images", "labels.csv"
WORTH_A_PROCESS = 200
"""Faces; starting a process takes as long as drawing some dozens."""
BUNDLE = 8
"""Faces handed to a process at a time."""


@dataclass(frozen=True)
class _Face:
    """One face to be drawn: everything a process needs to know."""

    path: Path
    index: int
    seed: int
    size: int
    confound: bool

    @property
    def attributes(self) -> dict[str, float]:
        return deal(self.index, self.seed, confound=self.confound)


def draw_into(config: SamplesConfig, listen: Listener = silent) -> int:
    """Draw `config.n` faces into `config.out`, and return how many were missing; what was drawn before is kept.

    Raises `ConfigError` where the folder holds anything else and `force` is not set.
    """
    folder = config.out
    if folder.exists() and not folder.is_dir():
        raise OutputInTheWay(f"{folder}: is a file; name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder) as is_ours:
        # Another process that draws here now is not done with its own.
        for stray in _strays(folder) if is_ours else ():
            stray.unlink(missing_ok=True)
        return _drawn_into(config, listen)


def _strays(folder: Path) -> Iterator[Path]:
    """What a kill left that was not finished."""
    for home, ends in ((folder, (RECORD, LABELS)), (folder / IMAGES, (".png",))):
        yield from (path for path in home.glob(f"{STAGING_MARK}*") if path.name.endswith(ends))


def _drawn_into(config: SamplesConfig, listen: Listener) -> int:
    folder, labels = config.out, config.out / LABELS
    _claim(config)
    faces = list(_faces(config))
    missing = [face for face in faces if not face.path.exists()]
    if missing:
        _check_ours(folder, read_json(folder / RECORD))
        labels.unlink(missing_ok=True)
        with _drawing(len(missing)) as draw:
            for _ in tracked(draw(missing), "drawing faces", len(missing), listen):
                pass
    if not labels.exists():
        write_bytes(labels, _table(faces))
    return len(missing)


def are_drawn(images: Path) -> bool:
    """Whether a folder of images is one that `samples faces` drew, or the folder in which it stands."""
    records = [folder / RECORD for folder in (images, images.parent)]
    return any(record.is_file() and isinstance(read_json(record), dict) for record in records)


def _claim(config: SamplesConfig) -> None:
    """Make the folder this command's: new, begun by the identical command, or cleared because of `force`."""
    folder, record = config.out, config.out / RECORD
    wanted = {"version": gaia_stim.__version__, **config.request()}
    if any(folder.iterdir()):
        found = read_json(record) if record.is_file() else None
        if not isinstance(found, dict) or not wanted.keys() <= found.keys():
            raise OutputInTheWay(f"{folder}: is not empty, and gaia-stim did not make it; name another folder")
        if found == wanted and not config.force:
            return
        _check_ours(folder, found)
        if not config.force:
            changed = [f"{key} {found[key]}, not {value}" for key, value in wanted.items() if found[key] != value]
            told = f"holds other samples ({'; '.join(changed)})"
            raise OutputInTheWay(f"{folder}: {told}; name another folder, or replace it with --force", replaceable=True)
        faces = list(_recorded(folder, found))
        for face in faces:
            # Drawn again to tell: a face that was retouched is somebody's work.
            if face.path.exists() and face.path.read_bytes() != png_bytes(draw_face(face.attributes, face.size)):
                raise OutputInTheWay(
                    f"{face.path}: was changed after it was drawn; move it away, or name another folder"
                )
        for path in (folder / LABELS, *(face.path for face in faces), record):
            path.unlink(missing_ok=True)
    write_json(record, wanted)


def _recorded(folder: Path, found: dict[str, Any]) -> list[_Face]:
    """The faces that a record tells of. Raises `DataError` where it is none of ours."""
    asked = {name: value for name, value in found.items() if name != "version"}
    try:
        return list(_faces(SamplesConfig.model_validate({**asked, "out": folder}, strict=True)))
    except ValidationError as error:
        raise DataError(f"{folder / RECORD}: not the record of drawn faces ({mistake_in(error)})") from None


def _check_ours(folder: Path, found: dict[str, Any]) -> None:
    """Raise `OutputInTheWay` where somebody worked on what this command wrote; what was added is left alone anyway."""
    if (folder / IMAGES).is_symlink():
        raise OutputInTheWay(f"{folder / IMAGES}: is a link; name another folder")
    labels = folder / LABELS
    if labels.exists() and not _are_of(content_of(labels, LARGEST), _recorded(folder, found)):
        raise OutputInTheWay(f"{labels}: was changed after it was written; move it away, or name another folder")


def _faces(config: SamplesConfig) -> Iterator[_Face]:
    digits = max(5, len(str(config.n - 1)))
    for index in range(config.n):
        path = config.out / IMAGES / f"face_{index:0{digits}}.png"
        yield _Face(path, index, config.seed, config.size, config.confound)


def _draw(face: _Face) -> None:
    write_png(face.path, draw_face(face.attributes, face.size))


@contextmanager
def _drawing(n: int) -> Iterator[Callable[[list[_Face]], Iterator[None]]]:
    """A way to draw `n` faces: here, or where that gains time, in a process for each free core."""
    workers = min(free_cores(), n // WORTH_A_PROCESS) if n >= 2 * WORTH_A_PROCESS else 1
    if workers < 2:
        yield lambda faces: map(_draw, faces)
        return
    # Not forked: the caller's process may have threads, torch's for one.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _leave_interrupts_to_the_parent)
    try:
        yield lambda faces: pool.map(_draw, faces, chunksize=BUNDLE)
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _are_of(labels: bytes, faces: list[_Face]) -> bool:
    """Whether a table is that of these faces; where it has not a line for each, none need be dealt."""
    return labels.count(b"\n") == len(faces) + 1 and labels == _table(faces)


def _table(faces: list[_Face]) -> bytes:
    rows = ([f"{IMAGES}/{face.path.name}", *face.attributes.values()] for face in faces)
    return csv_bytes([["image", *ATTRIBUTES], *rows])
