"""Which files a recipe may read and write: those in its own folder, and in the folders that it names."""

import os
import re
from pathlib import Path, PurePosixPath

from gaia_stim.recipe.read import DEVICES

NOT_IN_NAMES = re.compile(r'[<>:"|?*\x00-\x1f]')
"""Characters that no file's name has on Windows: a recipe makes the same files everywhere."""


class Folder:
    """A recipe's folder: all its paths start here."""

    def __init__(self, path: Path, anywhere: bool = False, outside: tuple[str, ...] = ()) -> None:
        self.path = path
        self._anywhere = anywhere
        self._allowed = [Path(os.path.realpath(path / one)) for one in (".", *outside)]

    def typed(self, path: Path) -> str:
        """A path that the user typed, from where they are, as one from here; it is allowed."""
        whole = Path(os.path.normpath(path.absolute()))
        self._allowed.append(Path(os.path.realpath(whole)))
        return whole.relative_to(self.path).as_posix() if whole.is_relative_to(self.path) else whole.as_posix()

    def whole(self, path: str) -> str:
        """The path from the root, without `..`."""
        return os.path.normpath(self.path / path)

    def problem(self, path: str, *, written: bool) -> str | None:
        """Why a step cannot read or write there; None where it may."""
        if "\0" in path:
            return "a path has no NUL"
        parts = PurePosixPath(path.replace("\\", "/")).parts
        if device := next((part for part in parts if DEVICES.fullmatch(part.rstrip(" ."))), None):
            return f"{path}: Windows keeps the name {device} for itself"
        odd = (part for part in parts if part not in ("/", "..") and (NOT_IN_NAMES.search(part) or part[-1] in " ."))
        if written and (name := next(odd, None)):
            return f"{path}: '{name}' is not a name for a file on every system"
        real = Path(os.path.realpath(self.path / path))
        if self._anywhere or any(real.is_relative_to(home) for home in self._allowed):
            return None
        return f"{path}: is outside the recipe's folder; name its folder under allow_outside if it may be used"
