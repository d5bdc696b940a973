"""What a user meets: the program called as `main(argv)`, its exit code, and what stands where."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from gaia_stim import cli, config
from gaia_stim.config.verbs import VERBS, Verb
from gaia_stim.errors import DataError, InterruptedRun
from gaia_stim.events import Listener, Note, Progress

HEAVY = ("torch", "numpy", "pandas", "sklearn", "scipy", "skimage", "PIL")
Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Result:
    out: Path
    score: float
    seen: tuple[str, ...] = ()


Run = Callable[..., Result]


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], None]:
    """Put a function behind every verb; all before it and after it is real."""

    def place(run: Run) -> None:
        monkeypatch.setattr(Verb, "function", lambda verb: run)

    return place


def passed(stub: Callable[[Run], None], *argv: str) -> Any:
    """The config that the pipeline gets."""
    got: list[Any] = []

    def run(asked: Any, listen: Listener) -> Result:
        got.append(asked)
        return Result(Path("x"), 1.0)

    stub(run)
    assert cli.main(["--json", *argv]) == 0
    return got[0]


def fails(stub: Callable[[Run], None], error: BaseException) -> int:
    def run(asked: Any, listen: Listener) -> Result:
        raise error

    stub(run)
    return cli.main(["doctor"])


def test_only_what_was_typed_reaches_the_config(stub: Callable[[Run], None]) -> None:
    asked = passed(stub, "train", "--preset", "tiny", "--latent", "24", "--no-interpolations")
    assert asked == config.make(config.TrainConfig, {"preset": "tiny", "latent": 24, "interpolations": False})
    assert asked.size == config.PRESETS["tiny"]["size"]


def test_nothing_typed_is_the_models_own_defaults(stub: Callable[[Run], None]) -> None:
    assert passed(stub, "train") == config.TrainConfig()


def test_every_kind_of_value_arrives(stub: Callable[[Run], None]) -> None:
    asked = passed(
        stub,
        "train",
        "photos",
        "--images-seen",
        "1.5M",
        "--lr",
        "1e-4",
        "--from",
        "runs/a",
        "--channels",
        "1",
    )
    assert (asked.images, asked.images_seen, asked.lr) == (Path("photos"), 1_500_000, 1e-4)
    assert (asked.from_, asked.channels) == (Path("runs/a"), "1")
    many = passed(stub, "encode", "a.png", "b", "-m", "runs/a")
    assert (many.images, many.model) == ((Path("a.png"), Path("b")), Path("runs/a"))


def test_an_option_file_lies_between_defaults_and_what_is_typed(stub: Callable[[Run], None], tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    path.write_text("# ours\nlr: 1e-4\nimages-seen: 10k\ninterpolations: no\nlatent: 32\nfrom: runs/a\n")
    asked = passed(stub, "train", "--config", str(path), "--latent", "24")
    typed = {"lr": 1e-4, "images_seen": 10_000, "interpolations": False, "latent": 24, "from": "runs/a"}
    assert asked == config.make(config.TrainConfig, {**typed, "config": path})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "lr: 1e-4\nsiez: 3\nlatnet: 2\n",
            ["{0}:2:1: unknown option 'siez' (did you mean 'size'?)", "{0}:3:1: unknown"],
        ),
        ("lr: 1\nlr: 2\n", ["{0}:2:1: 'lr' stands already in line 1"]),
        ("size: 17\nlatent: many\n", ["{0}:1:1: size: should be a multiple of 16", "{0}:2:1: latent: should be"]),
        ("size: [64]\n", ["{0}:1:1: 'size' takes one plain value"]),
        ("size: 64\n  lr: : 3\n", ["{0}:2:5: not YAML"]),
        ("a: &a [x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n", ["{0}:2:8: aliases (*a) are not read here"]),
        ("a: " + "[" * 3000, ["{0}:1:5: too deep"]),
        ("- 64\n", ["{0}:1:1: 'name: value' is expected on each line"]),
        ("#" * 100_000, ["{0}:1: larger than"]),
    ],
    ids=["unknown", "twice", "wrong", "list", "syntax", "aliases", "deep", "no-names", "huge"],
)
def test_mistakes_in_an_option_file_name_the_line(text: str, said: list[str], tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(text)
    assert cli.main(["train", "--config", str(path)]) == 2
    shown = capsys.readouterr().err
    for words in said:
        assert words.format(path) in shown
    assert "Traceback" not in shown


def test_a_missing_option_file(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["train", "--config", str(tmp_path / "none.yaml")]) == 2
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["trian"], "unknown command 'trian' (did you mean 'train'?)"),
        (["train", "--sise", "64"], "--size"),
        (["train", "--preset", "ligth"], "(did you mean 'light'?)"),
        (["train", "--size", "8"], "--size: should be"),
        (["train", "--latent", "many"], "--latent: should be"),
        (["samples", "--n", "-3"], "--n: should be"),
        (["samples", "--n"], "--n: needs a value"),
        (["samples", "--force=3"], "--force: takes no value"),
        (["samples", "a", "b"], "unexpected argument: b"),
        (["morph", "a.png"], "B: is needed"),
        (["encode"], "IMAGES: is needed"),
        (["--json"], "a command is needed"),
        (["morph", "a", "b", "--json"], "it stands before the verb: gaia-stim --json morph"),
    ],
    ids=" ".join,
)
def test_usage(argv: list[str], said: str, capsys: Capture) -> None:
    assert cli.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ") and said in err
    assert "--help'" in err and "Traceback" not in err and "Usage" not in err


def test_all_mistakes_at_once(capsys: Capture) -> None:
    assert cli.main(["train", "--size", "17", "--lr", "x", "--batch", "0"]) == 2
    err = capsys.readouterr().err
    assert all(name in err for name in ("--size:", "--lr:", "--batch:"))


def test_help_without_arguments(capsys: Capture) -> None:
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert all(name.split()[0] in out for name in VERBS)
    assert all(verb.panel in out for verb in VERBS.values())


@pytest.mark.parametrize("name", VERBS)
def test_help_of_each_verb(name: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.main([*name.split(), "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert VERBS[name].example in out


def test_version(capsys: Capture) -> None:
    import gaia_stim

    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gaia-stim {gaia_stim.__version__}\n"


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_the_examples_are_valid(verb: Verb, stub: Callable[[Run], None]) -> None:
    assert isinstance(passed(stub, *verb.example.split()), verb.config)


def test_help_imports_nothing_heavy() -> None:
    """Every verb's help in one fresh process, which stands for the half second that help may take."""
    code = f"""
import sys
from gaia_stim.cli import main
for argv in [[], *([*name.split(), "--help"] for name in {list(VERBS)})]:
    assert main(argv) == 0
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "[]"


def test_json_is_all_there_is_on_stdout(stub: Callable[[Run], None], capsys: Capture) -> None:
    def run(asked: Any, listen: Listener) -> Result:
        listen(Note("something to know"))
        listen(Note("take care", warning=True))
        listen(Progress("working", 3, 3))
        return Result(Path("sets/[1] ä"), float("nan"), ("a", "b"))

    stub(run)
    assert cli.main(["--json", "doctor"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"out": str(Path("sets/[1] ä")), "score": None, "seen": ["a", "b"]}
    assert "something to know" in err and "warning: take care" in err and "working: 3/3" in err


def test_quiet_leaves_warnings(stub: Callable[[Run], None], capsys: Capture) -> None:
    def run(asked: Any, listen: Listener) -> Result:
        listen(Note("something to know"))
        listen(Note("take care", warning=True))
        listen(Progress("working", 3, 3))
        return Result(Path("x"), 1.0)

    stub(run)
    assert cli.main(["-q", "doctor"]) == 0
    assert capsys.readouterr().err == "warning: take care\n"


def test_a_users_mistake_prints_literally(stub: Callable[[Run], None], capsys: Capture) -> None:
    long = "x" * 120
    assert fails(stub, DataError(f"[bold]faces[1].png[/bold] {long}: truncated\nleave it out")) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: [bold]faces[1].png[/bold] {long}: truncated\n       leave it out\n"


def test_a_files_name_cannot_steer_the_terminal(stub: Callable[[Run], None], capsys: Capture) -> None:
    assert fails(stub, DataError("\x1b[2Jface\r.png: truncated")) == 3
    assert capsys.readouterr().err == "error: \\x1b[2Jface\\r.png: truncated\n"


def test_stopped_is_no_error(stub: Callable[[Run], None], capsys: Capture) -> None:
    assert fails(stub, InterruptedRun("saved at step 12; the same command goes on")) == 75
    assert capsys.readouterr().err.startswith("stopped: saved at step 12")


def test_control_c(stub: Callable[[Run], None], capsys: Capture) -> None:
    assert fails(stub, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "cancelled\n"


def test_control_c_while_the_command_line_is_read(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gaia_stim.cli.app.typed", interrupted)
    assert cli.main(["info", "run"]) == 130
    assert capsys.readouterr().err == "cancelled\n"


def test_a_bug_leaves_a_report(
    stub: Callable[[Run], None], capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("GAIA_STIM_DEBUG", raising=False)
    assert fails(stub, ZeroDivisionError("no [brackets]")) == 1
    err = capsys.readouterr().err
    assert err.startswith("bug: this is a bug in gaia-stim")
    assert "ZeroDivisionError: no [brackets]" in err and "Traceback" not in err
    [log] = tmp_path.glob("*.log")
    assert str(log) in err
    text = log.read_text()
    assert "Traceback" in text and "test_main.py" in text and "['doctor']" in text


def test_a_bug_shows_its_traceback_to_who_asks(
    stub: Callable[[Run], None], capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("GAIA_STIM_DEBUG", "1")
    assert fails(stub, ZeroDivisionError("x")) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_closed_pipe_is_silent(tmp_path: Path) -> None:
    verb = ["samples", str(tmp_path / "faces"), "--n", "1", "--size", "16"]
    program = [sys.executable, "-m", "gaia_stim", "--quiet", *verb]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_the_real_thing(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "faces [1]"
    command = ["samples", str(out), "--n", "2", "--size", "16"]
    assert cli.main(["--json", *command]) == 0
    assert json.loads(capsys.readouterr().out)["drawn"] == 2
    assert cli.main(command) == 0
    shown = capsys.readouterr().out
    assert str(out / "labels.csv") in shown and "next: gaia-stim morph" in shown
    assert cli.main([*command, "--seed", "5"]) == 2
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [verb for verb in VERBS.values() if verb.next], ids=lambda verb: verb.example)
def test_the_next_command_is_valid_and_of_known_fields(verb: Verb, stub: Callable[[Run], None]) -> None:
    """The hint finds its fields in what the pipeline function returns, or among the options."""
    returns = get_type_hints(verb.function())["return"]
    known = {*verb.config.model_fields, *(field.name for field in fields(returns))}
    words = [word.format_map(dict.fromkeys(known, "x")) for word in verb.next.split()]
    passed(stub, *words)


def test_the_next_command_is_quoted(stub: Callable[[Run], None], capsys: Capture) -> None:
    stub(lambda asked, listen: Result(Path("my sets"), 1.0))
    assert cli.main(["morph", "a.png", "b.png"]) == 0
    assert capsys.readouterr().out.endswith("next: gaia-stim info 'my sets'\n")


def test_no_hint_is_better_than_a_broken_one(stub: Callable[[Run], None], capsys: Capture) -> None:
    stub(lambda asked, listen: Result(Path("x"), 1.0))
    assert cli.main(["samples"]) == 0
    assert "next:" not in capsys.readouterr().out


def test_the_reference_is_up_to_date() -> None:
    from gaia_stim.cli.reference import reference

    path = Path(__file__).parents[2] / "docs" / "cli.md"
    assert path.read_text(encoding="utf-8") == reference(), "run: python -m gaia_stim.cli.reference docs/cli.md"
