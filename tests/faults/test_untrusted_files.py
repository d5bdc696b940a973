"""FAULTS 9, 12, 13: a model, a set or a table from a stranger is read, refused, or told of; it is never obeyed."""

import base64
import copy
import csv
import io
import json
import os
import pickle
import random
import resource
import shutil
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from faults.attacks import places, put
from faults.conftest import ROUND, times
from gaia_stim import cli
from gaia_stim.cells import csv_bytes, guarded, unguarded
from gaia_stim.designs.responses import read_answers
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.export import EXPORTERS
from gaia_stim.files import read_json, write_json
from gaia_stim.labels.table import read_labels
from gaia_stim.recipe.plan import load_recipe
from gaia_stim.runs import Run
from gaia_stim.space.codes import CodeTable, read_codes, write_codes
from gaia_stim.space.spacing import read_scale
from gaia_stim.stimuli.licences import licence_of
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import read_trials
from gaia_stim.tensors import HEADER, read_tensors

Capture = pytest.CaptureFixture[str]
GIGA = 10**9


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def growth(of: Callable[[], object]) -> int:
    """By how many bytes the memory of this process ever grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    of()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)


# -- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["model.safetensors", "training_state.safetensors", "weights.pt", "weights.pkl"])
def test_a_pickle_is_never_run(
    given: str, plant: Callable[..., Path], faces: Path, tmp_path: Path, capsys: Capture
) -> None:
    sprung, run = tmp_path / "sprung", plant()
    image, *_ = sorted(faces.iterdir())
    model = run if given.endswith(".safetensors") else tmp_path / given
    for number, content in enumerate([pickle.dumps(Trap(sprung)), pickle.dumps(Trap(sprung), 0), None]):
        path = run / given if given.endswith(".safetensors") else model
        if content is None:
            torch.save({"model": Trap(sprung)}, path)
        else:
            path.write_bytes(content)
        if given.startswith("training_state"):
            command = [
                "train",
                str(faces),
                "--out",
                f"new{number}",
                "--from",
                str(run),
                "--preset",
                "tiny",
                "--width",
                "4",
            ]
        else:
            command = ["encode", str(image), "-m", str(model), "--out", f"codes{number}.csv"]
        assert cli.main(["-q", *command]) == 4
        err = capsys.readouterr().err
        assert err.startswith("error: ") and str(model) in err and "Traceback" not in err
    assert not sprung.exists()


@pytest.mark.parametrize("name", ["codes.npz", "codes.safetensors", "codes.csv"])
def test_codes_that_are_a_pickle(name: str, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    (tmp_path / name).write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(DataError):
        read_codes(tmp_path / name)
    if name.endswith(".npz"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("codes.npy", pickle.dumps(Trap(sprung)))
        with pytest.raises(DataError):
            read_codes(tmp_path / name)
        np.savez(tmp_path / name, codes=np.array([Trap(sprung)], dtype=object))
        with pytest.raises(DataError):
            read_codes(tmp_path / name)
    assert not sprung.exists()


@pytest.mark.parametrize(
    "wanted",
    [
        {"width": 10**6},
        {"latent": 10**12},
        {"latent": 2**52},
        {"shape_latent": 2**52},
        {"size": 2**40},
        {"size": 10**5},
        {"width": 512, "latent": 4096, "size": 1024, "network": "munit"},
        {"width": 512, "latent": 4096, "size": 1024},
        {"channels": 10**9},
        {"alpha": 1e999},
    ],
    ids=str,
)
def test_a_config_that_asks_for_too_much(wanted: dict[str, Any], plant: Callable[..., Path]) -> None:
    """10¹² parameters and more: refused by the numbers or by the header's shapes, before memory is taken."""
    run = Run(plant())
    config = read_json(run.path / "config.json")
    (run.path / "config.json").write_text(json.dumps({**config, "model": {**config["model"], **wanted}}))
    began = time.monotonic()

    def load() -> None:
        with pytest.raises(CheckpointError) as caught:
            run.load()
        assert caught.value.exit_code == 4 and "\n" not in str(caught.value)

    assert growth(load) < 200_000_000
    assert time.monotonic() - began < 20


def header(path: Path, tensors: dict[str, Any]) -> None:
    """A safetensors file that is nothing but a header."""
    content = json.dumps(tensors).encode()
    path.write_bytes(len(content).to_bytes(8, "little") + content)


def test_weights_that_claim_to_be_huge(plant: Callable[..., Path]) -> None:
    """A header may claim anything; a sparse file of a terabyte may even seem to hold it."""
    run = Run(plant())
    tensors, _ = read_tensors(run.weights)
    name = next(iter(tensors))
    size = 10**12
    for claimed in ([size // 4], [2**62, 2**62], [-1], [size // 4, 1, 1, 1]):
        header(run.weights, {name: {"dtype": "F32", "shape": claimed, "data_offsets": [0, size]}})
        os.truncate(run.weights, run.weights.stat().st_size + size)

        def load() -> None:
            with pytest.raises(CheckpointError):
                run.load()

        assert growth(load) < 100_000_000


def test_weights_of_wrong_shapes(plant: Callable[..., Path]) -> None:
    run = Run(plant())
    tensors, metadata = read_tensors(run.weights)
    name = next(iter(tensors))
    for wrong, said in (
        ({name: tensors[name][..., :-1].contiguous()}, f"'{name}' is ("),
        ({name: tensors[name][None].clone()}, f"'{name}' is ("),
        ({"encoder.extra": torch.zeros(3)}, "'encoder.extra' has no place in it"),
        ({"../../etc/passwd": torch.zeros(3)}, "has no place in it"),
    ):
        save_file({**tensors, **wrong}, run.weights, {HEADER: json.dumps(metadata)})
        with pytest.raises(CheckpointError) as caught:
            run.load()
        assert said in str(caught.value) and "not the weights of this config.json" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 10**6,
        b'{"a":' * 10**5,
        b'{"format": ' + b"9" * 5000 + b"}",
        b'{"format": NaN}',
        b"\xff\xfe{}",
        b"{}",
        b"null",
        b'{"model": {"size": 1e400}}',
        json.dumps({"__class__": "os.system", "py/object": "os.system"}).encode(),
    ],
    ids=lambda content: repr(content[:12]),
)
@pytest.mark.parametrize("name", ["config.json", "provenance.json"])
def test_json_from_a_stranger(
    name: str, content: bytes, plant: Callable[..., Path], made: Path, capsys: Capture
) -> None:
    folder = plant() if name == "config.json" else made
    (folder / name).write_bytes(content)
    began = time.monotonic()
    for verb in ("info", "report"):
        assert cli.main(["-q", verb, str(folder)]) in ((3, 4) if verb == "info" else (0, 3, 4))
        said(capsys)
    assert time.monotonic() - began < 30


def test_json_that_is_no_file_is_not_waited_for(plant: Callable[..., Path], tmp_path: Path) -> None:
    run = Run(plant())
    (run.path / "config.json").unlink()
    os.mkfifo(run.path / "config.json")
    with pytest.raises(CheckpointError, match="not a JSON file"):
        run.config()
    run.weights.unlink()
    os.mkfifo(run.weights)
    with pytest.raises(CheckpointError, match="a pipe or a device"):
        read_tensors(run.weights)
    (tmp_path / "huge.json").touch()
    os.truncate(tmp_path / "huge.json", 10**12)
    with pytest.raises(DataError, match="too large"):
        read_json(tmp_path / "huge.json")


# -- sets -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def master(faces: Path, tiny_run: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("master")
    a, b = sorted(faces.iterdir())[:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        patch.chdir(folder)
        assert cli.main(["-q", "morph", str(a), str(b), "-m", str(tiny_run), "--steps", "4", "--out", "set"]) == 0
    return folder / "set"


@pytest.fixture
def made(master: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(master, tmp_path / "set"))


def said(capsys: Capture) -> str:
    """What stderr says: a message of at most a screen, and no traceback."""
    err = capsys.readouterr().err
    assert "Traceback" not in err and "bug" not in err, err
    assert len(err.splitlines()) <= 15, err
    return err


def on_the_set(made: Path, tiny_run: Path, tmp_path: Path) -> Iterator[list[str]]:
    """Every command that reads a set."""
    yield ["info", str(made)]
    yield ["audit", str(made), "--out", str(tmp_path / "audit"), "--force"]
    yield ["match", str(made), "--luminance", "--out", str(tmp_path / "matched"), "--force"]
    yield ["report", str(made), "--out", str(tmp_path / "page.html"), "--force"]
    yield ["remake", str(made), "--out", str(tmp_path / "again"), "--force", "-m", str(tiny_run)]


SECRET = "a secret that nobody asked for"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "secret.png"
    path.parent.mkdir()
    path.write_text(SECRET)
    return path


def leaked(folder: Path) -> list[str]:
    # In a page, pictures stand as base64, which depends on where in it the text begins.
    signs = [SECRET.encode(), *(base64.b64encode(b"x" * shift + SECRET.encode())[4:-8] for shift in range(3))]
    plain = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    written = [path for path in plain if not path.resolve().is_relative_to(folder / "elsewhere")]
    return [str(path) for path in written if any(sign in path.read_bytes() for sign in signs)]


WAYS_OUT = [
    "../../etc/passwd",
    "/etc/passwd",
    "stimuli/../../elsewhere/secret.png",
    "elsewhere/secret.png",
    "C:\\x",
    "",
]


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_manifest_that_names_files_elsewhere(
    way: str, made: Path, secret: Path, tiny_run: Path, tmp_path: Path, capsys: Capture
) -> None:
    rows = list(csv.reader((made / "manifest.csv").read_text().splitlines()))
    rows[1][rows[0].index("image")] = way
    (made / "manifest.csv").write_bytes(csv_bytes(rows))
    for command in on_the_set(made, tiny_run, tmp_path):
        assert cli.main(["-q", *command]) == 3, command
        assert "manifest.csv" in said(capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "set"]


@pytest.mark.parametrize("way", times(["../../etc/passwd"], [*WAYS_OUT, "x" * 300, "CON", "a/b"]))
def test_a_provenance_that_names_files_elsewhere(
    way: str, made: Path, secret: Path, tiny_run: Path, tmp_path: Path, capsys: Capture
) -> None:
    """As a stimulus's file, where the stimulus's id would make one, and as a source."""
    provenance = read_json(made / "provenance.json")
    for change in ("image", "stim_id"):
        wrong = copy.deepcopy(provenance)
        wrong["plan"]["stimuli"][1][change] = way
        write_json(made / "provenance.json", wrong)
        for command in on_the_set(made, tiny_run, tmp_path):
            code = cli.main(["-q", *command])
            assert code == (3 if command[0] in ("match", "remake") else 0), command
            said(capsys)
        shutil.rmtree(tmp_path / "audit", ignore_errors=True)
        (tmp_path / "page.html").unlink(missing_ok=True)
    wrong = copy.deepcopy(provenance)
    wrong["sources"][0]["path"] = str(secret) if way == "" else way
    wrong["sources"][1]["source_id"] = way
    write_json(made / "provenance.json", wrong)
    for command in on_the_set(made, tiny_run, tmp_path):
        assert cli.main(["-q", *command]) in (0, 3), command
        said(capsys)
    assert not leaked(tmp_path)


@pytest.mark.parametrize(
    "place", [("plan", "stimuli", 1, "image"), ("sources", 0, "path"), ("request", "verb")], ids=str
)
def test_a_provenance_with_a_nul_in_it(
    place: tuple[Any, ...], made: Path, tiny_run: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Nothing could open a file of that name, nor show the text: no command goes by such a record."""
    write_json(made / "provenance.json", put(read_json(made / "provenance.json"), place, "a\0b"))
    for command in on_the_set(made, tiny_run, tmp_path):
        assert cli.main(["-q", *command]) == 3, command
        assert "provenance.json: not a JSON file (a NUL, which no name can have)" in said(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("what", ["stimuli/m_0002.png", "stimuli", "sheet.png"])
def test_a_link_that_leads_out_of_a_set(
    what: str, made: Path, secret: Path, tiny_run: Path, tmp_path: Path, capsys: Capture
) -> None:
    link = made / what
    if link.is_dir():
        shutil.move(link, secret.parent / "stimuli")
        shutil.copy(secret, secret.parent / "stimuli" / "m_0002.png")
        link.symlink_to(secret.parent / "stimuli")
    else:
        link.unlink()
        link.symlink_to(secret)
    for command in on_the_set(made, tiny_run, tmp_path):
        code = cli.main(["-q", *command])
        err = said(capsys)
        if what != "sheet.png" and command[0] not in ("info", "remake"):
            assert code == 3 and "not in the set's folder" in err, command
    assert not leaked(tmp_path)
    assert secret.read_text() == SECRET


def test_a_manifest_from_a_stranger(made: Path, tiny_run: Path, tmp_path: Path, capsys: Capture) -> None:
    """Cells of any kind: an answer or a message, never a bug."""
    rows = list(csv.reader((made / "manifest.csv").read_text().splitlines()))
    chance = random.Random(ROUND)
    odd = ["", "nan", "inf", "-1", "1e400", "9" * 400, "=1+1", "\0", "x" * 100_000, '"', "\r", "[]", "0x10", "1;2;3"]
    for _ in range(times(4, 50)):
        wrong = copy.deepcopy(rows)
        wrong[chance.randrange(len(rows))][chance.randrange(len(rows[0]))] = chance.choice(odd)
        (made / "manifest.csv").write_bytes(csv_bytes(wrong))
        for command in on_the_set(made, tiny_run, tmp_path):
            assert cli.main(["-q", *command]) in (0, 2, 3, 4), (command, wrong)
            said(capsys)
    for content in (b"", b"\0" * 100, b"stim_id\n", b'"' * 1000, bytes(range(256)), b"a,b\n" * 10):
        (made / "manifest.csv").write_bytes(content)
        assert cli.main(["-q", "info", str(made)]) == 3
        said(capsys)


def test_a_provenance_from_a_stranger(made: Path, tiny_run: Path, tmp_path: Path, capsys: Capture) -> None:
    """Any part of it missing or of another kind: an answer or a message, never a bug."""
    provenance = read_json(made / "provenance.json")
    everywhere = list(places(provenance))[1:]
    chance = random.Random(ROUND)
    others: list[Any] = [None, 10**30, 1e308, "../../etc/passwd", [], {}, -1, True, "", [[]], {"a": 1}]
    for place, (*above, last) in enumerate(times(chance.sample(everywhere, 6), everywhere)):
        wrong = copy.deepcopy(provenance)
        at = wrong
        for name in above:
            at = at[name]
        if chance.random() < 0.2:
            del at[last]
        else:
            at[last] = chance.choice(others)
        write_json(made / "provenance.json", wrong)
        commands = list(on_the_set(made, tiny_run, tmp_path))
        # There are hundreds of parts: each meets another of the five commands in each round.
        for command in times(commands, [commands[(place + ROUND) % len(commands)]]):
            assert cli.main(["-q", *command]) in (0, 2, 3, 4), (command, above, last)
            said(capsys)
    for top in ([], None, 3, "x", {}):
        write_json(made / "provenance.json", top)
        assert cli.main(["-q", "info", str(made)]) == 3
        said(capsys)


# -- tables -----------------------------------------------------------------------------------------------------------

TEXTS = [
    "=1+1",
    "'=1+1",
    "''=1",
    "+1",
    "-1",
    "@x",
    "\t=",
    "\r=",
    "a\rb",
    "a\r\nb",
    '"',
    "'",
    "''",
    "'a",
    "a,b",
    " ",
    "ü",
]


def test_texts_in_cells_are_inert_and_come_back() -> None:
    """Whatever stands in front of it: what is read is what was written, and nothing begins as a formula does."""
    chance = random.Random(0)
    texts = TEXTS + ["".join(chance.choices("'=+-@\t\r\n\0\"a,;ü ", k=chance.randrange(9))) for _ in range(2000)]
    for text in texts:
        assert unguarded(guarded(text)) == text
        assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    lines = csv_bytes([text, "next"] for text in texts).decode()
    read = list(csv.reader(io.StringIO(lines, newline="")))
    assert [[unguarded(cell), beside] for cell, beside in read] == [[text, "next"] for text in texts]


def test_codes_with_names_like_formulas(tmp_path: Path) -> None:
    names = TEXTS
    codes = np.linspace(-1, 1, 2 * len(names), dtype=np.float32).reshape(-1, 2)
    table = CodeTable(codes, "m", names, names, ["sha256_0"] * len(names))
    write_codes(tmp_path / "x.csv", table)
    found = read_codes(tmp_path / "x.csv")
    assert (found.path, found.image_id) == (names, names) and np.array_equal(found.codes, codes)
    for cell in (cell for row in csv.reader((tmp_path / "x.csv").open(newline="")) for cell in row):
        assert not cell.startswith(("=", "+", "@", "\t", "\r")) and (cell[:1] != "-" or float(cell) < 0)


def test_an_image_that_is_called_like_a_formula(faces: Path, tiny_run: Path, tmp_path: Path) -> None:
    """From the image to the experiment: no cell of any table begins as a formula does, and its name comes back."""
    names = ['=HYPERLINK("x","y").png', "+1.png", "@x.png"]
    for name, face in zip(names, sorted(faces.iterdir()), strict=False):
        shutil.copy(face, tmp_path / name)
    for words in (
        ["encode", *names, "-m", str(tiny_run), "--out", "codes.csv"],
        ["morph", *names[:2], "-m", str(tiny_run), "--steps", "3", "--out", "set"],
        ["audit", "set", "--out", "audit"],
        ["design", "2afc", "set", "--out", "design"],
        *(["export", "set", "--design", "design", "--to", program, "--out", program] for program in EXPORTERS),
    ):
        assert cli.main(["-q", *words]) == 0, words
    assert read_codes(Path("codes.csv")).path == names
    assert StimulusSet.open(Path("set")).provenance.as_written["sources"][0]["path"] == names[0]
    tables = [path for path in tmp_path.rglob("*") if path.suffix in (".csv", ".tsv")]
    assert len(tables) > len(EXPORTERS)
    for path in tables:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            for cell in (cell for row in csv.reader(stream, delimiter=",\t"[path.suffix == ".tsv"]) for cell in row):
                assert not cell.startswith(("=", "+", "@", "\t", "\r")), path
                assert cell[:1] != "-" or float(cell) < 0, path


def test_tables_of_labels_that_unpack_to_much(tmp_path: Path) -> None:
    """A workbook of some megabytes that unpacks to three gigabytes is refused by what its directory says, unread."""
    with (
        zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(30):
            sheet.write(bytes(GIGA // 10))
    (tmp_path / "pickle.xlsx").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    (tmp_path / "huge.csv").touch()
    os.truncate(tmp_path / "huge.csv", 10**12)

    def read() -> None:
        for name, said in (
            ("bomb.xlsx", "unpacks to"),
            ("huge.csv", "too large"),
            ("pickle.xlsx", "not an XLSX or ODS workbook"),
        ):
            with pytest.raises(DataError, match=said):
                read_labels(tmp_path / name)

    assert growth(read) < 100_000_000
    assert not (tmp_path / "sprung").exists()


WIDE = ",".join(f"c{number}" for number in range(10**6))


Table = tuple[Path, Callable[[], object]]


@pytest.fixture
def table(made: Path, tmp_path: Path) -> Callable[[str], Table]:
    """Where a table of that kind stands, and what reads it."""

    def run_recipe() -> None:
        (tmp_path / "recipe.yaml").write_text("steps:\n  s: {do: samples, each: each.csv, n: 1}\n")
        load_recipe(tmp_path / "recipe.yaml")

    def table(kind: str) -> Table:
        path = made / "manifest.csv" if kind == "manifest" else tmp_path / f"{kind}.csv"
        read: dict[str, Callable[[], object]] = {
            "labels": lambda: read_labels(path),
            "scale": lambda: read_scale(path),
            "responses": lambda: read_answers([path], None),
            "trials": lambda: read_trials(path, StimulusSet.open(made)),
            "licences": lambda: licence_of(tmp_path / "x.png"),
            "manifest": lambda: StimulusSet.open(made),
            "each": run_recipe,
        }
        return path, read[kind]

    return table


KINDS = ["labels", "scale", "responses", "trials", "licences", "manifest", "each"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{WIDE}\n{WIDE}\n", "more than 10,000 columns"),
        (f"task,alpha\n{WIDE}\n", "more than 10,000 columns|1000000 cells, but the header names 2"),
        (f"\n\n{WIDE}", "more than 10,000 columns|has no column|lacks the column"),
        ("x" * 10**7 + f",{WIDE}", "longer than|more than 10,000 columns|field larger"),
        (f'x",{WIDE}"\n', "more than 10,000 columns"),
    ],
    ids=["header", "row", "after lines", "long", "quotes"],
)
def test_a_table_of_a_million_columns(kind: str, content: str, said: str, table: Callable[[str], Table]) -> None:
    """Told in a moment, and in little memory."""
    path, read = table(kind)
    path.write_text(content)
    began = time.monotonic()

    def refused() -> None:
        with pytest.raises((DataError, ConfigError), match=said):
            read()

    assert growth(refused) < GIGA // 2
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_a_terabyte(kind: str, table: Callable[[str], Table]) -> None:
    path, read = table(kind)
    path.touch()
    os.truncate(path, 10**12)
    with pytest.raises((DataError, ConfigError), match="too large"):
        read()


@pytest.mark.parametrize("kind", ["scale", "responses", "trials", "licences"])
def test_rows_that_are_longer_than_their_header(kind: str, table: Callable[[str], Table]) -> None:
    """Columns never move: pandas takes the first of such a table for names of its rows."""
    path, read = table(kind)
    path.write_text("image,license,task,stim_a,response,alpha,scale\n" + "0,0,0,0,0,0,0,9\n1,1,1,1,1,1,1,9\n")
    with pytest.raises(
        DataError, match=r"its first row has 8 cells under a header of 7|8 cells, but the header names 7"
    ):
        read()


def test_weights_that_are_none(plant: Callable[..., Path]) -> None:
    """Of other kinds, or a name that is there twice, of which a reader would take either."""
    run = Run(plant())
    tensors, metadata = read_tensors(run.weights)
    good, name = run.weights.read_bytes(), next(iter(tensors))
    for kind in (torch.bool, torch.int64, torch.complex64):
        save_file({**tensors, name: tensors[name].to(kind)}, run.weights, {HEADER: json.dumps(metadata)})
        with pytest.raises(CheckpointError, match=rf"'{name}' is of the kind"):
            run.load()
    size = int.from_bytes(good[:8], "little")
    about = json.dumps(json.loads(good[8 : 8 + size])[name])
    twice = good[8 : 8 + size].rstrip()[:-1] + f',"{name}":{about}}}'.encode()
    run.weights.write_bytes(len(twice).to_bytes(8, "little") + twice + good[8 + size :])
    with pytest.raises(CheckpointError, match=f"holds '{name}' twice"):
        run.load()


def test_arrays_that_unpack_to_much(tmp_path: Path) -> None:
    path = tmp_path / "codes.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("codes.npy", "w") as part:
        np.lib.format.write_array_header_1_0(part, {"descr": "<f4", "fortran_order": False, "shape": (40, GIGA // 400)})
        for _ in range(4):
            part.write(bytes(GIGA // 10))
    other = tmp_path / "claims.npz"
    with zipfile.ZipFile(other, "w") as archive, archive.open("codes.npy", "w") as part:
        np.lib.format.write_array_header_1_0(part, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6)})

    def refused() -> None:
        with pytest.raises(DataError, match="unpacks to"):
            read_codes(path)
        with pytest.raises(DataError, match="claims to hold"):
            read_codes(other)

    assert growth(refused) < GIGA // 10
