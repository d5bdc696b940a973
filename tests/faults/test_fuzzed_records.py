"""Whatever is written in a record of ours, a command ends with an answer or a message: never a bug, never for long."""

import csv
import io
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from faults.attacks import ODD, places, put
from faults.conftest import ROUND, times
from gaia_stim import cli

Capture = pytest.CaptureFixture[str]

SECONDS = 20.0
"""A command's most, of processor."""
READ_BY = {
    "set/provenance.json": ("info set", "cite set", "recipe from set --out out.yaml --force"),
    "run/config.json": ("info run", "cite run"),
    "set/manifest.csv": ("info set", "design 2afc set --out a-design --force"),
    "design/design.json": ("export set --design design --to bids --out an-export --force",),
    "design/trials.csv": ("export set --design design --to bids --out an-export --force",),
    "results.csv": ("collect results.csv --out out.csv --force", "scale results.csv --out a-scale --force"),
    "recipe.yaml": ("recipe check recipe.yaml",),
}
"""Records, and commands that read them."""
RECIPE = """\
model: run
steps:
  line:
    do: morph
    matrix: {spacing: [latent, pixel]}
    first: faces/face_00002.png
    second: faces/face_00005.png
    spacing: ${spacing}
    steps: 3
  looked: {do: audit, each: "${line}", stimuli: "${line}"}
"""

small = st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8) | st.booleans() | st.none()
values = st.sampled_from(ODD) | small | st.lists(small, max_size=3) | st.dictionaries(st.text(max_size=5), small)
cells = st.sampled_from(["", "-1", "nan", "inf", "1e999", "=A1", "../../x", "1,5", "true", "9" * 400]) | st.text()


def of_json(draw: st.DrawFn, content: bytes) -> bytes:
    """Other values at one to three places."""
    value: Any = json.loads(content)
    for _ in range(draw(st.integers(1, 3))):
        value = put(value, draw(st.sampled_from(list(places(value)))), draw(values))
    return json.dumps(value).encode()


def of_table(draw: st.DrawFn, content: bytes) -> bytes:
    """Other cells, also of the header; rows and columns twice or gone."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    for _ in range(draw(st.integers(1, 4))):
        if not rows or not (row := draw(st.sampled_from(rows))):
            break
        at = draw(st.integers(0, len(row) - 1))
        match draw(st.integers(0, 4)):
            case 0 | 1:
                row[at] = draw(cells)
            case 2:
                rows.remove(row)
            case 3:
                rows.append(list(row))
            case 4:
                rows = [one[:at] + one[at + 1 :] for one in rows]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(errors="surrogatepass")


def of_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Some bytes replaced, cut out or put twice."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at, length = draw(st.integers(0, max(0, len(found) - 1))), draw(st.integers(1, 12))
        found[at : at + length] = draw(
            st.sampled_from([b"", bytes(found[at : at + length]) * 2]) | st.binary(max_size=12)
        )
    return bytes(found)


@st.composite
def mutated(draw: st.DrawFn, good: dict[str, bytes]) -> tuple[str, bytes, str]:
    """A record, what stands in it, and a command that reads it."""
    name = draw(st.sampled_from(sorted(READ_BY)))
    ways = {".json": (of_json, of_json, of_bytes), ".csv": (of_table, of_table, of_bytes)}
    way = draw(st.sampled_from(ways.get(Path(name).suffix, (of_bytes,))))
    return name, way(draw, good[name]), draw(st.sampled_from(READ_BY[name]))


def test_any_record(lab: Path, tmp_path: Path, capsys: Capture) -> None:
    for one in lab.iterdir():
        (shutil.copytree if one.is_dir() else shutil.copy)(one, tmp_path / one.name)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    good = {name: (tmp_path / name).read_bytes() for name in READ_BY}
    for commands in READ_BY.values():
        assert [cli.main(["-q", *command.split()]) for command in commands] == [0] * len(commands)
    capsys.readouterr()

    @seed(ROUND)
    @settings(max_examples=times(25, 1500), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mutated(good))
    def try_one(case: tuple[str, bytes, str]) -> None:
        name, content, command = case
        (tmp_path / name).write_bytes(content)
        began = time.process_time()
        code = cli.main(["-q", *command.split()])
        took = time.process_time() - began
        err = capsys.readouterr().err
        (tmp_path / name).write_bytes(good[name])
        assert code in (0, 2, 3, 4), (command, err)
        assert took < SECONDS and "Traceback" not in err, (command, err)
        assert (code == 0) or err.strip(), command

    try_one()
