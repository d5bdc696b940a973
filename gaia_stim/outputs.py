"""The one door out: how everything that a command makes is found again, replaced, or left alone.

A folder of ours has one JSON record in it, a file of ours a hidden one beside it. It says what was asked for
(`request`) and the hash of every file as we wrote it, its own among them (`files`). From these follows one rule for all
verbs:

- the same request, all files as written     nothing to do
- the same request, files missing            made again
- another request                            refused; `--force` replaces it
- a file that was changed or added           never replaced, with --force or without: somebody's work is in it
- a file whose hash no record tells          never replaced: version 0.1 kept no hashes, and work may be in it
- no record of ours, or of another kind      never replaced

What a user is meant to edit (`Kind.editable`, the texts of an experiment, say) is kept as it is and said. Links are
never followed: one in a folder of ours is somebody's. An empty folder that stands there already, the one a shell is in,
say, is filled and not replaced.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from gaia_stim.config.renamed import as_now
from gaia_stim.errors import DataError, OutputInTheWay
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import (
    atomic_file,
    clear_leftovers,
    hash_bytes,
    hash_file,
    hash_stream,
    json_bytes,
    read_json,
    room_for,
    staged_folder,
    write_json,
)
from gaia_stim.gate import LARGEST_TEXT, content_of

FILES, BEFORE = "files", "before"
LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

Record = Mapping[str, Any]
"""What a record says: `request`, `files`, and what the verb adds."""
Make = Callable[[Path], Mapping[str, Any]]
"""Fill a folder, and return what its record says beside `files`, and beside `request` where that is given."""
Content = bytes | Callable[[BinaryIO], object]
"""What a file holds, or what writes it."""


@dataclass(frozen=True)
class Kind:
    """A folder or a file that a verb makes."""

    name: str
    """As a message calls it: "stimulus set"."""
    record: str = ""
    """The name of its record in the folder; none: it is a file, whose record lies beside it."""
    parts: frozenset[str] = frozenset()
    """Files and folders at its top level, for folders of before the record had hashes."""
    hashes: Callable[[Path], Mapping[str, str]] = lambda _: {}
    """What else tells the hashes of files in it, for folders of before the record had hashes."""
    request: str = "request"
    """The key of its record under which the request stands."""
    verb: str | None = None
    """What its request says as `verb`, where several kinds have a record of the same name."""
    editable: frozenset[str] = field(default=frozenset())
    """Files, by their path in it, that are the user's to edit."""

    @property
    def article(self) -> str:
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def holds(self) -> str:
        """What a message says between a place and what is there."""
        return "holds" if self.record else "is"

    def record_of(self, out: Path) -> Path:
        """Where the record of `out` lies."""
        return out / self.record if self.record else out.with_name(f".{out.name}.gaia-stim.json")


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
    if not _found(out, kind, request, force, listen):
        write(out, kind, lambda staging: {kind.request: request, **make(staging)}, needed=needed, listen=listen)
    return read_record(out, kind) or {}


def file_once(
    out: Path,
    kind: Kind,
    request: Mapping[str, Any],
    make: Callable[[], Content],
    *,
    force: bool = False,
    needed: int = 0,
    listen: Listener = silent,
) -> None:
    """The file that `request` asks for: made now, in one step, or found from the identical command.

    Raises `OutputInTheWay` where something else is there; else as `make`.
    """
    if not _found(out, kind, request, force, listen):
        write_file(out, kind, request, make(), needed=needed)


def _found(out: Path, kind: Kind, request: Mapping[str, Any], force: bool, listen: Listener) -> bool:
    if found := stands(out, kind, request, force=force):
        listen(Note(f"{out} {kind.holds} this very {kind.name} already: nothing to do"))
    return found


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
        write_json(staging / kind.record, {**about, FILES: {**files, kind.record: _seal(about)}})


def write_file(out: Path, kind: Kind, request: Mapping[str, Any], content: Content, *, needed: int = 0) -> None:
    """Make the file in one step, over one of ours that `stands` found replaceable.

    The record comes first and tells the hash of what is replaced, too: a kill in between leaves a file that is ours.
    """
    record = kind.record_of(out)
    for one in (out, record):
        if out.parent.is_dir():
            clear_leftovers(one)
    with room_for(out, len(content) if isinstance(content, bytes) else needed), atomic_file(out) as stream:
        if isinstance(content, bytes):
            stream.write(content)
        else:
            content(stream)
        stream.seek(0)
        written = hash_stream(stream)
        before = {out.name: hash_file(out)} if out.is_file() else {}
        about = {kind.request: request, **({BEFORE: before} if before.get(out.name, written) != written else {})}
        write_json(record, {**about, FILES: {out.name: written, record.name: _seal(about)}})


def remove(out: Path, kind: Kind) -> bool:
    """Delete a file of ours, and its record; False where it is not there, or not as we wrote it."""
    record = read_record(out, kind) or {}
    if not os.path.lexists(out) or not _is(out, record.get(FILES, {}).get(out.name, "")):
        return False
    out.unlink()
    kind.record_of(out).unlink()
    return True


def stands(out: Path, kind: Kind, request: Mapping[str, Any], *, force: bool = False) -> bool:
    """Whether what `request` asks for is there, whole and as it was written.

    False: it may be made, over what is there. Raises `OutputInTheWay` where it may not.
    """
    if not kind.record and out.is_dir():
        raise OutputInTheWay(f"{out}: is a folder; give --out a file")
    if not _taken(out, kind):
        return False
    record = read_record(out, kind)
    if record is None:
        raise _not_ours(out, kind)
    same = as_now(record[kind.request]) == as_now(request)
    there = _look(out, kind, record)
    if same and not force and not there.changed and not there.missing:
        return True
    if not same and not force:
        others = [*there.changed, *there.strange]
        told = f", and {others[0]}, which is not ours" if others and kind.record else ""
        keep = others or there.untold
        raise OutputInTheWay(
            f"{out}: {kind.holds} another {kind.name}{told}; give another --out"
            + ("" if keep else ", or replace it with --force"),
            replaceable=not keep,
        )
    if problem := there.problem(out, kind):
        raise OutputInTheWay(f"{out}: {problem}")
    return False


@dataclass(frozen=True)
class _There:
    """What is there, by the names of files: what was changed, added, is gone, and of what no hash is known."""

    changed: list[str]
    strange: list[str]
    missing: set[str]
    untold: list[str]

    def problem(self, out: Path, kind: Kind) -> str:
        """Why it may not be replaced; empty where it may."""
        if self.changed:
            which = "" if self.changed == [out.name] else f"{self.changed[0]} "
            return f"{which}was changed after the {kind.name} was written; move it away, or give another --out"
        if self.strange:
            return f"holds {self.strange[0]} beside the {kind.name}; move it away, or give another --out"
        if self.untold:
            return (
                "is of a version that kept no hashes, and whether somebody changed "
                f"{self.untold[0]} since cannot be told; move it away, or give another --out"
            )
        if out.is_symlink():
            return "is a link; name what it leads to, or another --out"
        if Path.cwd().is_relative_to(out.resolve()):
            return "is the folder that you are in; go to another one to replace it"
        return ""


def _look(out: Path, kind: Kind, record: Record) -> _There:
    there = dict(files_in(out)) if kind.record else {out.name: out}
    own = kind.record_of(out).name
    there.pop(own, None)
    known = dict(_known(out, record, kind, there))
    seal = known.pop(own, None)
    before = record.get(BEFORE, {})
    homes = {home.as_posix() for name in known for home in PurePosixPath(name).parents}
    emptied = {name for name in there.keys() & homes if not there[name].is_symlink()}
    differing = {name for name in there.keys() & known.keys() - kind.editable if not _is(there[name], known[name])}
    # A kill between the record and the file left the one that was to be replaced.
    unfinished = {name for name in differing & before.keys() if _is(there[name], before[name])}
    rewritten = [own] if seal not in (None, _seal({name: one for name, one in record.items() if name != FILES})) else []
    return _There(
        sorted(differing - unfinished) + rewritten,
        sorted(there.keys() - known.keys() - emptied),
        known.keys() - there.keys() | unfinished,
        sorted(name for name in known.keys() & there.keys() if known[name] is None),
    )


def _not_ours(out: Path, kind: Kind) -> OutputInTheWay:
    if kind.record:
        return OutputInTheWay(f"{out}: exists and is not {kind.article}; give another --out")
    if os.path.lexists(kind.record_of(out)):
        return OutputInTheWay(
            f"{kind.record_of(out)}: a file of your own, where the record of {out.name} goes; move it away"
        )
    return OutputInTheWay(
        f"{out}: exists, and no record says that it is {kind.article} of ours; move it away, or give another --out"
    )


def read_record(out: Path, kind: Kind) -> Record | None:
    """The record of what is of that kind; None where it is not."""
    path = kind.record_of(out)
    if not path.is_file():
        return None
    try:
        found = read_json(path)
    except DataError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get(kind.request), dict):
        return None
    return found if kind.verb in (None, found[kind.request].get("verb")) else None


def _taken(out: Path, kind: Kind) -> bool:
    """Whether anything is there that would be replaced."""
    if not kind.record:
        return os.path.lexists(out) or (os.path.lexists(kind.record_of(out)) and read_record(out, kind) is None)
    if not os.path.lexists(out):
        return False
    return not out.is_dir() or any(out.iterdir())


def _seal(about: Record) -> str:
    """The hash of a record, all but `files`."""
    return hash_bytes(json_bytes(about))


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


def _known(out: Path, record: Record, kind: Kind, there: Mapping[str, Path]) -> Mapping[str, str | None]:
    """The files that we wrote and their hashes; None of those that were written before records had hashes."""
    files = record.get(FILES)
    if isinstance(files, dict) and all(isinstance(known, str) for known in files.values()):
        return files
    if isinstance(files, list) and all(isinstance(name, str) for name in files):
        return dict.fromkeys(files)
    return {name: None for name in there if name.partition("/")[0] in kind.parts} | dict(kind.hashes(out))


def _is(path: Path, known: str | None) -> bool:
    return path.is_file() and not path.is_symlink() and known in (None, hash_file(path))


def _edited(out: Path, kind: Kind) -> Iterator[tuple[str, bytes]]:
    """What the user has made of the files that are there to be edited."""
    known = _known(out, read_record(out, kind) or {}, kind, {}) if kind.editable else {}
    for name in known.keys() & kind.editable:
        if (out / name).is_file():
            content = content_of(out / name, LARGEST_TEXT)
            if (out / name).is_symlink() or known[name] not in (None, hash_bytes(content)):
                yield name, content
