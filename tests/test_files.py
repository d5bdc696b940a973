"""Files: whole or not there, whatever happens in between."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_stim import files
from gaia_stim.errors import DataError
from gaia_stim.files import (
    STAGING_MARK,
    atomic_file,
    hash_bytes,
    hash_file,
    hash_json,
    read_json,
    staged_folder,
    write_bytes,
    write_json,
)

ABC = "sha256_ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of "abc" (FIPS 180-2, B.1)."""
NOTHING = "sha256_e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# No text has a NUL: see test_gate.py.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_hashes_are_those_of_the_standard(tmp_path: Path) -> None:
    assert hash_bytes(b"abc") == ABC
    assert hash_bytes(b"") == NOTHING
    (tmp_path / "abc").write_bytes(b"abc")
    assert hash_file(tmp_path / "abc") == ABC


@pytest.mark.parametrize("size", [0, 1, files.CHUNK - 1, files.CHUNK, files.CHUNK + 1])
def test_a_file_is_hashed_whole(size: int, tmp_path: Path) -> None:
    content = os.urandom(size)
    (tmp_path / "x").write_bytes(content)
    assert hash_file(tmp_path / "x") == hash_bytes(content)


def test_the_hash_of_json_is_that_of_its_meaning() -> None:
    assert hash_json({"a": 1, "b": [1, 2]}) == hash_json({"b": [1, 2], "a": 1})
    assert hash_json({"a": 1, "b": [1, 2]}) != hash_json({"a": 1, "b": [2, 1]})


def test_a_file_stands_only_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x"
    with atomic_file(path) as stream:
        stream.write(b"one")
        assert not path.exists()
    assert path.read_bytes() == b"one"
    with atomic_file(path) as stream:
        stream.write(b"two")
        stream.flush()
        assert path.read_bytes() == b"one"
    with path.open("rb") as before:
        write_bytes(path, b"three")
        assert before.read() == b"two"  # whoever reads goes on reading the old one
    assert path.read_bytes() == b"three"
    assert names(path.parent) == ["x"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(error: type[BaseException], tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        with pytest.raises(error), atomic_file(path) as stream:
            stream.write(b"half of it")
            raise error

    fail(tmp_path / "x")
    assert names(tmp_path) == []
    write_bytes(tmp_path / "x", b"old")
    fail(tmp_path / "x")
    assert names(tmp_path) == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "x"
    write_bytes(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(DataError, match=r"x: cannot be written \(file too large\): it takes 100,000 bytes"):
            write_bytes(path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == ["x"]
    assert path.read_bytes() == b"old"


def test_a_kill_while_writing_leaves_the_old_file_and_a_marked_one(tmp_path: Path) -> None:
    write_bytes(tmp_path / "x", b"old")
    code = f"""
import os, signal
from pathlib import Path
from gaia_stim.files import atomic_file
with atomic_file(Path({str(tmp_path / "x")!r})) as stream:
    stream.write(bytes(100_000))
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == -signal.SIGKILL
    assert (tmp_path / "x").read_bytes() == b"old"
    [stray] = [name for name in names(tmp_path) if name != "x"]
    assert stray.startswith(STAGING_MARK)


def test_the_mode_is_kept_and_new_files_obey_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "x", b"")
        with staged_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750
    (tmp_path / "x").chmod(0o604)
    write_bytes(tmp_path / "x", b"again")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o604


def test_a_private_file_is_never_anybody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"read by all")
    (tmp_path / "x").chmod(0o644)
    monkeypatch.setattr(Path, "chmod", lambda path, mode: pytest.fail(f"{path} became {mode:o}"))
    write_bytes(tmp_path / "x", b"a token", private=True)
    assert (tmp_path / "x").read_bytes() == b"a token"
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


@settings(max_examples=40, deadline=None)
@given(value=JSON)
def test_json_round_trip(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    assert read_json(path) == value


def test_json_is_readable_and_in_the_order_given(tmp_path: Path) -> None:
    write_json(tmp_path / "x", {"ü": 1, "a": [True]})
    assert (tmp_path / "x").read_text(encoding="utf-8") == '{\n  "ü": 1,\n  "a": [\n    true\n  ]\n}\n'


def test_what_json_cannot_hold_is_not_written(tmp_path: Path) -> None:
    write_json(tmp_path / "x", 1)
    with pytest.raises(ValueError):
        write_json(tmp_path / "x", float("nan"))
    assert read_json(tmp_path / "x") == 1


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{\n  "a": 1,\n  "b": oh\n}', ":3"),
        (b"", ":1"),
        (b'{"a": "\xff"}', ""),
        (b"[" * 100_000, ""),
    ],
    ids=["line 3", "empty", "not UTF-8", "deep"],
)
def test_a_mistake_in_json_names_file_and_line(content: bytes, where: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_json(path)
    assert str(caught.value).startswith(f"{path}{where}: not a JSON file")


def test_a_folder_stands_only_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "set"
    for content in ("one", "two"):
        before = (path / "x").read_text() if path.exists() else None
        with staged_folder(path) as staging:
            assert staging.name.startswith(STAGING_MARK)
            (staging / "x").write_text(content)
            (staging / content).mkdir()
            assert (path / "x").read_text() == before if before else not path.exists()
        assert (path / "x").read_text() == content
    assert names(path) == ["two", "x"]  # replaced, not merged
    assert names(path.parent) == ["set"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_the_folder_that_was_there(error: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "x").write_text("old")
    for name in ("set", "other"):
        with pytest.raises(error), staged_folder(tmp_path / name) as staging:
            (staging / "x").write_text("new")
            raise error
    assert names(tmp_path) == ["set"]
    assert (tmp_path / "set" / "x").read_text() == "old"


def test_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with staged_folder(Path("set")):
        monkeypatch.chdir("/")
    assert names(tmp_path) == ["set"]


def test_one_of_two_folders_survives_a_failed_replacement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "x").write_text("old")

    def fail(here: Path, there: Path) -> None:
        raise PermissionError(13, "in use", str(there))

    # As on Windows, where a file is open.
    with monkeypatch.context() as patch, pytest.raises(PermissionError), staged_folder(tmp_path / "set") as staging:
        (staging / "x").write_text("new")
        patch.setattr(Path, "replace", fail)
    assert [path.read_text() for path in tmp_path.rglob("x")]


def test_files_are_json_that_others_read(tmp_path: Path) -> None:
    write_json(tmp_path / "x", {"a": 1e-5})
    assert json.loads((tmp_path / "x").read_bytes()) == {"a": 1e-5}
