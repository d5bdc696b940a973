"""Whether what a command wrote is whole: each file can be read as what it is, and is as the folder's record says."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from gaia_stim.cells import read_frame
from gaia_stim.files import hash_file
from gaia_stim.gate import read_json
from gaia_stim.images import read_image
from gaia_stim.outputs import FILES
from gaia_stim.tensors import read_tensors


def check_whole(made: Path) -> None:
    """Raises whatever is wrong with a file or folder that a command wrote."""
    for path in sorted(made.rglob("*")) if made.is_dir() else [made]:
        if path.is_file() and (read := READ.get(path.suffix)):
            read(path)
    for record in made.glob("*.json"):
        about = read_json(record)
        files = about.get(FILES, {}) if isinstance(about, dict) else {}
        for name, known in files.items() if isinstance(files, dict) else ():
            is_known = name == record.name or not str(known).startswith("sha256_") or hash_file(made / name) == known
            assert is_known, f"{name} is not as {record.name} says"


def _closed(path: Path) -> None:
    assert path.read_text().rstrip().endswith("</html>"), f"{path} does not end"


def _rows(path: Path) -> None:
    for line in path.read_text().splitlines():
        json.loads(line)


def _archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


READ: Mapping[str, Callable[[Path], object]] = {
    ".json": read_json,
    ".jsonl": _rows,
    ".csv": lambda path: read_frame(path, "a table"),
    ".png": read_image,
    ".svg": ElementTree.parse,
    ".html": _closed,
    ".xlsx": _archive,
    ".osexp": lambda path: path.read_bytes(),
    ".safetensors": read_tensors,
}
"""By suffix, what raises for a file that is not whole."""
