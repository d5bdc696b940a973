"""The gate: what is no regular file of bounded size does not come in, and no JSON that nothing could be made of."""

import os
import time
from pathlib import Path

import pytest

from gaia_stim import gate
from gaia_stim.errors import DataError
from gaia_stim.gate import TooLarge, content_of, json_of, read_json, text_of


@pytest.mark.skipif(os.name == "nt", reason="no pipes and devices there")
def test_only_regular_files_come_in(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "gone").symlink_to("nowhere")
    began = time.monotonic()
    for name, said in (
        ("pipe", "is no file but a pipe or a device"),
        ("zero", "is no file but a pipe or a device"),
        ("round", "cannot be read"),
        ("gone", "is a link to a file that is not there"),
        ("none", "no such file"),
        (".", "is a folder, not a file"),
    ):
        with pytest.raises(DataError) as caught:
            content_of(tmp_path / name, 100)
        assert str(caught.value).startswith(f"{tmp_path / name}: {said}")
    assert time.monotonic() - began < 5


def test_size_is_bounded_before_a_byte_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert content_of(path, 100) == b"x" * 100
    with pytest.raises(TooLarge, match="too large: 100 bytes; at most 99 are read"):
        content_of(path, 99)
    os.truncate(path, 10**12)
    with pytest.raises(TooLarge):
        content_of(path, 10**9)
    with pytest.raises(DataError, match=r"not a JSON file \(too large"):
        read_json(path)


def test_a_disk_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_PATIENCE", -1.0)
    (tmp_path / "file").write_text("text")
    with pytest.raises(DataError, match="takes too long to read"):
        content_of(tmp_path / "file", 100)


def test_text_with_and_without_its_mark(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes("ä".encode())
    (tmp_path / "marked").write_bytes("ä".encode("utf-8-sig"))
    (tmp_path / "western").write_bytes("ä".encode("latin-1"))
    assert text_of(tmp_path / "plain") == text_of(tmp_path / "marked") == "ä"
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        text_of(tmp_path / "western")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 65 + "]" * 65, "deeper than 64 levels"),
        ("[" * 10**5, "deeper than 64 levels"),
        ("1e999", "a number that is too large"),
        ('{"a": [1, {"b": -1e999}]}', "a number that is too large"),
        (f"[{10**301}]", "a number that is too large"),
        ("NaN", "NaN is not JSON"),
        ('{"a": "\\ud800"}', "half a letter"),
        ('{"\\uDFFF": 1}', "half a letter"),
        ('{"a": "b\\u0000c"}', "a NUL"),
    ],
)
def test_json_that_nothing_could_be_made_of(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        json_of(text)


def test_json_as_ours_is_comes_in() -> None:
    """Also the bytes of a name that is not UTF-8, which stand as halves of letters of their own."""
    assert json_of('{"path": "a\\udcff.png", "deep": [[[1.5, null, true, "\\ud83d\\ude00"]]]}') == {
        "path": "a\udcff.png",
        "deep": [[[1.5, None, True, "\U0001f600"]]],
    }
    assert json_of("[" * 64 + "]" * 64)
