"""A set as a film or in one file: beside the set, which stays as it is.

SET.gif, SET.mp4 and SET.zip lie next to the folder SET. They are made from the written pictures and can be thrown away:
PNG is what an experiment shows.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
from PIL import Image

from gaia_stim.config import Config, MediaConfig
from gaia_stim.errors import ConfigError, OutputInTheWay
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import atomic_file, hash_file, hash_stream, room_for
from gaia_stim.images import Pixels, with_channels
from gaia_stim.outputs import files_in
from gaia_stim.stimuli.sets import MANIFEST, PROVENANCE, StimulusSet, beside

SIDE = 256
"""Frames are enlarged by a whole factor until a side has so many pixels."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in a zip: the same set is the same bytes."""

Write = Callable[[BinaryIO], object]


def check_media(config: Config) -> None:
    """Raise `ConfigError` before anything is made where a film is wanted and cannot be."""
    if isinstance(config, MediaConfig) and config.mp4 and find_spec("av") is None:
        raise ConfigError("--mp4: needs PyAV, which is not installed: pip install 'gaia-stim[video]'")


def write_media(stimuli: StimulusSet, config: MediaConfig, listen: Listener = silent, *, force: bool = False) -> None:
    """Write what `config` asks for beside the set, and tell where.

    Raises `ConfigError` where another file has the name and `force` is not set.
    """
    writers: dict[str, Callable[[], Path]] = {
        "gif": lambda: write_gif(stimuli, beside(stimuli.folder, ".gif"), config.fps, force=force),
        "mp4": lambda: write_mp4(stimuli, beside(stimuli.folder, ".mp4"), config.fps, force=force),
        "zip": lambda: write_zip(stimuli, beside(stimuli.folder, ".zip"), force=force),
    }
    for name, write in writers.items():
        if getattr(config, name):
            listen(Note(f"wrote {write()}"))


def write_gif(stimuli: StimulusSet, path: Path, fps: float, *, force: bool = False) -> Path:
    """The set as an endless animation, there and back, in 256 colours a frame; GIF counts hundredths of a second.

    The same set is the same bytes. Raises `ConfigError` where another file is there and `force` is not set, `DataError`
    on a full disk.
    """

    def write(stream: BinaryIO) -> None:
        first, *others = (Image.fromarray(frame) for frame in frames(stimuli))
        first.save(stream, "GIF", save_all=True, append_images=others, duration=max(20, round(100 / fps) * 10), loop=0)

    return _film(path, write, force)


def write_mp4(stimuli: StimulusSet, path: Path, fps: float, *, force: bool = False) -> Path:
    """The set as an H.264 film, there and back once. Raises as `write_gif`, and `ConfigError` without PyAV."""
    check_media(MediaConfig(mp4=True))
    import imageio.v3 as imageio

    def write(stream: BinaryIO) -> None:
        with imageio.imopen(stream, "w", plugin="pyav", extension=".mp4") as film:
            film.init_video_stream("libx264", fps=fps, pixel_format="yuv420p")
            for frame in frames(stimuli):
                height, width = frame.shape[:2]
                # H.264 stores colour for every second pixel: both sides must be even.
                film.write_frame(np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"))

    return _film(path, write, force)


def write_zip(stimuli: StimulusSet, path: Path, *, force: bool = False) -> Path:
    """The set's whole folder as one file; memory does not grow with it.

    The same set is the same bytes. Raises as `write_gif`.
    """
    folder = stimuli.folder.resolve()
    files = sorted(path for _, path in files_in(folder) if path.is_file())

    def write(stream: BinaryIO) -> None:
        # PNG is compressed already, and what zlib makes of the rest may differ between builds.
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for file in files:
                entry = zipfile.ZipInfo((Path(folder.name) / file.relative_to(folder)).as_posix(), EPOCH)
                entry.create_system, entry.external_attr = 3, 0o644 << 16
                archive.writestr(entry, file.read_bytes())

    if path.exists() and not _is_zipped_set(path):
        raise OutputInTheWay(f"{path}: exists and is no stimulus set; move it away, or name the set otherwise")
    return _placed(path, write, sum(file.stat().st_size for file in files), force)


def _is_film(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except OSError:
        return False


def _is_zipped_set(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {PurePosixPath(name).name for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return False
    return {MANIFEST, PROVENANCE} <= names


def frames(stimuli: StimulusSet) -> Iterator[Pixels]:
    """The pictures as (H, W, 3), enlarged, to the last and back; of a closed loop, once round."""
    images = list(stimuli.table["image"])
    is_loop = bool(stimuli.table["angle_deg"].notna().all())
    for image in images if is_loop else [*images, *images[-2:0:-1]]:
        pixels = with_channels(stimuli.picture(image)[1], 3)
        factor = -(-SIDE // min(pixels.shape[:2]))
        yield pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def _film(path: Path, write: Write, force: bool) -> Path:
    # Made in memory, for a film is small: how much room it takes is then known.
    film = io.BytesIO()
    write(film)
    return _placed(path, lambda stream: stream.write(film.getbuffer()), film.tell(), force)


def _placed(path: Path, write: Write, needed: int, force: bool) -> Path:
    with room_for(path, needed), atomic_file(path) as stream:
        write(stream)
        stream.seek(0)
        differs = path.exists() and hash_file(path) != hash_stream(stream)
        if differs and path.suffix == ".gif" and not _is_film(path):
            raise OutputInTheWay(f"{path}: a picture is there, not a film; move it away, or name the set otherwise")
        if differs and not force:
            raise OutputInTheWay(
                f"{path}: another file is there; move it away, or replace it with --force", replaceable=True
            )
    return path
