"""Killed at any moment and started again, a recipe ends in the bytes of a run that nobody disturbed."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Contents = Callable[[Path], dict[str, bytes]]
KILLS = 20 if os.environ.get("GAIA_STIM_SLOW") == "1" else 3
NOT_COMPARED = re.compile(r"\.record/|run\.json$|log\.jsonl$|evaluation\.json$|\.html$|\.previous\.")
"""What tells times, and what a training kept of the save before its last: when that was is chance."""

AT_WORK = "out/study/.record/running.json"

TEXT = """\
threads: 1
model: ${space}
steps:
  faces: {do: samples, n: 60, size: 32}
  space:
    do: train
    images: ${faces}/images
    preset: tiny
    width: 4
    images_seen: 480
    save_seconds: 0.01
    sheets: 0
  morphs:
    do: morph
    matrix: {spacing: [latent, pixel], steps: [9, 17]}
    first: ${faces}/images/face_00000.png
    second: ${faces}/images/face_00001.png
    spacing: ${spacing}
    steps: ${steps}
    gif: yes
  matched:
    do: match
    each: ${morphs}
    stimuli: ${morphs}
    luminance: yes
  codes:
    do: encode
    images: ["${faces}/images"]
  back:
    do: decode
    latents: ${codes}
"""


def start(recipe: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gaia_stim", "run", str(recipe)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=recipe.parent)


def finish(recipe: Path) -> None:
    process = start(recipe)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said.decode()


@pytest.mark.slow
def test_killed_at_random_and_started_again(tmp_path: Path, contents: Contents) -> None:
    whole, killed = (tmp_path / name / "study.yaml" for name in ("whole", "killed"))
    for recipe in (whole, killed):
        recipe.parent.mkdir()
        recipe.write_text(TEXT)
    finish(whole)
    seconds = json.loads((whole.parent / "out" / "study" / "run.json").read_text())["seconds"]
    chance = random.Random(0)
    hits = 0
    for _ in range(4 * KILLS):
        if hits == KILLS:
            break
        (killed.parent / AT_WORK).unlink(missing_ok=True)
        process = start(killed)
        # Not before it is at work: that would be Python being imported.
        while not (killed.parent / AT_WORK).exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, seconds / 3))
        done = process.poll() is not None
        process.kill()
        process.communicate()
        hits += not done
        if done:
            # The machine was faster this time: once more, from the start.
            shutil.rmtree(killed.parent / "out")
    finish(killed)
    assert hits == KILLS
    made, expected = (
        {name: content for name, content in contents(recipe.parent / "out").items() if not NOT_COMPARED.search(name)}
        for recipe in (killed, whole)
    )
    assert made.keys() ^ expected.keys() == set()
    assert [name for name in made if made[name] != expected[name]] == []
