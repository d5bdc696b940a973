"""Image files to codes: which files, what could not be read of them and why, and several processes' parts as one."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.images import LeftOut, Pixels, counted, survey
from gaia_stim.space.images import loaded
from gaia_stim.space.paths import Codes
from gaia_stim.space.placing import AUTO
from gaia_stim.space.space import Space


def listed(
    images: Sequence[Path], *, strict: bool = False, follow_links: bool = False
) -> tuple[list[Path], list[LeftOut]]:
    """The images that are named, and those in folders; and which in these are left out.

    Raises `DataError` where one that is named is not there, and where one of a folder is left out and that is `strict`.
    """
    if missing := [given for given in images if not given.exists()]:
        raise DataError(f"{missing[0]}: no such file or folder")
    paths: list[Path] = []
    left_out: list[LeftOut] = []
    for given in images:
        if given.is_dir():
            found = survey(given, follow_links=follow_links)
            if found.left_out and strict:
                raise DataError(f"{given}: {counted(found.left_out)}{found.hint}")
            paths += [given / name for name in found.images]
            left_out += [(str(given / name), reason) for name, reason in found.left_out]
        else:
            paths.append(given)
    return paths, left_out


@dataclass(frozen=True, eq=False)
class EncodedFiles:
    """Codes (n, latent) and the n images that they are of, why others have none, and which hold several pictures."""

    codes: Codes
    paths: list[str]
    hashes: list[str]
    skipped: list[LeftOut]
    several: list[str]

    @classmethod
    def of(
        cls, space: Space, paths: Sequence[Path], align: str = AUTO, *, strict: bool = False, listen: Listener = silent
    ) -> "EncodedFiles":
        """The codes of some images; of those before the first that cannot be read, where that is `strict`."""
        read: list[str] = []
        hashes: list[str] = []
        skipped: list[LeftOut] = []
        several: list[str] = []

        def images() -> Iterator[Pixels]:
            for path, outcome in tracked(loaded(space, paths, align), "encoding", len(paths), listen):
                if isinstance(outcome, DataError):
                    skipped.append((str(path), str(outcome).removeprefix(f"{path}: ")))
                    if strict:
                        return
                else:
                    read.append(path.as_posix())
                    hashes.append(outcome.image_hash)
                    several.extend([str(path)] if outcome.several else [])
                    yield outcome.picture

        return cls(space.encode(images()), read, hashes, skipped, several)

    def gathered(self, gather: Callable[[bytes], Sequence[bytes]]) -> "EncodedFiles":
        """What all processes have encoded, in the order of the images; `gather` gives everybody everyone's bytes."""
        codes = [
            np.frombuffer(part, np.float32).reshape(-1, self.codes.shape[1]) for part in gather(self.codes.tobytes())
        ]
        own = json.dumps([self.paths, self.hashes, self.skipped, self.several])
        told = [json.loads(part) for part in gather(own.encode())]
        paths, hashes, skipped, several = ([one for part in parts for one in part] for parts in zip(*told, strict=True))
        return EncodedFiles(np.concatenate(codes), paths, hashes, [(path, why) for path, why in skipped], several)
