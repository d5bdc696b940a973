"""The one door out: how every folder that a command makes is found again, replaced, or left alone.

A folder of ours has one JSON record, which says what was asked for (`request`) and the hash of every other file as we
wrote it (`files`). From these follows one rule for all verbs:

- the same request, all files as written     nothing to do
- the same request, files missing            made again
- another request                            refused; `--force` replaces it
- a file that was changed or added           never replaced, with --force or without: somebody's work is in it
- no record of ours, or of another kind      never replaced

What a user is meant to edit (`Kind.editable`, the texts of an experiment, say) is kept as it is and said. Links are
never followed: one in a folder of ours is somebody's. An empty folder that stands there already, the one a shell is in,
say, is filled and not replaced.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from gaia_stim.config.verbs import verb_in
from gaia_stim.errors import DataError, OutputInTheWay
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file, read_json, staged_folder, write_json

FILES = "files"
LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

Record = Mapping[str, Any]
"""What a folder's record says: `request`, `files`, and what the verb adds."""
Make = Callable[[Path], Mapping[str, Any]]
"""Fill a folder, and return what its record says beside `files`, and beside `request` where that is given."""


@dataclass(frozen=True)
class Kind:
    """A folder that a verb makes."""

    name: str
    """As a message calls it: "stimulus set"."""
    record: str
    """The name of its record."""
    parts: frozenset[str] = frozenset()
    """Files and folders at its top level, for folders of before the record had hashes."""
    request: str = "request"
    """The key of its record under which the request stands."""
    verb: str | None = None
    """What its request says as `verb`, where several kinds have a record of the same name."""
    editable: frozenset[str] = field(default=frozenset())
    """Files, by their path in it, that are the user's to edit."""

    @property
    def article(self) -> str:
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


def made_once(
    out: Path,
    kind: Kind,
    request: Mapping[str, Any],
    make: Make,
    *,
    force: bool = False,
    needed: Callable[[], int] = lambda: 0,
    listen: Listener = silent,
) -> Record:
    """The record of the folder that `request` asks for: made now, in one step, or found from the identical command.

    Raises `OutputInTheWay` where something else is there; else as `make`.
    """
    if stands(out, kind, request, force=force):
        listen(Note(f"{out} holds this very {kind.name} already: nothing to do"))
    else:
        write(out, kind, lambda staging: {kind.request: request, **make(staging)}, needed=needed, listen=listen)
    return read_record(out, kind) or {}


def write(
    out: Path, kind: Kind, make: Make, *, needed: Callable[[], int] = lambda: 0, listen: Listener = silent
) -> None:
    """Make the folder in one step, over one of ours that `stands` found replaceable; `make` says the request too."""
    kept = dict(_edited(out, kind))
    with staged_folder(out, needed, last=kind.record) as staging:
        about = {name: value for name, value in make(staging).items() if name != FILES}
        files = {name: hash_file(path) for name, path in sorted(files_in(staging))}
        for name, content in kept.items():
            if name not in files:
                raise OutputInTheWay(
                    f"{out / name}: was edited by you, and the new {kind.name} has no such file; move it away"
                )
            (staging / name).write_bytes(content)
            listen(Note(f"{out / name}: kept as you edited it"))
        write_json(staging / kind.record, {**about, FILES: files})


def stands(out: Path, kind: Kind, request: Mapping[str, Any], *, force: bool = False) -> bool:
    """Whether the folder that `request` asks for is there, whole and as it was written.

    False: it may be made, over what is there. Raises `OutputInTheWay` where it may not.
    """
    if not _taken(out):
        return False
    record = read_record(out, kind)
    if record is None:
        raise OutputInTheWay(f"{out}: exists and is not {kind.article}; give another --out")
    there = dict(files_in(out))
    known = _known(record, kind, there)
    homes = {home.as_posix() for name in known for home in PurePosixPath(name).parents}
    emptied = {name for name in there.keys() & homes if not there[name].is_symlink()}
    strange = sorted(there.keys() - known.keys() - emptied - {kind.record})
    changed = sorted(name for name in there.keys() & known.keys() - kind.editable if not _is(there[name], known[name]))
    missing = known.keys() - there.keys()
    same = _as_now(record[kind.request]) == _as_now(request)
    if same and not force and not changed and not missing:
        return True
    if not same and not force:
        others = f", and {[*changed, *strange][0]}, which is not ours" if changed or strange else ""
        raise OutputInTheWay(
            f"{out}: holds another {kind.name}{others}; give another --out"
            + ("" if others else ", or replace it with --force"),
            replaceable=not others,
        )
    if changed:
        raise OutputInTheWay(
            f"{out}: {changed[0]} was changed after the {kind.name} was written; move it away, or give another --out"
        )
    if strange:
        raise OutputInTheWay(f"{out}: holds {strange[0]} beside the {kind.name}; move it away, or give another --out")
    if out.is_symlink():
        raise OutputInTheWay(f"{out}: is a link; name the folder itself, or another --out")
    if Path.cwd().is_relative_to(out.resolve()):
        raise OutputInTheWay(f"{out}: is the folder that you are in; go to another one to replace it")
    return False


def read_record(out: Path, kind: Kind) -> Record | None:
    """The record of a folder of that kind; None where it is none."""
    path = out / kind.record
    if not path.is_file():
        return None
    try:
        found = read_json(path)
    except DataError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get(kind.request), dict):
        return None
    return found if kind.verb in (None, found[kind.request].get("verb")) else None


def _as_now(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """A request with its verb under the name of today, whatever version wrote it."""
    return {**request, "verb": verb_in(request)}


def _taken(out: Path) -> bool:
    """Whether anything is there that a new folder would replace."""
    if not os.path.lexists(out):
        return False
    return not out.is_dir() or any(out.iterdir())


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file at any depth by its path in the folder; links count as files, and folders that are empty.

    What a desktop leaves in every folder that is looked at is nobody's work.
    """
    for home, folders, names in os.walk(folder):
        files = [name for name in names if name not in LITTER and not name.startswith("._")]
        links = [name for name in folders if (Path(home) / name).is_symlink()]
        empty = [home] if not folders and not names and Path(home) != folder else []
        for path in (*(Path(home) / name for name in (*files, *links)), *map(Path, empty)):
            yield path.relative_to(folder).as_posix(), path


def _known(record: Record, kind: Kind, there: Mapping[str, Path]) -> Mapping[str, str | None]:
    """The files that we wrote and their hashes; None of those that were written before records had hashes."""
    files = record.get(FILES)
    if isinstance(files, dict) and all(isinstance(known, str) for known in files.values()):
        return files
    if isinstance(files, list) and all(isinstance(name, str) for name in files):
        return dict.fromkeys(files)
    return {name: None for name in there if name.partition("/")[0] in kind.parts}


def _is(path: Path, known: str | None) -> bool:
    return path.is_file() and not path.is_symlink() and known in (None, hash_file(path))


def _edited(out: Path, kind: Kind) -> Iterator[tuple[str, bytes]]:
    """What the user has made of the files that are there to be edited."""
    record = (read_record(out, kind) or {}) if kind.editable else {}
    known = _known(record, kind, {})
    for name in known.keys() & kind.editable:
        if (out / name).is_file() and not _is(out / name, known[name]):
            yield name, (out / name).read_bytes()
