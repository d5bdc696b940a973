"""What files hold, as hashes: how a recipe knows what has changed since.

A file is read again only where its size, time or place on the disk is another one; what was written a moment before it
was read is not trusted, for it can change once more without showing.
"""

import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gaia_stim.errors import DataError
from gaia_stim.files import STAGING_MARK, hash_file, hash_json, read_json, write_json
from gaia_stim.names import WEIGHTS

SETTLED = 2.0
"""Seconds after which a file's time tells of every change."""


class Contents:
    """The hashes of files and folders below `folder`, remembered in the file `memory`."""

    def __init__(self, folder: Path, memory: Path) -> None:
        self._folder, self._memory = folder, memory
        self._known = _remembered(memory)
        self._is_new = False
        self._seen: dict[str, dict[str, str]] = {}
        """What was looked at already: a large folder may be read by many jobs."""

    def hash(self, path: str) -> str | None:
        """Of a file its content, of a folder the names and contents of all files in it, of a run its weights.

        None where nothing is there.
        """
        files = self.files(path)
        return files[""] if "" in files else hash_json(files) if files else None

    def files(self, path: str) -> dict[str, str]:
        """The hash of each file in a folder that counts, by its name; of a file its own, under no name."""
        if path not in self._seen:
            self._seen[path] = self._look(self._folder / path)
        return self._seen[path]

    def forget(self, path: str) -> None:
        """Look again at what is there, in it, and around it: it was just written."""
        inside = [one for one in self._seen if one.startswith(f"{path}/")]
        for one in (path, *map(str, PurePosixPath(path).parents), *inside):
            self._seen.pop(one, None)

    def _look(self, place: Path) -> dict[str, str]:
        if (place / WEIGHTS).is_file():
            return {WEIGHTS: self._file(place / WEIGHTS)}
        if place.is_dir():
            files = sorted(file for file in place.rglob("*") if file.is_file() and not _is_stray(file))
            return {file.relative_to(place).as_posix(): self._file(file) for file in files}
        return {"": self._file(place)} if place.is_file() else {}

    def changed(self, path: str, files: Mapping[str, str]) -> str | None:
        """The first of `files` that is no longer so; what was added since does not count."""
        for name, known in files.items():
            file = self._folder / path / name
            if not file.is_file() or self._file(file) != known:
                return f"{path}/{name}" if name else path
        return None

    def save(self) -> None:
        """Remember the hashes for the next time."""
        if self._is_new:
            write_json(self._memory, self._known)
            self._is_new = False

    def _file(self, path: Path) -> str:
        about = path.stat()
        mark = [about.st_size, about.st_mtime_ns, about.st_ino]
        known = self._known.get(str(path))
        if known and known[:-1] == mark:
            return str(known[-1])
        found = hash_file(path)
        if time.time() - about.st_mtime > SETTLED:
            self._known[str(path)] = [*mark, found]
            self._is_new = True
        return found


def _remembered(memory: Path) -> dict[str, list[Any]]:
    try:
        found = read_json(memory) if memory.is_file() else {}
    except DataError:
        return {}
    return {path: known for path, known in found.items() if isinstance(known, list)} if isinstance(found, dict) else {}


def _is_stray(path: Path) -> bool:
    return path.name.startswith(STAGING_MARK)
