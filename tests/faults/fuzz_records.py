"""Records fuzzed with coverage to guide it: `make fuzz`, as the images.

The first byte chooses a file of the table of attacks, the others stand in it, and the first command that reads it must
end with an answer or a message: a bug, or an exception, ends the run, and the bytes that did it are left as `crash-…`.
The good files are the corpus that it begins with.
"""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gaia_stim"]):
    from faults.attacks import STANDS, clean
    from faults.world import make_world
    from gaia_stim import cli

SLOW = ("align", "benchmark", "compare", "evaluate", "run", "samples", "train")
"""Verbs that a fuzzer has no time for."""
TEXT = (".csv", ".json", ".jsonl", ".txt", ".yaml")
CHOSEN = [
    stand
    for stand in STANDS.values()
    if stand.suffix in TEXT and not stand.is_rare and stand.commands[0].split()[0] not in SLOW
]


def stand_in(home: Path) -> None:
    """Make a world in a folder, and stay in it."""
    os.chdir(home)
    os.environ["GAIA_STIM_CACHE"] = str(home / "cache")
    training = "train drawn/images --preset tiny --pretrain 0 --images-seen 64 --threads 1 --out tiny"
    for words in ("samples drawn --n 60 --size 32", training):
        assert cli.main(["-q", *words.split()]) == 0, words
    (home / "world").mkdir()
    os.chdir(home / "world")
    make_world(home / "world", home / "drawn/images", home / "tiny", rare=False)


def seed(corpus: Path) -> None:
    """Put the good files where the fuzzer begins."""
    for number, stand in enumerate(CHOSEN):
        (corpus / f"good-{number}").write_bytes(bytes([number]) + Path(stand.path).read_bytes())


def look(found: bytes) -> None:
    if not found:
        return
    stand = CHOSEN[found[0] % len(CHOSEN)]
    path = Path(stand.path)
    good = path.read_bytes()
    path.write_bytes(found[1:])
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            code = cli.main(["-q", *stand.commands[0].split()])
    finally:
        path.write_bytes(good)
        clean(*Path().glob("out*"), *Path().glob(".out*"))
    assert code in (0, 2, 3, 4) and "Traceback" not in said.getvalue(), (stand, said.getvalue())


if __name__ == "__main__":
    first = Path(sys.argv[1]).absolute()
    atheris.Setup([sys.argv[0], str(first), *sys.argv[2:]], look)
    with tempfile.TemporaryDirectory() as folder:
        stand_in(Path(folder))
        seed(first)
        atheris.Fuzz()
