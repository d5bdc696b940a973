"""The table of attacks: what a stranger's file may be, made from a good one, and what each must end with.

`STANDS` is every kind of file that commands read, where one stands in a small world, and which commands read it there.
`ATTACKS` is what is done to one, and to which kinds. A new verb or a new kind of file is a row.
"""

import contextlib
import csv
import json
import os
import pickle
import shutil
import socket
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save

from gaia_stim.tensors import HEADER, read_tensors, write_tensors

DATA, MODEL, USAGE = 3, 4, 2


@dataclass(frozen=True)
class Stand:
    """A kind of file: where a good one stands in the world, and the commands that read it."""

    path: str
    commands: tuple[str, ...]
    code: int = DATA
    """What a command ends with that cannot read it."""
    is_good: bool = True
    """Whether these commands end well with what stands there, and soon."""
    is_needed: bool = True
    """Whether nothing can be done without it."""
    is_rare: bool = False
    """Whether it takes long to make and is read by the same lines as others: tried with GAIA_STIM_SLOW alone."""

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
    "compare run --images faces --out out",
    "benchmark midpoints run --pairs 8 --out out",
    "benchmark encode faces -m run --n 4",
    "benchmark render -m run --n 2",
)
VECTORS = (
    f"attributes apply {A} --vectors vectors --attribute age --amount 0,1 -m run --out out",
    "attributes show vectors -m run --out out",
    "attributes audit vectors -m run --out out",
)
TRAINED = "train {} --out {} --preset tiny --width 4 --channels 1 --images-seen 32 --threads 1"
"""A run of half as many images is there."""
EDITED = "export set --design design --to {} --out {} --degrees 7"
"""The folder is there, from other options, and its settings are kept as they are."""

STANDS: Mapping[str, Stand] = {
    "config": Stand("run/config.json", ("info run", f"morph {A} {B} -m run --out out", *ON_A_RUN), MODEL),
    "config of lines": Stand("grey/config.json", ("benchmark lines grey --out out",), MODEL, is_good=False),
    "log": Stand("run/log.jsonl", ("report run --out out.html",)),
    "weights": Stand("run/model.safetensors", ("info run", f"encode {A} -m run --out out.csv"), MODEL),
    "latest": Stand("runs/latest", ("info", f"encode {A} --out out.csv"), MODEL),
    "evaluation": Stand("run/evaluation.json", ("compare run --images faces --out out",), is_needed=False),
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
    "image of many": Stand(
        A, ("benchmark load faces --size 16 --rounds 3", "benchmark encode faces -m run --n 60"), is_needed=False
    ),
    "no folder": Stand(
        "nowhere",
        (
            "benchmark structure nowhere --out out",
            "benchmark load nowhere",
            "train nowhere --out out",
            "align nowhere --out out",
            "evaluate run --images nowhere",
        ),
        is_good=False,
    ),
    "licences": Stand("faces/licenses.csv", (f"morph {A} {B} -m run --out out",)),
    "trials": Stand("design/trials.csv", EXPORTED[:1]),
    "design": Stand("design/design.json", EXPORTED),
    "questplus": Stand(
        "questplus/design.json", tuple(one.replace("design design", "design questplus") for one in EXPORTED[:2])
    ),
    "staircase": Stand(
        "staircase/design.json", tuple(one.replace("design design", "design staircase") for one in EXPORTED[:2])
    ),
    "settings": Stand("experiment/settings.json", (EDITED.format("psychopy", "experiment --force"),), is_needed=False),
    "texts": Stand("experiment/texts.json", (EDITED.format("psychopy", "experiment --force"),), is_needed=False),
    "settings of a page": Stand("page/settings.js", (EDITED.format("jspsych", "page --force"),), is_needed=False),
    "export": Stand("answered/export.json", ("collect answered/keys.csv --out out.csv",)),
    "record of an export": Stand("page/export.json", ("export set --design design --to jspsych --out page",)),
    "scales": Stand("scaled/scale.json", ("figure scaled --out out.svg", "cite scaled")),
    "scale drawn": Stand("scaled/scale.csv", ("figure scaled --out out.svg",)),
    "comparison": Stand("compared/comparison.json", ("compare run --images faces --out compared",)),
    "vectors": Stand("vectors/vectors.json", VECTORS),
    "directions": Stand("vectors/vectors.safetensors", VECTORS[:1]),
    "codes csv": Stand("codes.csv", ("decode codes.csv -m run --out out",)),
    "codes npz": Stand("codes.npz", ("decode codes.npz -m run --out out",)),
    "codes safetensors": Stand("codes.safetensors", ("decode codes.safetensors -m run --out out",)),
    "labels": Stand("labels.csv", ("attributes fit --labels labels.csv --images faces -m run --out out",)),
    "results": Stand("results.csv", ("collect results.csv --out out.csv", "scale results.csv --out out")),
    "results json": Stand("results.json", ("collect results.json --out out.csv",)),
    "answers": Stand("answers.csv", ("analyse answers.csv --out out",)),
    "scale": Stand("scale.csv", (f"morph {A} {B} -m run --spacing scale.csv --out out",)),
    "state": Stand("serve.sqlite", ("chain faces --state serve.sqlite -m run --chain 1 --out out",)),
    "display": Stand("display.csv", ("match set --display display.csv --luminance --out out",)),
    "language": Stand("language.json", ("export set --to jspsych --language language.json --out out",)),
    "consent": Stand("consent.txt", ("export set --to jspsych --consent consent.txt --out out",)),
    "landmarks": Stand("points.csv", ("align faces --points points.csv --by l,r --out out",)),
    "results of a recipe": Stand(
        "made/run.json", ("run recipe.yaml --out made",), USAGE, is_needed=False, is_rare=True
    ),
    "record of a job": Stand(
        "made/.record/_line.json", ("run recipe.yaml --out made",), USAGE, is_needed=False, is_rare=True
    ),
    "hashes of a recipe": Stand(
        "made/.record/hashes.json", ("run recipe.yaml --out made",), USAGE, is_needed=False, is_rare=True
    ),
    "decoder": Stand("decoder/export.json", ("export-decoder run --out decoder",), is_rare=True),
    "analysis": Stand("analysed/analysis.json", ("analyse answers.csv --out analysed",), is_rare=True),
    "audit": Stand("audited/audit.json", ("audit set --out audited",), is_rare=True),
    "sheets": Stand("shown/show.json", ("attributes show vectors -m run --out shown",), is_rare=True),
    "midpoints": Stand(
        "midpoints/midpoints.json", ("benchmark midpoints run --pairs 8 --out midpoints",), is_rare=True
    ),
    "record of a file": Stand(".codes.csv.gaia-stim.json", (f"encode {A} -m run --out codes.csv",)),
    "alignment": Stand(
        "aligned/alignment.json",
        (TRAINED.format("aligned/images --dry-run", "out"), "align faces --points points.csv --by l,r --out aligned"),
        is_rare=True,
    ),
    "samples": Stand("drawn/samples.json", ("samples drawn --n 3 --size 32",)),
    "held out": Stand("held.txt", ("train faces --preset tiny --hold-out held.txt --out out",)),
    "checkpoint": Stand("grey/training_state.safetensors", (TRAINED.format("faces", "grey"),), MODEL),
    "recipe": Stand("recipe.yaml", ("recipe check recipe.yaml", "run recipe.yaml"), USAGE),
    "options": Stand("options.yaml", (TRAINED.format("faces --config options.yaml", "out"),), USAGE),
}
JSON = frozenset(
    kind
    for kind, stand in STANDS.items()
    if stand.suffix == ".json" and kind not in ("results json", "config of lines")
)
"""Kinds that are one JSON value, and take moments to read."""
RECORDS = JSON | {"weights", "checkpoint", "codes safetensors"}
"""Kinds that are or hold a record as JSON: the whole file, or in the header of its tensors."""
NO_STAND: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "alignment.csv",
            "analysis.csv",
            "audit.csv",
            "comparison.csv",
            "matching.csv",
            "scale_summary.csv",
            "trace.csv",
        ),
        "a table for people and statistics programs",
    ),
    **dict.fromkeys(("conditions.csv", "conditions.xlsx", "task.json"), "for experiment programs"),
    **dict.fromkeys(("resources.json", "stimuli.json", "experiment.study.json"), "for experiment programs"),
    **dict.fromkeys(("participants.tsv", "stimuli.tsv", "events_to_fill_in.tsv"), "for BIDS"),
    **dict.fromkeys(("dataset_description.json", "ro-crate-metadata.json"), "for archives"),
    **dict.fromkeys(("description-stimuli_data.csv", "description-trials_data.csv", "_data.csv"), "for Psych-DS"),
    ".participants.csv": "tokens for whoever runs the study; the server goes by its state",
    **dict.fromkeys(("decoder.json", "run.json", "all.csv"), "for whoever uses what is beside it"),
    **dict.fromkeys(("landmarks.csv", "licences.csv", "lines.json"), "as points.csv, licenses.csv, comparison.json"),
    **dict.fromkeys(("versions.json", "weights.safetensors"), "comes with the package"),
    **dict.fromkeys(("FILE.csv", "latents.csv", "_recipe.yaml", "RECIPE.yaml"), "what somebody calls a file of theirs"),
    **dict.fromkeys(("journal.jsonl", "pixels.u8", "noise.u8"), "in the cache, which nobody sends; see test_cache.py"),
    **dict.fromkeys(
        ("last.safetensors", "good_state.safetensors", "running.json"), "of what is under way; see test_checkpoints.py"
    ),
}
"""Files with such names need no stand of their own: why."""
YAML = ("recipe", "options")


@dataclass(frozen=True)
class Attack:
    """What is done to a good file of some kinds, and how every command that reads it must end."""

    name: str
    kinds: Collection[str]
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
GONE = ...
"""Instead of one: that there is no such place."""
CELLS = ("", "-1", "nan", "1e999", "=A1", "x" * 20_000)
"""Texts to put in the place of a cell."""


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
    """The value with something else at a place, or without the place."""
    if not place:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    if odd is GONE and len(place) == 1:
        del copy[place[0]]
    else:
        copy[place[0]] = put(copy[place[0]], place[1:], odd)
    return copy


def record_in(path: Path) -> Any:
    """The JSON value that a file is, or that stands in the header of its tensors."""
    return read_tensors(path)[1] if path.suffix == ".safetensors" else json.loads(path.read_text())


def rows_of(path: Path) -> list[list[str]]:
    """What stands in the cells of a table, its header first."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.reader(stream))


def with_field(place: tuple[Any, ...], odd: Any) -> Callable[[Path], object]:
    """Put an odd value at a place of a record, or a cell into the first row of a table's column, or leave it out.

    The checksum of tensors is that of what they are now.
    """

    def make(path: Path) -> None:
        if path.suffix == ".csv":
            rows = rows_of(path)
            rows[:] = [put(row, place, odd) if odd is GONE or at == 1 else row for at, row in enumerate(rows)]
            with path.open("w", newline="", encoding="utf-8") as stream:
                csv.writer(stream).writerows(rows)
            return
        record = put(record_in(path), place, odd)
        if path.suffix != ".safetensors":
            path.write_text(json.dumps(record, allow_nan=True))
        elif isinstance(record, dict):
            write_tensors(path, read_tensors(path)[0], record)
        else:
            path.write_bytes(save(read_tensors(path)[0], metadata={HEADER: json.dumps(record)}))

    return make


def _sqlite(*statements: str) -> Callable[[Path], object]:
    """A good SQLite file with another's tables, or with what ours never hold."""

    def make(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as file:
            for statement in statements:
                file.execute(statement)
            file.commit()

    return make


STATE_ATTACKS = tuple(
    Attack(f"SQLite: {name}", ("state",), _sqlite(*statements))
    for name, statements in {
        "another's tables": ("DROP TABLE answers", "DROP TABLE chains", "CREATE TABLE chains (id TEXT, made TEXT)"),
        "a table as a view": ("DROP TABLE answers", "CREATE VIEW answers AS SELECT * FROM chains"),
        "a view without an end": (
            "DROP TABLE answers",
            "CREATE VIEW answers AS WITH RECURSIVE n(trial) AS (SELECT 0 UNION ALL SELECT trial + 1 FROM n) "
            "SELECT 1 AS chain, trial, 'p' AS participant, 0.0 AS answer, '[0.0, 0.0]' AS state, 'now' AS at FROM n",
        ),
        "a chain that is none": ("UPDATE chains SET spec = '[]'",),
        "a chain with infinity": ("""UPDATE chains SET spec = '{"kind": "gsp", "start": "a", "reach": 1e999}'""",),
        "a photograph far away": (
            """UPDATE chains SET spec = '{"kind": "gsp", "start": "../../etc/passwd", "axes": 2, "trials": 3}'""",
        ),
        "a state that is none": ("UPDATE answers SET state = 'abc'",),
        "a state of text": ("""UPDATE answers SET state = '["a", "b"]'""",),
        "a state of other length": ("UPDATE answers SET state = '[1.0]'",),
        "a state beyond numbers": ("UPDATE answers SET state = '[1e999, NaN]'",),
        "a state 100,000 deep": (f"UPDATE answers SET state = '{'[' * 10**5}'",),
        "a trial below zero": ("UPDATE answers SET trial = -5",),
    }.items()
)
LOG_ATTACKS = tuple(
    Attack(f"log: {content[:30].decode()}", ("log",), _holding(content * 40), may_do=True)
    for content in (
        *(b"[]\n", b"null\n", b'{"images_seen": "abc"}\n', b'{"images_seen": 1e300}\n', b'{"images_seen": -5}\n'),
        *(b'{"images_seen": NaN}\n', b'{"images_seen": 5, "losses": {"a": 1e999}}\n'),
        *(b'{"images_seen": 5, "losses": []}\n', b'{"images_seen": 5, "validation_l1": "x"}\n'),
        b'{"images_seen": 5, "losses": {"' + b"a" * 10**5 + b'": 1.0}}\n',
    )
)
ATTACKS = (*GENERAL, *JSON_ATTACKS, *STATE_ATTACKS, *LOG_ATTACKS)


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
