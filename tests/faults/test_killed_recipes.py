"""A recipe that is killed anywhere loses no step that was done, and ends in the bytes of one that nobody disturbed."""

import json
import random
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.conftest import ROUND, times
from faults.processes import Command, count_changes, die_at_change
from gaia_stim.files import read_json

Make = Callable[..., Command]
Contents = Callable[[Path], dict[str, bytes]]

TEXT = """\
threads: 1
model: ${space}
steps:
  faces: {do: samples, n: 20, size: 16}
  space:
    do: train
    images: ${faces}/images
    preset: tiny
    size: 16
    latent: 2
    width: 4
    batch: 4
    images_seen: 40
    save_seconds: 0.000001
    sheets: 0
  morphs:
    do: morph
    matrix: {spacing: [latent, pixel]}
    first: ${faces}/images/face_00000.png
    second: ${faces}/images/face_00001.png
    spacing: ${spacing}
    steps: 5
    gif: yes
    zip: yes
  matched:
    do: match
    each: ${morphs}
    stimuli: ${morphs}
    luminance: yes
  codes: {do: encode, images: ["${faces}/images"]}
  back: {do: decode, latents: "${codes}"}
  trials: {do: design, each: "${morphs}", kind: 2afc, stimuli: "${morphs}"}
  experiment: {do: export, each: "${trials}", design: "${trials}", stimuli: "${morphs}", to: psychopy}
  looked: {do: audit, each: "${morphs}", stimuli: "${morphs}"}
  vectors: {do: attributes fit, labels: "${faces}/labels.csv", images: "${faces}/images", attributes: "age,sex"}
  moved:
    do: attributes apply
    vectors: ${vectors}
    faces: ["${faces}/images/face_00002.png"]
    attribute: age
    amount: -1:1:3
  shown: {do: attributes show, vectors: "${vectors}", faces: "${faces}/images/face_00002.png"}
  page: {do: report, target: "${space}"}
"""
NOT_COMPARED = re.compile(r"\.record/|run\.json$|log\.jsonl$|\.html(\.gaia-stim\.json)?$|\.previous\.")
"""What tells times, and what a training kept of the save before its last: when that was is chance."""


OTHERWISE = ("--set", "morphs.steps=3")
"""Another line of stimuli, and all that was made of it."""


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody disturbs, and one that asks for something else in its place."""

    folder: Path
    first: dict[str, bytes]
    second: dict[str, bytes]
    changes: tuple[int, int]
    """How often each of them changes what is on the disk."""


@pytest.fixture(scope="module")
def undisturbed(cache: Path, tmp_path_factory: pytest.TempPathFactory, contents: Contents) -> Undisturbed:
    folder, other = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    (folder / "study.yaml").write_text(TEXT)
    tallies = folder.with_name("tally_1"), folder.with_name("tally_2")
    ended = Command(["-q", "run", "study.yaml"], folder, cache).run(count_changes, tallies[0])
    assert ended.code == 0, ended.err
    shutil.copytree(folder, other, dirs_exist_ok=True)
    ended = Command(["-q", "run", "study.yaml", *OTHERWISE], other, cache).run(count_changes, tallies[1])
    assert ended.code == 0, ended.err
    first, second = (results(one / "out", contents) for one in (folder, other))
    return Undisturbed(folder, first, second, (tallies[0].stat().st_size, tallies[1].stat().st_size))


@pytest.fixture
def study(command: Make, tmp_path: Path) -> Command:
    (tmp_path / "study.yaml").write_text(TEXT)
    return command("-q", "run", "study.yaml")


def results(out: Path, contents: Contents) -> dict[str, bytes]:
    return {name: content for name, content in contents(out).items() if not NOT_COMPARED.search(name)}


def recorded(out: Path) -> dict[str, dict[str, str]]:
    """The steps that are done, and the hash of each file that they made."""
    records = (path for path in (out / "study" / ".record").glob("_*.json") if path.stat().st_size)
    return {path.stem: json.loads(path.read_text())["files"] for path in records}


def different(made: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    return sorted(name for name in made.keys() | expected.keys() if made.get(name) != expected.get(name))


@pytest.mark.slow
def test_killed_at_random_points_of_a_recipe(
    study: Command, undisturbed: Undisturbed, tmp_path: Path, contents: Contents
) -> None:
    out, chance, kills = tmp_path / "out", random.Random(ROUND), 0
    done: dict[str, dict[str, str]] = {}
    while kills < times(5, 50):
        ended = study.run(die_at_change, chance.randrange(undisturbed.changes[0] // 4))
        assert ended.code in (0, -signal.SIGKILL), ended.err
        before, done = done, recorded(out)
        assert before.items() <= done.items()
        if ended.code == 0:
            assert different(results(out, contents), undisturbed.first) == []
            shutil.rmtree(out)
            done = {}
        else:
            kills += 1
    ended = study.run()
    assert ended.code == 0, ended.err
    assert different(results(out, contents), undisturbed.first) == []
    again = {f"_{step['step']}": step["result"] for step in read_json(out / "study" / "run.json")["steps"]}
    assert {again[step] for step in done} <= {"skipped"}


@pytest.mark.slow
def test_killed_at_points_of_replacing_what_a_recipe_made(
    command: Make, undisturbed: Undisturbed, tmp_path: Path, contents: Contents
) -> None:
    """Sets, films, designs and exports that are replaced by others: old or new, and the same command goes on."""
    other = command("-q", "run", "study.yaml", *OTHERWISE)
    for point in range(3, undisturbed.changes[1], times(100, 28)):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        shutil.copytree(undisturbed.folder, tmp_path, dirs_exist_ok=True)
        killed = other.run(die_at_change, point)
        assert killed.code == -signal.SIGKILL, killed.err
        ended = other.run()
        assert ended.code == 0, (point, ended.err)
        assert different(results(tmp_path / "out", contents), undisturbed.second) == [], point


def test_two_runs_of_one_recipe(study: Command, undisturbed: Undisturbed, tmp_path: Path, contents: Contents) -> None:
    """The second is refused with who is at work, and touches nothing; what a killed one held, nobody holds."""
    first, out = study.start(), tmp_path / "out"
    while first.is_alive and not recorded(out):
        time.sleep(0.01)
    first.send(signal.SIGSTOP)
    before = contents(tmp_path / "out")
    second = study.run()
    assert second.code == 2 and f"another run of this recipe is at work (process {first.process.pid}" in second.err
    assert contents(tmp_path / "out") == before
    assert first.kill().code == -signal.SIGKILL
    ended = study.run()
    assert ended.code == 0, ended.err
    assert different(results(out, contents), undisturbed.first) == []
