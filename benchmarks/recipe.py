"""What a recipe costs beside the work it does: a batch of morphs, and a second run that has nothing to do.

    python benchmarks/recipe.py OUT [MORPHS] [STEPS] [ROUNDS]

Takes turns at three things: decoding the codes of all sets and compressing their pictures, as fast as that goes;
writing the sets from ready plans (pictures, sheets, manifests, provenance); and a recipe that makes them. Prints the
medians of their seconds and of the ratios of neighbouring turns; and the seconds of the same command once more, as a
process of its own. On a machine that does other things at the same time, believe the processor's time rather than the
clock's.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import psutil

from gaia_stim.config import RecipeRunConfig
from gaia_stim.images import png_bytes
from gaia_stim.recipe.run import run
from gaia_stim.runs import BUILT_IN
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.writing import write_set

FACES = 40
home = Path(sys.argv[1])
morphs, steps, rounds = [int(text) for text in sys.argv[2:5]] + [200, 9, 5][len(sys.argv) - 2 :]

shutil.rmtree(home, ignore_errors=True)
home.mkdir(parents=True)
pairs = [(first, second) for first in range(FACES) for second in range(first)][:morphs]
rows = "".join(f"face_{first:05},face_{second:05}\n" for first, second in pairs)
(home / "pairs.csv").write_text(f"first,second\n{rows}")
(home / "batch.yaml").write_text(
    f"""\
steps:
  faces: {{do: samples, n: {FACES}, size: 64}}
  morphs:
    do: morph
    each: pairs.csv
    first: ${{faces}}/images/${{first}}.png
    second: ${{faces}}/images/${{second}}.png
    steps: {steps}
"""
)


def now() -> np.ndarray:
    """Seconds of the clock and of the processor."""
    return np.array([time.perf_counter(), time.process_time()])


space = Space.load(BUILT_IN)
outs = (home / f"out{number}" for number in count())


def make() -> RecipeRunConfig:
    """What the recipe is asked for next, its sources drawn."""
    asked = RecipeRunConfig(recipe=home / "batch.yaml", out=next(outs))
    run(asked.model_copy(update={"only": "faces"}))
    return asked


asked = make()
result = run(asked)
sets = [StimulusSet.open(result.out / line.step) for line in result.steps if line.do == "morph"]
plans = [Plan.from_json(one.provenance["plan"]) for one in sets]


def decode_and_compress() -> None:
    """What no way of making these pictures can do without."""
    for plan in plans:
        for picture in space.decode(plan.codes):
            png_bytes(picture)


def write_sets() -> None:
    """All that a set is, from where its codes are known."""
    folder = next(outs)
    for number, plan in enumerate(plans):
        write_set(folder / str(number), plan, space, {"request": {}})


def timed(job: Callable[[], object]) -> np.ndarray:
    """What a job takes, of the clock and of the processor."""
    begun = now()
    job()
    return now() - begun


seconds: dict[str, list[np.ndarray]] = {"alone": [], "sets": [], "recipe": []}
for _ in range(rounds):
    asked = make()
    for name, job in zip(seconds, (decode_and_compress, write_sets, partial(run, asked)), strict=True):
        seconds[name].append(timed(job))
alone, written, whole = (np.median(turns, axis=0) for turns in seconds.values())
over_alone, over_sets = (np.median(np.divide(seconds["recipe"], seconds[other]), axis=0) for other in ("alone", "sets"))

words = [sys.executable, "-m", "gaia_stim", "run", str(asked.recipe), "--out", str(asked.out)]
begun_at = time.perf_counter()
again = subprocess.Popen(words, stdout=subprocess.DEVNULL)
_, _, used = os.wait4(again.pid, 0)
second = np.array([time.perf_counter() - begun_at, used.ru_utime + used.ru_stime])

sys.stdout.write(
    f"{len(sets)} morphs of {steps} at {space.shape[0]} px\n"
    f"decoding, compressing:      {alone[0]:.1f} s, {alone[1]:.1f} s of the processor\n"
    f"writing the sets:           {written[0]:.1f} s, {written[1]:.1f} s of the processor\n"
    f"the recipe:                 {whole[0]:.1f} s, {whole[1]:.1f} s of the processor\n"
    f"recipe / decoding, PNG:     {over_alone[0]:.2f}, {over_alone[1]:.2f}\n"
    f"recipe / writing the sets:  {over_sets[0]:.2f}, {over_sets[1]:.2f}\n"
    f"a second run:               {second[0]:.2f} s, {second[1]:.2f} s of the processor\n"
    f"load on the machine:        {psutil.getloadavg()[0]:.1f} of {psutil.cpu_count()} cores\n"
)
