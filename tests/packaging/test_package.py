"""The package as it is handed out: what is in it, and that it runs in an environment where nothing else is.

Building is quick; with GAIA_STIM_SLOW the wheel is installed, with all that it asks for, by pip, by uv and by pipx.
"""

import csv
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
SLOW = os.environ.get("GAIA_STIM_SLOW", "0") not in ("", "0")
slow = pytest.mark.skipif(not SLOW, reason="installs gigabytes: GAIA_STIM_SLOW=1, or make test-package")


def run(*words: str | Path, folder: Path, limit: int = 900) -> str:
    done = subprocess.run(list(map(str, words)), cwd=folder, capture_output=True, text=True, timeout=limit, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the source package, by their suffixes."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, folder=out)
    return {path.suffix: path for path in out.iterdir()}


def versioned(folder: str) -> set[str]:
    return set(run("git", "ls-files", folder, folder=ROOT).split("\n")) - {""}


def test_the_wheel_holds_the_package_whole_and_nothing_else(packages: dict[str, Path]) -> None:
    with zipfile.ZipFile(packages[".whl"]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
    assert names == versioned("gaia_stim")
    assert packages[".whl"].stat().st_size < 8e6


def test_the_source_package_can_be_tested_and_is_small(packages: dict[str, Path]) -> None:
    with tarfile.open(packages[".gz"]) as source:
        names = {name.split("/", 1)[1] for name in source.getnames() if "/" in name}
    assert versioned("tests") <= names
    assert not any(name.startswith("docs/images/") for name in names)
    assert packages[".gz"].stat().st_size < 8e6


def test_both_are_what_an_index_takes(packages: dict[str, Path]) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", *packages.values(), folder=ROOT)


def first_two_commands(program: Path | str, *before: str, folder: Path) -> None:
    """The README's, in an empty folder."""
    folder.mkdir()
    run(program, *before, "samples", "faces", "--n", "12", "--size", "256", folder=folder)
    ends = (f"faces/images/face_0000{number}.png" for number in (2, 5))
    run(program, *before, "morph", *ends, "--steps", "9", "-m", "builtin", folder=folder)
    with (folder / "morph_face_00002_face_00005" / "manifest.csv").open(newline="") as manifest:
        assert len(list(csv.DictReader(manifest))) == 9


@slow
def test_pip_installs_it_into_an_empty_environment(packages: dict[str, Path], tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "-c", CONSTRAINTS, packages[".whl"], folder=tmp_path)
    run(python, "-m", "pip", "check", folder=tmp_path)
    first_two_commands(python.with_name("gaia-stim"), folder=tmp_path / "new")


@slow
def test_uv_runs_it(packages: dict[str, Path], tmp_path: Path) -> None:
    uvx = Path(sys.executable).with_name("uvx")
    first_two_commands(
        uvx, "--constraints", str(CONSTRAINTS), "--from", str(packages[".whl"]), "gaia-stim", folder=tmp_path / "new"
    )


@slow
def test_pipx_installs_it(packages: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIPX_BIN_DIR", str(tmp_path / "bin"))
    pipx = Path(sys.executable).with_name("pipx")
    run(pipx, "install", f"--pip-args=-c {CONSTRAINTS}", packages[".whl"], folder=tmp_path)
    first_two_commands(tmp_path / "bin" / "gaia-stim", folder=tmp_path / "new")
