"""The one gate: how the content of a file that may be a stranger's comes in.

Before a byte of it is looked at, it is a regular file (a pipe would be waited for, a device has no end) of at most as
many bytes as its kind can have; and it is read with a deadline. JSON is read here and nowhere else: what is deeper than
our own files are, or holds a number that is none, is refused before anything is made of it.
"""

import json
import math
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import Field, ValidationError

from gaia_stim.errors import DataError

LARGEST_JSON = 1 << 28
"""Bytes; the plan of a hundred thousand stimuli has room."""
LARGEST_TEXT = 1 << 20
"""Bytes of a file that people write by hand: texts of an experiment, a list of names."""
DEEPEST = 64
"""Levels of JSON; ours has less than 12."""
LARGEST_WHOLE = 10**300
"""Beyond, a whole number is no float any more."""
LONGEST_TEXT = 10_000
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
"""Of a record: a name, a path, a sentence; it is drawn, or stands in a line."""
_CHUNK = 1 << 22
_PATIENCE, _SLOWEST = 60.0, 1 << 18
"""Seconds that a disk may take for a file, and one more for each so many bytes."""
_NO_TEXT = re.compile(r"\\u([dD][89a-fA-F]|0000)")
"""What JSON writes where a text has half a letter or a NUL."""


class TooLarge(DataError):
    """A file has more bytes than its kind can have."""


@contextmanager
def opened(path: Path, most: int | None = None) -> Iterator[BinaryIO]:
    """A regular file to read from, not waited for. Raises `DataError` for anything else, and for more than `most`."""
    try:
        # A pipe would be waited for, before anything can be asked of it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {_not_opened(path, error)}") from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise DataError(f"{path}: {_no_file(path)}")
    with os.fdopen(descriptor, "rb") as stream:
        if most is not None and about.st_size > most:
            raise _too_large(path, about.st_size, most)
        yield stream


def _no_file(path: Path) -> str:
    """What stands where a file should, in words."""
    return "is a folder, not a file" if path.is_dir() else "is no file but a pipe or a device"


def _too_large(path: Path, size: int, most: int) -> TooLarge:
    return TooLarge(f"{path}: too large: {size:,} bytes; at most {most:,} are read")


def _not_opened(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is a link to a file that is not there" if path.is_symlink() else "no such file"
    if path.is_dir():  # Windows opens none
        return _no_file(path)
    why = (getattr(error, "strerror", None) or str(error)).lower()
    return _no_file(path) if why.startswith("no such device") else f"cannot be read ({why})"


def content_of(path: Path, most: int) -> bytes:
    """What is in a file, of at most `most` bytes. Raises `DataError` where it is none, larger, or cannot be read."""
    with opened(path, most) as stream:
        try:
            return b"".join(_blocks(path, stream, most))
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({(error.strerror or str(error)).lower()})") from error


def _blocks(path: Path, stream: BinaryIO, most: int) -> Iterator[bytes]:
    """A file may grow while it is read, and a disk be so slow that it never ends."""
    began, read = time.monotonic(), 0
    while block := stream.read(_CHUNK):
        read += len(block)
        if read > most:
            raise _too_large(path, read, most)
        if time.monotonic() - began > _PATIENCE + read / _SLOWEST:
            raise DataError(f"{path}: takes too long to read; copy it to a disk of this machine")
        yield block


def text_of(path: Path, most: int = LARGEST_TEXT) -> str:
    """The text of a UTF-8 file, with or without a mark that says so; raises as `content_of`, and where it is none."""
    try:
        return content_of(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text ({error.reason} at byte {error.start})") from error


def read_json(path: Path, most: int = LARGEST_JSON) -> Any:
    """Read a JSON file. Raises `DataError` naming the line where it is not JSON, or none that we could have written."""
    try:
        text = content_of(path, most).decode("utf-8")
    except DataError as error:
        raise DataError(f"{path}: not a JSON file ({str(error).removeprefix(f'{path}: ')})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a JSON file ({error})") from error
    try:
        return json_of(text)
    except ValueError as error:
        where = f"{path}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else str(path)
        raise DataError(f"{where}: not a JSON file ({error})") from error


def json_of(text: str) -> Any:
    """The value of a JSON text. Raises `ValueError` for what is none, too deep, or holds what is no number or text."""
    try:
        value = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError(f"deeper than {DEEPEST} levels") from None
    _check_json(value, checks_texts=_NO_TEXT.search(text) is not None)
    return value


def _check_json(value: Any, *, checks_texts: bool) -> None:
    """Whether all of a JSON value can be worked with; raises as `json_of`."""
    level = [value]
    for _ in range(DEEPEST):
        found: list[Any] = []
        for one in level:
            items = one.values() if isinstance(one, dict) else one if isinstance(one, list) else (one,)
            for item in items:
                if isinstance(item, dict | list):
                    found.append(item)
                elif isinstance(item, float | int):
                    _check_number(item)
                elif checks_texts and isinstance(item, str):
                    _check_text(item)
            if checks_texts and isinstance(one, dict):
                for name in one:
                    _check_text(name)
        if not found:
            return
        level = found
    raise ValueError(f"deeper than {DEEPEST} levels")


def mistake_in(error: ValidationError) -> str:
    """The first thing that is wrong with a record, by the field it is wrong with."""
    first = error.errors(include_url=False)[0]
    said = re.sub(r" or (instance|an object) .*", "", first["msg"].lower().removeprefix("value error, "))
    what = "is missing" if first["type"] == "missing" else said
    return f"'{place}' {what}" if (place := ".".join(map(str, first["loc"]))[:80]) else what


def _check_number(number: float) -> None:
    if not (math.isfinite(number) if isinstance(number, float) else -LARGEST_WHOLE < number < LARGEST_WHOLE):
        raise ValueError("a number that is too large")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("a NUL, which no name can have")
    # The bytes of a file's name that is not UTF-8 stand as U+DC80 to U+DCFF, and as nothing else.
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ValueError("half a letter, which no text can hold") from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
