"""A set as a film or in one file: beside the set, which stays as it is.

SET.gif, SET.mp4 and SET.zip lie next to the folder SET. They are made from the written pictures and can be thrown away:
PNG is what an experiment shows.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from gaia_stim.config import Config, MediaConfig
from gaia_stim.errors import ConfigError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_bytes, hash_file, in_parts, json_bytes
from gaia_stim.images import Pixels, with_channels
from gaia_stim.outputs import Kind, file_once, files_in, read_record, remove
from gaia_stim.stimuli.sets import PROVENANCE, StimulusSet, beside

SIDE = 256
"""Frames are enlarged by a whole factor until a side has so many pixels."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in a zip: the same set is the same bytes."""

Write = Callable[[BinaryIO], object]

MEDIUM = Kind("film or archive")


def check_media(config: Config) -> None:
    """Raise `ConfigError` before anything is made where a film is wanted and cannot be."""
    if isinstance(config, MediaConfig) and config.mp4 and find_spec("av") is None:
        raise ConfigError("--mp4: needs PyAV, which is not installed: pip install 'gaia-stim[video]'")


def write_media(stimuli: StimulusSet, config: MediaConfig, listen: Listener = silent, *, force: bool = False) -> None:
    """Write what `config` asks for beside the set, and tell where.

    Raises `ConfigError` where another file has the name and `force` is not set.
    """
    writers: dict[str, Callable[[Path], Path]] = {
        "gif": lambda path: write_gif(stimuli, path, config.fps, force=force),
        "mp4": lambda path: write_mp4(stimuli, path, config.fps, force=force),
        "zip": lambda path: write_zip(stimuli, path, force=force),
    }
    for name, write in writers.items():
        path = beside(stimuli.folder, f".{name}")
        _drop_stale(path, _hash(stimuli), listen)
        if getattr(config, name):
            listen(Note(f"wrote {write(path)}"))


def _drop_stale(path: Path, made_of: str, listen: Listener) -> None:
    """Delete a film of the set that stood here before: beside this one it would show what is not in it."""
    record = read_record(path, MEDIUM)
    if record is None or record["request"].get("made_of") == made_of:
        return
    if remove(path, MEDIUM):
        listen(Note(f"{path}: deleted, for it showed the set that was here before"))
    elif path.exists():
        listen(Note(f"{path}: shows the set that was here before, and was changed since; move it away", warning=True))


def write_gif(stimuli: StimulusSet, path: Path, fps: float, *, force: bool = False) -> Path:
    """The set as an endless animation, there and back, in 256 colours a frame; GIF counts hundredths of a second.

    The same set is the same bytes. Raises `ConfigError` where another file is there and `force` is not set, `DataError`
    on a full disk.
    """

    def write(stream: BinaryIO) -> None:
        first, *others = (Image.fromarray(frame) for frame in frames(stimuli))
        first.save(stream, "GIF", save_all=True, append_images=others, duration=max(20, round(100 / fps) * 10), loop=0)

    return _film(stimuli, path, fps, write, force)


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

    return _film(stimuli, path, fps, write, force)


def write_zip(stimuli: StimulusSet, path: Path, *, force: bool = False) -> Path:
    """The set's whole folder as one file; memory does not grow with it.

    The same set is the same bytes. Raises as `write_gif`.
    """
    folder = stimuli.folder.resolve()
    files = sorted((path for _, path in files_in(folder) if path.is_file()), key=in_parts)

    def write(stream: BinaryIO) -> None:
        # PNG is compressed already, and what zlib makes of the rest may differ between builds.
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for file in files:
                entry = zipfile.ZipInfo((Path(folder.name) / file.relative_to(folder)).as_posix(), EPOCH)
                entry.create_system, entry.external_attr = 3, 0o644 << 16
                archive.writestr(entry, file.read_bytes())

    holds = hash_bytes(json_bytes({file.relative_to(folder).as_posix(): hash_file(file) for file in files}))
    size = sum(file.stat().st_size for file in files)
    request = {"made_of": _hash(stimuli), "holds": holds}
    file_once(path, MEDIUM, request, lambda: write, force=force, needed=size)
    return path


def _film(stimuli: StimulusSet, path: Path, fps: float, write: Write, force: bool) -> Path:
    # Made in memory, for a film is small: how much room it takes is then known.
    def film() -> bytes:
        stream = io.BytesIO()
        write(stream)
        return stream.getvalue()

    file_once(path, MEDIUM, {"made_of": _hash(stimuli), "fps": fps}, film, force=force)
    return path


def _hash(stimuli: StimulusSet) -> str:
    """What tells a set from all others."""
    return hash_file(stimuli.folder / PROVENANCE)


def frames(stimuli: StimulusSet) -> Iterator[Pixels]:
    """The pictures as (H, W, 3), enlarged, to the last and back; of a closed loop, once round."""
    images = list(stimuli.table["image"])
    is_loop = bool(stimuli.table["angle_deg"].notna().all())
    for image in images if is_loop else [*images, *images[-2:0:-1]]:
        pixels = with_channels(stimuli.picture(image)[1], 3)
        factor = -(-SIDE // min(pixels.shape[:2]))
        yield pixels.repeat(factor, axis=0).repeat(factor, axis=1)
