"""The table of attacks: what a stranger's file may be, made from a good one, and what each must end with.

`STANDS` is every kind of file that commands read, where one stands in a small world, and which commands read it there.
`ATTACKS` is what is done to one, and to which kinds. A new verb or a new kind of file is a row.
"""

import json
import os
import pickle
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA, MODEL, USAGE = 3, 4, 2


@dataclass(frozen=True)
class Stand:
    """A kind of file: where a good one stands in the world, and the commands that read it."""

    path: str
    commands: tuple[str, ...]
    code: int = DATA
    """What a command ends with that cannot read it."""

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix


A, B, C, D = (f"faces/face_0000{number}.png" for number in (2, 5, 7, 8))
ON_A_SET = (
    "info set",
    "audit set --out out",
    "match set --luminance --out out",
    "report set --out out.html",
    "remake set --out out -m run",
    "design 2afc set --out out",
    "export set --to psychopy --out out",
    "figure set --out out.svg",
    "cite set",
    "recipe from set",
)
EXPORTED = tuple(
    f"export set --design design --to {program} --out out"
    for program in ("psychopy", "jspsych", "labjs", "opensesame", "psychtoolbox", "bids")
)
ON_A_RUN = (
    "report run --out out.html",
    "evaluate run --images faces",
    "sample --images faces --n 2 -m run --out out",
    "export-decoder run --out out",
    "figure run --images faces --out out.svg",
    "cite run",
)
VECTORS = (
    f"attributes apply {A} --vectors vectors --attribute age --amount 0,1 -m run --out out",
    "attributes show vectors -m run --out out",
)

STANDS: Mapping[str, Stand] = {
    "config": Stand("run/config.json", ("info run", f"morph {A} {B} -m run --out out", *ON_A_RUN), MODEL),
    "log": Stand("run/log.jsonl", ("report run --out out.html",)),
    "weights": Stand("run/model.safetensors", ("info run", f"encode {A} -m run --out out.csv"), MODEL),
    "latest": Stand("runs/latest", ("info", f"encode {A} --out out.csv"), MODEL),
    "provenance": Stand("set/provenance.json", ON_A_SET),
    "manifest": Stand("set/manifest.csv", ON_A_SET[:-1]),
    "stimulus": Stand("set/stimuli/m_0002.png", ("audit set --out out", "export set --to psychopy --out out")),
    "image": Stand(
        A,
        (
            f"morph {A} {B} -m run --out out",
            f"info {A}",
            f"encode {A} -m run --out out.csv",
            f"interpolate {A} {B} {C} -m run --out out",
            f"morph-grid {A} {B} {C} {D} -m run --out out",
            f"average {A} {B} -m run --out out",
            f"caricature {A} --norm {B} -m run --out out",
        ),
    ),
    "licences": Stand("faces/licenses.csv", (f"morph {A} {B} -m run --out out",)),
    "trials": Stand("design/trials.csv", EXPORTED[:1]),
    "design": Stand("design/design.json", EXPORTED),
    "vectors": Stand("vectors/vectors.json", VECTORS),
    "directions": Stand("vectors/vectors.safetensors", VECTORS[:1]),
    "codes csv": Stand("codes.csv", ("decode codes.csv -m run --out out",)),
    "codes npz": Stand("codes.npz", ("decode codes.npz -m run --out out",)),
    "codes safetensors": Stand("codes.safetensors", ("decode codes.safetensors -m run --out out",)),
    "labels": Stand("labels.csv", ("attributes fit --labels labels.csv --images faces -m run --out out",)),
    "results": Stand("results.csv", ("collect results.csv --out out.csv", "scale results.csv --out out")),
    "results json": Stand("results.json", ("collect results.json --out out.csv",)),
    "scale": Stand("scale.csv", (f"morph {A} {B} -m run --spacing scale.csv --out out",)),
    "state": Stand("serve.sqlite", ("chain faces --state serve.sqlite -m run --out out",)),
    "display": Stand("display.csv", ("match set --display display.csv --luminance --out out",)),
    "language": Stand("language.json", ("export set --to jspsych --language language.json --out out",)),
    "consent": Stand("consent.txt", ("export set --to jspsych --consent consent.txt --out out",)),
    "landmarks": Stand("points.csv", ("align faces --points points.csv --out out",)),
    "held out": Stand("held.txt", ("train faces --preset tiny --hold-out held.txt --out out",)),
    "recipe": Stand("recipe.yaml", ("recipe check recipe.yaml", "run recipe.yaml"), USAGE),
    "options": Stand("options.yaml", ("train faces --config options.yaml --out out",), USAGE),
}
JSON = ("config", "provenance", "design", "vectors", "language")
"""Kinds that are one JSON value."""
YAML = ("recipe", "options")


@dataclass(frozen=True)
class Attack:
    """What is done to a good file of some kinds, and how every command that reads it must end."""

    name: str
    kinds: tuple[str, ...]
    make: Callable[[Path], object]
    """Puts something else in the place of the good file."""
    may_do: bool = False
    """Whether a command may also do without it, or with what is left."""
    said: str = ""
    """What the message must match, beside the name of the file."""


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def instead(path: Path) -> None:
        path.unlink()
        make(path)

    return instead


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


def _sparse(size: int) -> Callable[[Path], object]:
    return _instead(lambda path: (path.touch(), os.truncate(path, size)))


def _holding(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inside.txt").write_text("mine")


ALL = tuple(STANDS)
NO_FILE = "pipe|device|folder|directory|no such|not a|no file|none was|is no |neither"
GENERAL = (
    Attack("a pipe that nobody writes into", ALL, _instead(os.mkfifo)),
    Attack("a device without an end", ALL, _instead(lambda path: path.symlink_to("/dev/zero"))),
    Attack("a terminal's device", ALL, _instead(lambda path: path.symlink_to("/dev/null"))),
    Attack("a socket", ALL, _instead(_socket)),
    Attack("a folder", ALL, _instead(_folder)),
    Attack("a link to itself", ALL, _instead(lambda path: path.symlink_to(path.name))),
    Attack("a terabyte of nothing", ALL, _sparse(10**12)),
    Attack("three gigabytes of nothing", ALL, _sparse(3 * 10**9)),
    Attack("half a gigabyte of nothing", ALL, _sparse(500_000_000), may_do=True),
    Attack("nothing", ALL, _holding(b""), may_do=True),
    Attack("NUL", ALL, _holding(bytes(1000)), may_do=True),
    Attack("all bytes", ALL, _holding(bytes(range(256)) * 9), may_do=True),
    Attack("a pickle", ALL, _holding(pickle.dumps({"a": Path("x")})), may_do=True),
    Attack("a million brackets", ALL, _holding(b"[" * 10**6), may_do=True),
)
SHAPES = (
    *(b"[]", b"null", b"{}", b"3", b'"text"', b"NaN", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": ' + b"9" * 5000 + b"}"),
    *(b"[" * 300 + b"]" * 300, b'{"a":' * 10**5, b"\xff\xfe{}", b'{"a": "\\ud800"}', b'{"a": 1, "a": 2}'),
)
JSON_ATTACKS = tuple(
    Attack(f"JSON {content[:20].decode(errors='replace')}", JSON, _holding(content), may_do=True) for content in SHAPES
)

deep: Any = 1
for _ in range(300):
    deep = [deep]
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2.5, 10**30, 1e300, -1e300, "", "abc", "\ud800", "x" * 10**6, [], {}, [None], {"a": None}, deep,
    "NaN", "1", "../../etc/passwd", "a\0b", "\n\n# injected",
)  # fmt: skip
"""Values to put in the place of any other."""


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where values stand in a JSON value: of lists the first two."""
    yield before
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, (*before, name))
    elif isinstance(value, list):
        for index, item in enumerate(value[:2]):
            yield from places(item, (*before, index))


def put(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    """The value with something else at a place."""
    if not place:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = put(copy[place[0]], place[1:], odd)
    return copy


def with_field(place: tuple[Any, ...], odd: Any) -> Callable[[Path], object]:
    """Put an odd value at a place of a JSON file."""
    return lambda path: path.write_text(json.dumps(put(json.loads(path.read_text()), place, odd), allow_nan=True))


ATTACKS = (*GENERAL, *JSON_ATTACKS)


def attacks_on(kind: str) -> Iterator[Attack]:
    """Those on files of a kind."""
    yield from (attack for attack in ATTACKS if kind in attack.kinds)


def clean(*places: Path) -> None:
    """Delete what may be there, whatever it is."""
    for place in places:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
