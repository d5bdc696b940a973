"""Every mistake is told in a few lines: what failed, on what, what to do. Never a traceback, always the right code.

A table of mistakes that people make, one of each option of each command made by machine, and every kind of error.
"""

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gaia_stim import cli, errors
from gaia_stim.config import make
from gaia_stim.config.options import Option, options
from gaia_stim.config.verbs import FAMILIES, VERBS, Verb
from gaia_stim.errors import ConfigError, GaiaStimError
from gaia_stim.space.codes import CodeTable, write_codes

Capture = pytest.CaptureFixture[str]
SCREEN = 15

USAGE, DATA, MODEL = 2, 3, 4
MISTAKES: list[tuple[int, str, str]] = [
    # code, what was typed, what must be said
    (USAGE, "trian", "unknown command 'trian' (did you mean 'train'?)"),
    (USAGE, "info {a} extra", "unexpected argument: extra"),
    (USAGE, "--josn info", "--josn"),
    (USAGE, "info --json", "it stands before the verb"),
    # samples
    (USAGE, "samples out --n many", "--n: "),
    (USAGE, "samples out --n 2.5", "--n: "),
    (USAGE, "samples out --n 0", "--n: "),
    (USAGE, "samples out --size 7", "--size: "),
    (USAGE, "samples out --seed -1", "--seed: should be greater than or equal to 0"),
    (USAGE, "samples {note}", "is a file"),
    (USAGE, "samples folder --n 3", "folder"),
    # train
    (DATA, "train nowhere", "no such folder: nowhere"),
    (DATA, "train {note}", "is a file; a folder of images is needed"),
    (DATA, "train empty", "no images in it"),
    (DATA, "train one", "only 1 image"),
    (DATA, "train few --preset tiny", "fewer than a batch"),
    (DATA, "train messy --strict", "cannot be read"),
    (USAGE, "train few --size 33", "--size: should be a multiple of 16 (got '33')"),
    (USAGE, "train few --lr fast", "--lr: should be a valid number"),
    (USAGE, "train few --lr 1e3", "--lr: should be less than or equal to 1"),
    (USAGE, "train few --batch 6", "--batch: should be a multiple of 4"),
    (USAGE, "train few --preset ligth", "did you mean 'light'?"),
    (USAGE, "train {many} --preset tiny --method gaja", "did you mean 'gaia'?"),
    (USAGE, "train {many} --preset tiny --network lihgt", "did you mean 'light'?"),
    (USAGE, "train {many} --preset tiny --objective papre", "did you mean 'paper'?"),
    (USAGE, "train {many} --preset tiny --device cuda:99", "--device cuda:99: not on this machine"),
    (
        USAGE,
        "train {many} --preset tiny --device meta",
        "--device meta: not supported (nor is any Apple GPU); give auto, cpu, cuda or cuda:N",
    ),
    (USAGE, "train {many} --preset tiny --background sky", "sky"),
    (USAGE, "train {many} --preset tiny --out folder", "exists and is not a run folder"),
    (USAGE, "train {many} --preset tiny --out {run}", "holds another training"),
    (USAGE, "train {many} --config nowhere.yaml", "nowhere.yaml"),
    (USAGE, "train {many} --config {note}", "notes.txt"),
    (MODEL, "train {many} --preset tiny --from nowhere", "nowhere"),
    (USAGE, "train --sise 64", "--size"),
    # encode, decode
    (USAGE, "encode", "IMAGES: is needed"),
    (DATA, "encode none.png -m {run}", "none.png: no such file"),
    (DATA, "encode text.png -m {run}", "text.png: not an image, although its name ends in .png"),
    (DATA, "encode empty -m {run}", "no images in it"),
    (USAGE, "encode {a} --out codes.txt -m {run}", "codes are written as .csv, .npz, .safetensors"),
    (USAGE, "encode {a} --out {note}.csv -m {run}", "no record says that it is a file of codes of ours"),
    (MODEL, "encode {a} -m nowhere", "nowhere: no such model"),
    (MODEL, "encode {a} -m folder", "not a run folder (it has no config.json)"),
    (MODEL, "encode {a} -m broken", "not a safetensors file, or a damaged one"),
    (DATA, "decode none.csv -m {run}", "none.csv: no such file"),
    (DATA, "decode {note}.csv -m {run}", "not a file of codes"),
    (USAGE, "decode {a} -m {run}", "codes are written as"),
    (DATA, "decode short.csv -m {run}", "its codes have 3 numbers, the model's 16"),
    # morph and its kin
    (USAGE, "morph {a} -m {run}", "B: is needed"),
    (DATA, "morph {a} none.png -m {run}", "none.png: no such file"),
    (DATA, "morph {a} cut.png -m {run}", "cut.png: truncated"),
    (DATA, "morph {a} text.png -m {run}", "not an image"),
    (DATA, "morph {a} few -m {run}", "few: is a folder, not an image"),
    (DATA, "morph-grid {a} {b} {a} few -m {run}", "few: is a folder, not an image"),
    (DATA, "morph {a} {a} -m {run}", "have the same code: nothing lies between them"),
    (DATA, "morph {a} *.jpeg -m {run}", "*.jpeg: no such file by that pattern"),
    (DATA, "morph {a} zero.png -m {run}", "the file is empty"),
    (USAGE, "morph {a} {b} --steps 1 -m {run}", "--steps: should be greater than or equal to 2"),
    (USAGE, "morph {a} {b} --spacing pixle -m {run}", "did you mean 'pixel'?"),
    (DATA, "morph {a} {b} --spacing none.csv -m {run}", "none.csv"),
    (USAGE, "morph {a} {b} --extrapolate lots -m {run}", "--extrapolate: "),
    (USAGE, "morph {a} {b} --out folder -m {run}", "exists and is not a stimulus set"),
    (MODEL, "morph {a} {b} -m nowhere", "no such model"),
    (USAGE, "interpolate {a} -m {run}", "--path line needs at least 2 images, not 1"),
    (USAGE, "interpolate {a} {b} --path whele -m {run}", "did you mean 'wheel'?"),
    (USAGE, "morph-grid {a} {b} {a} -m {run}", "BR: is needed"),
    (USAGE, "morph-grid {a} {b} {a} {b} --rows 0 -m {run}", "--rows: "),
    (DATA, "average none.png -m {run}", "none.png"),
    (USAGE, "caricature {a} --norm few --amount 1:2 -m {run}", "'1:2' is not LOW:HIGH:N"),
    (DATA, "caricature {a} --norm nowhere -m {run}", "nowhere"),
    (USAGE, "sample --n 0 -m {run}", "--n: "),
    (USAGE, "sample --from cloud -m {run}", "--from"),
    # sets
    (DATA, "audit folder", "not a stimulus set (it has no manifest.csv)"),
    (DATA, "audit nowhere", "not a stimulus set"),
    (DATA, "match folder --luminance", "not a stimulus set"),
    (USAGE, "match folder --size abc", "--size"),
    (DATA, "remake nowhere", "no such stimulus set or provenance.json"),
    (DATA, "remake {note}", "not a JSON file"),
    (DATA, "report folder", "neither"),
    (DATA, "report nowhere", "nowhere: neither a run (config.json) nor a stimulus set (manifest.csv)"),
    (USAGE, "report", "TARGET: is needed"),
    (USAGE, "report {run} --out folder", "folder: is a folder; give --out a file"),
    (USAGE, "report {run} --out {note}", "no record says that it is a page of ours"),
    (DATA, "info nowhere", "no such file or folder"),
    (DATA, "info folder", "neither a run (config.json) nor a stimulus set"),
    (DATA, "info text.png", "not an image"),
    (MODEL, "info broken", "not a safetensors file"),
    # others
    (MODEL, "evaluate nowhere", "nowhere"),
    (USAGE, "compare nowhere nowhere2", "nowhere: not a run folder"),
    (USAGE, "compare {many} --methods gaia,vea --size 16", "did you mean 'vae'?"),
    (USAGE, "benchmark lins", "unknown command 'lins'"),
    (USAGE, "benchmark lines", "name trained runs, or train some by --methods"),
    (USAGE, "benchmark lines {run} --methods gaia", "not both"),
    (USAGE, "benchmark structure few --alphas 0.1,lots", "is not numbers with commas between"),
    # into the experiment
    (DATA, "export folder --to psychopy", "not a stimulus set"),
    (USAGE, "export folder --to psychpy", "did you mean 'psychopy'?"),
    (USAGE, "export folder --to psychopy --images-in-mat", "only psychtoolbox has a .mat"),
    (USAGE, "export folder", "--to: is needed"),
    (DATA, "design 2afc folder", "not a stimulus set"),
    (USAGE, "design 2acf folder", "did you mean '2afc'?"),
    (USAGE, "design 2afc folder --pairs step:0", "should be adjacent, all or step:N"),
    (DATA, "scale none.csv", "none.csv"),
    (DATA, "scale {note}.csv", "has a header but no rows"),
    (DATA, "scale empty", "has no .csv, .txt, .tsv, .xlsx, .ods, .json in it"),
    (DATA, "collect none.csv", "none.csv"),
    (USAGE, "collect {note}.csv --keys f", "should be KEY=ANSWER"),
    (DATA, "analyse none.csv", "none.csv"),
    (USAGE, "analyse {note}.csv --task oddty", "did you mean 'oddity'?"),
    (USAGE, "scale none.csv --out scale.csv", "is a folder now"),
    (USAGE, "scale {note}.csv --task mdls", "did you mean 'mlds'?"),
    # attributes
    (DATA, "attributes fit --labels none.csv -m {run}", "none.csv: no such file of a table"),
    (DATA, "attributes fit --labels {note}.csv -m {run}", "has a header but no rows"),
    (USAGE, "attributes fit --labels none.csv --baseline hair", "is not COLUMN=LEVEL"),
    (DATA, "attributes apply {a} --attribute age --amount 1,2 --vectors folder", "no attribute vectors"),
    (USAGE, "attributes apply {a} --attribute age --amount some", "'some' is neither LOW:HIGH:N"),
    (USAGE, "attributes apply {a} --attribute age --amount 1,2 --hold age", "cannot be moved and held at once"),
    (USAGE, "attributes apply {a} --attribute age --attribute sex --amount 1,2", "each needs the other"),
    (DATA, "attributes show folder", "no attribute vectors"),
    (DATA, "attributes audit folder", "no attribute vectors"),
    # recipes
    (USAGE, "recipe", "a command is needed"),
    (USAGE, "run none.yaml", "none.yaml"),
    (USAGE, "run {note}", "notes.txt:1"),
    (USAGE, "run typo.yaml", "typo.yaml:3:21: unknown key 'stpes' (did you mean 'steps'?)"),
    (USAGE, "recipe check typo.yaml", "typo.yaml:3:21: unknown key 'stpes'"),
    (USAGE, "recipe check none.yaml", "none.yaml"),
    (DATA, "recipe from folder", "folder"),
]


@pytest.fixture
def world(tmp_path: Path, faces: Path, tiny_run: Path, plant: Callable[..., Path]) -> dict[str, str]:
    """A folder of things to get wrong, and what stands for what in the table."""
    images = sorted(faces.iterdir())
    for name, count in (("empty", 0), ("one", 1), ("few", 3), ("messy", 3)):
        (tmp_path / name).mkdir()
        for index in range(count):
            (tmp_path / name / f"{index}.png").write_bytes(images[index].read_bytes())
    (tmp_path / "messy" / "note.png").write_text("hello")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    (tmp_path / "notes.txt").write_text("hello: [")
    (tmp_path / "notes.txt.csv").write_text("hello")
    (tmp_path / "typo.yaml").write_text("model: builtin\nsteps:\n  line: {do: morph, stpes: 3, first: a, second: b}\n")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "zero.png").touch()
    (tmp_path / "cut.png").write_bytes(images[0].read_bytes()[:300])
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "grey.png")
    write_codes(tmp_path / "short.csv", CodeTable(np.ones((1, 3), np.float32), "m", ["a"], ["a"], ["sha256_0"]))
    (plant("broken") / "model.safetensors").write_bytes(b"hello")
    names = {"a": images[0], "b": images[1], "many": faces, "run": tiny_run, "note": tmp_path / "notes.txt"}
    return {name: str(path) for name, path in names.items()}


def told(argv: list[str], capsys: Capture) -> tuple[int, str]:
    """The exit code and what stderr says, which is a few lines that begin as a message does; stdout says nothing."""
    code = cli.main(argv)
    out, err = capsys.readouterr()
    assert out == "", argv
    assert "Traceback" not in err and "bug:" not in err, err
    assert 1 <= len(err.splitlines()) <= SCREEN, err
    assert any(line.startswith(("error: ", "stopped: ", "cancelled")) for line in err.splitlines()), err
    return code, err


def test_the_table_is_long_enough() -> None:
    assert len(MISTAKES) >= 60 and len({typed for _, typed, _ in MISTAKES}) == len(MISTAKES)


def test_a_mistake_is_told(world: dict[str, str], tmp_path: Path, capsys: Capture, subtests: pytest.Subtests) -> None:
    for code, typed, said in MISTAKES:
        with subtests.test(typed):
            before = sorted(tmp_path.rglob("*"))
            argv = [word.format(**world) for word in typed.split()]
            found, err = told(["-q", *argv], capsys)
            assert found == code, err
            assert said in err, err
            assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == []


def names_of(verb: str) -> list[str]:
    """The command with something for each place that needs something, though there is nothing by that name."""
    needed = [option for option in options(VERBS[verb].config).values() if option.info.is_required()]
    words = []
    for option in needed:
        value = option.literals[0] if option.literals else option.names[0] if option.names else "nowhere"
        words += [value] if option.mark.positional else [option.declarations[0].split("/")[0], value]
    return [*verb.split(), *words]


def wrong(verb: str) -> Iterator[tuple[Option, str]]:
    """The options of a command, each with a value that it cannot have."""
    for option in options(VERBS[verb].config).values():
        if option.mark.positional or option.is_flag:
            continue
        for value in ("nonsense", "-1", "1e999", "nan", ""):
            try:
                make(VERBS[verb].config, {option.key: [value] if option.is_many else value})
            except ConfigError as error:
                if option.name in str(error):
                    yield option, value
                    break


@pytest.mark.parametrize("verb", VERBS)
def test_each_option_of_each_command(verb: str, tmp_path: Path, capsys: Capture) -> None:
    """A value that cannot be is told under the option's own name, before anything is done."""
    for option, value in wrong(verb):
        word = option.declarations[0].split("/")[0]
        code, err = told(["-q", *names_of(verb), f"{word}={value}"], capsys)
        assert code == USAGE, (option, err)
        assert option.name in err
    code, err = told([*names_of(verb), "--no-such-option"], capsys)
    assert code == USAGE and "--no-such-option" in err and "--help" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "verb", [name for name in VERBS if any(o.info.is_required() for o in options(VERBS[name].config).values())]
)
def test_each_command_without_what_it_needs(verb: str, tmp_path: Path, capsys: Capture) -> None:
    code, err = told(verb.split(), capsys)
    assert code == USAGE and "is needed" in err and f"gaia-stim {verb} --help" in err
    code, err = told(["-q", *names_of(verb)], capsys)
    assert code in (USAGE, DATA, MODEL), err


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_with_a_member_that_is_none(family: str, capsys: Capture) -> None:
    code, err = told([family, "nonsense"], capsys)
    assert code == USAGE and "unknown command 'nonsense'" in err


def kinds(kind: type[GaiaStimError] = GaiaStimError) -> Iterator[type[GaiaStimError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from kinds(child)


CODES = {
    "ConfigError": 2,
    "OutputInTheWay": 2,
    "DataError": 3,
    "CheckpointError": 4,
    "DivergedError": 5,
    "InterruptedRun": 75,
    "Cancelled": 130,
}


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_every_kind_of_error(kind: type[GaiaStimError], monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """One sentence in its docstring, its own exit code, its text and nothing else on stderr."""
    assert inspect.getdoc(kind)
    if kind.__module__ == errors.__name__ and kind is not GaiaStimError:
        assert kind.exit_code == CODES[kind.__name__]

    def fail(asked: Any, listen: Any) -> None:
        raise kind("a [bold]path[/bold]: went \x1b[31mwrong; do that\nand a second line")

    monkeypatch.setattr(Verb, "function", lambda verb: fail)
    code, err = told(["doctor"], capsys)
    assert code == kind.exit_code
    mark = "stopped: " if issubclass(kind, errors.InterruptedRun) else "error: "
    assert err == f"{mark}a [bold]path[/bold]: went \\x1b[31mwrong; do that\n{' ' * len(mark)}and a second line\n"


def test_a_bug_is_a_short_notice_with_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(asked: Any, listen: Any) -> None:
        raise ZeroDivisionError("by\nnothing")

    monkeypatch.setattr(Verb, "function", lambda verb: fail)
    assert cli.main(["doctor"]) == 1
    err = capsys.readouterr().err
    [log] = tmp_path.glob("*.log")
    assert len(err.splitlines()) == 2 and "Traceback" not in err and str(log) in err
    assert "ZeroDivisionError" in log.read_text() and "command: ['doctor']" in log.read_text()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(world: dict[str, str], tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "grey.png").chmod(0)
    code, err = told(["-q", "info", "grey.png"], capsys)
    assert code == DATA and "permission denied" in err.lower()
